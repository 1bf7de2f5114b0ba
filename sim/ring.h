// A FIFO that allocates nothing once it has grown to the most it had to hold.
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

namespace kamesim {

// T is default-constructed where nothing stands, and assigned from T() when it is taken out.
template <typename T>
class Ring {
 public:
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  // The oldest is number 0.
  T& operator[](std::size_t i) { return slots_[(head_ + i) & (slots_.size() - 1)]; }
  const T& operator[](std::size_t i) const { return slots_[(head_ + i) & (slots_.size() - 1)]; }
  T& front() { return (*this)[0]; }
  std::size_t heap_bytes() const { return slots_.capacity() * sizeof(T); }

  void push_back(T value) {
    if (size_ == slots_.size()) [[unlikely]] grow();
    (*this)[size_++] = std::move(value);
  }
  T pop_front() {
    T value = std::exchange(front(), T());
    head_ = (head_ + 1) & (slots_.size() - 1);
    --size_;
    return value;
  }
  T pop_back() { return std::exchange((*this)[--size_], T()); }

 private:
  void grow() {
    std::vector<T> larger(std::max<std::size_t>(4, slots_.size() * 2));
    for (std::size_t i = 0; i < size_; ++i) larger[i] = std::move((*this)[i]);
    slots_ = std::move(larger);
    head_ = 0;
  }

  std::vector<T> slots_;  // a power of two in number
  std::size_t head_ = 0, size_ = 0;
};

}  // namespace kamesim
