#include "sim/link.h"

#include <deque>
#include <limits>
#include <string>

#include <gtest/gtest.h>

#include "sim/pipe.h"
#include "tests/unit/sim/frames.h"

namespace kamesim {
namespace {

using testing::at;
using testing::error_of;
using testing::Station;
using Arrivals = std::vector<Station::Arrival>;
using LinkChanges = std::vector<Station::LinkChange>;

// Two stations on a link.
struct Pair {
  explicit Pair(const LinkConfig& config, std::uint64_t seed = 1)
      : simulation(seed), link(simulation.add_medium<PointToPointLink>("l", config)) {
    link.attach(a.nic, b.nic);
  }
  void run_until(Duration t) { simulation.run_until(at(t)); }

  Simulation simulation;
  PointToPointLink& link;
  Station a{simulation, "a"}, b{simulation, "b"};
};

TEST(TransmissionTime, RoundsUpToNanoseconds) {
  struct {
    std::size_t bytes;
    std::uint64_t rate_bps;
    Duration time;
  } cases[] = {{1500, 0, 0_ns},
               {125, 100'000'000, 10_us},
               {1, 3'000'000'000, 3_ns},
               {1514, 10'000'000'000, 1212_ns},
               {65549, 1'000'000'000'000, 525_ns},
               {1514, 1, 12112_s}};
  for (const auto& c : cases) EXPECT_EQ(transmission_time(c.bytes, c.rate_bps), c.time) << c.bytes;
}

TEST(PointToPointLink, AFrameTakesItsLengthAtTheRateAndTheDelay) {
  Pair p({.rate_bps = 100'000'000, .delay = 1_ms});
  p.a.send_to(p.b.mac(), 125, 1);
  p.run_until(1_s);
  EXPECT_EQ(p.b.arrivals, (Arrivals{{at(1010_us), 1}}));
  EXPECT_TRUE(p.a.arrivals.empty());
}

TEST(PointToPointLink, FramesLeaveBackToBack) {
  Pair p({.rate_bps = 100'000'000, .delay = 1_ms});
  p.a.send_to(p.b.mac(), 125, 1);
  p.a.send_to(p.b.mac(), 250, 2);
  p.a.send_to(p.b.mac(), 125, 3);
  p.run_until(5_ms);
  p.a.send_to(p.b.mac(), 125, 4);  // the port has been idle
  p.run_until(1_s);
  EXPECT_EQ(p.b.arrivals, (Arrivals{{at(1010_us), 1}, {at(1030_us), 2}, {at(1040_us), 3}, {at(6010_us), 4}}));
}

// So many that they wait in the wheel, from which events are prepared before they fire: lost frames too, which are empty.
TEST(PointToPointLink, PreparesForFramesThatWereLost) {
  constexpr int kLinks = 300;
  Simulation simulation(1);
  std::deque<Station> senders, receivers;
  for (int i = 0; i < kLinks; ++i) {
    const LinkConfig lossy{.delay = 1_ms + 1_us * i, .loss = 0.5};
    auto& link = simulation.add_medium<PointToPointLink>("l" + std::to_string(i), lossy);
    Station& from = senders.emplace_back(simulation, "from" + std::to_string(i));
    Station& to = receivers.emplace_back(simulation, "to" + std::to_string(i));
    link.attach(from.nic, to.nic);
    from.send_to(to.mac(), 125, 1);
  }
  simulation.run_until(at(1_s));
  std::uint64_t lost = 0, arrived = 0;
  for (const Station& from : senders) lost += from.node().drops("link.loss");
  for (const Station& to : receivers) arrived += to.arrivals.size();
  EXPECT_GT(lost, kLinks / 3u);
  EXPECT_GT(arrived, kLinks / 3u);
  EXPECT_EQ(lost + arrived, std::uint64_t{kLinks});
}

TEST(PointToPointLink, IsFullDuplex) {
  Pair p({.rate_bps = 100'000'000});
  p.a.send_to(p.b.mac(), 125, 1);
  p.b.send_to(p.a.mac(), 125, 2);
  p.run_until(1_s);
  EXPECT_EQ(p.b.arrivals, (Arrivals{{at(10_us), 1}}));
  EXPECT_EQ(p.a.arrivals, (Arrivals{{at(10_us), 2}}));
}

TEST(PointToPointLink, HoldsOnePendingEventADirection) {
  Pair p({.rate_bps = 1'000'000, .delay = 1_s});
  for (int i = 0; i < 100; ++i) p.a.send_to(p.b.mac());
  EXPECT_EQ(p.simulation.pending_events(), 1u);
}

TEST(PointToPointLink, AFrameMayBeUnderWayOnSeveralLinksAtOnce) {
  Simulation simulation;
  Station from(simulation, "from"), a(simulation, "a"), b(simulation, "b");
  Nic& other = from.node().add_nic();
  simulation.add_medium<PointToPointLink>("l1", LinkConfig{.delay = 2_ms}).attach(from.nic, a.nic);
  simulation.add_medium<PointToPointLink>("l2", LinkConfig{.delay = 1_ms}).attach(other, b.nic);
  for (std::uint8_t tag = 1; tag <= 3; ++tag) {
    Packet packet = simulation.packets().copy_of(testing::frame(MacAddress::broadcast(), 100, tag));
    other.send(packet.share());
    from.nic.send(std::move(packet));
  }
  EXPECT_EQ(simulation.packets().buffers_in_use(), 3u);
  simulation.run_until(at(1_s));
  EXPECT_EQ(a.arrivals, (Arrivals{{at(2_ms), 1}, {at(2_ms), 2}, {at(2_ms), 3}}));
  EXPECT_EQ(b.arrivals, (Arrivals{{at(1_ms), 1}, {at(1_ms), 2}, {at(1_ms), 3}}));
  EXPECT_EQ(simulation.packets().buffers_in_use(), 0u);
}

TEST(PointToPointLink, KeepsItsPipeOnceItHasBeenInUseForLong) {
  Pair p({.delay = 1_ms});
  const auto pass = [&](int frames) {
    for (; frames > 0; --frames) {
      p.a.send_to(p.b.mac());
      p.simulation.run_until(p.simulation.now() + 2_ms);
    }
  };
  pass(63);
  EXPECT_EQ(p.link.heap_bytes(), 0u);  // most links carry a few frames and are silent then
  pass(1);
  EXPECT_EQ(p.link.heap_bytes(), sizeof(Pipe));
  EXPECT_EQ(p.b.arrivals.size(), 64u);
}

TEST(PointToPointLink, GoesOnWithItsLossesWhenASenderHasLeft) {
  const LinkConfig lossy{.delay = 1_ms, .loss = 0.5};
  Pair stays(lossy), leaves(lossy), replaced(lossy);
  Station third(replaced.simulation, "c");
  for (std::uint8_t tag = 1; tag <= 100; ++tag) {
    for (Pair* p : {&stays, &leaves, &replaced}) {
      Station& sender = p == &replaced && tag > 50 ? third : p->a;
      sender.send_to(p->b.mac(), 100, tag);
      p->simulation.run_until(p->simulation.now() + 2_ms);
    }
    if (tag != 50) continue;
    leaves.link.detach(leaves.a.nic);
    EXPECT_GT(leaves.link.heap_bytes(), sizeof(Pipe));
    leaves.link.attach(leaves.a.nic);
    replaced.link.detach(replaced.a.nic);
    replaced.link.attach(third.nic);
  }
  EXPECT_GT(stays.b.tags().size(), 20u);
  EXPECT_LT(stays.b.tags().size(), 80u);
  EXPECT_EQ(leaves.b.tags(), stays.b.tags());
  EXPECT_EQ(replaced.b.tags(), stays.b.tags());
}

TEST(PointToPointLink, DropsWhatDoesNotFitTheQueue) {
  Pair p({.rate_bps = 100'000'000, .queue_limit = 2});
  for (std::uint8_t tag = 1; tag <= 4; ++tag) p.a.send_to(p.b.mac(), 125, tag);
  EXPECT_EQ(p.a.node().drops("link.queue_full"), 2u);
  p.run_until(10_us);  // the first has left the port
  p.a.send_to(p.b.mac(), 125, 5);
  p.a.send_to(p.b.mac(), 125, 6);
  p.run_until(1_s);
  EXPECT_EQ(p.b.tags(), (std::vector{1, 2, 5}));
  EXPECT_EQ(p.a.node().drops("link.queue_full"), 3u);
}

TEST(PointToPointLink, DropsFramesBeyondItsMtu) {
  Pair p({.mtu = 1280});
  p.a.send_to(p.b.mac(), 1280 + Nic::kEthernetHeaderSize, 1);
  p.a.send_to(p.b.mac(), 1281 + Nic::kEthernetHeaderSize, 2);
  p.run_until(1_s);
  EXPECT_EQ(p.b.tags(), std::vector{1});
  EXPECT_EQ(p.a.node().drops("link.frame_too_long"), 1u);
  EXPECT_EQ(p.a.nic.mtu(), 1280u);
}

TEST(PointToPointLink, LosesTheConfiguredShareReproducibly) {
  constexpr int kFrames = 10'000;
  auto received = [](std::uint64_t seed) {
    Pair p({.loss = 0.1}, seed);
    for (int i = 0; i < kFrames; ++i) p.a.send_to(p.b.mac(), 60, static_cast<std::uint8_t>(i));
    p.run_until(1_s);
    EXPECT_EQ(p.a.node().drops("link.loss") + p.b.arrivals.size(), std::size_t{kFrames});
    return p.b.tags();
  };
  const auto first = received(1);
  EXPECT_NEAR(static_cast<double>(first.size()), 9000, 150);  // five standard deviations
  EXPECT_EQ(received(1), first);
  EXPECT_NE(received(2), first);
}

TEST(PointToPointLink, ALostFrameTakesItsPlaceInTheQueueAndItsTimeOnThePort) {
  Pair p({.rate_bps = 100'000'000, .loss = 1, .queue_limit = 1});
  p.a.send_to(p.b.mac(), 125, 1);
  p.a.send_to(p.b.mac(), 125, 1);
  EXPECT_EQ(p.a.node().drops("link.loss"), 1u);
  EXPECT_EQ(p.a.node().drops("link.queue_full"), 1u);
  p.link.set_config({.rate_bps = 100'000'000});
  p.a.send_to(p.b.mac(), 125, 2);
  p.run_until(1_s);
  EXPECT_EQ(p.b.arrivals, (Arrivals{{at(20_us), 2}}));
}

TEST(PointToPointLink, ANewRateIsThatOfFramesAsLongAsThoseBeforeToo) {
  Pair p({.rate_bps = 100'000'000});
  p.a.send_to(p.b.mac(), 125, 1);
  p.a.send_to(p.b.mac(), 250, 2);
  p.a.send_to(p.b.mac(), 250, 3);
  p.a.send_to(p.b.mac(), 125, 4);
  p.run_until(1_ms);
  p.link.set_config({.rate_bps = 10'000'000});
  p.a.send_to(p.b.mac(), 125, 5);
  p.run_until(1_s);
  EXPECT_EQ(p.b.arrivals, (Arrivals{{at(10_us), 1}, {at(30_us), 2}, {at(50_us), 3}, {at(60_us), 4}, {at(1100_us), 5}}));
}

// Frames that are as long as the last are sent without a look at the configuration, until there is a new one.
TEST(PointToPointLink, WhatIsConfiguredAnewHoldsForFramesAsLongAsThoseBefore) {
  constexpr std::size_t kBytes = 1400;
  const LinkConfig before{.rate_bps = 100'000'000, .delay = 1_ms};
  const auto sent_after = [&](auto change) {
    Pair p(before);
    for (std::uint8_t tag = 1; tag <= 2; ++tag) p.a.send_to(p.b.mac(), kBytes, tag);
    p.run_until(500_us);  // they have left the port, and are under way
    LinkConfig config = before;
    change(config);
    p.link.set_config(config);
    for (std::uint8_t tag = 3; tag <= 4; ++tag) p.a.send_to(p.b.mac(), kBytes, tag);
    p.run_until(1_s);
    const Arrivals later(p.b.arrivals.begin() + 2, p.b.arrivals.end());
    std::string drops;
    for (const char* reason : {"link.frame_too_long", "link.queue_full", "link.loss"}) {
      if (p.a.node().drops(reason) > 0) drops += std::to_string(p.a.node().drops(reason)) + " " + reason;
    }
    return std::pair(later, drops);
  };
  EXPECT_EQ(sent_after([](LinkConfig&) {}), std::pair(Arrivals{{at(1612_us), 3}, {at(1724_us), 4}}, std::string()));
  EXPECT_EQ(sent_after([](LinkConfig& c) { c.delay = 5_ms; }),
            std::pair(Arrivals{{at(5612_us), 3}, {at(5724_us), 4}}, std::string()));
  EXPECT_EQ(sent_after([](LinkConfig& c) { c.mtu = 1280; }), std::pair(Arrivals{}, std::string("2 link.frame_too_long")));
  EXPECT_EQ(sent_after([](LinkConfig& c) { c.loss = 1; }), std::pair(Arrivals{}, std::string("2 link.loss")));
  EXPECT_EQ(sent_after([](LinkConfig& c) { c.queue_limit = 1; }),
            std::pair(Arrivals{{at(1612_us), 3}}, std::string("1 link.queue_full")));
  const auto [jittered, drops] = sent_after([](LinkConfig& c) { c.jitter = 1_ms; });
  ASSERT_EQ(jittered.size(), 2u);
  EXPECT_GT(jittered[0].time, at(1612_us));
  EXPECT_GT(jittered[1].time, at(1724_us));
  EXPECT_EQ(drops, "");
}

TEST(PointToPointLink, AShorterDelayDoesNotLetFramesOvertake) {
  Pair p({.rate_bps = 100'000'000, .delay = 10_ms});
  p.a.send_to(p.b.mac(), 125, 1);
  p.a.send_to(p.b.mac(), 125, 2);
  p.run_until(1_ms);
  p.link.set_config({.rate_bps = 100'000'000, .delay = 1_ms});
  p.a.send_to(p.b.mac(), 125, 3);
  p.a.send_to(p.b.mac(), 125, 4);
  p.run_until(1_s);
  EXPECT_EQ(p.b.arrivals, (Arrivals{{at(10'010_us), 1}, {at(10'020_us), 2}, {at(10'020_us), 3}, {at(10'020_us), 4}}));
}

TEST(PointToPointLink, AQueueMayBeLongerThan64Ki) {
  constexpr std::uint32_t kLimit = 70'000;
  Pair p({.rate_bps = 100'000'000, .queue_limit = kLimit});
  for (std::uint32_t i = 0; i < kLimit + 2; ++i) p.a.send_to(p.b.mac(), 60);
  EXPECT_EQ(p.a.node().drops("link.queue_full"), 2u);
  p.run_until(1_s);
  EXPECT_EQ(p.b.arrivals.size(), kLimit);
}

TEST(PointToPointLink, AFrameMayBe64KiLongerThanTheOneBefore) {
  Pair p({.rate_bps = 1'000'000'000, .mtu = kMaximumMtu});
  for (const std::size_t bytes : {125, 65'536 + 125, 65'536 + 125, 125}) p.a.send_to(p.b.mac(), bytes);
  p.run_until(1_s);
  std::vector<Time> times;
  for (const Station::Arrival& arrival : p.b.arrivals) times.push_back(arrival.time);
  EXPECT_EQ(times, (std::vector{at(1_us), at(526'288_ns), at(1'051'576_ns), at(1'052'576_ns)}));
}

TEST(PointToPointLink, JitterDelaysWithinItsBoundAndKeepsTheOrder) {
  Pair p({.delay = 1_ms, .jitter = 500_us});
  for (std::uint8_t i = 0; i < 100; ++i) {
    p.run_until(10_us * i);
    p.a.send_to(p.b.mac(), 60, i);
  }
  p.run_until(1_s);
  ASSERT_EQ(p.b.arrivals.size(), 100u);
  bool delayed = false;
  for (std::uint8_t i = 0; i < 100; ++i) {
    ASSERT_EQ(p.b.arrivals[i].tag, i);
    const Duration taken = p.b.arrivals[i].time - at(10_us * i);
    ASSERT_GE(taken, 1_ms);
    ASSERT_LE(taken, 1500_us);
    delayed |= taken > 1_ms;
  }
  EXPECT_TRUE(delayed);
}

TEST(PointToPointLink, GoingDownLosesWhatIsUnderWay) {
  Pair p({.delay = 10_ms});
  p.a.send_to(p.b.mac(), 60, 1);
  p.run_until(5_ms);
  p.link.set_up(false);
  p.a.send_to(p.b.mac(), 60, 2);
  p.run_until(20_ms);
  p.link.set_up(true);
  p.a.send_to(p.b.mac(), 60, 3);
  p.run_until(1_s);
  EXPECT_EQ(p.b.arrivals, (Arrivals{{at(30_ms), 3}}));
  EXPECT_EQ(p.a.node().drops("link.down"), 2u);
  EXPECT_EQ(p.b.link_changes, (LinkChanges{{Time(), true}, {at(5_ms), false}, {at(20_ms), true}}));
}

TEST(PointToPointLink, HasCarrierWithBothEndsOnly) {
  Simulation simulation;
  auto& link = simulation.add_medium<PointToPointLink>("l", LinkConfig{.delay = 1_ms});
  Station a(simulation, "a"), b(simulation, "b");
  link.attach(a.nic);
  EXPECT_FALSE(a.nic.up());
  link.attach(b.nic);
  EXPECT_TRUE(a.nic.up());
  a.send_to(b.mac());
  link.detach(b.nic);
  EXPECT_FALSE(a.nic.up());
  EXPECT_EQ(b.nic.medium(), nullptr);
  EXPECT_EQ(a.node().drops("link.down"), 1u);
  link.attach(b.nic);
  simulation.run_until(at(1_s));
  EXPECT_TRUE(b.arrivals.empty());
}

// A third station, beside the ends of a link of 1 ms, that takes every frame.
struct TappedPair : Pair {
  TappedPair() : Pair({.delay = 1_ms}) {
    tap.nic.set_promiscuous(true);
    link.attach_tap(tap.nic);
  }
  Station tap{simulation, "tap"};
};

TEST(PointToPointLink, ATapTakesTheFramesOfBothDirections) {
  TappedPair p;
  p.a.send_to(p.b.mac(), 60, 1);
  p.run_until(5_ms);
  p.b.send_to(p.a.mac(), 60, 2);
  p.b.send_to(testing::kNobody, 60, 3);
  p.run_until(1_s);
  EXPECT_EQ(p.tap.arrivals, (Arrivals{{at(1_ms), 1}, {at(6_ms), 2}, {at(6_ms), 3}}));
  EXPECT_EQ(p.b.tags(), std::vector{1});
  EXPECT_EQ(p.a.tags(), std::vector{2});
}

TEST(PointToPointLink, WhatATapSendsReachesTheEndsThatAcceptIt) {
  TappedPair p;
  Station other(p.simulation, "other");
  other.nic.set_promiscuous(true);
  p.link.attach_tap(other.nic);
  p.tap.send_to(p.b.mac(), 60, 1);
  p.tap.send_to(MacAddress::broadcast(), 60, 2);
  p.tap.send_to(testing::kNobody, 60, 3);
  p.run_until(1_s);
  EXPECT_EQ(p.a.arrivals, (Arrivals{{at(1_ms), 2}}));
  EXPECT_EQ(p.b.tags(), (std::vector{1, 2}));
  EXPECT_EQ(other.tags(), (std::vector{1, 2, 3}));
  EXPECT_TRUE(p.tap.arrivals.empty());  // never its own
}

TEST(PointToPointLink, ATapComesAndGoesWithoutTouchingTheEnds) {
  TappedPair p;
  p.a.send_to(p.b.mac(), 60, 1);
  p.tap.send_to(p.b.mac(), 60, 2);  // has left the port
  p.link.detach(p.tap.nic);
  p.run_until(5_ms);
  EXPECT_EQ(p.b.tags(), (std::vector{1, 2}));
  EXPECT_TRUE(p.tap.arrivals.empty());
  EXPECT_EQ(p.a.link_changes, (LinkChanges{{Time(), true}}));
  p.link.attach_tap(p.tap.nic);
  p.link.set_up(false);
  EXPECT_FALSE(p.tap.nic.up());
}

TEST(PointToPointLink, ATapMayLeaveAsAFrameReachesIt) {
  TappedPair p;
  p.tap.then = [&] {
    p.link.detach(p.tap.nic);
    p.link.attach_tap(p.tap.nic);
    p.link.detach(p.a.nic);
  };
  p.b.send_to(p.a.mac(), 60, 1);
  p.run_until(1_s);
  EXPECT_EQ(p.tap.tags(), std::vector{1});
  EXPECT_TRUE(p.a.arrivals.empty());
}

TEST(PointToPointLink, SaysWhatIsWrongWithItsEnds) {
  Pair p({});
  Station c(p.simulation, "c");
  auto& other = p.simulation.add_medium<PointToPointLink>("m", LinkConfig{});
  EXPECT_EQ(error_of([&] { p.link.attach(c.nic); }), "link 'l' has both its ends already");
  EXPECT_EQ(error_of([&] { other.attach(c.nic, c.nic); }), "link 'm' would join c:eth0 to itself");
  const std::string attached = "link 'm': a:eth0 is attached to 'l' already; detach it first";
  EXPECT_EQ(error_of([&] { other.attach(p.a.nic); }), attached);
  EXPECT_EQ(error_of([&] { other.attach_tap(p.a.nic); }), attached);
  EXPECT_EQ(error_of([&] { other.attach(c.nic, p.a.nic); }), attached);
  EXPECT_EQ(c.nic.medium(), nullptr);  // neither end, then
}

TEST(PointToPointLink, MayBeDestroyedWithFramesUnderWay) {
  Pair p({.delay = 1_s});
  p.a.send_to(p.b.mac());
  p.b.send_to(p.a.mac());
}

TEST(LinkConfig, SaysWhatIsWrong) {
  struct {
    LinkConfig config;
    const char* error;
  } cases[] = {
      {{}, ""},
      {{.delay = -1_ms}, "link 'x': delay is -0.001000 s; it must not be negative"},
      {{.jitter = -1_s}, "link 'x': jitter is -1.000000 s; it must not be negative"},
      {{.loss = -0.5}, "link 'x': loss is -0.500000; it is a probability, from 0 to 1"},
      {{.loss = 1.5}, "link 'x': loss is 1.500000; it is a probability, from 0 to 1"},
      {{.loss = std::numeric_limits<double>::quiet_NaN()}, "link 'x': loss is nan; it is a probability, from 0 to 1"},
      {{.mtu = 1279}, "link 'x': mtu is 1279; IPv6 needs at least 1280 bytes (RFC 8200, section 5)"},
      {{.mtu = (1 << 24) + 1}, "link 'x': mtu is 16777217; the largest is 16777216 bytes"},
      {{.queue_limit = 0}, "link 'x': queue limit is 0; it must be at least 1 frame"},
  };
  for (const auto& c : cases) {
    Simulation simulation;
    EXPECT_EQ(error_of([&] { simulation.add_medium<PointToPointLink>("x", c.config); }), c.error);
    auto& link = simulation.add_medium<PointToPointLink>("x", LinkConfig{});
    EXPECT_EQ(error_of([&] { link.set_config(c.config); }), c.error);
  }
}

}  // namespace
}  // namespace kamesim
