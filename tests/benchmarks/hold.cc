// The HOLD model: K timers that arm themselves again, with exponential increments (mean 1 s), on the simulation's event
// queue. The same workload as ns3/hold.cpp; prints one JSON object on one line.
// Usage: hold [pending=1000] [events=2000000]
#include <cmath>
#include <cstdio>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "sim/node.h"
#include "sim/pool.h"
#include "sim/simulation.h"
#include "sim/timer.h"
#include "tests/benchmarks/program.h"

namespace kamesim {
namespace {

constexpr std::uint32_t kTable = 1 << 16;  // drawing an increment costs next to nothing

struct Hold {
  std::vector<Duration> increments;
  std::uint32_t next = 0;
  std::uint64_t left = 0;
  Simulation* simulation = nullptr;
  Duration draw() { return increments[next++ & (kTable - 1)]; }
};

// From the pool, as all that has timers in a network.
struct alignas(Pool::kLine) Held : Pooled {
  Held(Node& node, Hold& hold) : hold_(hold), timer(Timer::to<&Held::fire>(node, *this)) {}
  void fire() {
    if (--hold_.left == 0) hold_.simulation->stop();
    timer.arm_in(hold_.draw());
  }
  Hold& hold_;
  Timer timer;
};

int run(int argc, char** argv) {
  const std::uint64_t pending = argument(argc, argv, "pending", 1000);
  const std::uint64_t events = argument(argc, argv, "events", 2'000'000);
  std::mt19937_64 random(1);
  std::exponential_distribution<double> exponential(1.0);
  const auto increment = [&] { return Duration::nanoseconds(1 + std::llround(exponential(random) * 1e9)); };

  Simulation simulation(1);
  Node& node = simulation.add_node("n");
  Hold hold{.simulation = &simulation};
  for (std::uint32_t i = 0; i < kTable; ++i) hold.increments.push_back(increment());
  std::vector<std::unique_ptr<Held>> timers;
  timers.reserve(pending);
  for (std::uint64_t i = 0; i < pending; ++i) {
    timers.push_back(std::make_unique<Held>(node, hold));
    timers.back()->timer.arm_in(increment());
  }
  const auto measure = [&](std::uint64_t count) {
    hold.left = count;
    const double before = user_cpu();
    simulation.run_until(Time::max());
    return user_cpu() - before;
  };
  measure(pending + events / 10);  // the fill is forgotten
  const double cpu = measure(events);
  std::printf("{\"workload\": \"hold\", \"pending\": %llu, \"events\": %llu, \"run_cpu_s\": %.4f, "
              "\"events_per_cpu_s\": %.0f, \"events_fired\": %llu}\n",
              static_cast<unsigned long long>(pending), static_cast<unsigned long long>(events), cpu,
              static_cast<double>(events) / cpu,
              static_cast<unsigned long long>(simulation.events_fired()));
  return 0;
}

}  // namespace
}  // namespace kamesim

int main(int argc, char** argv) { return kamesim::run(argc, argv); }
