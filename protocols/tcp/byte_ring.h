// A queue of octets in a circular buffer that grows, by doubling, as far as it is used. Besides appending, octets may
// be placed ahead of the end, as a reassembly queue does: they become part of the queue when the gap has been filled
// and the end moves over them.
#pragma once

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>

#include "sim/bytes.h"

namespace kamesim {

class ByteRing {
 public:
  ByteRing() = default;

  // The octets queued, those placed ahead not among them.
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  std::size_t capacity() const { return capacity_; }

  // Puts octets `offset` behind the front, where offset >= size() or it overwrites. The end does not move.
  // `extent` is how far from the front octets have been placed so far: they survive a growth.
  void place(std::size_t offset, Bytes bytes, std::size_t extent) {
    const std::size_t needed = offset + bytes.size();
    if (needed > capacity_) grow(needed, std::max(extent, size_));
    const std::size_t at = index(offset);
    const std::size_t first = std::min(bytes.size(), capacity_ - at);
    if (first != 0) std::memcpy(data_.get() + at, bytes.data(), first);
    if (first != bytes.size()) std::memcpy(data_.get(), bytes.data() + first, bytes.size() - first);
  }
  // The end moves over n octets that have been placed behind it.
  void extend(std::size_t n) {
    size_ += n;
    assert(size_ <= capacity_);
  }
  void append(Bytes bytes) {
    place(size_, bytes, size_);
    extend(bytes.size());
  }

  // Copies n octets from `offset` behind the front. offset + n <= size().
  void copy_out(std::size_t offset, std::uint8_t* out, std::size_t n) const {
    assert(offset + n <= size_);
    if (n == 0) return;
    const std::size_t at = index(offset);
    const std::size_t first = std::min(n, capacity_ - at);
    std::memcpy(out, data_.get() + at, first);
    if (first != n) std::memcpy(out + first, data_.get(), n - first);
  }
  // What stands at the front in one piece: all of it, unless it wraps.
  Bytes front() const { return {data_.get() + head_, std::min(size_, capacity_ - head_)}; }
  void pop_front(std::size_t n) {
    assert(n <= size_);
    size_ -= n;
    head_ = capacity_ == 0 ? 0 : (head_ + n) & (capacity_ - 1);
  }
  // Room for up to n octets behind the end in one piece, to be filled and then taken up by extend().
  MutableBytes room(std::size_t n) {
    if (n == 0) return {};
    if (size_ == capacity_) grow(size_ + n, size_);
    const std::size_t at = index(size_);
    return {data_.get() + at, std::min({n, capacity_ - at, capacity_ - size_})};
  }
  // Gives the memory back.
  void reset() {
    data_.reset();
    capacity_ = head_ = size_ = 0;
  }

 private:
  static constexpr std::size_t kFirstCapacity = 4096;

  std::size_t index(std::size_t offset) const { return capacity_ == 0 ? 0 : (head_ + offset) & (capacity_ - 1); }
  void grow(std::size_t needed, std::size_t extent) {
    const std::size_t capacity = std::bit_ceil(std::max(needed, kFirstCapacity));
    auto data = std::make_unique_for_overwrite<std::uint8_t[]>(capacity);
    if (extent != 0) {
      const std::size_t first = std::min(extent, capacity_ - head_);
      std::memcpy(data.get(), data_.get() + head_, first);
      std::memcpy(data.get() + first, data_.get(), extent - first);
    }
    data_ = std::move(data);
    capacity_ = capacity;
    head_ = 0;
  }

  std::unique_ptr<std::uint8_t[]> data_;
  std::size_t capacity_ = 0;  // zero, or a power of two
  std::size_t head_ = 0;
  std::size_t size_ = 0;
};

}  // namespace kamesim
