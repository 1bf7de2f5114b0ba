// The keys of return routability (RFC 6275 §5.2): keygen tokens, the binding management key Kbm, and the
// authenticator of Binding Updates and Acknowledgements. Pure functions, with OpenSSL's SHA-1.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "protocols/mip6/messages.h"
#include "protocols/wire/ipv6_address.h"
#include "sim/bytes.h"

namespace kamesim {

using NodeKey = std::array<std::uint8_t, 20>;               // Kcn, RFC 6275 §5.2.1
using Nonce = std::array<std::uint8_t, 8>;                  // §5.2.2, the recommended length
using BindingManagementKey = std::array<std::uint8_t, 20>;  // Kbm, §5.2.5

// RFC 6275 §5.2.5: First (64, HMAC_SHA1 (Kcn, (address | nonce | 0 or 1))).
KeygenToken home_keygen_token(const NodeKey& kcn, const Ipv6Address& home_address, const Nonce& nonce);
KeygenToken care_of_keygen_token(const NodeKey& kcn, const Ipv6Address& care_of, const Nonce& nonce);

// RFC 6275 §5.2.5: Kbm = SHA-1 (home keygen token | care-of keygen token).
BindingManagementKey binding_management_key(const KeygenToken& home_token, const KeygenToken& care_of_token);
// RFC 6275 §5.2.5: to delete a binding, Kbm = SHA-1 (home keygen token).
BindingManagementKey binding_management_key_for_deletion(const KeygenToken& home_token);

// RFC 6275 §6.2.7: First (96, HMAC_SHA1 (Kbm, care-of address | correspondent | MH Data)).
// mobility_header: the whole message. Its last 12 octets are the Authenticator field, which is left out; its
// Checksum counts as zero. It has from kMinAuthenticatedHeader to kMaxMobilityHeader octets.
inline constexpr std::size_t kMinAuthenticatedHeader = 24;
inline constexpr std::size_t kMaxMobilityHeader = 8 * 256;
Authenticator compute_authenticator(const BindingManagementKey& kbm, const Ipv6Address& care_of,
                                    const Ipv6Address& correspondent, Bytes mobility_header);

// True if the message ends with its authenticator. False too for a length that cannot hold one. Takes the same
// time for every wrong authenticator.
bool authenticator_valid(const BindingManagementKey& kbm, const Ipv6Address& care_of,
                         const Ipv6Address& correspondent, Bytes mobility_header);

}  // namespace kamesim
