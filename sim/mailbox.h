// Frames that cross from one shard to another, handed over between two windows of a parallel run.
#pragma once

#include <vector>

#include "sim/packet.h"
#include "sim/time.h"
#include "sim/under_way.h"

namespace kamesim {

class Pipe;

// Small, as the cache lines that hold it go to the receiver and back.
struct Crossing {
  Pipe* pipe;
  UnderWay* under_way;  // its handle is the only one to its buffer
};

// Its receiver empties it while others are filled: no cache line is shared with those.
struct alignas(128) Mailbox {
  std::vector<Crossing> frames;
  Time earliest = Time::max();     // of the arrivals
  BufferList returned;             // for the receiver's pool: buffers move with frames, and have to come back

  void post(Pipe& pipe, UnderWay& under_way) {
    if (under_way.arrival.time < earliest) earliest = under_way.arrival.time;
    frames.push_back({&pipe, &under_way});
  }
};

}  // namespace kamesim
