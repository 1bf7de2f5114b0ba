// Several care-of addresses and flow bindings: a mobile node with more than one roaming interface.
#include "python/kamesim/bindings/bind_mcoa.h"

#include <algorithm>

#include <pybind11/stl.h>

#include "protocols/host/mobile_networks.h"
#include "protocols/mcoa/multihomed_node_daemon.h"
#include "sim/node.h"

namespace kamesim::python {

namespace {

using mcoa::FlowBinding;
using mcoa::MultihomedNodeConfig;
using mcoa::MultihomedNodeDaemon;
using mcoa::SelectorRange;
using mcoa::TrafficSelector;
using Link = MultihomedNodeDaemon::Link;

// The role of a host, which it takes up again after a reboot.
class MultihomedMobileIp {
 public:
  explicit MultihomedMobileIp(Host& host) : host_(host) {}

  void start(const std::vector<std::pair<Interface, Link>>& interfaces, const MultihomedNodeConfig& config) {
    interfaces_ = interfaces;
    config_ = config;
    run();
  }
  void start_again() {
    if (config_) run();
  }

  void bind_flow(const FlowBinding& flow) {
    std::erase_if(flows_, [&](const FlowBinding& f) { return f.fid == flow.fid; });
    flows_.push_back(flow);
    daemon_->bind_flow(flow);
  }
  void unbind_flow(std::uint16_t fid) {
    std::erase_if(flows_, [fid](const FlowBinding& f) { return f.fid == fid; });
    daemon_->unbind_flow(fid);
  }

  // (BID, BID-PRI, care-of address or None, registered care-of address or None, its expiry in ns).
  py::list links() const {
    py::list rows;
    for (const auto& link : daemon_->registration().links()) {
      py::object care_of = py::none(), bound = py::none(), expires = py::none();
      if (link.care_of) care_of = py::str(link.care_of->address.to_string());
      if (link.binding) {
        bound = py::str(link.binding->care_of.to_string());
        expires = py::int_(link.binding->expires.ns());
      }
      rows.append(py::make_tuple(link.bid, link.priority, care_of, bound, expires));
    }
    return rows;
  }
  // (FID, FID-PRI, BIDs, whether the home agent has it, its refusal or None).
  py::list flows() const {
    py::list rows;
    for (const auto& [fid, entry] : daemon_->registration().flows().entries()) {
      py::object refused = py::none();
      if (entry.refused) refused = py::int_(*entry.refused);
      rows.append(py::make_tuple(fid, entry.wanted.priority, entry.wanted.bids, entry.registered.has_value(), refused));
    }
    return rows;
  }
  py::list correspondents() const {
    py::list rows;
    if (!daemon_->route_optimizer()) return rows;
    for (const auto& [correspondent, links] : daemon_->route_optimizer()->correspondents()) {
      py::object way = py::none();
      if (const auto care_of = links.way()) way = py::str(care_of->to_string());
      rows.append(py::make_tuple(correspondent.to_string(), links.bound(), way));
    }
    return rows;
  }
  std::vector<std::uint16_t> ways() const {
    std::vector<std::uint16_t> bids;
    for (const auto& way : daemon_->registration().ways()) bids.push_back(way.bid);
    return bids;
  }
  const char* location() const {
    const auto& registration = daemon_->registration();
    if (registration.at_home()) return "home";
    const bool away = std::ranges::any_of(registration.links(), [](const auto& l) { return l.care_of.has_value(); });
    return away ? "foreign" : "unknown";
  }
  bool fallen_back() const { return daemon_->registration().fallen_back(); }
  const char* mobile_router_mode() const {
    const MobileRouterRegistration* mobile_router = daemon_->mobile_router();
    if (mobile_router == nullptr) return "none";
    if (!mobile_router->active()) return "given up";
    return mobile_router->mode() == RegistrationMode::Explicit ? "explicit" : "implicit";
  }

 private:
  void run() {
    std::vector<std::pair<Ip6Interface*, Link>> on;
    for (const auto& [interface, link] : interfaces_) on.emplace_back(&interface.now(), link);
    auto& kernel = dynamic_cast<MobilityKernel&>(*host_.stack().mobility_hooks());  // of enable_mobile_ipv6
    daemon_ = &host_.start<MultihomedNodeDaemon>(host_.sockets(), kernel, *config_, on);
    if (config_->mobile_router) {
      host_.start<AdvertisedMobileNetworks<MultihomedNodeDaemon>>(host_.router_advertisements(), *daemon_);
    }
    for (const FlowBinding& flow : flows_) daemon_->bind_flow(flow);
  }

  Host& host_;
  std::vector<std::pair<Interface, Link>> interfaces_;
  std::optional<MultihomedNodeConfig> config_;
  std::vector<FlowBinding> flows_;
  MultihomedNodeDaemon* daemon_ = nullptr;
};

template <typename T>
using Range = std::optional<std::pair<T, T>>;

template <typename T>
std::optional<SelectorRange<T>> range(const Range<T>& given) {
  if (!given) return std::nullopt;
  return SelectorRange<T>{given->first, given->second};
}

std::optional<SelectorRange<Ipv6Address>> addresses(const Range<std::string>& given) {
  if (!given) return std::nullopt;
  return SelectorRange<Ipv6Address>{parse_address(given->first), parse_address(given->second)};
}

void bind_flow(MultihomedMobileIp& role, std::uint16_t fid, std::uint16_t priority,
               const std::vector<std::uint16_t>& bids, const Range<std::string>& source,
               const Range<std::string>& destination, const Range<std::uint16_t>& source_port,
               const Range<std::uint16_t>& destination_port, const Range<std::uint8_t>& protocol,
               const Range<std::uint8_t>& traffic_class, const Range<std::uint32_t>& flow_label) {
  TrafficSelector selector{.source = addresses(source), .destination = addresses(destination), .spi = {},
                           .flow_label = range(flow_label), .source_port = range(source_port),
                           .destination_port = range(destination_port), .traffic_class = range(traffic_class),
                           .protocol = range(protocol)};
  role.bind_flow({.fid = fid, .priority = priority, .selector = selector, .bids = bids});
}

void start(MultihomedMobileIp& role, const std::vector<std::tuple<Interface, std::uint16_t, std::uint8_t>>& interfaces,
           const std::string& home_address, std::uint8_t home_prefix_length, const std::string& home_agent,
           std::int64_t lifetime_ns, bool bulk_registration, const std::vector<std::string>& mobile_networks,
           bool explicit_mode, bool try_other_mode, const std::optional<std::string>& home_link,
           bool route_optimization) {
  std::vector<std::pair<Interface, Link>> on;
  for (const auto& [interface, bid, priority] : interfaces) on.emplace_back(interface, Link{bid, priority});
  MultihomedNodeConfig config{.home_address = parse_address(home_address), .home_prefix_length = home_prefix_length,
                              .home_agent = parse_address(home_agent), .lifetime = Duration::nanoseconds(lifetime_ns),
                              .bulk_registration = bulk_registration,
                              .route_optimization = route_optimization};
  if (!mobile_networks.empty()) {
    MobileRouterConfig& mobile_router = config.mobile_router.emplace();
    for (const std::string& text : mobile_networks) mobile_router.prefixes.push_back(parse_prefix(text));
    mobile_router.mode = explicit_mode ? RegistrationMode::Explicit : RegistrationMode::Implicit;
    mobile_router.try_other_mode = try_other_mode;
  }
  if (home_link) config.home_link = parse_prefix(*home_link);
  role.start(on, config);
}

}  // namespace

void bind_mcoa(py::module_& m) {
  py::class_<MultihomedMobileIp>(m, "MultihomedMobileIpv6",
                                 "A mobile node with several roaming interfaces (RFC 5648, RFC 6089).")
      .def("start", &start, "interfaces"_a, "home_address"_a, "home_prefix_length"_a, "home_agent"_a, "lifetime_ns"_a,
           "bulk_registration"_a, "mobile_networks"_a, "explicit_mode"_a, "try_other_mode"_a, "home_link"_a, "route_optimization"_a,
           "interfaces: (interface, BID, BID-PRI). mobile_networks: of a mobile router (RFC 3963); of a host none.")
      .def("bind_flow", &bind_flow, "fid"_a, "priority"_a, "bids"_a, "source"_a, "destination"_a, "source_port"_a,
           "destination_port"_a, "protocol"_a, "traffic_class"_a, "flow_label"_a,
           "Of packets to the mobile node: the first and last value of each, or None.")
      .def("unbind_flow", &MultihomedMobileIp::unbind_flow, "fid"_a)
      .def("correspondents", &MultihomedMobileIp::correspondents,
           "(correspondent, BIDs that it has, the care-of address that packets take or None) of each.")
      .def("links", &MultihomedMobileIp::links)
      .def("flows", &MultihomedMobileIp::flows)
      .def("ways", &MultihomedMobileIp::ways, "BIDs, the preferred one first.")
      .def_property_readonly("mobile_router_mode", &MultihomedMobileIp::mobile_router_mode,
                             "'implicit', 'explicit', 'given up'; 'none' if not a mobile router.")
      .def_property_readonly("location", &MultihomedMobileIp::location)
      .def_property_readonly("fallen_back", &MultihomedMobileIp::fallen_back);
}

void bind_multihomed_mobile_ip(py::class_<Host>& host) {
  host.def(
      "enable_multihomed_mobile_ipv6",
      [](Host& h) -> MultihomedMobileIp& {
        const auto role = std::make_shared<MultihomedMobileIp>(h);
        h.at_boot([role](Host&) { role->start_again(); });
        return *role;
      },
      py::return_value_policy::reference_internal, "To be called once, after enable_mobile_ipv6.");
}

}  // namespace kamesim::python
