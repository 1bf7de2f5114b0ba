// The first hop of a host with several routers (RFC 8028): a packet goes by a router that advertises the prefix of its
// source. And what source address selection has to know for RFC 6724 §5, rule 5.5.
#include <algorithm>
#include <tuple>

#include "protocols/ip6/mobile_router_hooks.h"
#include "protocols/ip6/neighbor_discovery.h"
#include "protocols/ip6/stack.h"

namespace kamesim {

RouterDiscovery::Advertiser RouterDiscovery::advertiser(const Ipv6Address& router, const Ipv6Address& address) const {
  Advertiser found = Advertiser::Nobody;
  for (const PrefixEntry& e : prefixes_.entries()) {
    if (e.routers.empty() || !e.prefix.contains(address)) continue;
    if (std::ranges::find(e.routers, router) != e.routers.end()) return Advertiser::This;
    found = Advertiser::Another;
  }
  return found;
}

bool RouterDiscovery::another_advertises(const Ipv6Address& router) const {
  return std::ranges::any_of(prefixes_.entries(), [&](const PrefixEntry& e) {
    return !e.routers.empty() && std::ranges::find(e.routers, router) == e.routers.end();
  });
}

// §3.2: of the default routers that advertise the prefix, by the criteria of RFC 4191 §3: those that answer before all
// others, then the preference. Empty: no such router is there. A router that has ceased to be a default router (RFC 4861
// §6.3.4) is none, whatever it advertises.
std::optional<Ipv6Address> RouterDiscovery::first_hop_for(const Ipv6Address& source) const {
  const PrefixEntry* longest = nullptr;
  for (const PrefixEntry& e : prefixes_.entries()) {
    if (e.detached || e.routers.empty() || !e.prefix.contains(source)) continue;
    if (longest == nullptr || longest->prefix.length() < e.prefix.length()) longest = &e;
  }
  if (longest == nullptr) return std::nullopt;
  const DefaultRouter* best = nullptr;
  auto rank = [&](const DefaultRouter& r) { return std::tuple(r.preference, selected_ == r.address); };
  for (const Ipv6Address& router : longest->routers) {
    const DefaultRouter* known = list_.find(router);
    if (known == nullptr || known->suspect) continue;
    if (best == nullptr || rank(*best) < rank(*known)) best = known;
  }
  if (best == nullptr) return std::nullopt;
  return best->address;
}

bool RouterDiscovery::has_prefixes_of_one_router() const {
  if (list_.routers().empty() && more_specific_ == nullptr) return false;
  auto routes = [&](auto&& call) {
    for (const DefaultRouter& r : list_.routers()) call(r.address);
    if (more_specific_ == nullptr) return;
    for (const MoreSpecificRoute& r : more_specific_->routes()) call(r.router);
  };
  bool found = false;
  for (const PrefixEntry& e : prefixes_.entries()) {
    if (e.detached || e.routers.empty()) continue;
    routes([&](const Ipv6Address& router) {
      found = found || std::ranges::find(e.routers, router) == e.routers.end();
    });
  }
  return found;
}

namespace {

// A more-specific route (RFC 4191 §3.2) by a router that has advertised no prefix. RFC 8028 chooses among default routers
// (§3.2), and warns of routers that are another prefix's (§3.1): such a one is nobody's, and the route is all that is
// known of it.
bool goes_by_more_specific_route(const RouterDiscovery& routers, const Destination& to) {
  if (routers.more_specific_routes() == nullptr) return false;
  const auto& prefixes = routers.prefixes().entries();
  const bool advertises_prefix = std::ranges::any_of(prefixes, [&](const PrefixEntry& e) {
    return std::ranges::find(e.routers, to.next_hop) != e.routers.end();
  });
  return !advertises_prefix && std::ranges::any_of(routers.more_specific_routes()->routes(), [&](const auto& route) {
    return route.router == to.next_hop && route.prefix.length() > 0 && route.prefix.contains(to.address);
  });
}

}  // namespace

bool Ip6Stack::chooses_first_hop_by_source() const {
  if (!config().nd.first_hop_by_source) return false;
  // RFC 3963 §5.6: on visited links a mobile router is a host.
  const auto roams = [](const auto& interface) { return egress_role(*interface) == EgressRole::Host; };
  if (config().forwarding && (mobility_hooks() == nullptr || std::ranges::none_of(links(), roams))) return false;
  std::size_t with_routers = 0;
  for (const auto& interface : links()) {
    const NeighborDiscovery* nd = interface->nd();
    if (nd == nullptr || nd->routers_in_use() == nullptr || !interface->up()) continue;
    if (nd->routers_in_use()->has_prefixes_of_one_router()) return true;
    with_routers += nd->routers_in_use()->default_routers().routers().empty() ? 0 : 1;
  }
  return with_routers > 1;
}

void Ip6Stack::use_first_hop_for(const Ipv6Address& source, Destination& to) {
  // §3.4: a redirect is for the pair of addresses that it was about.
  if (to.origin == RouteOrigin::Redirect) {
    const auto& redirects = to.interface->nd()->redirects()->entries();
    const auto redirect = std::ranges::find(redirects, to.address, &RedirectRoutes::Entry::destination);
    if (redirect == redirects.end() || redirect->source.is_unspecified() || redirect->source == source) return;
    // §3.1: among the routers that advertise the prefix RFC 4191 §3 decides, which has decided here already.
  } else if (to.interface != nullptr && to.interface->nd() != nullptr) {
    const RouterDiscovery* routers = to.interface->nd()->routers_in_use();
    const bool advertised =
        routers != nullptr && routers->advertiser(to.next_hop, source) == RouterDiscovery::Advertiser::This;
    if (advertised || (routers != nullptr && goes_by_more_specific_route(*routers, to))) return;
  }
  for (const auto& interface : links()) {
    NeighborDiscovery* nd = interface->nd();
    if (nd == nullptr || nd->routers_in_use() == nullptr || !interface->up()) continue;
    const auto router = nd->routers_in_use()->first_hop_for(source);
    if (!router) continue;
    if (interface.get() == to.interface && *router == to.next_hop) return;
    to.mtu = interface->mtu();
    if (const auto learned = learned_path_mtu(to.address)) to.mtu = std::min(to.mtu, learned->mtu);
    to.interface = interface.get();
    to.next_hop = *router;
    to.neighbor = &nd->neighbor(*router);
    return;
  }
}

}  // namespace kamesim
