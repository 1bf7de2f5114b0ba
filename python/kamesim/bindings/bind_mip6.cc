// Mobile IPv6: the roles of a node, and the log of signalling messages.
#include <algorithm>

#include <pybind11/stl.h>

#include "protocols/mip6/mobile_ipv6.h"
#include "python/kamesim/bindings/world.h"
#include "sim/node.h"

namespace kamesim::python {

namespace {

void start_home_agent(MobileIpv6& mip6, EthernetInterface& home_link, std::int64_t max_lifetime_ns) {
  mip6.start_home_agent(home_link, {.max_lifetime = Duration::nanoseconds(max_lifetime_ns)});
}

void start_mobile_node(MobileIpv6& mip6, EthernetInterface& interface, const std::string& home_address,
                       std::uint8_t home_prefix_length, const std::string& home_agent, std::int64_t lifetime_ns,
                       bool route_optimization, bool acknowledge_correspondents, bool reuse_tokens) {
  if (mip6.mobile_node()) throw SimulationError("the node is a mobile node already");
  mip6.start_mobile_node(interface, {.home_address = parse_address(home_address),
                                     .home_prefix_length = home_prefix_length,
                                     .home_agent = parse_address(home_agent),
                                     .lifetime = Duration::nanoseconds(lifetime_ns),
                                     .route_optimization = route_optimization,
                                     .acknowledge_correspondents = acknowledge_correspondents,
                                     .reuse_tokens = reuse_tokens});
}

const char* location(MobileIpv6& mip6) {
  if (!mip6.mobile_node()) return "none";
  switch (mip6.mobile_node()->location()) {
    case MovementDetector::Location::Home: return "home";
    case MovementDetector::Location::Foreign: return "foreign";
    case MovementDetector::Location::Unknown: return "unknown";
  }
  return "";
}

py::object care_of(MobileIpv6& mip6) {
  if (!mip6.mobile_node() || !mip6.mobile_node()->care_of()) return py::none();
  return py::str(mip6.mobile_node()->care_of()->to_string());
}

// Sorted by home address, so that the order means something.
py::list binding_cache(MobileIpv6& mip6) {
  const BindingCache& cache = mip6.binding_cache();
  std::vector<BindingCacheEntry> entries;
  for (const RegistrationType type : {RegistrationType::Home, RegistrationType::Correspondent}) {
    for (const Ipv6Address& home : cache.home_addresses(type)) {
      if (const BindingCacheEntry* entry = cache.find(home); entry->valid) entries.push_back(*entry);
    }
  }
  std::ranges::sort(entries, {}, &BindingCacheEntry::home_address);
  py::list rows;
  for (const BindingCacheEntry& e : entries) {
    rows.append(py::make_tuple(e.home_address.to_string(), e.care_of.to_string(), e.type == RegistrationType::Home,
                               e.sequence.value(), e.expires.ns()));
  }
  return rows;
}

py::list messages(const MessageLog& log) {
  py::list rows;
  for (const LoggedMessage& m : log.messages()) {
    rows.append(py::make_tuple(m.time.ns(), m.nic->node().name(), m.nic->name(), m.direction == Direction::kOut,
                               m.label, m.detail, m.source.to_string(), m.destination.to_string(), m.tunnelled,
                               m.identity));
  }
  return rows;
}

}  // namespace

void bind_mip6(py::module_& m) {
  py::class_<MobileIpv6>(m, "MobileIpv6", "Mobile IPv6 on a node (RFC 6275): a correspondent, and more if started.")
      .def("start_home_agent", &start_home_agent, "home_link"_a, "max_lifetime_ns"_a,
           "Serves the prefixes of the interface's global addresses.")
      .def("start_mobile_node", &start_mobile_node, "interface"_a, "home_address"_a, "home_prefix_length"_a,
           "home_agent"_a, "lifetime_ns"_a, "route_optimization"_a, "acknowledge_correspondents"_a, "reuse_tokens"_a)
      .def_property_readonly("location", &location, "'home', 'foreign', 'unknown'; 'none' if not a mobile node.")
      .def_property_readonly("care_of", &care_of, "The primary care-of address, or None.")
      .def_property_readonly(
          "registered", [](MobileIpv6& mip6) { return mip6.mobile_node() && mip6.mobile_node()->registered(); },
          "Whether the home agent has accepted a binding that still lives.")
      .def("binding_cache", &binding_cache,
           "(home address, care-of address, home registration, sequence, expires in ns), sorted.");

  py::class_<MessageLog>(m, "MessageLog", "The signalling messages that left and reached the watched interfaces.")
      .def("watch", [](MessageLog& log, EthernetInterface& interface) { interface.nic()->add_observer(&log); },
           "interface"_a)
      .def("messages", &messages,
           "(time in ns, node, interface, sent, label, detail, source, destination, tunnelled, identity).")
      .def("clear", &MessageLog::clear);
}

MobileIpv6& enable_mobile_ipv6(Host& host) { return host.start<MobileIpv6>(host.sockets()); }

}  // namespace kamesim::python
