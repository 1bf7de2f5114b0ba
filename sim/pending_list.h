// Pending events in an array that keeps its memory and leaves new places as they are: what is copied in next would only
// overwrite them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <utility>

#include "sim/event.h"

namespace kamesim {

class PendingList {
 public:
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  PendingEvent* begin() { return places_.get(); }
  PendingEvent* end() { return places_.get() + size_; }
  const PendingEvent* begin() const { return places_.get(); }
  const PendingEvent* end() const { return places_.get() + size_; }
  PendingEvent& operator[](std::size_t i) { return places_[i]; }
  const PendingEvent& operator[](std::size_t i) const { return places_[i]; }

  void clear() { size_ = 0; }
  void swap(PendingList& other) {
    places_.swap(other.places_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
  }
  // Room for n more behind the others, to be written by the caller. Moves the others.
  PendingEvent* add(std::size_t n) {
    if (size_ + n > capacity_) [[unlikely]] grow(size_ + n);
    size_ += n;
    return end() - n;
  }
  void push_back(const PendingEvent& event) { *add(1) = event; }

 private:
  void grow(std::size_t least) {
    capacity_ = std::max(least, 2 * capacity_);
    auto larger = std::make_unique_for_overwrite<PendingEvent[]>(capacity_);
    std::copy_n(places_.get(), size_, larger.get());
    places_ = std::move(larger);
  }

  std::unique_ptr<PendingEvent[]> places_;
  std::size_t size_ = 0, capacity_ = 0;
};

}  // namespace kamesim
