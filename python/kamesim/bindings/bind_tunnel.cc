// Tunnels of a host, configured by hand: by name, as they live in its stack.
#include <pybind11/stl.h>

#include "protocols/ip4/stack.h"
#include "protocols/ip6/tunnel.h"
#include "protocols/wire/ipv4_address.h"
#include "python/kamesim/bindings/world.h"

namespace kamesim::python {

namespace {

TunnelInterface& tunnel(const Host& host, const std::string& name) {
  Ip6Interface* interface = host.stack().find_interface(name);
  if (interface == nullptr || !interface->is_tunnel()) {
    throw SimulationError("node '" + host.node().name() + "': it has no tunnel '" + name + "' any more");
  }
  return static_cast<TunnelInterface&>(*interface);
}

void add(Host& host, const std::string& name, const std::string& local, const std::string& remote,
         const TunnelParameters& parameters) {
  host.add_tunnel(name, parse_address(local), parse_address(remote), parameters);
}

void add_address(Host& host, const std::string& name, const std::string& text, unsigned prefix_length) {
  TunnelInterface& on = tunnel(host, name);
  const Ipv6Address address = parse_address(text);
  if (address.is_v4_mapped()) {
    host.ip4();
    prefix_length += kV4MappedLength;
  }
  host.stack().add_address(on, {.address = address, .prefix_length = static_cast<std::uint8_t>(prefix_length),
                                .skip_dad = true});
}

// (address, prefix length), those of IPv4 last.
std::vector<std::pair<std::string, unsigned>> addresses(const Host& host, const std::string& name) {
  const TunnelInterface& of = tunnel(host, name);
  std::vector<std::pair<std::string, unsigned>> rows;
  for (const auto& a : of.addresses()) rows.emplace_back(a->address.to_string(), a->prefix_length);
  if (const Ip4Part* ip4 = host.stack().ip4()) {
    for (const auto& a : ip4->addresses(of)) {
      rows.emplace_back(ip_to_string(a->address), a->prefix_length - kV4MappedLength);
    }
  }
  return rows;
}

py::dict counters(const Host& host, const std::string& name) {
  const TunnelInterface::Counters& c = tunnel(host, name).counters();
  return py::dict("sent_packets"_a = c.sent_packets, "sent_bytes"_a = c.sent_bytes,
                  "received_packets"_a = c.received_packets, "received_bytes"_a = c.received_bytes,
                  "errors_relayed"_a = c.errors_relayed, "ecn_logs"_a = c.ecn_logs, "ecn_alarms"_a = c.ecn_alarms);
}

}  // namespace

void def_tunnels(py::module_& m, py::class_<Host>& host) {
  py::class_<TunnelParameters>(m, "TunnelParameters", "RFC 2473 section 6. None: as the node, the packet or the path has it.")
      .def(py::init<>())
      .def_readwrite("hop_limit", &TunnelParameters::hop_limit)
      .def_readwrite("traffic_class", &TunnelParameters::traffic_class)
      .def_readwrite("flow_label", &TunnelParameters::flow_label)
      .def_readwrite("encapsulation_limit", &TunnelParameters::encapsulation_limit)
      .def_readwrite("mtu", &TunnelParameters::mtu)
      .def_property(
          "neighbor",
          [](const TunnelParameters& p) {
            return p.neighbor ? std::optional(p.neighbor->to_string()) : std::nullopt;
          },
          [](TunnelParameters& p, const std::optional<std::string>& address) {
            p.neighbor = address ? std::optional(parse_address(*address)) : std::nullopt;
          })
      .def_property(
          "ecn_compatibility", [](const TunnelParameters& p) { return p.ecn == TunnelEcn::Compatibility; },
          [](TunnelParameters& p, bool on) { p.ecn = on ? TunnelEcn::Compatibility : TunnelEcn::Normal; })
      .def_property(
          "dscp_uniform", [](const TunnelParameters& p) { return p.dscp == TunnelDscp::Uniform; },
          [](TunnelParameters& p, bool on) { p.dscp = on ? TunnelDscp::Uniform : TunnelDscp::Pipe; });
  host.def("add_tunnel", &add, "name"_a, "local"_a, "remote"_a, "parameters"_a)
      .def(
          "remove_tunnel", [](Host& h, const std::string& name) { h.stack().remove_interface(tunnel(h, name)); },
          "name"_a)
      .def(
          "tunnel_ends",
          [](const Host& h, const std::string& name) {
            const TunnelInterface& t = tunnel(h, name);
            return std::pair(ip_to_string(t.local()), ip_to_string(t.remote()));
          },
          "name"_a)
      .def(
          "set_tunnel_ends",
          [](Host& h, const std::string& name, const std::string& local, const std::string& remote) {
            const Ipv6Address from = parse_address(local);
            if (from.is_v4_mapped()) h.ip4();
            tunnel(h, name).set_end_points(from, parse_address(remote));
          },
          "name"_a, "local"_a, "remote"_a)
      .def(
          "tunnel_parameters", [](const Host& h, const std::string& name) { return tunnel(h, name).parameters(); },
          "name"_a)
      .def(
          "set_tunnel_parameters",
          [](Host& h, const std::string& name, const TunnelParameters& p) { tunnel(h, name).set_parameters(p); },
          "name"_a, "parameters"_a)
      .def("tunnel_counters", &counters, "name"_a)
      .def("tunnel_mtu", [](const Host& h, const std::string& name) { return tunnel(h, name).mtu(); }, "name"_a)
      .def(
          "tunnel_reachable", [](const Host& h, const std::string& name) { return tunnel(h, name).reachable(); },
          "name"_a)
      .def("tunnel_up", [](const Host& h, const std::string& name) { return tunnel(h, name).up(); }, "name"_a)
      .def(
          "set_tunnel_up", [](Host& h, const std::string& name, bool up) { tunnel(h, name).set_up(up); }, "name"_a,
          "up"_a)
      .def("tunnel_addresses", &addresses, "name"_a)
      .def("add_tunnel_address", &add_address, "name"_a, "address"_a, "prefix_length"_a)
      .def(
          "remove_tunnel_address",
          [](Host& h, const std::string& name, const std::string& address) {
            return h.stack().remove_address(tunnel(h, name), parse_address(address));
          },
          "name"_a, "address"_a);
}

}  // namespace kamesim::python
