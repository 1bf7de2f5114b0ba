#include "sim/nic.h"

#include <gtest/gtest.h>

#include "sim/link.h"
#include "tests/unit/sim/frames.h"

namespace kamesim {
namespace {

using testing::at;
using testing::error_of;
using testing::kGroup;
using testing::kNobody;
using testing::Station;

TEST(Nic, AcceptsItsAddressBroadcastAndJoinedGroups) {
  Simulation simulation;
  Nic& nic = simulation.add_node("n").add_nic();
  EXPECT_TRUE(nic.accepts(nic.mac().data()));
  EXPECT_TRUE(nic.accepts(MacAddress::broadcast().data()));
  EXPECT_FALSE(nic.accepts(kNobody.data()));
  EXPECT_FALSE(nic.accepts(kGroup.data()));
  nic.set_promiscuous(true);
  EXPECT_TRUE(nic.accepts(kNobody.data()));
  EXPECT_TRUE(nic.accepts(kGroup.data()));
}

TEST(Nic, CountsJoins) {
  Simulation simulation;
  Nic& nic = simulation.add_node("n").add_nic();
  nic.join(kGroup);
  nic.join(kGroup);
  nic.leave(kGroup);
  EXPECT_TRUE(nic.accepts(kGroup.data()));
  nic.leave(kGroup);
  EXPECT_FALSE(nic.accepts(kGroup.data()));
  nic.leave(kGroup);  // not joined: nothing
}

TEST(Nic, HasAnAddressOfItsOwn) {
  Simulation simulation;
  Node& a = simulation.add_node("a");
  Node& b = simulation.add_node("b");
  Nic& first = a.add_nic();
  EXPECT_EQ(first.name(), "eth0");
  EXPECT_NE(first.mac(), a.add_nic().mac());
  EXPECT_NE(first.mac(), b.add_nic().mac());
  EXPECT_EQ(a.add_nic("wlan0", MacAddress::parse("02:00:00:00:00:07")).mac().to_string(), "02:00:00:00:00:07");
  EXPECT_EQ(error_of([&] { a.add_nic("wlan0"); }), "node 'a' already has an interface named 'wlan0'");
  EXPECT_EQ(error_of([&] { a.add_nic("x", kGroup); }),
            "interface 'x' of node 'a': 33:33:00:00:00:01 is a group address; a NIC's own address has the lowest bit "
            "of its first byte clear");
}

TEST(Nic, NeitherSendsNorReceivesWhenDisabled) {
  Simulation simulation;
  auto& link = simulation.add_medium<PointToPointLink>("l", LinkConfig{.delay = 1_ms});
  Station a(simulation, "a"), b(simulation, "b");
  link.attach(a.nic, b.nic);
  a.send_to(b.mac());
  b.nic.set_enabled(false);
  b.send_to(a.mac());
  simulation.run_until(at(1_s));
  EXPECT_TRUE(a.arrivals.empty());
  EXPECT_TRUE(b.arrivals.empty());
  EXPECT_EQ(b.node().drops("link.down"), 2u);  // the one it sent, and the one that came
  EXPECT_EQ(b.link_changes, (std::vector<Station::LinkChange>{{Time(), true}, {Time(), false}}));
}

TEST(Nic, CountsFramesAndTellsObservers) {
  struct Log final : FrameObserver {
    void on_frame(const Nic& nic, Direction direction, Time now, Bytes frame) override {
      text += nic.node().name() + (direction == Direction::kOut ? ">" : "<") + std::to_string(frame.size()) + "@" +
              std::to_string(now.ns()) + " ";
    }
    void on_nic_destroyed(const Nic&) override { text += "gone "; }
    std::string text;
  } log;
  {
    Simulation simulation;
    auto& link = simulation.add_medium<PointToPointLink>("l", LinkConfig{.delay = 5_ns});
    Station a(simulation, "a"), b(simulation, "b");
    link.attach(a.nic, b.nic);
    a.nic.add_observer(&log);
    b.nic.add_observer(&log);
    a.send_to(b.mac(), 60);
    simulation.run_until(at(1_s));
    EXPECT_EQ(log.text, "a>60@0 b<60@5 ");
    EXPECT_EQ(a.nic.counters().sent_frames, 1u);
    EXPECT_EQ(a.nic.counters().sent_bytes, 60u);
    EXPECT_EQ(b.nic.counters().received_frames, 1u);
    EXPECT_EQ(b.nic.counters().received_bytes, 60u);
    b.nic.remove_observer(&log);
  }
  EXPECT_EQ(log.text, "a>60@0 b<60@5 gone ");
}

}  // namespace
}  // namespace kamesim
