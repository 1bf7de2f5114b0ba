#include "protocols/ip6/nd_temporary.h"

#include <algorithm>

#include "protocols/ip6/nd_interface_id.h"

namespace kamesim {

namespace {

constexpr double kMaxDesyncFactor = 0.4;  // RFC 8981 §3.8: MAX_DESYNC_FACTOR, of TEMP_PREFERRED_LIFETIME

}  // namespace

TemporaryAddresses::Prefix* TemporaryAddresses::find(const Ipv6Prefix& prefix) {
  const auto it = std::ranges::find(prefixes_, prefix, &Prefix::prefix);
  return it == prefixes_.end() ? nullptr : &*it;
}

const TemporaryAddresses::Address* TemporaryAddresses::find(const Ipv6Address& address) const {
  const auto it = std::ranges::find(addresses_, address, &Address::address);
  return it == addresses_.end() ? nullptr : &*it;
}

std::optional<TemporaryAddresses::New> TemporaryAddresses::on_prefix(Time now, const TemporaryAddressTiming& timing,
                                                                     const Ipv6Prefix& prefix,
                                                                     const Lifetimes& advertised) {
  std::erase_if(prefixes_, [&](const Prefix& p) { return p.advertised.valid_until <= now && p.prefix != prefix; });
  Prefix* known = find(prefix);
  if (known == nullptr && (prefixes_.size() >= kMaxPrefixes || advertised.valid_until <= now)) return std::nullopt;
  if (known == nullptr) known = &prefixes_.emplace_back(Prefix{.prefix = prefix, .advertised = advertised});
  known->advertised = advertised;
  const bool served = std::ranges::any_of(addresses_, [&](const Address& a) { return a.prefix == prefix && !a.starved; });
  if (served || known->given_up) return std::nullopt;
  auto next = generate(now, timing, *known);
  if (next) {
    for (Address& a : addresses_) a.starved = a.starved && a.prefix != prefix;
  }
  return next;
}

// §3.4 steps 4 to 6.
std::optional<TemporaryAddresses::New> TemporaryAddresses::generate(Time now, const TemporaryAddressTiming& timing,
                                                                    const Prefix& prefix) {
  // §3.8: DESYNC_FACTOR "MUST be smaller than (TEMP_PREFERRED_LIFETIME - REGEN_ADVANCE)".
  const Duration max_desync = std::min(timing.temp_preferred_lifetime.scaled(kMaxDesyncFactor),
                                       timing.temp_preferred_lifetime - timing.regen_advance - 1_ns);
  if (max_desync < Duration()) return std::nullopt;
  const Duration desync = random_.uniform(Duration(), max_desync);
  const Lifetimes lifetimes{
      .preferred_until = std::min(prefix.advertised.preferred_until, now + timing.temp_preferred_lifetime - desync),
      .valid_until = std::min(prefix.advertised.valid_until, now + timing.temp_valid_lifetime)};
  if (lifetimes.preferred_until <= now + timing.regen_advance) return std::nullopt;  // step 5
  Ipv6Address address;
  do {
    address = with_interface_id(prefix.prefix, random_interface_id(random_));
  } while (find(address) != nullptr);
  addresses_.push_back({.address = address, .prefix = prefix.prefix, .created = now, .desync_factor = desync,
                        .preferred_until = lifetimes.preferred_until});
  return New{address, lifetimes};
}

TemporaryAddresses::Lifetimes TemporaryAddresses::bounded(const Ipv6Address& address,
                                                          const TemporaryAddressTiming& timing,
                                                          const Lifetimes& wanted) const {
  const Address* known = find(address);
  if (known == nullptr) return wanted;
  return {.preferred_until = std::min(wanted.preferred_until,
                                      known->created + timing.temp_preferred_lifetime - known->desync_factor),
          .valid_until = std::min(wanted.valid_until, known->created + timing.temp_valid_lifetime)};
}

TemporaryAddresses::Retry TemporaryAddresses::on_duplicate(Time now, const TemporaryAddressTiming& timing,
                                                           const Ipv6Address& address) {
  const Address* known = find(address);
  if (known == nullptr) return {};
  Prefix* prefix = find(known->prefix);
  on_removed(address);
  if (prefix == nullptr) return {};
  if (++prefix->failures > kTempIdgenRetries) {
    prefix->given_up = true;
    return {.gave_up = true};
  }
  return {.next = generate(now, timing, *prefix)};
}

void TemporaryAddresses::on_unique(const Ipv6Address& address) {
  const Address* known = find(address);
  if (known == nullptr) return;
  if (Prefix* prefix = find(known->prefix)) prefix->failures = 0;
}

std::optional<TemporaryAddresses::New> TemporaryAddresses::on_timeout(Time now, const TemporaryAddressTiming& timing) {
  for (Address& a : addresses_) {
    if (a.has_successor || now < a.preferred_until - timing.regen_advance) continue;
    a.has_successor = true;
    a.starved = true;
    const Prefix* prefix = find(a.prefix);
    if (prefix == nullptr || prefix->given_up) continue;
    const Ipv6Address address = a.address;
    auto next = generate(now, timing, *prefix);
    if (!next) continue;
    std::ranges::find(addresses_, address, &Address::address)->starved = false;
    return next;
  }
  return std::nullopt;
}

void TemporaryAddresses::set_preferred_until(const Ipv6Address& address, Time preferred_until) {
  const auto it = std::ranges::find(addresses_, address, &Address::address);
  if (it == addresses_.end()) return;
  if (it->starved && preferred_until > it->preferred_until) it->has_successor = it->starved = false;  // lives again
  it->preferred_until = preferred_until;
}

std::optional<Time> TemporaryAddresses::next_timeout(const TemporaryAddressTiming& timing) const {
  std::optional<Time> first;
  for (const Address& a : addresses_) {
    if (a.has_successor) continue;
    const Time at = a.preferred_until - timing.regen_advance;
    if (!first || at < *first) first = at;
  }
  return first;
}

void TemporaryAddresses::on_removed(const Ipv6Address& address) {
  std::erase_if(addresses_, [&](const Address& a) { return a.address == address; });
}

void TemporaryAddresses::clear() {
  prefixes_.clear();
  addresses_.clear();
}

void TemporaryAddresses::forget(const Ipv6Prefix& prefix) {
  std::erase_if(prefixes_, [&](const Prefix& p) { return p.prefix == prefix; });
}

}  // namespace kamesim
