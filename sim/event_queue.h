// Pending events in the order (time, originating actor, that actor's sequence number).
//
// The order does not depend on how events are inserted, so a run is the same for any split of the actors.
// Events are intrusive: scheduling allocates nothing (once the queue has grown), re-arming moves the event in
// place and cancelling leaves nothing behind.
//
// What is far waits in a timing wheel, unsorted. What the wheel gave out last is sorted: the front. What was scheduled
// since then for times that the wheel has passed stands with the near ones (near_events.h). So an event costs the same
// however many wait. Where few wait the wheel stays empty and all are near.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>
#include <vector>

#include "sim/event.h"
#include "sim/near_events.h"
#include "sim/pending_list.h"
#include "sim/timing_wheel.h"

namespace kamesim {

class EventQueue {
 public:
  EventQueue() { end_front(); }
  ~EventQueue();
  EventQueue(const EventQueue&) = delete;
  EventQueue& operator=(const EventQueue&) = delete;

  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }
  // kNoEventKey, if it is empty.
  const EventKey& next_key() {
    if (none_at_hand()) [[unlikely]] refill();
    return front_comes_first() ? front_[head_].key : near_.first_key();
  }

  // Schedules the event, or moves it when it is already pending here.
  void schedule(Event& event, EventKey key);
  void cancel(Event& event);
  // When it is due; it must be pending here.
  Time time_of(const Event& event) const;
  // Takes everything out, in no order.
  std::vector<std::pair<EventKey, Event*>> take_all();

  // Takes out the first event, unless it is later than `limit` or there is none: then null.
  Event* take_next(Time limit, EventKey& key) {
    if (none_at_hand()) [[unlikely]] refill();
    const bool of_front = front_comes_first();
    key = of_front ? front_[head_].key : near_.first_key();
    if (key.time > limit) [[unlikely]] return nullptr;
    if (size_ == 0) [[unlikely]] return nullptr;
    --size_;
    Event& event = of_front ? take_from_front() : near_.take_first();
    event.queue_ = nullptr;
    return &event;
  }
  // Takes out the first event and runs it. The queue must not be empty. The event may re-schedule or destroy
  // itself while it runs.
  void fire_next() {
    EventKey key;
    take_next(Time::max(), key)->fire();
  }

 private:
  bool none_at_hand() const { return head_ == tail_ && near_.empty(); }
  bool front_comes_first() { return front_[head_].key < near_.first_key(); }
  Event& take_from_front();
  void look_ahead() const;
  void skip_cancelled() {
    while (head_ != tail_ && front_[head_].event == nullptr) ++head_;
  }
  void remove(Event& event);
  void refill();
  void sort_front();
  void end_front() { std::fill_n(front_.add(kBehindFront), kBehindFront, PendingEvent{}); }
  void spill();

  static constexpr std::size_t kFewNear = 64;
  static constexpr std::size_t kFewInFront = 16;  // sorted by insertion
  static constexpr int kMostSpanBits = 9;
  static constexpr std::size_t kBehindFront = Event::kSteps + 1;  // places that may be looked at

  std::size_t size_ = 0;
  // Sorted, from head_ to tail_; where an event was cancelled stands none. Behind it stands kNoEventKey.
  PendingList front_;
  std::size_t head_ = 0, tail_ = 0;
  bool some_prepare_ = false;  // of those in front
  NearEvents near_;
  std::size_t spill_at_ = kFewNear;
  TimingWheel wheel_;
  PendingList unsorted_;                       // for sort_front()
  std::array<std::uint32_t, std::size_t{1} << kMostSpanBits> spans_;
  PendingList spilled_, far_;  // for spill(): kept, so as not to allocate
};

inline Event::~Event() { cancel(); }

inline Time Event::due() const { return queue_->time_of(*this); }

inline void Event::cancel() {
  if (queue_ != nullptr) queue_->cancel(*this);
}

}  // namespace kamesim
