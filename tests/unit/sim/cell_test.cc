#include "sim/cell.h"

#include <limits>

#include <gtest/gtest.h>

#include "sim/tester_port.h"
#include "tests/unit/sim/frames.h"

namespace kamesim {
namespace {

using testing::at;
using testing::error_of;
using testing::frame;
using testing::kGroup;
using testing::kNobody;
using testing::Station;
using Arrivals = std::vector<Station::Arrival>;

// At 8 Mb/s a frame of 1000 bytes takes 1 ms of the channel.
constexpr CellConfig kEightMegabits{.rate_bps = 8'000'000};

// Two stations in a cell, and a tester on the wire behind it, which takes no time.
struct OneCell {
  explicit OneCell(const CellConfig& config = kEightMegabits, std::uint64_t seed = 1)
      : simulation(seed), cell(simulation.add_medium<Cell>("cell", lan, config)) {
    cell.attach(a.nic);
    cell.attach(b.nic);
  }
  void run_until(Duration t) { simulation.run_until(at(t)); }
  std::vector<std::pair<int, Time>> on_the_wire() {
    std::vector<std::pair<int, Time>> frames;
    while (wire.pending() > 0) {
      const auto next = wire.recv(0_s);
      frames.emplace_back(next->bytes.back(), next->time);
    }
    return frames;
  }

  Simulation simulation;
  Lan& lan = simulation.add_medium<Lan>("lan", LinkConfig{});
  Cell& cell;
  Station a{simulation, "a"}, b{simulation, "b"};
  TesterPort wire{lan};
};
using OnTheWire = std::vector<std::pair<int, Time>>;

TEST(Cell, BridgesAStationToTheWire) {
  OneCell x;
  x.a.send_to(kNobody, 1000, 1);
  x.run_until(1_s);
  EXPECT_EQ(x.on_the_wire(), (OnTheWire{{1, at(1_ms)}}));
}

TEST(Cell, BridgesTheWireToAStation) {
  OneCell x;
  x.wire.send(frame(x.a.mac(), 1000, 1));
  x.run_until(1_s);
  EXPECT_EQ(x.a.arrivals, (Arrivals{{at(1_ms), 1}}));
  EXPECT_TRUE(x.b.arrivals.empty());
}

TEST(Cell, BothDirectionsTakeTurnsOnOneChannel) {
  OneCell x;
  x.a.send_to(kNobody, 1000, 1);
  x.b.send_to(kNobody, 500, 2);
  x.wire.send(frame(x.a.mac(), 1000, 3));
  EXPECT_EQ(x.simulation.pending_events(), 2u);  // one of the cell, one of the wire
  x.run_until(1_s);
  EXPECT_EQ(x.on_the_wire(), (OnTheWire{{1, at(1_ms)}, {2, at(1500_us)}}));
  EXPECT_EQ(x.a.arrivals, (Arrivals{{at(2500_us), 3}}));
}

TEST(Cell, PropagationDelayDoesNotHoldTheChannel) {
  OneCell x({.rate_bps = 8'000'000, .delay = 3_us});
  x.a.send_to(kNobody, 1000, 1);
  x.a.send_to(kNobody, 1000, 2);
  x.run_until(1_s);
  EXPECT_EQ(x.on_the_wire(), (OnTheWire{{1, at(1003_us)}, {2, at(2003_us)}}));
}

TEST(Cell, StationsReachEachOtherByWayOfTheAccessPoint) {
  OneCell x;
  x.a.send_to(x.b.mac(), 1000, 1);
  x.run_until(1_s);
  EXPECT_EQ(x.b.arrivals, (Arrivals{{at(2_ms), 1}}));
  EXPECT_TRUE(x.a.arrivals.empty());
}

TEST(Cell, AGroupFrameIsSentOnceForAllThatJoined) {
  OneCell x;
  x.wire.send(frame(kGroup, 1000, 1));  // nobody listens: no time on the channel
  x.a.nic.join(kGroup);
  x.b.nic.join(kGroup);
  x.run_until(0_s);
  x.wire.send(frame(kGroup, 1000, 2));
  x.run_until(10_ms);
  EXPECT_EQ(x.a.tags(), (std::vector{1, 2}));
  EXPECT_EQ(x.b.arrivals.back(), (Station::Arrival{at(2_ms), 2}));

  x.a.send_to(kGroup, 1000, 3);  // not back to the sender
  x.run_until(1_s);
  EXPECT_EQ(x.a.tags(), (std::vector{1, 2}));
  EXPECT_EQ(x.b.arrivals.back(), (Station::Arrival{at(12_ms), 3}));
  EXPECT_EQ(x.on_the_wire(), (OnTheWire{{3, at(11_ms)}}));
}

TEST(Cell, FramesForOthersTakeNoTime) {
  OneCell x;
  x.wire.send(frame(kNobody, 1000, 1));
  x.wire.send(frame(kGroup, 1000, 2));
  x.wire.send(frame(x.a.mac(), 1000, 3));
  x.run_until(1_s);
  EXPECT_EQ(x.a.arrivals, (Arrivals{{at(1_ms), 3}}));
}

TEST(Cell, TwoCellsOnALanAreOneSubnet) {
  OneCell x;
  Cell& other = x.simulation.add_medium<Cell>("other", x.lan, kEightMegabits);
  Station c(x.simulation, "c");
  other.attach(c.nic);
  x.a.send_to(c.mac(), 1000, 1);
  x.run_until(1_s);
  EXPECT_EQ(c.arrivals, (Arrivals{{at(2_ms), 1}}));
}

TEST(Cell, WhatIsUnderWayToAndFromAStationThatLeavesIsLost) {
  OneCell x;
  x.a.send_to(kNobody, 1000, 1);
  x.b.send_to(kNobody, 1000, 2);
  x.wire.send(frame(x.a.mac(), 1000, 3));
  x.run_until(500_us);
  x.cell.detach(x.a.nic);
  EXPECT_FALSE(x.a.nic.up());
  EXPECT_EQ(x.a.node().drops("link.down"), 2u);
  x.cell.attach(x.a.nic);  // back at once, but it has missed them
  x.run_until(1_s);
  EXPECT_EQ(x.on_the_wire(), (OnTheWire{{2, at(2_ms)}}));
  EXPECT_TRUE(x.a.arrivals.empty());
  EXPECT_EQ(x.a.node().drops("link.down"), 2u);
}

TEST(Cell, StationsMayLeaveAndJoinWhileAFrameIsHandedOut) {
  OneCell x;
  Station c(x.simulation, "c");
  x.a.then = [&] {
    x.cell.detach(x.a.nic);
    x.cell.detach(x.b.nic);
    x.cell.attach(c.nic);
  };
  x.wire.send(frame(MacAddress::broadcast(), 1000, 1));
  x.run_until(10_ms);
  EXPECT_EQ(x.a.tags(), std::vector{1});
  EXPECT_TRUE(x.b.arrivals.empty());
  EXPECT_TRUE(c.arrivals.empty());
  EXPECT_EQ(x.cell.stations(), 1u);
}

TEST(Cell, DropsAreCountedOnTheStation) {
  OneCell x({.rate_bps = 8'000'000, .mtu = 1280, .queue_limit = 2});
  x.a.send_to(kNobody, 1295, 1);
  EXPECT_EQ(x.a.node().drops("link.frame_too_long"), 1u);
  x.wire.send(frame(MacAddress::broadcast(), 1295, 2));
  x.run_until(0_s);
  EXPECT_EQ(x.a.node().drops("link.frame_too_long"), 2u);
  EXPECT_EQ(x.b.node().drops("link.frame_too_long"), 1u);

  x.a.send_to(kNobody, 1000, 3);
  x.a.send_to(kNobody, 1000, 4);
  x.a.send_to(kNobody, 1000, 5);
  EXPECT_EQ(x.a.node().drops("link.queue_full"), 1u);
  x.wire.send(frame(x.b.mac(), 1000, 6));
  x.run_until(1_s);
  EXPECT_EQ(x.b.node().drops("link.queue_full"), 1u);
  EXPECT_EQ(x.on_the_wire(), (OnTheWire{{3, at(1_ms)}, {4, at(2_ms)}}));
}

TEST(Cell, LosesTheConfiguredShareReproducibly) {
  constexpr int kFrames = 10'000;
  auto received = [](std::uint64_t seed) {
    OneCell x({.rate_bps = 0, .loss = 0.1}, seed);
    for (int i = 0; i < kFrames; ++i) x.wire.send(frame(MacAddress::broadcast(), 60, static_cast<std::uint8_t>(i)));
    x.run_until(1_s);
    EXPECT_EQ(x.a.node().drops("link.loss") + x.a.arrivals.size(), std::size_t{kFrames});
    EXPECT_NE(x.a.tags(), x.b.tags());  // each receiver has losses of its own
    return x.a.tags();
  };
  const auto first = received(1);
  EXPECT_NEAR(static_cast<double>(first.size()), 9000, 150);  // five standard deviations
  EXPECT_EQ(received(1), first);
  EXPECT_NE(received(2), first);
}

TEST(Cell, LosesItsFramesWhenTheWireIsDown) {
  OneCell x;
  x.lan.set_up(false);
  x.a.send_to(x.b.mac(), 1000, 1);
  x.run_until(1_s);
  EXPECT_EQ(x.b.tags(), std::vector{1});  // the air still works
  EXPECT_EQ(x.a.node().drops("link.down"), 1u);
}

TEST(Cell, CarriesNoLongerFramesThanItsLan) {
  OneCell x({.mtu = 2000});
  EXPECT_EQ(x.a.nic.mtu(), 1500u);
  x.a.send_to(x.b.mac(), 1501 + Nic::kEthernetHeaderSize);
  EXPECT_EQ(x.a.node().drops("link.frame_too_long"), 1u);
}

TEST(Cell, AnExceptionOfAReceiverLeavesItUsable) {
  OneCell x;
  x.a.then = [] { throw std::runtime_error("a mistake in a scenario"); };
  x.wire.send(frame(x.a.mac(), 100, 1));
  EXPECT_THROW(x.run_until(1_s), std::runtime_error);
  x.a.then = {};
  x.cell.detach(x.a.nic);
  x.cell.attach(x.a.nic);
  x.wire.send(frame(x.a.mac(), 100, 2));
  x.run_until(2_s);
  EXPECT_EQ(x.a.tags(), (std::vector{1, 2}));
}

TEST(Cell, AReturningStationHasNewLuck) {
  OneCell x({.rate_bps = 0, .loss = 0.5});
  auto send_64 = [&](Duration until) {
    x.a.arrivals.clear();
    for (std::uint8_t i = 0; i < 64; ++i) x.wire.send(frame(x.a.mac(), 100, i));
    x.run_until(until);
    return x.a.tags();
  };
  const auto first = send_64(1_s);
  x.cell.detach(x.a.nic);
  x.cell.attach(x.a.nic);
  EXPECT_NE(send_64(2_s), first);
}

TEST(Cell, SignalFallsWithTheLogarithmOfTheDistance) {
  OneCell x({.position = {10, 0}});
  EXPECT_DOUBLE_EQ(x.cell.signal_dbm({10, 0}), -20);  // within the first metre
  EXPECT_DOUBLE_EQ(x.cell.signal_dbm({11, 0}), -20);
  EXPECT_DOUBLE_EQ(x.cell.signal_dbm({20, 0}), -50);
  EXPECT_DOUBLE_EQ(x.cell.signal_dbm({10, 100}), -80);
  EXPECT_TRUE(x.cell.covers({10, 146}));
  EXPECT_FALSE(x.cell.covers({10, 147}));
}

TEST(Cell, SaysWhatIsWrong) {
  struct {
    CellConfig config;
    const char* error;
  } cases[] = {
      {{.position = {std::numeric_limits<double>::infinity(), 0}}, "cell 'x': position.x is inf; it must be finite"},
      {{.tx_power_dbm = std::numeric_limits<double>::infinity()}, "cell 'x': tx_power_dbm is inf; it must be finite"},
      {{.path_loss_exponent = 0}, "cell 'x': path_loss_exponent is 0.000000; it must be above 0 (2 in free space)"},
      {{.delay = -1_s}, "cell 'x': delay is -1.000000 s; it must not be negative"},
      {{.loss = 2}, "cell 'x': loss is 2.000000; it is a probability, from 0 to 1"},
      {{.mtu = 100}, "cell 'x': mtu is 100; IPv6 needs at least 1280 bytes (RFC 8200, section 5)"},
      {{.queue_limit = 0}, "cell 'x': queue limit is 0; it must be at least 1 frame"},
  };
  OneCell x;
  for (const auto& c : cases) {
    EXPECT_EQ(error_of([&] { x.simulation.add_medium<Cell>("x", x.lan, c.config); }), c.error);
  }
  EXPECT_EQ(error_of([&] { x.cell.attach(x.a.nic); }),
            "cell 'cell': a:eth0 is attached to 'cell' already; detach it first");
}

TEST(Cell, MayBeDestroyedWithFramesUnderWay) {
  OneCell x;
  x.a.send_to(x.b.mac());
  x.wire.send(frame(x.a.mac()));
  x.run_until(0_s);
}

}  // namespace
}  // namespace kamesim
