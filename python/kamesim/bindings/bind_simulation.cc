// The simulation: making nodes, links and LANs, scheduling, running.
#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <variant>

#include "protocols/host/shortest_path_routes.h"
#include "python/kamesim/bindings/world.h"
#include "sim/cell.h"
#include "sim/lan.h"
#include "sim/link.h"
#include "sim/node.h"

namespace kamesim::python {

namespace {

Host& add_host(World& world, const std::string& name, bool forwarding, unsigned dup_addr_detect_transmits,
               bool optimistic_dad) {
  Node& node = world.simulation.add_node(name);
  world.hosts.push_back(std::make_unique<Host>(
      node, Ip6Config{.forwarding = forwarding,
                      .accept_router_advertisements = !forwarding,
                      .dup_addr_detect_transmits = dup_addr_detect_transmits,
                      .optimistic_dad = optimistic_dad}));
  return *world.hosts.back();
}

void schedule(World& world, std::int64_t at_ns, std::uint64_t token) {
  world.simulation.at(Time::from_ns(at_ns), [&world, token] {
    const py::gil_scoped_acquire gil;
    (*world.dispatch)(token);
  });
}

using SubnetTuple = std::tuple<std::vector<std::string>, std::int64_t, std::vector<Interface>, std::vector<Interface>>;

std::vector<EthernetInterface*> as_they_are(const std::vector<Interface>& interfaces) {
  std::vector<EthernetInterface*> now;
  for (const Interface& interface : interfaces) now.push_back(&interface.now());
  return now;
}

// Links that were made in one call: the numbers of the first among the media, and of the nodes at their ends; the upper
// 64 bits of the first's prefix.
using LinksTuple = std::tuple<std::size_t, py::array_t<std::int64_t>, py::array_t<std::int64_t>,
                              std::optional<std::uint64_t>>;

// LANs that were made in one call: first, how many, whose routers are on which of them, the first one's prefix.
using LansTuple = std::tuple<std::size_t, std::size_t, py::array_t<std::int64_t>, py::array_t<std::int64_t>,
                             std::optional<std::uint64_t>>;

Subnet as_subnet(const SubnetTuple& tuple) {
  const auto& [prefixes, delay_ns, routers, default_hosts] = tuple;
  Subnet subnet{{}, Duration::nanoseconds(delay_ns), as_they_are(routers), as_they_are(default_hosts)};
  for (const std::string& prefix : prefixes) subnet.prefixes.push_back(parse_prefix(prefix));
  return subnet;
}

void add_subnets(World& world, const LinksTuple& links, std::vector<Subnet>& subnets) {
  const auto& [first, a, b, first_prefix] = links;
  const std::int64_t* ends[] = {a.data(), b.data()};
  for (std::size_t i = 0; i < static_cast<std::size_t>(a.size()); ++i) {
    const auto& link = static_cast<const PointToPointLink&>(*world.simulation.media()[first + i]);
    Subnet& subnet = subnets.emplace_back(Subnet{{}, link.config().delay, {}, {}});
    if (first_prefix) subnet.prefixes.emplace_back(Ipv6Address::from_halves(*first_prefix + i, 0), 64);
    for (const std::size_t end : {0, 1}) {
      Ip6Stack& stack = world.hosts[static_cast<std::size_t>(ends[end][i])]->stack();
      auto& kind = stack.forwarding() ? subnet.routers : subnet.default_hosts;
      if (link.end(end) != nullptr) kind.push_back(stack.interface_on(*link.end(end)));
    }
  }
}

void add_subnets(World& world, const LansTuple& tuple, std::vector<Subnet>& subnets) {
  const auto& [first, count, lans, nodes, first_prefix] = tuple;
  const std::size_t begin = subnets.size();
  for (std::size_t i = 0; i < count; ++i) {
    const auto& lan = static_cast<const Lan&>(*world.simulation.media()[first + i]);
    Subnet& subnet = subnets.emplace_back(Subnet{{}, lan.config().delay, {}, {}});
    if (first_prefix) subnet.prefixes.emplace_back(Ipv6Address::from_halves(*first_prefix + i, 0), 64);
  }
  for (py::ssize_t i = 0; i < lans.size(); ++i) {
    Host& host = *world.hosts[static_cast<std::size_t>(nodes.data()[i])];
    if (!host.stack().forwarding()) continue;
    const auto place = static_cast<std::size_t>(lans.data()[i]);
    for (Nic* nic : host.node().nics()) {
      if (nic->medium() != world.simulation.media()[first + place].get()) continue;
      subnets[begin + place].routers.push_back(host.stack().interface_on(*nic));
    }
  }
}

std::size_t install_routes(World& world, const std::vector<std::variant<SubnetTuple, LinksTuple, LansTuple>>& media) {
  std::vector<Subnet> subnets;
  subnets.reserve(media.size());
  for (const auto& medium : media) {
    if (const auto* one = std::get_if<SubnetTuple>(&medium)) {
      subnets.push_back(as_subnet(*one));
    } else if (const auto* links = std::get_if<LinksTuple>(&medium)) {
      add_subnets(world, *links, subnets);
    } else {
      add_subnets(world, std::get<LansTuple>(medium), subnets);
    }
  }
  return install_shortest_path_routes(subnets);
}

std::string trace_hash(const World& world) {
  std::string hex(16, '0');
  std::uint64_t hash = world.simulation.trace_hash();
  for (auto digit = hex.rbegin(); digit != hex.rend(); ++digit, hash >>= 4) *digit = "0123456789abcdef"[hash & 0xf];
  return hex;
}

}  // namespace

void bind_simulation(py::module_& m) {
  constexpr auto internal = py::return_value_policy::reference_internal;
  py::class_<World> simulation(m, "Simulation", "One network: its clock, events, nodes, links and what runs on them.");
  simulation.def(py::init<std::uint64_t>(), "seed"_a)
      .def_property_readonly("seed", [](const World& w) { return w.simulation.seed(); })
      .def_property_readonly("now_ns", [](const World& w) { return w.simulation.now().ns(); })
      .def_property_readonly("running", [](const World& w) { return w.dispatch != nullptr; })
      .def_property_readonly("events_fired", [](const World& w) { return w.simulation.events_fired(); })
      .def("add_host", &add_host, "name"_a, "forwarding"_a, "dup_addr_detect_transmits"_a, "optimistic_dad"_a, internal)
      .def(
          "add_link",
          [](World& w, const std::string& name, const LinkConfig& config) -> PointToPointLink& {
            return w.simulation.add_medium<PointToPointLink>(name, config);
          },
          "name"_a, "config"_a, internal)
      .def(
          "add_lan",
          [](World& w, const std::string& name, const LinkConfig& config) -> Lan& {
            return w.simulation.add_medium<Lan>(name, config);
          },
          "name"_a, "config"_a, internal)
      .def("add_udp_flow", &add_udp_flow, "source"_a, "destination"_a, "flow_id"_a, "source_address"_a, "source_port"_a,
           "destination_address"_a, "destination_port"_a, "payload_bytes"_a, "rate"_a, "poisson"_a, "start_ns"_a,
           "stop_ns"_a, "periods"_a, internal)
      .def("add_request_response", &add_request_response, "client"_a, "server"_a, "number"_a, "destination_address"_a,
           "destination_port"_a, "request_octets"_a, "response_octets"_a, "think_ns"_a, "exponential"_a,
           "connection_each"_a, "timeout_ns"_a, "requests"_a, "start_ns"_a, "stop_ns"_a, "options"_a, internal)
      .def("add_udp_request_response", &add_udp_request_response, "client"_a, "server"_a, "number"_a,
           "destination_address"_a, "destination_port"_a, "request_octets"_a, "response_octets"_a, "think_ns"_a,
           "exponential"_a, "timeout_ns"_a, "requests"_a, "start_ns"_a, "stop_ns"_a, internal)
      .def("add_tcp_flow", &add_tcp_flow, "source"_a, "destination"_a, "options"_a, "source_address"_a,
           "destination_address"_a, "destination_port"_a, "octets"_a, "start_ns"_a, "stop_ns"_a, "sample_interval_ns"_a,
           "series_interval_ns"_a, internal)
      .def("add_cell", &add_cell, "name"_a, "lan"_a, "config"_a, internal)
      .def("add_station", &add_station, "interface"_a, "beacon_interval_ns"_a, "hysteresis_db"_a, "handoff_min_ns"_a,
           "handoff_max_ns"_a, "shape"_a, "scale_ns"_a, "sigma"_a, "scan"_a, internal)
      .def("reevaluate_stations", &reevaluate_stations, "A node's movement or a cell changed.")
      .def("add_tester", &add_tester, "medium"_a, "name"_a, "mac"_a, "promiscuous"_a, internal)
      .def("receive", &receive, "ports"_a, "until_ns"_a, "dispatch"_a,
           "Runs until a frame waits at one of the ports: (index of the port, time in ns, frame). None: none in time.")
      .def("run_until_quiet", &run_until_quiet, "host"_a, "until_ns"_a, "dispatch"_a,
           "Runs until the host is up and quiet, until_ns at the latest. False: it was not by then.")
      .def(
          "add_message_log",
          [](World& w) -> MessageLog& { return *w.message_logs.emplace_back(std::make_unique<MessageLog>()); },
          internal)
      .def("open_capture", &open_capture, "path"_a, "only_out"_a, internal)
      .def("install_shortest_path_routes", &install_routes, "subnets"_a,
           "subnets: (prefixes, delay in ns, routers' interfaces, interfaces of hosts that get a default route), or of "
           "links made by add_links (first, a, b, first_prefix) or of LANs made by add_lans (first, how many, whose "
           "routers are on which, counted from the first, first_prefix). Returns the number of routes.")
      .def("schedule", &schedule, "at_ns"_a, "token"_a, "At that time run() calls dispatch(token).")
      .def(
          "run",
          [](World& w, std::int64_t until_ns, const py::function& dispatch, const py::object& tick,
             std::uint32_t threads) {
            if (threads == 1) {
              run(w, Time::from_ns(until_ns), dispatch, tick);
            } else {
              run_parallel(w, Time::from_ns(until_ns), dispatch, tick, threads);
            }
          },
          "until_ns"_a, "dispatch"_a, "tick"_a, "threads"_a,
          "Runs every event up to and including until_ns. tick(now_ns), if not None, is called now and then.")
      .def(
          "stop", [](World& w) { w.simulation.stop(); }, "Ends the present run after the present event.")
      .def("enable_trace_hash", [](World& w) { w.simulation.enable_trace_hash(); })
      .def_property_readonly("trace_hash", &trace_hash, "Of every frame and drop so far: 16 hex digits.");
  bind_bulk(m, simulation);
}

}  // namespace kamesim::python
