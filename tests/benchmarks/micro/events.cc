// The event queue and timers, by how many are pending.
#include <benchmark/benchmark.h>

#include <cmath>
#include <cstdint>
#include <memory>
#include <random>
#include <vector>

#include "sim/node.h"
#include "sim/simulation.h"
#include "sim/timer.h"

namespace kamesim {
namespace {

constexpr std::size_t kTable = 1 << 16;

// Exponential lengths of time (mean 1 s), drawn ahead.
class Draws {
 public:
  Draws() {
    std::mt19937_64 random(1);
    std::exponential_distribution<double> exponential(1.0);
    for (Duration& d : drawn_) d = Duration::nanoseconds(1 + std::llround(exponential(random) * 1e9));
  }
  Duration next() { return drawn_[next_++ & (kTable - 1)]; }

 private:
  std::vector<Duration> drawn_ = std::vector<Duration>(kTable);
  std::size_t next_ = 0;
};

struct Ticker {
  Ticker(Node& node, Draws& draws) : draws(draws), timer(Timer::to<&Ticker::fire>(node, *this)) { fire(); }
  void fire() { timer.arm_in(draws.next()); }
  Draws& draws;
  Timer timer;
};

struct Tickers {
  explicit Tickers(std::int64_t count) {
    for (std::int64_t i = 0; i < count; ++i) all.push_back(std::make_unique<Ticker>(node, draws));
  }
  // One of them, in an order that the cache cannot follow.
  Timer& any() { return all[(at += 0x9e3779b97f4a7c15) % all.size()]->timer; }
  Simulation simulation{1};
  Node& node = simulation.add_node("n");
  Draws draws;
  std::vector<std::unique_ptr<Ticker>> all;
  std::uint64_t at = 0;
};

// The first event is taken out and fires; its timer arms itself again.
void fire_and_arm(benchmark::State& state) {
  Tickers tickers(state.range(0));
  for (auto _ : state) tickers.simulation.step(Time::max());
}
BENCHMARK(fire_and_arm)->Arg(10)->Arg(100)->Arg(10'000)->Arg(1'000'000);

// A timer that is pending moves to another time, as a retransmission timer does at each acknowledgment.
void arm_again(benchmark::State& state) {
  Tickers tickers(state.range(0));
  for (auto _ : state) tickers.any().arm_in(tickers.draws.next());
}
BENCHMARK(arm_again)->Arg(100)->Arg(10'000)->Arg(1'000'000);

void cancel_and_arm(benchmark::State& state) {
  Tickers tickers(state.range(0));
  for (auto _ : state) {
    Timer& timer = tickers.any();
    timer.cancel();
    timer.arm_in(tickers.draws.next());
  }
}
BENCHMARK(cancel_and_arm)->Arg(100)->Arg(10'000)->Arg(1'000'000);

// A deadline that is the same as before: nothing has to move.
void arm_for_the_same_time(benchmark::State& state) {
  Tickers tickers(state.range(0));
  Timer& timer = tickers.any();
  const std::optional<Time> deadline = timer.expiry();
  for (auto _ : state) timer.arm_at(deadline);
}
BENCHMARK(arm_for_the_same_time)->Arg(10'000);

}  // namespace
}  // namespace kamesim
