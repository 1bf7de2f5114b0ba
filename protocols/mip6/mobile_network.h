// What a mobile router does to the packets of its Mobile Network (RFC 3963 §3, §5.5, §9): mechanism of the kernel part.
// On a visited link they pass the tunnel to the home agent or do not pass at all; at home the routing table counts.
#pragma once

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "protocols/ip6/mobile_router_hooks.h"
#include "protocols/ip6/stack.h"
#include "protocols/mip6/tunnel_outlet.h"
#include "protocols/wire/ipv6_address.h"

namespace kamesim {

inline constexpr DropInfo kNemoForeignSource{"nemo.source_not_in_mobile_network", "RFC 3963 §9"};
inline constexpr DropInfo kNemoForeignDestination{"nemo.destination_not_in_mobile_network", "RFC 3963 §3"};
inline constexpr DropInfo kNemoNotByTunnel{"nemo.not_by_tunnel", "RFC 3963 §5.5"};
inline constexpr DropInfo kNemoNoTunnel{"nemo.no_tunnel", "RFC 3963 §5.3"};

struct MobileNetworkDescription {
  Ipv6Address home_address;  // of the mobile router
  std::vector<Ip6Interface*> egress;  // the interfaces that roam: one, or several (RFC 5648)
  std::vector<Ipv6Prefix> prefixes;  // the Mobile Network Prefixes
};

class MobileNetwork {
 public:
  using Actions = MobilityHooks::OutputActions;
  // Those between the mobile router and its home agent; none at home.
  struct Tunnels {
    Ip6Interface* tunnel = nullptr;
    TunnelOutlet* outlet = nullptr;  // if there are several, before all of them
    Ip6Interface* way_out() const { return outlet != nullptr ? outlet : tunnel; }
    bool contain(const Ip6Interface& i) const {
      return &i == tunnel || (outlet != nullptr && outlet->stands_before(i));
    }
  };

  MobileNetwork(const Ip6Stack& stack, const MobileNetworkDescription& description)
      : stack_(stack), description_(description), roles_(description.egress.size(), EgressRole::Host) {}

  const Ipv6Address& home_address() const { return description_.home_address; }
  const std::vector<Ipv6Prefix>& prefixes() const { return description_.prefixes; }
  // §5.3: whether the home agent has said that it forwards for the Mobile Network.
  void set_forwarding(bool on) { forwarding_ = on; }
  bool forwarding() const { return forwarding_; }
  const std::vector<Ip6Interface*>& egress() const { return description_.egress; }
  // None: it is no egress interface.
  EgressRole egress_role(const Ip6Interface& interface) const {
    const auto it = std::ranges::find(egress(), &interface);
    return it == egress().end() ? EgressRole::None : roles_[static_cast<std::size_t>(it - egress().begin())];
  }
  void set_egress_role(const Ip6Interface& interface, EgressRole role) {
    const auto it = std::ranges::find(egress(), &interface);
    if (it != egress().end()) roles_[static_cast<std::size_t>(it - egress().begin())] = role;
  }

  // A packet on its way through the mobile router.
  Actions on_forward(const Ip6Interface& in, const Ip6Interface* out, Bytes packet, const Tunnels& tunnels) const;
  // A packet of the mobile router's own, from an address that it has in the Mobile Network.
  Actions on_output(const Ipv6Address& destination, const Tunnels& tunnels) const;
  bool contains(const Ipv6Address& address) const {
    const auto holds = [&](const Ipv6Prefix& p) { return p.contains(address); };
    return std::ranges::any_of(prefixes(), holds) || (ipv4_ && std::ranges::any_of(*ipv4_, holds));
  }
  // RFC 5555: the IPv4 prefixes that the home agent forwards for, or, at home, those of the mobile router. Before the first
  // call IPv4 is forwarded as by any router.
  void set_ipv4_prefixes(std::vector<Ipv6Prefix> prefixes) { ipv4_ = std::move(prefixes); }
  bool has_ipv4() const { return ipv4_.has_value(); }

 private:
  bool at_home() const { return std::ranges::find(roles_, EgressRole::Router) != roles_.end(); }
  Actions outward(const Tunnels& tunnels) const;

  const Ip6Stack& stack_;
  MobileNetworkDescription description_;
  std::optional<std::vector<Ipv6Prefix>> ipv4_;
  bool forwarding_ = false;
  std::vector<EgressRole> roles_;  // of the egress interfaces: Host, until the home link is recognized
};

}  // namespace kamesim
