#include "sim/event_heap.h"

namespace kamesim {

namespace {

// Of four, without a branch.
const EventKey* least_of_group(const EventKey* k) {
  const EventKey* const a = k + (k[1] < k[0]);
  const EventKey* const b = k + 2 + (k[3] < k[2]);
  return *b < *a ? b : a;
}

}  // namespace

void EventHeap::push(Event& event, const EventKey& k) {
  if (hole_) {
    hole_ = false;
    return sift_down(0, k, &event);
  }
  const auto i = static_cast<std::uint32_t>(events_.size());
  events_.push_back(&event);
  if (keys_.size() < kRoot + kArity * (i / kArity + 2)) keys_.resize(kRoot + kArity * (i / kArity + 2), kNoEventKey);
  sift_up(i, k, &event);
}

void EventHeap::move(Event& event, const EventKey& k) {
  if (hole_) close_hole();
  const std::uint32_t i = event.place_ & Event::kIndex;
  if (k < key(i)) {
    sift_up(i, k, &event);
  } else {
    sift_down(i, k, &event);
  }
}

PendingEvent EventHeap::take_last() {
  const auto i = static_cast<std::uint32_t>(events_.size() - 1);
  const PendingEvent last{key(i), events_[i]};
  key(i) = kNoEventKey;
  events_.pop_back();
  return last;
}

void EventHeap::remove(Event& event) {
  if (hole_) close_hole();
  const std::uint32_t i = event.place_ & Event::kIndex;
  const PendingEvent last = take_last();
  if (last.event == &event) return;
  if (last.key < key(i)) {
    sift_up(i, last.key, last.event);
  } else {
    sift_down(i, last.key, last.event);
  }
}

void EventHeap::close_hole() {
  hole_ = false;
  const PendingEvent last = take_last();
  if (!events_.empty()) sift_down(0, last.key, last.event);
}

void EventHeap::list(PendingList& out) {
  if (hole_) close_hole();
  for (std::uint32_t i = 0; i < events_.size(); ++i) out.push_back({key(i), events_[i]});
}

void EventHeap::clear() {
  events_.clear();
  hole_ = false;
  keys_.assign(keys_.size(), kNoEventKey);
}

void EventHeap::sift_up(std::uint32_t i, const EventKey& k, Event* e) {
  while (i > 0) {
    const std::uint32_t parent = (i - 1) / kArity;
    if (!(k < key(parent))) break;
    place(i, key(parent), events_[parent]);
    i = parent;
  }
  place(i, k, e);
}

void EventHeap::sift_down(std::uint32_t i, const EventKey& k, Event* e) {
  EventKey* const keys = keys_.data() + kRoot;
  Event** const events = events_.data();
  const std::size_t n = events_.size();
  const EventKey sifted = k;
  std::size_t hole = i;
  for (std::size_t first = kArity * hole + 1; first < n; first = kArity * hole + 1) {
    const EventKey* const least = least_of_group(keys + first);
    if (!(*least < sifted)) break;
    const auto from = static_cast<std::size_t>(least - keys);
    Event* const moved = events[from];
    keys[hole] = *least;
    events[hole] = moved;
    moved->place_ = Event::kInNear | static_cast<std::uint32_t>(hole);
    hole = from;
  }
  place(static_cast<std::uint32_t>(hole), sifted, e);
}

}  // namespace kamesim
