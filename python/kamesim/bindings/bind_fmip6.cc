// Fast handovers: the roles of a node.
#include <algorithm>
#include <functional>

#include <pybind11/stl.h>

#include "protocols/fmip6/access_point_id.h"
#include "protocols/fmip6/access_router_daemon.h"
#include "protocols/fmip6/fast_mobile_node_daemon.h"
#include "python/kamesim/bindings/mobile_ip.h"
#include "sim/cell.h"
#include "sim/node.h"

namespace kamesim::python {

namespace {

// The roles of a host, which it takes up again after a reboot.
class FastHandovers {
 public:
  explicit FastHandovers(const MobileIp& mobile_ip) : mobile_ip_(mobile_ip) {}

  void start_access_router(const Interface& link, const Ipv6Address& address, const AccessRouterConfig& config) {
    access_router_.emplace(AccessRouter{link, address, config});
    run_access_router();
  }
  void start_fast(const Interface& interface, const FastMobileNodeDaemonConfig& config) {
    if (mobile_ip_.mobile_node() == nullptr) throw SimulationError("the node is no mobile node with a home address yet");
    fast_.emplace(interface, config);
    run_fast();
  }
  void start() {
    if (access_router_) run_access_router();
    if (fast_) run_fast();
  }
  AccessRouterDaemon* access_router() const { return access_router_running_; }
  FastMobileNodeDaemon* fast() const { return fast_running_; }

 private:
  struct AccessRouter {
    Interface link;
    Ipv6Address address;
    AccessRouterConfig config;
  };
  void run_access_router() {
    const auto& [link, address, config] = *access_router_;
    Host& host = mobile_ip_.host();
    access_router_running_ = &host.start<AccessRouterDaemon>(host.sockets(), mobile_ip_.now().kernel(), link.now(),
                                                             address, config);
  }
  void run_fast() {
    const auto& [interface, config] = *fast_;
    Host& host = mobile_ip_.host();
    fast_running_ = &host.start<FastMobileNodeDaemon>(host.sockets(), mobile_ip_.now().kernel(), interface.now(),
                                                      *mobile_ip_.mobile_node(), config);
  }

  const MobileIp& mobile_ip_;
  std::optional<AccessRouter> access_router_;
  std::optional<std::pair<Interface, FastMobileNodeDaemonConfig>> fast_;
  AccessRouterDaemon* access_router_running_ = nullptr;
  FastMobileNodeDaemon* fast_running_ = nullptr;
};

BindingManagementKey key_of(const std::string& octets) {
  BindingManagementKey key{};
  if (octets.size() != key.size()) throw SimulationError("a handover key has 20 octets");
  std::ranges::copy(octets, key.begin());
  return key;
}

// neighbors: (medium, MAC and address of its router, prefix).
void start_access_router(FastHandovers& roles, const Interface& link, const std::string& address,
                         const std::vector<std::tuple<std::string, std::string, std::string, std::string>>& neighbors,
                         const std::vector<std::string>& own, const py::bytes& key, std::size_t buffer,
                         bool test_addresses) {
  AccessRouterConfig config{.neighbors = {}, .access_points = {}, .key = key_of(std::string(key)), .buffer = buffer,
                            .test_addresses = test_addresses};
  for (const auto& [medium, mac, router, prefix] : neighbors) {
    config.neighbors.push_back({access_point_id(medium), *parse_mac(mac), parse_address(router), parse_prefix(prefix),
                                true});
  }
  for (const std::string& medium : own) config.access_points.push_back(access_point_id(medium));
  roles.start_access_router(link, parse_address(address), config);
}

// The cell that is at least so many dB stronger than the present one, as a station that listens to beacons hears it.
std::function<std::optional<MacAddress>()> foresight(World& world, const Interface& interface, double decibels) {
  return [&radio = world.radio, &nic = interface.nic(), decibels]() -> std::optional<MacAddress> {
    const auto* here = dynamic_cast<const Cell*>(nic.medium());
    const Node& node = nic.node();
    if (here == nullptr || node.mobility() == nullptr) return std::nullopt;
    const Position at = node.mobility()->position_at(node.now());
    const Cell* best = nullptr;
    for (const Cell* cell : radio.cells()) {
      const bool stronger = cell != here && cell->covers(at) &&
                            cell->signal_dbm(at) >= here->signal_dbm(at) + decibels;
      if (stronger && (best == nullptr || cell->signal_dbm(at) > best->signal_dbm(at))) best = cell;
    }
    return best != nullptr ? std::optional(access_point_id(best->name())) : std::nullopt;
  };
}

void start_fast(FastHandovers& roles, World& world, const Interface& interface, bool predictive, std::uint16_t lifetime_s,
                const py::bytes& key, std::optional<double> anticipation) {
  FastMobileNodeDaemonConfig config{.machine = {.key = key_of(std::string(key)), .predictive = predictive,
                                                .lifetime = Duration::seconds(lifetime_s)},
                                    .foresee = {}};
  if (anticipation && predictive) config.foresee = foresight(world, interface, *anticipation);
  roles.start_fast(interface, config);
}

py::list neighborhood(const FastHandovers& roles) {
  py::list rows;
  if (roles.fast() == nullptr) return rows;
  for (const auto& [id, info] : roles.fast()->machine().neighborhood()) {
    const bool known = info.kind == AccessPointInfo::Kind::Known;
    rows.append(py::make_tuple(id.to_string(), known ? info.router.to_string() : "",
                               known ? info.prefix.to_string() : ""));
  }
  return rows;
}

py::list redirected(const FastHandovers& roles) {
  py::list rows;
  if (roles.access_router() == nullptr) return rows;
  for (const auto& e : roles.access_router()->handovers()) {
    rows.append(py::make_tuple(e.previous_care_of.to_string(), e.new_care_of.to_string(), e.bound, e.expires.ns()));
  }
  return rows;
}

}  // namespace

void bind_fmip6(py::module_& m) {
  py::class_<FastHandovers>(m, "FastHandovers", "Fast handovers on a node (RFC 5568).")
      .def("start_access_router", &start_access_router, "link"_a, "address"_a, "neighbors"_a, "own"_a, "key"_a,
           "buffer"_a, "test_addresses"_a, "Fast handovers (RFC 5568): neighbors as (medium, MAC, address, prefix).")
      .def("start_fast_mobile_node", &start_fast, "simulation"_a, "interface"_a, "predictive"_a, "lifetime_s"_a, "key"_a,
           "anticipation"_a, "After start_mobile_node, and start_hierarchical if that is to be.")
      .def("anticipate", [](const FastHandovers& roles, const std::string& medium) {
             if (roles.fast() == nullptr) throw SimulationError("the node has no fast handovers");
             roles.fast()->anticipate(access_point_id(medium));
           }, "medium"_a)
      .def("hand_over", [](const FastHandovers& roles, const std::string& mobile_node, const std::string& medium) {
             AccessRouterDaemon* router = roles.access_router();
             return router != nullptr && router->hand_over(parse_address(mobile_node), access_point_id(medium));
           }, "mobile_node"_a, "medium"_a, "Whether the medium is one of the neighbourhood, and the mobile node is told.")
      .def("neighborhood", &neighborhood, "(AP-ID, router, prefix), empty where the router told none.")
      .def("redirected", &redirected, "An access router's: (PCoA, NCoA, bound, expires in ns).");
}

void bind_fast_handovers(py::class_<Host>& host) {
  host.def(
      "enable_fast_handovers",
      [](Host& h, const MobileIp& mobile_ip) -> FastHandovers& {
        const auto roles = std::make_shared<FastHandovers>(mobile_ip);
        h.at_boot([roles](Host&) { roles->start(); });
        return *roles;
      },
      "mobile_ip"_a, py::return_value_policy::reference_internal, "To be called once, after enable_mobile_ipv6().");
}

}  // namespace kamesim::python
