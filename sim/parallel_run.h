// One run of a simulation on several threads. The result is that of one thread, bit for bit.
//
// The network is cut through point-to-point links into shards (shard_graph.h). A frame that crosses takes at least the
// link's delay, so a shard may run ahead of the others by that much without hearing from them: time advances in
// windows, between which frames cross. What happens outside the nodes, such as Python's callables, runs between two
// windows, alone. Order needs no thought: an event's key says its place whoever inserted it, and shards share nothing.
//
// How much work a node is, its frames tell: at first those of the past, which may be few and of another kind. So a run
// looks at its shards once it has seen some frames of its own, and splits the network anew where that is better balanced.
// Later it compares, now and then, how long its threads work. Some take longer, be it that their nodes' frames are more
// work than those of others, or that their cores are slower. When that has lost as much time as a split takes, each gets
// as much as it did of late in the same time. Where the network is cut has no influence on the outcome.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "sim/observation_log.h"
#include "sim/shard.h"
#include "sim/spin_barrier.h"
#include "sim/time.h"

namespace kamesim {

class ShardGraph;
class Simulation;

class ParallelRun {
 public:
  using Clock = std::chrono::steady_clock;
  using Now = Clock::time_point (*)();
  // Moves everything but the world to so many shards; back, when destroyed. They share the processor's cores, if there
  // are fewer. `now`: what tells each thread how long its work takes.
  ParallelRun(Simulation& simulation, std::uint32_t shards, Now now = &Clock::now);
  ~ParallelRun();
  ParallelRun(const ParallelRun&) = delete;
  ParallelRun& operator=(const ParallelRun&) = delete;

  enum class End : std::uint8_t { kReachedLimit, kStopped, kTopologyChanged };
  // Runs every event up to and including `until`. `between` is called between windows on the calling thread, now and
  // then; what it, a callable or an event throws ends the run and passes through.
  End run(Time until, const std::function<void()>& between);
  // How often the network was split, the first time included.
  std::uint32_t splits() const { return splits_; }

 private:
  struct Work {  // since the split was made, or looked at
    std::uint64_t events = 0;
    Clock::duration time{};
  };
  struct alignas(64) Published {  // of one shard, at the end of a window
    Time next;                    // its first event
    std::vector<Time> crossing;   // by shard: the first arrival of what it sent there
    Time world_next;              // of the first shard only: what is next outside the nodes
    std::size_t observed = 0;     // bytes kept back for observers
    Work work;
    bool look = false;            // of the first shard only: at the split
    bool stop = false;
  };
  enum class Turn : std::uint8_t { kWindow, kWorld, kObservers, kSplit, kEnd };
  struct View {  // what follows from all that is published: the same on every thread
    std::vector<Time> next;  // by shard, frames on their way to it included
    Time first;              // of those
    Time world_next;
    Time split_at = Time::max();  // no shard goes beyond it: there all meet for a look at the split
    std::size_t observed = 0;
    std::vector<Work> work;  // by shard
    bool look = false;
    bool stop = false;
  };
  struct alignas(128) Meter {  // of one shard, for its thread
    std::uint64_t events_before = 0;
    Clock::duration time{};
  };

  ShardGraph described();
  void distribute(const ShardGraph& graph, std::vector<std::uint32_t> shard_of);
  void measure_delays(const ShardGraph& graph);
  void gather();
  void split_again(const View& view);
  bool split_better(const View& view);
  void measure_shares(const View& view);
  bool worth_a_look(const View& view, Clock::time_point now);
  void work(std::uint32_t thread);
  void look(unsigned reading, View& view) const;
  Turn turn(const View& view) const;
  Time horizon(std::uint32_t index, const View& view) const;
  void run_window(Shard& shard, Time horizon);
  void run_world();
  void publish(Shard& shard, bool stop);
  void take_mail(Shard& shard, unsigned set, bool returning);
  void take_all_mail();
  void call_between(Clock::time_point now);
  template <typename F>
  void guarded(F&& call);

  Simulation& simulation_;
  std::vector<std::unique_ptr<Shard>>& shards_;  // the first ones are used
  std::vector<ObservationLog> logs_;             // by shard
  std::vector<std::uint32_t> shard_of_;          // by actor
  std::uint32_t splits_ = 0;
  Time looked_;                                  // when the split was made, or looked at
  std::vector<std::uint64_t> load_then_;         // by node, all frames of its past
  std::uint64_t look_after_;                     // so many events, for the first time
  bool looked_before_ = false;
  bool look_ = false;                            // is wanted
  std::vector<double> shares_;                   // of all work, by shard: what each did of late in the same time
  std::vector<Meter> meters_;                    // by shard
  Now now_;
  Clock::time_point compare_at_;
  std::vector<Work> compared_;                   // what had been done when the threads were compared last
  Clock::duration split_takes_{};
  // The least time from shard to shard, over others too; from a shard to itself: round another.
  std::vector<std::vector<Duration>> delay_;
  std::array<std::vector<Published>, 2> published_;  // as the mailboxes, two sets take turns
  std::uint64_t topology_;                           // the generation that the shards were made for
  Time until_;
  const std::function<void()>* between_ = nullptr;
  Clock::time_point next_between_;
  std::uint32_t threads_;  // one has the shards whose numbers leave the same remainder
  SpinBarrier barrier_;
  std::mutex failure_lock_;
  std::exception_ptr failure_;  // the first
  std::atomic<bool> failed_ = false;
};

}  // namespace kamesim
