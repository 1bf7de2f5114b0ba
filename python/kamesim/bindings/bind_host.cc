// Hosts and routers: what runs on a node.
#include <pybind11/stl.h>

#include "protocols/ip6/ip4_part.h"
#include "protocols/ip6/tunnel.h"
#include "protocols/mip6/mobile_ipv6.h"
#include "protocols/wire/ipv4_address.h"
#include "python/kamesim/bindings/names.h"
#include "python/kamesim/bindings/bind_mcoa.h"
#include "python/kamesim/bindings/world.h"
#include "sim/mobility.h"
#include "sim/node.h"

namespace kamesim::python {

const char* kind_name(RouteKind kind) {
  switch (kind) {
    case RouteKind::Unicast: return "unicast";
    case RouteKind::Local: return "local";
    case RouteKind::Proxied: return "proxied";
    case RouteKind::Reject: return "reject";
    case RouteKind::Blackhole: return "blackhole";
  }
  return "";
}

const char* origin_name(RouteOrigin origin) {
  switch (origin) {
    case RouteOrigin::Connected: return "connected";
    case RouteOrigin::Static: return "static";
    case RouteOrigin::RouterAdvertisement: return "router advertisement";
    case RouteOrigin::Redirect: return "redirect";
    case RouteOrigin::Mobility: return "mobility";
    case RouteOrigin::Daemon: return "shortest path";
  }
  return "";
}

namespace {

RouteKind kind_of(const std::string& name) {
  if (name == "reject") return RouteKind::Reject;
  if (name == "blackhole") return RouteKind::Blackhole;
  return RouteKind::Unicast;
}

const char* state_name(AddressState state) {
  switch (state) {
    case AddressState::Tentative: return "tentative";
    case AddressState::Optimistic: return "optimistic";
    case AddressState::Preferred: return "preferred";
    case AddressState::Deprecated: return "deprecated";
    case AddressState::Duplicated: return "duplicated";
  }
  return "";
}

const char* address_origin_name(AddressOrigin origin) {
  switch (origin) {
    case AddressOrigin::LinkLocal: return "link-local";
    case AddressOrigin::Manual: return "manual";
    case AddressOrigin::Autoconfigured: return "autoconfigured";
    case AddressOrigin::Home: return "home";
    case AddressOrigin::SubnetRouter: return "subnet-router";
  }
  return "";
}

// None: for ever.
py::object time_or_none(Time t) { return t == Time::max() ? py::object(py::none()) : py::int_(t.ns()); }

py::list addresses(const Host& host) {
  py::list rows;
  for (const auto& interface : host.stack().interfaces()) {
    if (interface->is_loopback()) continue;
    for (const auto& a : interface->addresses()) {
      // Of another link than the present one, as far as is known: assigned, but no source (nd.md).
      const char* state = a->detached && a->assigned() ? "detached" : state_name(a->state);
      rows.append(py::make_tuple(interface->name(), a->address.to_string(), a->prefix_length, state,
                                 address_origin_name(a->origin), time_or_none(a->preferred_until()),
                                 time_or_none(a->valid_until())));
    }
  }
  return rows;
}

// The same of IPv4; the length is that of IPv4's prefix.
py::list ipv4_addresses(const Host& host) {
  py::list rows;
  const Ip4Part* ip4 = host.stack().ip4();
  if (ip4 == nullptr) return rows;
  for (const auto& interface : host.stack().interfaces()) {
    for (const auto& a : ip4->addresses(*interface)) {
      rows.append(py::make_tuple(interface->name(), ip_to_string(a->address), a->prefix_length - kV4MappedLength,
                                 state_name(a->state), address_origin_name(a->origin), time_or_none(a->preferred_until()),
                                 time_or_none(a->valid_until())));
    }
  }
  return rows;
}

py::list routes(Host& host) {
  py::list rows;
  for (const Route& r : host.stack().routes().all()) {
    const py::object next_hop = r.on_link() ? py::object(py::none()) : py::str(ip_to_string(r.next_hop));
    rows.append(py::make_tuple(ip_to_string(r.prefix), next_hop, r.interface->name(), kind_name(r.kind),
                               origin_name(r.origin), r.metric, r.mtu));
  }
  return rows;
}

void add_route(Host& host, const std::string& prefix, const std::string& interface,
               const std::optional<std::string>& next_hop, const std::string& kind, std::uint32_t metric,
               std::uint32_t mtu) {
  host.stack().routes().add({.prefix = parse_prefix(prefix),
                             .interface = host.stack().find_interface(interface),
                             .next_hop = parse_address_or_unspecified(next_hop),
                             .kind = kind_of(kind),
                             .origin = RouteOrigin::Static,
                             .metric = metric,
                             .mtu = mtu});
}

std::size_t remove_route(Host& host, const std::string& prefix_text, const std::optional<std::string>& next_hop_text) {
  const Ipv6Prefix prefix = parse_prefix(prefix_text);
  const Ipv6Address next_hop = parse_address_or_unspecified(next_hop_text);
  return host.stack().routes().remove_if([&](const Route& r) {
    return r.origin == RouteOrigin::Static && r.prefix == prefix && (!next_hop_text || r.next_hop == next_hop);
  });
}

// The interface by which a packet to the address would leave; None without a route.
py::object route_interface(Host& host, const std::string& destination) {
  const auto route = host.stack().routes().lookup(parse_address(destination));
  return !route ? py::object(py::none()) : py::str(route->interface->name());
}

py::list drops(Host& host) {
  py::list rows;
  for (const auto& [reason, count] : host.node().drops()) {
    rows.append(py::make_tuple(reason->name, reason->rule, count));
  }
  return rows;
}

py::dict counters(Host& host) {
  const Ip6Stack::Counters& c = host.stack().counters();
  return py::dict("received"_a = c.received, "delivered"_a = c.delivered, "forwarded"_a = c.forwarded,
                  "sent"_a = c.sent, "icmp6_errors_sent"_a = c.icmp6_errors_sent,
                  "icmp6_errors_limited"_a = c.icmp6_errors_limited);
}

py::list trace(Host& host) {
  py::list rows;
  for (const TraceRecord& record : host.node().trace_records()) {
    py::dict fields;
    for (const TraceField& field : record.fields) fields[py::str(std::string(field.name))] = py::cast(field.value);
    rows.append(py::make_tuple(record.time.ns(), record.kind->name, fields));
  }
  return rows;
}

std::optional<std::pair<double, double>> position(const Host& host) {
  const Mobility* mobility = host.node().mobility();
  if (mobility == nullptr) return std::nullopt;
  const Position p = mobility->position_at(host.node().now());
  return std::pair(p.x, p.y);
}

using WaypointTuple = std::tuple<std::int64_t, double, double>;

void set_waypoints(Host& host, const std::vector<WaypointTuple>& tuples) {
  std::vector<Waypoint> waypoints;
  for (const auto& [time_ns, x, y] : tuples) waypoints.push_back({Time::from_ns(time_ns), {x, y}});
  host.node().set_mobility(std::make_unique<WaypointMobility>(std::move(waypoints)));
}

std::vector<WaypointTuple> waypoints(const Host& host) {
  std::vector<WaypointTuple> tuples;
  const auto* mobility = dynamic_cast<const WaypointMobility*>(host.node().mobility());
  if (mobility == nullptr) return tuples;
  for (const Waypoint& w : mobility->waypoints()) tuples.emplace_back(w.time.ns(), w.position.x, w.position.y);
  return tuples;
}

}  // namespace

void bind_host(py::module_& m) {
  py::class_<Host> host(m, "Host", "What runs on a node: the IPv6 stack, its sockets and daemons.");
  def_ip6(host);
  def_tunnels(m, host);
  def_ipsec(m, host);
  host.def_property_readonly("name", [](const Host& h) { return h.node().name(); })
      .def_property_readonly("forwarding", [](const Host& h) { return h.stack().forwarding(); })
      .def(
          "add_interface",
          [](Host& h, const std::string& name, const std::optional<std::string>& mac) {
            Nic& nic = h.node().add_nic(name, parse_mac(mac));
            h.add_interface(nic);
            return Interface(h, nic);
          },
          "name"_a, "mac"_a, py::keep_alive<0, 1>(),
          "A new interface, on no link yet. An empty name becomes 'eth<n>'; without a MAC address one is made up.")
      .def("ipv4_addresses", &ipv4_addresses, "As addresses, of IPv4.")
      .def("addresses", &addresses,
           "(interface, address, prefix length, state, origin, preferred until, valid until); times in ns, None: for "
           "ever.")
      .def("routes", &routes, "(prefix, next hop or None, interface, kind, origin, metric), sorted by prefix.")
      .def("add_route", &add_route, "prefix"_a, "interface"_a, "next_hop"_a, "kind"_a, "metric"_a,
           "mtu"_a, "MTU 0: the link's.")
      .def("remove_route", &remove_route, "prefix"_a, "next_hop"_a,
           "Removes static routes; next hop None: any. Returns how many.")
      .def("route_interface", &route_interface, "destination"_a)
      .def("ping", &ping, "destination"_a, "source"_a, "interface"_a, "count"_a, "data_bytes"_a, "interval_ns"_a,
           "hop_limit"_a, py::return_value_policy::reference_internal)
      .def(
          "advertise",
          [](Host& h, const Interface& interface, const RouterAdvertisementConfig& config) {
            h.router_advertisements().advertise(interface.now(), config);
          },
          "interface"_a, "config"_a, "Sends Router Advertisements on the interface, or changes what they say.")
      .def(
          "cease_advertising",
          [](Host& h, const Interface& interface) { h.router_advertisements().cease(interface.now()); }, "interface"_a,
          "With final advertisements (RFC 4861 section 6.2.5).")
      .def("advertising_counters",
           [](Host& h) {
             const auto& c = h.router_advertisements().counters();
             return py::dict("solicitations"_a = c.solicitations, "multicast_sent"_a = c.multicast_sent,
                             "unicast_sent"_a = c.unicast_sent, "inconsistent"_a = c.inconsistent);
           })
      .def("drops", &drops, "(reason, rule, count), sorted by reason.")
      .def("counters", &counters, "Packets of the IPv6 layer, by name.")
      .def_property_readonly("position", &position, "(x, y) in metres at the present time; None: without a place.")
      .def("waypoints", &waypoints, "(time in ns, x, y), in the order of time.")
      .def("set_waypoints", &set_waypoints, "waypoints"_a)
      .def("enable_trace", [](Host& h) { h.node().enable_trace(); })
      .def("enable_drop_trace", [](Host& h) { h.node().enable_drop_trace(); })
      .def("trace", &trace, "(time in ns, kind, fields), in the order of time.");
  bind_controls(host);
  bind_mobile_ip(host);
  bind_proxy_mobile_ip(host);
  bind_multihomed_mobile_ip(host);
}

}  // namespace kamesim::python
