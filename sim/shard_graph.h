// What a parallel run needs to know of the network to split it: which actors must stand in one shard, because they share
// state, and which talk over a link only, with what delay.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/time.h"

namespace kamesim {

class Actor;

class ShardGraph {
 public:
  explicit ShardGraph(std::size_t actors) : parent_(actors), load_(actors, 1) {
    for (std::size_t i = 0; i < actors; ++i) parent_[i] = static_cast<std::uint32_t>(i);
  }

  // They share state.
  void join(const Actor& a, const Actor& b);
  // What moves by itself between media stands with all of its kind, and with every medium it may move to.
  void join_radio(const Actor& actor);
  // A frame from one takes at least `least_delay`, above 0, to the other.
  void connect(const Actor& a, const Actor& b, Duration least_delay);
  // How much work the actor is expected to be, in any unit.
  void set_load(const Actor& actor, std::uint64_t load);

  struct Edge {
    std::uint32_t a, b;  // actors
    Duration delay;
  };
  const std::vector<Edge>& edges() const { return edges_; }

  // A shard from 0 to shards - 1 for every actor, by its number: balanced in load, with few and long links cut. The
  // same graph gives the same answer.
  std::vector<std::uint32_t> partition(std::uint32_t shards);

 private:
  std::uint32_t find(std::uint32_t actor);
  void join(std::uint32_t a, std::uint32_t b);
  std::vector<std::uint32_t> try_partition(std::uint32_t shards, Duration shortest_cut, double& imbalance);

  std::vector<std::uint32_t> parent_;  // union-find over actors
  std::vector<std::uint64_t> load_;
  std::vector<Edge> edges_;
  std::vector<std::uint32_t> radio_;
};

}  // namespace kamesim
