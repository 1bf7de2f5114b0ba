#include "sim/pool.h"

#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <mutex>
#include <new>
#include <utility>
#include <vector>

namespace kamesim {

namespace {

// Address Sanitizer sees what is wrong with a block only if it comes from its own heap.
#if defined(__SANITIZE_ADDRESS__)
constexpr bool kUseHeap = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
constexpr bool kUseHeap = true;
#else
constexpr bool kUseHeap = false;
#endif
#else
constexpr bool kUseHeap = false;
#endif

// Of a process with one small network, or of a run's thread. A large page that nothing has touched since the machine began
// takes some virtual machines 9 ms to get.
constexpr std::size_t kFirstChunk = 1 << 16;
constexpr std::size_t kLargePage = 1 << 21;   // of x86-64, and a chunk's size once there were smaller ones

// The pool of one thread: what was released by size, and what was never used.
class Blocks {
 public:
  void* take(std::size_t bytes, bool lines) {
    const std::size_t size = rounded(bytes, lines);
    Free*& free = list(size, lines);
    if (free != nullptr) {
      void* block = free;
      free = free->next;
      return block;
    }
    Rest& rest = lines ? lines_rest_ : small_rest_;
    if (rest.next + size > rest.end) [[unlikely]] add_chunk(rest);
    return std::exchange(rest.next, rest.next + size);
  }
  void give_back(void* block, std::size_t bytes, bool lines) {
    Free*& free = list(rounded(bytes, lines), lines);
    free = new (block) Free{free};
  }

 private:
  struct Free {
    Free* next;
  };
  // What was never used of a chunk. Whole lines have chunks of their own, or there would be gaps between them and others.
  struct Rest {
    std::byte* next = nullptr;
    std::byte* end = nullptr;
  };

  static std::size_t up(std::size_t value, std::size_t step) { return (value + step - 1) / step * step; }
  static std::size_t rounded(std::size_t bytes, bool lines) {
    const std::size_t step = lines ? Pool::kLine : Pool::kAlignment;
    return up(std::max<std::size_t>(bytes, 1), step);
  }
  Free*& list(std::size_t size, bool lines) {
    return lines ? lines_[size / Pool::kLine] : small_[size / Pool::kAlignment];
  }
  void add_chunk(Rest& rest) {
    auto* chunk = static_cast<std::byte*>(std::aligned_alloc(chunk_bytes_, chunk_bytes_));
    if (chunk == nullptr) throw std::bad_alloc();
    // The system may not have large pages: it is asked, not told.
    if (chunk_bytes_ == kLargePage) madvise(chunk, chunk_bytes_, MADV_HUGEPAGE);
    rest = {chunk, chunk + chunk_bytes_};
    chunk_bytes_ = std::min(chunk_bytes_ * 2, kLargePage);
  }

  Rest small_rest_, lines_rest_;
  std::size_t chunk_bytes_ = kFirstChunk;
  std::array<Free*, Pool::kLargestUnaligned / Pool::kAlignment + 1> small_{};
  std::array<Free*, Pool::kLargest / Pool::kLine + 1> lines_{};
};

// The pools of threads that have ended: the next ones go on with them. Never destroyed, as objects may outlive anything.
struct Unused {
  std::mutex mutex;
  std::vector<Blocks*> pools;
};

Unused& unused() {
  static auto* const instance = new Unused;
  return *instance;
}

// As in sim/packet.h: a shared library reaches it slowly unless it is said to be there from the start.
[[gnu::tls_model("initial-exec")]] constinit thread_local Blocks* of_thread = nullptr;

// Gives the thread's pool back when the thread ends.
struct Return {
  ~Return() {
    const std::lock_guard lock(unused().mutex);
    unused().pools.push_back(of_thread);
    of_thread = nullptr;
  }
};

[[gnu::noinline]] Blocks& take_pool() {
  const std::lock_guard lock(unused().mutex);
  if (unused().pools.empty()) {
    of_thread = new Blocks;
  } else {
    of_thread = unused().pools.back();
    unused().pools.pop_back();
  }
  // Made once a thread. What is released after the thread has left its pool gets one that is not given back any more.
  [[maybe_unused]] static thread_local const Return at_end;
  return *of_thread;
}

Blocks& of_this_thread() { return of_thread != nullptr ? *of_thread : take_pool(); }

}  // namespace

void* Pool::allocate(std::size_t bytes, std::size_t alignment) {
  if (kUseHeap || bytes > kLargest) return ::operator new(bytes, std::align_val_t(kLine));
  return of_this_thread().take(bytes, alignment > kAlignment || bytes > kLargestUnaligned);
}

void Pool::release(void* block, std::size_t bytes, std::size_t alignment) noexcept {
  if (block == nullptr) return;
  if (kUseHeap || bytes > kLargest) return ::operator delete(block, std::align_val_t(kLine));
  of_this_thread().give_back(block, bytes, alignment > kAlignment || bytes > kLargestUnaligned);
}

}  // namespace kamesim
