#include "sim/parallel_run.h"

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "sim/medium.h"
#include "sim/node.h"
#include "sim/pipe.h"
#include "sim/prefetch.h"
#include "sim/shard_graph.h"
#include "sim/simulation.h"

namespace kamesim {

namespace {

constexpr std::size_t kMostObserved = 4 << 20;  // bytes kept back for observers before they are told
constexpr auto kBetweenInterval = std::chrono::milliseconds(50);

// The split is looked at after so many events for each actor, as it costs like some of them, but not before there were
// this many. What a new one must gain: much at first, when traffic may still be about to spread.
constexpr std::uint64_t kLookAfterEach = 32, kLookAfter = 20'000;
constexpr double kWorthSplitting = 0.05, kWorthSplittingLater = 0.005;
// From then on threads are compared. The one that works longest must have worked so much longer than their mean of late.
constexpr auto kCompareInterval = std::chrono::milliseconds(50);
constexpr double kUneven = 0.01;
// What a shard did tells its speed if it took so long; that is taken for at most so many times the mean, or a part of it.
constexpr auto kLongEnough = std::chrono::milliseconds(10);
constexpr double kMostApart = 4;

constexpr std::size_t kMailAhead = 8;  // frames that crossed, brought near before they are taken in
constexpr unsigned kFirstSet = 0;
const Duration kForever = Time::max() - Time();

// The sum, without running over.
Time later(Time t, Duration d) { return d > Time::max() - t ? Time::max() : t + d; }

Time next_of(Shard& shard) { return shard.events.next_key().time; }

// Each frame that a router forwards is one piece of work; so is each that a host sends or receives.
std::uint64_t load_of(const Node& node) {
  std::uint64_t sent = 0, received = 0;
  for (const Nic* nic : node.nics()) {
    sent += nic->counters().sent_frames;
    received += nic->counters().received_frames;
  }
  return node.nics().size() > 1 ? std::max(sent, received) : sent + received;
}

double per_second(std::uint64_t count, Duration duration) {
  return static_cast<double>(count) / duration.to_seconds();
}

}  // namespace

ParallelRun::ParallelRun(Simulation& simulation, std::uint32_t shards, Now now)
    : simulation_(simulation),
      shards_(simulation.shards_),
      logs_(shards),
      looked_(simulation.now()),
      load_then_(simulation.nodes_.size(), 0),
      look_after_(std::max(kLookAfter, kLookAfterEach * simulation.actors_)),
      shares_(ShardGraph::equal_shares(shards)),
      meters_(shards),
      now_(now),
      compared_(shards),
      topology_(simulation.topology_generation_),
      threads_(std::clamp(std::thread::hardware_concurrency(), 1u, shards)),
      barrier_(threads_) {
  while (shards_.size() < shards) shards_.push_back(std::make_unique<Shard>(simulation));
  for (std::uint32_t i = 0; i < shards; ++i) {
    Shard& shard = *shards_[i];
    shard.index = i;
    shard.now = simulation.now();
    for (auto& boxes : shard.outboxes) boxes = std::vector<Mailbox>(shards);
  }
  for (auto& set : published_) set = std::vector<Published>(shards);
  const ShardGraph graph = described();
  const bool known = looked_ > Time() && graph.total_load() > kLookAfter;
  const double load_rate = known ? per_second(graph.total_load(), looked_ - Time()) : ShardGraph::kUnknownLoadRate;
  distribute(graph, graph.partition(shares_, load_rate).shard_of);
  simulation_.parallel_ = true;
}

ParallelRun::~ParallelRun() {
  gather();
  simulation_.parallel_ = false;
}

// With the load since it was asked for last.
ShardGraph ParallelRun::described() {
  ShardGraph graph(simulation_.actors_);
  for (const auto& medium : simulation_.media_) medium->describe(graph);
  for (std::size_t i = 0; i < load_then_.size(); ++i) {
    const Node& node = *simulation_.nodes_[i];
    if (node.roaming()) graph.join_radio(node);
    const std::uint64_t load = load_of(node);
    graph.set_load(node, load - std::exchange(load_then_[i], load) + 1);
  }
  return graph;
}

// Everything stands in the main shard.
void ParallelRun::distribute(const ShardGraph& graph, std::vector<std::uint32_t> shard_of) {
  shard_of_ = std::move(shard_of);
  ++splits_;
  for (std::size_t i = 0; i < logs_.size(); ++i) shards_[i]->observations = &logs_[i];
  for (const auto& node : simulation_.nodes_) node->set_shard(*shards_[shard_of_[node->id()]]);
  for (const auto& medium : simulation_.media_) medium->set_shard(*shards_[shard_of_[medium->id()]]);
  // An event stands where the actor does that caused it; those of pipes that cross are moved by their links.
  for (const auto& [key, event] : simulation_.main_.events.take_all()) {
    const auto actor = static_cast<ActorId>(key.tie >> Actor::kSequenceBits);
    Shard& shard = actor == simulation_.world_->id() ? simulation_.main_ : *shards_[shard_of_[actor]];
    shard.events.schedule(*event, key);
  }
  for (const auto& medium : simulation_.media_) medium->on_shards_changed();
  measure_delays(graph);
}

void ParallelRun::measure_delays(const ShardGraph& graph) {
  const std::size_t n = logs_.size();
  delay_.assign(n, std::vector<Duration>(n, kForever));
  for (const ShardGraph::Edge& edge : graph.edges()) {
    const std::uint32_t a = shard_of_[edge.a], b = shard_of_[edge.b];
    if (a == b) continue;
    delay_[a][b] = delay_[b][a] = std::min(delay_[a][b], edge.delay);
  }
  for (std::size_t via = 0; via < n; ++via) {
    for (std::size_t from = 0; from < n; ++from) {
      for (std::size_t to = 0; to < n; ++to) {
        if (delay_[from][via] == kForever || delay_[via][to] == kForever) continue;
        delay_[from][to] = std::min(delay_[from][to], delay_[from][via] + delay_[via][to]);
      }
    }
  }
}

void ParallelRun::gather() {
  Shard& main = simulation_.main_;
  for (std::size_t i = 0; i < logs_.size(); ++i) {
    Shard& shard = *shards_[i];
    main.events_fired += std::exchange(shard.events_fired, 0);
    for (const auto& [key, event] : shard.events.take_all()) main.events.schedule(*event, key);
    shard.observations = nullptr;
  }
  for (const auto& node : simulation_.nodes_) node->set_shard(main);
  for (const auto& medium : simulation_.media_) medium->set_shard(main);
  for (const auto& medium : simulation_.media_) medium->on_shards_changed();
}

ParallelRun::End ParallelRun::run(Time until, const std::function<void()>& between) {
  until_ = until;
  between_ = &between;
  next_between_ = now_() + kBetweenInterval;
  for (std::size_t i = 0; i < logs_.size(); ++i) {
    shards_[i]->writing = kFirstSet;
    publish(*shards_[i], false);
  }
  {
    std::vector<std::jthread> threads;
    for (std::uint32_t i = 1; i < threads_; ++i) threads.emplace_back([this, i] { work(i); });
    work(0);
  }
  take_all_mail();
  ObservationLog::tell(logs_, Time::max());
  Time next = next_of(simulation_.main_);
  for (std::size_t i = 0; i < logs_.size(); ++i) next = std::min(next, next_of(*shards_[i]));
  if (next > until && !failed_ && !simulation_.stop_requested()) {
    simulation_.main_.now = std::max(simulation_.now(), until);
    return End::kReachedLimit;
  }
  // The clock stands before everything that is still to come; after a failure some shards have run ahead of it.
  if (failed_) std::rethrow_exception(failure_);
  return simulation_.stop_requested() ? End::kStopped : End::kTopologyChanged;
}

void ParallelRun::work(std::uint32_t thread) {
  const bool first_thread = thread == 0;
  auto for_each_shard = [&](auto&& call) {
    for (std::size_t i = thread; i < logs_.size(); i += threads_) call(*shards_[i]);
  };
  View view;
  for (unsigned reading = kFirstSet;; reading = 1 - reading) {
    for_each_shard([&](Shard& shard) { shard.writing = 1 - reading; });
    barrier_.wait();
    look(reading, view);
    Turn next = turn(view);
    if (next == Turn::kObservers) {
      if (first_thread) guarded([&] { ObservationLog::tell(logs_, view.first); });
      barrier_.wait();
      next = Turn::kWindow;
    }
    switch (next) {
      case Turn::kEnd:
        return;
      case Turn::kWorld:
        if (first_thread) run_world();
        barrier_.wait();
        break;
      case Turn::kSplit:
        if (first_thread) split_again(view);
        barrier_.wait();
        view.split_at = Time::max();
        break;
      default:
        Clock::time_point began = now_();
        if (first_thread) {
          simulation_.main_.now = std::max(simulation_.main_.now, std::min(view.first, until_));
          call_between(began);
          look_ = look_ || worth_a_look(view, began);
        }
        for_each_shard([&](Shard& shard) {
          take_mail(shard, reading, true);
          run_window(shard, horizon(shard.index, view));
          const Clock::time_point ended = now_();
          meters_[shard.index].time += ended - std::exchange(began, ended);
          publish(shard, failed_ || (first_thread && simulation_.stop_requested()));
        });
    }
  }
}

void ParallelRun::look(unsigned reading, View& view) const {
  const std::vector<Published>& all = published_[reading];
  view.next.clear();
  view.first = Time::max();
  view.world_next = all.front().world_next;
  view.observed = 0;
  view.work.clear();
  view.look = all.front().look;
  view.stop = false;
  for (std::size_t to = 0; to < all.size(); ++to) {
    Time next = all[to].next;
    for (const Published& from : all) next = std::min(next, from.crossing[to]);
    view.next.push_back(next);
    view.first = std::min(view.first, next);
    view.observed += all[to].observed;
    view.work.push_back(all[to].work);
    view.stop |= all[to].stop;
  }
  if (view.split_at < Time::max() || !view.look) return;
  Time furthest = view.first;  // of where shards may be now
  for (std::uint32_t i = 0; i < all.size(); ++i) furthest = std::max(furthest, horizon(i, view));
  view.split_at = furthest;
}

ParallelRun::Turn ParallelRun::turn(const View& view) const {
  if (view.stop || std::min(view.first, view.world_next) > until_) return Turn::kEnd;
  if (view.world_next <= view.first) return Turn::kWorld;  // the world's number is the lowest: it comes first
  if (view.split_at <= view.first) return Turn::kSplit;
  return view.observed > kMostObserved ? Turn::kObservers : Turn::kWindow;
}

Time ParallelRun::horizon(std::uint32_t index, const View& view) const {
  Time horizon = std::min({later(until_, 1_ns), view.world_next, view.split_at});
  for (std::size_t from = 0; from < view.next.size(); ++from) {
    horizon = std::min(horizon, later(view.next[from], delay_[from][index]));
  }
  return horizon;
}

void ParallelRun::run_window(Shard& shard, Time horizon) {
  PacketPool::use_on_this_thread(&shard.packets);
  guarded([&] {
    while (shard.fire_next(horizon - 1_ns)) {
    }
  });
  PacketPool::use_on_this_thread(nullptr);
}

// On the first thread.
bool ParallelRun::worth_a_look(const View& view, Clock::time_point now) {
  if (threads_ == 1) return false;
  if (!looked_before_) {
    std::uint64_t events = 0;
    for (const Work& work : view.work) events += work.events;
    return events >= look_after_;
  }
  if (now < compare_at_) return false;
  std::vector<Clock::duration> times(threads_), of_late(threads_);
  Clock::duration sum{}, sum_of_late{};
  for (std::size_t i = 0; i < view.work.size(); ++i) {
    const Clock::duration late = view.work[i].time - compared_[i].time;
    times[i % threads_] += view.work[i].time;
    sum += view.work[i].time;
    of_late[i % threads_] += late;
    sum_of_late += late;
  }
  const Clock::duration lost = *std::ranges::max_element(times) - sum / threads_;
  if (lost > split_takes_ && *std::ranges::max_element(of_late) * threads_ > (1 + kUneven) * sum_of_late) return true;
  compared_ = view.work;
  compare_at_ = now + kCompareInterval;
  return false;
}

void ParallelRun::measure_shares(const View& view) {
  std::vector<double> speeds;
  double sum = 0;
  for (std::size_t i = 0; i < view.work.size(); ++i) {
    const Clock::duration time = view.work[i].time - compared_[i].time;
    if (time < kLongEnough) return;
    const std::uint64_t events = view.work[i].events - compared_[i].events;
    speeds.push_back(static_cast<double>(events + 1) / static_cast<double>(time.count()));
    sum += speeds.back();
  }
  const double mean = sum / static_cast<double>(speeds.size());
  sum = 0;
  for (double& speed : speeds) sum += speed = std::clamp(speed, mean / kMostApart, mean * kMostApart);
  for (std::size_t i = 0; i < speeds.size(); ++i) shares_[i] = speeds[i] / sum;
}

// Alone: the others wait, and all have come to the same time.
void ParallelRun::split_again(const View& view) {
  const Clock::time_point began = now_();
  take_all_mail();
  guarded([&] {
    ObservationLog::tell(logs_, Time::max());
    const bool better = split_better(view);
    const Clock::time_point ended = now_();
    // Where nothing better was found it is looked for less and less.
    split_takes_ = std::max(ended - began, better || !looked_before_ ? Clock::duration() : 2 * split_takes_);
    compare_at_ = ended + kCompareInterval;
    looked_before_ = true;
    look_ = false;
  });
  for (std::size_t i = 0; i < logs_.size(); ++i) {
    meters_[i] = {.events_before = shards_[i]->events_fired};
    compared_[i] = {};
    publish(*shards_[i], failed_);
  }
}

// False: the present split is as good.
bool ParallelRun::split_better(const View& view) {
  const ShardGraph graph = described();
  const double load_rate = per_second(graph.total_load(), view.first - std::exchange(looked_, view.first));
  measure_shares(view);
  const ShardGraph::Split present = graph.rated(shard_of_, shares_, load_rate);
  const double worth = looked_before_ ? kWorthSplittingLater : kWorthSplitting;
  if (present.cost < 1 + worth) return false;
  ShardGraph::Split fresh = graph.partition(shares_, load_rate);
  if (fresh.cost > present.cost - worth) return false;
  gather();
  distribute(graph, std::move(fresh.shard_of));
  return true;
}

// Alone: the others wait. What it sends goes into the set that the shards write, as in a window.
void ParallelRun::run_world() {
  Shard& world = simulation_.main_;
  take_all_mail();
  guarded([&] {
    ObservationLog::tell(logs_, Time::max());
    const Time now = next_of(world);
    for (std::size_t i = 0; i < logs_.size(); ++i) {
      shards_[i]->now = now;
      shards_[i]->observations = nullptr;
    }
    while (!simulation_.stop_requested() && world.fire_next(now)) {
    }
  });
  const bool stop = failed_ || simulation_.stop_requested() || simulation_.topology_generation_ != topology_;
  for (std::size_t i = 0; i < logs_.size(); ++i) {
    shards_[i]->observations = &logs_[i];
    publish(*shards_[i], stop);
  }
}

void ParallelRun::publish(Shard& shard, bool stop) {
  Published& published = published_[shard.writing][shard.index];
  published.next = next_of(shard);
  published.crossing.clear();
  for (const Mailbox& box : shard.outboxes[shard.writing]) published.crossing.push_back(box.earliest);
  if (shard.index == 0) {
    published.world_next = next_of(simulation_.main_);
    published.look = look_;
  }
  published.observed = logs_[shard.index].bytes();
  const Meter& meter = meters_[shard.index];
  published.work = {shard.events_fired - meter.events_before, meter.time};
  published.stop = stop;
}

void ParallelRun::take_mail(Shard& shard, unsigned set, bool returning) {
  for (std::size_t i = 0; i < logs_.size(); ++i) {
    Shard& from = *shards_[i];
    Mailbox& box = from.outboxes[set][shard.index];
    shard.packets.take_back(std::exchange(box.returned, {}));
    const std::vector<Crossing>& frames = box.frames;
    for (std::size_t k = 0; k < frames.size(); ++k) {
      // Another core wrote them: to fetch them one by one takes longer than all else.
      if (k + 2 * kMailAhead < frames.size()) prefetch_to_write(frames[k + 2 * kMailAhead].under_way);
      if (k + kMailAhead < frames.size()) frames[k + kMailAhead].under_way->frame.prefetch_whole();
      frames[k].pipe->take_in(*frames[k].under_way);
    }
    // Buffers that came go back, or the sender would make new ones for ever.
    if (returning && !frames.empty()) {
      BufferList& returned = shard.outboxes[shard.writing][i].returned;
      if (returned.first == nullptr) returned = shard.packets.take_spare(frames.size());
    }
    box.frames.clear();
    box.earliest = Time::max();
  }
}

// Afterwards all boxes are empty.
void ParallelRun::take_all_mail() {
  for (const unsigned set : {0u, 1u}) {
    for (std::size_t i = 0; i < logs_.size(); ++i) take_mail(*shards_[i], set, false);
  }
}

void ParallelRun::call_between(Clock::time_point now) {
  if (now < next_between_) return;
  next_between_ = now + kBetweenInterval;
  guarded([&] { (*between_)(); });
}

template <typename F>
void ParallelRun::guarded(F&& call) {
  try {
    call();
  } catch (...) {
    const std::lock_guard lock(failure_lock_);
    if (!failure_) failure_ = std::current_exception();
    failed_ = true;
  }
}

}  // namespace kamesim
