// Python code that waits for a socket: tokens to dispatch, each once, when trying again is worth it.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "python/kamesim/bindings/world.h"

namespace kamesim::python {

class Waiters {
 public:
  explicit Waiters(World& world) : world_(world) {}
  void add(std::uint64_t token) { tokens_.push_back(token); }
  // By an event of the world's, so that Python runs outside all nodes.
  void wake() {
    if (tokens_.empty()) return;
    World& world = world_;
    world.simulation.at(world.simulation.now(), [&world, tokens = std::exchange(tokens_, {})] {
      const py::gil_scoped_acquire gil;
      for (const std::uint64_t token : tokens) (*world.dispatch)(token);
    });
  }

 private:
  World& world_;
  std::vector<std::uint64_t> tokens_;
};

}  // namespace kamesim::python
