#include "protocols/mip6/mobile_network.h"

#include "protocols/ip6/ip4_part.h"
#include "protocols/wire/ipv4_header.h"
#include "protocols/wire/ipv6_header.h"

namespace kamesim {
namespace {

MobileNetwork::Actions discard(const DropInfo& reason) {
  MobileNetwork::Actions actions;
  actions.discard = &reason;
  return actions;
}

struct Ends {
  Ipv6Address source, destination;
};

Ends ends_of(Bytes packet) {
  if (packet[0] >> 4 != 4) {
    const Ipv6HeaderView header = Ipv6HeaderView::of_checked(packet);
    return {header.source(), header.destination()};
  }
  const Ipv4HeaderView header = *Ipv4HeaderView::check_quoted(packet);
  return {v4_mapped(header.source()), v4_mapped(header.destination())};
}

bool is_own(const Ip6Stack& stack, const Ipv6Address& address) {
  if (address.is_v4_mapped()) return stack.ip4() != nullptr && stack.ip4()->find_address(address, nullptr) != nullptr;
  return stack.find_own_address(address, nullptr) != nullptr;
}

}  // namespace

MobileNetwork::Actions MobileNetwork::on_forward(const Ip6Interface& in, const Ip6Interface* out, Bytes packet,
                                                 const Tunnels& tunnels) const {
  const auto [source, destination] = ends_of(packet);
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
  const bool spoofed = !contains(source) || is_own(stack_, source);
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
