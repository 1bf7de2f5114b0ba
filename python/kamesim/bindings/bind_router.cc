// What routers advertise.
#include <pybind11/stl.h>

#include "protocols/rtadvd/config.h"
#include "python/kamesim/bindings/world.h"

namespace kamesim::python {

namespace {

using Config = RouterAdvertisementConfig;

AdvertisedPrefix advertised_prefix(const std::string& prefix, std::int64_t valid_ns, std::int64_t preferred_ns,
                                   bool on_link, bool autonomous, const std::optional<std::string>& router_address) {
  AdvertisedPrefix advertised{.prefix = parse_prefix(prefix),
                              .adv_valid_lifetime = Duration::nanoseconds(valid_ns),
                              .adv_on_link_flag = on_link,
                              .adv_preferred_lifetime = Duration::nanoseconds(preferred_ns),
                              .adv_autonomous_flag = autonomous};
  if (router_address) advertised.router_address = parse_address(*router_address);
  return advertised;
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
           "router_address"_a, "router_address: advertised whole with the R bit (RFC 6275 section 7.2), or None.");

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
      .def_readwrite("home_agent", &Config::home_agent);
  def_duration(config, "max_rtr_adv_interval_ns", &Config::max_rtr_adv_interval);
  def_optional_duration(config, "min_rtr_adv_interval_ns", &Config::min_rtr_adv_interval);
  def_optional_duration(config, "min_delay_between_ras_ns", &Config::min_delay_between_ras);
  def_duration(config, "adv_reachable_time_ns", &Config::adv_reachable_time);
  def_duration(config, "adv_retrans_timer_ns", &Config::adv_retrans_timer);
  def_optional_duration(config, "adv_default_lifetime_ns", &Config::adv_default_lifetime);
}

}  // namespace kamesim::python
