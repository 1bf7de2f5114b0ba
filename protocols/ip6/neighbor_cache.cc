#include "protocols/ip6/neighbor_cache.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace kamesim {

void NeighborCache::List::append(Entry& entry) {
  if (oldest == nullptr) oldest = entry.older = &entry;
  entry.older = std::exchange(oldest->older, &entry);
  entry.older->newer = &entry;
  entry.newer = oldest;
}

void NeighborCache::List::take_out(Entry& entry) {
  entry.older->newer = entry.newer;
  entry.newer->older = entry.older;
  if (oldest == &entry) oldest = entry.newer == &entry ? nullptr : entry.newer;
}

NeighborCache::Tables::~Tables() {
  for (const List& list : classes) {
    for (Entry* e = list.oldest; e != nullptr;) delete std::exchange(e, list.after(*e));
  }
}

void NeighborCache::Tables::file(Entry& entry, Class in) {
  entry.filed_ = in;
  classes[in].append(entry);
  ++sizes[in];
}

void NeighborCache::Tables::take_out(Entry& entry) {
  classes[entry.filed_].take_out(entry);
  --sizes[entry.filed_];
}

std::size_t NeighborCache::Tables::size() const { return std::accumulate(sizes.begin(), sizes.end(), std::size_t{0}); }

NeighborCache::Bounds::Bounds(std::size_t max_entries, std::size_t max_unresolved) {
  const std::size_t wanted = max_unresolved != 0 ? std::min(max_unresolved, max_entries) : max_entries / 4;
  unresolved = std::max<std::size_t>(wanted, 1);
  resolved = std::max<std::size_t>(max_entries - std::min(unresolved, max_entries), 1);
}

Neighbor* NeighborCache::find(const Ipv6Address& address) const {
  if (tables_ == nullptr) return nullptr;
  if (tables_->index != nullptr) {
    const auto it = tables_->index->find(address);
    return it == tables_->index->end() ? nullptr : it->second;
  }
  for (const List& list : tables_->classes) {
    for (Entry* e = list.oldest; e != nullptr; e = list.after(*e)) {
      if (e->address == address) return e;
    }
  }
  return nullptr;
}

Neighbor& NeighborCache::add(const Ipv6Address& address) {
  if (tables_ == nullptr) tables_ = std::make_unique<Tables>();
  Entry& entry = *new Entry;
  entry.address = address;
  tables_->file(entry, kUnresolved);
  if (tables_->size() > kFew && tables_->index == nullptr) {
    tables_->index = std::make_unique<std::unordered_map<Ipv6Address, Entry*>>();
    for_each([&](Neighbor& n) { tables_->index->emplace(n.address, &entry_of(n)); });
  } else if (tables_->index != nullptr) {
    tables_->index->emplace(address, &entry);
  }
  return entry;
}

void NeighborCache::remove(Neighbor& neighbor) {
  Entry& entry = entry_of(neighbor);
  disarm(entry);
  if (tables_->index != nullptr) tables_->index->erase(neighbor.address);
  tables_->take_out(entry);
  delete &entry;
  if (tables_->size() == 0) tables_.reset();
}

NeighborCache::Class NeighborCache::class_of(const Neighbor& neighbor) {
  if (neighbor.pinned || neighbor.permanent) return kPinned;
  if (!neighbor.mac_known()) return kUnresolved;
  return neighbor.state == Neighbor::State::Reachable ? kConfirmed : kUnconfirmed;
}

void NeighborCache::refile(Neighbor& neighbor) {
  Entry& entry = entry_of(neighbor);
  tables_->take_out(entry);
  tables_->file(entry, class_of(neighbor));
  disarm(entry);
  if (!neighbor.has_deadline()) return;
  if (tables_->deadlines == nullptr) tables_->deadlines = std::make_unique<Deadlines>();
  entry.armed_at = tables_->deadlines->emplace(neighbor.until, &entry);
}

void NeighborCache::disarm(Entry& entry) {
  if (!entry.armed()) return;
  tables_->deadlines->erase(std::exchange(entry.armed_at, {}));
  if (tables_->deadlines->empty()) tables_->deadlines.reset();
}

// Of the resolved: never confirmed ones before others.
Neighbor* NeighborCache::least_wanted() {
  Entry* unconfirmed = tables_->classes[kUnconfirmed].oldest;
  return unconfirmed != nullptr ? unconfirmed : tables_->classes[kConfirmed].oldest;
}

Neighbor* NeighborCache::victim_of(const Bounds& bounds) {
  if (size_of(kUnresolved) > bounds.unresolved) return tables_->classes[kUnresolved].oldest;
  return size_of(kUnconfirmed) + size_of(kConfirmed) <= bounds.resolved ? nullptr : least_wanted();
}

Neighbor* NeighborCache::victim_for_new(const Bounds& bounds) {
  return size_of(kUnresolved) < bounds.unresolved ? nullptr : tables_->classes[kUnresolved].oldest;
}

Neighbor* NeighborCache::victim_for(const Neighbor& neighbor, const Bounds& bounds) {
  const auto from = static_cast<Class>(neighbor.filed_), to = class_of(neighbor);
  if (from == kUnconfirmed || from == kConfirmed || (to != kUnconfirmed && to != kConfirmed)) return nullptr;
  return size_of(kUnconfirmed) + size_of(kConfirmed) < bounds.resolved ? nullptr : least_wanted();
}

std::optional<Time> NeighborCache::next_deadline() const {
  if (tables_ == nullptr || tables_->deadlines == nullptr) return std::nullopt;
  return tables_->deadlines->begin()->first;
}

Neighbor* NeighborCache::take_expired(Time now) {
  const auto first = next_deadline();
  if (!first || now < *first) return nullptr;
  Entry& entry = *tables_->deadlines->begin()->second;
  disarm(entry);
  entry.clear_deadline();
  return &entry;
}

std::size_t NeighborCache::heap_bytes() const {
  if (tables_ == nullptr) return 0;
  constexpr std::size_t kNode = 48;  // of a tree or a hash table, with what the heap adds
  std::size_t bytes = sizeof(Tables) + tables_->size() * sizeof(Entry);
  if (tables_->index != nullptr) bytes += tables_->size() * kNode + tables_->index->bucket_count() * sizeof(void*);
  if (tables_->deadlines != nullptr) bytes += sizeof(Deadlines) + tables_->deadlines->size() * kNode;
  return bytes;
}

}  // namespace kamesim
