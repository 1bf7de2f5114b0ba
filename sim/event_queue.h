// Pending events in the order (time, originating actor, that actor's sequence number).
//
// The order does not depend on how events are inserted, so a run is the same for any split of the actors.
// Events are intrusive: scheduling allocates nothing (once the queue has grown), re-arming moves the event in
// place and cancelling leaves nothing behind.
//
// What is far waits in a timing wheel, unsorted. What the wheel gave out last is sorted: the front. More is taken from the
// wheel when a few of the front are left, as each event is prepared (event.h) while those before it fire. What was scheduled
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
  EventQueue() { set_front(); }
  ~EventQueue();
  EventQueue(const EventQueue&) = delete;
  EventQueue& operator=(const EventQueue&) = delete;

  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }
  // kNoEventKey, if it is empty.
  const EventKey& next_key() {
    if (none_at_hand()) [[unlikely]] refill();
    const EventKey& near = near_.first_key();
    return head_->key < near ? head_->key : near;
  }

  // Schedules the event, or moves it when it is already pending here.
  void schedule(Event& event, EventKey key);
  void cancel(Event& event);
  // When it is due; it must be pending here.
  Time time_of(const Event& event) const;
  // Takes everything out: in no order, but what is next is among the first, as another queue wants it.
  std::vector<std::pair<EventKey, Event*>> take_all();

  // Takes out the first event, unless it is later than `limit` or there is none: then null.
  Event* take_next(Time limit, EventKey& key) {
    for (;; refill()) {
      const EventKey& near = near_.first_key();
      if (head_->key < near) {
        key = head_->key;
        return key.time > limit ? nullptr : &take_from_front();
      }
      if (near_.empty()) [[unlikely]] {
        if (size_ == 0) return nullptr;
        continue;
      }
      key = near;
      return key.time > limit ? nullptr : &taken(near_.take_first());
    }
  }
  // Takes out the first event and runs it. The queue must not be empty. The event may re-schedule or destroy
  // itself while it runs.
  void fire_next() {
    EventKey key;
    take_next(Time::max(), key)->fire();
  }

 private:
  bool none_at_hand() const { return head_ == tail_ && near_.empty(); }
  Event& taken(Event& event) {
    --size_;
    event.queue_ = nullptr;
    return event;
  }
  Event& take_from_front() {
    Event& event = *head_++->event;
    if (head_->event == nullptr) [[unlikely]] skip_cancelled();
    if (head_ >= low_) [[unlikely]] top_up();
    if (some_prepare_) look_ahead();
    return taken(event);
  }
  void look_ahead() const;
  void skip_cancelled() {
    while (head_ != tail_ && head_->event == nullptr) ++head_;
  }
  void remove(Event& event);
  void refill();
  void top_up();
  void arrange_front(std::size_t sorted);
  void sort_front(std::size_t sorted);
  void set_front();
  void take_front(PendingList& out);
  void start_over();
  void spill();

  static constexpr std::size_t kFewNear = 512;
  static constexpr std::size_t kFewInFront = 16;  // sorted by insertion
  static constexpr std::size_t kTimesNear = 4;  // all events may be so many times the near ones for the wheel to begin anew
  static constexpr int kMostSpanBits = 10;

  std::size_t size_ = 0;
  // Sorted, from head_ to tail_; where an event was cancelled stands none, but not at head_. Behind it stands kNoEventKey.
  PendingList front_;
  PendingEvent* head_ = nullptr;
  PendingEvent* tail_ = nullptr;
  PendingEvent* low_ = nullptr;  // from there on so few are left that the next ones are wanted
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
