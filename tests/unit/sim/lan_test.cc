#include "sim/lan.h"

#include <gtest/gtest.h>

#include "tests/unit/sim/frames.h"

namespace kamesim {
namespace {

using testing::at;
using testing::error_of;
using testing::kGroup;
using testing::kNobody;
using testing::Station;
using Arrivals = std::vector<Station::Arrival>;
using LinkChanges = std::vector<Station::LinkChange>;

// Three stations on a LAN, and one that is on none.
struct ThreeOnALan {
  explicit ThreeOnALan(const LinkConfig& config = {.delay = 1_ms}) : lan(simulation.add_medium<Lan>("lan", config)) {
    for (Station* station : {&a, &b, &c}) lan.attach(station->nic);
  }
  void run_until(Duration t) { simulation.run_until(at(t)); }

  Simulation simulation;
  Lan& lan;
  Station a{simulation, "a"}, b{simulation, "b"}, c{simulation, "c"}, outside{simulation, "outside"};
};

TEST(Lan, AUnicastFrameReachesItsStationOnly) {
  ThreeOnALan x;
  x.a.send_to(x.b.mac(), 60, 1);
  x.a.send_to(kNobody, 60, 2);
  x.a.send_to(x.a.mac(), 60, 3);
  x.run_until(1_s);
  EXPECT_EQ(x.b.arrivals, (Arrivals{{at(1_ms), 1}}));
  EXPECT_TRUE(x.a.arrivals.empty());
  EXPECT_TRUE(x.c.arrivals.empty());
}

TEST(Lan, AGroupFrameReachesWhoJoinedButNotTheSender) {
  ThreeOnALan x;
  x.a.nic.join(kGroup);
  x.b.nic.join(kGroup);
  x.a.send_to(kGroup, 60, 1);
  x.a.send_to(MacAddress::broadcast(), 60, 2);
  x.run_until(1_s);
  EXPECT_TRUE(x.a.arrivals.empty());
  EXPECT_EQ(x.b.tags(), (std::vector{1, 2}));
  EXPECT_EQ(x.c.tags(), (std::vector{2}));
}

TEST(Lan, APromiscuousStationReceivesEverythingButItsOwn) {
  ThreeOnALan x;
  x.c.nic.set_promiscuous(true);
  x.a.send_to(x.b.mac(), 60, 1);
  x.a.send_to(kNobody, 60, 2);
  x.c.send_to(kNobody, 60, 3);
  x.run_until(10_ms);
  EXPECT_EQ(x.b.tags(), std::vector{1});
  EXPECT_EQ(x.c.tags(), (std::vector{1, 2}));
  x.c.nic.set_promiscuous(false);
  x.a.send_to(x.b.mac(), 60, 4);
  x.run_until(20_ms);
  EXPECT_EQ(x.c.tags(), (std::vector{1, 2}));
}

TEST(Lan, StationsSendByPortsOfTheirOwn) {
  ThreeOnALan x({.rate_bps = 100'000'000});
  x.a.send_to(x.c.mac(), 125, 1);
  x.b.send_to(x.c.mac(), 250, 2);
  x.a.send_to(x.c.mac(), 125, 3);
  x.run_until(1_s);
  EXPECT_EQ(x.c.arrivals, (Arrivals{{at(10_us), 1}, {at(20_us), 3}, {at(20_us), 2}}));  // a tie: a before b
}

TEST(Lan, ANewRateIsThatOfFramesAsLongAsThoseBeforeToo) {
  ThreeOnALan x({.rate_bps = 100'000'000});
  x.a.send_to(x.c.mac(), 125, 1);
  x.run_until(1_ms);
  x.lan.set_config({.rate_bps = 10'000'000});
  x.a.send_to(x.c.mac(), 125, 2);
  x.run_until(1_s);
  EXPECT_EQ(x.c.arrivals, (Arrivals{{at(10_us), 1}, {at(1100_us), 2}}));
}

TEST(Lan, TwoStationsOfOneAddressBothReceive) {
  ThreeOnALan x;
  x.c.nic.set_mac(x.b.mac());
  x.a.send_to(x.b.mac(), 60, 1);
  x.b.send_to(x.b.mac(), 60, 2);
  x.run_until(1_s);
  EXPECT_EQ(x.b.tags(), std::vector{1});
  EXPECT_EQ(x.c.tags(), (std::vector{1, 2}));
}

TEST(Lan, FollowsAChangedAddress) {
  ThreeOnALan x;
  const MacAddress old = x.b.mac();
  x.b.nic.set_mac(kNobody);
  x.a.send_to(old, 60, 1);
  x.a.send_to(kNobody, 60, 2);
  x.run_until(1_s);
  EXPECT_EQ(x.b.tags(), std::vector{2});
}

TEST(Lan, AStationMovesToAnotherLan) {
  ThreeOnALan x;
  Lan& other = x.simulation.add_medium<Lan>("other", LinkConfig{});
  x.a.send_to(x.b.mac(), 60, 1);
  x.b.send_to(x.a.mac(), 60, 2);  // has left its port: arrives
  EXPECT_EQ(error_of([&] { other.attach(x.b.nic); }),
            "LAN 'other': b:eth0 is attached to 'lan' already; detach it first");
  x.lan.detach(x.b.nic);
  EXPECT_EQ(x.lan.stations(), 2u);
  other.attach(x.b.nic);
  x.run_until(10_ms);
  x.a.send_to(x.b.mac(), 60, 3);
  x.run_until(1_s);
  EXPECT_EQ(x.a.arrivals, (Arrivals{{at(1_ms), 2}}));
  EXPECT_TRUE(x.b.arrivals.empty());
  EXPECT_EQ(x.a.node().drops("lan.no_station"), 2u);
  EXPECT_EQ(x.b.link_changes, (LinkChanges{{Time(), true}, {Time(), false}, {Time(), true}}));
}

TEST(Lan, AStationThatLeavesLosesWhatWaitsForItsPort) {
  ThreeOnALan x({.rate_bps = 100'000'000, .delay = 1_ms});
  for (int tag : {1, 2, 3}) x.a.send_to(x.b.mac(), 125, static_cast<std::uint8_t>(tag));
  x.run_until(10_us);
  x.lan.detach(x.a.nic);
  x.run_until(1_s);
  EXPECT_EQ(x.b.tags(), std::vector{1});
  EXPECT_EQ(x.a.node().drops("link.down"), 2u);
}

TEST(Lan, CountsAFrameToNobodyOnItsSender) {
  ThreeOnALan x;
  x.c.nic.set_promiscuous(true);
  x.a.send_to(kNobody, 60, 1);
  x.a.send_to(x.b.mac(), 60, 2);
  x.a.send_to(kGroup, 60, 3);  // nobody has joined: that is no error
  x.run_until(1_s);
  EXPECT_EQ(x.a.node().drops("lan.no_station"), 1u);
  EXPECT_EQ(x.c.tags(), (std::vector{1, 2, 3}));
}

TEST(Lan, EachReceiverLosesTheConfiguredShareByItself) {
  ThreeOnALan x({.loss = 0.1});
  for (int i = 0; i < 10'000; ++i) x.a.send_to(MacAddress::broadcast(), 60, static_cast<std::uint8_t>(i));
  x.run_until(1_s);
  for (const Station* station : {&x.b, &x.c}) {
    EXPECT_NEAR(static_cast<double>(station->arrivals.size()), 9000, 150);  // five standard deviations
    EXPECT_EQ(station->node().drops("link.loss") + station->arrivals.size(), 10'000u);
  }
  EXPECT_NE(x.b.tags(), x.c.tags());
  EXPECT_EQ(x.a.node().drops("link.loss"), 0u);
}

TEST(Lan, AReturningStationHasNewLuck) {
  ThreeOnALan x({.loss = 0.5});
  auto send_64 = [&](Duration until) {
    x.b.arrivals.clear();
    for (std::uint8_t i = 0; i < 64; ++i) x.a.send_to(x.b.mac(), 60, i);
    x.run_until(until);
    return x.b.tags();
  };
  const auto first = send_64(1_s);
  x.lan.detach(x.b.nic);
  x.lan.attach(x.b.nic);
  EXPECT_NE(send_64(2_s), first);
}

TEST(Lan, AnExceptionOfAReceiverLeavesItUsable) {
  ThreeOnALan x;
  x.b.then = [] { throw std::runtime_error("a mistake in a scenario"); };
  x.a.send_to(MacAddress::broadcast(), 60, 1);
  EXPECT_THROW(x.run_until(1_s), std::runtime_error);
  x.b.then = {};
  x.lan.detach(x.b.nic);
  x.lan.attach(x.b.nic);
  x.a.send_to(MacAddress::broadcast(), 60, 2);
  x.run_until(2_s);
  EXPECT_EQ(x.b.tags(), (std::vector{1, 2}));
  EXPECT_EQ(x.c.tags(), std::vector{2});
}

TEST(Lan, StationsMayLeaveAndJoinWhileItGoesDown) {
  struct Leaver final : FrameReceiver {
    explicit Leaver(ThreeOnALan& x) : x(x) { x.a.nic.set_receiver(this); }
    void on_frame(Nic&, Packet) override {}
    void on_link_change(Nic&, bool up) override {
      if (up) return;
      x.lan.detach(x.b.nic);
      x.lan.attach(x.outside.nic);
    }
    ThreeOnALan& x;
  };
  ThreeOnALan x;
  Leaver leaver(x);
  x.lan.set_up(false);
  x.lan.set_up(true);
  EXPECT_EQ(x.b.nic.medium(), nullptr);
  EXPECT_TRUE(x.c.nic.up());
  EXPECT_TRUE(x.outside.nic.up());
}

TEST(Lan, StationsMayLeaveAndJoinWhileAFrameIsHandedOut) {
  ThreeOnALan x;
  x.b.then = [&] {
    x.lan.detach(x.b.nic);
    x.lan.detach(x.a.nic);
    x.lan.attach(x.outside.nic);
  };
  x.a.send_to(MacAddress::broadcast(), 60, 1);
  x.run_until(1_s);
  EXPECT_EQ(x.c.tags(), std::vector{1});
  EXPECT_TRUE(x.outside.arrivals.empty());
  EXPECT_EQ(x.lan.stations(), 2u);

  x.c.send_to(MacAddress::broadcast(), 60, 2);
  x.run_until(2_s);
  EXPECT_EQ(x.outside.tags(), std::vector{2});
}

TEST(Lan, AStationMayLeaveAsAUnicastFrameReachesIt) {
  ThreeOnALan x;
  x.b.then = [&] { x.lan.detach(x.b.nic); };
  x.a.send_to(x.b.mac(), 60, 1);
  x.a.send_to(x.b.mac(), 60, 2);
  x.run_until(1_s);
  EXPECT_EQ(x.b.tags(), std::vector{1});
}

TEST(Lan, GoingDownLosesWhatIsUnderWay) {
  ThreeOnALan x({.delay = 10_ms});
  x.a.send_to(x.b.mac(), 60, 1);
  x.run_until(5_ms);
  x.lan.set_up(false);
  x.a.send_to(x.b.mac(), 60, 2);
  x.run_until(8_ms);
  x.lan.set_up(true);
  x.a.send_to(x.b.mac(), 60, 3);
  x.run_until(1_s);
  EXPECT_EQ(x.b.arrivals, (Arrivals{{at(18_ms), 3}}));
  EXPECT_EQ(x.a.node().drops("link.down"), 2u);
}

TEST(Lan, ExtensionsSeeEveryFrameButTheirOwn) {
  struct Extension final : LanExtension {
    bool on_lan_frame(const Packet& frame) override {
      tags.push_back(frame.bytes().back());
      return false;
    }
    std::vector<int> tags;
  } first, second;
  ThreeOnALan x;
  x.lan.add_extension(first);
  x.lan.add_extension(second);
  x.a.send_to(x.b.mac(), 60, 1);
  x.a.send_to(kNobody, 60, 2);
  x.run_until(1_s);
  x.lan.inject(first, x.a.node(), false, x.simulation.packets().copy_of(testing::frame(x.c.mac(), 60, 3)));
  EXPECT_EQ(first.tags, (std::vector{1, 2}));
  EXPECT_EQ(second.tags, (std::vector{1, 2, 3}));
  EXPECT_EQ(x.b.tags(), std::vector{1});
  EXPECT_EQ(x.c.arrivals, (Arrivals{{at(1_s), 3}}));
  x.lan.remove_extension(first);
  x.lan.remove_extension(second);
}

TEST(Lan, SaysWhatIsWrongWithItsConfiguration) {
  ThreeOnALan x;
  EXPECT_EQ(error_of([&] { x.lan.set_config({.loss = 2}); }),
            "LAN 'lan': loss is 2.000000; it is a probability, from 0 to 1");
  EXPECT_EQ(error_of([&] { x.simulation.add_medium<Lan>("m", LinkConfig{.mtu = 100}); }),
            "LAN 'm': mtu is 100; IPv6 needs at least 1280 bytes (RFC 8200, section 5)");
}

TEST(Lan, MayBeDestroyedWithFramesUnderWay) {
  ThreeOnALan x;
  x.a.send_to(x.b.mac());
}

TEST(Lan, TellsWhoseCablesArePluggedInAndOut) {
  struct News final : StationObserver {
    std::vector<std::pair<MacAddress, StationEvent>> heard;
    void on_station(MacAddress station, StationEvent event) override { heard.emplace_back(station, event); }
  };
  Simulation simulation(1);
  Lan& lan = simulation.add_medium<Lan>("lan", LinkConfig{});
  Station a(simulation, "a"), b(simulation, "b");
  lan.attach(a.nic);
  News news;
  lan.add_observer(news);
  lan.attach(b.nic);
  lan.detach(a.nic);
  using enum StationEvent;
  EXPECT_EQ(news.heard, (std::vector<std::pair<MacAddress, StationEvent>>{
                            {a.mac(), Associated}, {b.mac(), Associated}, {a.mac(), Left}}));
  lan.remove_observer(news);
  lan.detach(b.nic);
  EXPECT_EQ(news.heard.size(), 3u);
}

}  // namespace
}  // namespace kamesim
