// Raw ports for test programs.
#include <algorithm>

#include <pybind11/stl.h>

#include "python/kamesim/bindings/world.h"
#include "sim/lan.h"
#include "sim/link.h"
#include "sim/tester_port.h"

namespace kamesim::python {

namespace {

bool any_waits(const std::vector<TesterPort*>& ports) {
  return std::ranges::any_of(ports, [](const TesterPort* port) { return port->pending() > 0; });
}

}  // namespace

TesterPort& add_tester(World& world, Medium& medium, const std::string& name, const std::optional<std::string>& mac,
                       bool promiscuous) {
  const TesterPortConfig config{.name = name, .only_own_address = !promiscuous};
  std::unique_ptr<TesterPort> port;
  if (auto* lan = dynamic_cast<Lan*>(&medium)) {
    port = std::make_unique<TesterPort>(*lan, config);
  } else if (auto* link = dynamic_cast<PointToPointLink*>(&medium)) {
    port = std::make_unique<TesterPort>(*link, config);
  } else {
    throw SimulationError("a tester port cannot be on '" + medium.name() + "'; it can on a link or LAN");
  }
  if (const auto address = parse_mac(mac)) port->nic().set_mac(*address);
  world.testers.push_back(std::move(port));
  return *world.testers.back();
}

py::object receive(World& world, const std::vector<TesterPort*>& ports, std::int64_t until_ns,
                   const py::function& dispatch) {
  if (!any_waits(ports)) {
    run(world, Time::from_ns(until_ns), dispatch, py::none(), [&ports] { return any_waits(ports); });
  }
  if (!any_waits(ports)) return py::none();
  const auto [index, frame] = *TesterPort::recv_any(ports, Duration{});
  return py::make_tuple(index, frame.time.ns(),
                        py::bytes(reinterpret_cast<const char*>(frame.bytes.data()), frame.bytes.size()));
}

void bind_testers(py::module_& m) {
  py::class_<TesterPort>(m, "Tester", "A raw Ethernet port on a link or LAN.")
      .def_property_readonly("mac", [](const TesterPort& t) { return t.nic().mac().to_string(); })
      .def_property_readonly("closed", &TesterPort::closed)
      .def_property_readonly("pending", &TesterPort::pending, "Frames that wait to be taken.")
      .def(
          "send",
          [](TesterPort& t, const py::bytes& frame) {
            const std::string_view text = frame;
            t.send({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
          },
          "frame"_a)
      .def("clear", &TesterPort::clear)
      .def("close", &TesterPort::close, "Leaves the link.");
}

}  // namespace kamesim::python
