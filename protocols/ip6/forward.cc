// The forwarding path (RFC 8200, RFC 4007 §9, RFC 4443). A router never fragments.
#include "protocols/ip6/forwarding_policy.h"
#include "protocols/ip6/ip6_drops.h"
#include "protocols/ip6/mobile_router_hooks.h"
#include "protocols/ip6/neighbor_discovery.h"
#include "protocols/ip6/stack.h"
#include "protocols/wire/icmp6.h"
#include "protocols/wire/ipv6_header.h"

namespace kamesim {

namespace {

constexpr DropInfo kLinkLocalOfMobileNode{"mip6.link_local_of_mobile_node", "RFC 6275 §10.4.2"};

// RFC 6275 §10.4.1: a home agent defends it for a mobile node that is away (the L bit).
bool of_mobile_node(const Ip6Interface& in, const Ipv6Address& destination) {
  if (!destination.is_link_local()) return false;
  const NeighborDiscovery* const nd = in.nd();
  return nd != nullptr && nd->proxies(destination) && !nd->is_given_proxy(destination);
}

// RFC 3963 §5.5: whatever the routing table says.
Destination by_tunnel(const Destination& routed, Ip6Interface& tunnel) {
  Destination to = routed;
  to.interface = &tunnel;
  to.neighbor = nullptr;
  to.next_hop = routed.address;
  to.link_mtu = tunnel.mtu();
  to.kind = RouteKind::Unicast;
  return to;
}

}  // namespace

void Ip6Stack::forward(Ip6Interface& interface, Packet&& packet, const Destination& to, bool link_layer_multicast,
                       Forwarding how) {
  if (mobility_hooks() != nullptr) [[unlikely]] {
    return forward_by_mobility(interface, std::move(packet), to, link_layer_multicast, how);
  }
  forward_on(interface, std::move(packet), to, link_layer_multicast, how);
}

void Ip6Stack::forward_by_mobility(Ip6Interface& interface, Packet&& packet, const Destination& routed,
                                   bool link_layer_multicast, Forwarding how) {
  std::optional<Destination> tunnelled;
  if (MobileRouterHooks* hooks = mobility_hooks()->mobile_router()) {
    const auto actions = hooks->on_forward(interface, routed.interface, packet.bytes());
    if (actions.discard != nullptr) return drop(*actions.discard, packet.bytes());
    if (actions.tunnel != nullptr) tunnelled = by_tunnel(routed, *actions.tunnel);
  }
  const Destination& to = tunnelled ? *tunnelled : routed;
  if (of_mobile_node(interface, to.address)) {
    drop(kLinkLocalOfMobileNode, packet.bytes());
    const auto error = Icmp6Error::destination_unreachable(DestinationUnreachableCode::AddressUnreachable, packet.bytes());
    return icmp6_error(error, &interface, link_layer_multicast);
  }
  ForwardingPolicy* const policy = how != Forwarding::ByPolicy ? mobility_hooks()->forwarding_policy() : nullptr;
  if (policy != nullptr && !link_layer_multicast) {
    return forward_by_policy(*policy, interface, std::move(packet), to, link_layer_multicast);
  }
  forward_on(interface, std::move(packet), to, link_layer_multicast, how);
}

inline void Ip6Stack::forward_on(Ip6Interface& interface, Packet&& packet, const Destination& to,
                                 bool link_layer_multicast, Forwarding how) {
  const Ipv6HeaderView header = Ipv6HeaderView::of_checked(packet.bytes());
  const Ipv6Address source = header.source();
  auto refuse = [&](const DropInfo& reason, const Icmp6Error& error) {
    drop(reason, packet.bytes());
    icmp6_error(error, &interface, link_layer_multicast);
  };
  auto unreachable = [&](const DropInfo& reason, DestinationUnreachableCode code) {
    refuse(reason, Icmp6Error::destination_unreachable(code, packet.bytes()));
  };

  if (link_layer_multicast) return drop(kIp6LinkMulticastForward, packet.bytes());
  if (source.is_unspecified()) return drop(kIp6UnspecifiedSource, packet.bytes());
  if (ipsec_hooks() != nullptr && !ipsec_hooks()->admits_transit(interface, packet.bytes())) [[unlikely]] return;
  if (header.hop_limit() <= 1) {
    return refuse(kIp6HopLimitExceeded,
                  Icmp6Error::time_exceeded(TimeExceededCode::HopLimitExceeded, packet.bytes()));
  }
  if (ipsec_hooks() != nullptr && ipsec_hooks()->on_forward(interface, packet) != IpsecHooks::Output::GoOn) [[unlikely]] {
    return;
  }
  if (to.interface == nullptr) return unreachable(kIp6NoRoute, DestinationUnreachableCode::NoRoute);
  if (to.kind == RouteKind::Reject) return unreachable(kIp6RejectRoute, DestinationUnreachableCode::RejectRoute);
  if (to.kind == RouteKind::Blackhole) return drop(kIp6Blackhole, packet.bytes());
  if (to.interface != &interface && (source.is_link_local() || to.address.is_link_local())) {
    return unreachable(kIp6BeyondScope, DestinationUnreachableCode::BeyondScopeOfSourceAddress);
  }
  if (filter() != nullptr && !passes_filter(interface, to.interface, packet.bytes(), link_layer_multicast)) return;
  // RFC 4443 §3.2: the MTU of the next-hop link. What this node knows of the path beyond is for its own packets.
  if (packet.size() > to.link_mtu) {
    return refuse(kIp6PacketTooBig, Icmp6Error::packet_too_big(to.link_mtu, packet.bytes()));
  }
  if (to.interface == &interface && to.next_hop == to.address && interface.point_to_point()) [[unlikely]] {
    return unreachable(kIp6BackOntoPointToPoint, DestinationUnreachableCode::AddressUnreachable);  // RFC 4443 §3.1
  }
  count(Counted::Forwarded);
  const auto hop_limit = static_cast<std::uint8_t>(header.hop_limit() - 1);
  if (to.interface == &interface) [[unlikely]] {
    const Destination kept = to;  // the look-ups for a redirect may move or evict it, and its neighbour
    // A source route is followed at its sender's wish, and not to be mended (KAME).
    if (how == Forwarding::ByDestination) consider_redirect(interface, packet.bytes(), kept);
    Ipv6HeaderEditor(packet.mutable_data()).set_hop_limit(hop_limit);
    return interface.send(std::move(packet), kept.next_hop);
  }
  Ipv6HeaderEditor(packet.mutable_data()).set_hop_limit(hop_limit);
  hand_over(to, std::move(packet));
}

void Ip6Stack::forward_by_policy(ForwardingPolicy& policy, Ip6Interface& interface, Packet packet,
                                 const Destination& to, bool link_layer_multicast) {
  const ForwardingPolicy::Verdict verdict = policy.judge(interface, to, packet.bytes());
  if (verdict.discard != nullptr) return drop(*verdict.discard, packet.bytes());
  Destination chosen = to;
  if (verdict.interface != nullptr) {
    chosen.interface = verdict.interface;
    chosen.next_hop = verdict.next_hop;
    chosen.neighbor = nullptr;
    chosen.kind = RouteKind::Unicast;
    chosen.link_mtu = verdict.interface->mtu();
  }
  forward(interface, std::move(packet), chosen, link_layer_multicast, Forwarding::ByPolicy);
}

bool Ip6Stack::passes_filter(Ip6Interface& in, const Ip6Interface* out, Bytes packet, bool link_layer_multicast) {
  using enum PacketFilter::Verdict;
  auto refuse = [&](const DropInfo& reason, DestinationUnreachableCode code) {
    drop(reason, packet);
    icmp6_error(Icmp6Error::destination_unreachable(code, packet), &in, link_layer_multicast);
    return false;
  };
  switch (filter()->judge(in, out, packet)) {
    case Accept: return true;
    case Discard: drop(kIp6Filtered, packet); return false;
    case Prohibit: return refuse(kIp6Prohibited, DestinationUnreachableCode::AdministrativelyProhibited);
    case RefuseSource: return refuse(kIp6SourceRefused, DestinationUnreachableCode::SourceAddressFailedPolicy);
  }
  return true;
}

void Ip6Stack::consider_redirect(Ip6Interface& interface, Bytes packet, const Destination& to) {
  // RFC 4861 §8.2: the source is a neighbour, and the packet was sent to us by it alone.
  if (!config().send_redirects || interface.nd() == nullptr || to.address.is_multicast()) return;
  if (to.kind != RouteKind::Unicast) return;
  const Ipv6Address source = Ipv6HeaderView::check(packet)->source();
  if (source.is_unspecified()) return;
  if (!source.is_link_local()) {
    const Destination& back = route_to(source, nullptr);
    if (back.interface != &interface || back.next_hop != source) return;
  }
  // The target of a redirect to a router is its link-local address; only such next hops can be told.
  if (to.next_hop != to.address && !to.next_hop.is_link_local()) return;
  interface.nd()->send_redirect(packet, to.next_hop);
}

}  // namespace kamesim
