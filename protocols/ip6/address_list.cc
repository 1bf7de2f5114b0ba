// The addresses of a node: assigning and removing them, and the routes that go with them.
#include <algorithm>

#include "protocols/ip6/ip4_part.h"
#include "protocols/ip6/neighbor_discovery.h"
#include "protocols/ip6/stack.h"

namespace kamesim {

namespace {

using Kind = RoutingMessage::Kind;

// RFC 5072 §5: where the two ends of a link negotiate their interface identifiers, a test of the addresses made of them
// is redundant.
bool has_negotiated_identifier(const Ip6Interface& interface, AddressOrigin origin) {
  return !interface.has_link_layer_addresses() &&
         (origin == AddressOrigin::LinkLocal || origin == AddressOrigin::Autoconfigured);
}

// RFC 4862 §5.4: every unicast address, whatever its origin, except anycast ones; not where there is no link.
bool needs_dad(const Ip6Interface& interface, const Ip6Stack::NewAddress& address) {
  return interface.nd() != nullptr && !has_negotiated_identifier(interface, address.origin) && !address.skip_dad && !address.anycast &&
         interface.stack().config().dup_addr_detect_transmits > 0;
}

// A link-local address is told apart by its zone, so it has no entry in the routing table. What is sent to a
// tentative address is discarded (RFC 4862 §5.4).
void add_local_route(RouteTable& routes, const InterfaceAddress& a) {
  if (a.address.is_link_local()) return;
  routes.add_of(a, a.assigned() ? RouteKind::Local : RouteKind::Blackhole);
}

void remove_local_route(RouteTable& routes, const Ip6Interface& interface, const InterfaceAddress& a) {
  routes.remove_if([&](const Route& r) {
    return (r.kind == RouteKind::Local || r.kind == RouteKind::Blackhole) && r.interface == &interface &&
           r.origin == RouteOrigin::Connected && r.prefix == Ipv6Prefix(a.address, 128);
  });
}

}  // namespace

// RFC 4291 §2.6.1: a router has the Subnet-Router anycast address of each prefix of its links. Not of those with room
// for two addresses only (RFC 6164 §5.1).
void Ip6Stack::review_subnet_router_anycast(Ip6Interface& interface) {
  if (interface.nd() == nullptr) return;
  std::vector<Ipv6Prefix> wanted;
  if (config().forwarding && config().nd.subnet_router_anycast) {
    for (const auto& a : interface.addresses_) {
      const bool has_prefix = a->prefix_length > 0 && a->prefix_length < 127 && !a->address.is_link_local();
      if (a->origin == AddressOrigin::Manual && has_prefix) {
        wanted.push_back(a->prefix());
      }
    }
  }
  std::vector<Ipv6Address> unwanted;
  for (const auto& a : interface.addresses_) {
    if (a->origin != AddressOrigin::SubnetRouter) continue;
    if (std::ranges::find(wanted, a->prefix()) == wanted.end()) unwanted.push_back(a->address);
  }
  for (const Ipv6Address& address : unwanted) remove_address(interface, address);
  for (const Ipv6Prefix& prefix : wanted) {
    if (interface.find_address(prefix.address()) != nullptr) continue;
    add_address(interface, {.address = prefix.address(), .prefix_length = static_cast<std::uint8_t>(prefix.length()),
                            .origin = AddressOrigin::SubnetRouter, .anycast = true, .on_link_prefix = false});
  }
}

InterfaceAddress& Ip6Stack::add_address(Ip6Interface& interface, const NewAddress& request) {
  if (request.address.is_v4_mapped()) return ip4()->add_address(interface, request);
  if (InterfaceAddress* known = interface.find_address(request.address)) {
    known->set_lifetimes(request.preferred_until, request.valid_until);
    if (interface.nd() != nullptr) interface.nd()->on_lifetimes_set();
    return *known;
  }
  auto owned = std::make_unique<InterfaceAddress>();
  InterfaceAddress& a = *owned;
  a.address = request.address;
  a.prefix_length = request.prefix_length;
  a.origin = request.origin;
  a.anycast = request.anycast;
  a.home_address = request.home_address;
  a.skip_dad = request.skip_dad;
  a.temporary = request.temporary;
  a.set_lifetimes(request.preferred_until, request.valid_until);
  interface.addresses_.add(std::move(owned), interface);
  // RFC 4862 §5.4.2: before anything is sent for it, and for as long as the address is there (RFC 4291 §2.8).
  if (interface.nd() != nullptr) interface.join_group(solicited_node(a.address));
  if (request.on_link_prefix && request.origin == AddressOrigin::Manual && !a.address.is_link_local()) {
    routes_.add_of(a, RouteKind::Unicast);
  }
  invalidate_destinations();

  if (config().forwarding && request.origin == AddressOrigin::Manual) review_subnet_router_anycast(interface);
  if (!needs_dad(interface, request)) {
    a.state = AddressState::Preferred;
    notify({Kind::AddressAdded, &interface, a.address});
    finish_dad(interface, a, true);
    if (interface.nd() != nullptr) interface.nd()->on_lifetimes_set();
    return a;
  }
  await_dad(interface, a);
  notify({Kind::AddressAdded, &interface, a.address});
  if (interface.up()) interface.nd()->start_dad(a);
  return a;
}

void Ip6Stack::await_dad(Ip6Interface& interface, InterfaceAddress& a) {
  // RFC 4429 §3.1: not for manually configured addresses.
  const bool optimistic = config().optimistic_dad && a.origin != AddressOrigin::Manual &&
                          interface.nd()->allows_optimistic_address();
  a.state = optimistic ? AddressState::Optimistic : AddressState::Tentative;
  add_local_route(routes_, a);
}

void Ip6Stack::repeat_dad(Ip6Interface& interface, InterfaceAddress& a) {
  if (config().dup_addr_detect_transmits == 0 || a.skip_dad || has_negotiated_identifier(interface, a.origin)) {
    if (!a.assigned()) return finish_dad(interface, a, true);
    return address_changed(interface, a);
  }
  remove_local_route(routes_, interface, a);
  await_dad(interface, a);
  if (interface.up()) interface.nd()->start_dad(a);
  address_changed(interface, a);
}

bool Ip6Stack::remove_address(Ip6Interface& interface, Ipv6Address address) {
  if (address.is_v4_mapped()) return ip4() != nullptr && ip4()->remove_address(interface, address);
  InterfaceAddress* a = interface.find_address(address);
  if (a == nullptr) return false;
  if (interface.nd() != nullptr) {
    interface.nd()->cancel_dad(*a);
    interface.leave_group(solicited_node(address));
  }
  const Ipv6Prefix prefix = a->prefix();
  const bool manual = a->origin == AddressOrigin::Manual;
  remove_local_route(routes_, interface, *a);
  routes_.detach_from(*a);
  interface.addresses_.remove(*a);
  const bool prefix_in_use = std::ranges::any_of(interface.addresses_, [&](const auto& other) {
    return other->origin == AddressOrigin::Manual && other->prefix() == prefix;
  });
  if (manual && !prefix_in_use) {
    routes_.remove_if([&](const Route& r) {
      return r.kind == RouteKind::Unicast && r.origin == RouteOrigin::Connected && r.interface == &interface &&
             r.prefix == prefix;
    });
  }
  invalidate_destinations();
  notify({Kind::AddressRemoved, &interface, address});
  if (manual && config().forwarding) review_subnet_router_anycast(interface);
  return true;
}

void Ip6Stack::finish_dad(Ip6Interface& interface, InterfaceAddress& a, bool unique) {
  invalidate_destinations();
  if (!unique) {
    a.state = AddressState::Duplicated;
    remove_local_route(routes_, interface, a);
    notify({Kind::AddressDuplicated, &interface, a.address});
    return;
  }
  a.state = now() < a.preferred_until() ? AddressState::Preferred : AddressState::Deprecated;
  add_local_route(routes_, a);
  notify({Kind::AddressReady, &interface, a.address});
}

void Ip6Stack::address_changed(Ip6Interface& interface, InterfaceAddress& address) {
  invalidate_destinations();
  notify({Kind::AddressChanged, &interface, address.address});
}

InterfaceAddress* Ip6Stack::find_own_address(const Ipv6Address& address, const Ip6Interface* interface) const {
  if (address.is_v4_mapped()) return ip4() != nullptr ? ip4()->find_address(address, nullptr) : nullptr;
  if (interface != nullptr) {
    InterfaceAddress* a = interface->find_address(address);
    if (a != nullptr && a->assigned()) return a;
  }
  if (address.is_link_local()) return nullptr;
  if (address.is_loopback()) loopback();
  for (const auto& other : interfaces_) {
    if (other == nullptr) continue;  // the loopback interface, which has no other address
    InterfaceAddress* a = other->find_address(address);
    if (a != nullptr && a->assigned()) return a;
  }
  return nullptr;
}

}  // namespace kamesim
