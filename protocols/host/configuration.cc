#include "protocols/host/configuration.h"

#include <algorithm>

#include "protocols/ip6/ip4_part.h"
#include "protocols/ip6/multicast_forwarding.h"
#include "protocols/ip6/neighbor_discovery.h"
#include "protocols/rtadvd/rtadvd.h"
#include "protocols/tcp/layer.h"

namespace kamesim {

namespace {

// Lifetimes of addresses end when they do, on or off.
std::vector<Ip6Stack::NewAddress> addresses_of(const Ip6Interface& interface) {
  std::vector<Ip6Stack::NewAddress> given;
  const Time now = interface.stack().now();
  auto give = [&](const auto& a) {
    if (a->origin != AddressOrigin::Manual || a->valid_until() <= now) return;
    given.push_back({.address = a->address,
                     .prefix_length = a->prefix_length,
                     .anycast = a->anycast,
                     .home_address = a->home_address,
                     .skip_dad = a->skip_dad,
                     .preferred_until = a->preferred_until(),
                     .valid_until = a->valid_until()});
  };
  for (const auto& a : interface.addresses()) give(a);
  if (const Ip4Part* ip4 = interface.stack().ip4()) {
    for (const auto& a : ip4->addresses(interface)) give(a);
  }
  return given;
}

// RFC 4861 §6.2.1: a lifetime that decrements in real time has less left when the daemon starts again.
RouterAdvertisementConfig as_of_now(RouterAdvertisementConfig config, Duration elapsed) {
  if (!config.adv_prefix_list) return config;
  for (AdvertisedPrefix& p : *config.adv_prefix_list) {
    if (!p.lifetimes_decrement) continue;
    for (Duration* lifetime : {&p.adv_valid_lifetime, &p.adv_preferred_lifetime}) {
      if (*lifetime != kInfiniteLifetime) *lifetime = std::max(*lifetime - elapsed, Duration());
    }
  }
  return config;
}

}  // namespace

NodeConfiguration configuration_of(const Ip6Stack& stack, const TcpLayer& tcp,
                                   const RouterAdvertisementDaemon* advertising) {
  NodeConfiguration c{.ip6 = stack.config(), .tcp = tcp.changed_config(), .interfaces = {}, .tunnels = {}, .group_routes = {}, .routes = {}};
  for (const auto& any : stack.interfaces()) {
    if (any->is_tunnel()) {
      const auto& tunnel = static_cast<const TunnelInterface&>(*any);
      if (!tunnel.configured) continue;
      c.tunnels.push_back({.name = tunnel.name(), .local = tunnel.local(), .remote = tunnel.remote(),
                           .parameters = tunnel.parameters(), .up = tunnel.up(), .addresses = addresses_of(tunnel)});
    }
    if (any->nic() == nullptr) continue;
    const auto& interface = static_cast<const EthernetInterface&>(*any);
    auto& kept = c.interfaces.emplace_back();
    kept.nic = interface.nic();
    kept.mtu = interface.configured_mtu();
    kept.addresses = addresses_of(interface);
    kept.neighbors = interface.nd()->static_neighbors();
    if (const Ip4Part* ip4 = stack.ip4()) {
      for (const Ip4Part::Neighbor& n : ip4->neighbors(interface)) {
        if (n.permanent) kept.ip4_neighbors.emplace_back(n.address, *n.mac);
      }
    }
    kept.proxies = interface.nd()->given_proxies();
    kept.link_layer_addresses = interface.has_link_layer_addresses();
    kept.prefer_source = interface.prefer_source;
    kept.multicast_scope_boundary = interface.multicast_scope_boundary;
    kept.multicast_hop_threshold = interface.multicast_hop_threshold;
    const RouterAdvertisementConfig* ra = advertising != nullptr ? advertising->config(interface) : nullptr;
    if (ra != nullptr && ra->adv_send_advertisements) {
      kept.advertised = as_of_now(*ra, stack.now() - advertising->configured_at(interface));
    }
  }
  if (const MulticastForwarding* multicast = stack.multicast_forwarding_in_use()) {
    c.multicast_flood = multicast->flood;
    for (const MulticastRoute& route : multicast->routes()) {
      auto& kept = c.group_routes.emplace_back();
      kept.groups = route.groups;
      kept.source = route.source;
      kept.in = route.in->name();
      for (const Ip6Interface* out : route.out) kept.out.push_back(out->name());
    }
  }
  for (Route& route : stack.routes().all()) {
    if (route.origin != RouteOrigin::Static && route.origin != RouteOrigin::Daemon) continue;
    std::string interface = route.interface->name();
    route.interface = nullptr;
    c.routes.push_back({route, std::move(interface)});
  }
  for (const auto& any : stack.interfaces()) {
    if (!any->is_tunnel()) continue;
    for (Route route : static_cast<const TunnelInterface&>(*any).withdrawn_routes()) {
      route.interface = nullptr;
      c.routes.push_back({route, any->name()});
    }
  }
  return c;
}

}  // namespace kamesim
