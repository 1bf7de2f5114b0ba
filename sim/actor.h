// Whatever has state of its own and schedules events: a node, a shared medium, the world (Python's callables).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "sim/name.h"
#include "sim/pool.h"
#include "sim/random.h"
#include "sim/shard.h"

namespace kamesim {

class Simulation;

using ActorId = std::uint32_t;

class Actor : public Pooled {
 public:
  static constexpr unsigned kSequenceBits = 40;
  static constexpr ActorId kMaxActors = 1u << (64 - kSequenceBits);

  Actor(Simulation& simulation, std::string_view name);
  virtual ~Actor() = default;
  Actor(const Actor&) = delete;
  Actor& operator=(const Actor&) = delete;

  Simulation& simulation() const { return shard_->simulation; }
  std::string name() const;
  ActorId id() const { return static_cast<ActorId>(tie_ >> kSequenceBits); }
  Time now() const { return shard_->now; }
  // Where its events wait, and its packets' buffers come from.
  EventQueue& events() const { return shard_->events; }
  PacketPool& packets() const { return shard_->packets; }
  Shard& shard() const { return *shard_; }
  // For parallel runs. Its pending events are the caller's matter.
  void set_shard(Shard& shard) { shard_ = &shard; }

  // The key of an event that this actor causes at `at`: each call takes the next sequence number.
  EventKey next_key(Time at) { return {at, ++tie_}; }

  // A random stream of this actor's own, by purpose ("nd.dad"). The same purpose gives the same stream.
  RandomStream stream(std::string_view purpose) const;
  // Streams that are taken from now on differ from those taken before, as those of a machine that was restarted.
  void renew_streams() { ++epoch_; }

 private:
  friend class Simulation;
  Shard* shard_;
  std::uint64_t tie_;  // of the event before: the actor's number, then the sequence number
  Name name_;
  std::uint32_t epoch_ = 0;  // last, so that small fields of derived classes follow without a gap
};

}  // namespace kamesim
