// The MAP options that a mobile node has stored (RFC 5380 §7.1), and which MAP it takes (§9.1).
//
// Options are kept by the router that sent them, with the prefixes that it advertises: the MAPs of a link are those of
// the routers of the prefix that the on-link care-of address has.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "protocols/hmip6/map_option.h"
#include "protocols/wire/ipv6_address.h"
#include "sim/time.h"

namespace kamesim {

struct StoredMap {
  MapOption option;
  Time valid_until;
  int missed = 0;  // advertisements of its router in a row that did not have it
};

// RFC 5380 §9: when a MAP's option "is no longer received". As many advertisements may miss it, since a router may
// share out its options among several (RFC 4861 §6.2.3).
inline constexpr int kMissedMapOptions = 3;

class MapList {
 public:
  static constexpr std::size_t kMaxRouters = 8;
  static constexpr std::size_t kMaxMaps = 8;  // a router's

  void on_router_advertisement(Time now, const Ipv6Address& router, std::span<const Ipv6Prefix> prefixes,
                               std::span<const MapOption> options);

  // Those advertised where this on-link care-of address belongs, failed ones (lifetime zero) among them.
  std::vector<StoredMap> of_link(Time now, const Ipv6Address& on_link) const;
  // Whether a router of that link has been heard. After a fast handover (RFC 5568) none has at first.
  bool knows_link(const Ipv6Address& on_link) const;
  std::optional<Time> next_expiry(Time now) const;

 private:
  struct Router {
    Ipv6Address link_local;
    std::vector<Ipv6Prefix> prefixes;
    std::vector<StoredMap> maps;
  };
  Router& router(const Ipv6Address& link_local, std::span<const Ipv6Prefix> prefixes);

  std::vector<Router> routers_;  // the one heard last at the end
};

// §9.1: by distance, the furthest first; preference breaks ties (§5). §7.1: by preference; distance breaks ties.
enum class MapSelection : std::uint8_t { Furthest, HighestPreference };

// The order in which MAPs are tried.
bool comes_before(MapSelection selection, const MapOption& a, const MapOption& b);

}  // namespace kamesim
