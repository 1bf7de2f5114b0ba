// Which routers and prefixes are those of the present link, and the routes that follow (RFC 4861 §6.3.6; KAME's
// detached prefixes).
#include <algorithm>
#include <utility>

#include "protocols/ip6/nd_trace.h"
#include "protocols/ip6/neighbor_discovery.h"
#include "protocols/ip6/stack.h"

namespace kamesim {

void RouterDiscovery::review() {
  review_prefixes();
  select_router();
  sync_more_specific_routes();
  watch_for_better_routers();
}

void RouterDiscovery::review_prefixes() {
  auto reachable = [&](const Ipv6Address& router) { return nd_.link_layer_address_known(router); };
  const bool any_router = std::ranges::any_of(
      list_.routers(), [&](const DefaultRouter& r) { return !r.suspect && reachable(r.address); });
  // Detached ones are told of after the new ones are attached: a listener finds all in its place.
  std::vector<std::pair<Ipv6Prefix, bool>> changes;
  for (PrefixEntry* entry : prefixes_.review(reachable, any_router)) {
    sync_route(*entry);
    changes.emplace_back(entry->prefix, entry->detached);
  }
  for (const auto& [prefix, detached] : changes) {
    if (detached) remove_temporary(prefix);  // RFC 8981 §3.6: not on another link
    set_detached(prefix, detached);
  }
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
    if (nd_.may_trace()) {
      stack_.node().trace(kTraceAddressDetached, {{"interface", interface_.name()},
                                                  {"address", address.to_string()},
                                                  {"detached", std::int64_t{detached}}});
    }
    if (detached) {
      stack_.address_changed(interface_, *a);
    } else {
      stack_.repeat_dad(interface_, *a);  // as KAME: another node may have taken it meanwhile
    }
  }
}

void RouterDiscovery::sync_route(PrefixEntry& entry) {
  if (std::exchange(entry.routed, entry.on_link()) == entry.on_link()) return;
  if (entry.routed) {
    stack_.add_route({.prefix = entry.prefix, .interface = &interface_, .next_hop = {},
                         .origin = RouteOrigin::RouterAdvertisement});
    return;
  }
  stack_.remove_routes_if([&](const Route& r) {
    return r.prefix == entry.prefix && r.interface == &interface_ && r.on_link() &&
           r.origin == RouteOrigin::RouterAdvertisement;
  });
}

void RouterDiscovery::select_router() {
  const DefaultRouter* router =
      list_.select([&](const Ipv6Address& address) { return nd_.link_layer_address_known(address); });
  const std::optional<Ipv6Address> next = router != nullptr ? std::optional(router->address) : std::nullopt;
  const std::uint32_t next_metric = router != nullptr ? metric(router->preference, router->suspect) : 0;
  if (next == selected_ && next_metric == selected_metric_) return;
  const bool other = next != selected_;
  stack_.remove_routes_if([&](const Route& r) {
    return r.prefix.length() == 0 && r.interface == &interface_ && !r.on_link() &&
           r.origin == RouteOrigin::RouterAdvertisement;
  });
  selected_ = next;
  selected_metric_ = next_metric;
  if (next) {
    stack_.add_route({.prefix = {}, .interface = &interface_, .next_hop = *next,
                         .origin = RouteOrigin::RouterAdvertisement, .metric = next_metric});
  }
  if (!other || !nd_.may_trace()) return;
  stack_.node().trace(kTraceDefaultRouter,
                      {{"interface", interface_.name()}, {"router", next ? next->to_string() : ""}});
}

}  // namespace kamesim
