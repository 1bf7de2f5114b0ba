#include "sim/radio.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <gtest/gtest.h>

#include "sim/cell.h"
#include "tests/unit/sim/frames.h"

namespace kamesim {
namespace {

using testing::at;
using testing::error_of;
using testing::Station;
using LinkChanges = std::vector<Station::LinkChange>;

// Cells at 0 m and at `apart`, with the default signal: heard within 146.8 m. A node that walks at 10 m/s from the
// first towards the second.
struct Walk {
  explicit Walk(double apart, const WirelessStationConfig& config = {}, std::uint64_t seed = 1)
      : simulation(seed),
        lan(simulation.add_medium<Lan>("lan", LinkConfig{})),
        left(simulation.add_medium<Cell>("left", lan, CellConfig{.position = {0, 0}})),
        right(simulation.add_medium<Cell>("right", lan, CellConfig{.position = {apart, 0}})) {
    radio.add(left);
    radio.add(right);
    const Position path[] = {{0, 0}, {apart, 0}};
    mn.node().set_mobility(std::make_unique<WaypointMobility>(WaypointMobility::along(path, 10, Time())));
    mn.node().enable_trace();
    station = std::make_unique<WirelessStation>(mn.nic, radio, config);
  }
  void run_until(Duration t) { simulation.run_until(at(t)); }
  // "l2.associated left 0; l2.disassociated left 5600; ...", in milliseconds.
  std::string trace() const {
    std::string text;
    for (const TraceRecord& record : mn.node().trace_records()) {
      text += text.empty() ? "" : "; ";
      text += std::string(record.kind->name) + " " + std::get<std::string>(record.fields[0].value) + " " +
              std::to_string((record.time - Time()) / 1_ms);
    }
    return text;
  }

  Simulation simulation;
  Lan& lan;
  Cell& left;
  Cell& right;
  RadioEnvironment radio;
  Station mn{simulation, "mn"};
  std::unique_ptr<WirelessStation> station;
};

// What the wire is told of the stations of its cells.
struct News final : StationObserver {
  std::vector<std::pair<MacAddress, StationEvent>> heard;
  void on_station(MacAddress station, StationEvent event) override { heard.emplace_back(station, event); }
};

// 30 dB a decade: the right cell is 3 dB stronger from 55.7 m on, where x / (100 - x) = 10^0.1.
TEST(WirelessStation, HandsOffWhenAnotherCellIsStrongerByTheHysteresis) {
  Walk w(100);
  w.run_until(5600_ms);
  EXPECT_TRUE(w.station->handing_off());
  EXPECT_FALSE(w.mn.nic.up());
  w.run_until(20_s);
  EXPECT_EQ(w.trace(), "l2.associated left 0; l2.disassociated left 5600; l2.associated right 5650");
  EXPECT_EQ(w.mn.link_changes, (LinkChanges{{Time(), true}, {at(5600_ms), false}, {at(5650_ms), true}}));
  EXPECT_EQ(w.station->cell(), &w.right);
  EXPECT_EQ(w.mn.nic.medium(), &w.right);
  const TraceRecord last = w.mn.node().trace_records().back();
  EXPECT_NEAR(std::get<double>(last.fields[1].value), -20 - 30 * std::log10(43.5), 1e-9);
}

TEST(WirelessStation, WithoutHysteresisHandsOffHalfWay) {
  Walk w(100, {.hysteresis_db = 0});
  w.run_until(20_s);
  EXPECT_EQ(w.trace(), "l2.associated left 0; l2.disassociated left 5100; l2.associated right 5150");
}

TEST(WirelessStation, LeavesACellThatIsTooWeakAndWaitsForAnother) {
  Walk w(400);
  w.run_until(20_s);
  EXPECT_EQ(w.station->cell(), nullptr);
  EXPECT_FALSE(w.station->handing_off());
  w.run_until(60_s);
  EXPECT_EQ(w.trace(), "l2.associated left 0; l2.disassociated left 14700; l2.associated right 25450");
}

TEST(WirelessStation, TakesTheBestCellOfTheMomentWhenTheDelayIsOver) {
  Walk w(100, {.handoff_delay_min = 1_s, .handoff_delay_max = 1_s});
  w.run_until(5600_ms);
  w.mn.node().set_mobility(std::make_unique<StationaryPosition>(Position{1, 0}));
  w.run_until(20_s);
  EXPECT_EQ(w.trace(), "l2.associated left 0; l2.disassociated left 5600; l2.associated left 6600");
}

TEST(WirelessStation, StartsWithTheHandoffDelayIfAsked) {
  Walk w(100, {.immediate_start = false});
  w.run_until(1_s);
  EXPECT_EQ(w.trace(), "l2.associated left 50");
}

TEST(WirelessStation, TheHandoffDelayIsUniformAndReproducible) {
  auto handoff = [](std::uint64_t seed) {
    Walk w(100, {.handoff_delay_min = 20_ms, .handoff_delay_max = 80_ms}, seed);
    w.run_until(20_s);
    return w.mn.link_changes.at(2).time - w.mn.link_changes.at(1).time;
  };
  Duration least = 1_s, most;
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    const Duration taken = handoff(seed);
    EXPECT_EQ(handoff(seed), taken);
    least = std::min(least, taken);
    most = std::max(most, taken);
  }
  EXPECT_GE(least, 20_ms);
  EXPECT_LT(least, 30_ms);
  EXPECT_GT(most, 70_ms);
  EXPECT_LE(most, 80_ms);
}

TEST(WirelessStation, ComparesNoMoreAtRestUntilAskedTo) {
  Walk w(100);
  w.run_until(20_s);
  EXPECT_EQ(w.simulation.pending_events(), 0u);
  w.mn.node().set_mobility(std::make_unique<StationaryPosition>(Position{0, 0}));
  w.run_until(30_s);
  EXPECT_EQ(w.station->cell(), &w.right);
  w.station->reevaluate();
  w.station->reevaluate();
  w.run_until(40_s);
  EXPECT_EQ(w.station->cell(), &w.left);
  EXPECT_EQ(w.simulation.pending_events(), 0u);
}

TEST(WirelessStation, FramesUnderWayAreLostInAHandoff) {
  Walk w(100);
  Station peer(w.simulation, "peer");
  w.lan.attach(peer.nic);
  w.left.set_config({.position = {0, 0}, .rate_bps = 8'000'000, .delay = 200_ms});
  w.run_until(5500_ms);
  w.mn.send_to(peer.mac());
  peer.send_to(w.mn.mac());
  w.run_until(6_s);
  EXPECT_TRUE(peer.arrivals.empty());
  EXPECT_EQ(w.mn.node().drops("link.down"), 2u);
  peer.send_to(w.mn.mac(), 100, 7);
  w.run_until(7_s);
  EXPECT_EQ(w.mn.tags(), std::vector{7});
}

TEST(RadioEnvironment, TakesTheFirstOfEquallyStrongCells) {
  Walk w(100);
  EXPECT_EQ(w.radio.strongest({50, 0}), &w.left);
  EXPECT_EQ(w.radio.strongest({51, 0}), &w.right);
  EXPECT_EQ(w.radio.strongest({1000, 0}), nullptr);
}

TEST(WirelessStation, SaysWhatIsWrong) {
  Walk w(100);
  Station other(w.simulation, "other");
  auto error = [&](const WirelessStationConfig& config) {
    return error_of([&] { WirelessStation station(other.nic, w.radio, config); });
  };
  EXPECT_EQ(error({.beacon_interval = 0_s}), "station 'other:eth0': beacon_interval is 0.000000 s; it must be above 0");
  EXPECT_EQ(error({.hysteresis_db = -1}), "station 'other:eth0': hysteresis_db is -1.000000; it must be 0 or more");
  EXPECT_EQ(error({.handoff_delay_min = -1_s}),
            "station 'other:eth0': handoff_delay_min is -1.000000 s; it must not be negative");
  EXPECT_EQ(error({.handoff_delay_min = 2_s, .handoff_delay_max = 1_s}),
            "station 'other:eth0': handoff_delay_max is 1.000000 s; it must not be below handoff_delay_min, "
            "2.000000 s");
  EXPECT_EQ(error({}),
            "station 'other:eth0': the node has no position; give it a mobility (StationaryPosition, say)");
  w.lan.attach(other.nic);
  EXPECT_EQ(error({}), "station 'other:eth0' is attached to 'lan' already; detach it first");
}

// Six channels: 1 with `left`, 3 with `right`, which is heard too. 6 * 5 ms of switching, 2 * 40 ms, 4 * 20 ms.
TEST(WirelessStation, ScansChannelByChannelBeforeItAssociates) {
  Walk w(100, {.handoff_delay_min = 1_ms, .handoff_delay_max = 1_ms, .scan = ChannelScan{.channels = 6}});
  CellConfig third = w.right.config();
  third.channel_number = 3;
  w.right.set_config(third);
  w.run_until(20_s);
  EXPECT_EQ(w.station->cell(), &w.right);
  EXPECT_EQ(w.mn.link_changes, (LinkChanges{{Time(), true}, {at(5600_ms), false}, {at(5791_ms), true}}));
  const TraceRecord scan = w.mn.node().trace_records()[2];
  ASSERT_EQ(scan.kind, &kTraceL2Scan);
  EXPECT_EQ(std::get<std::int64_t>(scan.fields[0].value), 6);
  EXPECT_EQ(std::get<std::int64_t>(scan.fields[1].value), 2);
  EXPECT_DOUBLE_EQ(std::get<double>(scan.fields[2].value), 0.190);
}

// The delays of many stations that hand off at the same place.
std::vector<double> handoff_delays(WirelessStationConfig config) {
  std::vector<double> delays;
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    Walk w(100, config, seed);
    w.run_until(11_s);
    delays.push_back((w.mn.link_changes.at(2).time - w.mn.link_changes.at(1).time).to_seconds());
  }
  std::ranges::sort(delays);
  return delays;
}

TEST(WirelessStation, HandOffDelaysAreExponentialBeyondTheLeast) {
  const auto delays = handoff_delays({.handoff_delay_min = 20_ms,
                                      .handoff_delay_shape = HandoffDelayShape::kExponential,
                                      .handoff_delay_scale = 100_ms});
  EXPECT_GE(delays.front(), 0.020);
  EXPECT_NEAR(std::accumulate(delays.begin(), delays.end(), 0.0) / 400, 0.120, 0.015);
  EXPECT_NEAR(delays[200], 0.020 + 0.100 * std::log(2.0), 0.015);
}

TEST(WirelessStation, HandOffDelaysAreLogNormal) {
  const auto delays = handoff_delays({.handoff_delay_min = Duration(),
                                      .handoff_delay_shape = HandoffDelayShape::kLogNormal,
                                      .handoff_delay_scale = 100_ms,
                                      .handoff_delay_sigma = 0.5});
  EXPECT_NEAR(delays[200], 0.100, 0.010);
  EXPECT_NEAR(delays[336], 0.100 * std::exp(0.5), 0.025);   // one deviation up: 84.1 %
  EXPECT_NEAR(delays[63], 0.100 * std::exp(-0.5), 0.010);
}

TEST(WirelessStation, SaysWhatIsWrongWithDelaysAndScans) {
  const auto error = [](WirelessStationConfig config) { return error_of([&] { config.validate("station 's'"); }); };
  EXPECT_EQ(error({.handoff_delay_sigma = -1}),
            "station 's': handoff_delay_sigma is -1.000000; it must be 0 or more");
  EXPECT_EQ(error({.scan = ChannelScan{.channels = 0}}), "station 's': scan.channels is 0; there is one at least");
  EXPECT_EQ(error({.scan = ChannelScan{.min_channel_time = 50_ms}}),
            "station 's': scan.max_channel_time is 0.040000 s; it must not be below min_channel_time, 0.050000 s");
}

TEST(WirelessStation, IsKnownToTheWireWhereItAssociates) {
  Walk w(100);
  News news;
  w.lan.add_observer(news);
  w.run_until(20_s);
  using enum StationEvent;
  const MacAddress mac = w.mn.mac();
  EXPECT_EQ(news.heard, (std::vector<std::pair<MacAddress, StationEvent>>{
                            {mac, Associated}, {mac, Left}, {mac, Reassociated}}));
  News late;
  w.lan.add_observer(late);
  EXPECT_EQ(late.heard, (std::vector<std::pair<MacAddress, StationEvent>>{{mac, Associated}}));
  w.lan.remove_observer(news);
  w.lan.remove_observer(late);
}

}  // namespace
}  // namespace kamesim
