// Runs on several threads have the outcome of one: the same frames at the same times, told in the same order.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include "sim/lan.h"
#include "sim/link.h"
#include "sim/node.h"
#include "sim/parallel_run.h"
#include "sim/random.h"
#include "sim/simulation.h"
#include "sim/timer.h"

namespace kamesim {
namespace {

using Threads = std::uint32_t;

// A clock for each thread, that goes on as its nodes work.
thread_local std::chrono::nanoseconds worked{};
ParallelRun::Clock::time_point time_worked() { return ParallelRun::Clock::time_point(worked); }

// Sends a frame out of a NIC of its choice at random times, and hands what it receives on, for some hops.
class Gossip final : public FrameReceiver {
 public:
  explicit Gossip(Node& node) : node_(node), random_(node.stream("gossip")), timer_(Timer::to<&Gossip::speak>(node, *this)) {
    timer_.arm_in(random_.uniform(Duration(), 1_ms));
  }
  void listen() {
    for (const auto& nic : node_.nics()) {
      nic->set_receiver(this);
      nic->set_promiscuous(true);
    }
  }
  ~Gossip() {
    for (const auto& nic : node_.nics()) nic->set_receiver(nullptr);
  }
  void on_frame(Nic&, Packet frame) override {
    ++heard;
    worked += std::chrono::microseconds(node_.id() % 3 == 0 ? 9 : 1);
    const std::uint8_t hops = frame.data()[kHops];
    if (hops == 0) return;
    frame.mutable_data()[kHops] = static_cast<std::uint8_t>(hops - 1);
    if (random_.chance(0.7)) out().send(std::move(frame));  // so that LANs do not fill up
  }
  void on_link_change(Nic&, bool) override {}
  int heard = 0;
  static constexpr std::size_t kHops = 20;

 private:
  Nic& out() { return *node_.nics()[random_.next_u32() % node_.nics().size()]; }
  void speak() {
    Packet frame = node_.packets().allocate(60 + random_.next_u32() % 1000);
    std::fill_n(frame.mutable_data(), frame.size(), std::uint8_t{0xff});
    frame.mutable_data()[kHops] = 4;
    out().send(std::move(frame));
    timer_.arm_in(random_.uniform(10_us, 2_ms));
  }
  Node& node_;
  RandomStream random_;
  Timer timer_;
};

// What an observer heard, in its order.
class Record final : public FrameObserver {
 public:
  void on_frame(const Nic& nic, Direction direction, Time now, Bytes frame) override {
    for (const std::uint64_t word : {stable_hash(nic.node().name()), std::uint64_t{nic.index()},
                                     static_cast<std::uint64_t>(direction), static_cast<std::uint64_t>(now.ns()),
                                     std::uint64_t{frame.size()}}) {
      hash = (hash ^ word) * 0x9fb21c651e98df25ull;
      hash ^= hash >> 31;
    }
    ++frames;
  }
  std::uint64_t hash = 1;
  int frames = 0;
};

// A ring of nodes with two LANs hanging on it; links of different delays, most of them lossy, with short queues. It may have
// an island, a ring of fourteen nodes beyond a link that is far longer than its own.
struct Ring {
  enum class Island : bool { kNo, kYes };
  explicit Ring(std::uint64_t seed = 1, int size = 12, Island island = Island::kNo) : simulation(seed) {
    simulation.enable_trace_hash();
    for (int i = 0; i < size; ++i) nodes.push_back(&simulation.add_node("n" + std::to_string(i)));
    for (int i = 0; i < size; ++i) {
      auto& link = simulation.add_medium<PointToPointLink>(
          "link" + std::to_string(i), LinkConfig{.rate_bps = 20'000'000, .delay = 100_us + i * 50_us,
                                                 .jitter = i % 3 == 0 ? 30_us : Duration(), .loss = i % 4 == 2 ? 0 : 0.02,
                                                 .queue_limit = 3});
      link.attach(nodes[i]->add_nic(), nodes[(i + 1) % size]->add_nic());
      links.push_back(&link);
    }
    for (const int at : {0, size / 2}) {
      auto& lan = simulation.add_medium<Lan>("lan" + std::to_string(at), LinkConfig{.delay = 5_us});
      lan.attach(nodes[at]->add_nic());
      for (int h = 0; h < 3; ++h) {
        nodes.push_back(&simulation.add_node("h" + std::to_string(at) + "." + std::to_string(h)));
        lan.attach(nodes.back()->add_nic());
      }
    }
    if (island == Island::kYes) {
      std::vector<Node*> ring;
      for (int i = 0; i < 14; ++i) ring.push_back(&simulation.add_node("i" + std::to_string(i)));
      const auto connect = [&](Node& a, Node& b, Duration delay) {
        auto& link = simulation.add_medium<PointToPointLink>("to " + b.name(), LinkConfig{.delay = delay, .loss = 0.02});
        link.attach(a.add_nic(), b.add_nic());
        links.push_back(&link);
      };
      for (std::size_t i = 1; i < ring.size(); ++i) connect(*ring[i - 1], *ring[i], 200_us);
      connect(*ring.back(), *ring[0], 300_us);
      connect(*nodes[1], *ring[0], 30_ms);
      nodes.insert(nodes.end(), ring.begin(), ring.end());
    }
    for (Node* node : nodes) {
      gossips.push_back(std::make_unique<Gossip>(*node));
      gossips.back()->listen();
      for (const auto& nic : node->nics()) nic->add_observer(&record);
      node->set_drop_observer([this](Time t, Node& n, DropReason reason, Bytes) {
        drops.push_back(std::to_string(t.ns()) + " " + n.name() + " " + std::string(reason->name));
      });
    }
  }
  ~Ring() {
    for (Node* node : nodes) {
      for (const auto& nic : node->nics()) nic->remove_observer(&record);
    }
  }
  void run(Time until, Threads threads) { threads == 0 ? simulation.run_until(until) : simulation.run_until(until, threads); }

  Simulation simulation;
  std::vector<Node*> nodes;
  std::vector<PointToPointLink*> links;
  std::vector<std::unique_ptr<Gossip>> gossips;
  Record record;
  std::vector<std::string> drops;
};

class ParallelRuns : public ::testing::TestWithParam<Threads> {};
INSTANTIATE_TEST_SUITE_P(Threads, ParallelRuns, ::testing::Values(1, 2, 3, 8));

TEST_P(ParallelRuns, HaveTheOutcomeOfOneThread) {
  Ring one, several;
  one.run(Time::from_seconds(0.3), 0);
  several.run(Time::from_seconds(0.3), GetParam());
  EXPECT_GT(one.record.frames, 10'000) << one.record.frames;
  EXPECT_GT(one.drops.size(), 100u);
  EXPECT_EQ(several.simulation.trace_hash(), one.simulation.trace_hash());
  EXPECT_EQ(several.simulation.events_fired(), one.simulation.events_fired());
  EXPECT_EQ(several.simulation.now(), one.simulation.now());
  EXPECT_EQ(several.record.hash, one.record.hash);  // observers hear the same in the same order
  EXPECT_EQ(several.drops, one.drops);
}

TEST_P(ParallelRuns, GoOnWhereTheLastOneEnded) {
  Ring one, several;
  one.run(Time::from_seconds(0.2), 0);
  for (const double until : {0.01, 0.0100001, 0.05, 0.12}) several.run(Time::from_seconds(until), GetParam());
  several.run(Time::from_seconds(0.15), 0);
  several.run(Time::from_seconds(0.2), GetParam());
  EXPECT_EQ(several.simulation.trace_hash(), one.simulation.trace_hash());
  EXPECT_EQ(several.record.hash, one.record.hash);
}

TEST_P(ParallelRuns, StopForWhatIsDoneFromOutside) {
  auto scene = [](Threads threads) {
    Ring ring;
    std::vector<Nic*> late;
    ring.simulation.at(Time::from_seconds(0.020), [&] { ring.links[2]->set_up(false); });
    ring.simulation.at(Time::from_seconds(0.030), [&] { ring.links[2]->set_up(true); });
    ring.simulation.at(Time::from_seconds(0.031), [&] {  // a chord across the ring: the shards change
      auto& link = ring.simulation.add_medium<PointToPointLink>("chord", LinkConfig{.delay = 20_us});
      link.attach(ring.nodes[1]->add_nic(), ring.nodes[7]->add_nic());
      ring.gossips[1]->listen();
      ring.gossips[7]->listen();
    });
    ring.simulation.at(Time::from_seconds(0.040), [&] { ring.nodes[3]->nics()[0]->set_enabled(false); });
    ring.simulation.at(Time::from_seconds(0.050), [&] {
      ring.simulation.at(ring.simulation.now(), [&] { ring.links[5]->set_config({.delay = 10_us}); });
    });
    ring.run(Time::from_seconds(0.1), threads);
    return std::pair(ring.simulation.trace_hash(), ring.record.hash);
  };
  EXPECT_EQ(scene(GetParam()), scene(0));
}

// What is sent from outside is under way when the same call takes the link down.
TEST_P(ParallelRuns, LoseWhatWasSentJustBeforeALinkGoesDown) {
  auto scene = [](Threads threads) {
    Ring ring;
    ring.simulation.at(Time::from_seconds(0.020), [&] {
      for (Node* node : ring.nodes) {
        Packet frame = node->packets().allocate(200);
        std::fill_n(frame.mutable_data(), frame.size(), std::uint8_t{0xff});
        frame.mutable_data()[Gossip::kHops] = 0;
        node->nics()[0]->send(std::move(frame));
      }
      for (PointToPointLink* link : ring.links) link->set_up(false);
    });
    ring.simulation.at(Time::from_seconds(0.021), [&] {
      for (PointToPointLink* link : ring.links) link->set_up(true);
    });
    ring.run(Time::from_seconds(0.03), threads);
    return std::tuple(ring.simulation.trace_hash(), ring.record.hash, ring.drops);
  };
  EXPECT_EQ(scene(GetParam()), scene(0));
}

TEST_P(ParallelRuns, SeeAllNodesAtOneTimeFromOutside) {
  Ring ring;
  std::vector<int> heard;
  ring.simulation.at(Time::from_seconds(0.05), [&] {
    for (Node* node : ring.nodes) EXPECT_EQ(node->now(), Time::from_seconds(0.05));
    for (const auto& gossip : ring.gossips) heard.push_back(gossip->heard);
  });
  ring.run(Time::from_seconds(0.1), GetParam());
  Ring other;
  other.run(Time::from_seconds(0.05) - 1_ns, 0);
  std::vector<int> expected;
  for (const auto& gossip : other.gossips) expected.push_back(gossip->heard);
  EXPECT_EQ(heard, expected);
}

TEST_P(ParallelRuns, PassAnExceptionOnAndCanGoOn) {
  Ring ring;
  ring.simulation.at(Time::from_seconds(0.05), [] { throw std::runtime_error("from a callable"); });
  EXPECT_THROW(ring.run(Time::from_seconds(0.1), GetParam()), std::runtime_error);
  EXPECT_EQ(ring.simulation.now(), Time::from_seconds(0.05));
  ring.run(Time::from_seconds(0.1), GetParam());
  Ring one;
  one.run(Time::from_seconds(0.1), 0);
  EXPECT_EQ(ring.simulation.trace_hash(), one.simulation.trace_hash());
}

TEST_P(ParallelRuns, EndWhenTheyAreStopped) {
  Ring ring;
  ring.simulation.at(Time::from_seconds(0.05), [&] { ring.simulation.stop(); });
  ring.run(Time::from_seconds(0.1), GetParam());
  EXPECT_EQ(ring.simulation.now(), Time::from_seconds(0.05));
}

// What runs on a node and asks for something of the whole network's.
class Meddler {
 public:
  explicit Meddler(Node& node) : node_(node), timer_(Timer::to<&Meddler::meddle>(node, *this)) { timer_.arm_in(1_ms); }

 private:
  void meddle() {
    node_.simulation().at(node_.now() + 1_ms, [] {});
  }
  Node& node_;
  Timer timer_;
};

TEST(ParallelRun, RefusesWhatOnlyOneThreadCanDo) {
  Ring ring;
  const Meddler meddler(*ring.nodes[4]);
  EXPECT_THROW(ring.run(Time::from_seconds(0.1), 2), SimulationError);
}

// Where no link is cut a shard could run to the end at once: whoever wants to stop it would not be heard.
TEST(ParallelRun, ListensBetweenPhasesWhereNothingCrosses) {
  Ring ring;
  int calls = 0;
  ParallelRun run(ring.simulation, 1, &time_worked);
  EXPECT_EQ(run.run(Time::from_seconds(2), [&] { ++calls; }), ParallelRun::End::kReachedLimit);
  EXPECT_GE(calls, 2);
}

// Nothing is known of the traffic when the run begins; then it is seen where the work is.
TEST_P(ParallelRuns, SplitTheNetworkAnewWithTheSameOutcome) {
  Ring one, several;
  one.run(Time::from_seconds(0.8), 0);
  std::uint32_t splits = 0;
  {
    ParallelRun run(several.simulation, GetParam(), &time_worked);
    EXPECT_EQ(run.run(Time::from_seconds(0.8), [] {}), ParallelRun::End::kReachedLimit);
    splits = run.splits();
  }
  EXPECT_EQ(splits > 1, GetParam() > 1 && std::thread::hardware_concurrency() > 1) << splits;
  EXPECT_EQ(several.simulation.trace_hash(), one.simulation.trace_hash());
  EXPECT_EQ(several.simulation.events_fired(), one.simulation.events_fired());
  EXPECT_EQ(several.record.hash, one.record.hash);
  EXPECT_EQ(several.drops, one.drops);
}

// What is far from the rest belongs to no thread: whoever would wait runs it.
TEST_P(ParallelRuns, ShareWhatIsFarAway) {
  Ring one(1, 12, Ring::Island::kYes), several(1, 12, Ring::Island::kYes);
  one.run(Time::from_seconds(0.8), 0);
  {
    ParallelRun run(several.simulation, GetParam(), &time_worked);
    EXPECT_EQ(run.run(Time::from_seconds(0.2), [] {}), ParallelRun::End::kReachedLimit);
    EXPECT_EQ(run.run(Time::from_seconds(0.8), [] {}), ParallelRun::End::kReachedLimit);
    const bool shared = GetParam() > 1 && std::thread::hardware_concurrency() > 1;
    for (const Node* node : several.nodes) {
      EXPECT_EQ(node->shard().index == GetParam(), shared && node->name().starts_with("i")) << node->name();
    }
  }
  EXPECT_GT(one.gossips.back()->heard, 100);
  EXPECT_EQ(several.simulation.trace_hash(), one.simulation.trace_hash());
  EXPECT_EQ(several.simulation.events_fired(), one.simulation.events_fired());
  EXPECT_EQ(several.record.hash, one.record.hash);
  EXPECT_EQ(several.drops, one.drops);
}

// Here one of two threads is held up in its very first event, until the other, which may not be ahead of it, has run an
// event of the island.
class HeldUp : public ::testing::TestWithParam<std::uint32_t> {};
INSTANTIATE_TEST_SUITE_P(Shard, HeldUp, ::testing::Values(0, 1));

TEST_P(HeldUp, ThreadsThatWaitRunWhatIsFarAway) {
  if (std::thread::hardware_concurrency() < 2) GTEST_SKIP() << "there is one core";
  constexpr int kMainland = 20, kAll = 22;
  struct Call {
    std::function<void()> call;
    void fire() { call(); }
  };
  Simulation simulation(1);
  std::vector<Node*> nodes;
  for (int i = 0; i < kAll; ++i) nodes.push_back(&simulation.add_node("n" + std::to_string(i)));
  for (int i = 1; i < kAll; ++i) {
    auto& link = simulation.add_medium<PointToPointLink>("link" + std::to_string(i),
                                                         LinkConfig{.delay = i == kMainland ? 30_ms : 1_ms});
    link.attach(nodes[i - 1]->add_nic(), nodes[i]->add_nic());
  }
  ParallelRun run(simulation, 2, &time_worked);
  std::atomic<bool> island_has_run = false;
  std::thread::id held, island;
  Call hold{[&] {
    held = std::this_thread::get_id();
    const auto too_long = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!island_has_run && std::chrono::steady_clock::now() < too_long) std::this_thread::yield();
  }};
  Call on_island{[&] {
    island = std::this_thread::get_id();
    island_has_run = true;
  }};
  Node* const first = *std::ranges::find(nodes, GetParam(), [](const Node* node) { return node->shard().index; });
  Timer hold_timer = Timer::to<&Call::fire>(*first, hold), island_timer = Timer::to<&Call::fire>(*nodes.back(), on_island);
  hold_timer.arm_in(1_ms);
  island_timer.arm_in(1_ms + 100_us);  // in the same window
  EXPECT_EQ(run.run(Time::from_seconds(0.1), [] {}), ParallelRun::End::kReachedLimit);
  EXPECT_NE(held, std::thread::id());
  EXPECT_NE(island, std::thread::id());
  EXPECT_NE(held, island);
}

// On a ring every node hands each frame on; for some that is more work.
class Relay final : public FrameReceiver {
 public:
  Relay(Node& node, std::chrono::nanoseconds work) : node_(node), work(work) {
    for (Nic* nic : node.nics()) {
      nic->set_receiver(this);
      nic->set_promiscuous(true);
    }
  }
  ~Relay() {
    for (Nic* nic : node_.nics()) nic->set_receiver(nullptr);
  }
  void on_frame(Nic& nic, Packet frame) override {
    worked += work;
    node_.nics()[&nic == node_.nics()[0] ? 1 : 0]->send(std::move(frame));
  }
  void on_link_change(Nic&, bool) override {}
  std::uint32_t shard() const { return node_.shard().index; }

 private:
  Node& node_;

 public:
  const std::chrono::nanoseconds work;
};

// All have the same number of frames, so that these do not tell.
TEST(ParallelRun, GivesEachThreadAsMuchAsItDoesInTheSameTime) {
  if (std::thread::hardware_concurrency() < 2) GTEST_SKIP() << "there is one core";
  constexpr int kNodes = 24;
  Simulation simulation(1);
  std::vector<Node*> nodes;
  for (int i = 0; i < kNodes; ++i) nodes.push_back(&simulation.add_node("n" + std::to_string(i)));
  for (int i = 0; i < kNodes; ++i) {
    auto& link = simulation.add_medium<PointToPointLink>("link" + std::to_string(i), LinkConfig{.delay = 1_ms});
    link.attach(nodes[i]->add_nic(), nodes[(i + 1) % kNodes]->add_nic());
  }
  std::vector<std::unique_ptr<Relay>> relays;
  for (int i = 0; i < kNodes; ++i) {
    relays.push_back(std::make_unique<Relay>(*nodes[i], std::chrono::microseconds(i < kNodes / 2 ? 5 : 1)));
  }
  for (Node* node : nodes) {
    for (int i = 0; i < 20; ++i) {
      Packet frame = node->packets().allocate(100);
      std::fill_n(frame.mutable_data(), frame.size(), std::uint8_t{0xff});
      node->nics()[i % 2]->send(std::move(frame));
    }
  }
  std::vector<double> worked_by_shard;
  ParallelRun run(simulation, 2, &time_worked);
  run.run(Time::from_seconds(2), [&] {
    worked_by_shard.assign(2, 0);
    for (const auto& relay : relays) worked_by_shard[relay->shard()] += static_cast<double>(relay->work.count());
  });
  ASSERT_EQ(worked_by_shard.size(), 2u);
  EXPECT_NEAR(worked_by_shard[0] / worked_by_shard[1], 1, 0.15);
  EXPECT_GE(run.splits(), 2u);
  EXPECT_LE(run.splits(), 10u);  // then it stays
}

// Traffic that goes one way only: the buffers come back, those of lost frames as well.
class OneWay : public ::testing::TestWithParam<double> {};
INSTANTIATE_TEST_SUITE_P(Loss, OneWay, ::testing::Values(0, 0.5));

TEST_P(OneWay, DoesNotGatherBuffersOnOneSide) {
  Simulation simulation(1);
  Node& from = simulation.add_node("from");
  Node& to = simulation.add_node("to");
  auto& link = simulation.add_medium<PointToPointLink>("link", LinkConfig{.delay = 100_us, .loss = GetParam()});
  link.attach(from.add_nic(), to.add_nic());
  struct Source {
    explicit Source(Node& n) : node(n), timer(Timer::to<&Source::send>(n, *this)) { timer.arm_in(1_us); }
    void send() {
      Packet frame = node.packets().allocate(100);
      std::fill_n(frame.mutable_data(), frame.size(), std::uint8_t{0xff});
      node.nics()[0]->send(std::move(frame));
      timer.arm_in(1_us);
    }
    Node& node;
    Timer timer;
  } source(from);
  simulation.run_until(Time::from_seconds(0.2), 2);
  constexpr std::uint64_t kArrived = 200'000 - 100;
  const std::uint64_t received = to.nics()[0]->counters().received_frames;
  const auto expected = static_cast<double>(kArrived) * (1 - GetParam());
  EXPECT_NEAR(static_cast<double>(received), expected, 0.01 * static_cast<double>(kArrived) * GetParam());
  EXPECT_EQ(from.drops("link.loss") > 0, GetParam() > 0);
  EXPECT_LT(simulation.packet_buffers(), 3'000u);
}

}  // namespace
}  // namespace kamesim
