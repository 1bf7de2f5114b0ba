#include "protocols/ip6/tunnel_probe.h"

#include "protocols/ip6/nd_drops.h"
#include "protocols/ip6/nd_packet.h"
#include "protocols/ip6/stack.h"

namespace kamesim {

void answer_tunnel_probe(Ip6Stack& stack, const InputPacket& in) {
  const auto solicitation = NeighborSolicitationView::check(in.upper(), {in.source, in.destination, in.hop_limit});
  if (!solicitation) return stack.drop(*solicitation.error(), in.packet.bytes());
  const Ipv6Address target = solicitation->target();
  const InterfaceAddress* own = in.interface->find_address(target);
  // There is no address resolution, nor any duplicate to be found, where a link has two ends.
  if (own == nullptr || !own->assigned() || in.source.is_unspecified()) {
    return stack.drop(kNdNotOurTarget, in.packet.bytes());
  }
  // §3.8: no link-layer address options.
  const NeighborAdvertisement answer{.target = target, .router = stack.forwarding(), .solicited = true,
                                     .override = !own->anycast};
  ++stack.counters().sent;
  const Ipv6Address from = own->usable_as_source() || in.interface->link_local() == nullptr
                               ? target
                               : in.interface->link_local()->address;
  in.interface->send(nd_packet(stack.node().packets(), {from, in.source}, answer), in.source);
}

}  // namespace kamesim
