// What an administrator has configured on a node, and a power cycle keeps (Host::reboot), as a machine's files do. All
// else is state, and lost: what was learned from the network, and what daemons and applications had come to.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "protocols/ip6/config.h"
#include "protocols/ip6/stack.h"
#include "protocols/ip6/tunnel.h"
#include "protocols/rtadvd/config.h"
#include "protocols/tcp/options.h"

namespace kamesim {

class RouterAdvertisementDaemon;
class TcpLayer;
struct StaticNeighbor;

struct NodeConfiguration {
  struct Interface {
    Nic* nic = nullptr;
    std::uint32_t mtu = 0;                                // 0: the link's
    std::vector<Ip6Stack::NewAddress> addresses;          // given by hand
    std::vector<StaticNeighbor> neighbors;
    std::vector<std::pair<Ipv6Address, MacAddress>> ip4_neighbors;
    std::vector<Ipv6Address> proxies;
    bool link_layer_addresses = true;
    bool prefer_source = false;
    Scope multicast_scope_boundary = Scope::LinkLocal;
    std::uint8_t multicast_hop_threshold = 0;
    std::optional<RouterAdvertisementConfig> advertised;  // empty: the daemon is silent there
  };
  struct Tunnel {  // configured by hand
    std::string name;
    Ipv6Address local, remote;
    TunnelParameters parameters;
    bool up = true;
    std::vector<Ip6Stack::NewAddress> addresses;
  };
  struct GroupRoute {  // of packets for groups; interfaces by their names
    Ipv6Prefix groups;
    std::optional<Ipv6Address> source;
    std::string in;
    std::vector<std::string> out;
  };
  struct StaticRoute {
    Route route;            // its interface is null
    std::string interface;  // the name
  };

  Ip6Config ip6;
  std::optional<TcpConfig> tcp;       // empty: the defaults
  std::vector<Interface> interfaces;  // in the order in which they were made
  std::vector<Tunnel> tunnels;
  bool multicast_flood = false;
  std::vector<GroupRoute> group_routes;
  std::vector<StaticRoute> routes;    // given by hand, or computed beforehand (RouteOrigin::Daemon)
};

// `advertising`: null if there is no such daemon.
NodeConfiguration configuration_of(const Ip6Stack& stack, const TcpLayer& tcp,
                                   const RouterAdvertisementDaemon* advertising);

}  // namespace kamesim
