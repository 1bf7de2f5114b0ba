// Routes along the paths of least delay, put into the routing tables from outside, as a routing daemon would.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "protocols/ip6/interface.h"
#include "protocols/wire/ipv6_address.h"
#include "sim/time.h"

namespace kamesim {

// A link, LAN or cell and the prefixes on it.
struct Subnet {
  std::vector<Ipv6Prefix> prefixes;
  Duration delay;
  std::vector<EthernetInterface*> routers;        // the routers' interfaces on it
  std::vector<EthernetInterface*> default_hosts;  // hosts that get a default route by the first router
};

// Gives each router routes to all prefixes that it can reach, replacing those that an earlier call gave. Neighbouring prefixes
// that have the same way are one route: to the prefix that they fill, never to one that covers more. Packets pass
// through routers only. Of equally short paths the one with fewer hops is taken, then the one through the subnet or
// router that came first. Returns the number of routes.
std::size_t install_shortest_path_routes(std::span<const Subnet> subnets);

}  // namespace kamesim
