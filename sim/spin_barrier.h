// A barrier for threads that meet every few microseconds: they spin, and sleep when it takes long.
#pragma once

#include <atomic>
#include <cstdint>

namespace kamesim {

class SpinBarrier {
 public:
  explicit SpinBarrier(std::uint32_t threads) : threads_(threads) {}

  void wait() {
    const std::uint32_t generation = generation_.load(std::memory_order_relaxed);
    if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 == threads_) {
      arrived_.store(0, std::memory_order_relaxed);
      generation_.store(generation + 1, std::memory_order_release);
      generation_.notify_all();
      return;
    }
    for (unsigned spins = 0; generation_.load(std::memory_order_acquire) == generation; ++spins) {
      if (spins < kSpins) {
        __builtin_ia32_pause();
      } else {
        generation_.wait(generation, std::memory_order_acquire);
      }
    }
  }

 private:
  static constexpr unsigned kSpins = 20'000;  // about a millisecond
  std::uint32_t threads_;
  alignas(64) std::atomic<std::uint32_t> arrived_ = 0;
  alignas(64) std::atomic<std::uint32_t> generation_ = 0;
};

}  // namespace kamesim
