#include "protocols/ip6/route_table.h"

#include <algorithm>

namespace kamesim {

void RouteTable::add(const Route& route) {
  ++generation_;
  auto& routes = buckets_[route.prefix].routes;
  const auto same = std::ranges::find_if(routes, [&](const Route& r) {
    return r.interface == route.interface && r.next_hop == route.next_hop && r.origin == route.origin;
  });
  if (same != routes.end()) {
    routes.erase(same);
  } else {
    ++size_;
    if (routes_by_length_[route.prefix.length()]++ == 0) {
      const auto length = static_cast<std::uint8_t>(route.prefix.length());
      lengths_.insert(std::ranges::lower_bound(lengths_, length, std::greater<>{}), length);
    }
  }
  // Equal metrics keep the order in which they came.
  routes.insert(std::ranges::upper_bound(routes, route.metric, {}, &Route::metric), route);
}

std::size_t RouteTable::remove_if(const std::function<bool(const Route&)>& predicate) {
  std::size_t removed = 0;
  for (auto it = buckets_.begin(); it != buckets_.end();) {
    const std::size_t n = std::erase_if(it->second.routes, predicate);
    removed += n;
    auto& count = routes_by_length_[it->first.length()];
    count -= static_cast<std::uint32_t>(n);
    if (n > 0 && count == 0) std::erase(lengths_, static_cast<std::uint8_t>(it->first.length()));
    it = it->second.routes.empty() ? buckets_.erase(it) : std::next(it);
  }
  size_ -= removed;
  if (removed > 0) ++generation_;
  return removed;
}

std::size_t RouteTable::remove(const Ipv6Prefix& prefix, const Ip6Interface* interface, const Ipv6Address& next_hop) {
  return remove_if([&](const Route& r) {
    return r.prefix == prefix && r.interface == interface && r.next_hop == next_hop;
  });
}

const Route* RouteTable::lookup(const Ipv6Address& destination, const Ip6Interface* interface) const {
  for (const std::uint8_t length : lengths_) {
    const auto it = buckets_.find(Ipv6Prefix(destination, length));
    if (it == buckets_.end()) continue;
    for (const Route& route : it->second.routes) {
      if (interface == nullptr || route.interface == interface || route.kind == RouteKind::Local) return &route;
    }
  }
  return nullptr;
}

std::span<const Route> RouteTable::equal_cost(const Route& best) const {
  const bool given = best.origin == RouteOrigin::Static || best.origin == RouteOrigin::Daemon;
  if (!given || best.kind != RouteKind::Unicast) return {&best, 1};
  const auto& routes = buckets_.at(best.prefix).routes;
  const auto alike = [&](const Route& r) {
    return r.metric == best.metric && r.origin == best.origin && r.kind == RouteKind::Unicast;
  };
  // Sorted by metric; those of one metric in the order in which they came, so that others may stand between.
  const Route* end = &best;
  while (end != routes.data() + routes.size() && alike(*end)) ++end;
  return {&best, end};
}

std::vector<Route> RouteTable::all() const {
  std::vector<Route> routes;
  routes.reserve(size_);
  for (const auto& [prefix, bucket] : buckets_) routes.insert(routes.end(), bucket.routes.begin(), bucket.routes.end());
  std::ranges::stable_sort(routes, {}, [](const Route& r) { return std::pair(r.prefix, r.metric); });
  return routes;
}

}  // namespace kamesim
