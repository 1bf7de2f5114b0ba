// A list that has room for a few elements in itself and goes to the heap beyond that: for what there are one or two of
// on most nodes, where a std::vector would cost 24 bytes and a block of the heap.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>
#include <utility>

#include "sim/pool.h"

namespace kamesim {

// T is copied as bytes.
template <typename T, std::size_t kInline>
class SmallVector {
  static_assert(std::is_trivially_copyable_v<T>);
  static_assert(alignof(T) <= Pool::kAlignment);

 public:
  SmallVector() : heap_(nullptr) {}
  ~SmallVector() { release(); }
  SmallVector(const SmallVector&) = delete;
  SmallVector& operator=(const SmallVector&) = delete;

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  T* data() { return capacity_ > kInline ? heap_ : inline_; }
  const T* data() const { return capacity_ > kInline ? heap_ : inline_; }
  T* begin() { return data(); }
  T* end() { return data() + size_; }
  const T* begin() const { return data(); }
  const T* end() const { return data() + size_; }
  T& operator[](std::size_t i) { return data()[i]; }
  const T& operator[](std::size_t i) const { return data()[i]; }
  T& back() { return data()[size_ - 1]; }
  // Of the heap, beyond the object itself.
  std::size_t heap_bytes() const { return capacity_ > kInline ? capacity_ * sizeof(T) : 0; }

  void push_back(const T& value) {
    const T kept = value;  // it may be an element of this list
    if (size_ == capacity_) [[unlikely]] grow();
    data()[size_++] = kept;
  }
  void insert(std::size_t place, const T& value) {
    push_back(value);
    std::rotate(begin() + place, end() - 1, end());
  }
  void erase(T* place) { erase(place, place + 1); }
  void erase(T* from, T* to) {
    std::memmove(static_cast<void*>(from), to, static_cast<std::size_t>(end() - to) * sizeof(T));
    size_ -= static_cast<std::uint32_t>(to - from);
  }
  void clear() {
    release();
    size_ = 0;
    capacity_ = kInline;
  }

 private:
  void grow() {
    // Long ones by a quarter: on many nodes, what they have too much adds up.
    const std::uint32_t larger = capacity_ < kLong ? capacity_ * 2 : capacity_ + capacity_ / 4;
    T* block = static_cast<T*>(Pool::allocate(larger * sizeof(T)));
    std::memcpy(static_cast<void*>(block), data(), size_ * sizeof(T));
    release();
    heap_ = block;
    capacity_ = larger;
  }
  void release() {
    if (capacity_ > kInline) Pool::release(heap_, capacity_ * sizeof(T));
  }

  static constexpr std::uint32_t kLong = 16;

  std::uint32_t size_ = 0;
  std::uint32_t capacity_ = kInline;
  union {
    T* heap_;
    T inline_[kInline];
  };
};

}  // namespace kamesim
