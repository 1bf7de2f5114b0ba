#include "protocols/ip6/nd_router_discovery.h"

#include <algorithm>

#include "protocols/ip6/nd_constants.h"
#include "protocols/ip6/nd_drops.h"
#include "protocols/ip6/nd_slaac.h"
#include "protocols/ip6/nd_trace.h"
#include "protocols/ip6/neighbor_discovery.h"
#include "protocols/ip6/stack.h"

namespace kamesim {

namespace {

using Kind = RoutingMessage::Kind;
using Change = DefaultRouterList::Change;

// Metrics of default routes, so that of several interfaces the one with the best router is used, and routes that
// were given by hand before all.
constexpr std::uint32_t kRouterMetric = 16;
constexpr std::uint32_t kSuspectRouterMetric = 32;

std::uint32_t metric(const DefaultRouter& router) {
  const std::uint32_t base = router.suspect ? kSuspectRouterMetric : kRouterMetric;
  return base - static_cast<std::uint32_t>(static_cast<int>(router.preference));
}

}  // namespace

RouterDiscovery::RouterDiscovery(EthernetInterface& interface, NeighborDiscovery& nd)
    : interface_(interface),
      stack_(interface.stack()),
      nd_(nd),
      list_(stack_.config().max_default_routers),
      prefixes_(stack_.config().max_prefixes) {}

void RouterDiscovery::on_advertisement(const InputPacket& in, const RouterAdvertisementView& view) {
  const RouterAdvertisement ra = view.value();
  const Ipv6Address router = in.source;
  // On another link the address may be that of another router, with other prefixes.
  if (std::ranges::find(heard_, router) == heard_.end() && heard_.size() < kMaxHeard) {
    heard_.push_back(router);
    prefixes_.forget_router(router);
  }
  const Change change = list_.on_advertisement(stack_.now(), router, ra.router_lifetime, ra.preference);
  nd_.pin(router, is_default_router(router));
  if (change == Change::Refused) stack_.drop(kNdTooManyRouters, in.packet.bytes());
  set_parameters(ra);
  for (const NdOption option : view.options()) {
    if (const auto mtu = Mtu::parse(option)) set_mtu(in, *mtu);
    if (const auto prefix = PrefixInformation::parse(option)) on_prefix(in, *prefix);
  }
  review();
  // KAME: on a link with a new router, is the old one still there? Once after the link came up.
  if (unconfirmed_ && *unconfirmed_ != router) nd_.probe(*unconfirmed_);
  unconfirmed_.reset();
  if (change == Change::Added) stack_.notify({Kind::DefaultRouterAdded, &interface_, router});
  if (change == Change::Removed) router_gone(router, Kind::DefaultRouterRemoved);
  while (const auto displaced = list_.take_gone(stack_.now())) router_gone(*displaced, Kind::DefaultRouterRemoved);
}

// RFC 4861 §6.3.4: what is unspecified leaves the variable as it is.
void RouterDiscovery::set_parameters(const RouterAdvertisement& ra) {
  if (ra.cur_hop_limit) interface_.cur_hop_limit = *ra.cur_hop_limit;
  if (ra.reachable_time && *ra.reachable_time != nd_.base_reachable_time()) {
    nd_.set_base_reachable_time(*ra.reachable_time);
  }
  if (ra.retrans_timer) nd_.set_retrans_timer(*ra.retrans_timer);
}

void RouterDiscovery::set_mtu(const InputPacket& in, const Mtu& option) {
  if (option.mtu < kIpv6MinimumMtu || option.mtu > interface_.nic()->mtu()) {
    return stack_.drop(kNdBadMtu, in.packet.bytes());
  }
  interface_.set_link_mtu(option.mtu);
}

PrefixEntry* RouterDiscovery::entry_for(const InputPacket& in, const Ipv6Prefix& prefix) {
  std::optional<PrefixEntry> displaced;
  PrefixEntry* entry = prefixes_.find_or_add(prefix, displaced);
  if (displaced) sync_route(*displaced);
  if (entry == nullptr) {
    stack_.drop(kNdTooManyPrefixes, in.packet.bytes());
  } else {
    prefixes_.remember_router(*entry, in.source);
  }
  return entry;
}

// §6.3.4, the options with the on-link flag.
void RouterDiscovery::on_prefix(const InputPacket& in, const PrefixInformation& option) {
  const Ipv6Prefix prefix = option.prefix();
  if (prefix.address().is_link_local() || prefix.address().is_multicast()) return;
  if (option.on_link && option.valid_lifetime != Duration()) {
    if (PrefixEntry* entry = entry_for(in, prefix)) {
      entry->on_link_until = lifetime_end(stack_.now(), option.valid_lifetime);
      sync_route(*entry);
    }
  } else if (PrefixEntry* known = prefixes_.find(prefix); known != nullptr && option.on_link) {
    if (known->on_link_until) known->on_link_until = stack_.now();  // timed out at once
  }
  on_autonomous_prefix(in, option);
}

// RFC 4862 §5.5.3.
void RouterDiscovery::on_autonomous_prefix(const InputPacket& in, const PrefixInformation& option) {
  const AutonomousVerdict verdict = check_autonomous_prefix(option);
  if (verdict.dropped != nullptr) stack_.drop(*verdict.dropped, in.packet.bytes());
  if (!verdict.usable) return;
  const Time now = stack_.now();
  bool formed = false;
  Time addresses_until;
  for (const auto& a : interface_.addresses()) {
    if (a->origin != AddressOrigin::Autoconfigured || a->prefix() != option.prefix()) continue;
    a->preferred_until = lifetime_end(now, option.preferred_lifetime);
    a->valid_until = renewed_valid_until(now, a->valid_until, option.valid_lifetime);
    addresses_until = std::max(addresses_until, a->valid_until);
    formed = true;
  }
  if (!formed) return form_address(in, option);
  if (PrefixEntry* entry = entry_for(in, option.prefix())) entry->addresses_until = addresses_until;
}

// §5.5.3 d.
void RouterDiscovery::form_address(const InputPacket& in, const PrefixInformation& option) {
  if (option.valid_lifetime == Duration()) return;
  const Ipv6Address address = with_interface_id(option.prefix(), InterfaceId::eui64(interface_.nic()->mac()));
  // The address may be there by other means; and while a mobile node is away, its home address is elsewhere (RFC
  // 6275 §11.5.5: no Duplicate Address Detection for it on the way back).
  for (const auto& interface : stack_.interfaces()) {
    const InterfaceAddress* known = interface->find_address(address);
    if (known != nullptr && (known->home_address || interface.get() == &interface_)) return;
  }
  if (!make_room_for_address()) return stack_.drop(kNdTooManyAddresses, in.packet.bytes());
  PrefixEntry* entry = entry_for(in, option.prefix());
  if (entry == nullptr) return;
  const Time now = stack_.now();
  const Time valid_until = lifetime_end(now, option.valid_lifetime);
  entry->addresses_until = valid_until;
  // RFC 4429 §3.3 asks for the router's link-layer address, and for a default router: the choice is due before.
  select_router();
  nd_.delay_dad_ = in.destination.is_multicast();
  stack_.add_address(interface_, {.address = address,
                                  .prefix_length = static_cast<std::uint8_t>(option.prefix_length),
                                  .origin = AddressOrigin::Autoconfigured,
                                  .on_link_prefix = false,
                                  .preferred_until = lifetime_end(now, option.preferred_lifetime),
                                  .valid_until = valid_until});
  nd_.delay_dad_ = false;
}

// A detached address, the oldest, makes room for one of the present link.
bool RouterDiscovery::make_room_for_address() {
  auto autoconfigured = [](const auto& a) { return a->origin == AddressOrigin::Autoconfigured; };
  const auto& addresses = interface_.addresses();
  const auto count = static_cast<std::size_t>(std::ranges::count_if(addresses, autoconfigured));
  if (count < stack_.config().max_autoconfigured_addresses) return true;
  const auto oldest = std::ranges::find_if(addresses, [&](const auto& a) { return autoconfigured(a) && a->detached; });
  if (oldest == addresses.end()) return false;
  const Ipv6Address address = (*oldest)->address;
  return stack_.remove_address(interface_, address);
}

void RouterDiscovery::on_neighbor_reachable(const Ipv6Address& address) {
  if (list_.on_reachable(address)) nd_.pin(address, true);
  const bool advertises = std::ranges::any_of(prefixes_.entries(), [&](const PrefixEntry& e) {
    return std::ranges::find(e.routers, address) != e.routers.end();
  });
  if (advertises || is_default_router(address)) review();
}

void RouterDiscovery::on_neighbor_unreachable(const Ipv6Address& address) {
  const bool news = list_.on_unreachable(address);
  review();
  if (news) stack_.notify({Kind::DefaultRouterUnreachable, &interface_, address});
}

void RouterDiscovery::on_ceased_to_route(const Ipv6Address& address) {
  if (!list_.remove(address)) return;
  review();
  router_gone(address, Kind::DefaultRouterRemoved);
}

void RouterDiscovery::router_gone(const Ipv6Address& address, Kind kind) {
  nd_.pin(address, false);
  nd_.remove_redirects_by(address);
  stack_.notify({kind, &interface_, address});
}

void RouterDiscovery::on_link_up() {
  heard_.clear();
  unconfirmed_ = selected_;
}

void RouterDiscovery::on_link_down() {
  list_.suspect_all();
  select_router();
}

void RouterDiscovery::review() {
  review_prefixes();
  select_router();
}

void RouterDiscovery::review_prefixes() {
  auto reachable = [&](const Ipv6Address& router) { return nd_.link_layer_address_known(router); };
  const bool any_router = std::ranges::any_of(
      list_.routers(), [&](const DefaultRouter& r) { return !r.suspect && reachable(r.address); });
  // Detached ones are told of after the new ones are attached: a listener finds all in its place.
  std::vector<std::pair<Ipv6Prefix, bool>> changes;
  for (const PrefixEntry* entry : prefixes_.review(reachable, any_router)) {
    sync_route(*entry);
    changes.emplace_back(entry->prefix, entry->detached);
  }
  for (const auto& [prefix, detached] : changes) set_detached(prefix, detached);
}

void RouterDiscovery::set_detached(const Ipv6Prefix& prefix, bool detached) {
  std::vector<Ipv6Address> affected;
  for (const auto& a : interface_.addresses()) {
    const bool of_prefix = a->origin == AddressOrigin::Autoconfigured && a->prefix() == prefix;
    if (!of_prefix || a->detached == detached) continue;
    a->detached = detached;
    affected.push_back(a->address);
  }
  for (const Ipv6Address& address : affected) {
    InterfaceAddress* a = interface_.find_address(address);
    if (a == nullptr) continue;
    stack_.node().trace(kTraceAddressDetached, {{"interface", interface_.name()},
                                                {"address", address.to_string()},
                                                {"detached", std::int64_t{detached}}});
    if (detached) {
      stack_.address_changed(interface_, *a);
    } else {
      stack_.repeat_dad(interface_, *a);  // as KAME: another node may have taken it meanwhile
    }
  }
}

void RouterDiscovery::sync_route(const PrefixEntry& entry) {
  const Route route{.prefix = entry.prefix, .interface = &interface_, .next_hop = {},
                    .origin = RouteOrigin::RouterAdvertisement};
  const PrefixEntry* listed = prefixes_.find(entry.prefix);
  if (listed != nullptr && listed->on_link()) {
    stack_.routes().add(route);
    return;
  }
  stack_.routes().remove_if([&](const Route& r) {
    return r.prefix == route.prefix && r.interface == route.interface && r.on_link() && r.origin == route.origin;
  });
}

void RouterDiscovery::select_router() {
  const DefaultRouter* router =
      list_.select([&](const Ipv6Address& address) { return nd_.link_layer_address_known(address); });
  const std::optional<Ipv6Address> next = router != nullptr ? std::optional(router->address) : std::nullopt;
  const std::uint32_t next_metric = router != nullptr ? metric(*router) : 0;
  if (next == selected_ && next_metric == selected_metric_) return;
  const bool other = next != selected_;
  stack_.routes().remove_if([&](const Route& r) {
    return r.prefix.length() == 0 && r.interface == &interface_ && r.origin == RouteOrigin::RouterAdvertisement;
  });
  selected_ = next;
  selected_metric_ = next_metric;
  if (next) {
    stack_.routes().add({.prefix = {}, .interface = &interface_, .next_hop = *next,
                         .origin = RouteOrigin::RouterAdvertisement, .metric = next_metric});
  }
  if (!other) return;
  stack_.node().trace(kTraceDefaultRouter, {{"interface", interface_.name()}, {"router", next ? next->to_string() : ""}});
}

// RFC 4862 §5.5.4: deprecates or removes one address whose time has come.
bool RouterDiscovery::expire_address(Time now) {
  for (const auto& a : interface_.addresses()) {
    if (a->valid_until <= now) {
      const Ipv6Address address = a->address;
      return stack_.remove_address(interface_, address);
    }
    const bool past = a->preferred_until <= now;
    if (a->state == AddressState::Preferred && past) {
      a->state = AddressState::Deprecated;
    } else if (a->state == AddressState::Deprecated && !past) {
      a->state = AddressState::Preferred;
    } else {
      continue;
    }
    stack_.address_changed(interface_, *a);
    return true;
  }
  return false;
}

void RouterDiscovery::on_timeout(Time now) {
  bool changed = false;
  while (const auto gone = list_.take_gone(now)) {
    review();
    router_gone(*gone, Kind::DefaultRouterRemoved);
  }
  while (const auto expired = prefixes_.take_expired(now)) {
    sync_route(*expired);
    changed = true;
  }
  while (expire_address(now)) {
  }
  if (changed) review();
}

std::optional<Time> RouterDiscovery::next_timeout() const {
  Time first = Time::max();
  auto consider = [&](const std::optional<Time>& at) { first = at ? std::min(first, *at) : first; };
  consider(list_.next_timeout());
  consider(prefixes_.next_timeout());
  for (const auto& a : interface_.addresses()) {
    first = std::min(first, a->valid_until);
    if (a->state == AddressState::Preferred) first = std::min(first, a->preferred_until);
    // Its preferred lifetime was renewed.
    if (a->state == AddressState::Deprecated && stack_.now() < a->preferred_until) first = stack_.now();
  }
  if (first == Time::max()) return std::nullopt;
  return first;
}

}  // namespace kamesim
