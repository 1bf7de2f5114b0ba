#include "protocols/hmip6/map_list.h"

#include <algorithm>
#include <tuple>

namespace kamesim {

MapList::Router& MapList::router(const Ipv6Address& link_local, std::span<const Ipv6Prefix> prefixes) {
  auto it = std::ranges::find(routers_, link_local, &Router::link_local);
  if (it != routers_.end()) {
    // RFC 6275 §11.5.1: link-local addresses are not unique; one with other prefixes is another link's router.
    const bool same = prefixes.empty() || it->prefixes.empty() ||
                      std::ranges::find_first_of(it->prefixes, prefixes) != it->prefixes.end();
    Router known = std::move(*it);
    routers_.erase(it);
    if (!same) known = Router{.link_local = link_local, .prefixes = {}, .maps = {}};
    routers_.push_back(std::move(known));
  } else {
    if (routers_.size() == kMaxRouters) routers_.erase(routers_.begin());
    routers_.push_back({.link_local = link_local, .prefixes = {}, .maps = {}});
  }
  Router& r = routers_.back();
  for (const Ipv6Prefix& p : prefixes) {
    if (r.prefixes.size() < kMaxMaps && std::ranges::find(r.prefixes, p) == r.prefixes.end()) r.prefixes.push_back(p);
  }
  return r;
}

void MapList::on_router_advertisement(Time now, const Ipv6Address& from, std::span<const Ipv6Prefix> prefixes,
                                      std::span<const MapOption> options) {
  Router& r = router(from, prefixes);
  for (StoredMap& map : r.maps) ++map.missed;
  for (const MapOption& option : options) {
    const Time until = option.valid_lifetime == kInfiniteLifetime ? Time::max() : now + option.valid_lifetime;
    const auto known = std::ranges::find_if(
        r.maps, [&option](const StoredMap& map) { return map.option.address == option.address; });
    if (known != r.maps.end()) {
      *known = {option, until};
    } else if (r.maps.size() < kMaxMaps) {
      r.maps.push_back({option, until});
    }
  }
  std::erase_if(r.maps, [](const StoredMap& map) { return map.missed >= kMissedMapOptions; });
}

std::vector<StoredMap> MapList::of_link(Time now, const Ipv6Address& on_link) const {
  std::vector<StoredMap> maps;
  for (auto r = routers_.rbegin(); r != routers_.rend(); ++r) {
    if (std::ranges::none_of(r->prefixes, [&](const Ipv6Prefix& p) { return p.contains(on_link); })) continue;
    for (const StoredMap& map : r->maps) {
      const bool failed = map.option.valid_lifetime == Duration();
      if (now >= map.valid_until && !failed) continue;
      const auto same = [&map](const StoredMap& other) { return other.option.address == map.option.address; };
      if (std::ranges::none_of(maps, same)) maps.push_back(map);
    }
  }
  return maps;
}

bool MapList::knows_link(const Ipv6Address& on_link) const {
  return std::ranges::any_of(routers_, [&](const Router& r) {
    return std::ranges::any_of(r.prefixes, [&](const Ipv6Prefix& p) { return p.contains(on_link); });
  });
}

std::optional<Time> MapList::next_expiry(Time now) const {
  std::optional<Time> next;
  for (const Router& r : routers_) {
    for (const StoredMap& map : r.maps) {
      if (map.valid_until > now && map.valid_until != Time::max() && (!next || map.valid_until < *next)) {
        next = map.valid_until;
      }
    }
  }
  return next;
}

bool comes_before(MapSelection selection, const MapOption& a, const MapOption& b) {
  const auto order = [selection](const MapOption& m) {
    return selection == MapSelection::Furthest ? std::tuple(-m.distance, -m.preference, m.address)
                                               : std::tuple(-m.preference, -m.distance, m.address);
  };
  return order(a) < order(b);
}

}  // namespace kamesim
