// Route Information options at a host of type C, and the reachability of better routers (RFC 4191 §3).
#include <algorithm>

#include "protocols/ip6/nd_drops.h"
#include "protocols/ip6/neighbor_discovery.h"
#include "protocols/ip6/stack.h"

namespace kamesim {

namespace {

// A router that one would rather use for the destination than the one in use.
struct Better {
  unsigned prefix_length = 0;
  RouterPreference preference = RouterPreference::Low;
  friend auto operator<=>(const Better&, const Better&) = default;
};

}  // namespace

// §3.1: "The Router Preference and Lifetime values in a ::/0 Route Information Option override the preference and
// lifetime values in the Router Advertisement header."
std::pair<Duration, RouterPreference> RouterDiscovery::default_route(const RouterAdvertisementView& view) const {
  const RouterAdvertisement ra = view.value();
  std::pair<Duration, RouterPreference> route{ra.router_lifetime, ra.preference};
  if (!stack_.config().nd.accept_route_information) return route;
  for (const NdOption option : view.options()) {
    const auto information = RouteInformation::parse(option);
    if (information && information->prefix.length() == 0) route = {information->lifetime, information->preference};
  }
  return route;
}

void RouterDiscovery::on_route_information(const InputPacket& in, const RouteInformation& option) {
  if (!stack_.config().nd.accept_route_information || option.prefix.length() == 0) return;
  const Ipv6Address& address = option.prefix.address();
  if (address.is_link_local() || address.is_multicast()) return;
  if (more_specific_ == nullptr) {
    if (option.lifetime == Duration()) return;
    more_specific_ = std::make_unique<MoreSpecificRoutes>(stack_.config().nd.max_route_information);
  }
  if (more_specific_->on_option(stack_.now(), in.source, option) == MoreSpecificRoutes::Change::Refused) {
    stack_.drop(kNdTooManyRoutes, in.packet.bytes());
  }
}

// §3.2: where no router of a prefix answers, the route with the next shorter prefix is used. Only if none at all
// answers, neither of these nor a default router, the best of those that do not is used (§3.6, the end).
void RouterDiscovery::sync_more_specific_routes() {
  if (more_specific_ == nullptr) return;
  std::vector<MoreSpecificRoute> wanted = more_specific_->best();
  const bool any_router = std::ranges::any_of(list_.routers(), [](const DefaultRouter& r) { return !r.suspect; });
  if (wanted.empty() && !any_router && interface_.up()) {
    for (const MoreSpecificRoute& r : more_specific_->routes()) {
      const auto rival = std::ranges::find(wanted, r.prefix, &MoreSpecificRoute::prefix);
      if (rival == wanted.end()) {
        wanted.push_back(r);
      } else if (rival->preference < r.preference) {
        *rival = r;
      }
    }
  }
  auto as_route = [&](const MoreSpecificRoute& r) {
    return Route{.prefix = r.prefix, .interface = &interface_, .next_hop = r.router,
                 .origin = RouteOrigin::RouterAdvertisement, .metric = metric(r.preference, r.suspect)};
  };
  auto is_wanted = [&](const Route& route) {
    return std::ranges::any_of(wanted, [&](const MoreSpecificRoute& r) {
      return route.prefix == r.prefix && route.next_hop == r.router && route.metric == as_route(r).metric;
    });
  };
  std::vector<MoreSpecificRoute> missing = wanted;
  stack_.remove_routes_if([&](const Route& route) {
    const bool ours = route.interface == &interface_ && route.origin == RouteOrigin::RouterAdvertisement &&
                      !route.on_link() && route.prefix.length() != 0;
    if (!ours) return false;
    if (!is_wanted(route)) return true;
    std::erase_if(missing, [&](const MoreSpecificRoute& r) { return r.prefix == route.prefix; });
    return false;
  });
  for (const MoreSpecificRoute& r : missing) stack_.add_route(as_route(r));
}

// §3.5: packets that go by a router although a better one is there, which does not answer, are reason to ask it.
void RouterDiscovery::watch_for_better_routers() {
  const bool has_routes = more_specific_ != nullptr && !more_specific_->routes().empty();
  if (list_.routers().size() < 2 && !has_routes) return;
  bool watch = false;
  for (const DefaultRouter& r : list_.routers()) {
    const DefaultRouter* used = selected_ ? list_.find(*selected_) : nullptr;
    watch = watch || (r.suspect && used != nullptr && r.preference > used->preference);
  }
  if (has_routes) watch = watch || std::ranges::any_of(more_specific_->routes(), &MoreSpecificRoute::suspect);
  auto mark = [&](const Ipv6Address& router) {
    if (Neighbor* n = nd_.cache_.find(router)) n->watched = watch;
  };
  for (const DefaultRouter& r : list_.routers()) mark(r.address);
  if (has_routes) {
    for (const MoreSpecificRoute& r : more_specific_->routes()) mark(r.router);
  }
}

void RouterDiscovery::on_traffic(const Ipv6Address& neighbor, const Ipv6Address& destination) {
  Better used;
  if (const DefaultRouter* r = list_.find(neighbor)) used.preference = r->preference;
  auto routes = more_specific_ != nullptr ? std::span(more_specific_->routes()) : std::span<const MoreSpecificRoute>();
  for (const MoreSpecificRoute& r : routes) {
    if (r.router == neighbor && !r.suspect && r.prefix.contains(destination)) {
      used = std::max(used, Better{r.prefix.length(), r.preference});
    }
  }
  std::vector<Ipv6Address> better;
  for (const MoreSpecificRoute& r : routes) {
    const bool is_better = r.suspect && r.prefix.contains(destination) &&
                           Better{r.prefix.length(), r.preference} > used && r.router != neighbor;
    if (is_better) better.push_back(r.router);
  }
  for (const DefaultRouter& r : list_.routers()) {
    if (r.suspect && Better{0, r.preference} > used && r.address != neighbor) better.push_back(r.address);
  }
  for (const Ipv6Address& router : better) probe_if_due(router);
}

bool RouterDiscovery::probe_if_due(const Ipv6Address& router) {
  const Time now = stack_.now();
  std::erase_if(probed_, [&](const auto& p) { return p.second + kProbeInterval <= now; });
  if (std::ranges::find(probed_, router, &std::pair<Ipv6Address, Time>::first) != probed_.end()) return false;
  probed_.emplace_back(router, now);
  nd_.probe_once(router);
  return true;
}

}  // namespace kamesim
