// One run of a simulation on several threads. The result is that of one thread, bit for bit.
//
// The network is cut through point-to-point links into shards (shard_graph.h). A frame that crosses takes at least the
// link's delay, so a shard may run ahead of the others by that much. Each tells the others, every few events, how far it
// has come, after it has handed over the frames that cross until then (mailbox.h); so one that is held up for a moment
// holds up the others only when they have come to the end of that. What happens outside the nodes, such as Python's
// callables, needs all at one time: they meet there, and now and then besides, so time is divided into phases. Order
// needs no thought: an event's key says its place whoever inserted it, and shards share nothing.
//
// Each thread has a shard. Cores are not equally fast at all times, so a thread that has come as far as it may would wait
// for the others. Where a part of the network is further from the rest than the shards from each other, as beyond a link
// to another continent, no thread has it: it is the spare shard, which may be far behind the others or ahead of them, and
// whoever would wait runs that.
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

#include "sim/mailbox.h"
#include "sim/observation_log.h"
#include "sim/shard.h"
#include "sim/shard_graph.h"
#include "sim/spin_barrier.h"
#include "sim/time.h"

namespace kamesim {

class Simulation;

class ParallelRun {
 public:
  using Clock = std::chrono::steady_clock;
  using Now = Clock::time_point (*)();
  // Moves everything but the world to so many shards, and a spare one; back, when destroyed. They share the processor's
  // cores, if there are fewer. `now`: what tells each thread how long its work takes.
  ParallelRun(Simulation& simulation, std::uint32_t threads, Now now = &Clock::now);
  ~ParallelRun();
  ParallelRun(const ParallelRun&) = delete;
  ParallelRun& operator=(const ParallelRun&) = delete;

  enum class End : std::uint8_t { kReachedLimit, kStopped, kTopologyChanged };
  // Runs every event up to and including `until`. `between` is called between phases on the calling thread, now and
  // then; what it, a callable or an event throws ends the run and passes through.
  End run(Time until, const std::function<void()>& between);
  // How often the network was split, the first time included.
  std::uint32_t splits() const { return splits_; }

 private:
  struct Work {  // of a thread, since the split was made, or looked at
    std::uint64_t events = 0;
    Clock::duration time{};
  };
  struct alignas(64) Published {  // of one shard, where all meet: no frame is on its way between shards then
    Time next;                    // its first event
    std::size_t observed = 0;     // bytes kept back for observers
    Work work;                    // of the thread of the same number
    bool stop = false;
    // Of the first shard only.
    Time world_next;         // what is next outside the nodes
    Clock::duration took{};  // the last phase
    bool look = false;       // at the split
  };
  enum class Turn : std::uint8_t { kPhase, kWorld, kObservers, kSplit, kEnd };
  struct View {  // what follows from all that is published: the same on every thread
    Time first;              // event of all shards
    Time world_next;
    std::size_t observed = 0;
    std::vector<Work> work;  // by thread
    Clock::duration took{};
    bool look = false;
    bool stop = false;
    // Of the phase that comes next, or was last.
    Time end;
    std::int64_t windows = 1;  // it is to have: a window is the least delay between two shards
    std::int64_t ran = 0;      // it had
    std::uint64_t events = 0;  // before it
  };
  struct Neighbor {  // of a shard: another one that frames cross to and from
    std::uint32_t shard;
    Duration delay;  // the least
    Mailbox* in;
    Mailbox* out;
    Time told;  // that it has come so far
  };
  struct alignas(128) Progress {  // of one shard, for the thread that runs it
    Time done;                    // all events before it
    bool at_end = false;          // of the phase
    std::vector<Neighbor> neighbors;
  };
  struct alignas(128) Worker {  // a thread
    Work done;
    double usual = 0;  // what an event takes, in the clock's units; 0: not known
    void count(std::uint64_t events, Clock::duration took);
  };
  class alignas(128) Spare {  // the shard that no thread has: who runs it, and the end of the phase that it was run to
   public:
    bool take() { return !taken_.load(std::memory_order_relaxed) && !taken_.exchange(true, std::memory_order_acquire); }
    void leave() { taken_.store(false, std::memory_order_release); }
    bool at(Time end) const { return at_.load(std::memory_order_acquire) == end.ns(); }
    void set_at(Time end) { at_.store(end.ns(), std::memory_order_release); }

   private:
    std::atomic<bool> taken_ = false;
    std::atomic<std::int64_t> at_ = 0;
  };

  ShardGraph described();
  void distribute(const ShardGraph& graph, std::vector<std::uint32_t> shard_of);
  void find_neighbors(const ShardGraph& graph);
  void gather();
  ShardGraph::Split split_and_set_apart(ShardGraph& graph, double load_rate);
  void split_again(const View& view, unsigned writing);
  bool split_better(const View& view);
  void measure_shares(const View& view);
  bool worth_a_look(const View& view, Clock::time_point now);
  void work(std::uint32_t thread);
  void look(unsigned reading, View& view) const;
  Turn turn(const View& view) const;
  void size_phase(View& view) const;
  void run_phase(std::uint32_t thread, const View& view);
  bool go_on(std::uint32_t thread, Shard& shard, const View& view);
  bool run_spare(std::uint32_t thread, const View& view);
  void run_events(Shard& shard, Time horizon);
  bool tell(Shard& shard);
  void take_mail(Shard& shard, Neighbor& from);
  static void take_in(Shard& shard, const Mailbox::Batch& batch);
  void take_all_mail();
  void run_world(unsigned writing);
  void publish(Shard& shard, unsigned writing, bool stop);
  void call_between(Clock::time_point now);
  template <typename F>
  void guarded(F&& call);

  Simulation& simulation_;
  std::vector<std::unique_ptr<Shard>>& shards_;  // the first ones are used
  std::uint32_t owned_;    // so many of them threads have, each those whose numbers leave the same remainder; the next is spare
  std::uint32_t threads_;
  std::vector<ObservationLog> logs_;             // by shard
  std::vector<std::uint32_t> shard_of_;          // by actor
  std::vector<bool> apart_;                      // by actor, whether it stands in the spare shard; empty: none does
  std::uint32_t splits_ = 0;
  Time looked_;                                  // when the split was made, or looked at
  std::vector<std::uint64_t> load_then_;         // by node, all frames of its past
  std::vector<std::uint64_t> frames_then_;       // by edge of the graph, the same
  std::uint64_t look_after_;                     // so many events, for the first time
  bool looked_before_ = false;
  bool look_ = false;                            // is wanted
  std::vector<double> shares_;                   // of what threads have, by shard: what each did of late in the same time
  std::vector<Progress> progress_;               // by shard
  std::vector<Worker> workers_;                  // by thread
  Spare spare_;
  Now now_;
  Clock::time_point compare_at_;
  std::vector<Work> compared_;                   // by thread, what had been done when they were compared last
  Clock::duration split_takes_{};
  Duration window_;           // the least delay between two shards; some time, where nothing crosses
  Clock::duration took_{};    // the last phase, on the first thread
  std::array<std::vector<Published>, 2> published_;  // two sets take turns: one is written, and then read by all
  std::uint64_t topology_;                           // the generation that the shards were made for
  Time until_;
  const std::function<void()>* between_ = nullptr;
  Clock::time_point next_between_;
  SpinBarrier barrier_;
  std::mutex failure_lock_;
  std::exception_ptr failure_;  // the first
  std::atomic<bool> failed_ = false;
};

}  // namespace kamesim
