// What one thread runs: the pending events of some actors, their clock, and the packet buffers they take. A simulation
// that runs on one thread has one.
#pragma once

#include <cstdint>

#include "sim/event_queue.h"
#include "sim/packet.h"
#include "sim/time.h"

namespace kamesim {

class Simulation;

struct Shard {
  explicit Shard(Simulation& s) : simulation(s) {}

  Simulation& simulation;
  Time now;
  std::uint64_t events_fired = 0;
  PacketPool packets;  // before everything that may hold packets
  EventQueue events;

  // Takes out the first event and runs it, at its time. There must be one.
  void fire_next() {
    now = events.next_key().time;
    ++events_fired;
    events.fire_next();
  }
};

}  // namespace kamesim
