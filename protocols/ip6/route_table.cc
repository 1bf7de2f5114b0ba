#include "protocols/ip6/route_table.h"

#include <algorithm>
#include <tuple>

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

void RouteTable::add(const Route& route) {
  ++generation_;
  if (large_ != nullptr) return index(route);
  const auto same = std::ranges::find_if(few_, [&](const Route& r) {
    return r.prefix == route.prefix && replaces(r, route);
  });
  if (same != few_.end()) few_.erase(same);
  if (few_.size() < kFew) {
    few_.insert(std::ranges::upper_bound(few_, place(route), {}, place), route);
    return;
  }
  large_ = std::make_unique<Large>();
  for (const Route& known : few_) index(known);
  few_ = {};
  index(route);
}

void RouteTable::index(const Route& route) {
  auto& routes = large_->buckets[route.prefix];
  const auto same = std::ranges::find_if(routes, [&](const Route& r) { return replaces(r, route); });
  if (same != routes.end()) {
    routes.erase(same);
  } else {
    ++large_->size;
    if (large_->routes_by_length[route.prefix.length()]++ == 0) {
      const auto length = static_cast<std::uint8_t>(route.prefix.length());
      large_->lengths.insert(std::ranges::lower_bound(large_->lengths, length, std::greater<>{}), length);
    }
  }
  insert_by_metric(routes, route);
}

std::size_t RouteTable::remove_if(const std::function<bool(const Route&)>& predicate) {
  const std::size_t removed = large_ != nullptr ? remove_indexed(predicate) : std::erase_if(few_, predicate);
  if (removed > 0) ++generation_;
  return removed;
}

std::size_t RouteTable::remove_indexed(const std::function<bool(const Route&)>& predicate) {
  std::size_t removed = 0;
  for (auto it = large_->buckets.begin(); it != large_->buckets.end();) {
    const std::size_t n = std::erase_if(it->second, predicate);
    removed += n;
    auto& count = large_->routes_by_length[it->first.length()];
    count -= static_cast<std::uint32_t>(n);
    if (n > 0 && count == 0) std::erase(large_->lengths, static_cast<std::uint8_t>(it->first.length()));
    it = it->second.empty() ? large_->buckets.erase(it) : std::next(it);
  }
  large_->size -= removed;
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
  for (const std::uint8_t length : large_->lengths) {
    const auto it = large_->buckets.find(Ipv6Prefix(destination, length));
    if (it == large_->buckets.end()) continue;
    for (const Route& route : it->second) {
      if (serves(route, interface)) return &route;
    }
  }
  return nullptr;
}

std::span<const Route> RouteTable::equal_cost(const Route& best) const {
  const bool given = best.origin == RouteOrigin::Static || best.origin == RouteOrigin::Daemon;
  if (!given || best.kind != RouteKind::Unicast) return {&best, 1};
  const std::vector<Route>& routes = large_ != nullptr ? large_->buckets.at(best.prefix) : few_;
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
    for (const auto& [prefix, bucket] : large_->buckets) routes.insert(routes.end(), bucket.begin(), bucket.end());
  }
  std::ranges::stable_sort(routes, {}, [](const Route& r) { return std::pair(r.prefix, r.metric); });
  return routes;
}

std::size_t RouteTable::heap_bytes() const {
  std::size_t bytes = few_.capacity() * sizeof(Route);
  if (large_ == nullptr) return bytes;
  bytes += sizeof(Large) + large_->buckets.bucket_count() * sizeof(void*);
  constexpr std::size_t kNode = 32;  // of a hash table, with what the heap adds
  for (const auto& [prefix, bucket] : large_->buckets) {
    bytes += sizeof(std::pair<const Ipv6Prefix, std::vector<Route>>) + kNode + bucket.capacity() * sizeof(Route);
  }
  return bytes;
}

}  // namespace kamesim
