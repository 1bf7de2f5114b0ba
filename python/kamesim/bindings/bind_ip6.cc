// The settings of a node's IPv6 layer, by name: one row each. kamesim/ip6.py gives them their types and bounds.
#include <limits>
#include <type_traits>

#include <pybind11/stl.h>

#include "protocols/ip6/config.h"
#include "protocols/ip6/destination_order.h"
#include "protocols/ip6/packet_filter.h"
#include "protocols/wire/ipv4_address.h"
#include "python/kamesim/bindings/world.h"

namespace kamesim::python {

namespace {

struct Setting {
  const char* name;
  double (*get)(Ip6Config& config);
  void (*set)(Ip6Config& config, double value);
};

// `Field` is a function from the configuration to a field of it. Durations are seconds, the largest one infinite.
template <auto Field>
constexpr Setting setting(const char* name) {
  using T = std::remove_reference_t<decltype(Field(std::declval<Ip6Config&>()))>;
  if constexpr (std::is_same_v<T, Duration>) {
    return {name,
            [](Ip6Config& c) {
              const Duration d = Field(c);
              return d == Duration::max() ? std::numeric_limits<double>::infinity() : d.to_seconds();
            },
            [](Ip6Config& c, double value) {
              Field(c) = value > 9.2e9 ? Duration::max() : Duration::from_seconds(value);
            }};
  } else {
    return {name, [](Ip6Config& c) { return static_cast<double>(Field(c)); },
            [](Ip6Config& c, double value) { Field(c) = static_cast<T>(value); }};
  }
}

using C = Ip6Config;
constexpr Setting kSettings[] = {
    setting<[](C& c) -> auto& { return c.rules.hop_by_hop_on_path; }>("hop_by_hop_on_path"),
    setting<[](C& c) -> auto& { return c.rules.type_0_routing_headers; }>("type_0_routing_headers"),
    setting<[](C& c) -> auto& { return c.rules.one_routing_header; }>("one_routing_header"),
    setting<[](C& c) -> auto& { return c.rules.overlap_discards_newcomer_only; }>("overlap_discards_newcomer_only"),
    setting<[](C& c) -> auto& { return c.rules.atomic_fragments_apart; }>("atomic_fragments_apart"),
    setting<[](C& c) -> auto& { return c.rules.whole_chain_in_first_fragment; }>("whole_chain_in_first_fragment"),
    setting<[](C& c) -> auto& { return c.rules.atomic_fragments_below_minimum_mtu; }>(
        "atomic_fragments_below_minimum_mtu"),
    setting<[](C& c) -> auto& { return c.max_extension_headers; }>("max_extension_headers"),
    setting<[](C& c) -> auto& { return c.option_limits.options; }>("max_options"),
    setting<[](C& c) -> auto& { return c.option_limits.pad1_run; }>("max_pad1_run"),
    setting<[](C& c) -> auto& { return c.option_limits.padn_bytes; }>("max_padn_bytes"),
    setting<[](C& c) -> auto& { return c.option_limits.header_bytes; }>("max_options_header_bytes"),
    setting<[](C& c) -> auto& { return c.option_limits.accept_unrecognized; }>("accept_unrecognized_options"),
    setting<[](C& c) -> auto& { return c.jumbograms; }>("jumbograms"),
    setting<[](C& c) -> auto& { return c.auto_flow_label; }>("auto_flow_label"),
    setting<[](C& c) -> auto& { return c.address_selection; }>("address_selection"),
    setting<[](C& c) -> auto& { return c.reassembly.packets; }>("reassembly_packets"),
    setting<[](C& c) -> auto& { return c.reassembly.packets_per_source; }>("reassembly_packets_per_source"),
    setting<[](C& c) -> auto& { return c.reassembly.fragments; }>("reassembly_fragments"),
    setting<[](C& c) -> auto& { return c.reassembly.fragments_per_packet; }>("reassembly_fragments_per_packet"),
    setting<[](C& c) -> auto& { return c.reassembly.bytes; }>("reassembly_bytes"),
    setting<[](C& c) -> auto& { return c.reassembly.bytes_per_source; }>("reassembly_bytes_per_source"),
    setting<[](C& c) -> auto& { return c.icmp6_error_rate; }>("icmp6_error_rate"),
    setting<[](C& c) -> auto& { return c.icmp6_error_burst; }>("icmp6_error_burst"),
    setting<[](C& c) -> auto& { return c.icmp6_error_rate_per_destination; }>("icmp6_error_rate_per_destination"),
    setting<[](C& c) -> auto& { return c.icmp6_error_burst_per_destination; }>("icmp6_error_burst_per_destination"),
    setting<[](C& c) -> auto& { return c.send_destination_unreachable; }>("send_destination_unreachable"),
    setting<[](C& c) -> auto& { return c.multicast_echo_rate; }>("multicast_echo_rate"),
    setting<[](C& c) -> auto& { return c.node_information; }>("node_information"),
    setting<[](C& c) -> auto& { return c.node_information_to_global; }>("node_information_to_global"),
    setting<[](C& c) -> auto& { return c.path_mtu.timeout; }>("path_mtu_timeout"),
    setting<[](C& c) -> auto& { return c.path_mtu.entries; }>("path_mtu_entries"),
    setting<[](C& c) -> auto& { return c.path_mtu.unverified_entries; }>("path_mtu_unverified_entries"),
    // Neighbor Discovery: node.nd.
    setting<[](C& c) -> auto& { return c.dup_addr_detect_transmits; }>("nd.dup_addr_detect_transmits"),
    setting<[](C& c) -> auto& { return c.optimistic_dad; }>("nd.optimistic_dad"),
    setting<[](C& c) -> auto& { return c.nd.enhanced_dad; }>("nd.enhanced_dad"),
    setting<[](C& c) -> auto& { return c.nd.ipv4_probes; }>("nd.ipv4_probes"),
    setting<[](C& c) -> auto& { return c.accept_router_advertisements; }>("nd.accept_router_advertisements"),
    setting<[](C& c) -> auto& { return c.accept_redirects; }>("nd.accept_redirects"),
    setting<[](C& c) -> auto& { return c.send_redirects; }>("nd.send_redirects"),
    setting<[](C& c) -> auto& { return c.nd.resilient_router_solicitation; }>("nd.resilient_router_solicitation"),
    setting<[](C& c) -> auto& { return c.nd.accept_route_information; }>("nd.accept_route_information"),
    setting<[](C& c) -> auto& { return c.nd.first_hop_by_source; }>("nd.first_hop_by_source"),
    setting<[](C& c) -> auto& { return c.nd.temporary_addresses; }>("nd.temporary_addresses"),
    setting<[](C& c) -> auto& { return c.nd.prefer_temporary_addresses; }>("nd.prefer_temporary_addresses"),
    setting<[](C& c) -> auto& { return c.nd.temp_valid_lifetime; }>("nd.temp_valid_lifetime"),
    setting<[](C& c) -> auto& { return c.nd.temp_preferred_lifetime; }>("nd.temp_preferred_lifetime"),
    setting<[](C& c) -> auto& { return c.nd.stable_privacy; }>("nd.stable_privacy"),
    setting<[](C& c) -> auto& { return c.nd.subnet_router_anycast; }>("nd.subnet_router_anycast"),
    setting<[](C& c) -> auto& { return c.nd.learn_unsolicited; }>("nd.learn_unsolicited"),
    setting<[](C& c) -> auto& { return c.nd.announce_addresses; }>("nd.announce_addresses"),
    setting<[](C& c) -> auto& { return c.nd.inverse_nd; }>("nd.inverse_nd"),
    setting<[](C& c) -> auto& { return c.nd.unsolicited_advertisements; }>("nd.unsolicited_advertisements"),
    setting<[](C& c) -> auto& { return c.max_neighbors; }>("nd.max_neighbors"),
    setting<[](C& c) -> auto& { return c.nd.max_incomplete_neighbors; }>("nd.max_incomplete_neighbors"),
    setting<[](C& c) -> auto& { return c.max_neighbor_queue; }>("nd.max_neighbor_queue"),
    setting<[](C& c) -> auto& { return c.max_default_routers; }>("nd.max_default_routers"),
    setting<[](C& c) -> auto& { return c.max_prefixes; }>("nd.max_prefixes"),
    setting<[](C& c) -> auto& { return c.max_autoconfigured_addresses; }>("nd.max_autoconfigured_addresses"),
    setting<[](C& c) -> auto& { return c.nd.max_dns_entries; }>("nd.max_dns_entries"),
    setting<[](C& c) -> auto& { return c.nd.max_route_information; }>("nd.max_route_information"),
};

struct Specification {
  const char* name;
  Ip6Specification specification;
};
constexpr Specification kSpecifications[] = {{"RFC 8200", Ip6Specification::Rfc8200},
                                             {"RFC 2460", Ip6Specification::Rfc2460},
                                             {"KAME", Ip6Specification::Kame}};

// None: the rules are of no specification.
std::optional<std::string> specification(Host& host) {
  for (const Specification& s : kSpecifications) {
    if (host.stack().config().rules == rules_of(s.specification)) return s.name;
  }
  return std::nullopt;
}

void set_specification(Host& host, const std::string& name) {
  for (const Specification& s : kSpecifications) {
    if (s.name == name) host.stack().mutable_config().rules = rules_of(s.specification);
  }
}

const Setting& find_setting(const std::string& name) {
  for (const Setting& setting : kSettings) {
    if (setting.name == name) return setting;
  }
  throw SimulationError("IPv6 setting '" + name + "' is not known");
}

// Those that are not as they were made, by name and value.
py::list changed_settings(Host& host) {
  py::list rows;
  Ip6Config fresh;
  for (const Setting& setting : kSettings) {
    const double value = setting.get(host.stack().mutable_config());
    if (value != setting.get(fresh)) rows.append(py::make_tuple(setting.name, value));
  }
  return rows;
}

using PolicyRow = std::tuple<std::string, unsigned, unsigned>;  // prefix, precedence, label

std::vector<PolicyRow> policies(Host& host) {
  std::vector<PolicyRow> rows;
  for (const AddressPolicy& p : host.stack().policies().rows()) {
    rows.emplace_back(p.prefix.to_string(), p.precedence, p.label);
  }
  return rows;
}

// None: the default ones.
void set_policies(Host& host, const std::optional<std::vector<PolicyRow>>& given) {
  auto& policies = host.stack().mutable_config().policies;
  policies.reset();
  if (given) {
    std::vector<AddressPolicy> rows;
    for (const auto& [prefix, precedence, label] : *given) rows.push_back({parse_prefix(prefix), precedence, label});
    policies = std::make_shared<const PolicyTable>(std::move(rows));
  }
  host.on_settings_changed();
}

// (destination, source or None, usable), best first.
py::list order(Host& host, const std::vector<std::string>& destinations) {
  std::vector<Ipv6Address> parsed;
  for (const std::string& text : destinations) parsed.push_back(parse_address(text));
  py::list rows;
  for (const RankedDestination& r : order_destinations(host.stack(), parsed)) {
    const py::object source = r.source.is_unspecified() ? py::object(py::none()) : py::str(ip_to_string(r.source));
    rows.append(py::make_tuple(ip_to_string(r.destination), source, r.usable));
  }
  return rows;
}

py::list reassemblies(Host& host) {
  const auto usage = host.stack().reassembler().usage();
  py::list row;
  row.append(usage.packets);
  row.append(usage.fragments);
  row.append(usage.bytes);
  return row;
}

}  // namespace

void def_ip6(py::class_<Host>& host) {
  host.def(
          "ip6_setting",
          [](Host& h, const std::string& name) { return find_setting(name).get(h.stack().mutable_config()); }, "name"_a)
      .def(
          "set_ip6_setting",
          [](Host& h, const std::string& name, double value) {
            find_setting(name).set(h.stack().mutable_config(), value);
            h.on_settings_changed();
          },
          "name"_a, "value"_a)
      .def("changed_ip6_settings", &changed_settings, "(name, value) of those that are not at their defaults.")
      .def("ip6_specification", &specification)
      .def("set_ip6_specification", &set_specification, "name"_a)
      .def("policies", &policies, "(prefix, precedence, label), longest prefix first.")
      .def("has_own_policies", [](Host& h) { return h.stack().config().policies != nullptr; })
      .def("set_policies", &set_policies, "rows"_a)
      .def("order_destinations", &order, "destinations"_a, "(destination, source or None, usable), best first.")
      .def("reassemblies", &reassemblies, "Packets being reassembled, their fragments, and the bytes these occupy.");
}

}  // namespace kamesim::python
