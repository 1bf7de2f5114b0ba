#include "protocols/mip6/keygen.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#include <algorithm>
#include <cassert>

namespace kamesim {
namespace {

// First (N, HMAC_SHA1 (key, message)), N the size of the result in bits.
template <typename Result>
Result first_of_hmac_sha1(Bytes key, Bytes message) {
  std::array<std::uint8_t, SHA_DIGEST_LENGTH> mac;
  unsigned size = mac.size();
  HMAC(EVP_sha1(), key.data(), static_cast<int>(key.size()), message.data(), message.size(), mac.data(), &size);
  Result result;
  std::copy_n(mac.begin(), result.size(), result.begin());
  return result;
}

// RFC 6275 §5.2.5: the last octet tells home from care-of tokens.
enum class TokenKind : std::uint8_t { Home = 0, CareOf = 1 };

KeygenToken keygen_token(const NodeKey& kcn, const Ipv6Address& address, const Nonce& nonce, TokenKind kind) {
  std::array<std::uint8_t, Ipv6Address::kSize + sizeof(Nonce) + 1> message;
  address.copy_to(message.data());
  std::copy(nonce.begin(), nonce.end(), message.begin() + Ipv6Address::kSize);
  message.back() = static_cast<std::uint8_t>(kind);
  return first_of_hmac_sha1<KeygenToken>(kcn, message);
}

}  // namespace

KeygenToken home_keygen_token(const NodeKey& kcn, const Ipv6Address& home_address, const Nonce& nonce) {
  return keygen_token(kcn, home_address, nonce, TokenKind::Home);
}

KeygenToken care_of_keygen_token(const NodeKey& kcn, const Ipv6Address& care_of, const Nonce& nonce) {
  return keygen_token(kcn, care_of, nonce, TokenKind::CareOf);
}

BindingManagementKey binding_management_key(const KeygenToken& home_token, const KeygenToken& care_of_token) {
  std::array<std::uint8_t, 2 * sizeof(KeygenToken)> tokens;
  std::copy(home_token.begin(), home_token.end(), tokens.begin());
  std::copy(care_of_token.begin(), care_of_token.end(), tokens.begin() + sizeof(KeygenToken));
  BindingManagementKey kbm;
  SHA1(tokens.data(), tokens.size(), kbm.data());
  return kbm;
}

BindingManagementKey binding_management_key_for_deletion(const KeygenToken& home_token) {
  BindingManagementKey kbm;
  SHA1(home_token.data(), home_token.size(), kbm.data());
  return kbm;
}

Authenticator compute_authenticator(const BindingManagementKey& kbm, const Ipv6Address& care_of,
                                    const Ipv6Address& correspondent, Bytes mobility_header) {
  assert(mobility_header.size() >= kMinAuthenticatedHeader && mobility_header.size() <= kMaxMobilityHeader);
  constexpr std::size_t kAddresses = 2 * Ipv6Address::kSize;
  std::array<std::uint8_t, kAddresses + kMaxMobilityHeader> mobility_data;
  care_of.copy_to(mobility_data.data());
  correspondent.copy_to(mobility_data.data() + Ipv6Address::kSize);
  const Bytes mh_data = mobility_header.first(mobility_header.size() - sizeof(Authenticator));
  std::copy(mh_data.begin(), mh_data.end(), mobility_data.begin() + kAddresses);
  store_be16(mobility_data.data() + kAddresses + kMhChecksumOffset, 0);
  return first_of_hmac_sha1<Authenticator>(kbm, Bytes(mobility_data).first(kAddresses + mh_data.size()));
}

bool authenticator_valid(const BindingManagementKey& kbm, const Ipv6Address& care_of,
                         const Ipv6Address& correspondent, Bytes mobility_header) {
  if (mobility_header.size() < kMinAuthenticatedHeader || mobility_header.size() > kMaxMobilityHeader) return false;
  const Authenticator expected = compute_authenticator(kbm, care_of, correspondent, mobility_header);
  const Bytes received = mobility_header.last(sizeof(Authenticator));
  return CRYPTO_memcmp(expected.data(), received.data(), expected.size()) == 0;
}

}  // namespace kamesim
