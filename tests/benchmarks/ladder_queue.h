// The ladder queue of Tang, Goh and Thng (ACM TOMACS 15, 2005), for comparison: Top is not sorted, each rung divides one
// bucket of the rung above it, Bottom is sorted. Buckets are lists through the events, so that cancelling is cheap.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "sim/event.h"

namespace kamesim {

class LadderQueue {
 public:
  struct List;
  struct Event {
    EventKey key;
    Event* previous = nullptr;
    Event* next = nullptr;
    List* list = nullptr;  // null: not pending, or in Bottom
    bool in_bottom = false;
  };
  struct List {
    Event* first = nullptr;
    std::size_t size = 0;
  };

  void schedule(Event& event, const EventKey& key, bool pending) {
    if (pending) cancel(event);
    event.key = key;
    enqueue(event);
  }

  void cancel(Event& event) {
    if (event.in_bottom) {
      bottom_.erase(std::ranges::find(bottom_, &event));
      event.in_bottom = false;
    } else {
      if (Rung* rung = rung_of(event); rung != nullptr) --rung->size;
      unlink(event);
    }
  }

  const EventKey& first_key() {
    while (bottom_.empty()) fill_bottom();
    return bottom_.back()->key;
  }
  Event& take_first() {
    while (bottom_.empty()) fill_bottom();
    Event& event = *bottom_.back();
    bottom_.pop_back();
    event.in_bottom = false;
    return event;
  }

 private:
  static constexpr std::size_t kThreshold = 50, kMaxRungs = 8;
  struct Rung {
    std::int64_t start = 0, width = 1;
    std::size_t current = 0, size = 0;
    std::vector<List> buckets;
    std::int64_t current_start() const { return start + width * static_cast<std::int64_t>(current); }
  };

  static void link(List& list, Event& event) {
    event.previous = nullptr;
    event.next = list.first;
    if (list.first != nullptr) list.first->previous = &event;
    list.first = &event;
    event.list = &list;
    ++list.size;
  }
  static void unlink(Event& event) {
    (event.previous != nullptr ? event.previous->next : event.list->first) = event.next;
    if (event.next != nullptr) event.next->previous = event.previous;
    --event.list->size;
    event.list = nullptr;
  }
  Rung* rung_of(const Event& event) {
    for (std::size_t r = 0; r < rungs_; ++r) {
      const auto& buckets = ladder_[r].buckets;
      if (event.list >= buckets.data() && event.list < buckets.data() + buckets.size()) return &ladder_[r];
    }
    return nullptr;
  }

  void enqueue(Event& event) {
    const std::int64_t t = event.key.time.ns();
    if (t >= top_start_) {
      if (top_.size == 0) top_min_ = top_max_ = t;
      top_min_ = std::min(top_min_, t);
      top_max_ = std::max(top_max_, t);
      return link(top_, event);
    }
    for (std::size_t r = 0; r < rungs_; ++r) {
      if (t >= ladder_[r].current_start()) return put(ladder_[r], event);
    }
    const auto later = [](const Event* a, const Event* b) { return b->key < a->key; };
    bottom_.insert(std::ranges::upper_bound(bottom_, &event, later), &event);
    event.in_bottom = true;
    if (bottom_.size() > kThreshold) divide_bottom();
  }
  static void put(Rung& rung, Event& event) {
    const auto bucket = static_cast<std::size_t>((event.key.time.ns() - rung.start) / rung.width);
    link(rung.buckets[bucket], event);
    ++rung.size;
  }

  // A rung for `count` events of [start, end).
  bool add_rung(std::int64_t start, std::int64_t end, std::size_t count) {
    if (rungs_ == kMaxRungs || end - start < 2) return false;
    if (ladder_.size() == rungs_) ladder_.emplace_back();
    Rung& rung = ladder_[rungs_++];
    rung.start = start;
    rung.width = (end - start) / static_cast<std::int64_t>(count) + 1;
    rung.current = rung.size = 0;
    rung.buckets.assign(static_cast<std::size_t>((end - start) / rung.width + 1), {});
    return true;
  }
  void divide_bottom() {
    const std::int64_t first = bottom_.back()->key.time.ns();
    const std::int64_t end = rungs_ > 0 ? ladder_[rungs_ - 1].current_start() : top_start_;
    if (!add_rung(first, end, bottom_.size())) return;
    for (Event* event : bottom_) {
      event->in_bottom = false;
      put(ladder_[rungs_ - 1], *event);
    }
    bottom_.clear();
  }
  void fill_bottom() {
    while (rungs_ > 0 && ladder_[rungs_ - 1].size == 0) --rungs_;
    if (rungs_ == 0) {
      top_start_ = top_max_ + 1;
      if (!add_rung(top_min_, top_start_, top_.size)) return to_bottom(top_);
      for (Event* event = top_.first; event != nullptr;) {
        Event* next = event->next;
        put(ladder_[0], *event);
        event = next;
      }
      top_ = {};
    }
    const std::size_t lowest = rungs_ - 1;
    Rung& rung = ladder_[lowest];
    while (rung.buckets[rung.current].size == 0) ++rung.current;
    List& bucket = rung.buckets[rung.current];
    const std::int64_t start = rung.current_start();
    const std::int64_t width = rung.width;
    ++rung.current;
    rung.size -= bucket.size;
    Event* event = bucket.first;
    if (bucket.size <= kThreshold || !add_rung(start, start + width, bucket.size)) return to_bottom(bucket);
    ladder_[lowest].buckets[ladder_[lowest].current - 1] = {};
    while (event != nullptr) {
      Event* next = event->next;
      put(ladder_[rungs_ - 1], *event);
      event = next;
    }
  }
  void to_bottom(List& list) {
    for (Event* event = list.first; event != nullptr; event = event->next) {
      event->list = nullptr;
      event->in_bottom = true;
      bottom_.push_back(event);
    }
    list = {};
    std::ranges::sort(bottom_, [](const Event* a, const Event* b) { return b->key < a->key; });
  }

  List top_;
  std::int64_t top_start_ = 0, top_min_ = 0, top_max_ = 0;
  std::vector<Rung> ladder_ = std::vector<Rung>(kMaxRungs);
  std::size_t rungs_ = 0;
  std::vector<Event*> bottom_;  // the last is the first to come
};

}  // namespace kamesim
