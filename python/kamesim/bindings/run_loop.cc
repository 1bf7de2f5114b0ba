#include <chrono>

#include "python/kamesim/bindings/world.h"

namespace kamesim::python {

namespace {

using Clock = std::chrono::steady_clock;
constexpr auto kSignalInterval = std::chrono::milliseconds(50);  // of real time
constexpr unsigned kEventsPerClockReading = 256;

class Running {
 public:
  Running(World& world, const py::function& dispatch) : world_(world) {
    if (world.dispatch != nullptr) {
      throw SimulationError(
          "the network is running already: from inside a scheduled callable, or in another thread, it cannot be "
          "run, nor can a tester wait; schedule what is to happen later with net.at or net.after");
    }
    world.dispatch = &dispatch;
    world.simulation.clear_stop();
  }
  ~Running() { world_.dispatch = nullptr; }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

 private:
  World& world_;
};

void heed_signals(const World& world, const py::object& tick) {
  py::gil_scoped_acquire gil;
  if (PyErr_CheckSignals() != 0) throw py::error_already_set();
  if (!tick.is_none()) tick(world.simulation.now().ns());
}

}  // namespace

void run(World& world, Time limit, const py::function& dispatch, const py::object& tick,
         const std::function<bool()>& done) {
  const Running running(world, dispatch);
  const py::gil_scoped_release release;
  Clock::time_point next_check = Clock::now() + kSignalInterval;
  for (unsigned events = 1; world.simulation.step(limit); ++events) {
    if (world.simulation.stop_requested() || (done && done())) return;
    if (events % kEventsPerClockReading == 0 && Clock::now() >= next_check) {
      heed_signals(world, tick);
      next_check = Clock::now() + kSignalInterval;
    }
  }
  if (world.simulation.now() < limit) world.simulation.advance_to(limit);
}

void run_parallel(World& world, Time limit, const py::function& dispatch, const py::object& tick,
                  std::uint32_t threads) {
  const Running running(world, dispatch);
  const py::gil_scoped_release release;
  world.simulation.run_until(limit, threads, [&] { heed_signals(world, tick); });
}

}  // namespace kamesim::python
