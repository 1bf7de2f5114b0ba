// What a sender does as long as nothing is lost, and whatever it is told.
#include <random>
#include <string>
#include <vector>

#include "tests/unit/tcp/sending.h"

namespace kamesim {
namespace {

TEST(Sender, BeginsWithTenSegmentsAndDoublesEachRound) {
  Sending a;
  a.writes(1'000'000);
  EXPECT_EQ(a.burst(), 10);
  a.now += 100_ms;
  int sent = 0;
  for (std::uint32_t n = 1; n <= 10; ++n) {
    a.acked(n * kMss);
    sent += a.burst();
  }
  EXPECT_EQ(sent, 20);
  EXPECT_EQ(a.cwnd(), 20u * kMss);
}

TEST(Sender, InitialWindowOfLargeSegmentsIsTwo) {  // RFC 6928 §2
  EXPECT_EQ(tcp_initial_window(1460), 14600u);
  EXPECT_EQ(tcp_initial_window(536), 5360u);
  EXPECT_EQ(tcp_initial_window(2190), 14600u);
  EXPECT_EQ(tcp_initial_window(9000), 18000u);
}

TEST(Sender, WindowGrowsByOneSegmentARoundBeyondTheThreshold) {  // RFC 5681 §3.1
  Sending a({.congestion_control = "reno"}, kNoSack);
  a.writes(10'000'000);
  EXPECT_EQ(a.burst(), 10);
  a.now += 100_ms;
  a.acked(1000);
  a.sends();
  for (int i = 0; i < 3; ++i) a.acked(1000);  // fast retransmit: the threshold is half of what was under way
  a.sends();
  EXPECT_EQ(a.sender.info().slow_start_threshold, 5500u);  // 1000 to 12000 were under way
  a.now += 100_ms;
  std::uint32_t una = a.sender.snd_max().value() - kIss - 1;
  a.acked(una);
  EXPECT_EQ(a.cwnd(), 5500u);
  for (int round = 0; round < 3; ++round) {
    a.sends();
    const auto before = a.cwnd();
    a.now += 100_ms;
    for (const std::uint32_t end = a.sender.snd_max().value() - kIss - 1; una < end;) a.acked(una += kMss), a.sends();
    EXPECT_NEAR(static_cast<double>(a.cwnd()), static_cast<double>(before + kMss), kMss);
  }
}

TEST(SenderEcn, ReducesOnceAWindowAndSaysSo) {
  Sending a({}, {.mss = kMss, .sack = true, .ecn = true});
  a.writes(100'000);
  a.sends();
  a.now += 100_ms;
  a.acked(1000, {}, kWindow, true);
  EXPECT_EQ(a.cwnd(), 6300u);  // 0.7 of 9000 under way: RFC 9438 §4.6
  for (std::uint32_t n = 2; n <= 9; ++n) a.acked(n * kMss, {}, kWindow, true);
  EXPECT_EQ(a.cwnd(), 6300u);
  EXPECT_EQ(a.sends().substr(0, 12), "C10000-11000");
  EXPECT_EQ(a.sends(), "");
  a.acked(11'000);
  EXPECT_EQ(a.sends().find('C'), std::string::npos);
}

TEST(Sender, ASmallerPathCutsWhatIsUnderWay) {  // RFC 8201 §5.4
  Sending a;
  a.writes(3000, true);
  EXPECT_EQ(a.sends(), "0-1000 1000-2000 2000-3000F");
  const auto cwnd = a.cwnd();
  a.sender.set_mss(600);
  EXPECT_EQ(a.sends(), "R0-600 R600-1000 R1000-1600 R1600-2000 R2000-2600 R2600-3000F");
  EXPECT_EQ(a.cwnd(), cwnd);
  EXPECT_TRUE(a.acked(3001).fin_acked);
}

// Whatever a peer says, the account of what is under way stays right and the sender comes to an end.
TEST(Sender, SurvivesRandomAcknowledgments) {
  for (unsigned seed = 0; seed < 300; ++seed) {
    std::mt19937 random(seed);
    const auto below = [&](std::uint32_t n) { return static_cast<std::uint32_t>(random() % n); };
    Sending a({.congestion_control = seed % 2 != 0 ? "cubic" : "newreno", .rack = seed % 3 != 0},
              {.mss = kMss, .sack = seed % 5 != 0, .ecn = seed % 7 == 0});
    const std::uint32_t total = 200'000;
    a.writes(total, true);
    for (int step = 0; step < 400; ++step) {
      a.sends();
      const std::uint32_t una = a.sender.snd_una().value() - kIss - 1;
      const std::uint32_t max = a.sender.snd_max().value() - kIss - 1;
      if (una >= total + 1) break;
      a.now += Duration::microseconds(below(20'000));
      Sending::Blocks blocks;
      for (std::uint32_t n = below(4); n > 0; --n) {
        const std::uint32_t left = una + below(max - una + 2000);
        blocks.emplace_back(left, left + below(5000));
      }
      const std::uint32_t ack = below(3) == 0 ? una + below(std::min(max - una, 4000u) + 1) : una - below(2) * below(una + 1);
      a.acked(ack, blocks, below(20) == 0 ? 0 : 1000 * below(200), below(10) == 0);
      if (below(4) == 0 && a.sender.next_timeout()) {
        a.now = std::max(a.now, *a.sender.next_timeout());
        if (a.sender.on_timeout(a.now).give_up) break;
      }
      ASSERT_LE(a.sender.info().in_flight, max - una) << seed;
      if (seed % 7 != 0 && step % 50 == 0) a.sender.set_mss(500 + below(1000));
    }
    // An honest peer from now on.
    for (int step = 0; step < 3000 && !a.acked(a.sender.snd_max().value() - kIss - 1).fin_acked; ++step) {
      if (a.sends().empty() && a.sender.next_timeout()) {
        ASSERT_FALSE(a.waits().give_up) << seed;
      }
    }
    ASSERT_FALSE(a.sender.outstanding()) << seed;
  }
}

}  // namespace
}  // namespace kamesim
