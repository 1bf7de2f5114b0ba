// Memory for what networks consist of: the small objects of nodes, and packets. They are many, mostly made together and
// kept: they take no more than their size, lie one behind the other as they were made, so that those of one node are near
// each other, and in large pages, which are set up, and found by the processor, with less effort. What is released serves
// objects of the same size.
//
// Each thread has a pool of its own, so that nothing is locked; what one thread allocated another may release. Pools
// outlive simulations as the heap does.
#pragma once

#include <cstddef>
#include <new>
#include <vector>

namespace kamesim {

class Pool {
 public:
  static constexpr std::size_t kLargest = 1 << 15;  // what is larger comes from the heap
  static constexpr std::size_t kAlignment = 8, kLine = 64;
  static constexpr std::size_t kLargestUnaligned = 512;  // what is larger begins at a cache line, as if kLine were asked for

  static void* allocate(std::size_t bytes, std::size_t alignment = kAlignment);
  static void release(void* block, std::size_t bytes, std::size_t alignment = kAlignment) noexcept;
};

// Objects of classes derived from this come from the pool.
class Pooled {
 public:
  static void* operator new(std::size_t bytes) { return Pool::allocate(bytes); }
  static void operator delete(void* block, std::size_t bytes) { Pool::release(block, bytes); }
  static void* operator new(std::size_t bytes, std::align_val_t alignment) {
    return Pool::allocate(bytes, static_cast<std::size_t>(alignment));
  }
  static void operator delete(void* block, std::size_t bytes, std::align_val_t alignment) {
    Pool::release(block, bytes, static_cast<std::size_t>(alignment));
  }
};

template <typename T>
struct PoolAllocator {
  using value_type = T;
  static_assert(alignof(T) <= Pool::kLine);

  PoolAllocator() = default;
  template <typename U>
  PoolAllocator(const PoolAllocator<U>&) {}  // NOLINT: as allocators are converted
  T* allocate(std::size_t count) { return static_cast<T*>(Pool::allocate(count * sizeof(T), alignof(T))); }
  void deallocate(T* block, std::size_t count) { Pool::release(block, count * sizeof(T), alignof(T)); }
  friend bool operator==(const PoolAllocator&, const PoolAllocator&) { return true; }
};

template <typename T>
using PoolVector = std::vector<T, PoolAllocator<T>>;

}  // namespace kamesim
