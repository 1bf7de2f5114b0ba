// A 4-ary heap of events. The four children of a key share a cache line. What is taken leaves its place to what is pushed
// next, as events often cause one: then one way through the heap does for both.
#pragma once

#include <cstddef>
#include <cstdint>
#include <new>
#include <vector>

#include "sim/event.h"
#include "sim/pending_list.h"

namespace kamesim {

class EventHeap {
 public:
  bool empty() const { return size() == 0; }
  std::size_t size() const { return events_.size() - (hole_ ? 1 : 0); }
  // kNoEventKey, if it is empty.
  const EventKey& first_key() {
    if (hole_) close_hole();
    return keys_[kRoot];
  }

  void push(Event& event, const EventKey& key);
  // The event is in the heap: gets another place.
  void move(Event& event, const EventKey& key);
  void remove(Event& event);
  // The heap must not be empty.
  Event& take_first() {
    if (hole_) close_hole();
    hole_ = true;
    return *events_.front();
  }
  Time time_of(const Event& event) const { return keys_[(event.place_ & Event::kIndex) + kRoot].time; }
  // Adds all of it.
  void list(PendingList& out);
  void clear();

 private:
  // Keys stand from index 3, so that the children 4i+1..4i+4 of heap position i are one aligned group; behind the last
  // one, up to the end of its group, stands kNoEventKey.
  static constexpr std::uint32_t kRoot = 3, kArity = 4;
  EventKey& key(std::uint32_t i) { return keys_[i + kRoot]; }
  void place(std::uint32_t i, const EventKey& k, Event* e) {
    key(i) = k;
    events_[i] = e;
    e->place_ = Event::kInNear | i;
  }
  void close_hole();
  void sift_up(std::uint32_t i, const EventKey& k, Event* e);
  void sift_down(std::uint32_t i, const EventKey& k, Event* e);
  PendingEvent take_last();

  template <typename T>
  struct CacheAligned {
    using value_type = T;
    CacheAligned() = default;
    template <typename U>
    CacheAligned(const CacheAligned<U>&) {}
    T* allocate(std::size_t n) { return static_cast<T*>(::operator new(n * sizeof(T), std::align_val_t{64})); }
    void deallocate(T* p, std::size_t) { ::operator delete(p, std::align_val_t{64}); }
    friend bool operator==(const CacheAligned&, const CacheAligned&) { return true; }
  };
  std::vector<EventKey, CacheAligned<EventKey>> keys_ =
      std::vector<EventKey, CacheAligned<EventKey>>(kRoot + 1 + kArity, kNoEventKey);
  std::vector<Event*> events_;
  bool hole_ = false;  // the first was taken, and its place is free
};

}  // namespace kamesim
