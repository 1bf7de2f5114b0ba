// Frames that cross from one shard to another, handed over between two windows of a parallel run.
#pragma once

#include <vector>

#include "sim/event_queue.h"
#include "sim/packet.h"
#include "sim/time.h"

namespace kamesim {

class Pipe;

struct Crossing {
  Pipe* pipe;
  Packet frame;  // empty: lost; otherwise the only handle to its buffer
  EventKey arrival;
  Time departure;
};

// Its receiver empties it while others are filled: no cache line is shared with those.
struct alignas(128) Mailbox {
  std::vector<Crossing> frames;
  Time earliest = Time::max();     // of the arrivals
  BufferList returned;             // for the receiver's pool: buffers move with frames, and have to come back

  void post(Crossing crossing) {
    if (crossing.arrival.time < earliest) earliest = crossing.arrival.time;
    frames.push_back(std::move(crossing));
  }
};

}  // namespace kamesim
