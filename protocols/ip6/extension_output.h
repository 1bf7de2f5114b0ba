// Extension headers that an application wants on its packets (RFC 3542 §7 to §9).
#pragma once

#include "protocols/wire/ipv6_address.h"
#include "protocols/wire/next_header.h"
#include "sim/bytes.h"
#include "sim/packet.h"

namespace kamesim {

// Whole headers, whose lengths are right; empty: none. Their Next Header fields are filled in.
struct ExtensionHeadersToSend {
  Bytes hop_by_hop;
  Bytes destination_before_routing;  // goes with a Routing header only (RFC 3542 §9.2)
  Bytes routing;
  Bytes destination;

  // The part behind the Routing header, and the part from it on. Each returns the Next Header for what goes before.
  NextHeader prepend_inner(Packet& payload, NextHeader next) const;
  NextHeader prepend_outer(Packet& payload, NextHeader next) const;
  // The Routing header. `destination` becomes where the packet goes first (RFC 2460 §4.4: of a type 0 header the final
  // destination stands last, the first hop is the packet's).
  NextHeader prepend_routing(Packet& payload, NextHeader next, Ipv6Address& destination) const;
  // Where the packet goes first.
  Ipv6Address first_hop(const Ipv6Address& destination) const;
};

}  // namespace kamesim
