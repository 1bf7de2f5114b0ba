// What selectors see in a packet.
#pragma once

#include "protocols/ipsec/selector.h"
#include "sim/bytes.h"

namespace kamesim::ipsec {

// Of a whole packet of either version. The ends are its logical ones: home addresses, and the end of a source route.
Flow flow_of_packet(Bytes packet, const Ipv6Address& source, const Ipv6Address& destination);
// The same with the ends that its IP header has.
Flow flow_of_packet(Bytes packet);
// Of an upper-layer message.
Flow flow_of_message(const Ipv6Address& source, const Ipv6Address& destination, NextHeader protocol, Bytes message);

// The messages of Neighbor Discovery (RFC 4861 §4), which two nodes need to reach each other at all.
bool is_neighbor_discovery(const Flow& flow);
// An ICMP error of either version (RFC 4301 §6).
bool is_icmp_error(const Flow& flow);
// The upper-layer message of a whole packet whose flow shows what it is.
Bytes icmp_message_of(Bytes packet);

}  // namespace kamesim::ipsec
