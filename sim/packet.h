// Frames and packets as contiguous wire bytes in pooled, reference-counted buffers.
//
// A `Packet` is a small owning handle: a window [begin, end) into a buffer with headroom before it, so that
// outer headers are prepended without moving the payload. `share()` makes a second handle to the same bytes
// (multicast); writing through a shared handle copies first. Handles are move-only, so a copy is always
// visible in the code. No member allocates from the heap once the pool is warm.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "sim/bytes.h"
#include "sim/pool.h"
#include "sim/prefetch.h"

namespace kamesim {

class PacketPool;

// What stands before a packet's bytes: one cache line.
struct PacketBuffer {
  static constexpr std::size_t kRoom = 48;
  static constexpr std::uint32_t kMostCapacity = (1u << 28) - 1;  // sixteen of the longest frames (kMaximumMtu)

  PacketPool* pool;
  std::uint32_t references;
  std::uint32_t capacity : 28;
  std::uint32_t size_class : 4;
  // For the only holder of the packet, what it has to note of it: a link, while the frame is under way; the pool, while
  // nobody uses the buffer.
  union {
    PacketBuffer* next_free;
    alignas(8) std::byte room[kRoom];
  };
  std::uint8_t* bytes() { return reinterpret_cast<std::uint8_t*>(this + 1); }
};
static_assert(sizeof(PacketBuffer) == Pool::kLine);

class Packet {
 public:
  // Enough for an Ethernet header and several nested IPv6 and extension headers. Of a packet whose payload begins behind
  // it, the headers of Ethernet, IPv6 and UDP (62 bytes) are in one cache line.
  static constexpr std::size_t kDefaultHeadroom = 192;

  Packet() = default;
  Packet(Packet&& o) noexcept
      : buffer_(std::exchange(o.buffer_, nullptr)), window_(o.window_) {}
  Packet& operator=(Packet&& o) noexcept {
    std::swap(buffer_, o.buffer_);
    std::swap(window_, o.window_);
    return *this;
  }
  Packet(const Packet&) = delete;
  Packet& operator=(const Packet&) = delete;
  ~Packet() {
    if (buffer_ != nullptr) release();
  }

  explicit operator bool() const { return buffer_ != nullptr; }
  std::size_t size() const { return end() - begin(); }
  const std::uint8_t* data() const { return buffer_->bytes() + begin(); }
  Bytes bytes() const { return {data(), size()}; }
  std::size_t headroom() const { return begin(); }
  // Asks for its headers to be brought near; touches nothing.
  void prefetch() const {
    __builtin_prefetch(data(), 1);
    __builtin_prefetch(data() + kHeaders, 1);
  }
  // Asks for all of it to be brought near, for writing; reads nothing but the handle.
  void prefetch_whole() const {
    if (buffer_ == nullptr) return;
    const std::uint8_t* const end = data() + std::min(size(), kMostPrefetched);
    for (const std::uint8_t* line = data(); line < end; line += Pool::kLine) prefetch_to_write(line);
    prefetch_to_write(end - 1);
  }
  // PacketBuffer::room, if no other handle shares the buffer; null otherwise, as of an empty handle.
  std::byte* room() const { return buffer_ != nullptr && buffer_->references == 1 ? buffer_->room : nullptr; }
  bool owns_room(const void* room) const { return buffer_ != nullptr && buffer_->room == room; }
  // What its buffer occupies.
  std::size_t footprint() const { return sizeof(PacketBuffer) + buffer_->capacity; }

  // The bytes for writing; copies first when another handle shares them.
  std::uint8_t* mutable_data() {
    if (buffer_->references != 1) unshare(kDefaultHeadroom);
    return buffer_->bytes() + begin();
  }
  MutableBytes mutable_bytes() { return {mutable_data(), size()}; }

  // A second handle to the same bytes.
  Packet share() const {
    ++buffer_->references;
    return Packet(buffer_, window_);
  }
  // A copy in a buffer of its own, with fresh headroom.
  Packet clone() const;

  // Grows at the front by n bytes of undefined content; returns the new first byte.
  std::uint8_t* prepend(std::size_t n) {
    if (buffer_->references != 1 || begin() < n) unshare(kDefaultHeadroom + n);
    window_ -= n;
    return buffer_->bytes() + begin();
  }
  // Grows at the back by n bytes of undefined content; returns the first of them.
  std::uint8_t* append(std::size_t n);
  // n must not exceed size().
  void trim_front(std::size_t n) { window_ += n; }
  void trim_back(std::size_t n) { window_ -= at_end(n); }
  // Whether no other handle shares the bytes.
  bool sole() const { return buffer_->references == 1; }
  void truncate(std::size_t size) {
    if (size < this->size()) trim_back(this->size() - size);
  }

 private:
  friend class PacketPool;
  static constexpr std::size_t kMostPrefetched = 2048;
  static constexpr std::size_t kHeaders = 53;  // to the last byte of IPv6's, behind Ethernet's
  Packet(PacketBuffer* buffer, std::uint64_t window) : buffer_(buffer), window_(window) {}
  static std::uint64_t at_end(std::size_t n) { return std::uint64_t{n} << 32; }
  std::uint32_t begin() const { return static_cast<std::uint32_t>(window_); }
  std::uint32_t end() const { return static_cast<std::uint32_t>(window_ >> 32); }
  void release();
  void unshare(std::size_t headroom);

  PacketBuffer* buffer_ = nullptr;
  // Its begin in the lower half, its end in the upper one. Handles are handed on as a whole, right after one of the two was
  // changed: a half that was just written cannot be read together with the other before it is in the cache.
  std::uint64_t window_ = 0;
};

// Buffers of one size in no one's use, one behind the other.
struct BufferList {
  PacketBuffer* first = nullptr;
  PacketBuffer* last = nullptr;
  std::size_t size_class = 0, count = 0;
};

// Free lists of buffers by size class. One pool serves one thread of a simulation; it must outlive the packets whose
// buffers it made. A buffer goes back to the pool that the running thread uses, and to the one that made it where
// nothing else is said: packets may cross to another thread if their handle is the only one.
class PacketPool {
 public:
  PacketPool() = default;
  ~PacketPool();
  PacketPool(const PacketPool&) = delete;
  PacketPool& operator=(const PacketPool&) = delete;

  // A packet of `size` bytes of undefined content, with `headroom` bytes before it.
  Packet allocate(std::size_t size, std::size_t headroom = Packet::kDefaultHeadroom);
  Packet copy_of(Bytes bytes, std::size_t headroom = Packet::kDefaultHeadroom);

  std::size_t buffers_in_use() const { return in_use_; }
  std::size_t buffers_allocated() const { return allocated_; }

  // What this thread gives buffers back to; null: to the pool that each came from.
  static void use_on_this_thread(PacketPool* pool) { of_this_thread_ = pool; }
  static bool used_on_this_thread() { return of_this_thread_ != nullptr; }
  // Buffers that crossed with frames return to where they are taken: up to `most` of the size that this pool has most of.
  BufferList take_spare(std::size_t most);
  void take_back(const BufferList& buffers);

 private:
  friend class Packet;
  // Whole cache lines with what stands before them.
  static constexpr std::array<std::uint32_t, 5> kCapacities = {576, 1088, 2368, 10304, 0};  // 0: exact, unpooled
  PacketBuffer* take(std::size_t capacity);
  void give_back(PacketBuffer* buffer);
  static PacketPool& responsible(const PacketBuffer& buffer) {
    return of_this_thread_ != nullptr ? *of_this_thread_ : *buffer.pool;
  }
  // A shared library's thread-local variables are slow to reach unless they are said to be there from the start.
  [[gnu::tls_model("initial-exec")]] static inline thread_local PacketPool* of_this_thread_ = nullptr;
  std::array<PacketBuffer*, kCapacities.size()> free_{};
  std::array<std::size_t, kCapacities.size()> free_count_{};
  std::size_t in_use_ = 0;
  std::size_t allocated_ = 0;
};

inline void Packet::release() {
  if (--buffer_->references == 0) PacketPool::responsible(*buffer_).give_back(buffer_);
}

inline void PacketPool::give_back(PacketBuffer* buffer) {
  --in_use_;
  if (kCapacities[buffer->size_class] == 0) {
    --allocated_;
    Pool::release(buffer, sizeof(PacketBuffer) + buffer->capacity, Pool::kLine);
    return;
  }
  buffer->next_free = free_[buffer->size_class];
  free_[buffer->size_class] = buffer;
  ++free_count_[buffer->size_class];
}

}  // namespace kamesim
