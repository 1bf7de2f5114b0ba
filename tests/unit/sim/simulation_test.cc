#include "sim/simulation.h"

#include <gtest/gtest.h>

#include "sim/lan.h"
#include "sim/medium.h"
#include "sim/timer.h"
#include "tests/unit/sim/frames.h"

namespace kamesim {
namespace {

using testing::at;
using testing::error_of;
using testing::Station;

TEST(Simulation, RunsCallsInTheOrderOfTimeThenOfScheduling) {
  Simulation simulation;
  std::string order;
  simulation.at(at(2_s), [&] { order += "c"; });
  simulation.at(at(1_s), [&] { order += "a"; });
  simulation.at(at(1_s), [&] { order += "b"; });
  simulation.at(at(3_s), [&] { order += "d"; });
  simulation.run_until(at(2_s));
  EXPECT_EQ(order, "abc");  // what is due at the end still runs
  EXPECT_EQ(simulation.now(), at(2_s));
  EXPECT_EQ(simulation.events_fired(), 3u);
  simulation.run_until(at(10_s));
  EXPECT_EQ(order, "abcd");
  EXPECT_EQ(simulation.now(), at(10_s));
}

TEST(Simulation, StopsAfterThePresentEvent) {
  Simulation simulation;
  simulation.at(at(1_s), [&] { simulation.stop(); });
  simulation.at(at(2_s), [] {});
  simulation.run_until(at(10_s));
  EXPECT_EQ(simulation.now(), at(1_s));
  EXPECT_TRUE(simulation.stop_requested());
  simulation.run_until(at(10_s));
  EXPECT_EQ(simulation.now(), at(10_s));
}

TEST(Simulation, AnExceptionStopsItAtTheEvent) {
  Simulation simulation;
  simulation.at(at(1_s), [] { throw std::runtime_error("oops"); });
  EXPECT_THROW(simulation.run_until(at(2_s)), std::runtime_error);
  EXPECT_EQ(simulation.now(), at(1_s));
  simulation.run_until(at(2_s));
  EXPECT_EQ(simulation.now(), at(2_s));
}

TEST(Simulation, StepsOneEventAtATime) {
  Simulation simulation;
  simulation.at(at(1_s), [] {});
  simulation.at(at(3_s), [] {});
  EXPECT_TRUE(simulation.step(at(2_s)));
  EXPECT_EQ(simulation.now(), at(1_s));
  EXPECT_FALSE(simulation.step(at(2_s)));
  EXPECT_EQ(simulation.now(), at(1_s));
  simulation.advance_to(at(2_s));
  EXPECT_EQ(simulation.now(), at(2_s));
  EXPECT_EQ(error_of([&] { simulation.advance_to(at(4_s)); }), "advance_to would skip an event or go back in time");
  EXPECT_EQ(error_of([&] { simulation.at(at(1_s), [] {}); }),
            "cannot schedule at 1.000000 s: it is already 2.000000 s");
}

TEST(Simulation, NamesAreUnique) {
  Simulation simulation;
  Node& node = simulation.add_node("a");
  EXPECT_EQ(simulation.find_node("a"), &node);
  EXPECT_EQ(simulation.find_node("b"), nullptr);
  EXPECT_EQ(error_of([&] { simulation.add_node("a"); }), "there is already a node named 'a'");
  EXPECT_EQ(error_of([&] { simulation.add_node(""); }), "a node needs a name that is not empty");
}

TEST(Timer, ReArmsInPlaceAndCancels) {
  struct Owner {
    explicit Owner(Node& node) : timer(Timer::to<&Owner::on_timer>(node, *this)), node(node) {}
    void on_timer() { fired.push_back(node.now()); }
    Timer timer;
    Node& node;
    std::vector<Time> fired;
  };
  Simulation simulation;
  Owner owner(simulation.add_node("a"));
  owner.timer.arm_in(1_s);
  owner.timer.arm_in(2_s);
  EXPECT_EQ(simulation.events().size(), 1u);
  simulation.run_until(at(5_s));
  owner.timer.arm_at(std::optional(at(1_s)));  // has passed: at once
  simulation.run_until(at(6_s));
  owner.timer.arm_in(1_s);
  owner.timer.arm_at(std::nullopt);
  simulation.run_until(at(10_s));
  EXPECT_EQ(owner.fired, (std::vector{at(2_s), at(5_s)}));
}

// Chatter over a LAN that loses and delays at random.
std::uint64_t hash_of_a_run(std::uint64_t seed) {
  Simulation simulation(seed);
  simulation.enable_trace_hash();
  Lan& lan = simulation.add_medium<Lan>("lan", LinkConfig{.rate_bps = 1'000'000, .jitter = 10_ms, .loss = 0.2});
  Station a(simulation, "a"), b(simulation, "b"), c(simulation, "c");
  for (Station* station : {&a, &b, &c}) lan.attach(station->nic);
  b.then = [&] { b.send_to(c.mac(), 200); };
  c.then = [&] { c.send_to(MacAddress::broadcast(), 300); };
  a.send_to(b.mac());
  for (int i = 0; i < 100; ++i) simulation.at(at(10_ms * i), [&] { a.send_to(b.mac()); });
  simulation.run_until(at(2_s));
  return simulation.trace_hash();
}

TEST(Simulation, TheSameSeedGivesTheSameRun) {
  EXPECT_EQ(hash_of_a_run(1), hash_of_a_run(1));
  EXPECT_NE(hash_of_a_run(1), hash_of_a_run(2));
}

TEST(Simulation, TheTraceHashSeesDrops) {
  Simulation simulation;
  simulation.enable_trace_hash();
  Node& node = simulation.add_node("a");
  const auto before = simulation.trace_hash();
  node.count_drop(&kLinkLoss);
  EXPECT_NE(simulation.trace_hash(), before);
  EXPECT_EQ(node.drops("link.loss"), 1u);
}

TEST(Simulation, ItsEndTellsNobody) {
  int told = 0;
  auto simulation = std::make_unique<Simulation>();
  Lan& lan = simulation->add_medium<Lan>("lan", LinkConfig{.delay = 1_s});
  struct Receiver final : FrameReceiver {
    explicit Receiver(int& told) : told(told) {}
    void on_frame(Nic&, Packet) override { ++told; }
    void on_link_change(Nic&, bool) override { ++told; }
    int& told;
  } receiver(told);
  Nic& nic = simulation->add_node("a").add_nic();
  lan.attach(nic);
  nic.set_receiver(&receiver);
  nic.node().set_drop_observer([&](Time, Node&, DropReason, Bytes) { ++told; });
  testing::send(nic, testing::frame(testing::kNobody));
  simulation.reset();
  EXPECT_EQ(told, 0);
}

}  // namespace
}  // namespace kamesim
