// Movement detection, home link detection and the choice of the primary care-of address (RFC 6275 §11.5.1 to
// §11.5.5): a policy over what Neighbor Discovery and the link report.
//
// A router is confirmed while there is a sign that it is on the present link, and distrusted after a hint of
// movement, until it is heard again. The first confirmed router is the current default router, and the primary
// care-of address has a prefix of it. It stays while that router stays, also when a new one is heard (§11.5.1: no
// hand-off before it is necessary). Hints are: the link came up, the current router is unreachable or silent for
// too long. After a hint routers are solicited, and the first to answer is taken.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <vector>

#include "protocols/wire/ipv6_address.h"
#include "sim/time.h"

namespace kamesim {

struct MovementDetectorConfig {
  Ipv6Address home_address;
  Ipv6Prefix home_prefix;
  // Eager: a link that comes up is taken for a movement, the routers' answers are waited for. Otherwise the
  // current router is first probed, as §11.5.1 prefers where a link-layer hand-off need not mean movement.
  enum class OnLinkUp { Solicit, ProbeRouter } on_link_up = OnLinkUp::Solicit;
  // Lazy: a router that is heard anew is left alone while the current one stays (§11.5.1: no hand-off before it is
  // necessary). Eager: it becomes the current one as soon as there is a care-of address of its prefixes.
  enum class CellSwitching { Lazy, Eager } cell_switching = CellSwitching::Lazy;
  // §11.5.1: how many advertisements of the current router may fail to come, if it announces their interval.
  int missed_advertisements = 2;
  Duration solicitation_interval = 4_s;  // RFC 4861 §10, RTR_SOLICITATION_INTERVAL
  int max_solicitations = 3;             // RFC 4861 §10, MAX_RTR_SOLICITATIONS
  Duration probe_timeout = 1_s;          // RFC 4861 §10, RETRANS_TIMER: so long a probed router may take to answer
};

struct HeardAdvertisement {
  Ipv6Address router;                             // link-local, the source of the advertisement
  std::optional<Ipv6Address> router_address;      // global, from a prefix option with the R bit (§7.2)
  Duration router_lifetime{};                     // zero: no default router
  std::vector<Ipv6Prefix> prefixes;               // on-link or autonomous, none link-local
  std::optional<Duration> advertisement_interval;  // §7.3
};

class MovementDetector {
 public:
  struct Output {
    bool solicit = false;                        // send a Router Solicitation
    std::optional<Ipv6Address> probe;            // ask this router, by unicast, whether it is reachable
    std::optional<Ipv6Address> moved;            // the new primary care-of address
    bool returned_home = false;                  // §11.5.5
    bool no_address = false;                     // neither at home nor with a care-of address
  };

  static constexpr std::size_t kMaxRouters = 8;
  static constexpr std::size_t kMaxPrefixes = 8;  // a router's
  static constexpr std::size_t kMaxAddresses = 16;

  explicit MovementDetector(const MovementDetectorConfig& config) : config_(config) {}

  Output on_link_up(Time now);
  Output on_link_down(Time now);
  Output on_router_advertisement(Time now, const HeardAdvertisement& advertisement);
  // What Neighbor Unreachability Detection, or the answer to a probe, says of a router.
  Output on_router_reachable(Time now, const Ipv6Address& router);
  Output on_router_unreachable(Time now, const Ipv6Address& router);
  // An address of ours passed Duplicate Address Detection (or is optimistic), or is deprecated or gone.
  Output on_address_usable(Time now, const Ipv6Address& address);
  Output on_address_gone(Time now, const Ipv6Address& address);
  Output on_timeout(Time now);
  std::optional<Time> next_timeout() const;

  enum class Location { Unknown, Home, Foreign };
  Location location() const { return location_; }
  // Whether that is Home, and the home link's router is not in doubt.
  bool surely_at_home() const { return location_ == Location::Home && routers_.front().confirmed; }
  // Whether a router is on this link for sure.
  bool hears_router() const { return !routers_.empty() && routers_.front().confirmed; }
  // The primary care-of address while Foreign.
  const std::optional<Ipv6Address>& care_of() const { return care_of_; }
  // Whether a router is known: without a care-of address, then, that one is on its way.
  bool knows_router() const { return !routers_.empty(); }

 private:
  struct Router {
    Ipv6Address link_local;
    std::optional<Ipv6Address> global;
    std::vector<Ipv6Prefix> prefixes;
    bool confirmed = true;
    Time expires;                           // its router lifetime
    unsigned heard = 0;                     // the greater, the later it was first heard, or again after a doubt
    std::optional<Time> silent_at;          // when too many advertisements will have failed to come

    bool advertises(const Ipv6Address& address) const;
    // Whether it is this router that sent it, not another link's router with the same link-local address.
    bool is_sender_of(const HeardAdvertisement& advertisement) const;
  };

  using Routers = std::vector<Router>;

  Routers::iterator find(const Ipv6Address& link_local);
  void remember(Time now, const HeardAdvertisement& advertisement);
  void forget(const Ipv6Address& link_local);
  void start_soliciting(Time now, Output& out);
  void solicit(Time now, Output& out);
  // Tells, in `out`, what the routers and addresses known now have changed.
  Output evaluate(Output out);
  void choose_current_router();
  Routers::iterator newest_with_care_of();
  bool advertises_home(const Router& router) const;
  std::optional<Ipv6Address> choose_care_of(const Router& current) const;

  MovementDetectorConfig config_;
  Routers routers_;                       // the current default router first, then as heard
  std::vector<Ipv6Address> addresses_;    // usable, as they became so
  Location location_ = Location::Unknown;
  std::optional<Ipv6Address> care_of_;
  unsigned heard_ = 0;
  int solicitations_ = 0;
  std::optional<Time> solicit_at_;        // empty: no solicitation awaits an answer
  std::optional<Time> probe_until_;       // empty: no probe does
};

}  // namespace kamesim
