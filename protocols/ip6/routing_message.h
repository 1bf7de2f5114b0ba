// What the kernel part of a node tells its daemons about interfaces, addresses, routers and routes (the routing socket
// of KAME, with its RTM_ADDRINFO, and RTM_ADD, RTM_CHANGE, RTM_DELETE of routes). All listeners see all messages, in the order in which they registered.
#pragma once

#include <cstdint>

#include "protocols/wire/ipv6_address.h"
#include "sim/time.h"

namespace kamesim {

class Ip6Interface;
struct Route;

struct RoutingMessage {
  enum class Kind : std::uint8_t {
    LinkUp,
    LinkDown,
    AddressAdded,       // it may be tentative
    AddressReady,       // Duplicate Address Detection is over (or was not needed): the address is assigned
    AddressDuplicated,  // Duplicate Address Detection failed
    AddressChanged,     // deprecated, preferred again, detached or attached again
    AddressRemoved,
    DefaultRouterAdded,
    DefaultRouterRemoved,      // timed out, or advertised with lifetime 0
    DefaultRouterUnreachable,  // Neighbor Unreachability Detection gave it up
    ForwardingChanged,         // the node became a router, or a host; of no interface
    SettingsChanged,           // the node's configuration; of no interface
    InterfaceRemoved,          // nothing may refer to it any more
    // Of routes of any origin: given by hand or by daemons, learned of routers, redirects, connected ones and those of
    // the node's own addresses. Of several equal ways to a prefix each is a route of its own.
    RouteAdded,
    RouteChanged,  // another kind, metric or MTU
    RouteRemoved,
  };
  Kind kind;
  Ip6Interface* interface = nullptr;
  Ipv6Address address;  // of the address, or the router; the prefix of a route; unspecified for link messages
  const Route* route = nullptr;  // of messages about routes, during the call
};

class RoutingListener {
 public:
  virtual void on_routing_message(const RoutingMessage& message) = 0;
  // A valid Router Advertisement came, and Neighbor Discovery has heeded it if it is to (RFC 4861 §6.3.4).
  virtual void on_router_advertisement(Ip6Interface& interface, Duration router_lifetime) {
    (void)interface, (void)router_lifetime;
  }

 protected:
  ~RoutingListener() = default;
};

}  // namespace kamesim
