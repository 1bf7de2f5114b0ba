#include "sim/event_queue.h"

#include <algorithm>

namespace kamesim {

namespace {
constexpr std::uint32_t kArity = 4;
}

EventQueue::~EventQueue() {
  for (Event* event : events_) event->queue_ = nullptr;
}

void EventQueue::schedule(Event& event, EventKey k) {
  if (event.queue_ != nullptr) {
    const std::uint32_t i = event.slot_;
    if (k < key(i)) {
      sift_up(i, k, &event);
    } else {
      sift_down(i, k, &event);
    }
    return;
  }
  event.queue_ = this;
  const auto i = static_cast<std::uint32_t>(events_.size());
  events_.push_back(&event);
  keys_.push_back(k);
  sift_up(i, k, &event);
}

void EventQueue::cancel(Event& event) {
  if (event.queue_ == nullptr) return;
  const std::uint32_t i = event.slot_;
  event.queue_ = nullptr;
  const EventKey last_key = keys_.back();
  Event* last = events_.back();
  keys_.pop_back();
  events_.pop_back();
  if (last == &event) return;
  if (last_key < key(i)) {
    sift_up(i, last_key, last);
  } else {
    sift_down(i, last_key, last);
  }
}

std::vector<std::pair<EventKey, Event*>> EventQueue::take_all() {
  std::vector<std::pair<EventKey, Event*>> all;
  all.reserve(events_.size());
  for (std::uint32_t i = 0; i < events_.size(); ++i) {
    all.emplace_back(key(i), events_[i]);
    events_[i]->queue_ = nullptr;
  }
  events_.clear();
  keys_.resize(kRoot);
  return all;
}

void EventQueue::remove_root() {
  const EventKey last_key = keys_.back();
  Event* last = events_.back();
  keys_.pop_back();
  events_.pop_back();
  if (!events_.empty()) sift_down(0, last_key, last);
}

void EventQueue::sift_up(std::uint32_t i, const EventKey& k, Event* e) {
  while (i > 0) {
    const std::uint32_t parent = (i - 1) / kArity;
    if (!(k < key(parent))) break;
    place(i, key(parent), events_[parent]);
    i = parent;
  }
  place(i, k, e);
}

void EventQueue::sift_down(std::uint32_t i, const EventKey& k, Event* e) {
  const auto n = static_cast<std::uint32_t>(events_.size());
  for (;;) {
    const std::uint32_t first = kArity * i + 1;
    if (first >= n) break;
    const std::uint32_t end = std::min(first + kArity, n);
    std::uint32_t best = first;
    for (std::uint32_t c = first + 1; c < end; ++c) {
      if (key(c) < key(best)) best = c;
    }
    if (!(key(best) < k)) break;
    place(i, key(best), events_[best]);
    i = best;
  }
  place(i, k, e);
}

}  // namespace kamesim
