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

// The next event is at its last step, those behind it at earlier ones.
void EventQueue::look_ahead() const {
  const auto prepare = [this](unsigned step) {
    const Event* const event = head_[Event::kSteps - 1 - step].event;
    if (event == nullptr) return;
    if (const Event::Steps* const steps = event->kind_->prepare; steps != nullptr) steps->step[step](*event);
  };
  static_assert(Event::kSteps == 4);
  prepare(0);
  prepare(1);
  prepare(2);
  prepare(3);
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
  front_.begin()[event.place_ & Event::kIndex].event = nullptr;
  skip_cancelled();
}

void EventQueue::refill() {
  if (size_ == 0) return;
  front_.clear();
  wheel_.take_next(front_);
  some_prepare_ = false;
  arrange_front(0);
  spill_at_ = kFewNear;
}

// Before all are gone, so that the next ones are prepared in time as well.
void EventQueue::top_up() {
  if (!wheel_.next_is_soon()) {
    low_ = tail_ + 1;  // they are taken when none is left
    return;
  }
  std::array<PendingEvent, Event::kSteps> left;
  std::size_t count = 0;
  for (const PendingEvent* e = head_; e != tail_; ++e) {
    if (e->event != nullptr) left[count++] = *e;
  }
  front_.clear();
  std::copy_n(left.begin(), count, front_.add(count));
  wheel_.take_next(front_);
  arrange_front(count);
}

// What was taken from the wheel is behind so many that are earlier, and sorted.
void EventQueue::arrange_front(std::size_t sorted) {
  for (const PendingEvent* e = front_.begin() + sorted; e != front_.end(); ++e) {
    __builtin_prefetch(e->event, 1);
    __builtin_prefetch(reinterpret_cast<const char*>(e->event) + kBehindEvent, 1);
  }
  sort_front(sorted);
  std::uint32_t place = Event::kInFront;
  for (const PendingEvent& e : front_) {
    e.event->place_ = place++;
    some_prepare_ |= e.event->kind_->prepare != nullptr;
  }
  set_front();
  if (wheel_.empty()) wheel_.open();
}

// With places behind it that may be looked at.
void EventQueue::set_front() {
  constexpr std::size_t kBehind = Event::kSteps + 1;
  const std::size_t count = front_.size();
  std::fill_n(front_.add(kBehind), kBehind, PendingEvent{});
  head_ = front_.begin();
  tail_ = head_ + count;
  low_ = count >= Event::kSteps ? tail_ - (Event::kSteps - 1) : head_ + 1;
}

// Spreads them over spans of the time that the wheel has passed, somewhat more than there are events, and sorts within
// each: few branches of that cannot be foreseen, as those of comparisons cannot.
void EventQueue::sort_front(std::size_t sorted) {
  const std::size_t count = front_.size() - sorted;
  if (count <= kFewInFront) return insertion_sort(front_.begin() + sorted, front_.end());
  if (std::is_sorted(front_.begin() + sorted, front_.end(), earlier)) return;

  const std::int64_t first = wheel_.taken_from().ns(), last = wheel_.cursor().ns();
  const int bits = static_cast<int>(std::bit_width(static_cast<std::uint64_t>(last - first)));
  const int shift = std::max(bits - std::min(static_cast<int>(std::bit_width(count)) + 1, kMostSpanBits), 0);
  const auto span = [&](const PendingEvent& e) { return static_cast<std::size_t>((e.key.time.ns() - first) >> shift); };
  const auto spans = static_cast<std::size_t>((last - first) >> shift) + 1;
  std::fill_n(spans_.begin(), spans, 0);
  for (std::size_t i = sorted; i < front_.size(); ++i) ++spans_[span(front_[i])];
  auto end = static_cast<std::uint32_t>(sorted);
  std::uint32_t most = 0;
  for (std::size_t s = 0; s < spans; ++s) {
    most = std::max(most, spans_[s]);
    spans_[s] = end += spans_[s];
  }
  unsorted_.swap(front_);
  front_.clear();
  std::copy_n(unsorted_.begin(), sorted, front_.add(unsorted_.size()));
  for (std::size_t i = unsorted_.size(); i-- > sorted;) front_[--spans_[span(unsorted_[i])]] = unsorted_[i];
  if (most <= kFewInFront) return insertion_sort(front_.begin() + sorted, front_.end());
  for (std::size_t s = 0; s < spans; ++s) {  // now each says where its span begins
    std::sort(front_.begin() + spans_[s], s + 1 < spans ? front_.begin() + spans_[s + 1] : front_.end(), earlier);
  }
}

// All are near, and the wheel may begin anywhere.
void EventQueue::start_over() {
  far_.clear();
  wheel_.take_all(far_);
  take_front(far_);
  wheel_.open();
  for (const PendingEvent& e : far_) near_.push(*e.event, e.key);
}

// Adds what is in front, which then is empty.
void EventQueue::take_front(PendingList& out) {
  for (; head_ != tail_; ++head_) {
    if (head_->event != nullptr) out.push_back(*head_);
  }
}

// So many are near (kFewNear) that the wheel does better: a tournament takes a comparison more an event whenever their number
// doubles, and what many touch is less often in the cache when it is not prepared.
// The wheel went farther than it should have: too much was scheduled since then for the time that it passed. It goes
// back, as little as leaves half of that near; and again, if that is many. It cannot go back before what it gave out last:
// where it had nothing to give but the timers of a distant time, and now much comes before these, it begins anew; not for
// a few, as that takes a look at all.
void EventQueue::spill() {
  const Time next = next_key().time;
  // What was still left in front when more was taken is earlier than that, too.
  const bool far_off = next < wheel_.taken_from() && !(head_->key.time < wheel_.taken_from());
  if (far_off && near_.size() * kTimesNear >= size_) start_over();
  spilled_.clear();
  near_.list(spilled_);
  for (unsigned level = std::min(wheel_.taken_level() + 1, TimingWheel::kLevels); level-- > 0;) {
    const Time cursor = wheel_.cursor_at(level, next);
    far_.clear();
    for (const PendingEvent& e : spilled_) {
      if (e.key.time > cursor) far_.push_back(e);
    }
    if (far_.size() * 2 < near_.size()) continue;
    for (const PendingEvent& e : far_) near_.remove(*e.event);
    while (tail_ > head_ && tail_[-1].key.time > cursor) {
      if (const PendingEvent e = *--tail_; e.event != nullptr) far_.push_back(e);
      *tail_ = {};
    }
    wheel_.set_back(level, cursor);
    for (const PendingEvent& e : far_) wheel_.insert(*e.event, e.key);
    if (near_.size() <= kFewNear) break;
    spilled_.clear();
    near_.list(spilled_);
  }
  // If they are many still, they are of one time: there is no use in trying again soon.
  spill_at_ = near_.size() <= kFewNear ? kFewNear : 2 * near_.size();
}

std::vector<std::pair<EventKey, Event*>> EventQueue::take_all() {
  PendingList rest;
  take_front(rest);
  near_.list(rest);
  near_.clear();
  wheel_.take_all(rest);
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
