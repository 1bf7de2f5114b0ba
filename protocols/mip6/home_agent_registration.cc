#include "protocols/mip6/home_agent_registration.h"

#include <algorithm>

namespace kamesim {
namespace {

using Defended = HomeAgentRegistration::Defended;

// RFC 6275 §10.3.1: with L set, also the home address with its subnet prefix replaced by the link-local prefix.
Defended defended(const Ipv6Address& home_address, bool link_local) {
  Defended d{home_address, std::nullopt};
  if (link_local) d.link_local = with_interface_id(kLinkLocalPrefix, InterfaceId(home_address.low()));
  return d;
}

}  // namespace

void HomeAgentRegistration::on_prefix_list(Time now, std::vector<HomePrefix> prefixes) {
  prefixes_ = std::move(prefixes);
  for (const Ipv6Address& home : cache_.home_addresses(RegistrationType::Home)) {
    BindingCacheEntry entry = *cache_.find(home);
    const HomePrefix* prefix = serving_prefix(now, home);
    entry.expires = std::min(entry.expires, prefix ? prefix->valid_until : now);
    entry.deadline = entry.expires;
    cache_.put(entry);
  }
}

HomeAgentRegistration::Output HomeAgentRegistration::on_binding_update(Time now, const ReceivedBindingUpdate& r) {
  if (const auto answered = on_validity_test(r)) return *answered;
  return on_valid_update(now, r, CareOfAddresses::ToBeTested);
}

// RFC 3963 §4.2: the R bit tells a mobile router, and nobody else, that mobile routers are supported.
HomeAgentRegistration::Output HomeAgentRegistration::stamped(Output out, bool mobile_router) const {
  if (out.ack && mobile_router && config_.mobile_networks) {
    out.ack->ack.mobile_router = out.ack->ack.status != kMobileRouterOperationNotPermitted;
  }
  return out;
}

std::optional<HomeAgentRegistration::Output> HomeAgentRegistration::on_validity_test(const ReceivedBindingUpdate& r) {
  const auto refused = [&](const BindingAckToSend& ack) { return stamped({.ack = ack}, r.update.mobile_router); };
  if (DropReason reason = check_addresses(r)) return Output{.dropped = reason};
  if (r.update.mobile_router && !r.update.home_registration) {  // RFC 3963 §6.2
    return refused(reject(r, kMobileRouterOperationNotPermitted));
  }
  if (r.update.nonce_indices) return Output{.dropped = &kBuHomeNonceIndicesPresent};
  const auto last = last_sequence(r.home_address());
  if (last && !r.update.sequence.newer_than(*last)) return refused(reject_sequence(r, *last));
  const BindingCacheEntry* known = cache_.find(r.home_address());
  if (known && known->type != RegistrationType::Home) return refused(reject(r, kRegistrationTypeChangeDisallowed));
  if (known) {  // RFC 6275 §9.5.1: of a valid update the sequence number is stored, whatever comes of it
    BindingCacheEntry entry = *known;
    entry.sequence = r.update.sequence;
    cache_.put(entry);
  }
  return std::nullopt;
}

HomeAgentRegistration::Output HomeAgentRegistration::on_valid_update(Time now, const ReceivedBindingUpdate& r,
                                                                     CareOfAddresses care_of) {
  // RFC 5648 §5.6.3: with a lifetime, the home address as care-of address makes a home binding.
  const bool deletion = care_of == CareOfAddresses::Tested ? r.requests_deletion() : asks_for_deletion(r);
  const bool may_lead_back = !deletion && care_of == CareOfAddresses::ToBeTested && !config_.rules.invalid_care_of_status;
  if (may_lead_back && cache_.leads_back(now, r.home_address(), r.care_of())) {
    return {.dropped = &kBuCircularReference};
  }
  return stamped(deletion ? deregister(now, r) : register_care_of(now, r, care_of), r.update.mobile_router);
}

bool HomeAgentRegistration::asks_for_deletion(const ReceivedBindingUpdate& r) const {
  if (r.requests_deletion()) return true;
  if (config_.rules.care_of_home_address_deletes && r.care_of() == r.home_address()) return true;
  return r.update.mobile_router && config_.mobile_networks && r.care_of() == r.home_address();  // RFC 3963 §6.2
}

PrefixTable::Answer HomeAgentRegistration::mobile_network_of(const ReceivedBindingUpdate& r) const {
  std::vector<Ipv6Prefix> taken;
  for (const HomePrefix& p : prefixes_) taken.push_back(p.prefix);
  for (const Ipv6Address& home : cache_.home_addresses(RegistrationType::Home)) {
    const BindingCacheEntry& entry = *cache_.find(home);
    if (home != r.home_address() && entry.valid) taken.insert(taken.end(), entry.networks.begin(), entry.networks.end());
  }
  return config_.mobile_networks->prefixes_for(r.home_address(), r.update.mobile_network_prefixes, taken);
}

std::optional<std::uint8_t> HomeAgentRegistration::mobile_router_refusal(const ReceivedBindingUpdate& r) const {
  if (r.update.mobile_router && !config_.mobile_networks) return kMobileRouterOperationNotPermitted;  // RFC 3963 §6.6
  const BindingCacheEntry* known = cache_.find(r.home_address());
  if (known && known->valid && known->mobile_router != r.update.mobile_router) {
    return kRegistrationTypeChangeDisallowed;  // RFC 3963 §6.2
  }
  return r.update.mobile_router ? mobile_network_of(r).refusal : std::nullopt;
}

HomeAgentRegistration::Output HomeAgentRegistration::on_dad_result(Time now, const Ipv6Address& home_address,
                                                                   DadResult result) {
  const auto it = pending_.find(home_address);
  if (it == pending_.end()) return {};  // de-registered meanwhile
  const ReceivedBindingUpdate received = it->second;
  pending_.erase(it);
  if (result == DadResult::Duplicate) {
    return stamped({.ack = reject(received, kDuplicateAddressDetectionFailed)}, received.update.mobile_router);
  }
  if (!serving_prefix(now, home_address)) return {.ack = reject(received, kNotHomeSubnet)};
  if (const auto status = mobile_router_refusal(received)) {
    return stamped({.ack = reject(received, *status)}, received.update.mobile_router);
  }
  return stamped(accept(now, received), received.update.mobile_router);
}

HomeAgentRegistration::Output HomeAgentRegistration::on_timeout(Time now) {
  const BindingCacheEntry* due = cache_.first_due(RegistrationType::Home);
  if (!due || now < due->deadline) return {};
  Output out;
  if (due->valid) out.stop_proxy = defended(due->home_address, due->link_local);
  cache_.erase(Ipv6Address(due->home_address));
  return out;
}

std::optional<Time> HomeAgentRegistration::next_timeout() const {
  const BindingCacheEntry* due = cache_.first_due(RegistrationType::Home);
  return due ? std::optional(due->deadline) : std::nullopt;
}

std::optional<SeqNum16> HomeAgentRegistration::last_sequence(const Ipv6Address& home_address) const {
  const auto pending = pending_.find(home_address);
  if (pending != pending_.end()) return pending->second.update.sequence;
  const BindingCacheEntry* entry = cache_.find(home_address);
  return entry ? std::optional(entry->sequence) : std::nullopt;
}

const HomePrefix* HomeAgentRegistration::prefix_of(Time now, const Ipv6Address& home_address) const {
  const auto it = std::find_if(prefixes_.begin(), prefixes_.end(), [&](const HomePrefix& p) {
    return p.prefix.contains(home_address) && p.valid_until - now >= kLifetimeUnit;
  });
  return it == prefixes_.end() ? nullptr : &*it;
}

const HomePrefix* HomeAgentRegistration::serving_prefix(Time now, const Ipv6Address& home_address) const {
  static const HomePrefix kMobileNetwork{};  // it has no lifetime
  if (const HomePrefix* prefix = prefix_of(now, home_address)) return prefix;
  const bool served = config_.mobile_networks && config_.mobile_networks->holds(home_address);
  return served ? &kMobileNetwork : nullptr;
}

std::optional<std::uint8_t> HomeAgentRegistration::refusal(Time now, const ReceivedBindingUpdate& r,
                                                           CareOfAddresses care_of) const {
  const Ipv6Address home = r.home_address();
  const auto contains_home = [&](const Ipv6Prefix& p) { return p.contains(home); };
  if (!serving_prefix(now, home)) return kNotHomeSubnet;
  if (std::any_of(config_.prohibited.begin(), config_.prohibited.end(), contains_home)) {
    return kAdministrativelyProhibited;
  }
  if (r.refusal) return r.refusal;
  if (care_of == CareOfAddresses::ToBeTested) {
    if (const auto status = care_of_refusal(now, home, r.care_of())) return status;
  }
  const bool newcomer = !cache_.find(home) && !pending_.contains(home);
  const std::size_t room = std::min(config_.max_pending, cache_.room(RegistrationType::Home));
  if (newcomer && pending_.size() >= room) return kInsufficientResources;
  return mobile_router_refusal(r);
}

std::optional<std::uint8_t> HomeAgentRegistration::care_of_refusal(Time now, const Ipv6Address& home,
                                                                   const Ipv6Address& care_of) const {
  const auto contains_care_of = [&](const Ipv6Prefix& p) { return p.contains(care_of); };
  if (!config_.care_of_prefixes.empty() && std::ranges::none_of(config_.care_of_prefixes, contains_care_of)) {
    return kAdministrativelyProhibited;
  }
  // A packet to it would come back: the care-of address is itself a home address served here.
  if (config_.rules.invalid_care_of_status && (care_of == home || cache_.lookup(now, care_of))) {
    return kInvalidCareOfAddress;
  }
  return std::nullopt;
}

HomeAgentRegistration::Output HomeAgentRegistration::register_care_of(Time now, const ReceivedBindingUpdate& r,
                                                                      CareOfAddresses care_of) {
  if (const auto status = refusal(now, r, care_of)) return {.ack = reject(r, *status)};
  const bool home_binding = care_of == CareOfAddresses::Tested && r.care_of() == r.home_address();
  if (!r.home_address_option && !home_binding) return {.dropped = &kBuHomeAddressOptionMissing};
  const BindingCacheEntry* known = cache_.find(r.home_address());
  if (known && known->valid) return accept(now, r);
  if (!prefix_of(now, r.home_address())) return accept(now, r);  // not on the home link: nobody else there has it
  // RFC 6275 §10.3.1: without a binding, Duplicate Address Detection comes before the acknowledgement.
  const auto [it, started] = pending_.insert_or_assign(r.home_address(), r);
  it->second.mobility_header = {};  // the packet is not kept
  if (!started) return {};          // a retransmission, answered with the result
  return {.start_dad = defended(r.home_address(), r.update.link_local_address_compatibility)};
}

HomeAgentRegistration::Output HomeAgentRegistration::accept(Time now, const ReceivedBindingUpdate& r) {
  const BindingCacheEntry* known = cache_.find(r.home_address());
  const bool refreshed = known && known->valid;
  const HomePrefix& prefix = *serving_prefix(now, r.home_address());
  // RFC 6275 §10.3.1: not beyond what was asked for, nor the prefix's valid lifetime, nor local policy.
  const Duration granted =
      whole_lifetime_units(std::min({r.update.lifetime, prefix.valid_until - now, config_.max_lifetime}));
  BindingCacheEntry entry;
  entry.home_address = r.home_address();
  entry.care_of = r.care_of();
  entry.type = RegistrationType::Home;
  entry.sequence = r.update.sequence;
  entry.updated_at = entry.last_used = now;
  entry.expires = entry.deadline = now + granted;
  // What Duplicate Address Detection was done for stays defended: L counts when the binding is made.
  entry.link_local = refreshed ? known->link_local : r.update.link_local_address_compatibility;
  entry.on_home_link = prefix_of(now, r.home_address()) != nullptr;
  entry.mobile_router = r.update.mobile_router;
  if (entry.mobile_router) entry.networks = mobile_network_of(r).prefixes;
  cache_.put(entry);

  BindingAck ack;
  ack.status = accepted_status(now, prefix, granted);
  ack.key_management_mobility = r.update.key_management_mobility && config_.key_management_mobility;
  ack.sequence = r.update.sequence;
  ack.lifetime = granted;
  if (config_.refresh_advice && *config_.refresh_advice < granted) ack.refresh_interval = config_.refresh_advice;
  Output out{.ack = answer(r, ack), .registered = entry};
  if (!refreshed && entry.on_home_link) out.start_proxy = defended(entry.home_address, entry.link_local);
  return out;
}

HomeAgentRegistration::Output HomeAgentRegistration::deregister(Time now, const ReceivedBindingUpdate& r) {
  pending_.erase(r.home_address());
  const BindingCacheEntry* known = cache_.find(r.home_address());
  if (!known) return {.ack = reject(r, kNotHomeAgentForThisMobileNode)};
  Output out;
  BindingCacheEntry entry = *known;
  if (entry.valid) out.stop_proxy = defended(entry.home_address, entry.link_local);
  // RFC 6275 §10.3.2: kept a while, so that an older update still under way is known by its sequence number.
  entry.valid = false;
  entry.expires = entry.deadline = now + kMaxDeleteBceTimeout;
  if (config_.rules.remembers_deletions) cache_.put(entry);
  else cache_.erase(r.home_address());
  BindingAck ack;
  ack.status = kBindingAccepted;
  ack.key_management_mobility = r.update.key_management_mobility && config_.key_management_mobility;
  ack.sequence = r.update.sequence;
  out.ack = answer(r, ack);
  return out;
}

// RFC 6275 §10.3.1: compared in units of four seconds, the two least significant bits ignored.
std::uint8_t HomeAgentRegistration::accepted_status(Time now, const HomePrefix& prefix, Duration granted) const {
  const bool deprecated = whole_lifetime_units(prefix.preferred_until - now) < granted;
  const bool invalid_at_end = whole_lifetime_units(prefix.valid_until - now) <= granted;
  return deprecated || invalid_at_end ? kAcceptedPrefixDiscoveryNecessary : kBindingAccepted;
}

}  // namespace kamesim
