// Hierarchical Mobile IPv6: the roles of a node, and the MAP options of its advertisements.
#include <algorithm>

#include <pybind11/stl.h>

#include "protocols/hmip6/advertised_maps.h"
#include "protocols/hmip6/hierarchical_mobile_node_daemon.h"
#include "protocols/hmip6/mobility_anchor_point_daemon.h"
#include "python/kamesim/bindings/mobile_ip.h"

namespace kamesim::python {

namespace {

// The roles of a host, which it takes up again after a reboot.
class HierarchicalMobileIp {
 public:
  explicit HierarchicalMobileIp(const MobileIp& mobile_ip) : mobile_ip_(mobile_ip) {}

  void start_mobility_anchor_point(const Interface& link, const MobilityAnchorPointConfig& config) {
    anchor_point_.emplace(link, config);
    run_anchor_point();
  }
  void start_hierarchical(const Interface& interface, const HierarchicalMobileNodeConfig& config) {
    hierarchical_.emplace(interface, config);
    run_hierarchical();
  }
  void start() {
    if (anchor_point_) run_anchor_point();
    if (hierarchical_) run_hierarchical();
  }
  const MobilityAnchorPointDaemon* anchor_point() const { return anchor_point_running_; }
  const HierarchicalMobileNodeDaemon* hierarchical() const { return hierarchical_running_; }

 private:
  void run_anchor_point() {
    const auto& [link, config] = *anchor_point_;
    Host& host = mobile_ip_.host();
    anchor_point_running_ =
        &host.start<MobilityAnchorPointDaemon>(host.sockets(), mobile_ip_.now().kernel(), link.now(), config);
  }
  void run_hierarchical() {
    const auto& [interface, config] = *hierarchical_;
    Host& host = mobile_ip_.host();
    hierarchical_running_ = &host.start<HierarchicalMobileNodeDaemon>(host.sockets(), mobile_ip_.now().kernel(),
                                                                      interface.now(), mobile_ip_.mobile_node(),
                                                                      config);
  }

  const MobileIp& mobile_ip_;
  std::optional<std::pair<Interface, MobilityAnchorPointConfig>> anchor_point_;
  std::optional<std::pair<Interface, HierarchicalMobileNodeConfig>> hierarchical_;
  const MobilityAnchorPointDaemon* anchor_point_running_ = nullptr;
  const HierarchicalMobileNodeDaemon* hierarchical_running_ = nullptr;
};

// The MAP options of a host's advertisements, over reboots.
class MapAdvertising {
 public:
  explicit MapAdvertising(Host& host) { start(host); }
  void start(Host& host) {
    running_ = &host.start<AdvertisedMaps>(host.router_advertisements());
    for (const auto& [interface, maps] : maps_) running_->set(interface.now(), maps);
  }
  void set(const Interface& interface, const std::vector<MapOption>& maps) {
    std::erase_if(maps_, [&](const auto& entry) { return &entry.first.nic() == &interface.nic(); });
    maps_.emplace_back(interface, maps);
    running_->set(interface.now(), maps);
  }

 private:
  AdvertisedMaps* running_ = nullptr;
  std::vector<std::pair<Interface, std::vector<MapOption>>> maps_;
};

void start_mobility_anchor_point(HierarchicalMobileIp& roles, const Interface& link, std::int64_t max_lifetime_ns,
                                 const std::vector<std::string>& on_link_prefixes) {
  MobilityAnchorPointConfig config{.max_lifetime = Duration::nanoseconds(max_lifetime_ns), .on_link_prefixes = {}};
  for (const std::string& prefix : on_link_prefixes) config.on_link_prefixes.push_back(parse_prefix(prefix));
  roles.start_mobility_anchor_point(link, config);
}

void start_hierarchical(HierarchicalMobileIp& roles, const Interface& interface, std::int64_t lifetime_ns, bool furthest,
                        bool update_previous_map) {
  roles.start_hierarchical(interface, {.lifetime = Duration::nanoseconds(lifetime_ns),
                                       .selection = furthest ? MapSelection::Furthest
                                                             : MapSelection::HighestPreference,
                                       .update_previous_map = update_previous_map});
}

// (map, rcoa, lcoa or none) of the MAP in use, or none.
py::object region(const HierarchicalMobileIp& roles) {
  const HierarchicalMobileNodeDaemon* daemon = roles.hierarchical();
  const auto region = daemon != nullptr ? daemon->region() : std::nullopt;
  if (!region) return py::none();
  py::object lcoa = py::none();
  if (!region->lcoa.is_unspecified()) lcoa = py::str(region->lcoa.to_string());
  return py::make_tuple(region->map.to_string(), region->rcoa.to_string(), lcoa);
}

py::object on_link_care_of(const HierarchicalMobileIp& roles) {
  std::optional<Ipv6Address> address;
  if (roles.hierarchical() != nullptr) address = roles.hierarchical()->on_link_care_of();
  return address ? py::object(py::str(address->to_string())) : py::object(py::none());
}

py::list advertised_maps(const HierarchicalMobileIp& roles) {
  py::list rows;
  if (roles.hierarchical() == nullptr) return rows;
  for (const StoredMap& map : roles.hierarchical()->maps()) {
    rows.append(py::make_tuple(map.option.address.to_string(), map.option.distance, map.option.preference,
                               map.valid_until.ns()));
  }
  return rows;
}

py::list anchored(const HierarchicalMobileIp& roles) {
  py::list rows;
  if (roles.anchor_point() == nullptr) return rows;
  const BindingCache& cache = roles.anchor_point()->bindings();
  std::vector<Ipv6Address> rcoas = cache.home_addresses(RegistrationType::Home);
  std::ranges::sort(rcoas);
  for (const Ipv6Address& rcoa : rcoas) {
    const BindingCacheEntry* e = cache.find(rcoa);
    if (!e->valid) continue;
    rows.append(py::make_tuple(rcoa.to_string(), e->care_of.to_string(), e->sequence.value(), e->expires.ns()));
  }
  return rows;
}

}  // namespace

void bind_hmip6(py::module_& m) {
  py::class_<MapAdvertising>(m, "MapAdvertising", "The MAP options of its Router Advertisements (RFC 5380 section 5).")
      .def("set",
           [](MapAdvertising& advertising, const Interface& interface,
              const std::vector<std::tuple<std::string, std::uint8_t, std::uint8_t, std::int64_t>>& maps) {
             std::vector<MapOption> options;
             for (const auto& [address, distance, preference, lifetime_ns] : maps) {
               options.push_back({.distance = distance, .preference = preference, .rcoa_allocated = false,
                                  .valid_lifetime = Duration::nanoseconds(lifetime_ns),
                                  .address = parse_address(address)});
             }
             advertising.set(interface, options);
           },
           "interface"_a, "maps"_a, "maps: (address, distance, preference, valid lifetime in ns).");
  py::class_<HierarchicalMobileIp>(m, "HierarchicalMobileIpv6", "Hierarchical Mobile IPv6 on a node (RFC 5380).")
      .def("start_mobility_anchor_point", &start_mobility_anchor_point, "link"_a, "max_lifetime_ns"_a,
           "on_link_prefixes"_a, "RCoAs have the prefixes of the interface's global addresses (RFC 5380).")
      .def("start_hierarchical", &start_hierarchical, "interface"_a, "lifetime_ns"_a, "furthest"_a,
           "update_previous_map"_a, "After start_mobile_node, if the node is to have a home agent.")
      .def_property_readonly("region", &region, "(MAP, RCoA, LCoA or None) of the MAP in use, or None.")
      .def_property_readonly("on_link_care_of", &on_link_care_of, "The care-of address of the present link, or None.")
      .def("advertised_maps", &advertised_maps,
           "(address, distance, preference, valid until in ns), in the order of selection.")
      .def("anchored", &anchored, "A MAP's bindings: (RCoA, LCoA, sequence, expires in ns), sorted.");
}

void bind_hierarchical_mobile_ip(py::class_<Host>& host) {
  host.def(
      "advertise_maps",
      [](Host& h) -> MapAdvertising& {
        const auto advertising = std::make_shared<MapAdvertising>(h);
        h.at_boot([advertising](Host& booted) { advertising->start(booted); });
        return *advertising;
      },
      py::return_value_policy::reference_internal, "To be called once.");
  host.def(
      "enable_hierarchical_mobile_ipv6",
      [](Host& h, const MobileIp& mobile_ip) -> HierarchicalMobileIp& {
        const auto roles = std::make_shared<HierarchicalMobileIp>(mobile_ip);
        h.at_boot([roles](Host&) { roles->start(); });
        return *roles;
      },
      "mobile_ip"_a, py::return_value_policy::reference_internal, "To be called once, after enable_mobile_ipv6().");
}

}  // namespace kamesim::python
