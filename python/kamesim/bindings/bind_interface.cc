// Interfaces of a host.
#include <pybind11/stl.h>

#include "protocols/ip6/neighbor_discovery.h"
#include "python/kamesim/bindings/world.h"
#include "sim/medium.h"

namespace kamesim::python {

namespace {

std::vector<std::string> addresses(const EthernetInterface& interface) {
  std::vector<std::string> texts;
  for (const auto& a : interface.addresses()) texts.push_back(a->address.to_string());
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

py::list neighbors(EthernetInterface& interface) {
  py::list rows;
  interface.nd()->cache().for_each([&](const Neighbor& n) {
    if (n.state == Neighbor::State::None) return;
    const py::object mac = n.mac_known() ? py::object(py::str(n.mac.to_string())) : py::none();
    rows.append(py::make_tuple(n.address.to_string(), mac, state_name(n, interface.stack().now()), n.is_router));
  });
  return rows;
}

void add_address(EthernetInterface& interface, const std::string& address, unsigned prefix_length, bool anycast,
                 bool dad) {
  interface.stack().add_address(interface, {.address = parse_address(address),
                                            .prefix_length = static_cast<std::uint8_t>(prefix_length),
                                            .anycast = anycast,
                                            .skip_dad = !dad});
}

py::dict counters(const EthernetInterface& interface) {
  const NicCounters& c = interface.nic()->counters();
  return py::dict("sent_frames"_a = c.sent_frames, "sent_bytes"_a = c.sent_bytes,
                  "received_frames"_a = c.received_frames, "received_bytes"_a = c.received_bytes);
}

}  // namespace

void bind_interface(py::module_& m) {
  py::class_<EthernetInterface>(m, "Interface", "An Ethernet interface of a host, with its NIC.")
      .def_property_readonly("name", [](const EthernetInterface& i) { return i.name(); })
      .def_property_readonly("mac", [](const EthernetInterface& i) { return i.nic()->mac().to_string(); })
      .def_property_readonly("up", [](const EthernetInterface& i) { return i.up(); })
      .def_property_readonly("mtu", [](const EthernetInterface& i) { return i.mtu(); })
      .def_property_readonly(
          "medium",
          [](const EthernetInterface& i) -> std::optional<std::string> {
            if (i.nic()->medium() == nullptr) return std::nullopt;
            return i.nic()->medium()->name();
          },
          "The name of the link, LAN or cell it is attached to.")
      .def_property(
          "enabled", [](const EthernetInterface& i) { return i.nic()->enabled(); },
          [](EthernetInterface& i, bool enabled) { i.nic()->set_enabled(enabled); })
      .def("addresses", &addresses)
      .def("add_address", &add_address, "address"_a, "prefix_length"_a, "anycast"_a, "dad"_a)
      .def(
          "remove_address",
          [](EthernetInterface& i, const std::string& address) {
            return i.stack().remove_address(i, parse_address(address));
          },
          "address"_a, "False if it has no such address.")
      .def("neighbors", &neighbors, "(address, MAC address or None, state, is a router).")
      .def("counters", &counters, "Frames and bytes of the NIC, by name.");
}

}  // namespace kamesim::python
