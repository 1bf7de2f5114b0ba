// Sending Neighbor Advertisements: answers, for proxied addresses too, and unsolicited ones (RFC 4861 §7.2.4,
// §7.2.6 to §7.2.8).
#include <algorithm>

#include "protocols/ip6/nd_drops.h"
#include "protocols/ip6/nd_packet.h"
#include "protocols/ip6/neighbor_discovery.h"
#include "protocols/ip6/stack.h"

namespace kamesim {

// `own`: the target if it is an address of this interface; otherwise it is proxied.
void NeighborDiscovery::answer(const InputPacket& in, const Ipv6Address& target, const InterfaceAddress* own) {
  const bool proxied = own == nullptr;
  const bool anycast = !proxied && own->anycast;
  const bool optimistic = !proxied && own->state == AddressState::Optimistic;  // RFC 4429 §3.3
  const bool to_all = in.source.is_unspecified();
  const Advertisement advertisement{
      .message = {.target = target,
                  // RFC 6275 §10.4.1: for the mobile node, which is a host.
                  .router = stack_.forwarding() && !proxied,
                  .solicited = !to_all,
                  .override = !proxied && !anycast && !optimistic},
      .destination = to_all ? kAllNodesLinkLocal : in.source};
  // §7.2.7. Not for a proxied address: "where only one proxy is present, such delay is not necessary" (§7.2.8).
  if (!anycast) return advertise(advertisement);
  if (delayed_.size() >= kMaxDelayed) return stack_.drop(kNdTooManyDelayed, in.packet.bytes());
  delayed_.push_back({now() + random_.uniform(Duration(), kMaxAnycastDelayTime), advertisement});
  arm();
}

void NeighborDiscovery::send_delayed() {
  std::vector<Delayed> due;
  std::erase_if(delayed_, [&](const Delayed& d) {
    if (now() < d.at) return false;
    due.push_back(d);
    return true;
  });
  for (const Delayed& d : due) advertise(d.advertisement);
}

// An address of the interface: the target itself, where it may be a source (RFC 4861 §4.4).
const InterfaceAddress* NeighborDiscovery::advertisement_source(const Ipv6Address& target) const {
  const InterfaceAddress* own = interface_.find_address(target);
  if (own != nullptr && own->assigned() && !own->anycast) return own;
  if (const InterfaceAddress* link_local = interface_.link_local()) return link_local;
  const auto& addresses = interface_.addresses();
  const auto any = std::ranges::find_if(addresses, [](const auto& a) { return a->usable_as_source(); });
  return any == addresses.end() ? nullptr : any->get();
}

void NeighborDiscovery::advertise(const Advertisement& advertisement) {
  const InterfaceAddress* source = advertisement_source(advertisement.message.target);
  if (source == nullptr) return;
  transmit(nd_packet(stack_.node().packets(), {source->address, advertisement.destination},
                     advertisement.message, TargetLinkLayerAddress{interface_.nic()->mac()}),
           advertisement.destination);
}

void NeighborDiscovery::send_unsolicited_advertisement(const Ipv6Address& target, bool override_cache) {
  if (!interface_.up()) return;
  advertise({.message = {.target = target,
                         .router = stack_.forwarding() && !proxies(target),
                         .solicited = false,
                         .override = override_cache},
             .destination = kAllNodesLinkLocal});
}

void NeighborDiscovery::add_proxy(const Ipv6Address& address) {
  if (proxies_.insert(address).second) interface_.join_group(solicited_node(address));
}

void NeighborDiscovery::remove_proxy(const Ipv6Address& address) {
  if (proxies_.erase(address) > 0) interface_.leave_group(solicited_node(address));
}

}  // namespace kamesim
