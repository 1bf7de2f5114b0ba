// The events that are next, in a tournament: each has a leaf of a binary tree, and each node above names the leaf with the
// earlier key of the two below it. A new key has one way, from its leaf to the root, with one comparison a level that no
// branch depends on: there is nothing on it that a processor could foresee wrongly. What is taken leaves its leaf to what
// is pushed next, as events often cause one: then one way does for both. No event is touched but the one that is pushed or
// taken.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "sim/event.h"
#include "sim/pending_list.h"

namespace kamesim {

class NearEvents {
 public:
  NearEvents() { clear(); }

  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }
  // kNoEventKey, if there is none.
  const EventKey& first_key() {
    if (vacant_ != kNone) close_vacancy();
    return keys_[earliest_[kRoot]];
  }

  void push(Event& event, const EventKey& key) {
    std::uint32_t leaf = vacant_;
    if (leaf != kNone) {
      vacant_ = kNone;
    } else {
      if (free_.empty()) [[unlikely]] rebuild(2 * leaves_);
      leaf = free_.back();
      free_.pop_back();
    }
    ++size_;
    events_[leaf] = &event;
    event.place_ = Event::kInNear | leaf;
    set(leaf, key);
  }
  // The event is one of these: gets another place in their order.
  void move(Event& event, const EventKey& key) { set(leaf_of(event), key); }
  void remove(Event& event) {
    if (vacant_ != kNone) close_vacancy();
    --size_;
    give_up(leaf_of(event));
  }
  // There must be one.
  Event& take_first() {
    if (vacant_ != kNone) close_vacancy();
    vacant_ = earliest_[kRoot];
    --size_;
    return *events_[vacant_];
  }
  Time time_of(const Event& event) const { return keys_[leaf_of(event)].time; }
  // Adds all of them, in no order.
  void list(PendingList& out);
  void clear();

 private:
  static constexpr std::uint32_t kRoot = 1;  // below node n are 2n and 2n+1
  static constexpr std::uint32_t kNone = UINT32_MAX;
  static constexpr std::uint32_t kLeastLeaves = 8;
  // The tree shrinks when so many times the events would still have a leaf, and then by half of that.
  static constexpr std::uint32_t kMostLeavesEach = 8;

  static std::uint32_t leaf_of(const Event& event) { return event.place_ & Event::kIndex; }

  // The key of the leaf changes.
  void set(std::uint32_t leaf, const EventKey& key) {
    keys_[leaf] = key;
    std::uint32_t* const earliest = earliest_.data();
    const EventKey* const keys = keys_.data();
    std::uint32_t first = leaf;
    // By halves, as it was written: read as a whole it waits until both, and all that was written before, are in the cache.
    auto time = static_cast<std::uint64_t>(key.time.ns()), tie = key.tie;
    for (std::uint32_t node = leaf + leaves_; node != kRoot; node /= 2) {
      const std::uint32_t beside = earliest[node ^ 1];
      const EventKey& other = keys[beside];
      const bool earlier = other.number() < (static_cast<unsigned __int128>(time) << 64 | tie);
      first = earlier ? beside : first;
      time = earlier ? static_cast<std::uint64_t>(other.time.ns()) : time;
      tie = earlier ? other.tie : tie;
      earliest[node / 2] = first;
    }
  }
  void give_up(std::uint32_t leaf) {
    free_.push_back(leaf);
    set(leaf, kNoEventKey);
    if (size_ * kMostLeavesEach < leaves_ && leaves_ > kLeastLeaves) [[unlikely]] rebuild(leaves_ / (kMostLeavesEach / 2));
  }
  void close_vacancy() {
    const std::uint32_t leaf = vacant_;
    vacant_ = kNone;
    give_up(leaf);
  }
  void rebuild(std::uint32_t leaves);

  std::vector<EventKey> keys_;           // by leaf; kNoEventKey: free
  std::vector<Event*> events_;           // by leaf
  std::vector<std::uint32_t> earliest_;  // by node: the leaf below it with the earliest key; those at leaves_ are the leaves
  std::vector<std::uint32_t> free_;      // leaves
  std::uint32_t leaves_ = 0;             // a power of two
  std::uint32_t size_ = 0;
  std::uint32_t vacant_ = kNone;  // the leaf of what was taken, which keeps its key until it is pushed to or given up
};

}  // namespace kamesim
