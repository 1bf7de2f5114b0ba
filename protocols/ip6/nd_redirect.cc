// Redirects, sent and received (RFC 4861 §8).
#include <algorithm>

#include "protocols/ip6/mobile_router_hooks.h"
#include "protocols/ip6/nd_drops.h"
#include "protocols/ip6/nd_packet.h"
#include "protocols/ip6/neighbor_discovery.h"
#include "protocols/ip6/stack.h"

namespace kamesim {

namespace {

constexpr std::size_t kRedirectSize = 40;
constexpr std::size_t kLinkLayerAddressOptionSize = 8;
constexpr std::size_t kRedirectedHeaderSize = 8;

// §8.2: "as much of the forwarded packet as can fit without the redirect packet exceeding the minimum MTU"; options
// come in units of 8 bytes.
constexpr std::size_t kMaxRedirected =
    (kIpv6MinimumMtu - kIpv6HeaderSize - kRedirectSize - kRedirectedHeaderSize) / 8 * 8;

// RFC 8028 §3.4.
Ipv6Address source_of_quoted(const RedirectView& redirect) {
  const auto quoted = redirect.options().find<RedirectedHeader>();
  if (!quoted) return {};
  const auto header = Ipv6HeaderView::check_quoted(quoted->packet);
  return header ? header->source() : Ipv6Address();
}

}  // namespace

void NeighborDiscovery::send_redirect(Bytes offending, const Ipv6Address& target) {
  const InterfaceAddress* source = interface().link_local();
  if (source == nullptr) return;
  const Ip6Config& config = stack().config();
  if (!rare().redirect_limit.take(now(), config.icmp6_error_rate, config.icmp6_error_burst)) {
    stack().count_limited_error();
    return;
  }
  const Ipv6HeaderView header = *Ipv6HeaderView::check(offending);
  const NdEndPoints between{source->address, header.source()};
  const Redirect message{.target = target, .destination = header.destination()};
  PacketPool& packets = stack().node().packets();
  const Neighbor* n = cache_.find(target);
  const bool tells_mac = n != nullptr && n->mac_known() && interface().has_link_layer_addresses();
  const std::size_t room = kMaxRedirected - (tells_mac ? kLinkLayerAddressOptionSize : 0);
  const RedirectedHeader quoted{offending.first(std::min(offending.size(), room))};
  transmit(tells_mac ? nd_packet(packets, between, message, TargetLinkLayerAddress{n->mac}, quoted)
                     : nd_packet(packets, between, message, quoted),
           between.destination);
}

void NeighborDiscovery::on_redirect(const InputPacket& in, const RedirectView& redirect) {
  if (acts_as_router(interface())) return stack().drop(kNdRedirectToRouter, in.packet.bytes());
  if (!stack().config().accept_redirects) return stack().drop(kNdRedirectRefused, in.packet.bytes());
  const Ipv6Address target = redirect.target(), destination = redirect.destination();
  // §8.1: from "the current first-hop router for the specified ICMP Destination Address".
  // With several routers it is that for packets of the source that is told (RFC 8028 §3.4).
  Destination present = stack().route_to(destination, destination.is_link_local() ? &interface() : nullptr);
  if (present.by_source) stack().use_first_hop_for(in.destination, present);
  const bool first_hop =
      present.interface == &interface() && present.next_hop == in.source && !destination.is_link_local();
  if (!first_hop) return stack().drop(kNdNotFirstHop, in.packet.bytes());
  if (interface().find_address(target) != nullptr) return stack().drop(kNdOwnTarget, in.packet.bytes());

  // §8.3.
  const bool to_router = target != destination;
  if (const auto mac = target_mac(in, redirect.options())) learn(in, target, *mac);
  if (Neighbor* n = cache_.find(target); n != nullptr && to_router) n->is_router = true;
  if (const auto gone = rare().redirects.add({destination, target, source_of_quoted(redirect)})) remove_route(*gone);
  stack().add_route({.prefix = Ipv6Prefix(destination, 128), .interface = &interface(),
                       .next_hop = to_router ? target : kUnspecified, .origin = RouteOrigin::Redirect});
}

void NeighborDiscovery::remove_redirects_by(const Ipv6Address& target) {
  if (!has_rare()) return;
  for (const RedirectRoutes::Entry& entry : parts_->rare->redirects.take_by_target(target)) remove_route(entry);
}

void NeighborDiscovery::remove_route(const RedirectRoutes::Entry& redirect) {
  stack().remove_routes_if([&](const Route& r) {
    return r.origin == RouteOrigin::Redirect && r.interface == &interface() &&
           r.prefix == Ipv6Prefix(redirect.destination, 128);
  });
}

}  // namespace kamesim
