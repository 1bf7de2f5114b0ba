// Where a mobile router (RFC 3963), and the home agent of one, take part in the stack, beyond what mobility_hooks.h has
// for every mobile node. The kernel part of mip6 implements both.
#pragma once

#include <cstdint>

#include "protocols/ip6/mobility_hooks.h"
#include "sim/bytes.h"

namespace kamesim {

class Ip6Stack;

// What a router is on the one interface by which a mobile router reaches the rest of the world (§5.6 to §5.8).
enum class EgressRole : std::uint8_t {
  None,    // no such interface: it is as the node is
  Host,    // on a visited link
  Router,  // on the home link
};

class MobileRouterHooks {
 public:
  virtual EgressRole egress_role(const Ip6Interface& interface) const = 0;
  // A packet that arrived by `in` is about to be forwarded; by the routing table it leaves by `out`, which may be null.
  // Of the answer `discard` and `tunnel` count (§5.5, §9).
  virtual MobilityHooks::OutputActions on_forward(const Ip6Interface& in, const Ip6Interface* out, Bytes packet) = 0;
  // A proxied address is a mobile router's (§6.2), so that its advertisements have the Router flag.
  virtual bool proxied_for_router(const Ipv6Address& address) const = 0;

 protected:
  ~MobileRouterHooks() = default;
};

// Null: the node has no Mobile IPv6.
MobileRouterHooks* mobile_router_hooks(const Ip6Stack& stack);

EgressRole egress_role(const Ip6Interface& interface);
// RFC 4861 §6.2.1: whether the node is a router on this link, as to Neighbor Discovery.
bool acts_as_router(const Ip6Interface& interface);
// §5.6: "a Mobile Router MUST NOT ignore Router Advertisements received on the egress interface".
bool heeds_router_advertisements(const Ip6Interface& interface);
bool proxied_for_router(const Ip6Stack& stack, const Ipv6Address& address);

}  // namespace kamesim
