// When a home agent sends Mobile Prefix Advertisements, and to whom (RFC 6275 §6.8, §10.6.2).
//
//   (none) --registered, or its prefix changed--> scheduled --RAND_ADV_DELAY--> sent, not acknowledged
//   sent --PREFIX_ADV_TIMEOUT, doubled, PREFIX_ADV_RETRIES times--> sent again
//   any --solicitation--> answered, which acknowledges; at most one advertisement a second
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "protocols/mip6/constants.h"
#include "protocols/wire/ipv6_address.h"
#include "sim/drop.h"
#include "sim/random.h"
#include "sim/time.h"

namespace kamesim {

inline constexpr DropInfo kMpsNotRegistered{"mip6.mps_not_registered", "RFC 6275 §10.6.2"};

// RFC 6275 §6.8: "MUST NOT send more than one Mobile Prefix Advertisement message per second to any mobile node".
inline constexpr Duration kMinDelayBetweenMobilePrefixAdvertisements = 1_s;

struct PrefixAdvertiserConfig {  // §13
  Duration max_mob_pfx_adv_interval = kDefaultMaxMobPfxAdvInterval;
  Duration min_mob_pfx_adv_interval = kDefaultMinMobPfxAdvInterval;
};

class PrefixAdvertiser {
 public:
  struct Advertisement {
    Ipv6Address home_address;
    std::optional<std::uint16_t> identifier;  // of the solicitation that it answers
    std::optional<Ipv6Address> destination;   // the solicitation's source; none: the care-of address in the binding
  };
  struct Output {
    std::optional<Advertisement> send;
    DropReason dropped = nullptr;
  };

  PrefixAdvertiser(const PrefixAdvertiserConfig& config, RandomStream random) : config_(config), random_(random) {}

  // A home registration was made or renewed. preferred_lifetime: what is left of that of the home prefix.
  void on_registered(Time now, const Ipv6Address& home_address, Duration preferred_lifetime);
  void on_unregistered(const Ipv6Address& home_address);
  // A prefix is new on the home link: all mobile nodes are told.
  void on_prefix_added(Time now, Duration preferred_lifetime);
  // What is to be said of the prefix changed, its flags or lifetimes: those with a home address in it are told.
  void on_prefix_changed(Time now, const Ipv6Prefix& prefix, Duration preferred_lifetime);
  Output on_solicitation(Time now, const Ipv6Address& home_address, std::uint16_t identifier,
                         const Ipv6Address& source);
  // Sends one due advertisement a call: call again while next_timeout() is due.
  Output on_timeout(Time now);
  std::optional<Time> next_timeout() const;

 private:
  struct MobileNode {
    std::optional<Time> send_at;  // the next advertisement, scheduled, repeated or held back
    std::optional<Time> sent_at;  // the last one
    bool scheduled = false;       // what is sent next is unsolicited, for the first time
    std::optional<std::uint16_t> solicited;  // what is sent next answers this solicitation
    Ipv6Address solicited_from;
    bool unacknowledged = false;
    int retransmissions = 0;
    Duration timeout;
  };
  using MobileNodes = std::map<Ipv6Address, MobileNode>;
  void send_at(MobileNodes::value_type& item, std::optional<Time> at);
  void schedule(Time now, MobileNodes::value_type& item, Duration preferred_lifetime);
  Advertisement answer(Time now, MobileNodes::value_type& item);
  Advertisement advertise_unsolicited(Time now, MobileNodes::value_type& item);

  PrefixAdvertiserConfig config_;
  RandomStream random_;
  MobileNodes mobile_nodes_;  // bounded by the home registrations
  std::set<std::pair<Time, Ipv6Address>> due_;  // their send_at
};

}  // namespace kamesim
