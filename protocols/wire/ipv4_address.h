// IPv4 addresses. Outside of packets they are held in IPv6's v4-mapped form (RFC 4291 §2.5.5.2), so that routes,
// tables and sockets (RFC 3493 §3.7) take both kinds; that form is never on the wire.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "protocols/wire/ipv6_address.h"

namespace kamesim {

using Ipv4Bits = std::uint32_t;  // an IPv4 address as a number: 192.0.2.1 is 0xc0000201

inline constexpr unsigned kV4MappedLength = 96;  // of the prefix ::ffff:0:0/96
inline constexpr Ipv4Bits kIpv4Any = 0;
inline constexpr Ipv4Bits kIpv4LimitedBroadcast = 0xffff'ffff;  // RFC 919 §7

constexpr Ipv6Address v4_mapped(Ipv4Bits address) {
  return Ipv6Address::from_halves(0, 0xffff'0000'0000 | std::uint64_t{address});
}
// RFC 3493 §5.3: as a socket's address, any of the node's IPv4 addresses.
inline constexpr Ipv6Address kV4MappedAny = v4_mapped(kIpv4Any);
// `mapped` is in the v4-mapped form.
constexpr Ipv4Bits ipv4_of(const Ipv6Address& mapped) { return static_cast<Ipv4Bits>(mapped.low()); }

constexpr bool ipv4_is_multicast(Ipv4Bits a) { return a >> 28 == 0xe; }  // RFC 1112 §4
constexpr bool ipv4_is_reserved(Ipv4Bits a) { return a >> 28 == 0xf; }   // RFC 1112 §4, class E; broadcast included
constexpr bool ipv4_is_loopback(Ipv4Bits a) { return a >> 24 == 127; }   // RFC 1122 §3.2.1.3 g
constexpr bool ipv4_is_this_network(Ipv4Bits a) { return a >> 24 == 0; } // RFC 1122 §3.2.1.3 a, b
constexpr bool ipv4_is_link_local(Ipv4Bits a) { return a >> 16 == 0xa9fe; }  // RFC 3927
// RFC 1122 §3.2.1.3: what the source of a packet may be.
constexpr bool ipv4_identifies_a_host(Ipv4Bits a) {
  return !ipv4_is_multicast(a) && !ipv4_is_reserved(a) && !ipv4_is_loopback(a) && !ipv4_is_this_network(a);
}
// RFC 919 §7, RFC 1122 §3.2.1.3 d: all ones behind the prefix; links of two ends have none (RFC 3021 §2.1).
constexpr bool ipv4_is_directed_broadcast(Ipv4Bits a, Ipv4Bits own, unsigned prefix_length) {
  if (prefix_length >= 31) return false;
  const Ipv4Bits hosts = 0xffff'ffffu >> prefix_length;
  return (a | hosts) == (own | hosts) && (a & hosts) == hosts;
}

// "192.0.2.1"; empty if malformed.
std::optional<Ipv4Bits> parse_ipv4(std::string_view text);
std::string ipv4_to_string(Ipv4Bits address);

// Either kind: "2001:db8::1", or "192.0.2.1" in the v4-mapped form.
std::optional<Ipv6Address> parse_ip_address(std::string_view text);
// "2001:db8::/32", or "192.0.2.0/24", which is ::ffff:192.0.2.0/120.
std::optional<Ipv6Prefix> parse_ip_prefix(std::string_view text);
// What parse_ip_address reads: v4-mapped addresses in dotted form.
std::string ip_to_string(const Ipv6Address& address);
std::string ip_to_string(const Ipv6Prefix& prefix);

}  // namespace kamesim
