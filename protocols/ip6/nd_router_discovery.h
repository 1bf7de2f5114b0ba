// Router and prefix discovery, and address autoconfiguration, of a host on one interface (RFC 4861 §6.3, RFC 4862
// §5.5, RFC 4191): what a Router Advertisement does to routes, addresses and link parameters.
#pragma once

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "protocols/ip6/nd_default_routers.h"
#include "protocols/ip6/nd_host_information.h"
#include "protocols/ip6/nd_more_specific_routes.h"
#include "protocols/ip6/nd_prefix_list.h"
#include "protocols/ip6/nd_stable_privacy.h"
#include "protocols/ip6/nd_temporary.h"
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
  // As KAME's ndp -P: the Prefix List is empty, and the addresses that were formed of it are gone.
  void forget_prefixes();
  // The node's configuration is another one.
  void on_settings_changed();
  // From Duplicate Address Detection, and the address list.
  void on_dad_done(const InterfaceAddress& address, bool unique);
  void on_address_removed(const Ipv6Address& address);

  // A packet goes by the neighbour, whose entry is marked as watched: time to ask for better routers (RFC 4191 §3.5).
  void on_traffic(const Ipv6Address& neighbor, const Ipv6Address& destination);

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
  // What Route Information options told (RFC 4191 §2.3), and what else there was; null if there was nothing.
  const MoreSpecificRoutes* more_specific_routes() const { return more_specific_.get(); }
  const HostInformation* information() const { return information_.get(); }

  // The opaque identifier of the stable address in the prefix (RFC 7217).
  InterfaceId opaque_identifier(const Ipv6Prefix& prefix);

  // Who advertised the address's prefix, of `router` and the others (RFC 6724 §5, rule 5.5).
  enum class Advertiser : std::uint8_t { Nobody, This, Another };
  Advertiser advertiser(const Ipv6Address& router, const Ipv6Address& address) const;
  // Whether there is a prefix that others advertise and the router does not.
  bool another_advertises(const Ipv6Address& router) const;
  // RFC 8028 §3.2 (nd_first_hop.cc): the router for packets from the source, if its prefix has one that answers.
  std::optional<Ipv6Address> first_hop_for(const Ipv6Address& source) const;
  // Whether some router in use does not advertise some prefix of the link.
  bool has_prefixes_of_one_router() const;

 private:
  static constexpr std::size_t kMaxHeard = 64;
  static constexpr Duration kProbeInterval = 60_s;  // RFC 4191 §3.5: "no more than one per minute per router"

  void set_parameters(const RouterAdvertisement& ra);
  void set_mtu(const InputPacket& in, const Mtu& option);
  void on_prefix(const InputPacket& in, const PrefixInformation& option);
  PrefixEntry* entry_for(const InputPacket& in, const Ipv6Prefix& prefix);
  void router_gone(const Ipv6Address& address, RoutingMessage::Kind kind);

  // nd_autoconfiguration.cc
  void on_autonomous_prefix(const InputPacket& in, const PrefixInformation& option);
  void form_address(const InputPacket& in, const PrefixInformation& option);
  bool make_room_for_address();
  TemporaryAddressTiming temporary_timing() const;
  void update_temporary(InterfaceAddress& address);
  void on_temporary_prefix(const InputPacket& in, const PrefixInformation& option);
  bool add_temporary(const TemporaryAddresses::New& address, const Ipv6Prefix& prefix);
  void remove_temporary(const Ipv6Prefix& prefix);
  void retry_stable(const StablePrivacy::Retry& retry);

  // nd_route_information.cc
  std::pair<Duration, RouterPreference> default_route(const RouterAdvertisementView& view) const;
  void on_route_information(const InputPacket& in, const RouteInformation& option);
  void sync_more_specific_routes();
  void watch_for_better_routers();
  bool probe_if_due(const Ipv6Address& router);

  // Metrics of routes, so that of several interfaces the one with the best router is used, and routes that were given
  // by hand before all.
  static constexpr std::uint32_t kRouterMetric = 16;
  static constexpr std::uint32_t kSuspectRouterMetric = 32;
  static constexpr std::uint32_t metric(RouterPreference preference, bool suspect) {
    return (suspect ? kSuspectRouterMetric : kRouterMetric) -
           static_cast<std::uint32_t>(static_cast<int>(preference));
  }

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
  // Made when they are first needed.
  std::unique_ptr<MoreSpecificRoutes> more_specific_;
  std::unique_ptr<HostInformation> information_;
  std::unique_ptr<TemporaryAddresses> temporary_;
  std::unique_ptr<StablePrivacy> stable_privacy_;
  std::vector<std::pair<Ipv6Address, Time>> probed_;  // routers, and when last (RFC 4191 §3.5)
};

}  // namespace kamesim
