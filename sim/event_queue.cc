#include "sim/event_queue.h"

#include <algorithm>
#include <bit>

namespace kamesim {

namespace {

// What an event is a part of is used when it fires: how far from the event's beginning that may be.
constexpr std::size_t kBehindEvent = 48;

bool earlier(const PendingEvent& a, const PendingEvent& b) { return a.key < b.key; }

// For what is few, or nearly sorted.
void insertion_sort(PendingEvent* first, PendingEvent* last) {
  for (PendingEvent* i = first + 1; i < last; ++i) {
    if (!earlier(*i, i[-1])) continue;
    const PendingEvent moved = *i;
    PendingEvent* to = i;
    do {
      *to = to[-1];
    } while (--to != first && earlier(moved, to[-1]));
    *to = moved;
  }
}

}  // namespace

EventQueue::~EventQueue() {
  for (const auto& [key, event] : take_all()) event->queue_ = nullptr;
}

void EventQueue::schedule(Event& event, EventKey key) {
  if (event.queue_ != nullptr) {
    if (key.time <= wheel_.cursor() && event.place_ < Event::kInFront) return near_.move(event, key);
    remove(event);
  } else {
    event.queue_ = this;
    ++size_;
  }
  if (key.time > wheel_.cursor()) return wheel_.insert(event, key);
  near_.push(event, key);
  if (near_.size() > spill_at_) [[unlikely]] spill();
}

Event& EventQueue::take_from_front() {
  Event& event = *front_[head_++].event;
  skip_cancelled();
  if (some_prepare_) look_ahead();
  return event;
}

// The next event is at its last step, those behind it at earlier ones.
inline void EventQueue::look_ahead() const {
  for (unsigned step = 0; step < Event::kSteps; ++step) {
    const Event* event = front_[head_ + Event::kSteps - 1 - step].event;
    if (event != nullptr && event->kind_->prepare != nullptr) event->kind_->prepare(*event, step);
  }
}

void EventQueue::cancel(Event& event) {
  if (event.queue_ == nullptr) return;
  event.queue_ = nullptr;
  --size_;
  remove(event);
}

Time EventQueue::time_of(const Event& event) const {
  if (event.place_ >= Event::kInWheel) return wheel_.time_of(event);
  if (event.place_ < Event::kInFront) return near_.time_of(event);
  return front_[event.place_ & Event::kIndex].key.time;
}

void EventQueue::remove(Event& event) {
  if (event.place_ >= Event::kInWheel) return wheel_.remove(event);
  if (event.place_ < Event::kInFront) return near_.remove(event);
  front_[event.place_ & Event::kIndex].event = nullptr;
  skip_cancelled();
}

void EventQueue::refill() {
  if (size_ == 0) return;
  front_.clear();
  head_ = 0;
  wheel_.take_next(front_);
  tail_ = front_.size();
  for (std::size_t i = 0; i < tail_; ++i) {
    __builtin_prefetch(front_[i].event, 1);
    __builtin_prefetch(reinterpret_cast<const char*>(front_[i].event) + kBehindEvent, 1);
  }
  sort_front();
  some_prepare_ = false;
  for (std::size_t i = 0; i < tail_; ++i) {
    Event& event = *front_[i].event;
    event.place_ = Event::kInFront | static_cast<std::uint32_t>(i);
    some_prepare_ |= event.kind_->prepare != nullptr;
  }
  end_front();
  spill_at_ = kFewNear;
  if (wheel_.empty()) wheel_.open();
}

// Spreads them over spans of time, as many as there are events or nearly so, and sorts within each: few branches of that
// cannot be foreseen, as those of comparisons cannot.
void EventQueue::sort_front() {
  const std::size_t count = front_.size();
  if (count <= kFewInFront) return insertion_sort(front_.begin(), front_.end());
  std::int64_t first = front_[0].key.time.ns(), last = first;
  bool sorted = true;
  for (std::size_t i = 1; i < count; ++i) {
    const std::int64_t t = front_[i].key.time.ns();
    first = std::min(first, t);
    last = std::max(last, t);
    sorted &= earlier(front_[i - 1], front_[i]);
  }
  if (sorted) return;

  const int bits = static_cast<int>(std::bit_width(static_cast<std::uint64_t>(last - first)));
  const int shift = std::max(bits - std::min(static_cast<int>(std::bit_width(count)), kMostSpanBits), 0);
  const auto span = [&](const PendingEvent& e) { return static_cast<std::size_t>((e.key.time.ns() - first) >> shift); };
  const auto spans = static_cast<std::size_t>((last - first) >> shift) + 1;
  std::fill_n(spans_.begin(), spans, 0);
  for (const PendingEvent& e : front_) ++spans_[span(e)];
  std::uint32_t end = 0;
  for (std::size_t s = 0; s < spans; ++s) spans_[s] = end += spans_[s];
  unsorted_.swap(front_);
  front_.clear();
  front_.add(count);
  for (std::size_t i = count; i-- > 0;) front_[--spans_[span(unsorted_[i])]] = unsorted_[i];
  for (std::size_t s = 0; s < spans; ++s) {  // now each says where its span begins
    PendingEvent* const from = front_.begin() + spans_[s];
    PendingEvent* const to = s + 1 < spans ? front_.begin() + spans_[s + 1] : front_.end();
    if (to - from <= static_cast<std::ptrdiff_t>(kFewInFront)) {
      insertion_sort(from, to);
    } else {
      std::sort(from, to, earlier);
    }
  }
}

// The wheel went farther than it should have: too much was scheduled since then for the time that it passed. It goes
// back, as little as leaves half of that near.
void EventQueue::spill() {
  const Time next = next_key().time;
  spilled_.clear();
  near_.list(spilled_);
  for (unsigned level = wheel_.taken_level(); level-- > 0;) {
    const Time cursor = wheel_.cursor_at(level, next);
    far_.clear();
    for (const PendingEvent& e : spilled_) {
      if (e.key.time > cursor) far_.push_back(e);
    }
    if (far_.size() * 2 < near_.size()) continue;
    for (const PendingEvent& e : far_) near_.remove(*e.event);
    while (tail_ > head_ && front_[tail_ - 1].key.time > cursor) {
      if (const PendingEvent e = front_[--tail_]; e.event != nullptr) far_.push_back(e);
      front_[tail_] = {};
    }
    wheel_.set_back(level, cursor);
    for (const PendingEvent& e : far_) wheel_.insert(*e.event, e.key);
    break;
  }
  spill_at_ = std::max(kFewNear, 2 * near_.size());
}

std::vector<std::pair<EventKey, Event*>> EventQueue::take_all() {
  PendingList rest;
  wheel_.take_all(rest);
  near_.list(rest);
  near_.clear();
  for (; head_ != tail_; ++head_) {
    if (front_[head_].event != nullptr) rest.push_back(front_[head_]);
  }
  wheel_.open();
  spill_at_ = kFewNear;
  size_ = 0;
  std::vector<std::pair<EventKey, Event*>> all;
  all.reserve(rest.size());
  for (const auto& [key, event] : rest) {
    event->queue_ = nullptr;
    all.emplace_back(key, event);
  }
  return all;
}

}  // namespace kamesim
