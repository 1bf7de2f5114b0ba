#include "protocols/ip4/stack.h"

#include <algorithm>

#include "protocols/ip4/drops.h"

namespace kamesim {

namespace {

using Kind = RoutingMessage::Kind;

}  // namespace

Ip4Stack::Ip4Stack(Ip6Stack& common)
    : common_(common),
      reassembler_(common.mutable_config().reassembly, common.mutable_config().rules),
      identifications_(common.node().stream("ip4.identification")),
      reassembly_timer_(Timer::to<&Ip4Stack::expire_reassemblies>(common.node(), *this)) {
  common_.set_ip4(this);
}

Ip4Stack::~Ip4Stack() { common_.set_ip4(nullptr); }

// ---- Interfaces and addresses -----------------------------------------------------------------------------------

Ip4Stack::Interface* Ip4Stack::find(const Ip6Interface& interface) const {
  const auto it = std::ranges::find(interfaces_, &interface, [](const auto& i) { return i->link; });
  return it == interfaces_.end() ? nullptr : it->get();
}

Ip4Stack::Interface& Ip4Stack::of(Ip6Interface& interface) {
  if (Interface* known = find(interface)) return *known;
  Interface& fresh = *interfaces_.emplace_back(std::make_unique<Interface>());
  fresh.link = &interface;
  if (interface.nic() != nullptr) {
    fresh.arp = std::make_unique<ArpCache>(
        static_cast<EthernetInterface&>(interface),
        [this, &interface](Ipv4Bits towards) { return source_on(interface, towards); },
        [this](Packet packet) { unresolved(std::move(packet)); },
        [this, &interface](Ipv4Bits address, bool unique) { on_probed(interface, address, unique); });
  }
  return fresh;
}

ArpCache* Ip4Stack::arp(const Ip6Interface& interface) const {
  const Interface* known = find(interface);
  return known != nullptr ? known->arp.get() : nullptr;
}

const Ip4Part::Addresses& Ip4Stack::addresses(const Ip6Interface& interface) const {
  static const Addresses kNone;
  const Interface* known = find(interface);
  return known != nullptr ? known->addresses : kNone;
}

InterfaceAddress& Ip4Stack::add_address(Ip6Interface& interface, const Ip6Stack::NewAddress& request) {
  if (InterfaceAddress* known = find_any(request.address, &interface)) {
    known->set_lifetimes(request.preferred_until, request.valid_until);
    return *known;
  }
  Interface& on = of(interface);
  InterfaceAddress& a = *on.addresses.emplace_back(std::make_unique<InterfaceAddress>());
  a.address = request.address;
  a.prefix_length = request.prefix_length;
  a.origin = request.origin;
  a.home_address = request.home_address;
  a.skip_dad = request.skip_dad;
  a.set_lifetimes(request.preferred_until, request.valid_until);
  if (request.on_link_prefix && request.origin == AddressOrigin::Manual && a.prefix_length < 128) {
    common_.routes().add({.prefix = a.prefix(), .interface = &interface, .next_hop = {}, .origin = RouteOrigin::Connected});
  }
  common_.invalidate_destinations();
  common_.notify({Kind::AddressAdded, &interface, a.address});
  if (!is_probed(on, a)) {
    start_using(on, a);
  } else if (interface.up()) {
    on.arp->probe(ipv4_of(a.address));
  }
  return a;
}

// RFC 5227 §2.1, where the node is to do so.
bool Ip4Stack::is_probed(const Interface& on, const InterfaceAddress& a) const {
  return common_.config().nd.ipv4_probes && on.arp != nullptr && !a.skip_dad;
}

void Ip4Stack::start_using(Interface& on, InterfaceAddress& a) {
  a.state = AddressState::Preferred;
  common_.routes().add({.prefix = Ipv6Prefix(a.address, 128), .interface = on.link, .next_hop = {},
                        .kind = RouteKind::Local, .origin = RouteOrigin::Connected});
  common_.invalidate_destinations();
  common_.notify({Kind::AddressReady, on.link, a.address});
  if (on.arp != nullptr) on.arp->announce(ipv4_of(a.address));
}

void Ip4Stack::on_probed(Ip6Interface& interface, Ipv4Bits address, bool unique) {
  InterfaceAddress* a = find_any(v4_mapped(address), &interface);
  if (a == nullptr) return;
  if (unique) return start_using(of(interface), *a);
  a->state = AddressState::Duplicated;
  common_.notify({Kind::AddressDuplicated, &interface, a->address});
}

bool Ip4Stack::remove_address(Ip6Interface& interface, const Ipv6Address& address) {
  Interface* on = find(interface);
  if (on == nullptr) return false;
  const auto it = std::ranges::find(on->addresses, address, [](const auto& a) { return a->address; });
  if (it == on->addresses.end()) return false;
  const Ipv6Prefix prefix = (*it)->prefix();
  on->addresses.erase(it);
  if (on->arp != nullptr) on->arp->forget(ipv4_of(address));
  const bool prefix_in_use =
      std::ranges::any_of(on->addresses, [&](const auto& other) { return other->prefix() == prefix; });
  common_.routes().remove_if([&](const Route& r) {
    if (r.origin != RouteOrigin::Connected || r.interface != &interface) return false;
    if (r.kind == RouteKind::Local) return r.prefix == Ipv6Prefix(address, 128);
    return !prefix_in_use && r.prefix == prefix;
  });
  common_.invalidate_destinations();
  common_.notify({Kind::AddressRemoved, &interface, address});
  return true;
}

InterfaceAddress* Ip4Stack::find_address(const Ipv6Address& address, const Ip6Interface* interface) const {
  InterfaceAddress* found = find_any(address, interface);
  return found != nullptr && found->assigned() ? found : nullptr;
}

InterfaceAddress* Ip4Stack::find_any(const Ipv6Address& address, const Ip6Interface* interface) const {
  for (const auto& on : interfaces_) {
    if (interface != nullptr && on->link != interface) continue;
    for (const auto& a : on->addresses) {
      if (a->address == address) return a.get();
    }
  }
  return nullptr;
}

// RFC 1122 §3.3.4.3: an address of the interface that the packet leaves by: of the destination's subnet if there is one,
// else the first. A link without addresses of its own borrows another's (RFC 1812 §2.2.7).
const InterfaceAddress* Ip4Stack::select_source(const Ipv6Address& destination, const Ip6Interface* out) const {
  const InterfaceAddress* on_link = nullptr;
  const InterfaceAddress* other = nullptr;
  for (const auto& on : interfaces_) {
    for (const auto& a : on->addresses) {
      if (!a->assigned()) continue;
      if (a->address == destination) return a.get();
      const InterfaceAddress*& place = on->link == out ? on_link : other;
      const bool nearer = place != nullptr && a->prefix().contains(destination) && !place->prefix().contains(destination);
      if (place == nullptr || nearer) place = a.get();
    }
  }
  return on_link != nullptr ? on_link : other;
}

bool Ip4Stack::is_own_on(const Ip6Interface& interface, Ipv4Bits address) const {
  return find_address(v4_mapped(address), &interface) != nullptr;
}

bool Ip4Stack::answers_for(const Ip6Interface& interface, Ipv4Bits address) const {
  if (is_own_on(interface, address)) return true;
  const Interface* on = find(interface);
  return on != nullptr && std::ranges::find(on->proxied, address) != on->proxied.end();
}

bool Ip4Stack::is_broadcast_on(const Ip6Interface& interface, Ipv4Bits address) const {
  if (address == kIpv4LimitedBroadcast) return true;
  return std::ranges::any_of(addresses(interface), [&](const auto& a) {
    return ipv4_is_directed_broadcast(address, ipv4_of(a->address), a->prefix_length - kV4MappedLength);
  });
}

Ipv4Bits Ip4Stack::source_on(const Ip6Interface& interface, Ipv4Bits towards) const {
  const InterfaceAddress* chosen = select_source(v4_mapped(towards), &interface);
  return chosen != nullptr ? ipv4_of(chosen->address) : kIpv4Any;
}

// ---- Links ------------------------------------------------------------------------------------------------------

void Ip4Stack::on_frame(EthernetInterface& interface, EtherType type, Packet payload, bool group) {
  if (type == EtherType::Ipv4) return input(interface, std::move(payload), group);
  if (ArpCache* cache = arp(interface)) {
    cache->input(payload.bytes(), [&](Ipv4Bits address) { return answers_for(interface, address); });
  } else {
    drop(kArpNotAsked, payload.bytes());
  }
}

void Ip4Stack::on_link_change(EthernetInterface& interface, bool up) {
  Interface* on = find(interface);
  if (on == nullptr || on->arp == nullptr) return;
  on->arp->clear();
  on->arp->forget_guarded();
  if (!up) return;
  for (const auto& a : on->addresses) {
    if (!is_probed(*on, *a)) {
      on->arp->announce(ipv4_of(a->address));  // RFC 5227 §3
      continue;
    }
    // RFC 5227 §2.1: "when a link-state change signals that an Ethernet cable has been connected".
    a->state = AddressState::Tentative;
    common_.routes().remove_if([&](const Route& r) {
      return r.kind == RouteKind::Local && r.interface == &interface && r.prefix == Ipv6Prefix(a->address, 128);
    });
    common_.invalidate_destinations();
    common_.notify({Kind::AddressChanged, &interface, a->address});
    on->arp->probe(ipv4_of(a->address));
  }
}

void Ip4Stack::on_interface_removed(Ip6Interface& interface) {
  const Interface* on = find(interface);
  if (on == nullptr) return;
  while (!on->addresses.empty()) remove_address(interface, Ipv6Address(on->addresses.back()->address));
  std::erase_if(interfaces_, [&](const auto& i) { return i.get() == on; });
}

void Ip4Stack::send(EthernetInterface& interface, Packet packet, const Ipv6Address& next_hop) {
  const Ipv4Bits to = ipv4_of(next_hop);
  if (is_broadcast_on(interface, to)) {
    constexpr MacAddress kBroadcast({0xff, 0xff, 0xff, 0xff, 0xff, 0xff});
    return interface.transmit(std::move(packet), kBroadcast, EtherType::Ipv4);
  }
  of(interface).arp->send(std::move(packet), to);
}

void Ip4Stack::add_neighbor(EthernetInterface& interface, const Ipv6Address& address, MacAddress mac) {
  of(interface).arp->add_permanent(ipv4_of(address), mac);
}

bool Ip4Stack::remove_neighbor(EthernetInterface& interface, const Ipv6Address& address) {
  ArpCache* cache = arp(interface);
  return cache != nullptr && cache->remove(ipv4_of(address));
}

std::vector<Ip4Part::Neighbor> Ip4Stack::neighbors(const Ip6Interface& interface) const {
  std::vector<Neighbor> rows;
  const ArpCache* cache = arp(interface);
  if (cache == nullptr) return rows;
  for (const auto& [address, entry] : cache->entries()) {
    rows.push_back({v4_mapped(address), entry.known ? std::optional(entry.mac) : std::nullopt, entry.permanent,
                    entry.queue.size()});
  }
  return rows;
}

void Ip4Stack::forget_neighbors() {
  for (const auto& on : interfaces_) {
    if (on->arp != nullptr) on->arp->clear();
  }
}

void Ip4Stack::add_proxy(EthernetInterface& interface, const Ipv6Address& address) {
  if (answers_for(interface, ipv4_of(address))) return;
  Interface& on = of(interface);
  on.proxied.push_back(ipv4_of(address));
  on.arp->announce(ipv4_of(address));  // it takes the place of the other in the neighbours' caches
}

void Ip4Stack::remove_proxy(EthernetInterface& interface, const Ipv6Address& address) {
  Interface* on = find(interface);
  if (on == nullptr || std::erase(on->proxied, ipv4_of(address)) == 0) return;
  on->arp->forget(ipv4_of(address));
}

void Ip4Stack::ask_for(EthernetInterface& interface, const Ipv6Address& address) {
  of(interface).arp->ask_for(ipv4_of(address));
}

void Ip4Stack::set_neighbor_listener(EthernetInterface& interface, Heard heard) {
  of(interface).arp->set_listener(std::move(heard));
}

// RFC 1122 §2.3.2.1, RFC 1812 §5.2.7.1: the destination is said to be unreachable; also to this node itself.
void Ip4Stack::unresolved(Packet packet) {
  drop(kArpUnresolved, packet.bytes());
  send_icmp({Icmp4Type::DestinationUnreachable, static_cast<std::uint8_t>(Icmp4UnreachableCode::Host)}, packet.bytes(),
            nullptr, false);
}

}  // namespace kamesim
