// What a parallel run needs to know of the network to split it: which actors must stand in one shard, because they share
// state, and which talk over a link only, with what delay.
#pragma once

#include <cstdint>
#include <numeric>
#include <utility>
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
  // A frame from one takes at least `least_delay`, above 0, to the other. `frames`: how many are expected.
  void connect(const Actor& a, const Actor& b, Duration least_delay, std::uint64_t frames = 0);
  // Leaves of each edge's frames those that came since `then` was written here, and writes it anew: by edge, in the order
  // in which they were connected. Empty: never.
  void leave_frames_since(std::vector<std::uint64_t>& then);
  // How much work the actor is expected to be, in any unit.
  void set_load(const Actor& actor, std::uint64_t load);

  // A part of the network that only links of at least `least_delay` join to the rest, which is larger. Of all load it has
  // from `least` to `most`, and as much as can be had so. By actor, whether it is in it; empty: there is none.
  std::vector<bool> part_beyond(Duration least_delay, double least, double most) const;
  // These stand apart from now on (empty: none does): a split puts them in one more shard, and does not rate what they do.
  void set_apart(std::vector<bool> actors) { apart_ = std::move(actors); }

  std::uint64_t total_load() const { return std::accumulate(load_.begin(), load_.end(), std::uint64_t{0}); }

  struct Edge {
    std::uint32_t a, b;  // actors
    Duration delay;
    std::uint64_t frames;
  };
  const std::vector<Edge>& edges() const { return edges_; }

  // Where the actors stand, by their numbers: shards from 0 to shards - 1.
  struct Split {
    std::vector<std::uint32_t> shard_of;
    double imbalance = 1;  // the load of the most loaded shard against its share
    double crossings = 0;  // what frames that cross cost, of the time that a perfect split would take
    double cost = 0;       // of the same: what imbalance, windows and frames that cross make of it
    Duration window;       // the least delay of the links that are cut; the longest of all times, where none is
  };
  // By shard: how much of all load it is to have. They add up to 1.
  using Shares = std::vector<double>;
  static Shares equal_shares(std::uint32_t shards) { return Shares(shards, 1.0 / shards); }
  // With long links cut that carry few frames. `load_rate`: what load there is in a second of the network's time. The
  // same graph gives the same answer.
  Split partition(const Shares& shares, double load_rate = kUnknownLoadRate) const;
  // What another split would be, of the same graph.
  Split rated(std::vector<std::uint32_t> shard_of, const Shares& shares, double load_rate) const;
  static constexpr double kUnknownLoadRate = 1e6;

 private:
  std::vector<std::uint32_t> joined_below(Duration delay) const;
  std::vector<Duration> delays_to_try() const;
  bool apart(std::uint32_t actor) const { return !apart_.empty() && apart_[actor]; }
  bool apart(const Edge& edge) const { return apart(edge.a) || apart(edge.b); }
  std::vector<std::uint32_t> try_partition(const Shares& shares, Duration shortest_cut) const;

  std::vector<std::uint32_t> parent_;  // union-find over actors
  std::vector<std::uint64_t> load_;
  std::vector<Edge> edges_;
  std::vector<std::uint32_t> radio_;
  std::vector<bool> apart_;  // by actor; empty: none is
};

}  // namespace kamesim
