// Why the IPv4 layer discards packets.
#pragma once

#include "sim/drop.h"

namespace kamesim {

inline constexpr DropInfo kIp4BadSource{"ip4.bad_source", "RFC 1122 §3.2.1.3, RFC 1812 §5.3.7"};
inline constexpr DropInfo kIp4BadDestination{"ip4.bad_destination", "RFC 1122 §3.2.1.3, RFC 1812 §5.3.7"};
inline constexpr DropInfo kIp4LinkBroadcast{"ip4.unicast_in_link_broadcast", "RFC 1122 §3.3.6, RFC 1812 §5.3.4"};
inline constexpr DropInfo kIp4Multicast{"ip4.multicast_not_supported", "RFC 1112: of IPv4, not done here"};
inline constexpr DropInfo kIp4BadOptions{"ip4.bad_options", "RFC 1122 §3.2.1.8"};
inline constexpr DropInfo kIp4SourceRoute{"ip4.source_route", "RFC 7126 §4.3, §4.4"};
inline constexpr DropInfo kIp4NotForUs{"ip4.not_for_us", "RFC 1122 §3.3.1: a host does not forward"};
inline constexpr DropInfo kIp4TtlExceeded{"ip4.ttl_exceeded", "RFC 1812 §5.3.1"};
inline constexpr DropInfo kIp4NoRoute{"ip4.no_route", "RFC 1812 §5.2.7.1"};
inline constexpr DropInfo kIp4RejectRoute{"ip4.reject_route", "RFC 1812 §5.2.7.1"};
inline constexpr DropInfo kIp4Blackhole{"ip4.blackhole_route", "a blackhole route"};
inline constexpr DropInfo kIp4DirectedBroadcast{"ip4.directed_broadcast_not_forwarded", "RFC 2644"};
inline constexpr DropInfo kIp4FragmentationNeeded{"ip4.fragmentation_needed", "RFC 1191 §4"};
inline constexpr DropInfo kIp4TooLong{"ip4.too_long", "RFC 791 §3.1"};
inline constexpr DropInfo kIp4NoSourceAddress{"ip4.no_source_address", "RFC 1122 §3.3.4.3"};
inline constexpr DropInfo kIp4UnrecognizedProtocol{"ip4.unrecognized_protocol", "RFC 1122 §3.2.2.1"};
inline constexpr DropInfo kIp4FragmentLength{"frag4.length_not_multiple_of_8", "RFC 791 §3.2"};
inline constexpr DropInfo kIp4FragmentTooLong{"frag4.reassembled_too_long", "RFC 791 §3.2"};
inline constexpr DropInfo kIp4FragmentOverlap{"frag4.overlap", "RFC 5722 §4, for IPv4 alike"};
inline constexpr DropInfo kIp4FragmentEnd{"frag4.inconsistent_end", "RFC 791 §3.2"};
inline constexpr DropInfo kIp4FragmentTimeout{"frag4.timeout", "RFC 1122 §3.3.2"};
inline constexpr DropInfo kIp4FragmentLimit{"frag4.limit", "the node's limits on fragments and reassemblies"};
inline constexpr DropInfo kIp4FragmentEvicted{"frag4.evicted", "the node's limits on fragments and reassemblies"};
inline constexpr DropInfo kIp4FragmentDuplicate{"frag4.duplicate", "RFC 791 §3.2"};
inline constexpr DropInfo kIp4FragmentCongestion{"frag4.congestion_not_ecn_capable", "RFC 3168 §5.3"};
inline constexpr DropInfo kIcmp4BroadcastEcho{"icmp4.broadcast_echo", "RFC 1122 §3.2.2.6"};
inline constexpr DropInfo kIcmp4UnknownType{"icmp4.unknown_type", "RFC 1122 §3.2.2"};
inline constexpr DropInfo kIcmp4ErrorNotOurs{"icmp4.error_about_foreign_packet", "RFC 1122 §3.2.2"};
inline constexpr DropInfo kIcmp4RedirectRefused{"icmp4.redirect_refused", "RFC 1122 §3.2.2.2"};
inline constexpr DropInfo kIcmp4TooBigForged{"icmp4.fragmentation_needed_not_elicited", "RFC 5927 §7.2"};
inline constexpr DropInfo kIcmp4TooBigInvalid{"icmp4.fragmentation_needed_invalid", "RFC 1191 §3"};
inline constexpr DropInfo kArpOwnAddress{"arp.claims_our_address", "RFC 5227 §2.4"};
inline constexpr DropInfo kArpProbedAddress{"arp.probed_address_in_use", "RFC 5227 §2.1.1"};
inline constexpr DropInfo kIp4Filtered{"ip4.filtered", "a packet filter"};
inline constexpr DropInfo kIp4Prohibited{"ip4.administratively_prohibited", "RFC 1812 §5.2.7.1, §5.3.9"};
inline constexpr DropInfo kArpNotAsked{"arp.not_for_us", "RFC 826"};
inline constexpr DropInfo kArpBadSender{"arp.bad_sender", "RFC 826, RFC 5227 §2.1.1"};
inline constexpr DropInfo kArpQueueOverflow{"arp.queue_overflow", "RFC 1122 §2.3.2.2"};
inline constexpr DropInfo kArpUnresolved{"arp.unresolved", "RFC 1122 §2.3.2.1"};
inline constexpr DropInfo kArpCacheFull{"arp.cache_full", "the node's limit on neighbours"};
inline constexpr DropInfo kArpLinkDown{"arp.link_down", "a link that is down"};

}  // namespace kamesim
