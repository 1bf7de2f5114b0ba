#include "sim/parallel_run.h"

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "sim/medium.h"
#include "sim/node.h"
#include "sim/pipe.h"
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
// From then on threads are compared. As much time must have been lost as so many splits take, and the thread that works
// longest have worked so much longer than their mean of late: what cores lose by chance another split does not bring back.
constexpr auto kCompareInterval = std::chrono::milliseconds(50);
constexpr int kSplitsLost = 3;
constexpr double kUneven = 0.01;
// What a shard did tells its speed if it took so long; that is taken for at most so many times the mean, or a part of it.
constexpr auto kLongEnough = std::chrono::milliseconds(10);
constexpr double kMostUneven = 4;
// A core that was taken away for a while is not slow: of what an event takes, so many times the usual is counted at most.
// What is usual follows by so much.
constexpr double kMostUnusual = 4, kFollows = 1.0 / 16;

// A part of the network stands apart if this much further from the rest than threads may be ahead of each other, and if it
// has so much of all load: enough for a thread that would wait, and no more than that needs.
constexpr int kApartWindows = 4;
constexpr double kLeastApart = 0.04, kMostApart = 0.15;

// After so many events at most a shard tells the others how far it has come.
constexpr int kEventsToTell = 512;
// A phase is to take about so long, if it has events: what is done between two must not wait for long.
constexpr auto kPhaseTakes = std::chrono::milliseconds(50);
constexpr std::int64_t kMostWindows = 1 << 20;
constexpr Duration kUncutWindow = 10_ms;  // what takes the place of the least delay between shards where nothing crosses
constexpr std::uint64_t kEventsOfWindow = 4;  // with fewer it is better to meet and see what comes next

constexpr std::int64_t kBorrowed = 256;  // buffers that may stay where they went
constexpr unsigned kSpins = 1'000;       // looks at the others, before a thread that waits lets others use its core
constexpr unsigned kFirstSet = 0;
const Duration kForever = Time::max() - Time();

// The sum, without running over.
Time later(Time t, Duration d) { return d > Time::max() - t ? Time::max() : t + d; }
Duration times(Duration d, std::int64_t k) { return d > kForever / k ? kForever : d * k; }

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

ParallelRun::ParallelRun(Simulation& simulation, std::uint32_t threads, Now now)
    : simulation_(simulation),
      shards_(simulation.shards_),
      owned_(threads),
      threads_(std::clamp(std::thread::hardware_concurrency(), 1u, threads)),
      logs_(threads + 1),
      looked_(simulation.now()),
      load_then_(simulation.nodes_.size(), 0),
      look_after_(std::max(kLookAfter, kLookAfterEach * simulation.actors_)),
      shares_(ShardGraph::equal_shares(threads)),
      progress_(threads + 1),
      workers_(threads_),
      now_(now),
      compared_(threads_),
      topology_(simulation.topology_generation_),
      barrier_(threads_) {
  const auto shards = static_cast<std::uint32_t>(logs_.size());
  while (shards_.size() < shards) shards_.push_back(std::make_unique<Shard>(simulation));
  for (std::uint32_t i = 0; i < shards; ++i) {
    Shard& shard = *shards_[i];
    shard.index = i;
    shard.now = simulation.now();
    shard.outboxes = std::vector<Mailbox>(shards);
    shard.borrowed.resize(std::max<std::size_t>(shard.borrowed.size(), shards));
  }
  for (auto& set : published_) set = std::vector<Published>(shards);
  ShardGraph graph = described();
  const bool known = looked_ > Time() && graph.total_load() > kLookAfter;
  const double load_rate = known ? per_second(graph.total_load(), looked_ - Time()) : ShardGraph::kUnknownLoadRate;
  distribute(graph, split_and_set_apart(graph, load_rate).shard_of);
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
  graph.leave_frames_since(frames_then_);
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
  find_neighbors(graph);
}

void ParallelRun::find_neighbors(const ShardGraph& graph) {
  const std::size_t n = logs_.size();
  std::vector<std::vector<Duration>> delay(n, std::vector<Duration>(n, kForever));
  window_ = kForever;
  for (const ShardGraph::Edge& edge : graph.edges()) {
    const std::uint32_t a = shard_of_[edge.a], b = shard_of_[edge.b];
    if (a == b) continue;
    delay[a][b] = delay[b][a] = std::min(delay[a][b], edge.delay);
    window_ = std::min(window_, edge.delay);
  }
  if (window_ == kForever) window_ = kUncutWindow;
  for (std::uint32_t i = 0; i < n; ++i) {
    progress_[i].neighbors.clear();
    for (std::uint32_t k = 0; k < n; ++k) {
      if (delay[i][k] == kForever) continue;
      progress_[i].neighbors.push_back({.shard = k,
                                        .delay = delay[i][k],
                                        .in = &shards_[k]->outboxes[i],
                                        .out = &shards_[i]->outboxes[k]});
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
  spare_.set_at(Time());
  for (std::size_t i = 0; i < logs_.size(); ++i) {
    progress_[i].done = Time();
    for (Neighbor& to : progress_[i].neighbors) to.told = Time();
    for (Mailbox& box : shards_[i]->outboxes) box.send(Time());
    publish(*shards_[i], kFirstSet, false);
  }
  {
    std::vector<std::jthread> threads;
    for (std::uint32_t i = 1; i < threads_; ++i) threads.emplace_back([this, i] { work(i); });
    work(0);
  }
  take_all_mail();
  ObservationLog::tell(logs_, Time::max());
  if (failed_) std::rethrow_exception(failure_);  // the clock stands where the phase began; some shards are ahead of it
  Time next = next_of(simulation_.main_);
  for (std::size_t i = 0; i < logs_.size(); ++i) next = std::min(next, next_of(*shards_[i]));
  Time& now = simulation_.main_.now;
  if (next > until && !simulation_.stop_requested()) {
    now = std::max(now, until);
    return End::kReachedLimit;
  }
  for (std::size_t i = 0; i < logs_.size(); ++i) now = std::max(now, shards_[i]->now);
  return simulation_.stop_requested() ? End::kStopped : End::kTopologyChanged;
}

void ParallelRun::work(std::uint32_t thread) {
  const bool first_thread = thread == 0;
  View view;
  for (unsigned reading = kFirstSet;; reading = 1 - reading) {
    barrier_.wait();
    look(reading, view);
    const unsigned writing = 1 - reading;
    Turn next = turn(view);
    if (next == Turn::kObservers) {
      if (first_thread) guarded([&] { ObservationLog::tell(logs_, view.first); });
      barrier_.wait();
      next = Turn::kPhase;
    }
    switch (next) {
      case Turn::kEnd:
        return;
      case Turn::kWorld:
        if (first_thread) run_world(writing);
        break;
      case Turn::kSplit:
        if (first_thread) split_again(view, writing);
        view.events = 0;
        break;
      default:
        size_phase(view);
        view.ran = (view.end - view.first) / window_;
        const Clock::time_point began = now_();
        if (first_thread) {
          simulation_.main_.now = std::max(simulation_.main_.now, std::min(view.first, until_));
          call_between(began);
          look_ = look_ || worth_a_look(view, began);
        }
        run_phase(thread, view);
        if (first_thread) took_ = now_() - began;
        const bool stop = failed_ || (first_thread && simulation_.stop_requested());
        for (std::size_t i = thread; i < owned_; i += threads_) publish(*shards_[i], writing, stop);
        if (first_thread) {
          while (!spare_.take()) std::this_thread::yield();  // another runs it only if the run has failed
          publish(*shards_[owned_], writing, stop);
          spare_.leave();
        }
    }
  }
}

void ParallelRun::look(unsigned reading, View& view) const {
  const std::vector<Published>& all = published_[reading];
  view.first = Time::max();
  view.observed = 0;
  view.work.clear();
  view.stop = false;
  for (const Published& shard : all) {
    view.first = std::min(view.first, shard.next);
    view.observed += shard.observed;
    view.stop |= shard.stop;
  }
  for (std::size_t i = 0; i < threads_; ++i) view.work.push_back(all[i].work);
  view.world_next = all.front().world_next;
  view.took = all.front().took;
  view.look = all.front().look;
}

// How long the next phase is to be, by what the last one was. Where little happens all meet soon, so that time that holds
// nothing is skipped; where observers have much to be told, too.
void ParallelRun::size_phase(View& view) const {
  std::uint64_t events = 0;
  for (const Work& work : view.work) events += work.events;
  const std::uint64_t happened = events - std::exchange(view.events, events);
  if (const std::int64_t ran = std::exchange(view.ran, 0); ran > 0) {
    const bool sparse = happened < kEventsOfWindow * static_cast<std::uint64_t>(ran);
    if (sparse || view.took > 2 * kPhaseTakes || view.observed > kMostObserved) {
      view.windows = std::max<std::int64_t>(view.windows / 2, 1);
    } else if (view.took < kPhaseTakes && ran == view.windows) {
      view.windows = std::min(view.windows * 2, kMostWindows);
    }
  }
  view.end = std::min({later(until_, 1_ns), view.world_next, later(view.first, times(window_, view.windows))});
}

ParallelRun::Turn ParallelRun::turn(const View& view) const {
  if (view.stop || std::min(view.first, view.world_next) > until_) return Turn::kEnd;
  if (view.world_next <= view.first) return Turn::kWorld;  // the world's number is the lowest: it comes first
  if (view.look) return Turn::kSplit;
  return view.observed > kMostObserved ? Turn::kObservers : Turn::kPhase;
}

// Until this thread's shards have come to the phase's end, and nothing is on its way to them.
void ParallelRun::run_phase(std::uint32_t thread, const View& view) {
  std::size_t going = 0;
  for (std::size_t i = thread; i < owned_; i += threads_) {
    progress_[i].at_end = false;
    ++going;
  }
  for (unsigned waits = 0; (going > 0 || !spare_.at(view.end)) && !failed_;) {
    bool some = false;
    for (std::size_t i = thread; i < owned_; i += threads_) {
      if (progress_[i].at_end) continue;
      some |= go_on(thread, *shards_[i], view);
      going -= progress_[i].at_end;
    }
    if (some || run_spare(thread, view)) {
      waits = 0;
    } else if (++waits < kSpins) {
      __builtin_ia32_pause();
    } else {
      std::this_thread::yield();
    }
  }
}

// False: another thread runs it, or there is nothing to run now.
bool ParallelRun::run_spare(std::uint32_t thread, const View& view) {
  if (spare_.at(view.end) || !spare_.take()) return false;
  bool some = false;
  if (!spare_.at(view.end)) {
    Progress& progress = progress_[owned_];
    progress.at_end = false;
    some = go_on(thread, *shards_[owned_], view);
    if (progress.at_end) spare_.set_at(view.end);
  }
  spare_.leave();
  return some;
}

void ParallelRun::Worker::count(std::uint64_t events, Clock::duration took) {
  auto each = static_cast<double>(took.count()) / static_cast<double>(std::max<std::uint64_t>(events, 1));
  if (usual > 0) each = std::min(each, kMostUnusual * usual);
  usual += usual > 0 ? (each - usual) * kFollows : each;
  done.events += events;
  done.time += std::min(took, Clock::duration(static_cast<Clock::rep>(each * static_cast<double>(events))));
}

// Runs what may be run of a shard now. False: nothing.
bool ParallelRun::go_on(std::uint32_t thread, Shard& shard, const View& view) {
  Progress& progress = progress_[shard.index];
  Time horizon = view.end;
  bool all_at_end = true;
  for (Neighbor& from : progress.neighbors) {
    const Time there = std::max(from.in->clock(), view.first);  // before its mail is looked at
    take_mail(shard, from);
    horizon = std::min(horizon, later(there, from.delay));
    all_at_end &= there == view.end;
  }
  if (progress.done < horizon) {
    const Clock::time_point began = now_();
    const std::uint64_t fired = shard.events_fired;
    run_events(shard, horizon);
    tell(shard);
    workers_[thread].count(shard.events_fired - fired, now_() - began);
    return true;
  }
  progress.at_end = tell(shard) && all_at_end && horizon == view.end;
  return progress.at_end;
}

void ParallelRun::run_events(Shard& shard, Time horizon) {
  PacketPool::use_on_this_thread(&shard.packets);
  guarded([&] {
    for (int i = 0; i < kEventsToTell && shard.fire_next(horizon - 1_ns); ++i) {
    }
  });
  PacketPool::use_on_this_thread(nullptr);
  progress_[shard.index].done = std::min(next_of(shard), horizon);
}

// Hands over what crosses, and says how far the shard has come. False: not everywhere yet.
bool ParallelRun::tell(Shard& shard) {
  bool all = true;
  Progress& progress = progress_[shard.index];
  for (Neighbor& to : progress.neighbors) {
    if (to.told == progress.done) continue;
    if (!to.out->room()) {
      all = false;
      continue;
    }
    std::int64_t& borrowed = shard.borrowed[to.shard];
    borrowed -= std::int64_t{to.out->posted()};
    BufferList returned;
    if (borrowed > kBorrowed) returned = shard.packets.take_spare(static_cast<std::size_t>(borrowed));
    borrowed -= static_cast<std::int64_t>(returned.count);
    to.out->send(progress.done, returned);
    to.told = progress.done;
  }
  return all;
}

void ParallelRun::take_mail(Shard& shard, Neighbor& from) {
  from.in->take([&](const Mailbox::Batch& batch) {
    take_in(shard, batch);
    shard.borrowed[from.shard] += static_cast<std::int64_t>(batch.frames + batch.returned.count);
  });
}

void ParallelRun::take_in(Shard& shard, const Mailbox::Batch& batch) {
  shard.packets.take_back(batch.returned);
  for (const Crossing& crossing : batch.crossings) {
    crossing.pipe->take_in(*crossing.first, *crossing.last, crossing.count);
  }
}

// While no shard runs. Afterwards all boxes are empty.
void ParallelRun::take_all_mail() {
  for (std::size_t from = 0; from < logs_.size(); ++from) {
    for (std::size_t to = 0; to < logs_.size(); ++to) {
      shards_[from]->outboxes[to].take_all([&](const Mailbox::Batch& batch) { take_in(*shards_[to], batch); });
    }
  }
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
  Clock::duration most{}, most_of_late{}, sum{}, sum_of_late{};
  for (std::size_t i = 0; i < view.work.size(); ++i) {
    const Clock::duration time = view.work[i].time, of_late = time - compared_[i].time;
    most = std::max(most, time);
    most_of_late = std::max(most_of_late, of_late);
    sum += time;
    sum_of_late += of_late;
  }
  const Clock::duration lost = most - sum / threads_;
  if (lost > kSplitsLost * split_takes_ && most_of_late * threads_ > (1 + kUneven) * sum_of_late) return true;
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
  for (double& speed : speeds) sum += speed = std::clamp(speed, mean / kMostUneven, mean * kMostUneven);
  for (std::size_t i = 0; i < owned_; ++i) {
    const std::size_t thread = i % threads_, shards_of_it = (owned_ - thread + threads_ - 1) / threads_;
    shares_[i] = speeds[thread] / sum / static_cast<double>(shards_of_it);
  }
}

// Alone: the others wait, and all have come to the same time.
void ParallelRun::split_again(const View& view, unsigned writing) {
  const Clock::time_point began = now_();
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
    if (i < threads_) workers_[i].done = compared_[i] = {};
    publish(*shards_[i], writing, failed_);
  }
}

// What is to stand in the spare shard follows from how far ahead of each other the others may be without it.
ShardGraph::Split ParallelRun::split_and_set_apart(ShardGraph& graph, double load_rate) {
  ShardGraph::Split whole = graph.partition(shares_, load_rate);
  apart_.clear();
  if (threads_ > 1) apart_ = graph.part_beyond(times(whole.window, kApartWindows), kLeastApart, kMostApart);
  if (apart_.empty()) return whole;
  graph.set_apart(apart_);
  return graph.partition(shares_, load_rate);
}

// False: the present split is as good.
bool ParallelRun::split_better(const View& view) {
  ShardGraph graph = described();
  const double load_rate = per_second(graph.total_load(), view.first - std::exchange(looked_, view.first));
  const std::vector<bool> apart_before = apart_;
  ShardGraph::Split fresh;
  if (looked_before_) {
    measure_shares(view);
    graph.set_apart(apart_);
    fresh = graph.partition(shares_, load_rate);
  } else {
    fresh = split_and_set_apart(graph, load_rate);
  }
  const double worth = looked_before_ ? kWorthSplittingLater : kWorthSplitting;
  if (apart_ == apart_before && fresh.cost > graph.rated(shard_of_, shares_, load_rate).cost - worth) return false;
  gather();
  distribute(graph, std::move(fresh.shard_of));
  return true;
}

// Alone: the others wait.
void ParallelRun::run_world(unsigned writing) {
  Shard& world = simulation_.main_;
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
    publish(*shards_[i], writing, stop);
  }
}

void ParallelRun::publish(Shard& shard, unsigned writing, bool stop) {
  Published& published = published_[writing][shard.index];
  published.next = next_of(shard);
  published.observed = logs_[shard.index].bytes();
  if (shard.index < threads_) published.work = workers_[shard.index].done;
  published.stop = stop;
  if (shard.index != 0) return;
  published.world_next = next_of(simulation_.main_);
  published.took = took_;
  published.look = look_;
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
