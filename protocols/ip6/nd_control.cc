// What an administrator does to neighbours and default routers by hand (KAME's ndp).
#include <algorithm>
#include <utility>

#include "protocols/ip6/nd_drops.h"
#include "protocols/ip6/neighbor_discovery.h"
#include "protocols/ip6/stack.h"

namespace kamesim {

void NeighborDiscovery::add_static_neighbor(const StaticNeighbor& given) {
  Neighbor& n = neighbor(given.address);
  n.mac = given.mac;
  n.is_router = given.is_router;
  n.permanent = true;
  n.state = Neighbor::State::Reachable;
  n.until = Time::max();
  n.solicitations = 0;
  apply(n, {.send_queued = true});
}

std::vector<StaticNeighbor> NeighborDiscovery::static_neighbors() const {
  std::vector<StaticNeighbor> given;
  cache_.for_each([&](const Neighbor& n) {
    if (n.permanent) given.push_back({n.address, n.mac, n.is_router});
  });
  std::ranges::sort(given, {}, &StaticNeighbor::address);
  return given;
}

bool NeighborDiscovery::remove_neighbor(const Ipv6Address& address) {
  Neighbor* n = cache_.find(address);
  if (n == nullptr) return false;
  const bool was_known = n->state != Neighbor::State::None;
  discard(*n, kNdRemoved);
  arm();
  return was_known;
}

void NeighborDiscovery::forget_redirects() {
  if (!has_rare()) return;
  for (const RedirectRoutes::Entry& entry : parts_->rare->redirects.take_all()) remove_route(entry);
}

void NeighborDiscovery::on_settings_changed() {
  while (Neighbor* victim = cache_.victim_of(bounds())) discard(*victim, kNdCacheFull);
  if (known_routers() != nullptr) known_routers()->on_settings_changed();
  arm();
}

void RouterDiscovery::on_settings_changed() {
  const Ip6Config& config = stack_.config();
  list_.set_max_routers(config.max_default_routers);
  prefixes_.set_max_prefixes(config.max_prefixes);
  if (information_ != nullptr) information_->set_max_entries(config.nd.max_dns_entries);
  if (more_specific_ == nullptr) return;
  more_specific_->set_max_routes(config.nd.max_route_information);
  if (config.nd.accept_route_information) return;
  more_specific_->clear();
  review();
  more_specific_.reset();
}

bool RouterDiscovery::set_router(const Ipv6Address& address, Duration lifetime, RouterPreference preference) {
  const Duration longest = Time::max() - stack_.now();
  const auto change = list_.on_advertisement(stack_.now(), address, std::min(lifetime, longest), preference);
  nd_.pin(address, is_default_router(address));
  review();
  if (change == DefaultRouterList::Change::Added) {
    stack_.notify({RoutingMessage::Kind::DefaultRouterAdded, &interface_, address});
  }
  if (change == DefaultRouterList::Change::Removed) router_gone(address, RoutingMessage::Kind::DefaultRouterRemoved);
  while (const auto displaced = list_.take_gone(stack_.now())) {
    router_gone(*displaced, RoutingMessage::Kind::DefaultRouterRemoved);
  }
  nd_.arm();
  return change != DefaultRouterList::Change::Refused;
}

void RouterDiscovery::forget_routers() {
  std::vector<Ipv6Address> gone;
  for (const DefaultRouter& router : list_.routers()) gone.push_back(router.address);
  for (const Ipv6Address& address : gone) list_.remove(address);
  if (more_specific_ != nullptr) more_specific_->clear();
  review();
  more_specific_.reset();
  information_.reset();
  for (const Ipv6Address& address : gone) router_gone(address, RoutingMessage::Kind::DefaultRouterRemoved);
  nd_.forget_redirects();
  nd_.arm();
}

void RouterDiscovery::forget_prefixes() {
  for (PrefixEntry& entry : std::exchange(prefixes_.entries(), {})) {
    entry.on_link_until.reset();
    sync_route(entry);
    remove_temporary(entry.prefix);
    std::vector<Ipv6Address> formed;
    for (const auto& a : interface_.addresses()) {
      if (a->origin == AddressOrigin::Autoconfigured && a->prefix() == entry.prefix) formed.push_back(a->address);
    }
    for (const Ipv6Address& address : formed) stack_.remove_address(interface_, address);
  }
  stack_.invalidate_destinations();  // RFC 6724 rule 5.5
  nd_.arm();
}

}  // namespace kamesim
