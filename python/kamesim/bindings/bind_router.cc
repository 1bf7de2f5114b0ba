// What routers advertise.
#include <pybind11/stl.h>

#include "protocols/rtadvd/config.h"
#include "python/kamesim/bindings/world.h"

namespace kamesim::python {

namespace {

using Config = RouterAdvertisementConfig;

AdvertisedPrefix advertised_prefix(const std::string& prefix, std::int64_t valid_ns, std::int64_t preferred_ns,
                                   bool on_link, bool autonomous, const std::optional<std::string>& router_address,
                                   bool lifetimes_decrement) {
  AdvertisedPrefix advertised{.prefix = parse_prefix(prefix),
                              .adv_valid_lifetime = Duration::nanoseconds(valid_ns),
                              .adv_on_link_flag = on_link,
                              .adv_preferred_lifetime = Duration::nanoseconds(preferred_ns),
                              .adv_autonomous_flag = autonomous,
                              .lifetimes_decrement = lifetimes_decrement};
  if (router_address) advertised.router_address = parse_address(*router_address);
  return advertised;
}

using Texts = std::vector<std::string>;

// The preference is -1, 0 or 1 (RFC 4191 §2.1).
void add_route(Config& c, const std::string& prefix, int preference, std::int64_t lifetime_ns) {
  c.routes.push_back({parse_prefix(prefix), static_cast<RouterPreference>(preference), Duration::nanoseconds(lifetime_ns)});
}

void add_dns_servers(Config& c, const Texts& addresses, std::int64_t lifetime_ns) {
  RecursiveDnsServers& servers = c.dns_servers.emplace_back(RecursiveDnsServers{Duration::nanoseconds(lifetime_ns), {}});
  for (const std::string& address : addresses) servers.addresses.push_back(parse_address(address));
}

void add_dns_search_list(Config& c, const Texts& domains, std::int64_t lifetime_ns) {
  c.dns_search_lists.push_back({Duration::nanoseconds(lifetime_ns), domains});
}

void set_home_agent_information(Config& c, std::uint16_t preference, std::int64_t lifetime_ns) {
  c.home_agent_information = HomeAgentInformation{preference, Duration::nanoseconds(lifetime_ns)};
}

// A length of time, as a number of nanoseconds.
template <typename C, typename Owner>
void def_duration(C& c, const char* name, Duration Owner::*member) {
  c.def_property(
      name, [member](const Owner& o) { return (o.*member).ns(); },
      [member](Owner& o, std::int64_t ns) { o.*member = Duration::nanoseconds(ns); });
}

// The same, where None asks for the RFC's default.
template <typename C, typename Owner>
void def_optional_duration(C& c, const char* name, std::optional<Duration> Owner::*member) {
  c.def_property(
      name,
      [member](const Owner& o) -> std::optional<std::int64_t> {
        if (!(o.*member)) return std::nullopt;
        return (o.*member)->ns();
      },
      [member](Owner& o, std::optional<std::int64_t> ns) {
        o.*member = ns ? std::optional(Duration::nanoseconds(*ns)) : std::nullopt;
      });
}

}  // namespace

void bind_router(py::module_& m) {
  py::class_<AdvertisedPrefix>(m, "AdvertisedPrefix", "A prefix in Router Advertisements (RFC 4861 section 4.6.2).")
      .def(py::init(&advertised_prefix), "prefix"_a, "valid_ns"_a, "preferred_ns"_a, "on_link"_a, "autonomous"_a,
           "router_address"_a, "lifetimes_decrement"_a, "router_address: advertised whole with the R bit (RFC 6275 section 7.2), or None.");

  py::class_<Config> config(m, "RouterAdvertisementConfig", "The variables of RFC 4861 section 6.2.1.");
  config.def(py::init<>())
      .def_readwrite("adv_managed_flag", &Config::adv_managed_flag)
      .def_readwrite("adv_other_config_flag", &Config::adv_other_config_flag)
      .def_readwrite("adv_link_mtu", &Config::adv_link_mtu)
      .def_readwrite("adv_cur_hop_limit", &Config::adv_cur_hop_limit)
      .def_readwrite("adv_prefix_list", &Config::adv_prefix_list)
      .def_readwrite("source_link_layer_address", &Config::source_link_layer_address)
      .def_readwrite("unicast_answers", &Config::unicast_answers)
      .def_readwrite("advertisement_interval", &Config::advertisement_interval)
      .def_readwrite("home_agent", &Config::home_agent)
      .def_readwrite("captive_portal", &Config::captive_portal)
      .def_readwrite("flags_expansion", &Config::flags_expansion)
      .def("set_preference",
           [](Config& c, int preference) { c.adv_preference = static_cast<RouterPreference>(preference); },
           "preference"_a, "-1, 0 or 1 (RFC 4191 section 2.1).")
      .def("add_route", &add_route, "prefix"_a, "preference"_a, "lifetime_ns"_a)
      .def("add_dns_servers", &add_dns_servers, "addresses"_a, "lifetime_ns"_a)
      .def("add_dns_search_list", &add_dns_search_list, "domains"_a, "lifetime_ns"_a)
      .def("set_home_agent_information", &set_home_agent_information, "preference"_a, "lifetime_ns"_a);
  def_duration(config, "max_rtr_adv_interval_ns", &Config::max_rtr_adv_interval);
  def_optional_duration(config, "min_rtr_adv_interval_ns", &Config::min_rtr_adv_interval);
  def_optional_duration(config, "min_delay_between_ras_ns", &Config::min_delay_between_ras);
  def_duration(config, "adv_reachable_time_ns", &Config::adv_reachable_time);
  def_duration(config, "adv_retrans_timer_ns", &Config::adv_retrans_timer);
  def_optional_duration(config, "adv_default_lifetime_ns", &Config::adv_default_lifetime);
}

}  // namespace kamesim::python
