// A 4-ary heap with 16-byte keys, for comparison. The four children of a key share a cache line. What is taken leaves its
// place to what is pushed next: then one way through the heap does for both.
#pragma once

#include <cstddef>
#include <cstdint>
#include <new>
#include <vector>

#include "sim/event.h"

namespace kamesim {

class HeapQueue {
 public:
  struct Event {
    std::uint32_t place = 0;
  };

  void schedule(Event& event, const EventKey& key, bool pending) {
    if (pending) {
      move(event, key);
    } else {
      push(event, key);
    }
  }

  void cancel(Event& event) {
    if (hole_) close_hole();
    const std::uint32_t i = event.place;
    const Last last = take_last();
    if (last.event == &event) return;
    if (last.key < key(i)) {
      sift_up(i, last.key, last.event);
    } else {
      sift_down(i, last.key, last.event);
    }
  }

  const EventKey& first_key() {
    if (hole_) close_hole();
    return keys_[kRoot];
  }
  Event& take_first() {
    if (hole_) close_hole();
    hole_ = true;
    return *events_.front();
  }

 private:
  // Keys stand from index 3, so that the children 4i+1..4i+4 of heap position i are one aligned group; behind the last
  // one, up to the end of its group, stands kNoEventKey.
  static constexpr std::uint32_t kRoot = 3, kArity = 4;
  struct Last {
    EventKey key;
    Event* event;
  };
  EventKey& key(std::size_t i) { return keys_[i + kRoot]; }

  void place(std::size_t i, const EventKey& k, Event* e) {
    key(i) = k;
    events_[i] = e;
    e->place = static_cast<std::uint32_t>(i);
  }

  void push(Event& event, const EventKey& k) {
    if (hole_) {
      hole_ = false;
      return sift_down(0, k, &event);
    }
    const std::size_t i = events_.size();
    events_.push_back(&event);
    if (keys_.size() < kRoot + kArity * (i / kArity + 2)) keys_.resize(kRoot + kArity * (i / kArity + 2), kNoEventKey);
    sift_up(i, k, &event);
  }

  void move(Event& event, const EventKey& k) {
    if (hole_) close_hole();
    const std::uint32_t i = event.place;
    if (k < key(i)) {
      sift_up(i, k, &event);
    } else {
      sift_down(i, k, &event);
    }
  }

  Last take_last() {
    const std::size_t i = events_.size() - 1;
    const Last last{key(i), events_[i]};
    key(i) = kNoEventKey;
    events_.pop_back();
    return last;
  }

  void close_hole() {
    hole_ = false;
    const Last last = take_last();
    if (!events_.empty()) sift_down(0, last.key, last.event);
  }

  void sift_up(std::size_t i, const EventKey& k, Event* e) {
    while (i > 0) {
      const std::size_t parent = (i - 1) / kArity;
      if (!(k < key(parent))) break;
      place(i, key(parent), events_[parent]);
      i = parent;
    }
    place(i, k, e);
  }

  // Of four, without a branch.
  static const EventKey* least_of_group(const EventKey* k) {
    const EventKey* const a = k + (k[1] < k[0]);
    const EventKey* const b = k + 2 + (k[3] < k[2]);
    return *b < *a ? b : a;
  }

  void sift_down(std::size_t i, const EventKey& k, Event* e) {
    const EventKey sifted = k;
    for (std::size_t first = kArity * i + 1; first < events_.size(); first = kArity * i + 1) {
      const EventKey* const least = least_of_group(&key(first));
      if (!(*least < sifted)) break;
      const auto from = static_cast<std::size_t>(least - keys_.data()) - kRoot;
      place(i, *least, events_[from]);
      i = from;
    }
    place(i, sifted, e);
  }

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
