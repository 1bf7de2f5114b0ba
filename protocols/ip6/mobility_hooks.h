// Where Mobile IPv6 (RFC 6275) takes part in input and output. The kernel part of mip6 implements this; a node
// without mobility has none, and pays one test of a pointer.
#pragma once

#include <cstdint>
#include <optional>

#include "protocols/wire/ipv6_address.h"
#include "protocols/wire/next_header.h"
#include "sim/drop.h"

namespace kamesim {

class ForwardingPolicy;
class Ip6Interface;
class MobileRouterHooks;

class MobilityHooks {
 public:
  struct OutputActions {
    // A correspondent (or home agent): send by way of this care-of address, with a type 2 routing header
    // that holds the destination (RFC 6275 §9.3.2).
    std::optional<Ipv6Address> route_to_care_of;
    // A mobile node: send from this care-of address, with the source in a Home Address option (§11.3.1).
    std::optional<Ipv6Address> home_address_option_from;
    // A mobile node away from home without a binding at the destination: reverse tunnelling (§11.3.1).
    Ip6Interface* tunnel = nullptr;
    // The packet cannot be sent now; null: it can.
    const DropInfo* discard = nullptr;
  };

  // A packet with these end points (home addresses, never care-of) is about to be sent.
  virtual OutputActions on_output(const Ipv6Address& source, const Ipv6Address& destination,
                                  NextHeader next_header) = 0;

  // A Home Address option arrived (§9.3.1). False discards the packet; the hook has then caused the Binding Error.
  // `upper` is the header after the options.
  virtual bool accepts_home_address_option(const Ipv6Address& home, const Ipv6Address& care_of,
                                           const Ipv6Address& destination, NextHeader upper) = 0;

  // A type 2 routing header arrived at one of our addresses (§6.4.1): is its address our home address?
  virtual bool is_home_address(const Ipv6Address& address) = 0;

  // A packet came out of the tunnel from the home agent: its sender may be told our care-of address (§11.7.2).
  virtual void on_reverse_tunnelled(const Ipv6Address& source, const Ipv6Address& destination,
                                    NextHeader next_header) = 0;

  // An ICMPv6 error says that a packet with a type 2 routing header did not reach its care-of address (§9.3.4).
  virtual void on_care_of_unreachable(const Ipv6Address& home) = 0;

  // Who has a say in where packets of others go; null: the routing table alone.
  virtual ForwardingPolicy* forwarding_policy() { return nullptr; }
  // What a mobile router and its home agent do besides (mobile_router_hooks.h); null: nothing.
  virtual MobileRouterHooks* mobile_router() { return nullptr; }

 protected:
  ~MobilityHooks() = default;
};

}  // namespace kamesim
