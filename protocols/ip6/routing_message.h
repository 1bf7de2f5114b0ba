// What the kernel part of a node tells its daemons about interfaces, addresses and routers (the routing socket
// of KAME, with its RTM_ADDRINFO). All listeners see all messages, in the order in which they registered.
#pragma once

#include <cstdint>

#include "protocols/wire/ipv6_address.h"

namespace kamesim {

class Ip6Interface;

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
  };
  Kind kind;
  Ip6Interface* interface = nullptr;
  Ipv6Address address;  // of the address, or the router; unspecified for link messages
};

class RoutingListener {
 public:
  virtual void on_routing_message(const RoutingMessage& message) = 0;

 protected:
  ~RoutingListener() = default;
};

}  // namespace kamesim
