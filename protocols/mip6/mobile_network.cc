#include "protocols/mip6/mobile_network.h"

#include "protocols/wire/ipv6_header.h"

namespace kamesim {
namespace {

MobileNetwork::Actions discard(const DropInfo& reason) {
  MobileNetwork::Actions actions;
  actions.discard = &reason;
  return actions;
}

}  // namespace

MobileNetwork::Actions MobileNetwork::on_forward(const Ip6Interface& in, const Ip6Interface* out, Bytes packet,
                                                 const Tunnels& tunnels) const {
  const Ipv6HeaderView header = Ipv6HeaderView::of_checked(packet);
  const Ipv6Address source = header.source(), destination = header.destination();
  // On a visited link the mobile router is a host (§5.6), and all that is for its network comes by the tunnel.
  if (const EgressRole role = egress_role(in); role != EgressRole::None) {
    return role == EgressRole::Router ? Actions() : discard(kNemoNotByTunnel);
  }
  const bool stays_inside = out != nullptr && egress_role(*out) == EgressRole::None && !tunnels.contain(*out);
  if (tunnels.contain(in)) {
    return contains(destination) && stays_inside ? Actions() : discard(kNemoForeignDestination);
  }
  // §9, ingress filtering: nodes of the Mobile Network do not send as others, nor as the mobile router. Of link-local
  // sources the forwarding path itself takes care.
  const bool spoofed = !contains(source) || stack_.find_own_address(source, nullptr) != nullptr;
  if (spoofed && !source.is_link_local()) return discard(kNemoForeignSource);
  if (stays_inside || at_home()) return {};
  if (contains(destination)) return discard(kNemoForeignDestination);  // a part of it that is not there
  return outward(tunnels);
}

MobileNetwork::Actions MobileNetwork::on_output(const Ipv6Address& destination, const Tunnels& tunnels) const {
  if (at_home() || contains(destination)) return {};
  return outward(tunnels);
}

MobileNetwork::Actions MobileNetwork::outward(const Tunnels& tunnels) const {
  if (!forwarding_ || tunnels.tunnel == nullptr) return discard(kNemoNoTunnel);
  Actions actions;
  actions.tunnel = tunnels.way_out();
  return actions;
}

}  // namespace kamesim
