// How long a cache line takes from one thread to another: that says whether two virtual cores are two. Hyperthreads of one
// core share its caches, so that it takes a fraction of what it takes between cores. Prints one JSON object on one line.
// Usage: cores [passes=200000]
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <thread>

#include "tests/benchmarks/program.h"

namespace kamesim {
namespace {

constexpr int kSpins = 1'000;  // then the other one may need this core

void wait_for(const std::atomic<std::uint64_t>& value, std::uint64_t expected) {
  for (int spins = 0; value.load(std::memory_order_acquire) != expected; ++spins) {
    if (spins > kSpins) std::this_thread::yield();
  }
}

struct Ball {
  alignas(128) std::atomic<std::uint64_t> there = 0;
  alignas(128) std::atomic<std::uint64_t> back = 0;
};

int run(int argc, char** argv) {
  const std::uint64_t passes = argument(argc, argv, "passes", 200'000);
  const unsigned cores = std::thread::hardware_concurrency();
  if (cores < 2) {
    std::fprintf(stderr, "cores: this machine has one core; two are needed\n");
    return 1;
  }
  Ball ball;
  std::jthread other([&] {
    for (std::uint64_t i = 1; i <= passes; ++i) {
      wait_for(ball.there, i);
      ball.back.store(i, std::memory_order_release);
    }
  });
  const double began = real_time();
  for (std::uint64_t i = 1; i <= passes; ++i) {
    ball.there.store(i, std::memory_order_release);
    wait_for(ball.back, i);
  }
  const double each = (real_time() - began) / static_cast<double>(2 * passes);
  std::printf("{\"workload\": \"cores\", \"cores\": %u, \"passes\": %llu, \"ns_per_pass\": %.1f}\n", cores,
              static_cast<unsigned long long>(passes), each * 1e9);
  return 0;
}

}  // namespace
}  // namespace kamesim

int main(int argc, char** argv) { return kamesim::run(argc, argv); }
