// Pending events in the order (time, originating actor, that actor's sequence number).
//
// The order does not depend on how events are inserted, so a run is the same for any split of the actors.
// Events are intrusive: scheduling allocates nothing (once the heap has grown), re-arming moves the event in
// place and cancelling leaves nothing behind. A 4-ary heap: the four children of a key share a cache line.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "sim/time.h"

namespace kamesim {

// The place of an event in the total order. The tie-break packs the originating actor (24 bits) and its
// sequence number (40 bits).
struct EventKey {
  Time time;
  std::uint64_t tie = 0;
  friend constexpr auto operator<=>(const EventKey&, const EventKey&) = default;
};

class Event {
 public:
  using Fire = void (*)(Event&);

  explicit Event(Fire fire) : fire_(fire) {}
  ~Event();
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  bool pending() const { return queue_ != nullptr; }
  void cancel();

 private:
  friend class EventQueue;
  Fire fire_;
  class EventQueue* queue_ = nullptr;
  std::uint32_t slot_ = 0;
};

class EventQueue {
 public:
  EventQueue() = default;
  ~EventQueue();
  EventQueue(const EventQueue&) = delete;
  EventQueue& operator=(const EventQueue&) = delete;

  bool empty() const { return events_.empty(); }
  std::size_t size() const { return events_.size(); }
  const EventKey& next_key() const { return keys_[kRoot]; }

  // Schedules the event, or moves it when it is already pending here.
  void schedule(Event& event, EventKey key);
  void cancel(Event& event);
  // Takes everything out, in no order.
  std::vector<std::pair<EventKey, Event*>> take_all();

  // Takes out the first event and runs it. The queue must not be empty. The event may re-schedule or destroy
  // itself while it runs.
  void fire_next() {
    Event& event = *events_[0];
    event.queue_ = nullptr;
    remove_root();
    event.fire_(event);
  }

 private:
  // Keys stand from index 3, so that the children 4i+1..4i+4 of heap position i are one aligned group.
  static constexpr std::uint32_t kRoot = 3;
  EventKey& key(std::uint32_t i) { return keys_[i + kRoot]; }
  void place(std::uint32_t i, const EventKey& k, Event* e) {
    key(i) = k;
    events_[i] = e;
    e->slot_ = i;
  }
  void sift_up(std::uint32_t i, const EventKey& k, Event* e);
  void sift_down(std::uint32_t i, const EventKey& k, Event* e);
  void remove_root();

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
  std::vector<EventKey, CacheAligned<EventKey>> keys_ = std::vector<EventKey, CacheAligned<EventKey>>(kRoot);
  std::vector<Event*> events_;
};

inline Event::~Event() { cancel(); }

inline void Event::cancel() {
  if (queue_ != nullptr) queue_->cancel(*this);
}

}  // namespace kamesim
