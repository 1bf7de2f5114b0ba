// Power cycles of a node, and when it has settled after one.
#include <algorithm>
#include <memory>

#include "protocols/host/configuration.h"
#include "protocols/host/host.h"
#include "protocols/inverse_nd/inverse_nd.h"
#include "protocols/ip4/stack.h"
#include "protocols/ip6/multicast_forwarding.h"
#include "protocols/ip6/neighbor_discovery.h"
#include "protocols/ipsec/control.h"
#include "protocols/ipsec/kernel.h"
#include "protocols/rafixd/rafixd.h"
#include "protocols/rrenumd/rrenumd.h"

namespace kamesim {

void Host::reboot() {
  Node& node = this->node();
  const RareParts* const rare = system_.rare.get();
  const RouterAdvertisementDaemon* advertising = rare != nullptr ? rare->router_advertisements.get() : nullptr;
  const NodeConfiguration configuration = configuration_of(stack(), tcp(), advertising);
  const Ip6Stack::Counters counters = stack().counters();

  tcp().power_off();
  const std::vector<PowerListener*> listeners = lasting().power_listeners;  // they may leave when they are told
  for (PowerListener* listener : listeners) listener->on_power_off();
  for (const auto& ping : lasting().pings) ping->end();
  const bool renumbering = router_renumbering();
  std::optional<ipsec::Configuration> security;
  ipsec::PacketPathConfig security_path;
  if (ipsec_in_use() != nullptr) {
    security = ipsec::configuration_of(ipsec().keys());
    security_path = ipsec().config;
  }
  std::destroy_at(&system_);
  for (const auto& interface : configuration.interfaces) interface.nic->leave_all();

  node.renew_streams();
  ++lasting().boots;
  std::construct_at(&system_, node, configuration.ip6);
  if (configuration.tcp) tcp().mutable_config() = *configuration.tcp;
  stack().set_counters(counters);
  if (security) {
    ipsec().config = security_path;
    ipsec::restore(ipsec().keys(), node.now(), std::move(*security));
    ipsec().reschedule();
  }
  restore(configuration);
  set_router_renumbering(renumbering);
  start_guard();
  for (PowerListener* listener : listeners) {
    const auto& present = lasting().power_listeners;
    if (std::ranges::find(present, listener) != present.end()) listener->on_power_on();
  }
}

void Host::restore(const NodeConfiguration& configuration) {
  for (const auto& kept : configuration.interfaces) {
    EthernetInterface& interface = add_interface(*kept.nic);
    interface.set_link_layer_addresses(kept.link_layer_addresses);
    interface.prefer_source = kept.prefer_source;
    interface.multicast_scope_boundary = kept.multicast_scope_boundary;
    interface.multicast_hop_threshold = kept.multicast_hop_threshold;
    interface.set_configured_mtu(kept.mtu);
    for (const Ip6Stack::NewAddress& address : kept.addresses) {
      if (address.address.is_v4_mapped()) ip4();
      stack().add_address(interface, address);
    }
    for (const auto& [address, mac] : kept.ip4_neighbors) ip4().add_neighbor(interface, address, mac);
    for (const StaticNeighbor& neighbor : kept.neighbors) interface.nd()->add_static_neighbor(neighbor);
    for (const Ipv6Address& proxied : kept.proxies) interface.nd()->add_given_proxy(proxied);
  }
  for (const auto& kept : configuration.tunnels) {
    TunnelInterface& tunnel = add_tunnel(kept.name, kept.local, kept.remote, kept.parameters);
    for (const Ip6Stack::NewAddress& address : kept.addresses) {
      if (address.address.is_v4_mapped()) ip4();
      stack().add_address(tunnel, address);
    }
    tunnel.set_up(kept.up);
  }
  // What goes by a tunnel may have to wait for the daemon that makes it.
  auto add_routes = [&](bool late) {
    for (const auto& [route, name] : configuration.routes) {
      Route kept = route;
      kept.interface = stack().find_interface(name);
      const bool by_nic = kept.interface != nullptr && kept.interface->nic() != nullptr;
      if (kept.interface != nullptr && by_nic != late) stack().routes().add(kept);
    }
  };
  add_routes(false);
  for (const auto& start : lasting().boot) start(*this);
  add_routes(true);
  restore_group_routes(configuration);
  for (const auto& kept : configuration.interfaces) {
    if (!kept.advertised) continue;
    auto& interface = static_cast<EthernetInterface&>(*stack().find_interface(kept.nic->name()));
    router_advertisements().advertise(interface, *kept.advertised);
  }
}

void Host::restore_group_routes(const NodeConfiguration& configuration) {
  if (!configuration.multicast_flood && configuration.group_routes.empty()) return;
  MulticastForwarding& multicast = stack().multicast_forwarding();
  multicast.flood = configuration.multicast_flood;
  for (const auto& kept : configuration.group_routes) {
    MulticastRoute route{.groups = kept.groups, .source = kept.source, .in = stack().find_interface(kept.in), .out = {}};
    for (const std::string& name : kept.out) {
      if (Ip6Interface* out = stack().find_interface(name)) route.out.push_back(out);
    }
    if (route.in != nullptr) multicast.add(std::move(route));
  }
  stack().on_multicast_forwarding_changed();
}

std::optional<Time> Host::quiet_from() const {
  Time quiet = node().now();
  for (const auto& interface : stack().links()) {
    if (interface->nic() == nullptr || !interface->up()) continue;
    for (const auto& a : interface->addresses()) {
      if (a->state == AddressState::Tentative || a->state == AddressState::Optimistic) return std::nullopt;
    }
    if (const Ip4Part* ip4 = stack().ip4()) {
      for (const auto& a : ip4->addresses(*interface)) {
        if (a->state == AddressState::Tentative) return std::nullopt;
      }
    }
    if (!system_.router_solicitations || stack().forwarding()) continue;
    const auto done = system_.router_solicitations->done_at(static_cast<const EthernetInterface&>(*interface));
    if (!done) return std::nullopt;
    quiet = std::max(quiet, *done);
  }
  return quiet;
}

}  // namespace kamesim
