#include "sim/dcf.h"

#include <cmath>

#include <gtest/gtest.h>

#include "sim/cell.h"
#include "sim/tester_port.h"
#include "tests/unit/sim/frames.h"

namespace kamesim {
namespace {

using testing::at;
using testing::frame;
using testing::kGroup;
using testing::kNobody;
using testing::Station;

TEST(Dcf, FailsTenPercentOfThousandOctetsAtTheSensitivity) {   // IEEE 802.11-2020 §17.3.10.2
  EXPECT_NEAR(Dcf::error_probability(0, 1000), 0.1, 1e-4);
  // Half the octets fail half as often, nearly; 3 dB more make bits fail about 500 times less.
  EXPECT_NEAR(Dcf::error_probability(0, 500), 1 - std::sqrt(0.9), 1e-4);
  EXPECT_LT(Dcf::error_probability(3, 1000), 1e-4);
  EXPECT_GT(Dcf::error_probability(-3, 1000), 0.99);
  EXPECT_GT(Dcf::error_probability(-1, 1000), Dcf::error_probability(0, 1000));
}

// 1000 octets at 8 Mb/s: DIFS 34, preamble 20, 1022 octets 1022, SIFS 16, ACK 28 us: 1120 us, and 0 to 15 slots.
TEST(Dcf, AnAttemptTakesWhatTheStandardAdds) {
  RandomStream random(1, 1, "test");
  Duration sum;
  for (int i = 0; i < 1000; ++i) {
    const Dcf::Sent sent = Dcf{}.send(1000, 8'000'000, 0, random);
    EXPECT_TRUE(sent.delivered);
    EXPECT_EQ(sent.attempts, 1u);
    EXPECT_GE(sent.time, 1120_us);
    EXPECT_LE(sent.time, 1120_us + 15 * Dcf::kSlot);
    EXPECT_EQ((sent.time - 1120_us).ns() % Dcf::kSlot.ns(), 0);
    sum += sent.time;
  }
  EXPECT_NEAR((sum / 1000).to_seconds(), 1120e-6 + 7.5 * 9e-6, 2e-6);
}

TEST(Dcf, TheWindowDoublesWithEachAttemptUpToItsLimit) {
  RandomStream random(1, 1, "test");
  Duration sum;
  constexpr int kFrames = 2000;
  for (int i = 0; i < kFrames; ++i) {
    const Dcf::Sent sent = Dcf{.retry_limit = 8}.send(1000, 8'000'000, 1, random);
    EXPECT_FALSE(sent.delivered);
    EXPECT_EQ(sent.attempts, 8u);
    sum += sent.time;
  }
  const double slots = (15 + 31 + 63 + 127 + 255 + 511 + 1023 + 1023) / 2.0;
  EXPECT_NEAR((sum / kFrames).to_seconds(), 8 * 1120e-6 + slots * 9e-6, 0.02 * slots * 9e-6);
}

TEST(Dcf, LosesTheRetryLimitsPowerOfTheErrorProbability) {
  RandomStream random(1, 1, "test");
  int lost = 0, attempts = 0;
  constexpr int kFrames = 20'000;
  for (int i = 0; i < kFrames; ++i) {
    const Dcf::Sent sent = Dcf{.retry_limit = 3}.send(100, 54'000'000, 0.4, random);
    lost += !sent.delivered;
    attempts += static_cast<int>(sent.attempts);
  }
  EXPECT_NEAR(lost / double{kFrames}, 0.4 * 0.4 * 0.4, 0.006);
  EXPECT_NEAR(attempts / double{kFrames}, 1 + 0.4 + 0.16, 0.02);
}

// A station whose signal is so many dB above the sensitivity; the tester stands on the wire.
struct FarCell {
  explicit FarCell(double margin_db)
      : cell(simulation.add_medium<Cell>("cell", lan, CellConfig{.rate_bps = 8'000'000, .dcf = Dcf{}})) {
    const double metres = std::pow(10, (20 - 40 + 85 - margin_db) / 30);
    a.node().set_mobility(std::make_unique<StationaryPosition>(Position{metres, 0}));
    cell.attach(a.nic);
  }
  Simulation simulation{1};
  Lan& lan = simulation.add_medium<Lan>("lan", LinkConfig{});
  Cell& cell;
  Station a{simulation, "a"};
  TesterPort wire{lan};
};

TEST(Cell, DeliversAllThatAStationNearbySendsAndHears) {
  FarCell x(30);
  for (int i = 0; i < 50; ++i) x.a.send_to(kNobody, 1000, 1);
  for (int i = 0; i < 50; ++i) x.wire.send(frame(x.a.mac(), 1000, 2));
  x.simulation.run_until(at(1_s));
  EXPECT_EQ(x.wire.pending(), 50u);
  EXPECT_EQ(x.a.arrivals.size(), 50u);
  EXPECT_GT(x.a.arrivals.back().time, at(100 * 1120_us));   // one channel for all
}

TEST(Cell, GivesUpAtTheRetryLimitAndSaysSo) {
  FarCell x(-4);
  for (int i = 0; i < 20; ++i) x.a.send_to(kNobody, 1000, 1);
  for (int i = 0; i < 20; ++i) x.wire.send(frame(x.a.mac(), 1000, 2));
  x.simulation.run_until(at(5_s));
  EXPECT_EQ(x.wire.pending(), 0u);
  EXPECT_TRUE(x.a.arrivals.empty());
  EXPECT_EQ(x.a.node().drops("radio.retry_limit"), 40u);
}

TEST(Cell, RetriesMendWhatGroupFramesLose) {
  FarCell x(-0.5);   // an attempt of 1022 octets fails with 23 %
  for (int i = 0; i < 400; ++i) x.wire.send(frame(x.a.mac(), 1000, 1));
  x.simulation.run_until(at(5_s));
  EXPECT_GE(x.a.arrivals.size(), 399u);
  x.a.arrivals.clear();
  x.a.nic.join(kGroup);
  for (int i = 0; i < 400; ++i) x.wire.send(frame(kGroup, 1000, 1));
  x.simulation.run_until(at(10_s));
  const double failing = Dcf::error_probability(-0.5, 1022);
  EXPECT_NEAR(static_cast<double>(x.a.node().drops("radio.group_frame_lost")) / 400, failing, 0.08);
  EXPECT_EQ(x.a.arrivals.size() + x.a.node().drops("radio.group_frame_lost"), 400u);
}

}  // namespace
}  // namespace kamesim
