#include "protocols/ip6/nd_prefix_list.h"

#include <algorithm>
#include <utility>

namespace kamesim {

PrefixEntry* PrefixList::find(const Ipv6Prefix& prefix) {
  const auto it = std::ranges::find(entries_, prefix, &PrefixEntry::prefix);
  return it == entries_.end() ? nullptr : &*it;
}

PrefixEntry* PrefixList::find_or_add(const Ipv6Prefix& prefix, std::optional<PrefixEntry>& displaced) {
  if (PrefixEntry* known = find(prefix)) return known;
  if (entries_.size() >= max_prefixes_) {
    const auto oldest_detached = std::ranges::find(entries_, true, &PrefixEntry::detached);
    if (oldest_detached == entries_.end()) return nullptr;
    displaced = std::move(*oldest_detached);
    entries_.erase(oldest_detached);
  }
  return &entries_.emplace_back(PrefixEntry{.prefix = prefix});
}

bool PrefixList::remember_router(PrefixEntry& entry, const Ipv6Address& router) {
  if (std::ranges::find(entry.routers, router) != entry.routers.end()) return false;
  if (entry.routers.size() >= PrefixEntry::kMaxRouters) entry.routers.erase(entry.routers.begin());
  entry.routers.push_back(router);
  return true;
}

void PrefixList::forget_router(const Ipv6Address& router) {
  for (PrefixEntry& entry : entries_) std::erase(entry.routers, router);
}

std::optional<PrefixEntry> PrefixList::take_expired(Time now) {
  auto over = [&](const std::optional<Time>& until) { return until && *until <= now; };
  const auto it = std::ranges::find_if(
      entries_,
      [&](const PrefixEntry& e) { return over(e.on_link_until) || over(e.addresses_until) || over(e.advertised_until); });
  if (it == entries_.end()) return std::nullopt;
  if (over(it->on_link_until)) it->on_link_until.reset();
  if (over(it->addresses_until)) it->addresses_until.reset();
  if (over(it->advertised_until)) it->advertised_until.reset();
  PrefixEntry changed = *it;
  if (!it->on_link_until && !it->addresses_until && !it->advertised_until) entries_.erase(it);
  return changed;
}

std::optional<Time> PrefixList::next_timeout() const {
  std::optional<Time> first;
  for (const PrefixEntry& entry : entries_) {
    for (const auto& until : {entry.on_link_until, entry.addresses_until, entry.advertised_until}) {
      if (until && (!first || *until < *first)) first = until;
    }
  }
  return first;
}

std::vector<PrefixEntry*> PrefixList::review(const std::function<bool(const Ipv6Address&)>& reachable,
                                             bool any_router) {
  auto attached = [&](const PrefixEntry& e) { return std::ranges::any_of(e.routers, reachable); };
  // Without any sign of where the interface is, the prefixes are taken for those of the link.
  const bool some_link = any_router || std::ranges::any_of(entries_, attached);
  std::vector<PrefixEntry*> changed;
  for (PrefixEntry& entry : entries_) {
    const bool detached = some_link && !attached(entry);
    if (std::exchange(entry.detached, detached) != detached) changed.push_back(&entry);
  }
  return changed;
}

}  // namespace kamesim
