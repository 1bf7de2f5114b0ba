// The forwarding path of IPv4 (RFC 1812 §5.2, §5.3).
#include "protocols/ip4/drops.h"
#include "protocols/ip4/stack.h"
#include "protocols/ip6/mobile_router_hooks.h"

namespace kamesim {

void Ip4Stack::forward(Ip6Interface& interface, Packet packet) {
  const Ipv4HeaderView header = *Ipv4HeaderView::check_quoted(packet.bytes());
  auto refuse = [&](const DropInfo& reason, const Icmp4Error& error) {
    drop(reason, packet.bytes());
    send_icmp(error, packet.bytes(), &interface, false);
  };
  auto unreachable = [&](const DropInfo& reason, Icmp4UnreachableCode code, std::uint32_t rest = 0) {
    refuse(reason, {Icmp4Type::DestinationUnreachable, static_cast<std::uint8_t>(code), rest});
  };
  if (header.source() == kIpv4Any) return drop(kIp4BadSource, packet.bytes());
  IpsecHooks* ipsec = common_.ipsec_hooks();
  if (ipsec != nullptr && !ipsec->admits_transit(interface, packet.bytes())) [[unlikely]] return;
  if (header.ttl() <= 1) return refuse(kIp4TtlExceeded, {Icmp4Type::TimeExceeded, 0});
  if (ipsec != nullptr && ipsec->on_forward(interface, packet) != IpsecHooks::Output::GoOn) [[unlikely]] return;
  Destination to = common_.route_to(v4_mapped(header.destination()), nullptr);
  if (to.multipath) common_.use_path_of_flow(packet.bytes(), to);
  if (MobileRouterHooks* hooks = mobile_router_hooks(common_); hooks != nullptr) [[unlikely]] {
    const auto actions = hooks->on_forward(interface, to.interface, packet.bytes());
    if (actions.discard != nullptr) return drop(*actions.discard, packet.bytes());
    if (actions.tunnel != nullptr) {
      to.interface = actions.tunnel;
      to.next_hop = to.address;
      to.link_mtu = actions.tunnel->mtu();
      to.kind = RouteKind::Unicast;
    }
  }
  if (to.interface == nullptr) return unreachable(kIp4NoRoute, Icmp4UnreachableCode::Network);
  if (to.kind == RouteKind::Reject) {
    return unreachable(kIp4RejectRoute, Icmp4UnreachableCode::AdministrativelyProhibited);
  }
  if (to.kind == RouteKind::Blackhole) return drop(kIp4Blackhole, packet.bytes());
  if (is_broadcast_on(*to.interface, header.destination())) return drop(kIp4DirectedBroadcast, packet.bytes());
  if (!passes_filter(interface, to.interface, packet.bytes(), false)) return;
  if (packet.size() > to.link_mtu && header.dont_fragment()) {
    return unreachable(kIp4FragmentationNeeded, Icmp4UnreachableCode::FragmentationNeeded, to.link_mtu);  // RFC 1191 §4
  }
  common_.count(Ip6Stack::Counted::Forwarded);
  if (to.interface == &interface) consider_redirect(interface, packet.bytes(), to);
  Ipv4HeaderEditor(packet.mutable_data()).decrement_ttl();
  if (packet.size() > to.link_mtu) {
    fragment(*to.interface, std::move(packet), to.link_mtu, to.next_hop);
    return;
  }
  hand_over(*to.interface, std::move(packet), to.next_hop);
}

// RFC 1812 §5.3.9.
bool Ip4Stack::passes_filter(Ip6Interface& in, const Ip6Interface* out, Bytes packet, bool link_layer_broadcast) {
  PacketFilter* filter = common_.filter();
  if (filter == nullptr) return true;
  switch (filter->judge(in, out, packet)) {
    case PacketFilter::Verdict::Accept: return true;
    case PacketFilter::Verdict::Discard: drop(kIp4Filtered, packet); return false;
    default: break;  // ICMP has one code for what IPv6 tells apart
  }
  drop(kIp4Prohibited, packet);
  send_icmp({Icmp4Type::DestinationUnreachable, static_cast<std::uint8_t>(Icmp4UnreachableCode::AdministrativelyProhibited)},
            packet, &in, link_layer_broadcast);
  return false;
}

// RFC 1812 §5.2.7.2: the sender is on the subnet of the next hop.
void Ip4Stack::consider_redirect(Ip6Interface& interface, Bytes packet, const Destination& to) {
  if (!common_.config().send_redirects || arp(interface) == nullptr) return;
  const Ipv6Address source = v4_mapped(Ipv4HeaderView::check_quoted(packet)->source());
  for (const auto& a : addresses(interface)) {
    if (!a->prefix().contains(source) || !a->prefix().contains(to.next_hop)) continue;
    return send_icmp({Icmp4Type::Redirect, kIcmp4RedirectForHost, ipv4_of(to.next_hop)}, packet, &interface, false);
  }
}

}  // namespace kamesim
