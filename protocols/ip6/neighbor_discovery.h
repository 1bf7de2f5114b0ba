// Neighbor Discovery on one Ethernet interface (RFC 4861, 4862, 4429): address resolution, Neighbor
// Unreachability Detection, Duplicate Address Detection, proxying and redirects. A host's router and prefix
// discovery is in nd_router_discovery.h.
//
// The rules are in machines and tables (nd_reachability.h, nd_dad.h, nd_default_routers.h, nd_prefix_list.h,
// nd_slaac.h); this class feeds them packets and time, and does what they say.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <unordered_set>
#include <vector>

#include "protocols/ip6/icmp6_rate_limit.h"
#include "protocols/ip6/interface.h"
#include "protocols/ip6/nd_constants.h"
#include "protocols/ip6/nd_dad.h"
#include "protocols/ip6/nd_reachability.h"
#include "protocols/ip6/nd_redirect_routes.h"
#include "protocols/ip6/nd_router_discovery.h"
#include "protocols/ip6/neighbor_cache.h"
#include "protocols/wire/ipv6_address.h"
#include "protocols/wire/nd.h"
#include "sim/packet.h"
#include "sim/pool.h"
#include "sim/random.h"
#include "sim/timer.h"

namespace kamesim {

class Ip6Stack;
struct InputPacket;
struct InterfaceAddress;

// It is a part of its interface, which it finds by that.
class NeighborDiscovery : private TimerOf<NeighborDiscovery> {
 public:
  NeighborDiscovery();
  ~NeighborDiscovery();
  NeighborDiscovery(const NeighborDiscovery&) = delete;
  NeighborDiscovery& operator=(const NeighborDiscovery&) = delete;

  // ---- Sending (nd_resolution.cc) -----------------------------------------------------------------------------
  // Sends an IPv6 packet to a neighbour, or queues it until the neighbour's address is known (RFC 4861 §7.2).
  void send(Packet packet, const Ipv6Address& next_hop);
  // The same with the entry at hand (from the destination cache). Entries keep their place while they live;
  // when one goes, Ip6Stack::invalidate_destinations() has been called.
  void send(Packet packet, Neighbor& neighbor);
  // The entry for a neighbour, made (without any state yet) if there is none.
  Neighbor& neighbor(const Ipv6Address& address);
  // RFC 4861 §7.3.1: the upper layer knows that the neighbour got our packets.
  void confirm_reachable(const Ipv6Address& neighbor);
  // A neighbour's message told its link-layer address.
  void record(const Ipv6Address& neighbor, const MacAddress& mac);
  // Forgets all neighbours that were learned; what waits for them is discarded for `reason`.
  void clear_neighbors(const DropInfo& reason);

  // ---- Control (nd_control.cc) --------------------------------------------------------------------------------
  // An entry given by hand, as by KAME's ndp -s: no message changes it, and it is never probed. Replaces what was
  // known of the address; packets that wait for it are sent.
  void add_static_neighbor(const StaticNeighbor& given);
  std::vector<StaticNeighbor> static_neighbors() const;
  // Removes an entry of either kind. False: there is none.
  bool remove_neighbor(const Ipv6Address& address);
  void forget_redirects();
  // The node's configuration is another one (Ip6Stack::on_settings_changed).
  void on_settings_changed();

  // ---- Receiving (nd_input.cc) --------------------------------------------------------------------------------
  // A Neighbor Discovery message (ICMPv6 types 133 to 137) that arrived here; its ICMPv6 checksum is right.
  void input(InputPacket& packet);

  // ---- Duplicate Address Detection (nd_dad_control.cc) --------------------------------------------------------
  // RFC 4862 §5.4. The address is in state Tentative, or Optimistic.
  void start_dad(InterfaceAddress& address);
  void cancel_dad(const InterfaceAddress& address);  // the address is about to be removed
  // The lifetimes of an address were set: its end may be nearer than anything else.
  void on_lifetimes_set() { arm(); }
  // RFC 4429 §3.3: "a host that does not know the SLLAO of its router SHOULD NOT configure a new address as
  // Optimistic", nor should a router.
  bool allows_optimistic_address() const;
  // On behalf of another node (RFC 6275 §10.3.1); `done(unique)` is called once, and not before this returns.
  void start_proxy_dad(const Ipv6Address& address, DuplicateAddressDetection::Done done);
  void cancel_proxy_dad(const Ipv6Address& address);

  // Link state, from the NIC: starts DAD for the link-local address, and so on.
  void on_link_up();
  void on_link_down();

  // ---- Advertising and redirecting (nd_advertise.cc, nd_redirect.cc) ------------------------------------------
  // Proxying (RFC 4861 §7.2.8; RFC 6275 §10.4.1): answers solicitations for the address with our own.
  void add_proxy(const Ipv6Address& address);
  void remove_proxy(const Ipv6Address& address);
  // The same by hand (KAME's ndp -s ... proxy): it is announced, speaks of this node as the router that it may be, and
  // outlasts a reboot. False: it was there already, or was not there.
  bool add_given_proxy(const Ipv6Address& address);
  bool remove_given_proxy(const Ipv6Address& address);
  std::vector<Ipv6Address> given_proxies() const {
    return has_rare() ? parts_->rare->given_proxies : std::vector<Ipv6Address>();
  }
  bool is_given_proxy(const Ipv6Address& address) const;
  // Unsolicited Neighbor Advertisements for the address to all nodes (RFC 4861 §7.2.6): the first at once.
  void send_unsolicited_advertisement(const Ipv6Address& target, bool override_cache);
  // The interface has another link-layer address now, and tells its neighbours (RFC 4861 §7.2.6).
  void on_link_layer_address_changed();
  // A redirect for a packet that we forwarded back onto its link (RFC 4861 §8.2).
  void send_redirect(Bytes offending, const Ipv6Address& target);

  // ---- Variables and tables -----------------------------------------------------------------------------------
  // RFC 4861 §6.3.2: of hosts as routers advertise them, of routers as they are configured.
  void set_base_reachable_time(Duration base);
  // The interface identifier of the stable address in the prefix: modified EUI-64, or opaque (RFC 7217).
  InterfaceId stable_identifier(const Ipv6Prefix& prefix);
  void set_retrans_timer(Duration retrans_timer);
  Duration base_reachable_time() const { return parts_ != nullptr ? parts_->base_reachable_time : kReachableTime; }
  Duration retrans_timer() const { return parts_ != nullptr ? parts_->retrans_timer : kRetransTimer; }

  NeighborCache& cache() { return cache_; }
  // What a host learns of routers: made when the first is heard, or something is given by hand. Null: nothing is known.
  RouterDiscovery& routers();
  const RouterDiscovery* routers_in_use() const { return known_routers(); }
  const RedirectRoutes* redirects() const { return has_rare() ? &parts_->rare->redirects : nullptr; }
  bool proxies(const Ipv6Address& address) const { return is_proxy(address) || is_given_proxy(address); }
  std::size_t heap_bytes() const;  // beyond the object itself

 private:
  friend class EthernetInterface;
  friend class RouterDiscovery;
  friend class TimerOf<NeighborDiscovery>;
  void draw_reachable_time();

  EthernetInterface& interface() const { return EthernetInterface::of(*this); }
  Ip6Stack& stack() const { return interface().stack(); }
  NeighborCache::Bounds bounds() const;

  // nd_resolution.cc
  void send_unconfirmed(Packet packet, Neighbor& n);
  void send_watched(Packet packet, const Ipv6Address& address);
  void queue(Packet packet, Neighbor& n);
  bool send_by_default_router(Packet& packet, const Neighbor& n);
  void apply(Neighbor& n, const NudOutput& out);
  void refile(Neighbor& n);
  bool solicit(const Neighbor& n, NudOutput::Solicit how);  // false: no address to send it from
  const InterfaceAddress* solicitation_source(const Neighbor& n) const;
  bool ask_for_home_agent(const Neighbor& n);
  std::optional<Ipv6Address> home_address_of_binding_update(const Neighbor& n) const;
  bool hear_home_agent(const Ipv6Address& home, const MacAddress& mac);
  void flush_queue(Neighbor& n);
  void give_up(Neighbor& n);
  void discard(Neighbor& n, const DropInfo& reason);
  void probe(const Ipv6Address& address);
  void probe_once(const Ipv6Address& address);  // by a single solicitation (RFC 4191 §3.5)
  void pin(const Ipv6Address& address, bool pinned);
  bool link_layer_address_known(const Ipv6Address& address) const;
  NudTiming timing();

  // nd_input.cc
  void on_router_solicitation(const InputPacket& in, const RouterSolicitationView& rs);
  void on_router_advertisement(const InputPacket& in, const RouterAdvertisementView& ra);
  void trace_advertisement(const Ipv6Address& router);
  bool may_trace();
  void on_neighbor_solicitation(const InputPacket& in, const NeighborSolicitationView& ns);
  void on_neighbor_advertisement(const InputPacket& in, const NeighborAdvertisementView& na);
  void learn(const InputPacket& in, const Ipv6Address& address, const MacAddress& mac);
  void learn_global_addresses(const InputPacket& in, const RouterAdvertisementView& ra, const MacAddress& mac);
  std::optional<MacAddress> source_mac(const InputPacket& in, const NdOptions& options);
  std::optional<MacAddress> target_mac(const InputPacket& in, const NdOptions& options);
  std::optional<MacAddress> station(const InputPacket& in, MacAddress mac);

  // nd_dad_control.cc
  Time first_solicitation(const InterfaceAddress& address);
  void on_dad_timeout();
  void solicit_for_dad(const Ipv6Address& target);
  void finish_dad(const DuplicateAddressDetection::Test& test, bool unique);
  void configure_link_local();
  void add_link_local();
  void resolve_for_former_optimistic();

  // nd_advertise.cc
  struct Advertisement {
    NeighborAdvertisement message;
    Ipv6Address destination;
  };
  void answer(const InputPacket& in, const Ipv6Address& target, const InterfaceAddress* own);
  void advertise(const Advertisement& advertisement);
  void send_delayed();
  bool speaks_for(const Ipv6Address& target) const;
  void announce(const Advertisement& advertisement, unsigned times);
  void announce_new_address(const InterfaceAddress& address);
  const InterfaceAddress* advertisement_source(const Ipv6Address& target) const;

  // nd_redirect.cc
  void on_redirect(const InputPacket& in, const RedirectView& redirect);
  void remove_redirects_by(const Ipv6Address& target);
  void remove_route(const RedirectRoutes::Entry& redirect);

  // nd_autoconfiguration.cc: deprecates or removes one address whose time has come.
  bool expire_address(Time now);
  std::optional<Time> next_address_timeout() const;

  std::optional<Ipv6Address> selected_router() const;
  bool is_default_router(const Ipv6Address& address) const;
  bool is_proxy(const Ipv6Address& address) const { return has_rare() && parts_->rare->proxies.contains(address); }

  void transmit(Packet packet, const Ipv6Address& destination);
  void on_timer();
  Actor& timer_owner() const;
  void arm();
  Time now() const;
  // Draws from the interface's random stream, which few interfaces do more than twice: how far it was drawn is kept, not
  // the stream.
  template <typename Draw>
  auto draw(Draw draw) {
    RandomStream stream = random_stream();
    stream.skip_to(spare_ & ~kDelayDad);
    const auto drawn = draw(stream);
    spare_ = (spare_ & kDelayDad) | (stream.drawn() & ~kDelayDad);
    return drawn;
  }
  RandomStream random_stream() const;
  Duration random_delay(Duration most) {
    return draw([most](RandomStream& random) { return random.uniform(Duration(), most); });
  }

  bool delays_dad() const { return (spare_ & kDelayDad) != 0; }
  void delay_dad(bool on) { spare_ = on ? spare_ | kDelayDad : spare_ & ~kDelayDad; }

  static constexpr std::uint32_t kDelayDad = 1u << 31;
  static constexpr std::size_t kMaxHeardRouters = 16;
  static constexpr std::size_t kMaxDelayed = 64;  // Neighbor Advertisements that wait (§7.2.6, §7.2.7)
  struct Delayed {
    Time at;
    Advertisement advertisement;
    unsigned left;  // times that it is still to be sent
  };

  // What few interfaces need; made on first use.
  struct Rare {
    RedirectRoutes redirects;
    Icmp6RateLimit redirect_limit;
    std::unordered_set<Ipv6Address> proxies;
    std::vector<Ipv6Address> given_proxies;
    std::vector<Delayed> delayed;
    std::vector<Ipv6Address> heard_routers;  // whose advertisements are on record, since the link came up
    Icmp6RateLimit trace_limit;
  };
  // What an interface that never heard of a router does not need either, nor one with the variables of RFC 4861 §6.3.2 as
  // they are at first: made on first use, and in one place, as there are many interfaces.
  struct Parts : Pooled {
    Duration base_reachable_time = kReachableTime;
    Duration retrans_timer = kRetransTimer;
    std::uint32_t advertised_mtu = 0;  // of the interface; 0: none advertised
    std::uint32_t configured_mtu = 0;  // 0: none configured
    std::unique_ptr<RouterDiscovery> routers;
    std::unique_ptr<Rare> rare;
  };
  Parts& parts();
  Rare& rare();
  bool has_rare() const { return parts_ != nullptr && parts_->rare != nullptr; }
  RouterDiscovery* known_routers() const { return parts_ != nullptr ? parts_->routers.get() : nullptr; }

  // `spare_` of TimerOf: words drawn of the random stream, and whether addresses are being formed of a multicast
  // advertisement.
  NeighborCache cache_;
  Duration reachable_time_;
  Time redraw_at_;                 // when that is drawn anew
  DuplicateAddressDetection dad_;
  std::unique_ptr<Parts> parts_;
  Time first_message_at_;          // RFC 4862 §5.4.2: not before, after the link came up
};

}  // namespace kamesim
