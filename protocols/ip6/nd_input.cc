// Receiving Neighbor Discovery messages: what they teach the Neighbor Cache (RFC 4861 §6.2.6, §6.3.4, §7.2.3,
// §7.2.5), and the way to the machines that they concern.
#include <algorithm>

#include "protocols/ip6/mobile_router_hooks.h"
#include "protocols/ip6/nd_drops.h"
#include "protocols/ip6/nd_trace.h"
#include "protocols/ip6/neighbor_discovery.h"
#include "protocols/ip6/stack.h"

namespace kamesim {

void NeighborDiscovery::input(InputPacket& in) {
  const Bytes message = in.upper();
  const NdContext ip{in.source, in.destination, in.hop_limit};
  // Checks the message, and gives it to its handler.
  auto dispatch = [&](const auto& view, auto handler) {
    if (!view) return stack().drop(*view.error(), in.packet.bytes());
    (this->*handler)(in, *view);
  };
  switch (static_cast<Icmp6Type>(message[0])) {
    case Icmp6Type::RouterSolicitation:
      return dispatch(RouterSolicitationView::check(message, ip), &NeighborDiscovery::on_router_solicitation);
    case Icmp6Type::RouterAdvertisement:
      return dispatch(RouterAdvertisementView::check(message, ip), &NeighborDiscovery::on_router_advertisement);
    case Icmp6Type::NeighborSolicitation:
      return dispatch(NeighborSolicitationView::check(message, ip), &NeighborDiscovery::on_neighbor_solicitation);
    case Icmp6Type::NeighborAdvertisement:
      return dispatch(NeighborAdvertisementView::check(message, ip), &NeighborDiscovery::on_neighbor_advertisement);
    case Icmp6Type::Redirect: return dispatch(RedirectView::check(message, ip), &NeighborDiscovery::on_redirect);
    default: return;
  }
}

// A frame cannot be sent to one station by a group address.
std::optional<MacAddress> NeighborDiscovery::station(const InputPacket& in, MacAddress mac) {
  if (!interface().has_link_layer_addresses()) return std::nullopt;
  if (!mac.is_group() && !mac.is_zero()) return mac;
  stack().drop(kNdGroupLinkLayerAddress, in.packet.bytes());
  return std::nullopt;
}

std::optional<MacAddress> NeighborDiscovery::source_mac(const InputPacket& in, const NdOptions& options) {
  const auto option = options.find<SourceLinkLayerAddress>();
  return option ? station(in, option->address) : std::nullopt;
}

std::optional<MacAddress> NeighborDiscovery::target_mac(const InputPacket& in, const NdOptions& options) {
  const auto option = options.find<TargetLinkLayerAddress>();
  return option ? station(in, option->address) : std::nullopt;
}

void NeighborDiscovery::learn(const InputPacket& in, const Ipv6Address& address, const MacAddress& mac) {
  if (interface().find_address(address) != nullptr) return stack().drop(kNdOwnSource, in.packet.bytes());
  record(address, mac);
}

// RFC 4861 §6.2.6. The answer is the router advertisement daemon's matter.
void NeighborDiscovery::on_router_solicitation(const InputPacket& in, const RouterSolicitationView& rs) {
  if (!acts_as_router(interface())) return stack().drop(kNdSolicitationToHost, in.packet.bytes());
  if (in.source.is_unspecified()) return;
  if (const auto mac = source_mac(in, rs.options())) learn(in, in.source, *mac);
  if (Neighbor* n = cache_.find(in.source)) n->is_router = false;
}

// RFC 6275 §7.2, the R bit: by it a mobile node that returns home knows its home agent (§11.5.5).
void NeighborDiscovery::learn_global_addresses(const InputPacket& in, const RouterAdvertisementView& ra,
                                               const MacAddress& mac) {
  for (const auto& option : ra.options()) {
    const auto prefix = PrefixInformation::parse(option);
    if (!prefix || !prefix->router_address) continue;
    if (prefix->address.is_multicast() || prefix->address.is_unspecified()) continue;
    learn(in, prefix->address, mac);
  }
}

// A record for each router that is heard on a link, and a bounded number of them: forged ones cost nothing.
void NeighborDiscovery::trace_advertisement(const Ipv6Address& router) {
  std::vector<Ipv6Address>& heard = rare().heard_routers;
  if (heard.size() >= kMaxHeardRouters || std::ranges::find(heard, router) != heard.end()) return;
  heard.push_back(router);
  stack().node().trace(kTraceRaReceived, {{"interface", interface().name()}, {"router", router.to_string()}});
}

// §6.3.4. Routers, too, learn the link-layer addresses of their neighbours in this way.
void NeighborDiscovery::on_router_advertisement(const InputPacket& in, const RouterAdvertisementView& ra) {
  if (const auto mac = source_mac(in, ra.options())) {
    learn(in, in.source, *mac);
    if (stack().mobility_hooks() != nullptr) learn_global_addresses(in, ra, *mac);
  } else if (!interface().has_link_layer_addresses()) {
    neighbor(in.source);
  }
  if (Neighbor* n = cache_.find(in.source)) n->is_router = true;
  const bool on_egress = egress_role(interface()) != EgressRole::None;  // whatever the node's setting: RFC 3963 §5.6
  if (on_egress || (!stack().forwarding() && stack().config().accept_router_advertisements)) {
    if (stack().node().trace_enabled()) trace_advertisement(in.source);
    routers().on_advertisement(in, ra);
    arm();
  }
  stack().notify_of_advertisement(interface(), ra.value().router_lifetime);
}

// §7.2.3, RFC 4862 §5.4.3.
void NeighborDiscovery::on_neighbor_solicitation(const InputPacket& in, const NeighborSolicitationView& ns) {
  const Ipv6Address target = ns.target();
  const bool from_unspecified = in.source.is_unspecified();
  if (from_unspecified && dad_.testing(target)) {
    // RFC 7527 §4.2: our own solicitation came back. Otherwise another node tests the address too: neither may have it.
    if (const auto nonce = ns.options().find<NdNonce>(); nonce && dad_.on_solicitation(target, nonce->nonce)) {
      stack().node().trace(kTraceDadLoopedBack, {{"interface", interface().name()}, {"address", target.to_string()}});
      return stack().drop(kNdLoopedBack, in.packet.bytes());
    }
    return finish_dad(*dad_.stop(target), false);
  }
  const InterfaceAddress* own = interface().find_address(target);
  if (own != nullptr && !own->assigned()) return stack().drop(kNdTentativeTarget, in.packet.bytes());
  if (own == nullptr && !proxies(target)) return stack().drop(kNdNotOurTarget, in.packet.bytes());
  if (!from_unspecified) {
    if (interface().find_address(in.source) != nullptr) return stack().drop(kNdOwnSource, in.packet.bytes());
    if (const auto mac = source_mac(in, ns.options())) learn(in, in.source, *mac);
  }
  answer(in, target, interface().find_address(target));
}

// §7.2.5, RFC 4862 §5.4.4.
void NeighborDiscovery::on_neighbor_advertisement(const InputPacket& in, const NeighborAdvertisementView& na) {
  const Ipv6Address target = na.target();
  if (dad_.testing(target)) return finish_dad(*dad_.stop(target), false);
  const std::optional<MacAddress> mac = target_mac(in, na.options());
  if (const InterfaceAddress* own = interface().find_address(target)) {
    if (own->home_address && mac && hear_home_agent(target, *mac)) return;
    return stack().drop(kNdOwnTarget, in.packet.bytes());
  }
  Neighbor* n = cache_.find(target);
  if (n == nullptr || n->state == Neighbor::State::None) {
    // RFC 9131 §6.1.1: a router makes an entry, which is Stale, of an advertisement that tells the address.
    if (!acts_as_router(interface()) || !stack().config().nd.learn_unsolicited || !mac) {
      return stack().drop(kNdNoEntry, in.packet.bytes());
    }
    learn(in, target, *mac);
    if (Neighbor* made = cache_.find(target)) made->is_router = na.router();
    return;
  }
  const NudOutput out =
      nud_on_advertisement(*n, now(), timing(),
                           {.router = na.router(), .solicited = na.solicited(), .override = na.override(),
                            .mac = mac});
  if (out.dropped != nullptr) stack().drop(*out.dropped, in.packet.bytes());
  apply(*n, out);
}

}  // namespace kamesim
