// One simulation: its clock, pending events, packet buffers and nodes. Nothing is global; several simulations
// can live in one process. Not thread-safe: one thread runs a simulation.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "sim/actor.h"
#include "sim/shard.h"
#include "sim/time.h"

namespace kamesim {

class Medium;
class Node;

// A mistake in how a simulation is set up or used. The message names the object, the value and what is right.
class SimulationError : public std::invalid_argument {
 public:
  using std::invalid_argument::invalid_argument;
};

class Simulation {
 public:
  explicit Simulation(std::uint64_t seed = 1);
  ~Simulation();
  Simulation(const Simulation&) = delete;
  Simulation& operator=(const Simulation&) = delete;

  std::uint64_t seed() const { return seed_; }
  Time now() const { return main_.now; }
  std::uint64_t events_fired() const { return main_.events_fired; }
  std::size_t pending_events() const { return main_.events.size(); }
  // Made so far, in use or not.
  std::size_t packet_buffers() const;
  // For what is done from outside; what runs on a node takes its own (Actor::packets).
  PacketPool& packets() { return main_.packets; }

  // Names are unique over nodes, and over media. Throws SimulationError on an empty or used name.
  Node& add_node(std::string name);
  Node* find_node(std::string_view name) const;
  const std::vector<std::unique_ptr<Node>>& nodes() const { return nodes_; }

  // Takes over a link, LAN or cell that was made for this simulation.
  template <typename M, typename... Args>
  M& add_medium(Args&&... args) {
    auto medium = std::make_unique<M>(*this, std::forward<Args>(args)...);
    M& reference = *medium;
    adopt(std::move(medium));
    return reference;
  }
  const std::vector<std::unique_ptr<Medium>>& media() const { return media_; }

  // What a layer above keeps once for all nodes: the simulation's only T, made on first use. To be used from outside the
  // nodes.
  template <typename T>
  T& shared() {
    for (const auto& [key, object] : shared_) {
      if (key == &kSharedKey<T>) return *static_cast<T*>(object.get());
    }
    auto made = std::make_shared<T>();
    shared_.emplace_back(&kSharedKey<T>, made);
    return *made;
  }

  // Runs `call` as an event of the world, at `at` (not before now).
  void at(Time at, std::function<void()> call);

  // Runs every event up to and including `until`, then stands at `until`. Stops early, at the time of the
  // last event, after stop() or when an event throws (the exception passes through).
  void run_until(Time until);
  // The same on several threads, with the same outcome bit for bit. `between` is called on the calling thread while
  // no event runs, about twenty times a second.
  void run_until(Time until, std::uint32_t threads, const std::function<void()>& between = [] {});
  // Runs the next event if it is not later than `limit`; false when there is none (the clock then stays).
  bool step(Time limit);
  // Moves the clock forward over a stretch that holds no event.
  void advance_to(Time t);
  // Ends run_until after the present event. May be called from another thread or a signal handler.
  void stop() { stop_requested_ = true; }
  bool stop_requested() const { return stop_requested_; }
  // For those who step: forgets a stop() of an earlier run, as run_until does.
  void clear_stop() { stop_requested_ = false; }

  // For media: who is attached where, or a delay, changed. Only from outside the nodes, or in radio cells.
  void topology_changed() { ++topology_generation_; }

  // Hashes every frame that a NIC sends or receives and every drop, from now on.
  void enable_trace_hash();
  bool trace_hash_enabled() const { return trace_hash_enabled_; }
  // The nodes' hashes, combined in a way that does not depend on the order of the nodes.
  std::uint64_t trace_hash() const;

 private:
  friend class Actor;
  friend class ParallelRun;
  struct Call;
  ActorId next_actor_id();
  void adopt(std::unique_ptr<Medium> medium);

  template <typename T>
  static constexpr char kSharedKey = 0;

  std::uint64_t seed_;
  std::vector<std::pair<const void*, std::shared_ptr<void>>> shared_;  // before the nodes, which refer to it
  Words words_;  // before everything that has a name
  Shard main_{*this};  // the shards before everything that may hold packets
  std::vector<std::unique_ptr<Shard>> shards_;  // of parallel runs; kept, as packets may be in their buffers
  bool parallel_ = false;
  std::uint64_t topology_generation_ = 0;
  volatile bool stop_requested_ = false;
  bool trace_hash_enabled_ = false;
  ActorId actors_ = 0;
  std::unique_ptr<Actor> world_;
  std::vector<std::unique_ptr<Medium>> media_;
  std::vector<std::unique_ptr<Node>> nodes_;
  NameIndex nodes_by_name_;  // numbers of `nodes_`
  std::unordered_map<Call*, std::unique_ptr<Call>> calls_;
};

}  // namespace kamesim
