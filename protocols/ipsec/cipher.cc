#include "protocols/ipsec/cipher.h"

#include <openssl/core_names.h>
#include <openssl/params.h>

#include <algorithm>
#include <cstring>
#include <string>

namespace kamesim::ipsec {

namespace {

constexpr std::size_t kMaxIv = 16;
constexpr int kCcmNonce = 11;  // RFC 4309 §4: 3 octets of salt, 8 of IV

std::string openssl_name(const EncryptionAlgorithm& algorithm, std::size_t key_bits) {
  const std::string aes = "AES-" + std::to_string(key_bits);
  switch (algorithm.id) {
    case Encryption::DesCbc: return "DES-CBC";
    case Encryption::TripleDesCbc: return "DES-EDE3-CBC";
    case Encryption::BlowfishCbc: return "BF-CBC";
    case Encryption::Cast128Cbc: return "CAST5-CBC";
    case Encryption::ChaCha20Poly1305: return "ChaCha20-Poly1305";
    case Encryption::CamelliaCbc: return "CAMELLIA-" + std::to_string(key_bits) + "-CBC";
    default: break;
  }
  switch (algorithm.mode) {
    case CipherMode::Cbc: return aes + "-CBC";
    case CipherMode::Ctr: return aes + "-CTR";
    case CipherMode::Ccm: return aes + "-CCM";
    default: return aes + "-GCM";
  }
}

int as_int(std::size_t n) { return static_cast<int>(n); }

}  // namespace

Cipher::Cipher(const EncryptionAlgorithm& algorithm, Bytes keying_material, Direction direction)
    : algorithm_(&algorithm) {
  if (algorithm.mode == CipherMode::Null) return;
  const Bytes key = keying_material.first(keying_material.size() - algorithm.salt_bytes);
  std::ranges::copy(keying_material.last(algorithm.salt_bytes), salt_.begin());
  context_.reset(EVP_CIPHER_CTX_new());
  EVP_CIPHER_CTX* c = context_.get();
  require_openssl(c != nullptr, "EVP_CIPHER_CTX_new");
  const EVP_CIPHER* cipher = fetch_cipher(openssl_name(algorithm, 8 * key.size()).c_str());
  const int encrypt = direction == Direction::Encrypt;
  require_openssl(EVP_CipherInit_ex2(c, cipher, nullptr, nullptr, encrypt, nullptr) == 1, "cipher");
  if (algorithm.mode == CipherMode::Ccm) {
    require_openssl(EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_IVLEN, kCcmNonce, nullptr) == 1, "nonce length");
    require_openssl(EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, algorithm.icv_bytes, nullptr) == 1, "ICV length");
  }
  if (algorithm.id == Encryption::BlowfishCbc || algorithm.id == Encryption::Cast128Cbc) {
    require_openssl(EVP_CIPHER_CTX_set_key_length(c, as_int(key.size())) == 1, "key length");
  }
  require_openssl(EVP_CipherInit_ex2(c, nullptr, key.data(), nullptr, encrypt, nullptr) == 1, "key");
  // The padding is ESP's. Said of the block modes only: OpenSSL would repeat it to the others for each packet.
  if (algorithm.mode == CipherMode::Cbc) EVP_CIPHER_CTX_set_padding(c, 0);
  counts_ = algorithm.mode == CipherMode::Gcm || algorithm.mode == CipherMode::Gmac;
  if (counts_ && direction == Direction::Decrypt) {
    const std::array<std::uint8_t, kMaxIv> any{};  // each packet says its own
    fix_nonce(any.data());
  }
}

Cipher::Nonce Cipher::nonce(const std::uint8_t* iv) const {
  Nonce out{};
  std::memcpy(out.data(), salt_.data(), algorithm_->salt_bytes);
  std::memcpy(out.data() + algorithm_->salt_bytes, iv, algorithm_->iv_bytes);
  if (algorithm_->mode == CipherMode::Ctr) out[15] = 1;  // RFC 3686 §4: nonce, IV, and a block counter from 1
  return out;
}

// From here on the context makes its nonces itself (EVP_CTRL_AEAD_SET_IV_FIXED; -1: all of the nonce is given).
void Cipher::fix_nonce(const std::uint8_t* iv) {
  Nonce n = nonce(iv);
  require_openssl(EVP_CIPHER_CTX_ctrl(context_.get(), EVP_CTRL_AEAD_SET_IV_FIXED, -1, n.data()) == 1, "nonce");
}

void Cipher::begin(const std::uint8_t* iv) {
  const Nonce n = nonce(iv);
  require_openssl(EVP_CipherInit_ex2(context_.get(), nullptr, nullptr, n.data(), -1, nullptr) == 1, "IV");
}

void Cipher::begin_to_seal(const std::uint8_t* iv) {
  if (!counts_) return begin(iv);
  if (begun_with_ == load_be64(iv)) [[likely]] return;
  fix_nonce(iv);
  std::uint8_t begun_with[sizeof(std::uint64_t)];
  OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_octet_string(OSSL_CIPHER_PARAM_AEAD_TLS1_GET_IV_GEN, begun_with, sizeof begun_with),
      OSSL_PARAM_construct_end()};
  require_openssl(EVP_CIPHER_CTX_get_params(context_.get(), parameters) == 1, "IV");
}

// The ICV of what was sealed; a context that counts is then ready for the next packet.
void Cipher::take_icv(std::uint8_t* icv) {
  std::uint8_t next[sizeof(std::uint64_t)];
  OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG, icv, algorithm_->icv_bytes),
      counts_ ? OSSL_PARAM_construct_octet_string(OSSL_CIPHER_PARAM_AEAD_TLS1_GET_IV_GEN, next, sizeof next)
              : OSSL_PARAM_construct_end(),
      OSSL_PARAM_construct_end()};
  require_openssl(EVP_CIPHER_CTX_get_params(context_.get(), parameters) == 1, "ICV");
  if (counts_) begun_with_ = load_be64(next);
}

void Cipher::begin_to_open(const std::uint8_t* iv, const std::uint8_t* icv) {
  if (!counts_) begin(iv);
  // OpenSSL's parameters are not const, but these are only read.
  OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG, const_cast<std::uint8_t*>(icv),
                                        algorithm_->icv_bytes),
      counts_ ? OSSL_PARAM_construct_octet_string(OSSL_CIPHER_PARAM_AEAD_TLS1_SET_IV_INV,
                                                  const_cast<std::uint8_t*>(iv), algorithm_->iv_bytes)
              : OSSL_PARAM_construct_end(),
      OSSL_PARAM_construct_end()};
  require_openssl(EVP_CIPHER_CTX_set_params(context_.get(), parameters) == 1, "IV and ICV");
}

void Cipher::run(const std::uint8_t* iv, MutableBytes data) {
  if (algorithm_->mode == CipherMode::Null || data.empty()) return;
  begin(iv);
  int written = 0;
  require_openssl(
      EVP_CipherUpdate(context_.get(), data.data(), &written, data.data(), as_int(data.size())) == 1, "data");
}

void Cipher::authenticate(Bytes bytes) {
  int written = 0;
  require_openssl(EVP_CipherUpdate(context_.get(), nullptr, &written, bytes.data(), as_int(bytes.size())) == 1,
                  "authenticated data");
}

void Cipher::seal(const std::uint8_t* iv, Bytes authenticated, MutableBytes data, std::uint8_t* icv) {
  EVP_CIPHER_CTX* c = context_.get();
  int written = 0;
  begin_to_seal(iv);
  if (algorithm_->mode == CipherMode::Ccm) {  // the length goes into the first block
    require_openssl(EVP_EncryptUpdate(c, nullptr, &written, nullptr, as_int(data.size())) == 1, "length");
  }
  authenticate(authenticated);
  if (algorithm_->mode == CipherMode::Gmac) {  // RFC 4543 §3.3: the payload, which begins with the IV, is only covered
    authenticate({iv, algorithm_->iv_bytes});
    authenticate(data);
  } else {
    require_openssl(EVP_EncryptUpdate(c, data.data(), &written, data.data(), as_int(data.size())) == 1, "data");
  }
  std::uint8_t none[16];
  require_openssl(EVP_EncryptFinal_ex(c, none, &written) == 1, "end");
  take_icv(icv);
}

bool Cipher::open(const std::uint8_t* iv, Bytes authenticated, MutableBytes data, const std::uint8_t* icv) {
  EVP_CIPHER_CTX* c = context_.get();
  int written = 0;
  begin_to_open(iv, icv);
  if (algorithm_->mode == CipherMode::Ccm) {
    require_openssl(EVP_DecryptUpdate(c, nullptr, &written, nullptr, as_int(data.size())) == 1, "length");
    authenticate(authenticated);
    return EVP_DecryptUpdate(c, data.data(), &written, data.data(), as_int(data.size())) == 1;  // checks the ICV too
  }
  authenticate(authenticated);
  if (algorithm_->mode == CipherMode::Gmac) {
    authenticate({iv, algorithm_->iv_bytes});
    authenticate(data);
  } else {
    require_openssl(EVP_DecryptUpdate(c, data.data(), &written, data.data(), as_int(data.size())) == 1, "data");
  }
  std::uint8_t none[16];
  return EVP_DecryptFinal_ex(c, none, &written) == 1;  // compares in constant time
}

}  // namespace kamesim::ipsec
