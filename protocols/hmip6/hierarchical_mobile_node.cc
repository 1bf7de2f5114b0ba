#include "protocols/hmip6/hierarchical_mobile_node.h"

#include <algorithm>
#include <iterator>

namespace kamesim {

using Output = HierarchicalMobileNode::Output;

void HierarchicalMobileNode::Output::add(Output more) {
  const auto append = [](auto& to, auto& from) { std::ranges::move(from, std::back_inserter(to)); };
  append(regions, more.regions);
  append(send, more.send);
  append(closed, more.closed);
  if (more.registered) registered = more.registered;
  if (more.care_of) care_of = more.care_of;
  if (more.failed) failed = more.failed;
  if (more.dropped != nullptr) dropped = more.dropped;
}

// ---- Where the node is --------------------------------------------------------------------------------------------

Output HierarchicalMobileNode::on_attach(Time now, const CareOfAddress& lcoa) {
  lcoa_ = lcoa;
  return choose(now, Moved::Yes);
}

Output HierarchicalMobileNode::on_detach(Time now) {
  lcoa_.reset();
  Output out;
  for (auto* anchor : {&candidate_, &active_, &previous_}) {
    if (!*anchor) continue;
    (*anchor)->updater.on_detach(now);
    out.regions.push_back(region(**anchor));
  }
  return out;
}

Output HierarchicalMobileNode::on_withdraw(Time) {
  lcoa_.reset();
  Output out;
  for (auto* anchor : {&candidate_, &active_, &previous_}) out.add(close(*anchor));
  previous_ends_.reset();
  return out;
}

Output HierarchicalMobileNode::on_router_advertisement(Time now, const Ipv6Address& router,
                                                       std::span<const Ipv6Prefix> prefixes,
                                                       std::span<const MapOption> options) {
  maps_.on_router_advertisement(now, router, prefixes, options);
  map_expires_ = maps_.next_expiry(now);
  if (!lcoa_) return {};
  // §7.1, §10: a lifetime of zero tells that the MAP has failed, and the binding with it.
  const bool failed = active_ && std::ranges::any_of(options, [this](const MapOption& option) {
    return option.address == active_->option.address && option.valid_lifetime == Duration();
  });
  return failed ? lose_active(now) : choose(now, Moved::No);
}

// ---- Which MAP (§7.1, §9.1) ---------------------------------------------------------------------------------------

std::vector<StoredMap> HierarchicalMobileNode::maps(Time now) const {
  if (!lcoa_) return {};
  std::vector<StoredMap> list = maps_.of_link(now, lcoa_->address);
  std::ranges::sort(list, [this](const StoredMap& a, const StoredMap& b) {
    return comes_before(config_.selection, a.option, b.option);
  });
  return list;
}

bool HierarchicalMobileNode::usable(Time now, const StoredMap& map) const {
  const MapOption& option = map.option;
  // §7.1: a valid lifetime of zero is a failure; a preference of zero serves bindings that exist.
  if (option.valid_lifetime == Duration() || map.valid_until <= now) return false;
  const bool exists = active_ && active_->option.address == option.address;
  if (option.preference == 0 && !exists) return false;
  // Where the MAP is on the link itself, with the same prefix, the RCoA would be the LCoA: there is nothing to bind.
  if (rcoa_prefix(option.address).contains(lcoa_->address)) return false;
  return std::ranges::none_of(avoided_, [&](const Avoided& a) { return a.map == option.address && now < a.until; });
}

std::optional<MapOption> HierarchicalMobileNode::best(Time now) const {
  // Where nothing has been heard yet, the MAP is taken to serve on: its option has not been missed (§9).
  if (active_ && !maps_.knows_link(lcoa_->address)) return active_->option;
  for (const StoredMap& map : maps(now)) {
    if (usable(now, map)) return map.option;
  }
  return std::nullopt;
}

// The node has moved, or has heard of other MAPs.
Output HierarchicalMobileNode::choose(Time now, Moved how) {
  if (!lcoa_) return {};
  const bool moved = how == Moved::Yes;
  const bool waiting = candidate_.has_value();  // nobody has been told of this place yet
  Output out;
  const auto choice = best(now);
  const auto is = [&choice](const std::optional<Anchor>& anchor) {
    return choice && anchor && anchor->option.address == choice->address;
  };
  if (is(active_)) {
    active_->option = *choice;
    out.add(close(candidate_));
    // Also one that was to be left for a MAP that failed: nothing refreshes it any more.
    const bool idle = active_->updater.state() == BindingUpdater::State::Idle;
    if (moved || idle) out.add(update(now, *active_, config_.lifetime));
  } else if (is(candidate_)) {
    candidate_->option = *choice;
    if (moved) out.add(update(now, *candidate_, config_.lifetime));
  } else {
    out.add(close(candidate_));
    if (choice) out.add(register_with(now, *choice));
  }
  if (moved && !is(active_) && active_ && config_.update_previous_map) {  // §6.1, §8
    out.add(update(now, *active_, config_.forward_for));
  }
  if (moved && previous_ && config_.update_previous_map) out.add(update(now, *previous_, config_.forward_for));
  if (!choice && (moved || active_ || waiting)) out.add(tell_lcoa(now));
  return out;
}

Output HierarchicalMobileNode::register_with(Time now, const MapOption& map) {
  const Ipv6Address rcoa = with_interface_id(rcoa_prefix(map.address), config_.interface_id);
  Output out;
  if (previous_ && previous_->rcoa == rcoa) {  // back again: it takes up the binding that is there
    candidate_ = std::move(previous_);
    previous_.reset();
    previous_ends_.reset();
    candidate_->option = map;
  } else {
    candidate_.emplace(map, rcoa, BindingUpdaterConfig{.with = BindingUpdaterConfig::With::MobilityAnchorPoint,
                                                       .home_address = rcoa,
                                                       .lifetime = config_.lifetime,
                                                       .previous_sequence = draw_sequence_(),
                                                       .refresh_percent = kMapRefreshPercent});
  }
  out.add(update(now, *candidate_, config_.lifetime));
  return out;
}

Output HierarchicalMobileNode::update(Time now, Anchor& anchor, Duration lifetime) {
  anchor.updater.request_lifetime(lifetime);
  const BindingUpdater::Output sent = anchor.updater.on_attach(now, *lcoa_);
  Output out;
  out.regions.push_back(region(anchor));
  if (sent.send) out.send.push_back({anchor.option.address, sent.send->update, sent.send->source, anchor.rcoa});
  return out;
}

// §7.1: without a MAP, the node MUST NOT attempt to use HMIPv6; the LCoA is a care-of address as in RFC 6275.
Output HierarchicalMobileNode::tell_lcoa(Time now) {
  Output out = demote_active(now);
  out.care_of = lcoa_;
  return out;
}

// Its binding is left to run out (§9, lazy), and forwards until then.
Output HierarchicalMobileNode::demote_active(Time now) {
  if (!active_) return {};
  Output out = close(previous_);
  previous_ = std::move(active_);
  active_.reset();
  previous_ends_ = now + config_.forward_for;
  return out;
}

Output HierarchicalMobileNode::close(std::optional<Anchor>& anchor) {
  if (!anchor) return {};
  Output out;
  out.closed.push_back(anchor->rcoa);
  anchor.reset();
  return out;
}

// ---- Acknowledgements and failures --------------------------------------------------------------------------------

Output HierarchicalMobileNode::on_binding_ack(Time now, const Ipv6Address& map, const Ipv6Address& rcoa,
                                              RoutedByType2 routed, const BindingAck& ack) {
  for (auto* anchor : {&candidate_, &active_, &previous_}) {
    if (!*anchor || (*anchor)->option.address != map || (*anchor)->rcoa != rcoa) continue;
    // §6.1: those without a type 2 routing header with the RCoA are silently ignored.
    if (routed == RoutedByType2::No) return {.dropped = &kBackWithoutRcoaRoute};
    return take(now, *anchor, (*anchor)->updater.on_binding_ack(now, ack));
  }
  return {.dropped = &kBackNotFromMap};
}

Output HierarchicalMobileNode::take(Time now, std::optional<Anchor>& anchor, const BindingUpdater::Output& out) {
  if (out.dropped != nullptr) return {.dropped = out.dropped};
  if (out.rejected || out.unanswered) return fail(now, anchor);
  // The RCoA's prefix is told by the MAP option: no prefix discovery (RFC 6275 §11.4.2) is needed before a refresh.
  if (out.prefix_discovery_needed) anchor->updater.on_prefixes_confirmed(now);
  Output result;
  if (out.send) {
    result.send.push_back({anchor->option.address, out.send->update, out.send->source, anchor->rcoa});
  }
  if (out.bound) result.add(bound(now, anchor, *out.bound));
  if (out.expired && !out.bound && &anchor == &active_) result.regions.push_back(region(*anchor));
  return result;
}

Output HierarchicalMobileNode::bound(Time now, std::optional<Anchor>& anchor, const Binding& binding) {
  Output out;
  if (&anchor == &previous_) {
    previous_->updater.on_detach(now);  // no refresh
    out.registered = region(*previous_);
    return out;
  }
  if (&anchor == &candidate_) {
    out.add(demote_active(now));
    active_ = std::move(candidate_);
    candidate_.reset();
  } else if (candidate_) {
    // The MAP that is being left forwards to the new LCoA now; it stays the one that is told.
    active_->updater.on_detach(now);
  }
  out.regions.push_back(region(*active_));
  out.registered = region(*active_);
  // §6.1: bindings with others last no longer than the one with the MAP.
  out.care_of = CareOfAddress{active_->rcoa, binding.expires};
  return out;
}

Output HierarchicalMobileNode::fail(Time now, std::optional<Anchor>& anchor) {
  const Ipv6Address map = anchor->option.address;
  Output out;
  out.failed = map;
  if (&anchor == &previous_) {  // it forwards nothing, then
    out.add(close(previous_));
    previous_ends_.reset();
    return out;
  }
  std::erase_if(avoided_, [now](const Avoided& a) { return a.until <= now; });
  if (avoided_.size() == kMaxAvoided) avoided_.erase(avoided_.begin());
  avoided_.push_back({map, now + config_.avoid_for});
  if (&anchor == &active_) {
    out.add(lose_active(now));
    return out;
  }
  out.add(close(anchor));
  out.add(choose(now, Moved::No));
  if (!active_ && !candidate_) out.add(tell_lcoa(now));
  return out;
}

// What others were told leads nowhere: until another MAP acknowledges, the LCoA serves (§10).
Output HierarchicalMobileNode::lose_active(Time now) {
  Output out = close(active_);
  out.add(choose(now, Moved::No));
  out.care_of = lcoa_;
  return out;
}

Output HierarchicalMobileNode::on_timeout(Time now) {
  Output out;
  if (previous_ends_ && now >= *previous_ends_) {
    previous_ends_.reset();
    out.add(close(previous_));
  }
  for (auto* anchor : {&candidate_, &active_, &previous_}) {
    if (*anchor && (*anchor)->updater.next_timeout() && *(*anchor)->updater.next_timeout() <= now) {
      out.add(take(now, *anchor, (*anchor)->updater.on_timeout(now)));
    }
  }
  const auto ended = [now](const Avoided& a) { return a.until <= now; };
  const bool again = std::erase_if(avoided_, ended) > 0;
  const bool expired = map_expires_ && *map_expires_ <= now;
  if (expired) map_expires_ = maps_.next_expiry(now);
  if (lcoa_ && (again || expired)) out.add(choose(now, Moved::No));
  return out;
}

std::optional<Time> HierarchicalMobileNode::next_timeout() const {
  std::optional<Time> next;
  const auto consider = [&next](const std::optional<Time>& deadline) {
    if (deadline && (!next || *deadline < *next)) next = deadline;
  };
  consider(previous_ends_);
  consider(map_expires_);
  for (const auto* anchor : {&candidate_, &active_, &previous_}) {
    if (*anchor) consider((*anchor)->updater.next_timeout());
  }
  for (const Avoided& a : avoided_) consider(a.until);
  return next;
}

// ---- What is known ------------------------------------------------------------------------------------------------

Region HierarchicalMobileNode::region(const Anchor& anchor) const {
  return {.rcoa = anchor.rcoa, .lcoa = lcoa_ ? lcoa_->address : kUnspecified, .map = anchor.option.address,
          .registered = anchor.updater.binding().has_value()};
}

std::optional<Region> HierarchicalMobileNode::active() const {
  return active_ ? std::optional(region(*active_)) : std::nullopt;
}

std::optional<Region> HierarchicalMobileNode::candidate() const {
  return candidate_ ? std::optional(region(*candidate_)) : std::nullopt;
}

}  // namespace kamesim
