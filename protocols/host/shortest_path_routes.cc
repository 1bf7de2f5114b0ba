#include "protocols/host/shortest_path_routes.h"

#include <vector>

#include "protocols/host/prefix_tree.h"
#include "protocols/host/router_paths.h"
#include "protocols/ip6/stack.h"

namespace kamesim {

namespace {

constexpr std::uint32_t kMetric = 1;  // behind routes that the user gave

// The address by which neighbours know a router: its link-local one (RFC 4861 §8: redirects want that too).
Ipv6Address next_hop_address(const EthernetInterface& interface) {
  for (const auto& a : interface.addresses()) {
    if (a->address.is_link_local()) return a->address;
  }
  return with_interface_id(kLinkLocalPrefix, InterfaceId::eui64(interface.nic()->mac()));
}

PrefixTree prefixes_of(std::span<const Subnet> subnets, const RouterPaths& paths) {
  std::vector<PrefixTree::Entry> entries;
  for (std::size_t i = 0; i < subnets.size(); ++i) {
    if (paths.place(i) == kNowhere) continue;
    for (const Ipv6Prefix& prefix : subnets[i].prefixes) entries.push_back({prefix, paths.place(i)});
  }
  return PrefixTree(std::move(entries));
}

void forget_routes(Ip6Stack& stack) {
  stack.remove_routes_if([](const Route& r) { return r.origin == RouteOrigin::Daemon; });
}

}  // namespace

std::size_t install_shortest_path_routes(std::span<const Subnet> subnets) {
  const RouterPaths paths(subnets);
  const PrefixTree prefixes = prefixes_of(subnets, paths);
  std::size_t installed = 0;
  paths.visit([&](Ip6Stack& router, const RouterPaths::WayTo& way_to) {
    forget_routes(router);
    prefixes.routes(way_to, [&](const Ipv6Prefix& prefix, const Way& way) {
      router.add_route({.prefix = prefix,
                           .interface = way.out,
                           .next_hop = next_hop_address(*way.next),
                           .origin = RouteOrigin::Daemon,
                           .metric = kMetric});
      ++installed;
    });
  });

  for (const Subnet& subnet : subnets) {
    for (const EthernetInterface* host : subnet.default_hosts) forget_routes(host->stack());
  }
  for (const Subnet& subnet : subnets) {
    if (subnet.routers.empty()) continue;
    for (EthernetInterface* host : subnet.default_hosts) {
      host->stack().add_route({.prefix = {},
                                  .interface = host,
                                  .next_hop = next_hop_address(*subnet.routers.front()),
                                  .origin = RouteOrigin::Daemon,
                                  .metric = kMetric});
      ++installed;
    }
  }
  return installed;
}

}  // namespace kamesim
