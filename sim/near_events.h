// The events that are next. While they are few they stand in a sorted list, in an array of its own. The search for the
// place of a new one begins at that of the last: what one event causes is mostly near in time to what the one before it
// caused. No event is touched but the one that is pushed or taken. When they are many they stand in a heap.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "sim/event.h"
#include "sim/pending_list.h"
#include "sim/event_heap.h"

namespace kamesim {

class NearEvents {
 public:
  NearEvents() { clear(); }

  bool empty() const { return size() == 0; }
  std::size_t size() const { return in_heap_ ? heap_.size() : listed_; }
  // kNoEventKey, if there is none.
  const EventKey& first_key() { return in_heap_ ? heap_.first_key() : places_[places_[kEnd].next].key; }

  void push(Event& event, EventKey key) {
    if (in_heap_ || free_ == kEnd) [[unlikely]] return push_to_heap(event, key);
    const std::uint32_t i = free_;
    Place& place = places_[i];
    free_ = place.next;
    insert_behind(find_before(key), i);
    // By halves, as it was written: read as a whole it waits until both, and all that was written before, are in the cache.
    place.key.time = key.time;
    place.key.tie = key.tie;
    place.event = &event;
    event.place_ = Event::kInNear | i;
    last_ = i;
    ++listed_;
  }
  // The event is one of these: gets another place.
  void move(Event& event, EventKey key) {
    if (in_heap_) return heap_.move(event, key);
    take_out(event.place_ & Event::kIndex);
    push(event, key);
  }
  void remove(Event& event) {
    if (in_heap_) return heap_.remove(event);
    take_out(event.place_ & Event::kIndex);
  }
  // There must be one.
  Event& take_first() {
    if (in_heap_) return heap_.take_first();
    const std::uint32_t first = places_[kEnd].next;
    take_out(first);
    return *places_[first].event;
  }
  Time time_of(const Event& event) const {
    return in_heap_ ? heap_.time_of(event) : places_[event.place_ & Event::kIndex].key.time;
  }
  // Adds all of them, in no order.
  void list(PendingList& out);
  void clear();

 private:
  static constexpr std::uint32_t kFew = 32;
  static constexpr std::uint32_t kEnd = 0;  // of the list, which is a ring: before the first and behind the last

  struct Place {
    EventKey key;
    Event* event = nullptr;
    std::uint32_t previous = kEnd, next = kEnd;
  };

  // The last place whose key is not greater; kEnd, if the new one is first.
  std::uint32_t find_before(EventKey key) const {
    std::uint32_t at = last_;
    if (key < places_[at].key) {  // as is kEnd's
      do {
        at = places_[at].previous;
      } while (at != kEnd && key < places_[at].key);
      return at;
    }
    while (!(key < places_[places_[at].next].key)) at = places_[at].next;
    return at;
  }
  void insert_behind(std::uint32_t before, std::uint32_t i) {
    const std::uint32_t next = places_[before].next;
    places_[i].previous = before;
    places_[i].next = next;
    places_[before].next = i;
    places_[next].previous = i;
  }
  void take_out(std::uint32_t i) {
    Place& place = places_[i];
    places_[place.previous].next = place.next;
    places_[place.next].previous = place.previous;
    if (last_ == i) last_ = place.previous;
    place.next = free_;
    free_ = i;
    --listed_;
  }
  void push_to_heap(Event& event, EventKey key);
  void leave_heap();

  std::array<Place, kFew + 1> places_;  // that at kEnd has kNoEventKey
  std::uint32_t last_ = kEnd;           // where the last one was pushed, or one near it
  std::uint32_t free_ = kEnd;           // the first place that is free; the others by `next`
  std::uint32_t listed_ = 0;
  bool in_heap_ = false;
  EventHeap heap_;
};

}  // namespace kamesim
