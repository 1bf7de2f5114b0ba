// A FIFO that allocates nothing once it has grown to the most it had to hold.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "sim/pool.h"

namespace kamesim {

// T is default-constructed where nothing stands.
template <typename T>
class Ring {
 public:
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  // The oldest is number 0.
  T& operator[](std::size_t i) { return slots_[(head_ + i) & (room() - 1)]; }
  const T& operator[](std::size_t i) const { return slots_[(head_ + i) & (room() - 1)]; }
  T& front() { return (*this)[0]; }
  std::size_t heap_bytes() const { return room() * sizeof(T); }

  void push_back(T value) { add() = std::move(value); }
  // A new last one, to be filled: it may be as one that was dropped.
  T& add() {
    if (size_ == room()) [[unlikely]] grow();
    return (*this)[size_++];
  }
  T pop_front() {
    T value = std::exchange(front(), T());
    drop_front();
    return value;
  }
  // The first, moved from or of no worth any more, leaves its place as it stands.
  void drop_front() {
    head_ = (head_ + 1) & (room() - 1);
    --size_;
  }
  T pop_back() { return std::exchange((*this)[--size_], T()); }

 private:
  struct Release {
    std::uint32_t room = 0;  // a power of two
    void operator()(T* slots) const {
      std::destroy_n(slots, room);
      Pool::release(slots, room * sizeof(T), alignof(T));
    }
  };
  std::uint32_t room() const { return slots_.get_deleter().room; }
  void grow() {
    const std::uint32_t larger = std::max(4u, 2 * room());
    std::unique_ptr<T[], Release> slots(static_cast<T*>(Pool::allocate(larger * sizeof(T), alignof(T))), Release{larger});
    std::uninitialized_value_construct_n(slots.get(), larger);
    for (std::size_t i = 0; i < size_; ++i) slots[i] = std::move((*this)[i]);
    slots_ = std::move(slots);
    head_ = 0;
  }

  std::unique_ptr<T[], Release> slots_;
  std::uint32_t head_ = 0, size_ = 0;
};

}  // namespace kamesim
