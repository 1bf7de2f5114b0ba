#include "protocols/ip6/nd_router_discovery.h"

#include <algorithm>

#include "protocols/ip6/nd_constants.h"
#include "protocols/ip6/nd_drops.h"
#include "protocols/ip6/nd_slaac.h"
#include "protocols/ip6/neighbor_discovery.h"
#include "protocols/ip6/stack.h"

namespace kamesim {

namespace {

using Kind = RoutingMessage::Kind;
using Change = DefaultRouterList::Change;

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
    stack_.invalidate_destinations();  // RFC 6724 rule 5.5
  }
  const auto [lifetime, preference] = default_route(view);
  const Change change = list_.on_advertisement(stack_.now(), router, lifetime, preference);
  nd_.pin(router, is_default_router(router));
  if (change == Change::Refused) stack_.drop(kNdTooManyRouters, in.packet.bytes());
  set_parameters(ra);
  for (const NdOption option : view.options()) {
    if (const auto mtu = Mtu::parse(option)) set_mtu(in, *mtu);
    if (const auto prefix = PrefixInformation::parse(option)) on_prefix(in, *prefix);
    if (const auto route = RouteInformation::parse(option)) on_route_information(in, *route);
  }
  if (information_ == nullptr && HostInformation::is_told_by(view)) {
    information_ = std::make_unique<HostInformation>(stack_.config().nd.max_dns_entries);
  }
  if (information_ != nullptr) information_->on_advertisement(stack_.now(), view);
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
  if (option.mtu < kIpv6MinimumMtu || option.mtu > interface_.largest_mtu()) {
    return stack_.drop(kNdBadMtu, in.packet.bytes());
  }
  interface_.set_link_mtu(option.mtu);
}

PrefixEntry* RouterDiscovery::entry_for(const InputPacket& in, const Ipv6Prefix& prefix) {
  std::optional<PrefixEntry> displaced;
  PrefixEntry* entry = prefixes_.find_or_add(prefix, displaced);
  if (displaced) {
    displaced->on_link_until.reset();
    sync_route(*displaced);
    stack_.invalidate_destinations();  // RFC 6724 rule 5.5
  }
  if (entry == nullptr) {
    stack_.drop(kNdTooManyPrefixes, in.packet.bytes());
  } else if (prefixes_.remember_router(*entry, in.source)) {
    stack_.invalidate_destinations();  // RFC 6724 rule 5.5
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
  } else if (PrefixEntry* known = prefixes_.find(prefix); known != nullptr && option.valid_lifetime == Duration()) {
    // Timed out at once.
    if (option.on_link && known->on_link_until) known->on_link_until = stack_.now();
    if (!option.on_link && !option.autonomous && known->advertised_until) known->advertised_until = stack_.now();
  } else if (!option.autonomous && option.valid_lifetime != Duration()) {
    // RFC 8028 §3.1: neither flag is needed for "the advertising router would be a reasonable first hop".
    if (PrefixEntry* entry = entry_for(in, prefix)) {
      entry->advertised_until = lifetime_end(stack_.now(), option.valid_lifetime);
    }
  }
  on_autonomous_prefix(in, option);
}

void RouterDiscovery::on_neighbor_reachable(const Ipv6Address& address) {
  if (list_.on_reachable(address)) nd_.pin(address, true);
  if (more_specific_ != nullptr && more_specific_->set_suspect(address, false)) review();
  const bool advertises = std::ranges::any_of(prefixes_.entries(), [&](const PrefixEntry& e) {
    return std::ranges::find(e.routers, address) != e.routers.end();
  });
  if (advertises || is_default_router(address)) review();
}

void RouterDiscovery::on_neighbor_unreachable(const Ipv6Address& address) {
  const bool news = list_.on_unreachable(address);
  if (more_specific_ != nullptr) more_specific_->set_suspect(address, true);
  review();
  if (news) stack_.notify({Kind::DefaultRouterUnreachable, &interface_, address});
}

void RouterDiscovery::on_ceased_to_route(const Ipv6Address& address) {
  if (more_specific_ != nullptr) {
    more_specific_->remove_router(address);
    sync_more_specific_routes();
  }
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
  if (information_ != nullptr) information_->clear();
  if (stable_privacy_ != nullptr) stable_privacy_->on_new_link();
}

void RouterDiscovery::on_link_down() {
  list_.suspect_all();
  if (more_specific_ != nullptr) more_specific_->suspect_all();
  select_router();
  sync_more_specific_routes();
}

void RouterDiscovery::on_timeout(Time now) {
  bool changed = false;
  while (const auto gone = list_.take_gone(now)) {
    review();
    router_gone(*gone, Kind::DefaultRouterRemoved);
  }
  while (auto expired = prefixes_.take_expired(now)) {
    PrefixEntry* remaining = prefixes_.find(expired->prefix);
    sync_route(remaining != nullptr ? *remaining : *expired);
    changed = true;
  }
  while (nd_.expire_address(now)) {
  }
  if (more_specific_ != nullptr && more_specific_->expire(now)) changed = true;
  if (temporary_ != nullptr) {
    while (const auto next = temporary_->on_timeout(now, temporary_timing())) {
      // RFC 8981 §3.7: turned off since, no others are made; those that are there run out.
      if (!stack_.config().nd.temporary_addresses) {
        temporary_->on_removed(next->address);
      } else {
        add_temporary(*next, Ipv6Prefix(next->address, kInterfaceIdLength));
      }
    }
  }
  if (stable_privacy_ != nullptr) {
    while (const auto retry = stable_privacy_->take_due(now)) retry_stable(*retry);
  }
  if (!changed) return;
  stack_.invalidate_destinations();  // RFC 6724 rule 5.5
  review();
}

std::optional<Time> RouterDiscovery::next_timeout() const {
  Time first = Time::max();
  auto consider = [&](const std::optional<Time>& at) { first = at ? std::min(first, *at) : first; };
  consider(list_.next_timeout());
  consider(prefixes_.next_timeout());
  if (more_specific_ != nullptr) consider(more_specific_->next_timeout());
  if (temporary_ != nullptr) consider(temporary_->next_timeout(temporary_timing()));
  if (stable_privacy_ != nullptr) consider(stable_privacy_->next_timeout());
  if (first == Time::max()) return std::nullopt;
  return first;
}

}  // namespace kamesim
