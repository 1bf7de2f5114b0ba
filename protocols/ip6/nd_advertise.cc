// Sending Neighbor Advertisements: answers, for proxied addresses too, and unsolicited ones (RFC 4861 §7.2.4,
// §7.2.6 to §7.2.8).
#include <algorithm>

#include "protocols/ip6/mobile_router_hooks.h"
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
                  // RFC 6275 §10.4.1: not for a mobile node that is a host; RFC 3963 §6.2.
                  .router = acts_as_router(interface()) &&
                                  (!is_proxy(target) || proxied_for_router(stack(), target)),
                  .solicited = !to_all,
                  // Nor where no link-layer address is told.
                  .override = !proxied && !anycast && !optimistic && interface().has_link_layer_addresses()},
      .destination = to_all ? kAllNodesLinkLocal : in.source};
  // §7.2.7, and §7.2.8 for those given by hand, which several may proxy for. A home agent answers at once: "where only one
  // proxy is present, such delay is not necessary". So is the test of an address, which does not wait for longer than that.
  const bool one_of_several = anycast || (proxied && is_given_proxy(target) && !to_all);
  if (!one_of_several) return advertise(advertisement);
  std::vector<Delayed>& delayed = rare().delayed;
  if (delayed.size() >= kMaxDelayed) return stack().drop(kNdTooManyDelayed, in.packet.bytes());
  delayed.push_back({now() + random_delay(kMaxAnycastDelayTime), advertisement, 1});
  arm();
}

void NeighborDiscovery::send_delayed() {
  if (!has_rare()) return;
  std::vector<Advertisement> due;
  std::erase_if(parts_->rare->delayed, [&](Delayed& d) {
    if (now() < d.at) return false;
    if (!speaks_for(d.advertisement.message.target)) return true;
    due.push_back(d.advertisement);
    d.at = now() + retrans_timer();  // §7.2.6: "at least RetransTimer seconds"
    return --d.left == 0;
  });
  for (const Advertisement& advertisement : due) advertise(advertisement);
}

bool NeighborDiscovery::speaks_for(const Ipv6Address& target) const {
  const InterfaceAddress* own = interface().find_address(target);
  return own != nullptr ? own->assigned() : proxies(target);
}

// RFC 4861 §7.2.6: the first at once, the others RetransTimer apart; what is told anew of a target begins anew.
void NeighborDiscovery::announce(const Advertisement& advertisement, unsigned times) {
  advertise(advertisement);
  if (times < 2 && !has_rare()) return;
  std::vector<Delayed>& delayed = rare().delayed;
  std::erase_if(delayed, [&](const Delayed& d) {
    return d.advertisement.message.target == advertisement.message.target && !d.advertisement.message.solicited;
  });
  if (times < 2 || delayed.size() >= kMaxDelayed) return;
  delayed.push_back({now() + retrans_timer(), advertisement, times - 1});
  arm();
}

// RFC 9131 §6.1.2: with Override clear, to all routers.
void NeighborDiscovery::announce_new_address(const InterfaceAddress& address) {
  if (!stack().config().nd.announce_addresses || acts_as_router(interface())) return;
  if (address.address.is_link_local() || address.anycast || address.origin == AddressOrigin::Home) return;
  announce({.message = {.target = address.address}, .destination = kAllRoutersLinkLocal}, kMaxNeighborAdvertisement);
}

// RFC 4861 §7.2.6: of every address; of anycast ones with Override clear.
void NeighborDiscovery::on_link_layer_address_changed() {
  if (!interface().up()) return;
  std::vector<Advertisement> news;
  for (const auto& a : interface().addresses()) {
    if (!a->assigned()) continue;
    news.push_back({.message = {.target = a->address, .router = acts_as_router(interface()), .solicited = false,
                                .override = !a->anycast && a->state != AddressState::Optimistic},
                    .destination = kAllNodesLinkLocal});
  }
  for (const Ipv6Address& proxied : given_proxies()) {  // §7.2.8
    news.push_back({.message = {.target = proxied, .router = stack().forwarding()}, .destination = kAllNodesLinkLocal});
  }
  for (const Advertisement& advertisement : news) announce(advertisement, kMaxNeighborAdvertisement);
}

// An address of the interface: the target itself, where it may be a source (RFC 4861 §4.4).
const InterfaceAddress* NeighborDiscovery::advertisement_source(const Ipv6Address& target) const {
  const InterfaceAddress* own = interface().find_address(target);
  if (own != nullptr && own->assigned() && !own->anycast) return own;
  if (const InterfaceAddress* link_local = interface().link_local()) return link_local;
  const auto& addresses = interface().addresses();
  const auto any = std::ranges::find_if(addresses, [](const auto& a) { return a->usable_as_source(); });
  return any == addresses.end() ? nullptr : *any;
}

void NeighborDiscovery::advertise(const Advertisement& advertisement) {
  const InterfaceAddress* source = advertisement_source(advertisement.message.target);
  if (source == nullptr) return;
  const NdEndPoints between{source->address, advertisement.destination};
  PacketPool& packets = stack().node().packets();
  // §4.4: "on link layers that have addresses".
  transmit(interface().has_link_layer_addresses()
               ? nd_packet(packets, between, advertisement.message, TargetLinkLayerAddress{interface().nic()->mac()})
               : nd_packet(packets, between, advertisement.message),
           between.destination);
}

void NeighborDiscovery::send_unsolicited_advertisement(const Ipv6Address& target, bool override_cache) {
  if (!interface().up()) return;
  announce({.message = {.target = target,
                        .router = acts_as_router(interface()) && (!is_proxy(target) || proxied_for_router(stack(), target)),
                        .solicited = false,
                        .override = override_cache},
            .destination = kAllNodesLinkLocal},
           std::min(stack().config().nd.unsolicited_advertisements, kMaxNeighborAdvertisement));
}

void NeighborDiscovery::add_proxy(const Ipv6Address& address) {
  if (rare().proxies.insert(address).second) interface().join_group(solicited_node(address));
}

void NeighborDiscovery::remove_proxy(const Ipv6Address& address) {
  if (!has_rare() || parts_->rare->proxies.erase(address) == 0) return;
  interface().leave_group(solicited_node(address));
  // The address is another's now: what was still to be said of it would take it from there.
  std::erase_if(parts_->rare->delayed, [&](const Delayed& d) { return d.advertisement.message.target == address; });
}

bool NeighborDiscovery::is_given_proxy(const Ipv6Address& address) const {
  return has_rare() && std::ranges::find(parts_->rare->given_proxies, address) != parts_->rare->given_proxies.end();
}

// §7.2.8: a proxy "may multicast Neighbor Advertisements [...] when it is configured". Without Override, so that the
// owner's word counts where it can be heard.
bool NeighborDiscovery::add_given_proxy(const Ipv6Address& address) {
  if (is_given_proxy(address)) return false;
  rare().given_proxies.push_back(address);
  interface().join_group(solicited_node(address));
  if (interface().link_local() != nullptr) send_unsolicited_advertisement(address, false);
  return true;
}

bool NeighborDiscovery::remove_given_proxy(const Ipv6Address& address) {
  if (!has_rare() || std::erase(parts_->rare->given_proxies, address) == 0) return false;
  interface().leave_group(solicited_node(address));
  return true;
}

}  // namespace kamesim
