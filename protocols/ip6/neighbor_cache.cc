#include "protocols/ip6/neighbor_cache.h"

#include <algorithm>

namespace kamesim {

NeighborCache::NeighborCache(std::size_t max_entries, std::size_t max_unresolved) {
  set_bounds(max_entries, max_unresolved);
}

void NeighborCache::set_bounds(std::size_t max_entries, std::size_t max_unresolved) {
  const std::size_t wanted = max_unresolved != 0 ? std::min(max_unresolved, max_entries) : max_entries / 4;
  max_unresolved_ = std::max<std::size_t>(wanted, 1);
  max_resolved_ = std::max<std::size_t>(max_entries - std::min(max_unresolved_, max_entries), 1);
}

Neighbor* NeighborCache::find(const Ipv6Address& address) const {
  const auto it = index_.find(address);
  return it == index_.end() ? nullptr : &it->second->neighbor;
}

Neighbor& NeighborCache::add(const Ipv6Address& address) {
  Entries& entries = classes_[kUnresolved];
  const auto place = entries.emplace(entries.end());
  place->neighbor.address = address;
  index_.emplace(address, place);
  return place->neighbor;
}

void NeighborCache::remove(Neighbor& neighbor) {
  const auto it = index_.find(neighbor.address);
  const Entries::iterator place = it->second;
  index_.erase(it);
  disarm(*place);
  classes_[place->filed].erase(place);
}

NeighborCache::Class NeighborCache::class_of(const Neighbor& neighbor) {
  if (neighbor.pinned || neighbor.permanent) return kPinned;
  if (!neighbor.mac_known()) return kUnresolved;
  return neighbor.state == Neighbor::State::Reachable ? kConfirmed : kUnconfirmed;
}

void NeighborCache::refile(Neighbor& neighbor) {
  const Entries::iterator place = index_.find(neighbor.address)->second;
  const Class now_in = class_of(neighbor);
  classes_[now_in].splice(classes_[now_in].end(), classes_[place->filed], place);
  place->filed = now_in;
  disarm(*place);
  if (neighbor.deadline) place->armed = deadlines_.emplace(*neighbor.deadline, &neighbor);
}

void NeighborCache::disarm(Entry& entry) {
  if (!entry.armed) return;
  deadlines_.erase(*entry.armed);
  entry.armed.reset();
}

Neighbor* NeighborCache::victim_of_bounds() {
  Entries& unresolved = classes_[kUnresolved];
  if (unresolved.size() > max_unresolved_) return &unresolved.front().neighbor;
  Entries& unconfirmed = classes_[kUnconfirmed];
  Entries& confirmed = classes_[kConfirmed];
  if (unconfirmed.size() + confirmed.size() <= max_resolved_) return nullptr;
  return unconfirmed.empty() ? &confirmed.front().neighbor : &unconfirmed.front().neighbor;
}

Neighbor* NeighborCache::victim_for_new() {
  Entries& unresolved = classes_[kUnresolved];
  return unresolved.size() < max_unresolved_ ? nullptr : &unresolved.front().neighbor;
}

Neighbor* NeighborCache::victim_for(const Neighbor& neighbor) {
  const Class from = index_.find(neighbor.address)->second->filed;
  const Class to = class_of(neighbor);
  if (from == kUnconfirmed || from == kConfirmed || (to != kUnconfirmed && to != kConfirmed)) return nullptr;
  Entries& unconfirmed = classes_[kUnconfirmed];
  Entries& confirmed = classes_[kConfirmed];
  if (unconfirmed.size() + confirmed.size() < max_resolved_) return nullptr;
  return unconfirmed.empty() ? &confirmed.front().neighbor : &unconfirmed.front().neighbor;
}

std::optional<Time> NeighborCache::next_deadline() const {
  if (deadlines_.empty()) return std::nullopt;
  return deadlines_.begin()->first;
}

Neighbor* NeighborCache::take_expired(Time now) {
  if (deadlines_.empty() || now < deadlines_.begin()->first) return nullptr;
  Neighbor& neighbor = *deadlines_.begin()->second;
  disarm(*index_.find(neighbor.address)->second);
  neighbor.deadline.reset();
  return &neighbor;
}

}  // namespace kamesim
