#include "protocols/mip6/correspondent_registration.h"

#include <algorithm>

namespace kamesim {
namespace {

using Output = CorrespondentRegistration::Output;

DropReason check_test_init(const ReceivedTestInit& received) {
  if (received.home_address_option == ReceivedTestInit::HomeAddressOption::Present) return &kTestInitWithHomeAddress;
  if (!is_unicast_routable(received.source)) return &kTestInitNotRoutable;
  return nullptr;
}

// RFC 6275 §9.5.1: which of the nonces is no longer recognized.
std::optional<std::uint8_t> expired_nonces(bool home_known, bool care_of_known) {
  if (!home_known && !care_of_known) return kExpiredNonces;
  if (!home_known) return kExpiredHomeNonceIndex;
  if (!care_of_known) return kExpiredCareOfNonceIndex;
  return std::nullopt;
}

}  // namespace

BindingAckToSend signed_by(BindingAckToSend ack, const BindingManagementKey& kbm) {
  ack.kbm = kbm;
  ack.ack.authenticator = Authenticator{};
  return ack;
}

Output CorrespondentRegistration::on_home_test_init(Time now, const ReceivedTestInit& received,
                                                    const HomeTestInit& init) {
  if (DropReason reason = check_test_init(received)) return {.dropped = reason};
  const NonceGeneration& g = nonces_.current(now);
  return {.home_test = HomeTest{g.index, init.home_init_cookie, home_keygen_token(g.kcn, received.source, g.nonce)}};
}

Output CorrespondentRegistration::on_care_of_test_init(Time now, const ReceivedTestInit& received,
                                                       const CareOfTestInit& init) {
  if (DropReason reason = check_test_init(received)) return {.dropped = reason};
  const NonceGeneration& g = nonces_.current(now);
  return {.care_of_test =
              CareOfTest{g.index, init.care_of_init_cookie, care_of_keygen_token(g.kcn, received.source, g.nonce)}};
}

// The tests of RFC 6275 §9.5.1. The authenticator comes before the sequence number, which only an authenticated
// acknowledgement may report (§9.5.4).
CorrespondentRegistration::Validity CorrespondentRegistration::on_validity_test(Time now,
                                                                                const ReceivedBindingUpdate& r) {
  const auto dropped = [](DropReason reason) { return Validity{.answered = Output{.dropped = reason}}; };
  const auto refused = [](const BindingAckToSend& ack) { return Validity{.answered = Output{.ack = ack}}; };
  if (DropReason reason = check_addresses(r)) return dropped(reason);
  if (r.update.home_registration) return refused(reject(r, kHomeRegistrationNotSupported));  // §10.3.1
  if (!r.update.nonce_indices) return dropped(&kBuNonceIndicesMissing);
  if (!r.update.authenticator) return dropped(&kBuAuthenticatorMissing);

  const bool deletion = asks_for_deletion(r);
  if (!deletion && !config_.rules.invalid_care_of_status && cache_.leads_back(now, r.home_address(), r.care_of())) {
    return dropped(&kBuCircularReference);
  }
  const NonceGeneration* home = nonces_.find(now, r.update.nonce_indices->home_nonce_index);
  // §6.2.6: the Care-of Nonce Index is ignored in requests to delete a binding.
  const NonceGeneration* care_of = deletion ? home : nonces_.find(now, r.update.nonce_indices->care_of_nonce_index);
  if (const auto status = expired_nonces(home, deletion || care_of)) return refused(reject(r, *status));

  const KeygenToken home_token = home_keygen_token(home->kcn, r.home_address(), home->nonce);
  const BindingManagementKey kbm =
      deletion ? binding_management_key_for_deletion(home_token)
               : binding_management_key(home_token, care_of_keygen_token(care_of->kcn, r.care_of(), care_of->nonce));
  const Ipv6Address registered = deletion ? r.home_address() : r.care_of();  // §6.2.7
  if (!authenticator_valid(kbm, registered, r.destination, r.mobility_header)) {
    return dropped(&kBuBadAuthenticator);
  }

  const auto last = last_sequence(now, r.home_address());
  if (last && !r.update.sequence.newer_than(*last)) return refused(signed_by(reject_sequence(r, *last), kbm));
  const BindingCacheEntry* known = cache_.find(r.home_address());
  if (known && known->type == RegistrationType::Home) {
    return refused(signed_by(reject(r, kRegistrationTypeChangeDisallowed), kbm));
  }
  return {.answered = {}, .kbm = kbm};
}

Output CorrespondentRegistration::on_valid_update(Time now, const ReceivedBindingUpdate& r,
                                                  const BindingManagementKey& kbm) {
  return asks_for_deletion(r) ? delete_binding(now, r, kbm) : cache_binding(now, r, kbm);
}

Output CorrespondentRegistration::on_binding_update(Time now, const ReceivedBindingUpdate& r) {
  const Validity validity = on_validity_test(now, r);
  return validity.answered ? *validity.answered : on_valid_update(now, r, validity.kbm);
}

Output CorrespondentRegistration::on_last_used(Time now, const Ipv6Address& home_address,
                                               std::optional<Time> last_used) {
  if (!last_used) return {};
  cache_.mark_used(*last_used, home_address);
  const BindingCacheEntry* entry = cache_.lookup(now, home_address);
  if (!entry || entry->type != RegistrationType::Correspondent) return {};
  if (now - *last_used > config_.active_use) return {};
  return {.send_refresh_request = home_address};  // RFC 6275 §9.5.5
}

bool CorrespondentRegistration::is_persistently_unreachable(Time now, const Ipv6Address& home_address) {
  const BindingCacheEntry* known = cache_.lookup(now, home_address);
  if (!known || known->type != RegistrationType::Correspondent) return false;
  BindingCacheEntry entry = *known;
  if (entry.unreachable_errors > 0 && now - entry.unreachable_at < 1_s) return false;
  if (now - entry.unreachable_at > 10_s) entry.unreachable_errors = 0;
  ++entry.unreachable_errors;
  entry.unreachable_at = now;
  cache_.put(entry);
  return entry.unreachable_errors >= config_.unreachable_errors;
}

Output CorrespondentRegistration::on_care_of_unreachable(Time now, const Ipv6Address& home_address) {
  if (!is_persistently_unreachable(now, home_address)) return {};
  retire(now, *cache_.find(home_address));  // RFC 6275 §9.3.4
  return {.unbound = home_address};
}

Time CorrespondentRegistration::first_refresh_request(Time now, Time expires) const {
  return std::max(now + (expires - now) / 2, expires - config_.refresh_request_before);
}

Output CorrespondentRegistration::on_timeout(Time now) {
  const BindingCacheEntry* due = cache_.first_due(RegistrationType::Correspondent);
  if (!due || now < due->deadline) return {};
  BindingCacheEntry entry = *due;
  if (now >= entry.expires) {
    retire(now, entry);
    return {.unbound = entry.home_address};
  }
  entry.deadline = next_refresh_request(now, entry.expires);
  cache_.put(entry);
  return {.ask_last_used = entry.home_address};
}

std::optional<Time> CorrespondentRegistration::next_timeout() const {
  const BindingCacheEntry* due = cache_.first_due(RegistrationType::Correspondent);
  return due ? std::optional(due->deadline) : std::nullopt;
}

std::optional<SeqNum16> CorrespondentRegistration::last_sequence(Time now, const Ipv6Address& home_address) const {
  const BindingCacheEntry* entry = cache_.find(home_address);
  return entry ? std::optional(entry->sequence) : retired_.last_sequence(now, home_address);
}

bool CorrespondentRegistration::asks_for_deletion(const ReceivedBindingUpdate& r) const {
  return r.requests_deletion() || (config_.rules.care_of_home_address_deletes && r.care_of() == r.home_address());
}

Output CorrespondentRegistration::cache_binding(Time now, const ReceivedBindingUpdate& r,
                                                const BindingManagementKey& kbm) {
  const Ipv6Address home = r.home_address();
  // RFC 6275 §9.5.3. Not one of these nonces has expired, but the pair will not do; status 138 has the mobile node
  // ask for new ones.
  if (retired_.bars(now, home, r.care_of(), *r.update.nonce_indices)) {
    return {.ack = reject(r, kExpiredNonces)};
  }
  if (const auto status = refusal(now, r)) return {.ack = signed_by(reject(r, *status), kbm)};

  Output out;
  if (!cache_.find(home) && cache_.room(RegistrationType::Correspondent) == 0) {  // §9.6: least recently used
    const BindingCacheEntry victim = *cache_.least_recently_used(RegistrationType::Correspondent);
    retire(now, victim);
    out.evicted = victim.home_address;
  }
  BindingCacheEntry entry;
  entry.home_address = home;
  entry.care_of = r.care_of();
  entry.type = RegistrationType::Correspondent;
  entry.sequence = r.update.sequence;
  entry.updated_at = entry.last_used = now;
  const Duration granted = whole_lifetime_units(
      std::min({r.update.lifetime, config_.max_lifetime, kMaxRrBindingLifetime}));  // §5.2.6, §9.5.2
  entry.expires = now + granted;
  entry.deadline = first_refresh_request(now, entry.expires);
  entry.nonces = *r.update.nonce_indices;
  cache_.put(entry);
  retired_.erase(home);
  out.bound = entry;
  if (!r.update.acknowledge) return out;  // §9.5.4
  BindingAck ack;
  ack.sequence = r.update.sequence;
  ack.lifetime = granted;
  out.ack = signed_by(answer(r, ack), kbm);
  return out;
}

Output CorrespondentRegistration::delete_binding(Time now, const ReceivedBindingUpdate& r,
                                                 const BindingManagementKey& kbm) {
  Output out;
  retired_.set_sequence(r.home_address(), r.update.sequence);
  if (const BindingCacheEntry* known = cache_.find(r.home_address())) {
    BindingCacheEntry entry = *known;
    entry.sequence = r.update.sequence;
    retire(now, entry);
    out.unbound = entry.home_address;
  }
  if (!r.update.acknowledge) return out;
  BindingAck ack;
  ack.sequence = r.update.sequence;
  out.ack = signed_by(answer(r, ack), kbm);
  return out;
}

std::optional<std::uint8_t> CorrespondentRegistration::refusal(Time now, const ReceivedBindingUpdate& r) const {
  const auto contains_home = [home = r.home_address()](const Ipv6Prefix& p) { return p.contains(home); };
  if (std::any_of(config_.prohibited.begin(), config_.prohibited.end(), contains_home)) {
    return kAdministrativelyProhibited;
  }
  // A packet to it would come back: the care-of address is itself a home address with a binding.
  const bool round = r.care_of() == r.home_address() || cache_.lookup(now, r.care_of());
  if (round && config_.rules.invalid_care_of_status) return kInvalidCareOfAddress;
  const bool room = cache_.find(r.home_address()) || cache_.room(RegistrationType::Correspondent) > 0 ||
                    cache_.least_recently_used(RegistrationType::Correspondent);
  if (!room) return kInsufficientResources;  // §9.5.2
  return std::nullopt;
}

void CorrespondentRegistration::retire(Time now, const BindingCacheEntry& entry) {
  const BindingCacheEntry gone = entry;  // `entry` may be in the cache
  cache_.erase(gone.home_address);
  const NonceGeneration* home = nonces_.find(now, gone.nonces.home_nonce_index);
  const NonceGeneration* care_of = nonces_.find(now, gone.nonces.care_of_nonce_index);
  if (!home || !care_of) return;  // one is too old to authorize anything
  if (!retired_.add(now, gone, std::min(home->expires(), care_of->expires()))) {
    nonces_.invalidate_all();  // §5.2.8, the last measure
    retired_.clear();
    return;
  }
  nonces_.supersede(now, gone.nonces.care_of_nonce_index);
}

Time CorrespondentRegistration::next_refresh_request(Time now, Time expires) const {
  const Duration wait = (expires - now) / 2;
  return wait < config_.min_refresh_request_interval ? expires : now + wait;
}

}  // namespace kamesim
