// Why the IPv6 layer discards packets.
#pragma once

#include "sim/drop.h"

namespace kamesim {

inline constexpr DropInfo kIp6UnknownEtherType{"ip6.unknown_ethertype", "RFC 2464 §3"};
inline constexpr DropInfo kIp6Disabled{"ip6.interface_disabled", "RFC 4862 §5.4.5"};
inline constexpr DropInfo kIp6MulticastSource{"ip6.multicast_source", "RFC 4291 §2.7"};
inline constexpr DropInfo kIp6UnspecifiedDestination{"ip6.unspecified_destination", "RFC 4291 §2.5.2"};
inline constexpr DropInfo kIp6UnspecifiedSource{"ip6.unspecified_source_forwarded", "RFC 4291 §2.5.2"};
inline constexpr DropInfo kIp6LoopbackOnWire{"ip6.loopback_address_on_wire", "RFC 4291 §2.5.3"};
inline constexpr DropInfo kIp6InterfaceLocalOnWire{"ip6.interface_local_on_wire", "RFC 4291 §2.7"};
inline constexpr DropInfo kIp6MappedOnWire{"ip6.v4_mapped_on_wire", "draft-itojun-v6ops-v4mapped-harmful"};
inline constexpr DropInfo kIp6GroupNotJoined{"ip6.group_not_joined", "RFC 8200 §3"};
inline constexpr DropInfo kIp6NotForUs{"ip6.not_for_us", "RFC 8200 §4: a host does not forward"};
inline constexpr DropInfo kIp6HopByHopNotFirst{"ip6.hop_by_hop_not_first", "RFC 8200 §4.1"};
inline constexpr DropInfo kIp6TooManyHeaders{"ip6.too_many_headers", "the node's limit on extension headers"};
inline constexpr DropInfo kIp6UnrecognizedOption{"ip6.unrecognized_option", "RFC 8200 §4.2"};
inline constexpr DropInfo kIp6UnrecognizedRoutingType{"ip6.unrecognized_routing_type", "RFC 8200 §4.4"};
inline constexpr DropInfo kIp6TooManyOptions{"ip6.too_many_options", "RFC 8504 §5.3"};
inline constexpr DropInfo kIp6TooMuchPadding{"ip6.too_much_padding", "RFC 8504 §5.3"};
inline constexpr DropInfo kIp6OptionsHeaderTooLong{"ip6.options_header_too_long", "RFC 8504 §5.3"};
inline constexpr DropInfo kIp6JumboPayload{"ip6.jumbo_payload", "RFC 2675 §3"};
inline constexpr DropInfo kIp6SecondRoutingHeader{"ip6.second_routing_header", "KAME: one routing header a packet"};
inline constexpr DropInfo kIp6SourceRouteMulticast{"ip6.source_route_multicast", "RFC 2460 §4.4"};
inline constexpr DropInfo kIp6SourceRouteInvalid{"ip6.source_route_invalid_address", "KAME: route6_input"};
inline constexpr DropInfo kIp6Filtered{"ip6.filtered", "the node's packet filter"};
inline constexpr DropInfo kIp6Prohibited{"ip6.prohibited", "RFC 4443 §3.1"};
inline constexpr DropInfo kIp6SourceRefused{"ip6.source_refused", "RFC 4443 §3.1"};
inline constexpr DropInfo kIp6BackOntoPointToPoint{"ip6.back_onto_point_to_point", "RFC 4443 §3.1"};
inline constexpr DropInfo kIp6ChainTooLong{"ip6.header_chain_too_long", "RFC 7112 §5"};
inline constexpr DropInfo kIp6UnrecognizedNextHeader{"ip6.unrecognized_next_header", "RFC 8200 §4"};
inline constexpr DropInfo kIp6NoNextHeader{"ip6.no_next_header", "RFC 8200 §4.7"};
inline constexpr DropInfo kIp6HomeAddressRefused{"mip6.home_address_unverified", "RFC 6275 §9.3.1"};
inline constexpr DropInfo kIp6HomeAddressInvalid{"mip6.home_address_invalid", "RFC 6275 §9.3.1"};
inline constexpr DropInfo kIp6Type2NotHome{"mip6.rh2_not_our_home_address", "RFC 6275 §6.4.1"};
inline constexpr DropInfo kIp6LinkMulticastForward{"ip6.link_multicast_not_forwarded", "RFC 1812 §5.3.4"};
inline constexpr DropInfo kIp6HopLimitExceeded{"ip6.hop_limit_exceeded", "RFC 8200 §3"};
inline constexpr DropInfo kIp6NoRoute{"ip6.no_route", "RFC 4443 §3.1"};
inline constexpr DropInfo kIp6NextHopNotNeighbor{"ip6.next_hop_not_neighbor", "RFC 3542 §6.4"};
inline constexpr DropInfo kIp6RejectRoute{"ip6.reject_route", "RFC 4443 §3.1"};
inline constexpr DropInfo kIp6Blackhole{"ip6.blackhole_route", "a blackhole route"};
inline constexpr DropInfo kIp6PacketTooBig{"ip6.packet_too_big", "RFC 4443 §3.2"};
inline constexpr DropInfo kIp6BeyondScope{"ip6.beyond_scope", "RFC 4007 §9"};
inline constexpr DropInfo kIp6MulticastSourceScope{"ip6.multicast_from_link_local", "RFC 4007 §9"};
inline constexpr DropInfo kIp6MulticastWrongInterface{"ip6.multicast_wrong_interface", "reverse path forwarding"};
inline constexpr DropInfo kIp6MulticastHopLimit{"ip6.multicast_hop_limit_exceeded", "RFC 8200 §3, RFC 4443 §2.4 e.3"};
inline constexpr DropInfo kIp6MulticastBoundary{"ip6.multicast_scope_boundary", "RFC 4007 §9"};
inline constexpr DropInfo kIp6MulticastThreshold{"ip6.multicast_hop_threshold", "the interface's threshold"};
inline constexpr DropInfo kIp6InterfaceLocalGroup{"ip6.interface_local_group", "RFC 4291 §2.7"};
inline constexpr DropInfo kIp6NoSourceAddress{"ip6.no_source_address", "RFC 6724 §5"};
inline constexpr DropInfo kIcmp6UnknownType{"icmp6.unknown_type", "RFC 4443 §2.4 b"};
inline constexpr DropInfo kIcmp6PacketTooBigInvalid{"icmp6.packet_too_big_invalid", "RFC 8201 §4"};
inline constexpr DropInfo kIcmp6PacketTooBigForged{"icmp6.packet_too_big_not_elicited", "RFC 8201 §4"};
inline constexpr DropInfo kIcmp6PacketTooBigLimit{"icmp6.packet_too_big_limit", "KAME: mtudisc high and low water"};
inline constexpr DropInfo kIcmp6EchoLimited{"icmp6.multicast_echo_limited", "the node's limit on replies to groups"};
inline constexpr DropInfo kIcmp6ErrorNotOurs{"icmp6.error_about_foreign_packet", "RFC 4443 §2.4 d"};
inline constexpr DropInfo kUdpNoPort{"udp.no_port", "RFC 4443 §3.1"};
inline constexpr DropInfo kRawBadChecksum{"raw.bad_checksum", "RFC 3542 §3.1"};

}  // namespace kamesim
