#include "protocols/ip6/extension_output.h"

#include <cstring>

#include "protocols/wire/routing_header.h"

namespace kamesim {

namespace {

constexpr std::size_t kFirstAddress = 8;  // RFC 2460 §4.4

std::uint8_t* prepend(Packet& payload, Bytes header, NextHeader next) {
  std::uint8_t* out = payload.prepend(header.size());
  std::memcpy(out, header.data(), header.size());
  out[0] = static_cast<std::uint8_t>(next);
  return out;
}

bool is_source_route(Bytes routing) {
  return routing.size() >= kFirstAddress + Ipv6Address::kSize && routing[kRoutingTypeOffset] == kSourceRouteType &&
         routing[kSegmentsLeftOffset] != 0;
}

}  // namespace

NextHeader ExtensionHeadersToSend::prepend_inner(Packet& payload, NextHeader next) const {
  if (destination.empty()) return next;
  prepend(payload, destination, next);
  return NextHeader::DestinationOptions;
}

NextHeader ExtensionHeadersToSend::prepend_routing(Packet& payload, NextHeader next, Ipv6Address& to) const {
  if (routing.empty()) return next;
  std::uint8_t* header = prepend(payload, routing, next);
  if (is_source_route(routing)) {
    const Ipv6Address first = Ipv6Address::from_bytes(header + kFirstAddress);
    const std::size_t last = routing.size() - Ipv6Address::kSize;
    std::memmove(header + kFirstAddress, header + kFirstAddress + Ipv6Address::kSize, last - kFirstAddress);
    to.copy_to(header + last);
    to = first;
  }
  return NextHeader::Routing;
}

NextHeader ExtensionHeadersToSend::prepend_outer(Packet& payload, NextHeader next) const {
  if (!destination_before_routing.empty() && !routing.empty()) {
    prepend(payload, destination_before_routing, next);
    next = NextHeader::DestinationOptions;
  }
  if (hop_by_hop.empty()) return next;
  prepend(payload, hop_by_hop, next);
  return NextHeader::HopByHopOptions;
}

Ipv6Address ExtensionHeadersToSend::first_hop(const Ipv6Address& to) const {
  return is_source_route(routing) ? Ipv6Address::from_bytes(routing.data() + kFirstAddress) : to;
}

}  // namespace kamesim
