#include "protocols/ip6/nd_more_specific_routes.h"

#include <algorithm>

#include "protocols/ip6/nd_slaac.h"

namespace kamesim {

MoreSpecificRoutes::Change MoreSpecificRoutes::on_option(Time now, const Ipv6Address& router,
                                                         const RouteInformation& option) {
  const auto known = std::ranges::find_if(
      routes_, [&](const MoreSpecificRoute& r) { return r.prefix == option.prefix && r.router == router; });
  if (option.lifetime == Duration()) {
    if (known == routes_.end()) return Change::None;
    routes_.erase(known);
    return Change::Changed;
  }
  const MoreSpecificRoute route{option.prefix, router, option.preference, lifetime_end(now, option.lifetime)};
  if (known != routes_.end()) {
    const bool same = known->preference == route.preference && !known->suspect;
    *known = route;
    return same ? Change::None : Change::Changed;
  }
  if (routes_.size() >= max_routes_) {
    const auto suspect = std::ranges::find(routes_, true, &MoreSpecificRoute::suspect);
    if (suspect == routes_.end()) return Change::Refused;
    routes_.erase(suspect);
  }
  routes_.push_back(route);
  return Change::Changed;
}

void MoreSpecificRoutes::remove_router(const Ipv6Address& router) {
  std::erase_if(routes_, [&](const MoreSpecificRoute& r) { return r.router == router; });
}

bool MoreSpecificRoutes::set_suspect(const Ipv6Address& router, bool suspect) {
  bool changed = false;
  for (MoreSpecificRoute& r : routes_) {
    if (r.router != router || r.suspect == suspect) continue;
    r.suspect = suspect;
    changed = true;
  }
  return changed;
}

void MoreSpecificRoutes::suspect_all() {
  for (MoreSpecificRoute& r : routes_) r.suspect = true;
}

bool MoreSpecificRoutes::expire(Time now) {
  return std::erase_if(routes_, [&](const MoreSpecificRoute& r) { return r.expires <= now; }) > 0;
}

std::optional<Time> MoreSpecificRoutes::next_timeout() const {
  const auto first = std::ranges::min_element(routes_, {}, &MoreSpecificRoute::expires);
  if (first == routes_.end() || first->expires == Time::max()) return std::nullopt;
  return first->expires;
}

std::vector<MoreSpecificRoute> MoreSpecificRoutes::best() const {
  std::vector<MoreSpecificRoute> chosen;
  for (const MoreSpecificRoute& r : routes_) {
    if (r.suspect) continue;
    const auto rival = std::ranges::find(chosen, r.prefix, &MoreSpecificRoute::prefix);
    if (rival == chosen.end()) {
      chosen.push_back(r);
    } else if (rival->preference < r.preference) {
      *rival = r;
    }
  }
  return chosen;
}

}  // namespace kamesim
