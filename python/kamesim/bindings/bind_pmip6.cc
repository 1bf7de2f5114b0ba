// Proxy Mobile IPv6: the roles of a router.
#include <pybind11/stl.h>

#include "protocols/pmip6/anchor_daemon.h"
#include "protocols/pmip6/gateway_daemon.h"
#include "python/kamesim/bindings/world.h"
#include "sim/node.h"

namespace kamesim::python {

namespace {

using pmip6::AnchorConfig;
using pmip6::AnchorDaemon;
using pmip6::AnchorPolicy;
using pmip6::Binding;
using pmip6::GatewayDaemon;
using pmip6::GatewayDaemonConfig;
using pmip6::MobileNodeIdentifier;
using pmip6::PolicyProfile;

Ipv6Prefix parse_prefix(const std::string& text) { return *Ipv6Prefix::parse(text); }

std::vector<Ipv6Prefix> parse_prefixes(const std::vector<std::string>& texts) {
  std::vector<Ipv6Prefix> prefixes;
  for (const std::string& text : texts) prefixes.push_back(parse_prefix(text));
  return prefixes;
}

std::vector<Ipv6Address> parse_addresses(const std::vector<std::string>& texts) {
  std::vector<Ipv6Address> addresses;
  for (const std::string& text : texts) addresses.push_back(parse_address(text));
  return addresses;
}

std::vector<std::string> to_text(const std::vector<Ipv6Prefix>& prefixes) {
  std::vector<std::string> texts;
  for (const Ipv6Prefix& prefix : prefixes) texts.push_back(prefix.to_string());
  return texts;
}

const char* name_of(Binding::State state) {
  switch (state) {
    case Binding::State::Registering: return "registering";
    case Binding::State::Bound: return "bound";
    case Binding::State::Leaving: return "leaving";
    case Binding::State::Denied: return "denied";
  }
  return "";
}

// The roles of a router, which it takes up again after a reboot.
class ProxyMobileIp {
 public:
  explicit ProxyMobileIp(Host& host) : host_(host) {}

  void start_anchor(const AnchorConfig& config) {
    anchor_config_ = config;
    run_anchor();
  }
  void start_gateway(const std::vector<Interface>& links, const GatewayDaemonConfig& config) {
    gateway_config_.emplace(links, config);
    run_gateway();
  }
  void start() {
    if (anchor_config_) run_anchor();
    if (gateway_config_) run_gateway();
  }

  py::list binding_cache() const {
    py::list rows;
    if (anchor_ == nullptr) return rows;
    for (const auto& [id, s] : anchor_->sessions().all()) {
      rows.append(py::make_tuple(s.mobile_node.identifier, to_text(s.prefixes), s.proxy_care_of.to_string(),
                                 s.link_local_address.to_string(), s.access_technology, s.sequence.value(),
                                 s.expires.ns(), s.delete_at.has_value()));
    }
    return rows;
  }
  py::list binding_update_list() const {
    py::list rows;
    if (gateway_ == nullptr) return rows;
    for (const Binding& b : gateway_->bindings()) {
      py::object expires = py::none();
      if (b.established) expires = py::int_(b.expires.ns());
      rows.append(py::make_tuple(b.profile.mobile_node.identifier, b.station.to_string(), name_of(b.state),
                                 to_text(b.prefixes), b.link_local_address.to_string(), b.profile.anchor.to_string(),
                                 expires));
    }
    return rows;
  }

 private:
  void run_anchor() { anchor_ = &host_.start<AnchorDaemon>(host_.sockets(), *anchor_config_); }
  void run_gateway() {
    std::vector<EthernetInterface*> links;
    for (const Interface& link : gateway_config_->first) links.push_back(&link.now());
    auto& kernel = dynamic_cast<MobilityKernel&>(*host_.stack().mobility_hooks());  // of enable_mobile_ipv6
    gateway_ = &host_.start<GatewayDaemon>(host_.sockets(), kernel, links, gateway_config_->second);
  }

  Host& host_;
  std::optional<AnchorConfig> anchor_config_;
  std::optional<std::pair<std::vector<Interface>, GatewayDaemonConfig>> gateway_config_;
  AnchorDaemon* anchor_ = nullptr;
  GatewayDaemon* gateway_ = nullptr;
};

Duration ns(std::int64_t n) { return Duration::nanoseconds(n); }

void bind_anchor_config(py::module_& m) {
  py::class_<AnchorConfig>(m, "AnchorConfig", "RFC 5213 sections 5 and 9.1. Times in ns.")
      .def(py::init([](const std::string& pool, unsigned length) {
             return AnchorConfig{.prefix_pool = parse_prefix(pool), .prefix_length = length, .mobile_nodes = {},
                                 .gateways = {}, .clock_offset = {}};
           }),
           "prefix_pool"_a, "prefix_length"_a)
      .def(
          "add_mobile_node",
          [](AnchorConfig& c, const std::string& identifier, bool enabled, const std::vector<std::string>& prefixes,
             std::size_t prefix_count, const std::vector<std::string>& gateways) {
            c.mobile_nodes.insert_or_assign(
                MobileNodeIdentifier{.identifier = identifier},
                AnchorPolicy{enabled, parse_prefixes(prefixes), prefix_count, parse_addresses(gateways)});
          },
          "identifier"_a, "enabled"_a, "prefixes"_a, "prefix_count"_a, "gateways"_a)
      .def_readwrite("serve_unknown_mobile_nodes", &AnchorConfig::serve_unknown_mobile_nodes)
      .def_readwrite("wait_for_deregistration", &AnchorConfig::wait_for_deregistration)
      .def_readwrite("mobile_node_generated_timestamps", &AnchorConfig::mobile_node_generated_timestamps)
      .def_readwrite("max_sessions", &AnchorConfig::max_sessions)
      .def("set_gateways", [](AnchorConfig& c, const std::vector<std::string>& a) { c.gateways = parse_addresses(a); },
           "addresses"_a)
      .def("set_max_lifetime", [](AnchorConfig& c, std::int64_t n) { c.max_lifetime = ns(n); }, "ns"_a)
      .def("set_min_delay_before_bce_delete",
           [](AnchorConfig& c, std::int64_t n) { c.min_delay_before_bce_delete = ns(n); }, "ns"_a)
      .def("set_max_delay_before_new_bce_assign",
           [](AnchorConfig& c, std::int64_t n) { c.max_delay_before_new_bce_assign = ns(n); }, "ns"_a)
      .def("set_timestamp_validity_window",
           [](AnchorConfig& c, std::int64_t n) { c.timestamp_validity_window = ns(n); }, "ns"_a)
      .def("set_clock_offset", [](AnchorConfig& c, std::int64_t n) { c.clock_offset = ns(n); }, "ns"_a);
}

void bind_gateway_config(py::module_& m) {
  py::class_<GatewayDaemonConfig>(m, "GatewayConfig", "RFC 5213 sections 6, 9.2 and 9.3. Times in ns.")
      .def(py::init<>())
      .def(
          "add_mobile_node",
          [](GatewayDaemonConfig& c, const std::string& mac, const std::string& identifier, const std::string& anchor,
             const std::vector<std::string>& prefixes, std::optional<bool> local_routing) {
            c.gateway.mobile_nodes.insert_or_assign(
                *MacAddress::parse(mac), PolicyProfile{MobileNodeIdentifier{.identifier = identifier},
                                                       parse_address(anchor), parse_prefixes(prefixes), local_routing});
          },
          "mac"_a, "identifier"_a, "anchor"_a, "prefixes"_a, "local_routing"_a)
      .def_property(
          "timestamps", [](const GatewayDaemonConfig& c) { return c.gateway.timestamps; },
          [](GatewayDaemonConfig& c, bool on) { c.gateway.timestamps = on; })
      .def_property(
          "local_routing", [](const GatewayDaemonConfig& c) { return c.gateway.local_routing; },
          [](GatewayDaemonConfig& c, bool on) { c.gateway.local_routing = on; })
      .def_property(
          "access_technology", [](const GatewayDaemonConfig& c) { return c.gateway.access_technology; },
          [](GatewayDaemonConfig& c, std::uint8_t type) { c.gateway.access_technology = type; })
      .def("set_lifetime", [](GatewayDaemonConfig& c, std::int64_t n) { c.gateway.lifetime = ns(n); }, "ns"_a)
      .def("set_clock_offset", [](GatewayDaemonConfig& c, std::int64_t n) { c.gateway.clock_offset = ns(n); }, "ns"_a)
      .def("set_fixed_link_local",
           [](GatewayDaemonConfig& c, const std::string& a) { c.gateway.fixed_link_local = parse_address(a); },
           "address"_a, "'::': the anchor generates one for each session.")
      .def("set_fixed_link_layer",
           [](GatewayDaemonConfig& c, const std::string& mac) { c.fixed_link_layer = *MacAddress::parse(mac); },
           "mac"_a, "All zeros: interfaces keep theirs.")
      .def("set_care_of", [](GatewayDaemonConfig& c, const std::string& a) { c.proxy_care_of = parse_address(a); },
           "address"_a)
      .def("set_prefix_lifetime", [](GatewayDaemonConfig& c, std::int64_t n) { c.prefix_lifetime = ns(n); }, "ns"_a)
      .def("set_max_ra_interval", [](GatewayDaemonConfig& c, std::int64_t n) { c.max_ra_interval = ns(n); }, "ns"_a);
}

}  // namespace

void bind_pmip6(py::module_& m) {
  bind_anchor_config(m);
  bind_gateway_config(m);
  py::class_<ProxyMobileIp>(m, "ProxyMobileIpv6", "Proxy Mobile IPv6 on a router (RFC 5213).")
      .def("start_anchor", &ProxyMobileIp::start_anchor, "config"_a)
      .def("start_gateway", &ProxyMobileIp::start_gateway, "access_links"_a, "config"_a)
      .def("binding_cache", &ProxyMobileIp::binding_cache,
           "(identifier, prefixes, Proxy-CoA, link-local address, access technology, sequence, expires in ns, "
           "de-registered), oldest first.")
      .def("binding_update_list", &ProxyMobileIp::binding_update_list,
           "(identifier, MAC address, state, prefixes, link-local address, anchor, expires in ns or None), by MAC.");
}

void bind_proxy_mobile_ip(py::class_<Host>& host) {
  host.def(
      "enable_proxy_mobile_ipv6",
      [](Host& h) -> ProxyMobileIp& {
        const auto roles = std::make_shared<ProxyMobileIp>(h);
        h.at_boot([roles](Host&) { roles->start(); });
        return *roles;
      },
      py::return_value_policy::reference_internal, "To be called once, after enable_mobile_ipv6.");
}

}  // namespace kamesim::python
