// What is done to a node from outside: power, forwarding, entries by hand, and what its tables hold.
#include <algorithm>

#include <pybind11/stl.h>

#include "protocols/ip6/nd_drops.h"
#include "protocols/ip4/stack.h"
#include "protocols/ip6/multicast_forwarding.h"
#include "protocols/ip6/neighbor_discovery.h"
#include "protocols/rafixd/rafixd.h"
#include "python/kamesim/bindings/world.h"

namespace kamesim::python {

namespace {

// None: for ever.
py::object time_or_none(Time t) { return t == Time::max() ? py::object(py::none()) : py::int_(t.ns()); }
py::object time_or_none(const std::optional<Time>& t) { return t ? time_or_none(*t) : py::object(py::none()); }

const char* preference_name(RouterPreference preference) {
  switch (preference) {
    case RouterPreference::Low: return "low";
    case RouterPreference::Medium: return "medium";
    case RouterPreference::High: return "high";
  }
  return "";
}

RouterPreference preference_of(const std::string& name) {
  if (name == "low") return RouterPreference::Low;
  if (name == "high") return RouterPreference::High;
  return RouterPreference::Medium;
}

template <typename Call>
void for_each_link(Host& host, Call call) {
  for (const auto& interface : host.stack().interfaces()) {
    if (interface->nd() != nullptr) call(*interface, *interface->nd());
  }
}

py::list default_routers(Host& host) {
  py::list rows;
  for_each_link(host, [&](const Ip6Interface& interface, NeighborDiscovery& nd) {
    for (const DefaultRouter& r : nd.routers().default_routers().routers()) {
      rows.append(py::make_tuple(interface.name(), r.address.to_string(), preference_name(r.preference),
                                 time_or_none(r.expires), !r.suspect, nd.routers().selected() == r.address));
    }
  });
  return rows;
}

py::list prefixes(Host& host) {
  py::list rows;
  for_each_link(host, [&](const Ip6Interface& interface, NeighborDiscovery& nd) {
    for (const PrefixEntry& p : nd.routers().prefixes().entries()) {
      std::vector<std::string> routers;
      for (const Ipv6Address& router : p.routers) routers.push_back(router.to_string());
      rows.append(py::make_tuple(interface.name(), p.prefix.to_string(), p.on_link_until.has_value(),
                                 time_or_none(p.on_link_until), p.addresses_until.has_value(),
                                 time_or_none(p.addresses_until), p.detached, routers));
    }
  });
  return rows;
}

std::optional<Ipv6Address> parse_source(const std::optional<std::string>& text) {
  return text ? std::optional(parse_address(*text)) : std::nullopt;
}

void add_multicast_route(Host& host, const std::string& groups, const std::optional<std::string>& source,
                         const std::string& incoming, const std::vector<std::string>& outgoing) {
  MulticastRoute route{.groups = parse_prefix(groups), .source = parse_source(source),
                       .in = host.stack().find_interface(incoming), .out = {}};
  for (const std::string& name : outgoing) route.out.push_back(host.stack().find_interface(name));
  host.stack().multicast_forwarding().add(std::move(route));
  host.stack().on_multicast_forwarding_changed();
}

bool remove_multicast_route(Host& host, const std::string& groups, const std::optional<std::string>& source) {
  const bool removed = host.stack().multicast_forwarding().remove(parse_prefix(groups), parse_source(source));
  host.stack().on_multicast_forwarding_changed();
  return removed;
}

py::list multicast_routes(Host& host) {
  py::list rows;
  const MulticastForwarding* multicast = host.stack().multicast_forwarding_in_use();
  if (multicast == nullptr) return rows;
  for (const MulticastRoute& r : multicast->routes()) {
    py::list out;
    for (const Ip6Interface* interface : r.out) out.append(interface->name());
    rows.append(py::make_tuple(r.groups.to_string(), r.source ? py::object(py::str(r.source->to_string())) : py::none(),
                               r.in->name(), out, r.packets, r.bytes, r.wrong_interface));
  }
  return rows;
}

py::list groups(Host& host) {
  py::list rows;
  for (const auto& interface : host.stack().interfaces()) {
    for (const auto& [group, joins] : interface->groups().all()) {
      rows.append(py::make_tuple(interface->name(), group.to_string(), joins));
    }
  }
  return rows;
}

py::list destinations(Host& host) {
  std::vector<Destination> all = host.stack().destinations();
  std::ranges::sort(all, {}, [](const Destination& d) { return std::pair(d.address, d.zone ? d.zone->index() : 0); });
  py::list rows;
  for (const Destination& d : all) {
    if (d.interface == nullptr) continue;  // known to have no route
    rows.append(py::make_tuple(d.address.to_string(), d.interface->name(), d.next_hop.to_string(), d.mtu,
                               d.kind == RouteKind::Local));
  }
  return rows;
}

py::list path_mtus(Host& host) {
  const auto& entries = host.stack().path_mtu().entries();
  std::vector<std::pair<Ipv6Address, PathMtuTable::Entry>> all(entries.begin(), entries.end());
  std::ranges::sort(all, {}, &std::pair<Ipv6Address, PathMtuTable::Entry>::first);
  py::list rows;
  for (const auto& [destination, entry] : all) {
    if (entry.expires <= host.stack().now()) continue;
    rows.append(py::make_tuple(destination.to_string(), entry.mtu, time_or_none(entry.expires)));
  }
  return rows;
}

void clear_path_mtus(Host& host) {
  host.stack().path_mtu().clear();
  host.stack().invalidate_destinations();
}

py::dict reassembly(Host& host) {
  const Reassembler::Usage usage = host.stack().reassembler().usage();
  return py::dict("packets"_a = usage.packets, "fragments"_a = usage.fragments, "bytes"_a = usage.bytes);
}

bool set_default_router(Host&, const std::string& address, const Interface& interface,
                        std::optional<std::int64_t> lifetime_ns, const std::string& preference) {
  const Duration lifetime = lifetime_ns ? Duration::nanoseconds(*lifetime_ns) : Duration::max();
  return interface->nd()->routers().set_router(parse_address(address), lifetime, preference_of(preference));
}

void add_neighbor(Host&, const std::string& address, const std::string& mac, const Interface& interface,
                  bool is_router) {
  const Ipv6Address who = parse_address(address);
  if (who.is_v4_mapped()) return interface.host().ip4().add_neighbor(interface.now(), who, *parse_mac(mac));
  interface->nd()->add_static_neighbor({who, *parse_mac(mac), is_router});
}

void guard_advertisements(Host& host, const Interface& interface,
                          const std::optional<std::vector<std::string>>& routers,
                          const std::optional<std::vector<std::string>>& prefixes, bool cancel) {
  RogueRouterPolicy policy{.routers = {}, .prefixes = {}, .cancel = cancel};
  if (routers) {
    policy.routers.emplace();
    for (const std::string& router : *routers) policy.routers->push_back(parse_address(router));
  }
  if (prefixes) {
    policy.prefixes.emplace();
    for (const std::string& prefix : *prefixes) policy.prefixes->push_back(parse_prefix(prefix));
  }
  host.rogue_router_guard().policies[interface->name()] = std::move(policy);
}

void clear_neighbors(Host& host) {
  for_each_link(host, [](Ip6Interface&, NeighborDiscovery& nd) { nd.clear_neighbors(kNdRemoved); });
  if (Ip4Part* ip4 = host.stack().ip4()) ip4->forget_neighbors();
}

void clear_prefixes(Host& host) {
  for_each_link(host, [](Ip6Interface&, NeighborDiscovery& nd) {
    if (nd.routers_in_use() != nullptr) nd.routers().forget_prefixes();
  });
}

}  // namespace

bool run_until_quiet(World& world, const Host& host, std::int64_t until_ns, const py::function& dispatch) {
  const Time limit = Time::from_ns(until_ns);
  for (;;) {
    const auto quiet = host.quiet_from();
    const Time now = world.simulation.now();
    if (quiet && *quiet <= now) return true;
    if (now >= limit) return false;
    run(world, quiet ? std::min(*quiet, limit) : limit, dispatch, py::none(),
        [&] { return host.quiet_from() != quiet; });
    if (world.simulation.stop_requested()) return false;
  }
}

void bind_controls(py::class_<Host>& host) {
  host.def("reboot", &Host::reboot, "A power cycle that takes no time.")
      .def_property_readonly("boots", &Host::boots)
      .def("set_forwarding", &Host::set_forwarding, "on"_a)
      .def("set_default_router", &set_default_router, "address"_a, "interface"_a, "lifetime_ns"_a, "preference"_a,
           "A lifetime of None is for ever, of 0 takes it away. False: the list is full.")
      .def("default_routers", &default_routers,
           "(interface, address, preference, expires in ns, not known to be unreachable, selected).")
      .def("prefixes", &prefixes,
           "(interface, prefix, on-link, until, addresses formed, until, detached, routers); times in ns, None: for "
           "ever.")
      .def("clear_prefixes", &clear_prefixes, "And the addresses that were formed of them.")
      .def_property(
          "multicast_flood",
          [](const Host& h) {
            const MulticastForwarding* multicast = h.stack().multicast_forwarding_in_use();
            return multicast != nullptr && multicast->flood;
          },
          [](Host& h, bool on) {
            h.stack().multicast_forwarding().flood = on;
            h.stack().on_multicast_forwarding_changed();
          })
      .def("add_multicast_route", &add_multicast_route, "groups"_a, "source"_a, "incoming"_a, "outgoing"_a)
      .def("remove_multicast_route", &remove_multicast_route, "groups"_a, "source"_a, "False: there is none.")
      .def("multicast_routes", &multicast_routes,
           "(groups, source or None, incoming, [outgoing], packets, bytes, packets by a wrong interface).")
      .def("groups", &groups, "(interface, group, how often it was joined).")
      .def("destinations", &destinations, "(destination, interface, next hop, MTU, it is ours), by destination.")
      .def("clear_destination_cache", [](Host& h) { h.stack().clear_destination_cache(); })
      .def("path_mtus", &path_mtus, "(destination, MTU, expires in ns or None), by destination.")
      .def("clear_path_mtus", &clear_path_mtus)
      .def("reassembly", &reassembly, "What waits: packets, fragments, bytes.")
      .def("clear_reassembly", [](Host& h) { h.stack().reassembler().clear(); })
      .def("add_neighbor", &add_neighbor, "address"_a, "mac"_a, "interface"_a, "is_router"_a)
      .def(
          "remove_neighbor",
          [](Host&, const std::string& address, const Interface& interface) {
            const Ipv6Address who = parse_address(address);
            if (who.is_v4_mapped()) return interface.host().ip4().remove_neighbor(interface.now(), who);
            return interface->nd()->remove_neighbor(who);
          },
          "address"_a, "interface"_a, "False: there is no such entry.")
      .def_property("router_renumbering", &Host::router_renumbering, &Host::set_router_renumbering)
      .def("guard_advertisements", &guard_advertisements, "interface"_a, "routers"_a, "prefixes"_a, "cancel"_a,
           "None: any.")
      .def(
          "stop_guarding_advertisements",
          [](Host& h, const Interface& interface) {
            return h.rogue_router_guard().policies.erase(interface->name()) > 0;
          },
          "interface"_a, "False: it does not guard there.")
      .def("rogue_advertisements",
           [](Host& h) {
             const RogueRouterGuardSettings& guard = h.rogue_router_guard();
             return py::make_tuple(guard.rogue, guard.cancelled);
           })
      .def("clear_neighbors", &clear_neighbors, "But for those given by hand.");
}

}  // namespace kamesim::python
