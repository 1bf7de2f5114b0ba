#include "protocols/ipsec/crypto_library.h"

#include <openssl/provider.h>

#include <map>
#include <mutex>
#include <stdexcept>
#include <string>

namespace kamesim::ipsec {

namespace {

// Immutable once made, so that simulations side by side may share it; never freed, as contexts may outlive any order of
// destruction.
OSSL_LIB_CTX* library() {
  static OSSL_LIB_CTX* const context = [] {
    OSSL_LIB_CTX* made = OSSL_LIB_CTX_new();
    require_openssl(made != nullptr, "OSSL_LIB_CTX_new");
    require_openssl(OSSL_PROVIDER_load(made, "default") != nullptr, "the default provider");
    // Blowfish, CAST and DES. Where it is not installed, only these are missed.
    OSSL_PROVIDER_load(made, "legacy");
    return made;
  }();
  return context;
}

template <typename Algorithm, typename Fetch>
Algorithm* fetch_once(const char* name, Fetch fetch) {
  static std::mutex mutex;
  static std::map<std::string, Algorithm*, std::less<>> fetched;
  const std::lock_guard lock(mutex);
  if (const auto known = fetched.find(name); known != fetched.end()) return known->second;
  Algorithm* algorithm = fetch(library(), name, nullptr);
  if (algorithm == nullptr) throw std::runtime_error(std::string("OpenSSL has no ") + name + " in its providers");
  return fetched.emplace(name, algorithm).first->second;
}

}  // namespace

const EVP_CIPHER* fetch_cipher(const char* name) { return fetch_once<EVP_CIPHER>(name, EVP_CIPHER_fetch); }
const EVP_MD* fetch_digest(const char* name) { return fetch_once<EVP_MD>(name, EVP_MD_fetch); }
EVP_MAC* fetch_mac(const char* name) { return fetch_once<EVP_MAC>(name, EVP_MAC_fetch); }

void openssl_failed(const char* what) { throw std::runtime_error(std::string("OpenSSL failed: ") + what); }

}  // namespace kamesim::ipsec
