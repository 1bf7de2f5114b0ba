#include "protocols/mip6/binding_cache.h"

#include <algorithm>
#include <cassert>

namespace kamesim {

const BindingCacheEntry* BindingCache::lookup(Time now, const Ipv6Address& home_address) const {
  const BindingCacheEntry* entry = find(home_address);
  // RFC 6275 §9.6: an entry is gone after its lifetime, whether or not the timer has run yet.
  return entry && entry->valid && now < entry->expires ? entry : nullptr;
}

bool BindingCache::leads_back(Time now, const Ipv6Address& home_address, const Ipv6Address& care_of) const {
  Ipv6Address next = care_of;
  for (std::size_t steps = 0; steps <= size(); ++steps) {
    if (next == home_address) return true;
    const BindingCacheEntry* entry = lookup(now, next);
    if (entry == nullptr || entry->care_of == next) return false;
    next = entry->care_of;
  }
  return true;  // packets would go round among the others
}

void BindingCache::mark_used(Time when, const Ipv6Address& home_address) {
  const auto it = entries_.find(home_address);
  if (it != entries_.end()) it->second.last_used = std::max(it->second.last_used, when);
}

const BindingCacheEntry* BindingCache::find(const Ipv6Address& home_address) const {
  const auto it = entries_.find(home_address);
  return it == entries_.end() ? nullptr : &it->second;
}

void BindingCache::put(const BindingCacheEntry& entry) {
  const BindingCacheEntry added = entry;  // `entry` may be in the table
  erase(added.home_address);
  assert(room(added.type) > 0);
  deadlines(added.type).emplace(added.deadline, added.home_address);
  entries_.emplace(added.home_address, added);
}

void BindingCache::erase(const Ipv6Address& home_address) {
  const auto it = entries_.find(home_address);
  if (it == entries_.end()) return;
  deadlines(it->second.type).erase({it->second.deadline, it->second.home_address});
  entries_.erase(it);
}

const BindingCacheEntry* BindingCache::first_due(RegistrationType type) const {
  const Deadlines& d = deadlines(type);
  return d.empty() ? nullptr : find(d.begin()->second);
}

const BindingCacheEntry* BindingCache::least_recently_used(RegistrationType type) const {
  const BindingCacheEntry* oldest = nullptr;
  for (const auto& [due, home] : deadlines(type)) {
    const BindingCacheEntry* e = find(home);
    if (oldest == nullptr || e->last_used < oldest->last_used) oldest = e;
  }
  return oldest;
}

std::vector<Ipv6Address> BindingCache::home_addresses(RegistrationType type) const {
  std::vector<Ipv6Address> homes;
  for (const auto& [due, home] : deadlines(type)) homes.push_back(home);
  return homes;
}

}  // namespace kamesim
