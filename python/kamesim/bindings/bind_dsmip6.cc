// Dual Stack Mobile IPv6: what a home agent and a mobile node are told before they start, and what came of it.
#include <map>

#include <pybind11/stl.h>

#include "protocols/dsmip6/dual_stack_config.h"
#include "protocols/wire/ipv4_address.h"
#include "python/kamesim/bindings/mobile_ip.h"

namespace kamesim::python {

namespace {

using Texts = std::vector<std::string>;

std::vector<Ipv6Prefix> prefixes_of(const Texts& texts) {
  std::vector<Ipv6Prefix> prefixes;
  for (const std::string& text : texts) prefixes.push_back(parse_prefix(text));
  return prefixes;
}

void set_dual_stack_home_agent(MobileIp& roles, const std::string& ipv4_address,
                               const std::map<std::string, std::string>& home_addresses,
                               const std::map<std::string, Texts>& networks, const Texts& pool,
                               const std::optional<std::string>& network_pool, const Texts& prohibited,
                               const Texts& reserved, std::optional<std::int64_t> lease_ns, bool accept_forced_udp,
                               bool force_udp, std::int64_t nat_refresh_time_ns) {
  dsmip6::Ipv4HomeAddressesConfig table{.addresses = {}, .pool = prefixes_of(pool), .prohibited = prefixes_of(prohibited)};
  for (const auto& [home, address] : home_addresses) table.addresses[parse_address(home)] = parse_address(address);
  for (const auto& [home, texts] : networks) table.networks[parse_address(home)] = prefixes_of(texts);
  if (network_pool) table.network_pool = parse_prefix(*network_pool);
  for (const std::string& text : reserved) table.reserved.push_back(parse_address(text));
  if (lease_ns) table.lease = Duration::nanoseconds(*lease_ns);
  roles.set_dual_stack(dsmip6::DualStackHomeAgentConfig{
      .ipv4_address = parse_address(ipv4_address), .home_addresses = std::move(table),
      .accept_forced_udp = accept_forced_udp, .force_udp = force_udp,
      .nat_refresh_time = Duration::nanoseconds(nat_refresh_time_ns)});
}

void set_dual_stack_mobile_node(MobileIp& roles, const std::string& home_agent_ipv4,
                                const std::optional<std::string>& ipv4_home_address, std::uint8_t home_prefix_length,
                                const std::optional<std::string>& home_gateway,
                                const std::vector<std::tuple<std::string, std::uint8_t, std::string>>& networks,
                                bool force_udp, const std::vector<std::pair<std::string, bool>>& mobile_networks) {
  dsmip6::DualStackNodeConfig config{.home_agent_ipv4 = parse_address(home_agent_ipv4),
                                     .ipv4_home_prefix_length = home_prefix_length, .force_udp = force_udp};
  if (ipv4_home_address) config.ipv4_home_address = parse_address(*ipv4_home_address);
  if (home_gateway) config.ipv4_home_gateway = parse_address(*home_gateway);
  for (const auto& [address, length, gateway] : networks) {
    config.care_of.accesses.push_back({parse_address(address), length, parse_address(gateway)});
  }
  for (const auto& [prefix, requested] : mobile_networks) {
    config.mobile_networks.push_back({parse_prefix(prefix), requested});
  }
  roles.set_dual_stack(config);
}

py::list ipv4_bindings(const MobileIp& roles) {
  py::list rows;
  if (!roles.now().home_agent()) return rows;
  for (const auto& b : roles.now().home_agent()->ipv4_bindings()) {
    const auto care_of = roles.now().kernel().home_binding_care_of(b.home_address);
    rows.append(py::make_tuple(b.home_address.to_string(), ip_to_string(b.prefix),
                               care_of ? ip_to_string(*care_of) : std::string(), b.udp, b.nat));
  }
  return rows;
}

}  // namespace

void bind_dual_stack(py::class_<MobileIp>& mobile_ip) {
  mobile_ip
      .def("set_dual_stack_home_agent", &set_dual_stack_home_agent, "ipv4_address"_a, "home_addresses"_a, "networks"_a,
           "pool"_a, "network_pool"_a, "prohibited"_a, "reserved"_a, "lease_ns"_a, "accept_forced_udp"_a, "force_udp"_a,
           "nat_refresh_time_ns"_a, "RFC 5555, of a home agent that is started after it.")
      .def("set_dual_stack_mobile_node", &set_dual_stack_mobile_node, "home_agent_ipv4"_a, "ipv4_home_address"_a,
           "home_prefix_length"_a, "home_gateway"_a, "networks"_a, "force_udp"_a, "mobile_networks"_a,
           "RFC 5555, of the mobile node that is started next. mobile_networks: (prefix, whether it is to be asked for).")
      .def("ipv4_bindings", &ipv4_bindings,
           "Of the home agent: (home address, IPv4 prefix, care-of address, in UDP, NAT), by home address.")
      .def_property_readonly(
          "ipv4_home_address", [](const MobileIp& roles) -> py::object {
            const MobileNodeDaemon* mobile_node = roles.now().mobile_node();
            const auto address = mobile_node != nullptr ? mobile_node->ipv4_home_address() : std::nullopt;
            return address ? py::object(py::str(ip_to_string(*address))) : py::none();
          },
          "Of the mobile node, as it has it now, or None.")
      .def_property_readonly(
          "ipv4_mobile_networks", [](const MobileIp& roles) {
            Texts texts;
            const MobileNodeDaemon* mobile_node = roles.now().mobile_node();
            if (mobile_node == nullptr) return texts;
            for (const Ipv6Prefix& prefix : mobile_node->ipv4_mobile_networks()) texts.push_back(ip_to_string(prefix));
            return texts;
          },
          "Of a mobile router: the IPv4 prefixes that its home agent forwards for.")
      .def_property_readonly(
          "udp_encapsulation", [](const MobileIp& roles) {
            const MobileNodeDaemon* mobile_node = roles.now().mobile_node();
            return mobile_node != nullptr && mobile_node->udp_encapsulation();
          },
          "Whether all that the mobile node sends to its home agent is in UDP.");
}

}  // namespace kamesim::python
