#include "sim/nic.h"

#include <gtest/gtest.h>

#include "sim/link.h"
#include "tests/unit/sim/frames.h"

namespace kamesim {
namespace {

using testing::kGroup;
using testing::Station;
using LinkChanges = std::vector<Station::LinkChange>;

const MacAddress kOtherGroup = *MacAddress::parse("33:33:00:00:00:02");
const MacAddress kStranger = *MacAddress::parse("02:99:00:00:00:01");

TEST(Nic, AcceptsItsAddressBroadcastAndJoinedGroups) {
  Simulation simulation;
  Nic& nic = simulation.add_node("a").add_nic();
  nic.join(kGroup);
  EXPECT_TRUE(nic.accepts(nic.mac().data()));
  EXPECT_TRUE(nic.accepts(MacAddress::broadcast().data()));
  EXPECT_TRUE(nic.accepts(kGroup.data()));
  EXPECT_FALSE(nic.accepts(kOtherGroup.data()));
  EXPECT_FALSE(nic.accepts(kStranger.data()));
  nic.set_promiscuous(true);
  EXPECT_TRUE(nic.accepts(kOtherGroup.data()));
  EXPECT_TRUE(nic.accepts(kStranger.data()));
}

TEST(Nic, CountsJoinsOfAGroup) {
  Simulation simulation;
  Nic& nic = simulation.add_node("a").add_nic();
  nic.join(kGroup);
  nic.join(kGroup);
  nic.leave(kGroup);
  EXPECT_TRUE(nic.accepts(kGroup.data()));
  nic.leave(kGroup);
  EXPECT_FALSE(nic.accepts(kGroup.data()));
  nic.leave(kGroup);
  EXPECT_FALSE(nic.accepts(kGroup.data()));
}

TEST(Nic, FollowsAChangeOfItsAddress) {
  Simulation simulation;
  Nic& nic = simulation.add_node("a").add_nic();
  nic.set_mac(kStranger);
  EXPECT_TRUE(nic.accepts(kStranger.data()));
}

TEST(Nic, KnowsItsPlaceOnANodeWithVeryMany) {
  Simulation simulation;
  Node& hub = simulation.add_node("hub");
  for (std::uint32_t i = 0; i < 1100; ++i) {
    Nic& nic = hub.add_nic();
    ASSERT_EQ(nic.index(), i);
    ASSERT_EQ(nic.name(), "eth" + std::to_string(i));
    ASSERT_EQ(hub.find_nic(nic.name()), &nic);
  }
}

TEST(Nic, SendingWithoutALinkIsADrop) {
  Simulation simulation;
  Station a(simulation, "a");
  a.send_to(kStranger);
  EXPECT_EQ(a.node().drops("link.down"), 1u);
  EXPECT_EQ(a.nic.counters().sent_frames, 0u);
}

TEST(Nic, IsUpWhenEnabledAndItsMediumHasCarrier) {
  Simulation simulation;
  Station a(simulation, "a"), b(simulation, "b");
  auto& link = simulation.add_medium<PointToPointLink>("ab", LinkConfig{});
  EXPECT_FALSE(a.nic.up());
  link.attach(a.nic, b.nic);
  EXPECT_TRUE(a.nic.up());
  a.nic.set_enabled(false);
  EXPECT_FALSE(a.nic.up());
  EXPECT_TRUE(b.nic.up());
  link.set_up(false);
  a.nic.set_enabled(true);
  EXPECT_FALSE(a.nic.up());
  link.set_up(true);
  EXPECT_EQ(a.link_changes, (LinkChanges{{Time(), true}, {Time(), false}, {Time(), true}}));
  EXPECT_EQ(b.link_changes, (LinkChanges{{Time(), true}, {Time(), false}, {Time(), true}}));
}

TEST(Nic, ADisabledNicDropsWhatArrives) {
  Simulation simulation;
  Station a(simulation, "a"), b(simulation, "b");
  simulation.add_medium<PointToPointLink>("ab", LinkConfig{.delay = 1_ms}).attach(a.nic, b.nic);
  a.send_to(b.mac());
  b.nic.set_enabled(false);
  simulation.run_until(Time::from_seconds(1));
  EXPECT_TRUE(b.arrivals.empty());
  EXPECT_EQ(b.node().drops("link.down"), 1u);
}

TEST(Nic, CountsFramesAndBytes) {
  Simulation simulation;
  Station a(simulation, "a"), b(simulation, "b");
  simulation.add_medium<PointToPointLink>("ab", LinkConfig{}).attach(a.nic, b.nic);
  a.send_to(b.mac(), 60);
  a.send_to(b.mac(), 1514);
  simulation.run_until(Time::from_seconds(1));
  EXPECT_EQ(a.nic.counters().sent_frames, 2u);
  EXPECT_EQ(a.nic.counters().sent_bytes, 1574u);
  EXPECT_EQ(b.nic.counters().received_frames, 2u);
  EXPECT_EQ(b.nic.counters().received_bytes, 1574u);
}

TEST(Nic, CountsMoreBytesThanThirtyTwoBitsHold) {
  Simulation simulation;
  Station a(simulation, "a"), b(simulation, "b");
  simulation.add_medium<PointToPointLink>("ab", LinkConfig{.mtu = kMaximumMtu}).attach(a.nic, b.nic);
  constexpr std::uint64_t kFrames = 600, kSize = kMaximumMtu + Nic::kEthernetHeaderSize;
  const Packet packet = simulation.packets().copy_of(testing::frame(MacAddress::broadcast(), kSize));
  for (std::uint64_t i = 0; i < kFrames; ++i) a.nic.send(packet.share());
  simulation.run_until(Time::from_seconds(1));
  EXPECT_EQ(a.nic.counters().sent_frames, kFrames);
  EXPECT_EQ(a.nic.counters().sent_bytes, kFrames * kSize);
  EXPECT_EQ(b.nic.counters().received_frames, kFrames);
  EXPECT_EQ(b.nic.counters().received_bytes, kFrames * kSize);
}

TEST(Nic, ObserversSeeEveryFrameUntilRemoved) {
  struct Log : FrameObserver {
    void on_frame(const Nic&, Direction direction, Time, Bytes) override { seen.push_back(direction); }
    std::vector<Direction> seen;
  } log;
  Simulation simulation;
  Station a(simulation, "a"), b(simulation, "b");
  simulation.add_medium<PointToPointLink>("ab", LinkConfig{}).attach(a.nic, b.nic);
  a.nic.add_observer(&log);
  a.send_to(b.mac());
  b.send_to(a.mac());
  simulation.run_until(Time::from_seconds(1));
  EXPECT_EQ(log.seen, (std::vector{Direction::kOut, Direction::kIn}));
  a.nic.remove_observer(&log);
  a.send_to(b.mac());
  EXPECT_EQ(log.seen.size(), 2u);
}

}  // namespace
}  // namespace kamesim
