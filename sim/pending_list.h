// Pending events in an array that leaves new places as they are: what is copied in next would only overwrite them. It keeps
// its memory, but for that of a peak that was the only one for a long time, as when all nodes of a network start at once.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "sim/event.h"

namespace kamesim {

class PendingList {
 public:
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  std::size_t capacity() const { return capacity_; }
  PendingEvent* begin() { return places_.get(); }
  PendingEvent* end() { return places_.get() + size_; }
  const PendingEvent* begin() const { return places_.get(); }
  const PendingEvent* end() const { return places_.get() + size_; }
  PendingEvent& operator[](std::size_t i) { return places_[i]; }
  const PendingEvent& operator[](std::size_t i) const { return places_[i]; }

  void clear() {
    calm_ = size_ * kMuchLess < capacity_ ? calm_ + 1 : 0;
    size_ = 0;
    if (calm_ > kLongCalm && capacity_ > kKept) [[unlikely]] *this = PendingList();
  }
  void swap(PendingList& other) {
    places_.swap(other.places_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
    std::swap(calm_, other.calm_);
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

  static constexpr std::size_t kKept = 4096, kMuchLess = 8;
  static constexpr std::uint32_t kLongCalm = 1000;  // times that it was cleared

  std::unique_ptr<PendingEvent[]> places_;
  std::size_t size_ = 0, capacity_ = 0;
  std::uint32_t calm_ = 0;  // how often it was cleared since much of it was full
};

}  // namespace kamesim
