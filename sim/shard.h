// What one thread runs: the pending events of some actors, their clock, and the packet buffers they take. A simulation
// that runs on one thread has one; with several, parallel_run.h moves the actors to shards of their own and back.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

#include "sim/event_queue.h"
#include "sim/mailbox.h"
#include "sim/packet.h"
#include "sim/pipe_pool.h"
#include "sim/time.h"

namespace kamesim {

class ObservationLog;
class Simulation;

struct alignas(128) Shard {  // no cache line shared with another's, nor one that is fetched with it
  explicit Shard(Simulation& s) : simulation(s) {}

  Simulation& simulation;
  Time now;
  std::uint64_t tie = 0;  // of the event that runs, or ran last: with `now` its key
  std::uint64_t events_fired = 0;
  PacketPool packets;  // before everything that may hold packets
  PipePool pipes;
  EventQueue events;

  // Of a parallel run.
  std::uint32_t index = 0;
  ObservationLog* observations = nullptr;  // null: observers are told at once
  std::vector<Mailbox> outboxes;           // by shard, with what goes there
  std::vector<std::int64_t> borrowed;      // buffers, by shard: of frames from there, less those that went there

  // Takes out the first event and runs it, at its time. False: there is none up to `limit`.
  bool fire_next(Time limit) {
    EventKey key;
    Event* const event = events.take_next(limit, key);
    if (event == nullptr) [[unlikely]] return false;
    now = key.time;
    tie = key.tie;
    ++events_fired;
    event->fire();
    return true;
  }
};

}  // namespace kamesim
