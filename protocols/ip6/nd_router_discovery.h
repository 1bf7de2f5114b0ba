// Router and prefix discovery, and address autoconfiguration, of a host on one interface (RFC 4861 §6.3, RFC 4862
// §5.5, RFC 4191): what a Router Advertisement does to routes, addresses and link parameters.
#pragma once

#include <optional>
#include <vector>

#include "protocols/ip6/nd_default_routers.h"
#include "protocols/ip6/nd_prefix_list.h"
#include "protocols/ip6/routing_message.h"
#include "protocols/wire/ipv6_address.h"
#include "protocols/wire/nd.h"
#include "sim/time.h"

namespace kamesim {

class EthernetInterface;
class Ip6Stack;
class NeighborDiscovery;
struct InputPacket;
struct InterfaceAddress;

class RouterDiscovery {
 public:
  RouterDiscovery(EthernetInterface& interface, NeighborDiscovery& nd);

  // A valid advertisement; the sender's link-layer address has been recorded.
  void on_advertisement(const InputPacket& in, const RouterAdvertisementView& view);

  // From Neighbor Unreachability Detection.
  void on_neighbor_reachable(const Ipv6Address& address);    // its link-layer address is known, or confirmed
  void on_neighbor_unreachable(const Ipv6Address& address);
  void on_ceased_to_route(const Ipv6Address& address);       // §7.2.5: no longer a router

  // By hand, as if the router had just advertised itself with these; a lifetime of zero takes it away. False: the list
  // is full.
  bool set_router(const Ipv6Address& address, Duration lifetime, RouterPreference preference);
  // The node is a router from now on: what others advertise is not for it (RFC 4861 §6.3).
  void forget_routers();

  // The interface may be on another link now: what was learned has to be confirmed.
  void on_link_up();
  void on_link_down();

  void on_timeout(Time now);
  std::optional<Time> next_timeout() const;

  bool is_default_router(const Ipv6Address& address) const { return list_.find(address) != nullptr; }
  // The router of the interface's default route.
  const std::optional<Ipv6Address>& selected() const { return selected_; }
  const DefaultRouterList& default_routers() const { return list_; }
  const PrefixList& prefixes() const { return prefixes_; }

 private:
  static constexpr std::size_t kMaxHeard = 64;

  void set_parameters(const RouterAdvertisement& ra);
  void set_mtu(const InputPacket& in, const Mtu& option);
  void on_prefix(const InputPacket& in, const PrefixInformation& option);
  PrefixEntry* entry_for(const InputPacket& in, const Ipv6Prefix& prefix);
  void router_gone(const Ipv6Address& address, RoutingMessage::Kind kind);

  // nd_autoconfiguration.cc
  void on_autonomous_prefix(const InputPacket& in, const PrefixInformation& option);
  void form_address(const InputPacket& in, const PrefixInformation& option);
  bool make_room_for_address();
  bool expire_address(Time now);

  // nd_on_link.cc: finds the detached prefixes, the default router and their routes out again, after something
  // changed.
  void review();
  void review_prefixes();
  void select_router();
  void set_detached(const Ipv6Prefix& prefix, bool detached);
  void sync_route(PrefixEntry& entry);

  EthernetInterface& interface_;
  Ip6Stack& stack_;
  NeighborDiscovery& nd_;
  DefaultRouterList list_;
  PrefixList prefixes_;
  std::optional<Ipv6Address> selected_;
  std::uint32_t selected_metric_ = 0;
  std::vector<Ipv6Address> heard_;           // routers heard since the link came up
  std::optional<Ipv6Address> unconfirmed_;   // the router in use before that, until one is heard
};

}  // namespace kamesim
