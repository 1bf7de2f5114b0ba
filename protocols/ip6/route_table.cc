#include "protocols/ip6/route_table.h"

#include <algorithm>
#include <utility>

#include "protocols/ip6/interface_address.h"
#include "protocols/ip6/prefix_trie.h"

namespace kamesim {

namespace {

bool replaces(const Route& a, const Route& b) {
  return a.interface == b.interface && a.next_hop == b.next_hop && a.origin == b.origin;
}

// RFC 2991: between routes that were given there may be a choice.
bool may_share(const Route& route) {
  return route.kind == RouteKind::Unicast &&
         (route.origin == RouteOrigin::Static || route.origin == RouteOrigin::Daemon);
}

bool as_good(const Route& route, const Route& best) {
  return route.kind == RouteKind::Unicast && route.metric == best.metric && route.origin == best.origin;
}

// The first of n for which that does not hold; it holds for those before. Which half is next is seldom foreseeable, so it
// is chosen without a branch.
template <typename T, typename Before>
const T* first_not(const T* from, std::size_t n, Before before) {
  while (n > 1) {
    const std::size_t half = n / 2;
    from += before(from[half - 1]) ? half : 0;
    n -= half;
  }
  return from + (n == 1 && before(*from) ? 1 : 0);
}

bool less(const Ipv6Address& a, const Ipv6Address& b) {
  return (a.high() < b.high()) | ((a.high() == b.high()) & (a.low() < b.low()));
}

// Of what is sorted as routes are, the first that leads to the destination and for which `serves` holds, for each
// length that there is, from the longest on; null: there is none.
template <typename T, typename Length, typename Prefix, typename Serves>
const T* longest_match(const T* at, const T* end, std::size_t few, const Ipv6Address& destination, Length length_of,
                       Prefix prefix_of, Serves serves) {
  if (static_cast<std::size_t>(end - at) <= few) {
    for (; at != end; ++at) {
      if (Ipv6Prefix(destination, length_of(*at)).address() == prefix_of(*at) && serves(*at)) return at;
    }
    return nullptr;
  }
  while (at != end) {
    const unsigned length = length_of(*at);
    const auto count = static_cast<std::size_t>(end - at);
    const T* const shorter = first_not(at, count, [&](const T& t) { return length_of(t) >= length; });
    const Ipv6Address wanted = Ipv6Prefix(destination, length).address();
    const auto same_length = static_cast<std::size_t>(shorter - at);
    at = first_not(at, same_length, [&](const T& t) { return less(prefix_of(t), wanted); });
    for (; at != shorter && prefix_of(*at) == wanted; ++at) {
      if (serves(*at)) return at;
    }
    at = shorter;
  }
  return nullptr;
}

// Equal metrics keep the order in which they came.
void insert_by_metric(std::vector<Route>& routes, const Route& route) {
  routes.insert(std::ranges::upper_bound(routes, route.metric, {}, &Route::metric), route);
}

}  // namespace

// The routes of many prefixes: a trie has the number of each prefix's bucket.
struct RouteTable::Large {
  struct Bucket {  // the routes of one prefix, by metric; there is one at least
    Ipv6Prefix prefix;
    std::vector<Route> routes;
  };
  std::vector<Bucket> buckets;  // in no order
  PrefixTrie trie;
  std::size_t size = 0;

  Bucket& find_or_add(const Ipv6Prefix& prefix) {
    if (const std::uint32_t known = trie.find(prefix); known != PrefixTrie::kNone) return buckets[known];
    trie.set(prefix, static_cast<std::uint32_t>(buckets.size()));
    return buckets.emplace_back(Bucket{prefix, {}});
  }
  void remove(std::uint32_t i) {
    trie.erase(buckets[i].prefix);
    if (i + 1 < buckets.size()) {
      buckets[i] = std::move(buckets.back());
      trie.set(buckets[i].prefix, i);
    }
    buckets.pop_back();
  }
};

RouteTable::RouteTable() = default;
RouteTable::~RouteTable() = default;

std::size_t RouteTable::size() const {
  return large_ != nullptr ? large_->size : sorted_.size() + of_addresses_.size();
}

RouteTable::OfAddress::OfAddress(const InterfaceAddress& address, RouteKind kind)
    : value_(reinterpret_cast<std::uintptr_t>(&address)) {
  if (kind == RouteKind::Unicast) value_ |= kOfPrefix;
  if (kind == RouteKind::Blackhole) value_ |= kBlackhole;
}

unsigned RouteTable::OfAddress::length() const { return of_prefix() ? address().prefix_length : 128; }

Ipv6Address RouteTable::OfAddress::prefix() const {
  return of_prefix() ? address().prefix().address() : address().address;
}

Route RouteTable::OfAddress::route() const {
  return {.prefix = Ipv6Prefix(prefix(), length()), .interface = &address().interface(), .next_hop = {}, .kind = kind(),
          .origin = RouteOrigin::Connected};
}

RouteTable::Kept RouteTable::keep(const Route& route) {
  Kept kept{route.prefix.address(), route.interface, kNone, static_cast<std::uint8_t>(route.prefix.length()), route.kind,
            route.origin};
  if (route.metric == 0 && route.mtu == 0) {
    if (route.on_link()) return kept;
    if (route.prefix.length() == 0) {
      kept.prefix_or_next_hop = route.next_hop;
      kept.detail = kHere;
      return kept;
    }
  }
  if (details_ == nullptr) details_ = std::make_unique<std::vector<Detail>>();
  const auto place = std::ranges::find_if(*details_, [&](const Detail& d) {
    return d.routes > 0 && d.next_hop == route.next_hop && d.metric == route.metric && d.mtu == route.mtu;
  });
  kept.detail = static_cast<std::uint32_t>(place - details_->begin());
  if (place != details_->end()) {
    ++place->routes;
    return kept;
  }
  const Detail made{route.next_hop, route.metric, route.mtu, 1};
  const auto free = std::ranges::find(*details_, 0u, &Detail::routes);
  kept.detail = static_cast<std::uint32_t>(free - details_->begin());
  if (free != details_->end()) {
    *free = made;
  } else {
    details_->push_back(made);
  }
  return kept;
}

void RouteTable::forget(const Kept& kept) {
  if (kept.detail < kHere) --(*details_)[kept.detail].routes;
}

Route RouteTable::route_of(const Kept& kept) const {
  Route route{.prefix = Ipv6Prefix(kept.prefix(), kept.length), .interface = kept.interface, .next_hop = {},
              .kind = kept.kind, .origin = kept.origin};
  if (kept.detail == kHere) route.next_hop = kept.prefix_or_next_hop;
  if (const Detail* const detail = detail_of(kept); detail != nullptr) {
    route.next_hop = detail->next_hop;
    route.metric = detail->metric;
    route.mtu = detail->mtu;
  }
  return route;
}

std::pair<std::size_t, std::size_t> RouteTable::range_of(const Ipv6Prefix& prefix) const {
  const auto before = [&](const Kept& kept) {
    return kept.length != prefix.length() ? kept.length > prefix.length() : kept.prefix() < prefix.address();
  };
  const auto begin = std::ranges::partition_point(sorted_, before);
  auto end = begin;
  while (end != sorted_.end() && end->length == prefix.length() && end->prefix() == prefix.address()) ++end;
  return {begin - sorted_.begin(), end - sorted_.begin()};
}

void RouteTable::add(const Route& route) {
  ++generation_;
  const std::optional<Route> replaced = put(route);
  if (replaced != route) tell(replaced ? RouteChange::Changed : RouteChange::Added, route);
}

void RouteTable::add_of(const InterfaceAddress& address, RouteKind kind) {
  const OfAddress entry(address, kind);
  const Route route = entry.route();
  if (large_ != nullptr || size() >= kSorted) return add(route);
  OfAddress* const known = find_of_address(route.prefix);
  if (known != nullptr && &known->address() == &address && known->of_prefix() == entry.of_prefix()) {
    ++generation_;
    const Route former = std::exchange(*known, entry).route();
    if (former != route) tell(RouteChange::Changed, route);
    return;
  }
  const auto [begin, end] = range_of(route.prefix);
  if (known != nullptr || begin != end) return add(route);  // there is one already to that prefix
  ++generation_;
  insert(entry);
  tell(RouteChange::Added, route);
}

void RouteTable::detach_from(const InterfaceAddress& address) {
  for (std::size_t i = of_addresses_.size(); i-- > 0;) {
    const OfAddress entry = of_addresses_[i];
    if (&entry.address() != &address) continue;
    of_addresses_.erase(&of_addresses_[i]);
    insert(entry.route());
  }
}

void RouteTable::insert(const OfAddress& entry) {
  const OfAddress* const place = std::ranges::partition_point(of_addresses_, [&](const OfAddress& other) {
    return other.length() != entry.length() ? other.length() > entry.length() : other.prefix() < entry.prefix();
  });
  of_addresses_.insert(static_cast<std::size_t>(place - of_addresses_.begin()), entry);
}

RouteTable::OfAddress* RouteTable::find_of_address(const Ipv6Prefix& prefix) {
  OfAddress* const place = std::ranges::partition_point(of_addresses_, [&](const OfAddress& other) {
    return other.length() != prefix.length() ? other.length() > prefix.length() : other.prefix() < prefix.address();
  });
  if (place == of_addresses_.end()) return nullptr;
  return place->length() == prefix.length() && place->prefix() == prefix.address() ? place : nullptr;
}

const RouteTable::OfAddress* RouteTable::lookup_of_address(const Ipv6Address& destination,
                                                           const Ip6Interface* interface) const {
  const auto serves = [interface](const OfAddress& e) {
    return interface == nullptr || e.kind() == RouteKind::Local || &e.address().interface() == interface;
  };
  return longest_match(
      of_addresses_.begin(), of_addresses_.end(), kFew, destination, [](const OfAddress& e) { return e.length(); },
      [](const OfAddress& e) { return e.prefix(); }, serves);
}

std::optional<Route> RouteTable::put(const Route& route) {
  if (large_ != nullptr) return index(route);
  std::optional<Route> replaced;
  // What follows from an address stands apart only as long as it is the only one to its prefix.
  if (OfAddress* const known = find_of_address(route.prefix)) {
    const Route other = known->route();
    if (other == route) return other;
    of_addresses_.erase(known);
    insert(other);
  }
  const auto [begin, end] = range_of(route.prefix);
  for (std::size_t i = begin; i < end; ++i) {
    const Route known = route_of(sorted_[i]);
    if (!replaces(known, route)) continue;
    replaced = known;
    forget(sorted_[i]);
    if (end - begin == 1) {  // as when an address of the node's becomes usable
      sorted_[i] = keep(route);
      return replaced;
    }
    sorted_.erase(&sorted_[i]);
    break;
  }
  if (size() < kSorted) {
    insert(route);
    return replaced;
  }
  large_ = std::make_unique<Large>();
  for (const Kept& known : sorted_) index(route_of(known));
  for (const OfAddress& known : of_addresses_) index(known.route());
  sorted_.clear();
  of_addresses_.clear();
  details_.reset();
  index(route);
  return replaced;
}

// Behind those of its prefix whose metric is the same or lower.
void RouteTable::insert(const Route& route) {
  auto [place, end] = range_of(route.prefix);
  while (place < end && metric_of(sorted_[place]) <= route.metric) ++place;
  sorted_.insert(place, keep(route));
}

std::optional<Route> RouteTable::index(const Route& route) {
  auto& routes = large_->find_or_add(route.prefix).routes;
  std::optional<Route> replaced;
  const auto same = std::ranges::find_if(routes, [&](const Route& r) { return replaces(r, route); });
  if (same != routes.end()) {
    replaced = *same;
    routes.erase(same);
  } else {
    ++large_->size;
  }
  if (routes.empty()) routes.reserve(1);
  insert_by_metric(routes, route);
  return replaced;
}

std::size_t RouteTable::remove_if(const std::function<bool(const Route&)>& predicate) {
  std::vector<Route> gone;  // if somebody is to be told
  const auto goes = [&](const Route& route) {
    if (!predicate(route)) return false;
    if (observer_ != nullptr) gone.push_back(route);
    return true;
  };
  const auto goes_now = [&](const Kept& kept) {
    const bool gone_now = goes(route_of(kept));
    if (gone_now) forget(kept);
    return gone_now;
  };
  Kept* const last = std::remove_if(sorted_.begin(), sorted_.end(), goes_now);
  auto removed = static_cast<std::size_t>(sorted_.end() - last);
  sorted_.erase(last, sorted_.end());
  OfAddress* const last_of_addresses =
      std::remove_if(of_addresses_.begin(), of_addresses_.end(), [&](const OfAddress& e) { return goes(e.route()); });
  removed += static_cast<std::size_t>(of_addresses_.end() - last_of_addresses);
  of_addresses_.erase(last_of_addresses, of_addresses_.end());
  if (large_ != nullptr) {
    for (auto i = static_cast<std::uint32_t>(large_->buckets.size()); i-- > 0;) {
      auto& routes = large_->buckets[i].routes;
      removed += std::erase_if(routes, goes);
      if (routes.empty()) large_->remove(i);
    }
    large_->size -= removed;
  }
  if (removed > 0) ++generation_;
  std::ranges::stable_sort(gone, {}, [](const Route& r) { return std::pair(r.prefix, r.metric); });
  for (const Route& route : gone) tell(RouteChange::Removed, route);
  return removed;
}

std::size_t RouteTable::remove(const Ipv6Prefix& prefix, const Ip6Interface* interface, const Ipv6Address& next_hop) {
  return remove_if([&](const Route& r) {
    return r.prefix == prefix && r.interface == interface && r.next_hop == next_hop;
  });
}

std::optional<Route> RouteTable::lookup(const Ipv6Address& destination, const Ip6Interface* interface) const {
  const auto serves = [interface](const auto& route) {
    return interface == nullptr || route.interface == interface || route.kind == RouteKind::Local;
  };
  if (large_ != nullptr) {
    const auto usable = [&](std::uint32_t i) { return std::ranges::any_of(large_->buckets[i].routes, serves); };
    const std::uint32_t found = large_->trie.longest_match(destination, usable);
    if (found == PrefixTrie::kNone) return std::nullopt;
    return *std::ranges::find_if(large_->buckets[found].routes, serves);
  }
  const OfAddress* const of_address = lookup_of_address(destination, interface);
  if (of_address != nullptr && of_address->length() == 128) return of_address->route();
  const Kept* const kept = longest_match(
      sorted_.begin(), sorted_.end(), kFew, destination, [](const Kept& k) { return unsigned{k.length}; },
      [](const Kept& k) { return k.prefix(); }, serves);
  if (of_address != nullptr && (kept == nullptr || kept->length < of_address->length())) return of_address->route();
  return kept != nullptr ? std::optional(route_of(*kept)) : std::nullopt;
}

std::optional<Route> RouteTable::equal_cost(const Route& best, std::size_t i) const {
  if (!may_share(best)) return i == 0 ? std::optional(best) : std::nullopt;
  if (large_ != nullptr) {
    for (const Route& route : large_->buckets[large_->trie.find(best.prefix)].routes) {
      if (as_good(route, best) && i-- == 0) return route;
    }
    return std::nullopt;
  }
  for (auto [place, end] = range_of(best.prefix); place < end; ++place) {
    const Route route = route_of(sorted_[place]);
    if (as_good(route, best) && i-- == 0) return route;
  }
  return std::nullopt;
}

std::vector<Route> RouteTable::all() const {
  std::vector<Route> routes;
  routes.reserve(size());
  for (const Kept& kept : sorted_) routes.push_back(route_of(kept));
  for (const OfAddress& known : of_addresses_) routes.push_back(known.route());
  if (large_ != nullptr) {
    for (const auto& bucket : large_->buckets) routes.insert(routes.end(), bucket.routes.begin(), bucket.routes.end());
  }
  std::ranges::stable_sort(routes, {}, [](const Route& r) { return std::pair(r.prefix, r.metric); });
  return routes;
}

std::size_t RouteTable::heap_bytes() const {
  std::size_t bytes = sorted_.heap_bytes() + of_addresses_.heap_bytes();
  if (details_ != nullptr) bytes += sizeof *details_ + details_->capacity() * sizeof(Detail);
  if (large_ == nullptr) return bytes;
  bytes += sizeof(Large) + large_->buckets.capacity() * sizeof(Large::Bucket) + large_->trie.heap_bytes();
  for (const auto& bucket : large_->buckets) bytes += bucket.routes.capacity() * sizeof(Route);
  return bytes;
}

}  // namespace kamesim
