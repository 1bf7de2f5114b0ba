#include "protocols/ip6/route_table.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "protocols/ip6/prefix_trie.h"

namespace kamesim {

namespace {

bool replaces(const Route& a, const Route& b) {
  return a.interface == b.interface && a.next_hop == b.next_hop && a.origin == b.origin;
}

bool serves(const Route& route, const Ip6Interface* interface) {
  return interface == nullptr || route.interface == interface || route.kind == RouteKind::Local;
}

// Longer prefixes before shorter ones; the routes of one prefix by metric.
auto place(const Route& r) { return std::tuple(128 - static_cast<int>(r.prefix.length()), r.prefix, r.metric); }

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

std::size_t RouteTable::size() const { return large_ != nullptr ? large_->size : few_.size(); }

void RouteTable::add(const Route& route) {
  ++generation_;
  const std::optional<Route> replaced = put(route);
  if (replaced != route) tell(replaced ? RouteChange::Changed : RouteChange::Added, route);
}

std::optional<Route> RouteTable::put(const Route& route) {
  if (large_ != nullptr) return index(route);
  std::optional<Route> replaced;
  const auto same = std::ranges::find_if(few_, [&](const Route& r) {
    return r.prefix == route.prefix && replaces(r, route);
  });
  if (same != few_.end()) {
    replaced = *same;
    few_.erase(same);
  }
  if (few_.size() < kFew) {
    if (few_.size() == few_.capacity()) few_.reserve(few_.size() + 2);  // idle hosts are many
    few_.insert(std::ranges::upper_bound(few_, place(route), {}, place), route);
    return replaced;
  }
  large_ = std::make_unique<Large>();
  for (const Route& known : few_) index(known);
  few_ = {};
  index(route);
  return replaced;
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
  std::size_t removed = std::erase_if(few_, goes);
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

const Route* RouteTable::lookup(const Ipv6Address& destination, const Ip6Interface* interface) const {
  for (const Route& route : few_) {
    if (route.prefix.contains(destination) && serves(route, interface)) return &route;
  }
  if (large_ == nullptr) return nullptr;
  const auto usable = [interface](const Large::Bucket& bucket) -> const Route* {
    const auto it = std::ranges::find_if(bucket.routes, [&](const Route& r) { return serves(r, interface); });
    return it == bucket.routes.end() ? nullptr : &*it;
  };
  const std::uint32_t found =
      large_->trie.longest_match(destination, [&](std::uint32_t i) { return usable(large_->buckets[i]) != nullptr; });
  return found != PrefixTrie::kNone ? usable(large_->buckets[found]) : nullptr;
}

std::span<const Route> RouteTable::equal_cost(const Route& best) const {
  const bool given = best.origin == RouteOrigin::Static || best.origin == RouteOrigin::Daemon;
  if (!given || best.kind != RouteKind::Unicast) return {&best, 1};
  const std::vector<Route>& routes = large_ != nullptr ? large_->buckets[large_->trie.find(best.prefix)].routes : few_;
  const auto alike = [&](const Route& r) {
    return r.prefix == best.prefix && r.metric == best.metric && r.origin == best.origin &&
           r.kind == RouteKind::Unicast;
  };
  // Sorted by metric; those of one metric in the order in which they came, so that others may stand between.
  const Route* end = &best;
  while (end != routes.data() + routes.size() && alike(*end)) ++end;
  return {&best, end};
}

std::vector<Route> RouteTable::all() const {
  std::vector<Route> routes = few_;
  routes.reserve(size());
  if (large_ != nullptr) {
    for (const auto& bucket : large_->buckets) routes.insert(routes.end(), bucket.routes.begin(), bucket.routes.end());
  }
  std::ranges::stable_sort(routes, {}, [](const Route& r) { return std::pair(r.prefix, r.metric); });
  return routes;
}

std::size_t RouteTable::heap_bytes() const {
  std::size_t bytes = few_.capacity() * sizeof(Route);
  if (large_ == nullptr) return bytes;
  bytes += sizeof(Large) + large_->buckets.capacity() * sizeof(Large::Bucket) + large_->trie.heap_bytes();
  for (const auto& bucket : large_->buckets) bytes += bucket.routes.capacity() * sizeof(Route);
  return bytes;
}

}  // namespace kamesim
