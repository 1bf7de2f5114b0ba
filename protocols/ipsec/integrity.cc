#include "protocols/ipsec/integrity.h"

#include <openssl/core_names.h>
#include <openssl/params.h>

#include <algorithm>
#include <cstring>
#include <string>

namespace kamesim::ipsec {

namespace {

constexpr std::size_t kMaxMac = 64;  // SHA-512's

const char* digest_name(Integrity id) {
  switch (id) {
    case Integrity::HmacMd5_96: return "MD5";
    case Integrity::HmacSha1_96: return "SHA1";
    case Integrity::HmacSha2_256_128: return "SHA2-256";
    case Integrity::HmacSha2_384_192: return "SHA2-384";
    case Integrity::HmacSha2_512_256: return "SHA2-512";
    case Integrity::HmacRipemd160_96: return "RIPEMD-160";
    default: return nullptr;
  }
}

MacContext mac_context(const char* mac, const char* parameter, const char* value, Bytes key) {
  MacContext context(EVP_MAC_CTX_new(fetch_mac(mac)));
  require_openssl(context != nullptr, "EVP_MAC_CTX_new");
  std::string text(value);
  const OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string(parameter, text.data(), 0),
                                   OSSL_PARAM_construct_end()};
  require_openssl(EVP_MAC_init(context.get(), key.data(), key.size(), parameters) == 1, "key");
  return context;
}

CipherContext encryption_context(const std::string& name, Bytes key) {
  CipherContext context(EVP_CIPHER_CTX_new());
  require_openssl(context != nullptr, "EVP_CIPHER_CTX_new");
  require_openssl(EVP_EncryptInit_ex2(context.get(), fetch_cipher(name.c_str()), key.data(), nullptr, nullptr) == 1,
                  "key");
  EVP_CIPHER_CTX_set_padding(context.get(), 0);
  return context;
}

}  // namespace

IntegrityCheck::IntegrityCheck(const IntegrityAlgorithm& algorithm, Bytes keying_material) : algorithm_(&algorithm) {
  const Bytes key = keying_material.first(keying_material.size() - algorithm.salt_bytes);
  std::ranges::copy(keying_material.last(algorithm.salt_bytes), salt_.begin());
  if (algorithm.id == Integrity::None) return;
  if (const char* digest = digest_name(algorithm.id)) {
    fetch_digest(digest);
    mac_ = mac_context("HMAC", OSSL_MAC_PARAM_DIGEST, digest, key);
    return;
  }
  if (algorithm.id == Integrity::AesCmac96) {
    mac_ = mac_context("CMAC", OSSL_MAC_PARAM_CIPHER, "AES-128-CBC", key);
    return;
  }
  if (algorithm.id != Integrity::AesXcbc96) {
    cipher_ = encryption_context("AES-" + std::to_string(8 * key.size()) + "-GCM", key);
    return;
  }
  // RFC 3566 §4 (1): three keys, each the encryption of a constant.
  cipher_ = encryption_context("AES-128-ECB", key);
  xcbc_ = std::make_unique<Xcbc>();
  Block constant, k1;
  constant.fill(1);
  chain(constant, k1);
  constant.fill(2);
  chain(constant, xcbc_->k2);
  constant.fill(3);
  chain(constant, xcbc_->k3);
  cipher_ = encryption_context("AES-128-CBC", k1);
  OPENSSL_cleanse(k1.data(), k1.size());
}

IntegrityCheck::Xcbc::~Xcbc() { OPENSSL_cleanse(this, sizeof *this); }

void IntegrityCheck::begin(const std::uint8_t* iv) {
  if (mac_ != nullptr) {
    require_openssl(EVP_MAC_init(mac_.get(), nullptr, 0, nullptr) == 1, "begin");
  } else if (xcbc_ != nullptr) {
    const Block zero{};  // RFC 3566 §4 (2)
    require_openssl(EVP_EncryptInit_ex2(cipher_.get(), nullptr, nullptr, zero.data(), nullptr) == 1, "begin");
    xcbc_->pending_size = 0;
  } else if (cipher_ != nullptr) {
    std::array<std::uint8_t, 12> nonce;  // RFC 4543 §3.2
    std::memcpy(nonce.data(), salt_.data(), 4);
    std::memcpy(nonce.data() + 4, iv, 8);
    require_openssl(EVP_EncryptInit_ex2(cipher_.get(), nullptr, nullptr, nonce.data(), nullptr) == 1, "IV");
  }
}

void IntegrityCheck::update(Bytes covered) {
  if (covered.empty()) return;
  if (mac_ != nullptr) {
    require_openssl(EVP_MAC_update(mac_.get(), covered.data(), covered.size()) == 1, "data");
  } else if (xcbc_ != nullptr) {
    update_xcbc(covered);
  } else if (cipher_ != nullptr) {
    int written = 0;
    require_openssl(EVP_EncryptUpdate(cipher_.get(), nullptr, &written, covered.data(),
                                      static_cast<int>(covered.size())) == 1, "data");
  }
}

void IntegrityCheck::finish(std::uint8_t* icv) {
  std::array<std::uint8_t, kMaxMac> mac{};
  if (mac_ != nullptr) {
    std::size_t size = 0;
    require_openssl(EVP_MAC_final(mac_.get(), mac.data(), &size, mac.size()) == 1, "end");
  } else if (xcbc_ != nullptr) {
    const Block block = finish_xcbc();
    std::ranges::copy(block, mac.begin());
  } else if (cipher_ != nullptr) {
    int written = 0;
    std::uint8_t none[16];
    require_openssl(EVP_EncryptFinal_ex(cipher_.get(), none, &written) == 1, "end");
    require_openssl(EVP_CIPHER_CTX_ctrl(cipher_.get(), EVP_CTRL_AEAD_GET_TAG, 16, mac.data()) == 1, "ICV");
  }
  std::memcpy(icv, mac.data(), algorithm_->icv_bytes);
}

bool IntegrityCheck::matches(const std::uint8_t* icv) {
  std::array<std::uint8_t, kMaxMac> own;
  finish(own.data());
  return CRYPTO_memcmp(own.data(), icv, algorithm_->icv_bytes) == 0;
}

// Goes on with the chain of CBC; what is left in `last` is the chain's value.
void IntegrityCheck::chain(Bytes blocks, Block& last) {
  std::array<std::uint8_t, 512> encrypted;
  while (!blocks.empty()) {
    const std::size_t n = std::min(blocks.size(), encrypted.size());
    int written = 0;
    require_openssl(EVP_EncryptUpdate(cipher_.get(), encrypted.data(), &written, blocks.data(),
                                      static_cast<int>(n)) == 1, "blocks");
    std::memcpy(last.data(), encrypted.data() + n - last.size(), last.size());
    blocks = blocks.subspan(n);
  }
}

// The last block is kept back: it is treated otherwise (RFC 3566 §4 (4)).
void IntegrityCheck::update_xcbc(Bytes covered) {
  Xcbc& x = *xcbc_;
  while (!covered.empty()) {
    if (x.pending_size == x.pending.size()) {
      Block unused;
      chain(x.pending, unused);
      x.pending_size = 0;
    }
    if (x.pending_size == 0 && covered.size() > x.pending.size()) {
      Block unused;
      const std::size_t whole = (covered.size() - 1) / x.pending.size() * x.pending.size();
      chain(covered.first(whole), unused);
      covered = covered.subspan(whole);
    }
    const std::size_t n = std::min(covered.size(), x.pending.size() - x.pending_size);
    std::memcpy(x.pending.data() + x.pending_size, covered.data(), n);
    x.pending_size += n;
    covered = covered.subspan(n);
  }
}

IntegrityCheck::Block IntegrityCheck::finish_xcbc() {
  Xcbc& x = *xcbc_;
  const bool whole = x.pending_size == x.pending.size();
  if (!whole) {  // (4) b: padded with a one bit and zeros
    std::fill(x.pending.begin() + static_cast<std::ptrdiff_t>(x.pending_size), x.pending.end(), std::uint8_t{0});
    x.pending[x.pending_size] = 0x80;
  }
  const Block& key = whole ? x.k2 : x.k3;
  for (std::size_t i = 0; i < x.pending.size(); ++i) x.pending[i] ^= key[i];
  Block mac;
  chain(x.pending, mac);
  return mac;
}

}  // namespace kamesim::ipsec
