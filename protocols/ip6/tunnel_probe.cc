#include "protocols/ip6/tunnel_probe.h"

#include <utility>

#include "protocols/ip6/nd_drops.h"
#include "protocols/ip6/nd_packet.h"
#include "protocols/ip6/nd_trace.h"
#include "protocols/ip6/tunnel.h"

namespace kamesim {

namespace {

// Of an end that is silent, whether it is back: as often as RFC 4191 §3.5 lets a router be asked.
constexpr Duration kAskAgain = 60_s;

// Stands for the link-layer address, which there is none of (RFC 4213 §3.8).
constexpr MacAddress kNoLinkLayerAddress = MacAddress::broadcast();

const InterfaceAddress* source_in(const TunnelInterface& tunnel) {
  if (const InterfaceAddress* own = tunnel.link_local()) return own;
  for (const auto& own : tunnel.addresses()) {
    if (own->usable_as_source()) return own;
  }
  return nullptr;
}

void answer(TunnelInterface& tunnel, const InputPacket& in, const Ipv6Address& target) {
  Ip6Stack& stack = tunnel.stack();
  const InterfaceAddress* own = tunnel.find_address(target);
  // There is no address resolution, nor any duplicate to be found, where a link has two ends.
  if (own == nullptr || !own->assigned() || in.source.is_unspecified()) {
    return stack.drop(kNdNotOurTarget, in.packet.bytes());
  }
  // RFC 4861 §7.2.4: no Override where no link-layer address is told.
  const NeighborAdvertisement advertisement{.target = target, .router = stack.forwarding(), .solicited = true};
  const InterfaceAddress* from = own->usable_as_source() ? own : source_in(tunnel);
  stack.count(Ip6Stack::Counted::Sent);
  tunnel.send(nd_packet(stack.node().packets(), {from != nullptr ? from->address : target, in.source}, advertisement),
              in.source);
}

}  // namespace

TunnelProbe::TunnelProbe(TunnelInterface& tunnel, const Ipv6Address& other_end)
    : tunnel_(tunnel),
      other_end_(other_end),
      random_(tunnel.stack().node().stream("tunnel_probe." + tunnel.name())),
      timer_(Timer::to<&TunnelProbe::on_timeout>(tunnel.stack().node(), *this)) {
  neighbor_.address = other_end;
}

Time TunnelProbe::now() const { return tunnel_.stack().now(); }

const NudTiming& TunnelProbe::timing() {
  if (redraw_at_ <= now()) {
    timing_.reachable_time = kReachableTime.scaled(random_.uniform(kMinRandomFactor, kMaxRandomFactor));
    redraw_at_ = now() + kReachableTimeRedraw;
  }
  return timing_;
}

void TunnelProbe::on_packet_sent() {
  if (silent_) return;
  if (neighbor_.state == Neighbor::State::None) nud_on_link_layer_address(neighbor_, kNoLinkLayerAddress);
  const Neighbor::State before = neighbor_.state;
  nud_on_packet_sent(neighbor_, now());
  if (neighbor_.state != before) arm();
}

void TunnelProbe::on_advertisement(const InputPacket& in, const NeighborAdvertisementView& advertisement) {
  if (advertisement.target() != neighbor_.address || (silent_ && !advertisement.solicited())) {
    return tunnel_.stack().drop(kNdNoEntry, in.packet.bytes());
  }
  // Link-layer address options have no meaning here, and are not looked at.
  const NudOutput out = nud_on_advertisement(
      neighbor_, now(), timing(),
      {.router = advertisement.router(), .solicited = advertisement.solicited(), .override = advertisement.override(),
       .mac = kNoLinkLayerAddress});
  if (out.dropped != nullptr) tunnel_.stack().drop(*out.dropped, in.packet.bytes());
  if (out.confirmed && std::exchange(silent_, false)) restore_routes();
  apply(out);
}

void TunnelProbe::on_timeout() {
  if (neighbor_.has_deadline() && neighbor_.until <= now()) {
    neighbor_.clear_deadline();
    return apply(nud_on_timeout(neighbor_, now(), timing()));
  }
  if (silent_ && ask_again_at_ <= now()) return apply(nud_probe_once(neighbor_, now(), timing()));
  arm();
}

void TunnelProbe::apply(const NudOutput& out) {
  if (out.solicit != NudOutput::Solicit::No) solicit();
  if (out.gave_up) give_up();
  arm();
}

void TunnelProbe::give_up() {
  neighbor_ = Neighbor{};
  neighbor_.address = other_end_;
  ask_again_at_ = now() + kAskAgain;
  if (std::exchange(silent_, true)) return;
  Ip6Stack& stack = tunnel_.stack();
  stack.node().trace(kTraceNeighborUnreachable,
                     {{"interface", tunnel_.name()}, {"neighbor", other_end_.to_string()}});
  auto leads_here = [&](const Route& r) {
    return r.interface == &tunnel_ && r.kind == RouteKind::Unicast && r.origin != RouteOrigin::Connected;
  };
  for (const Route& route : stack.routes().all()) {
    if (leads_here(route)) withdrawn_.push_back(route);
  }
  stack.routes().remove_if(leads_here);
  stack.invalidate_destinations();
}

void TunnelProbe::restore_routes() {
  for (const Route& route : std::exchange(withdrawn_, {})) tunnel_.stack().routes().add(route);
  tunnel_.stack().invalidate_destinations();
}

void TunnelProbe::reset() {
  neighbor_ = Neighbor{};
  neighbor_.address = other_end_;
  if (std::exchange(silent_, false)) restore_routes();
  arm();
}

void TunnelProbe::solicit() {
  const InterfaceAddress* from = source_in(tunnel_);
  if (from == nullptr) return;
  Ip6Stack& stack = tunnel_.stack();
  stack.count(Ip6Stack::Counted::Sent);
  tunnel_.send(nd_packet(stack.node().packets(), {from->address, other_end_}, NeighborSolicitation{other_end_}),
               other_end_);
}

void TunnelProbe::arm() {
  std::optional<Time> next;
  if (neighbor_.has_deadline()) {
    next = neighbor_.until;
  } else if (silent_) {
    next = ask_again_at_;
  }
  timer_.arm_at(next);
}

void tunnel_neighbor_input(TunnelInterface& tunnel, const InputPacket& in) {
  Ip6Stack& stack = tunnel.stack();
  const NdContext ip{in.source, in.destination, in.hop_limit};
  if (static_cast<Icmp6Type>(in.upper()[0]) == Icmp6Type::NeighborSolicitation) {
    const auto solicitation = NeighborSolicitationView::check(in.upper(), ip);
    if (!solicitation) return stack.drop(*solicitation.error(), in.packet.bytes());
    return answer(tunnel, in, solicitation->target());
  }
  const auto advertisement = NeighborAdvertisementView::check(in.upper(), ip);
  if (!advertisement) return stack.drop(*advertisement.error(), in.packet.bytes());
  if (TunnelProbe* probe = tunnel.probe()) return probe->on_advertisement(in, *advertisement);
  stack.drop(kNdNoEntry, in.packet.bytes());
}

}  // namespace kamesim
