// A FIFO that allocates nothing once it has grown to the most it had to hold.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

namespace kamesim {

// T is default-constructed where nothing stands.
template <typename T>
class Ring {
 public:
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  // The oldest is number 0.
  T& operator[](std::size_t i) { return slots_[(head_ + i) & (room_ - 1)]; }
  const T& operator[](std::size_t i) const { return slots_[(head_ + i) & (room_ - 1)]; }
  T& front() { return (*this)[0]; }
  std::size_t heap_bytes() const { return room_ * sizeof(T); }

  void push_back(T value) { add() = std::move(value); }
  // A new last one, to be filled: it may be as one that was dropped.
  T& add() {
    if (size_ == room_) [[unlikely]] grow();
    return (*this)[size_++];
  }
  T pop_front() {
    T value = std::exchange(front(), T());
    drop_front();
    return value;
  }
  // The first, moved from or of no worth any more, leaves its place as it stands.
  void drop_front() {
    head_ = (head_ + 1) & (room_ - 1);
    --size_;
  }
  T pop_back() { return std::exchange((*this)[--size_], T()); }

 private:
  void grow() {
    const std::uint32_t room = std::max(4u, 2 * room_);
    auto larger = std::make_unique<T[]>(room);
    for (std::size_t i = 0; i < size_; ++i) larger[i] = std::move((*this)[i]);
    slots_ = std::move(larger);
    head_ = 0;
    room_ = room;
  }

  std::unique_ptr<T[]> slots_;
  std::uint32_t room_ = 0;  // a power of two
  std::uint32_t head_ = 0, size_ = 0;
};

}  // namespace kamesim
