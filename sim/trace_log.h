// The records of one node, packed: in a large network each node has a few, and all of them are kept.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "sim/pool.h"
#include "sim/time.h"
#include "sim/trace.h"

namespace kamesim {

class TraceLog {
 public:
  void add(Time time, const TraceKind& kind, std::span<const TraceField> fields);
  std::vector<TraceRecord> records() const;  // in the order in which they were added
  void clear() { packed_ = {}; }
  std::size_t heap_bytes() const { return packed_.capacity(); }  // beyond the object itself

 private:
  PoolVector<std::byte> packed_;
};

}  // namespace kamesim
