// Inverse Neighbor Discovery messages (RFC 3122 §2, §3): which IPv6 addresses belong to a link-layer address.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "protocols/wire/ipv6_address.h"
#include "protocols/wire/nd.h"
#include "sim/bytes.h"
#include "sim/drop.h"
#include "sim/mac_address.h"

namespace kamesim {

inline constexpr DropInfo kInverseNdHopLimit{"inverse_nd.hop_limit", "RFC 3122 §4.3"};
inline constexpr DropInfo kInverseNdBadCode{"inverse_nd.bad_code", "RFC 3122 §4.3"};
inline constexpr DropInfo kInverseNdTooShort{"inverse_nd.too_short", "RFC 3122 §4.3"};
inline constexpr DropInfo kInverseNdMissingOption{"inverse_nd.missing_option", "RFC 3122 §4.3"};
inline constexpr DropInfo kInverseNdNotOurTarget{"inverse_nd.not_our_target", "RFC 3122 §2.1"};
inline constexpr DropInfo kInverseNdNotAsked{"inverse_nd.not_asked", "RFC 3122 §4.2.2: no solicitation is out"};

inline constexpr std::uint8_t kInverseNdSolicitation = 141;   // ICMPv6 types
inline constexpr std::uint8_t kInverseNdAdvertisement = 142;

// Both kinds of message. `addresses`: of the sender's interface, without duplicates; of a solicitation they may be left
// out.
struct InverseNdMessage {
  std::uint8_t type = kInverseNdSolicitation;
  MacAddress source, target;  // link-layer addresses
  std::vector<Ipv6Address> addresses;

  static Parsed<InverseNdMessage> check(Bytes message, const NdContext& ip);
};

// Addresses that fit into a message of so many bytes.
std::size_t max_inverse_nd_addresses(std::size_t message_size);

// With zero checksum.
std::vector<std::uint8_t> to_bytes(const InverseNdMessage& message);

}  // namespace kamesim
