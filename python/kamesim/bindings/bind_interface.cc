// Interfaces of a host.
#include <pybind11/stl.h>

#include "protocols/inverse_nd/inverse_nd.h"
#include "protocols/ip4/stack.h"
#include "protocols/ip6/neighbor_discovery.h"
#include "protocols/wire/ipv4_address.h"
#include "python/kamesim/bindings/world.h"
#include "sim/medium.h"

namespace kamesim::python {

namespace {

std::vector<std::string> addresses(const Interface& interface) {
  std::vector<std::string> texts;
  for (const auto& a : interface->addresses()) texts.push_back(a->address.to_string());
  return texts;
}

std::vector<std::string> ipv4_addresses(const Interface& interface) {
  std::vector<std::string> texts;
  const Ip4Part* ip4 = interface->stack().ip4();
  if (ip4 == nullptr) return texts;
  for (const auto& a : ip4->addresses(interface.now())) texts.push_back(ip_to_string(a->address));
  return texts;
}

const char* state_name(const Neighbor& neighbor, Time now) {
  switch (neighbor.state) {
    case Neighbor::State::None: return "none";
    case Neighbor::State::Incomplete: return "incomplete";
    case Neighbor::State::Reachable: return neighbor.reachable(now) ? "reachable" : "stale";
    case Neighbor::State::Stale: return "stale";
    case Neighbor::State::Delay: return "delay";
    case Neighbor::State::Probe: return "probe";
  }
  return "";
}

py::list neighbors(const Interface& interface) {
  py::list rows;
  interface->nd()->cache().for_each([&](const Neighbor& n) {
    if (n.state == Neighbor::State::None) return;
    const py::object mac = n.mac_known() ? py::object(py::str(n.mac.to_string())) : py::none();
    rows.append(py::make_tuple(n.address.to_string(), mac, state_name(n, interface->stack().now()), n.is_router,
                               n.permanent, n.queue.size()));
  });
  if (const Ip4Part* ip4 = interface->stack().ip4()) {
    for (const Ip4Part::Neighbor& n : ip4->neighbors(interface.now())) {
      const py::object mac = n.mac ? py::object(py::str(n.mac->to_string())) : py::none();
      rows.append(py::make_tuple(ip_to_string(n.address), mac, n.mac ? "reachable" : "incomplete", false, n.permanent,
                                 n.waiting));
    }
  }
  return rows;
}

// When a lifetime that begins now is over. None: never.
Time end_of(const Interface& interface, std::optional<std::int64_t> lifetime_ns) {
  return lifetime_ns ? interface->stack().now() + Duration::nanoseconds(*lifetime_ns) : Time::max();
}

void add_address(const Interface& interface, const std::string& address, unsigned prefix_length, bool anycast,
                 bool dad, std::optional<std::int64_t> preferred_ns, std::optional<std::int64_t> valid_ns) {
  const Ipv6Address parsed = parse_address(address);
  if (parsed.is_v4_mapped()) {
    interface.host().ip4();
    prefix_length += kV4MappedLength;
  }
  interface->stack().add_address(interface.now(), {.address = parsed,
                                            .prefix_length = static_cast<std::uint8_t>(prefix_length),
                                            .anycast = anycast,
                                            .skip_dad = !dad,
                                            .preferred_until = end_of(interface, preferred_ns),
                                            .valid_until = end_of(interface, valid_ns)});
}

py::object time_or_none(Time t) { return t == Time::max() ? py::object(py::none()) : py::int_(t.ns()); }

py::tuple host_information(const Interface& interface) {
  const HostInformation* told = interface->nd()->routers().information();
  const HostInformation nothing(0);
  const HostInformation& i = told != nullptr ? *told : nothing;
  const Time now = interface->stack().now();
  py::list servers, domains;
  for (const auto& s : i.dns_servers(now)) servers.append(py::make_tuple(s.address.to_string(), time_or_none(s.expires)));
  for (const auto& d : i.search_domains(now)) domains.append(py::make_tuple(d.name, time_or_none(d.expires)));
  return py::make_tuple(i.managed, i.other_configuration, servers, domains, i.captive_portal, i.flags_expansion);
}

py::dict counters(const Interface& interface) {
  const NicCounters& c = interface.nic().counters();
  return py::dict("sent_frames"_a = c.sent_frames, "sent_bytes"_a = c.sent_bytes,
                  "received_frames"_a = c.received_frames, "received_bytes"_a = c.received_bytes);
}

}  // namespace

EthernetInterface& Interface::now() const {
  EthernetInterface* interface = host_->stack().interface_on(*nic_);
  if (interface != nullptr) return *interface;
  throw SimulationError("node '" + nic_->node().name() + "': IPv6 does not run on " + nic_->name() + " any more");
}

void bind_interface(py::module_& m) {
  py::class_<Interface>(m, "Interface", "An Ethernet interface of a host, with its NIC.")
      .def_property_readonly("name", [](const Interface& i) { return i.nic().name(); })
      .def_property_readonly("mac", [](const Interface& i) { return i.nic().mac().to_string(); })
      .def_property_readonly("index", [](const Interface& i) { return i->index(); })
      .def_property_readonly("up", [](const Interface& i) { return i->up(); })
      .def_property_readonly("mtu", [](const Interface& i) { return i->mtu(); })
      .def_property_readonly("largest_mtu", [](const Interface& i) { return i->largest_mtu(); })
      .def(
          "set_mtu", [](const Interface& i, std::uint32_t mtu) { i->set_configured_mtu(mtu); }, "mtu"_a,
          "0: the link's.")
      .def_property_readonly(
          "medium",
          [](const Interface& i) -> std::optional<std::string> {
            if (i.nic().medium() == nullptr) return std::nullopt;
            return i.nic().medium()->name();
          },
          "The name of the link, LAN or cell it is attached to.")
      .def_property(
          "enabled", [](const Interface& i) { return i.nic().enabled(); },
          [](const Interface& i, bool enabled) { i.nic().set_enabled(enabled); })
      .def("addresses", &addresses)
      .def("ipv4_addresses", &ipv4_addresses)
      .def("add_address", &add_address, "address"_a, "prefix_length"_a, "anycast"_a, "dad"_a,
           "preferred_ns"_a, "valid_ns"_a, "Lifetimes in ns, None: for ever. Of an address that is there: renews them.")
      .def(
          "remove_address",
          [](const Interface& i, const std::string& address) {
            return i->stack().remove_address(i.now(), parse_address(address));
          },
          "address"_a, "False if it has no such address.")
      .def(
          "add_proxy",
          [](const Interface& i, const std::string& address) {
            return i->nd()->add_given_proxy(parse_address(address));
          },
          "address"_a, "False: it is there already.")
      .def(
          "remove_proxy",
          [](const Interface& i, const std::string& address) {
            return i->nd()->remove_given_proxy(parse_address(address));
          },
          "address"_a, "False: it is not there.")
      .def(
          "ask_addresses",
          [](const Interface& i, Host& host, const std::string& mac) {
            InverseDiscovery* inverse = host.inverse_discovery();
            return inverse != nullptr && inverse->ask(i.now(), *parse_mac(mac));
          },
          "host"_a, "mac"_a, "False: it cannot ask now, or has asked.")
      .def("proxies",
           [](const Interface& i) {
             std::vector<std::string> texts;
             for (const Ipv6Address& a : i->nd()->given_proxies()) texts.push_back(a.to_string());
             return texts;
           })
      .def_property(
          "link_layer_addresses", [](const Interface& i) { return i->has_link_layer_addresses(); },
          [](const Interface& i, bool on) { i->set_link_layer_addresses(on); })
      .def_property(
          "multicast_scope_boundary", [](const Interface& i) { return static_cast<int>(i->multicast_scope_boundary); },
          [](const Interface& i, int scope) { i->multicast_scope_boundary = static_cast<Scope>(scope); })
      .def_property(
          "multicast_hop_threshold", [](const Interface& i) { return i->multicast_hop_threshold; },
          [](const Interface& i, std::uint8_t hops) { i->multicast_hop_threshold = hops; })
      .def_property(
          "prefer_source", [](const Interface& i) { return i->prefer_source; },
          [](const Interface& i, bool on) {
            i->prefer_source = on;
            i->stack().invalidate_destinations();
          })
      .def_property_readonly("point_to_point", [](const Interface& i) { return i->point_to_point(); })
      .def("host_information", &host_information,
           "(managed, other configuration, DNS servers and search domains with their ends in ns or None, captive "
           "portal, flags).")
      .def("neighbors", &neighbors, "(address, MAC address or None, state, is a router, given by hand, packets that wait).")
      .def("counters", &counters, "Frames and bytes of the NIC, by name.");
}

}  // namespace kamesim::python
