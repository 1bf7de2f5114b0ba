// What a mobile router does to the packets of its Mobile Network (RFC 3963 §3, §5.5, §9): mechanism of the kernel part.
// On a visited link they pass the tunnel to the home agent or do not pass at all; at home the routing table counts.
#pragma once

#include <algorithm>
#include <vector>

#include "protocols/ip6/mobile_router_hooks.h"
#include "protocols/ip6/stack.h"
#include "protocols/wire/ipv6_address.h"

namespace kamesim {

inline constexpr DropInfo kNemoForeignSource{"nemo.source_not_in_mobile_network", "RFC 3963 §9"};
inline constexpr DropInfo kNemoForeignDestination{"nemo.destination_not_in_mobile_network", "RFC 3963 §3"};
inline constexpr DropInfo kNemoNotByTunnel{"nemo.not_by_tunnel", "RFC 3963 §5.5"};
inline constexpr DropInfo kNemoNoTunnel{"nemo.no_tunnel", "RFC 3963 §5.3"};

struct MobileNetworkDescription {
  Ipv6Address home_address;           // of the mobile router
  Ip6Interface* egress = nullptr;
  std::vector<Ipv6Prefix> prefixes;   // the Mobile Network Prefixes
};

class MobileNetwork {
 public:
  using Actions = MobilityHooks::OutputActions;

  MobileNetwork(const Ip6Stack& stack, const MobileNetworkDescription& description)
      : stack_(stack), description_(description) {}

  const Ipv6Address& home_address() const { return description_.home_address; }
  const std::vector<Ipv6Prefix>& prefixes() const { return description_.prefixes; }
  // §5.3: whether the home agent has said that it forwards for the Mobile Network.
  void set_forwarding(bool on) { forwarding_ = on; }
  bool forwarding() const { return forwarding_; }
  Ip6Interface& egress() const { return *description_.egress; }
  EgressRole egress_role() const { return egress_role_; }
  void set_egress_role(EgressRole role) { egress_role_ = role; }

  // A packet on its way through the mobile router. `tunnel`: to the home agent; null at home.
  Actions on_forward(const Ip6Interface& in, const Ip6Interface* out, Bytes packet, Ip6Interface* tunnel) const;
  // A packet of the mobile router's own, from an address that it has in the Mobile Network.
  Actions on_output(const Ipv6Address& destination, Ip6Interface* tunnel) const;
  bool contains(const Ipv6Address& address) const {
    return std::ranges::any_of(prefixes(), [&](const Ipv6Prefix& p) { return p.contains(address); });
  }

 private:
  bool at_home() const { return egress_role_ == EgressRole::Router; }
  Actions outward(Ip6Interface* tunnel) const;

  const Ip6Stack& stack_;
  MobileNetworkDescription description_;
  bool forwarding_ = false;
  EgressRole egress_role_ = EgressRole::Host;  // until the home link is recognized
};

}  // namespace kamesim
