#include "sim/simulation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/link.h"
#include "sim/medium.h"
#include "sim/node.h"
#include "sim/timer.h"
#include "tests/unit/sim/frames.h"

namespace kamesim {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;
using testing::Station;

TEST(Simulation, RunsEventsUpToAndIncludingTheLimit) {
  Simulation simulation;
  std::vector<int> ran;
  simulation.at(Time::from_seconds(1), [&] { ran.push_back(1); });
  simulation.at(Time::from_seconds(2), [&] { ran.push_back(2); });
  simulation.at(Time::from_seconds(3), [&] { ran.push_back(3); });
  simulation.run_until(Time::from_seconds(2));
  EXPECT_THAT(ran, ElementsAre(1, 2));
  EXPECT_EQ(simulation.now(), Time::from_seconds(2));
  simulation.run_until(Time::from_seconds(10));
  EXPECT_THAT(ran, ElementsAre(1, 2, 3));
  EXPECT_EQ(simulation.now(), Time::from_seconds(10));
}

TEST(Simulation, CallsAtOneTimeRunInTheOrderInWhichTheyWereMade) {
  Simulation simulation;
  std::vector<int> ran;
  for (int i = 0; i < 5; ++i) simulation.at(Time::from_seconds(1), [&ran, i] { ran.push_back(i); });
  simulation.run_until(Time::from_seconds(1));
  EXPECT_THAT(ran, ElementsAre(0, 1, 2, 3, 4));
}

TEST(Simulation, StopEndsTheRunAfterThePresentEvent) {
  Simulation simulation;
  int ran = 0;
  simulation.at(Time::from_seconds(1), [&] { simulation.stop(); });
  simulation.at(Time::from_seconds(2), [&] { ++ran; });
  simulation.run_until(Time::from_seconds(5));
  EXPECT_EQ(simulation.now(), Time::from_seconds(1));
  EXPECT_EQ(ran, 0);
  simulation.run_until(Time::from_seconds(5));
  EXPECT_EQ(ran, 1);
}

TEST(Simulation, AnExceptionInACallPassesThroughAndTheRunCanGoOn) {
  Simulation simulation;
  int ran = 0;
  simulation.at(Time::from_seconds(1), [] { throw std::runtime_error("a mistake in a scenario"); });
  simulation.at(Time::from_seconds(2), [&] { ++ran; });
  EXPECT_THROW(simulation.run_until(Time::from_seconds(5)), std::runtime_error);
  EXPECT_EQ(simulation.now(), Time::from_seconds(1));
  simulation.run_until(Time::from_seconds(5));
  EXPECT_EQ(ran, 1);
}

TEST(Simulation, StepsOverOneEventAtATime) {
  Simulation simulation;
  simulation.at(Time::from_seconds(1), [] {});
  EXPECT_FALSE(simulation.step(Time::from_seconds(0.5)));
  EXPECT_EQ(simulation.now(), Time());
  EXPECT_TRUE(simulation.step(Time::from_seconds(1)));
  EXPECT_EQ(simulation.now(), Time::from_seconds(1));
  EXPECT_FALSE(simulation.step(Time::max()));
}

TEST(Simulation, SkipsNoEventAndNeverGoesBack) {
  Simulation simulation;
  simulation.at(Time::from_seconds(1), [] {});
  EXPECT_THROW(simulation.advance_to(Time::from_seconds(2)), SimulationError);
  simulation.run_until(Time::from_seconds(2));
  EXPECT_THROW(simulation.advance_to(Time::from_seconds(1)), SimulationError);
  EXPECT_THAT([&] { simulation.at(Time::from_seconds(1), [] {}); },
              ThrowsMessage<SimulationError>(HasSubstr("it is already 2")));
}

TEST(Simulation, NamesOfNodesAreUniqueAndNotEmpty) {
  Simulation simulation;
  Node& mn = simulation.add_node("mn");
  EXPECT_EQ(simulation.find_node("mn"), &mn);
  EXPECT_EQ(simulation.find_node("ha"), nullptr);
  EXPECT_THAT([&] { simulation.add_node("mn"); }, ThrowsMessage<SimulationError>(HasSubstr("'mn'")));
  EXPECT_THROW(simulation.add_node(""), SimulationError);
}

TEST(Node, NamesAndNumbersItsInterfaces) {
  Simulation simulation;
  Node& node = simulation.add_node("mn");
  Nic& first = node.add_nic();
  Nic& named = node.add_nic("wlan0", MacAddress::parse("02:00:00:00:00:42"));
  EXPECT_EQ(first.name(), "eth0");
  EXPECT_FALSE(first.mac().is_group());
  EXPECT_NE(first.mac(), simulation.add_node("ha").add_nic().mac());
  EXPECT_EQ(named.mac().to_string(), "02:00:00:00:00:42");
  EXPECT_EQ(node.find_nic("wlan0"), &named);
  EXPECT_EQ(node.find_nic("wlan1"), nullptr);
  EXPECT_THAT([&] { node.add_nic("wlan0"); }, ThrowsMessage<SimulationError>(HasSubstr("'wlan0'")));
  EXPECT_THAT([&] { node.add_nic("eth9", MacAddress::broadcast()); },
              ThrowsMessage<SimulationError>(HasSubstr("group address")));
}

TEST(Node, CountsDropsByReason) {
  static constexpr DropInfo kSome{"test.some", "a rule"}, kOther{"test.other", "another rule"};
  Simulation simulation;
  Node& node = simulation.add_node("mn");
  std::vector<std::string> observed;
  node.set_drop_observer([&](Time, Node&, DropReason reason, Bytes) { observed.emplace_back(reason->name); });
  node.count_drop(&kSome);
  node.count_drop(&kOther);
  node.count_drop(&kSome);
  EXPECT_EQ(node.drops("test.some"), 2u);
  EXPECT_EQ(node.drops("test.unknown"), 0u);
  using Count = std::pair<DropReason, std::uint64_t>;
  EXPECT_THAT(node.drops(), ElementsAre(Count(&kOther, 1), Count(&kSome, 2)));
  EXPECT_THAT(observed, ElementsAre("test.some", "test.other", "test.some"));
}

TEST(Node, RecordsTraceOnlyWhenEnabled) {
  static constexpr TraceKind kKind{"test.kind"};
  Simulation simulation;
  Node& node = simulation.add_node("mn");
  node.trace(kKind);
  EXPECT_TRUE(node.trace_records().empty());
  node.enable_trace();
  node.trace(kKind, {{"signal", -70.5}});
  ASSERT_EQ(node.trace_records().size(), 1u);
  EXPECT_EQ(node.trace_records()[0].kind, &kKind);
  EXPECT_EQ(std::get<double>(node.trace_records()[0].fields[0].value), -70.5);
}

TEST(Node, KeepsRecordsAsTheyWereMade) {
  static constexpr TraceKind kFirst{"test.first"}, kSecond{"test.second"};
  Simulation simulation;
  Node& node = simulation.add_node("mn");
  node.enable_trace();
  const std::string text(1000, 'x');
  node.trace(kFirst, {{"text", text}, {"number", std::int64_t{-7}}, {"nothing", std::string()}});
  node.trace(kSecond);
  simulation.run_until(Time::from_seconds(2));
  node.trace(kFirst, {{"real", 1e300}});
  const auto records = node.trace_records();
  ASSERT_EQ(records.size(), 3u);
  EXPECT_EQ(records[0].kind, &kFirst);
  ASSERT_EQ(records[0].fields.size(), 3u);
  EXPECT_EQ(records[0].fields[0].name, "text");
  EXPECT_EQ(std::get<std::string>(records[0].fields[0].value), text);
  EXPECT_EQ(records[0].fields[1].name, "number");
  EXPECT_EQ(std::get<std::int64_t>(records[0].fields[1].value), -7);
  EXPECT_EQ(std::get<std::string>(records[0].fields[2].value), "");
  EXPECT_EQ(records[1].kind, &kSecond);
  EXPECT_TRUE(records[1].fields.empty());
  EXPECT_EQ(records[2].time, Time::from_seconds(2));
  EXPECT_EQ(std::get<double>(records[2].fields[0].value), 1e300);
  node.clear_trace();
  EXPECT_TRUE(node.trace_records().empty());
}

// A timer's owner.
struct Alarm {
  explicit Alarm(Node& node) : node(node), timer(Timer::to<&Alarm::ring>(node, *this)) {}
  void ring() { rang.push_back(node.now().ns()); }
  Node& node;
  Timer timer;
  std::vector<std::int64_t> rang;
};

TEST(Timer, RearmsInPlaceAndCancels) {
  Simulation simulation;
  Alarm alarm(simulation.add_node("mn"));
  alarm.timer.arm_in(10_ns);
  alarm.timer.arm_in(20_ns);
  simulation.run_until(Time::from_ns(15));
  EXPECT_TRUE(alarm.timer.armed());
  simulation.run_until(Time::from_ns(100));
  EXPECT_THAT(alarm.rang, ElementsAre(20));
  alarm.timer.arm_in(10_ns);
  alarm.timer.cancel();
  simulation.run_until(Time::from_ns(200));
  EXPECT_THAT(alarm.rang, ElementsAre(20));
}

TEST(Timer, FollowsADeadline) {
  Simulation simulation;
  Alarm alarm(simulation.add_node("mn"));
  simulation.run_until(Time::from_ns(50));
  alarm.timer.arm_at(std::optional(Time::from_ns(10)));  // has passed: at once
  simulation.run_until(Time::from_ns(50));
  EXPECT_THAT(alarm.rang, ElementsAre(50));
  alarm.timer.arm_at(std::optional(Time::from_ns(70)));
  alarm.timer.arm_at(std::optional<Time>());
  simulation.run_until(Time::from_ns(100));
  EXPECT_THAT(alarm.rang, ElementsAre(50));
}

TEST(Timer, TiesGoByTheOwnersOrderThenTheirSequence) {
  Simulation simulation;
  std::vector<std::string> rang;
  struct Ring {
    Ring(Node& node, std::vector<std::string>& rang)
        : node(node), rang(rang), timer(Timer::to<&Ring::ring>(node, *this)) {}
    void ring() { rang.push_back(node.name()); }
    Node& node;
    std::vector<std::string>& rang;
    Timer timer;
  };
  Ring a(simulation.add_node("a"), rang), b(simulation.add_node("b"), rang);
  Ring b2(b.node, rang);
  b2.timer.arm_in(1_ns);
  b.timer.arm_in(1_ns);
  a.timer.arm_in(1_ns);
  simulation.run_until(Time::from_ns(1));
  EXPECT_THAT(rang, ElementsAre("a", "b", "b"));
}

// Two stations that answer each frame at random lengths over a jittery, lossy link, for a second.
std::uint64_t hash_of_a_run(std::uint64_t seed) {
  Simulation simulation(seed);
  simulation.enable_trace_hash();
  Station a(simulation, "a"), b(simulation, "b");
  simulation
      .add_medium<PointToPointLink>(
          "ab", LinkConfig{.rate_bps = 10'000'000, .delay = 1_ms, .jitter = 500_us, .loss = 0.1, .queue_limit = 4})
      .attach(a.nic, b.nic);
  RandomStream lengths = a.node().stream("lengths");
  for (int i = 0; i < 1000; ++i) {
    simulation.at(Time() + 1_ms * i, [&] {
      a.send_to(b.mac(), 14 + lengths.below(1500));
      b.send_to(a.mac(), 14 + lengths.below(1500));
    });
  }
  simulation.run_until(Time::from_seconds(2));
  return simulation.trace_hash();
}

TEST(Simulation, TheSameSeedGivesTheSameTrace) {
  const std::uint64_t first = hash_of_a_run(1);
  Simulation unrelated(99);
  unrelated.add_node("something else");
  EXPECT_EQ(hash_of_a_run(1), first);
  EXPECT_NE(hash_of_a_run(2), first);
}

TEST(Simulation, ATraceHashDoesNotDependOnOtherNodes) {
  auto run = [](bool with_bystander) {
    Simulation simulation;
    simulation.enable_trace_hash();
    Station a(simulation, "a"), b(simulation, "b");
    simulation.add_medium<PointToPointLink>("ab", LinkConfig{.delay = 1_ms, .loss = 0.5}).attach(a.nic, b.nic);
    if (with_bystander) simulation.add_node("bystander").stream("x").next_u64();
    for (int i = 0; i < 100; ++i) a.send_to(b.mac());
    simulation.run_until(Time::from_seconds(1));
    return std::pair(a.node().trace_hash(), b.node().trace_hash());
  };
  EXPECT_EQ(run(false), run(true));
}

TEST(Simulation, TheTraceHashSeesDrops) {
  Simulation simulation;
  simulation.enable_trace_hash();
  Node& node = simulation.add_node("mn");
  const std::uint64_t before = simulation.trace_hash();
  node.count_drop(&kLinkLoss);
  EXPECT_NE(simulation.trace_hash(), before);
}

TEST(Simulation, ItsEndTellsNobody) {
  struct Receiver final : FrameReceiver {
    void on_frame(Nic&, Packet) override { ++told; }
    void on_link_change(Nic&, bool) override { ++told; }
    int told = 0;
  } receiver;
  auto simulation = std::make_unique<Simulation>();
  auto& link = simulation->add_medium<PointToPointLink>("ab", LinkConfig{.delay = 1_s});
  Nic& a = simulation->add_node("a").add_nic();
  Nic& b = simulation->add_node("b").add_nic();
  link.attach(a, b);
  testing::send(a, testing::frame(b.mac()));  // under way at the end
  for (Nic* nic : {&a, &b}) {
    nic->set_receiver(&receiver);
    nic->node().set_drop_observer([&](Time, Node&, DropReason, Bytes) { ++receiver.told; });
  }
  simulation.reset();
  EXPECT_EQ(receiver.told, 0);
}

}  // namespace
}  // namespace kamesim
