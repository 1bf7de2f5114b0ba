// Sending to neighbours: address resolution and unreachability detection at work (RFC 4861 §7.2, §7.3).
#include <algorithm>
#include <utility>

#include "protocols/ip6/hold_queue.h"
#include "protocols/ip6/nd_drops.h"
#include "protocols/ip6/nd_packet.h"
#include "protocols/ip6/nd_trace.h"
#include "protocols/ip6/neighbor_discovery.h"
#include "protocols/ip6/stack.h"

namespace kamesim {

namespace {

using State = Neighbor::State;
using Solicit = NudOutput::Solicit;

Ipv6Address source_of(const Packet& packet) { return Ipv6HeaderView::check(packet.bytes())->source(); }

// May speak in solicitations. Not an optimistic address (RFC 4429 §3.2), whose owner may be another; not a home
// address, which the home agent may be defending (RFC 6275 §11.5.5).
bool may_solicit(const InterfaceAddress& a) {
  return a.usable_as_source() && a.state != AddressState::Optimistic && !a.home_address;
}

}  // namespace

Neighbor& NeighborDiscovery::neighbor(const Ipv6Address& address) {
  if (Neighbor* known = cache_.find(address)) return *known;
  if (Neighbor* victim = cache_.victim_for_new(bounds())) discard(*victim, kNdCacheFull);
  Neighbor& n = cache_.add(address);
  if (is_default_router(address)) {
    n.is_router = true;
    n.pinned = true;
    cache_.refile(n);
  }
  // RFC 4861 §7.2: resolution is for link layers that have addresses; without them there is reachability to find out.
  if (!interface().has_link_layer_addresses()) {
    nud_on_link_layer_address(n, MacAddress::broadcast());
    cache_.refile(n);
  }
  return n;
}

void NeighborDiscovery::send(Packet packet, const Ipv6Address& next_hop) {
  send(std::move(packet), neighbor(next_hop));
}

void NeighborDiscovery::send(Packet packet, Neighbor& n) {
  if (n.ready(now())) [[likely]] return interface().transmit(std::move(packet), n.mac);
  if (n.watched) return send_watched(std::move(packet), n.address);
  send_unconfirmed(std::move(packet), n);
}

// RFC 4191 §3.5. The entry may go, when room is made for that of a router that is asked for.
void NeighborDiscovery::send_watched(Packet packet, const Ipv6Address& address) {
  routers().on_traffic(address, Ipv6HeaderView::check(packet.bytes())->destination());
  Neighbor& n = neighbor(address);
  if (n.reachable(now())) return interface().transmit(std::move(packet), n.mac);
  send_unconfirmed(std::move(packet), n);
}

void NeighborDiscovery::send_unconfirmed(Packet packet, Neighbor& n) {
  if (!n.mac_known()) return queue(std::move(packet), n);
  const State before = n.state;
  nud_on_packet_sent(n, now());
  const MacAddress mac = n.mac;
  if (n.state != before) {
    cache_.refile(n);
    arm();
  }
  interface().transmit(std::move(packet), mac);
}

void NeighborDiscovery::queue(Packet packet, Neighbor& n) {
  if (!interface().up()) return stack().drop(kNdLinkDown, packet.bytes());
  // RFC 4429 §3.2: no address resolution for a packet from an optimistic address. A default router may carry it;
  // otherwise it waits for the end of Duplicate Address Detection.
  const InterfaceAddress* own = interface().find_address(source_of(packet));
  const bool optimistic = own != nullptr && own->state == AddressState::Optimistic;
  if (optimistic && send_by_default_router(packet, n)) return;
  const HoldQueueBounds bounds{.datagrams = std::max<std::size_t>(stack().config().max_neighbor_queue, 1)};
  std::vector<Packet> waiting = n.queue.take();
  const std::vector<Packet> discarded = hold(waiting, std::move(packet), bounds);
  n.queue.put(std::move(waiting));
  for (const Packet& each : discarded) stack().drop(kNdQueueOverflow, each.bytes());
  if (!optimistic) apply(n, nud_on_packet_queued(n, now(), timing()));
}

bool NeighborDiscovery::send_by_default_router(Packet& packet, const Neighbor& n) {
  const auto router = selected_router();
  if (!router || *router == n.address || !link_layer_address_known(*router)) return false;
  send(std::move(packet), neighbor(*router));
  return true;
}

bool NeighborDiscovery::link_layer_address_known(const Ipv6Address& address) const {
  const Neighbor* n = cache_.find(address);
  return n != nullptr && n->mac_known();
}

void NeighborDiscovery::refile(Neighbor& n) {
  if (Neighbor* victim = cache_.victim_for(n, bounds())) discard(*victim, kNdCacheFull);
  cache_.refile(n);
}

// The entry may be gone when this returns.
void NeighborDiscovery::apply(Neighbor& n, const NudOutput& out) {
  const Ipv6Address address = n.address;
  refile(n);
  arm();
  if (out.gave_up) return give_up(n);
  // While no address may speak yet, nobody was asked: that does not count.
  if (out.solicit != Solicit::No && !solicit(n, out.solicit) && dad_.size() > 0) n.solicitations = 0;
  if (out.send_queued) flush_queue(n);
  if (out.ceased_to_route) {
    remove_redirects_by(address);
    if (known_routers() != nullptr) known_routers()->on_ceased_to_route(address);
  } else if ((out.send_queued || out.confirmed) && known_routers() != nullptr) {
    known_routers()->on_neighbor_reachable(address);
  }
}

const InterfaceAddress* NeighborDiscovery::solicitation_source(const Neighbor& n) const {
  // RFC 4861 §7.2.2: the source of the packet that waits, if it is an address of this interface.
  if (!n.queue.empty()) {
    const InterfaceAddress* own = interface().find_address(source_of(n.queue.front()));
    if (own != nullptr && may_solicit(*own)) return own;
  }
  const InterfaceAddress* any = nullptr;
  for (const auto& a : interface().addresses()) {
    if (!may_solicit(*a)) continue;
    if (a->address.is_link_local()) return a;
    if (any == nullptr) any = a;
  }
  return any;
}

bool NeighborDiscovery::solicit(const Neighbor& n, Solicit how) {
  const InterfaceAddress* source = solicitation_source(n);
  if (source == nullptr) return ask_for_home_agent(n);
  const bool unicast = how == Solicit::Unicast;
  const NdEndPoints between{source->address, unicast ? n.address : solicited_node(n.address)};
  PacketPool& packets = stack().node().packets();
  const NeighborSolicitation message{n.address};
  Packet packet = interface().has_link_layer_addresses()
                      ? nd_packet(packets, between, message, SourceLinkLayerAddress{interface().nic()->mac()})
                      : nd_packet(packets, between, message);
  stack().count(Ip6Stack::Counted::Sent);
  interface().transmit(std::move(packet), unicast ? n.mac : multicast_mac(between.destination));
  return true;
}

// RFC 6275 §11.5.5: a mobile node back home, with a Binding Update to send, must not speak as its home address, which
// the home agent defends. It asks from the unspecified address who that is.
bool NeighborDiscovery::ask_for_home_agent(const Neighbor& n) {
  const auto home = home_address_of_binding_update(n);
  if (!home) return false;
  const Ipv6Address destination = solicited_node(*home);
  transmit(nd_packet(stack().node().packets(), {kUnspecified, destination}, NeighborSolicitation{*home}),
           destination);
  return true;
}

std::optional<Ipv6Address> NeighborDiscovery::home_address_of_binding_update(const Neighbor& n) const {
  if (n.queue.empty()) return std::nullopt;
  const Ipv6HeaderView header = *Ipv6HeaderView::check(n.queue.front().bytes());
  const InterfaceAddress* own = interface().find_address(header.source());
  if (own == nullptr || !own->home_address || header.next_header() != NextHeader::Mobility) return std::nullopt;
  return own->address;
}

// The home agent's answer: an advertisement for our home address, with its own link-layer address.
bool NeighborDiscovery::hear_home_agent(const Ipv6Address& home, const MacAddress& mac) {
  Neighbor* home_agent = nullptr;
  cache_.for_each([&](Neighbor& n) {
    if (n.state == State::Incomplete && home_address_of_binding_update(n) == home) home_agent = &n;
  });
  if (home_agent == nullptr) return false;
  apply(*home_agent, nud_on_advertisement(*home_agent, now(), timing(),
                                          {.router = true, .solicited = true, .override = true, .mac = mac}));
  return true;
}

void NeighborDiscovery::flush_queue(Neighbor& n) {
  for (Packet& packet : n.queue.take()) send(std::move(packet), n);
}

// RFC 4861 §7.2.2, §7.3.3: no answer. The entry is deleted first, so that what follows finds the new state.
void NeighborDiscovery::give_up(Neighbor& n) {
  const Ipv6Address address = n.address;
  std::vector<Packet> waiting = n.queue.take();
  if (may_trace()) {
    stack().node().trace(kTraceNeighborUnreachable,
                         {{"interface", interface().name()}, {"neighbor", address.to_string()}});
  }
  cache_.remove(n);
  stack().invalidate_destinations();
  remove_redirects_by(address);
  if (known_routers() != nullptr) known_routers()->on_neighbor_unreachable(address);
  for (Packet& packet : waiting) {
    stack().drop(kNdUnresolved, packet.bytes());
    // RFC 4443 §3.1: the invoking packet is quoted as it came, with the hop limit that forwarding has lowered.
    if (stack().find_own_address(source_of(packet), &interface()) == nullptr) {
      const auto came_with = static_cast<std::uint8_t>(Ipv6HeaderView::check(packet.bytes())->hop_limit() + 1);
      Ipv6HeaderEditor(packet.mutable_data()).set_hop_limit(came_with);
    }
    stack().icmp6_error(
        Icmp6Error::destination_unreachable(DestinationUnreachableCode::AddressUnreachable, packet.bytes()),
        &interface());
  }
}

void NeighborDiscovery::discard(Neighbor& n, const DropInfo& reason) {
  for (const Packet& packet : n.queue.all()) stack().drop(reason, packet.bytes());
  cache_.remove(n);
  stack().invalidate_destinations();
}

void NeighborDiscovery::clear_neighbors(const DropInfo& reason) {
  std::vector<Neighbor*> all;
  cache_.for_each([&](Neighbor& n) {
    if (!n.permanent) all.push_back(&n);
  });
  for (Neighbor* n : all) discard(*n, reason);
  arm();
}

void NeighborDiscovery::confirm_reachable(const Ipv6Address& address) {
  if (Neighbor* n = cache_.find(address)) apply(*n, nud_on_confirmation(*n, now(), timing()));
}

void NeighborDiscovery::record(const Ipv6Address& address, const MacAddress& mac) {
  Neighbor& n = neighbor(address);
  apply(n, nud_on_link_layer_address(n, mac));
}

void NeighborDiscovery::probe(const Ipv6Address& address) {
  Neighbor& n = neighbor(address);
  apply(n, nud_probe(n, now(), timing()));
}

void NeighborDiscovery::probe_once(const Ipv6Address& address) {
  Neighbor& n = neighbor(address);
  apply(n, nud_probe_once(n, now(), timing()));
}

void NeighborDiscovery::pin(const Ipv6Address& address, bool pinned) {
  Neighbor* n = cache_.find(address);
  if (n == nullptr || n->pinned == pinned) return;
  n->pinned = pinned;
  cache_.refile(*n);
}

}  // namespace kamesim
