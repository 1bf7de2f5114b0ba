// What IPsec uses of OpenSSL: algorithms fetched once a process, from a library context of their own that also knows
// the older ones, and contexts and keys that are wiped as they are freed.
#pragma once

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "sim/bytes.h"

namespace kamesim::ipsec {

// By OpenSSL's name, valid for ever. Throws std::runtime_error if this OpenSSL has it in no provider.
const EVP_CIPHER* fetch_cipher(const char* name);
const EVP_MD* fetch_digest(const char* name);
EVP_MAC* fetch_mac(const char* name);

// For the failure of a call that only a lack of memory or a mistake of ours can bring about: throws std::runtime_error.
[[noreturn]] void openssl_failed(const char* what);
inline void require_openssl(bool success, const char* what) {
  if (!success) [[unlikely]] openssl_failed(what);
}

// These wipe the keys in them (EVP_CIPHER_CTX_free and EVP_MAC_CTX_free cleanse what they hold).
struct FreeCipherContext {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, FreeCipherContext>;
struct FreeMacContext {
  void operator()(EVP_MAC_CTX* context) const { EVP_MAC_CTX_free(context); }
};
using MacContext = std::unique_ptr<EVP_MAC_CTX, FreeMacContext>;

// Keying material. Wiped when it is freed or replaced (RFC 4303 says nothing of it; FIPS 140-3 §7.9.7 does).
class Secret {
 public:
  Secret() = default;
  explicit Secret(Bytes bytes) : bytes_(bytes.begin(), bytes.end()) {}
  Secret(const Secret&) = default;
  Secret(Secret&& o) noexcept : bytes_(std::move(o.bytes_)) { o.bytes_.clear(); }
  Secret& operator=(Secret o) noexcept {
    bytes_.swap(o.bytes_);
    return *this;
  }
  ~Secret() { OPENSSL_cleanse(bytes_.data(), bytes_.size()); }

  Bytes bytes() const { return bytes_; }
  std::size_t size() const { return bytes_.size(); }
  bool empty() const { return bytes_.empty(); }
  friend bool operator==(const Secret& a, const Secret& b) {
    return a.size() == b.size() && CRYPTO_memcmp(a.bytes_.data(), b.bytes_.data(), a.size()) == 0;
  }

 private:
  std::vector<std::uint8_t> bytes_;
};

}  // namespace kamesim::ipsec
