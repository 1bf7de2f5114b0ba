// The sending half of a connection: scripts of what is written, what is acknowledged, and what goes out when.
#include "protocols/tcp/sender.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace kamesim {
namespace {

constexpr std::uint32_t kIss = 0xffff'f000;  // the sequence numbers wrap in the middle of the tests
constexpr std::uint32_t kMss = 1000;
constexpr std::uint32_t kWindow = 1 << 20;

// One sender, past its handshake (which took 100 ms) unless said otherwise. Positions count from the first octet.
class Sending {
 public:
  explicit Sending(TcpSender::Config config = {}, TcpSender::Features features = {.mss = kMss, .sack = true},
                   bool handshake = true)
      : sender([&] {
          config.iss = SeqNum32(kIss);
          config.mss = kMss;
          return config;
        }()) {
    if (!handshake) return;
    EXPECT_EQ(sends(), "SYN");
    now += 100_ms;
    sender.agree(features);
    EXPECT_TRUE(sender.on_ack(now, {.ack = SeqNum32(kIss + 1), .window = kWindow}).syn_acked);
  }

  void writes(std::uint64_t octets, bool fin = false) {
    written_ += octets;
    sender.written(written_, fin);
  }
  // What goes out now: "0-1000 1000-1500F", with R in front of retransmissions, P of window probes.
  std::string sends() {
    std::string text;
    while (const auto s = sender.next_segment(now)) {
      if (!text.empty()) text += ' ';
      const std::uint32_t from = s->seq.value() - kIss - 1;
      if (s->retransmission) text += 'R';
      if (s->probe) text += 'P';
      if (s->cwr) text += 'C';
      text += s->syn ? "SYN" : std::to_string(from) + "-" + std::to_string(from + s->length);
      if (s->fin) text += 'F';
      last = *s;
      ++count;
    }
    return text;
  }
  // How many segments go out now.
  int burst() {
    count = 0;
    sends();
    return count;
  }
  using Blocks = std::vector<std::pair<std::uint32_t, std::uint32_t>>;
  TcpSender::AckResult acked(std::uint32_t position, const Blocks& blocks = {}, std::uint32_t window = kWindow,
                             bool ece = false) {
    std::vector<SackBlock> sack;
    for (const auto& [l, r] : blocks) sack.push_back({SeqNum32(kIss + 1 + l), SeqNum32(kIss + 1 + r)});
    return sender.on_ack(now, {.ack = SeqNum32(kIss + 1 + position), .window = window, .sack = sack, .ece = ece});
  }
  // To the next timer, and what it does.
  TcpSender::TimeoutResult waits() {
    EXPECT_TRUE(sender.next_timeout());
    now = *sender.next_timeout();
    return sender.on_timeout(now);
  }
  std::uint64_t cwnd() const { return sender.info().congestion_window; }

  TcpSender sender;
  Time now = Time{} + 10_s;
  TcpSender::Segment last;
  int count = 0;

 private:
  std::uint64_t written_ = 0;
};

constexpr TcpSender::Features kNoSack{.mss = kMss};

// ---- RFC 6928, RFC 5681 §3.1 ----------------------------------------------------------------------------------------

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

// ---- Loss recovery ---------------------------------------------------------------------------------------------------

TEST(Sender, FastRetransmitsAtTheThirdDuplicate) {  // RFC 5681 §3.2, RFC 3042
  Sending a({.congestion_control = "newreno"}, kNoSack);
  a.writes(1'000'000);
  EXPECT_EQ(a.burst(), 10);
  a.now += 100_ms;
  a.acked(0);
  EXPECT_EQ(a.sends(), "10000-11000");  // limited transmit
  a.acked(0);
  EXPECT_EQ(a.sends(), "11000-12000");
  a.acked(0);
  EXPECT_EQ(a.sends(), "R0-1000");
  EXPECT_TRUE(a.sender.info().in_recovery);
  EXPECT_EQ(a.sender.info().slow_start_threshold, 5000u);  // of the ten; the other two do not count
}

TEST(Sender, PartialAcknowledgmentRetransmitsTheNext) {  // RFC 6582 §3.2
  Sending a({.congestion_control = "newreno"}, kNoSack);
  a.writes(10'000);
  a.sends();
  a.now += 100_ms;
  for (int i = 0; i < 3; ++i) a.acked(0);
  EXPECT_EQ(a.sends(), "R0-1000");
  a.now += 100_ms;
  a.acked(4000);
  EXPECT_EQ(a.sends(), "R4000-5000");
  EXPECT_TRUE(a.sender.info().in_recovery);
  a.now += 100_ms;
  a.acked(10'000);
  EXPECT_FALSE(a.sender.info().in_recovery);
  EXPECT_EQ(a.sender.info().retransmissions, 2u);
}

TEST(Sender, RenoLeavesRecoveryAtTheFirstNewAcknowledgment) {  // RFC 5681 §3.2 (6)
  Sending a({.congestion_control = "reno"}, kNoSack);
  a.writes(10'000);
  a.sends();
  a.now += 100_ms;
  for (int i = 0; i < 3; ++i) a.acked(0);
  a.sends();
  a.acked(4000);
  EXPECT_FALSE(a.sender.info().in_recovery);
  EXPECT_EQ(a.cwnd(), a.sender.info().slow_start_threshold);
}

TEST(Sender, DuplicatesOfWhatWasRecoveredSayNothing) {  // RFC 6582 §3.2, step 2
  Sending a({.congestion_control = "newreno"}, kNoSack);
  a.writes(5000);
  a.sends();
  a.waits();
  EXPECT_EQ(a.sends(), "R0-1000");
  for (int i = 0; i < 5; ++i) a.acked(0);
  EXPECT_EQ(a.sender.info().retransmissions, 1u);
}

TEST(Sender, DataOrAChangedWindowMakesNoDuplicate) {  // RFC 5681 §2
  Sending a({}, kNoSack);
  a.writes(10'000);
  a.sends();
  for (int i = 0; i < 5; ++i) {
    a.sender.on_ack(a.now, {.ack = SeqNum32(kIss + 1), .window = kWindow, .carries_data = true});
    a.acked(0, {}, kWindow - 1 - static_cast<std::uint32_t>(i));
    a.acked(0, {}, kWindow);
  }
  EXPECT_EQ(a.sends(), "");
  EXPECT_FALSE(a.sender.info().in_recovery);
}

TEST(Sender, SackedSegmentsAreNotSentAgain) {  // RFC 6675 §4, RFC 8985
  Sending a;
  a.writes(10'000);
  a.sends();
  a.now += 100_ms;
  a.acked(1000, {{2000, 3000}});
  a.acked(1000, {{2000, 4000}});
  EXPECT_EQ(a.sends(), "");
  a.acked(1000, {{2000, 4000}, {6000, 7000}});
  EXPECT_EQ(a.sends(), "R1000-2000 R4000-5000");  // the third
  a.now += 10_ms;
  a.acked(1000, {{6000, 10'000}, {2000, 4000}});
  EXPECT_EQ(a.sends(), "R5000-6000");
  a.now += 100_ms;
  EXPECT_TRUE(a.acked(10'000).kind == TcpSender::AckResult::Kind::New);
  EXPECT_FALSE(a.sender.info().in_recovery);
  EXPECT_EQ(a.sender.info().retransmissions, 3u);
}

TEST(Sender, CountsSackedSegmentsWithoutRack) {  // RFC 6675 §4, IsLost
  Sending a({.rack = false});
  a.writes(10'000);
  a.sends();
  a.now += 100_ms;
  a.acked(0, {{1000, 3000}});
  EXPECT_EQ(a.sends(), "");  // 2 * SMSS above it, not more
  a.acked(0, {{1000, 4000}});
  EXPECT_EQ(a.sends(), "R0-1000");
}

TEST(Sender, ALoneSackStartsTheReorderingTimer) {  // RFC 8985 §6.2 step 5: min_RTT / 4 later
  Sending a;
  a.writes(3000);
  a.sends();
  a.now += 100_ms;
  const Time acked_at = a.now;
  a.acked(0, {{2000, 3000}});
  EXPECT_EQ(a.sends(), "");
  a.waits();
  EXPECT_EQ((a.now - acked_at).ns(), (25_ms).ns());
  EXPECT_EQ(a.sends(), "R0-1000");
  a.now += 100_ms;
  a.acked(1000, {{2000, 3000}});
  EXPECT_EQ(a.sends(), "R1000-2000");
}

TEST(Sender, AReorderedSegmentIsNotRetransmitted) {
  Sending a;
  a.writes(10'000);
  a.sends();
  a.now += 100_ms;
  a.acked(0, {{1000, 2000}});
  a.now += 10_ms;
  a.acked(2000);
  a.now += 1_ms;
  a.acked(10'000);
  EXPECT_EQ(a.sender.info().retransmissions, 0u);
}

TEST(Sender, ALostRetransmissionIsFoundByTime) {  // RFC 8985 §3.1: "RACK detects lost retransmissions"
  Sending a;
  a.writes(100'000);
  a.sends();
  a.now += 100_ms;
  a.acked(0, {{1000, 5000}});
  EXPECT_EQ(a.sends().substr(0, 7), "R0-1000");
  a.now += 1_ms;
  a.acked(0, {{1000, 10'000}});
  a.sends();  // new data, after the retransmission
  a.now += 101_ms;
  a.acked(0, {{1000, 11'000}});
  EXPECT_EQ(a.sends().substr(0, 7), "R0-1000");
}

TEST(Sender, HalvesWhatIsUnderWayGradually) {  // RFC 6937 §3: proportional rate reduction
  Sending a({.congestion_control = "newreno"});
  a.writes(1'000'000);
  a.sends();
  for (std::uint32_t n = 1; n <= 10; ++n) a.acked(n * kMss), a.sends();  // 20 under way, 10000 to 30000
  a.now += 100_ms;
  int sent = 0;
  for (std::uint32_t n = 1; n < 20; ++n) {
    a.acked(10'000, {{11'000, 11'000 + n * kMss}});
    sent += a.burst();
  }
  // Two by limited transmit, the retransmission, and from then on half of what arrives: about ten in all.
  EXPECT_GE(sent, 10);
  EXPECT_LE(sent, 13);
  EXPECT_NEAR(static_cast<double>(a.sender.info().in_flight), 11'000, 1000);
}

TEST(Sender, IgnoresSackBlocksThatMakeNoSense) {  // RFC 2018 §4; a hostile peer
  Sending a;
  a.writes(10'000);
  a.sends();
  a.acked(2000);
  a.acked(2000, {{500, 100}, {0, 0}});
  a.acked(2000, {{3000, 90'000}, {1'000, 3000}});
  a.acked(2000, {{0x8000'0000, 0x8000'1000}, {2500, 2600}});
  EXPECT_EQ(a.sender.info().in_flight, 8000u);
  EXPECT_EQ(a.acked(11'000).kind, TcpSender::AckResult::Kind::NotSent);
  EXPECT_EQ(a.acked(1000).kind, TcpSender::AckResult::Kind::Old);
}

// ---- Timeouts --------------------------------------------------------------------------------------------------------

TEST(Sender, RetransmitsOnTimeoutAndBacksOff) {  // RFC 6298 §5.4 to §5.6
  Sending a({}, kNoSack);
  a.writes(5000);
  a.sends();
  const Time start = a.now;
  a.waits();
  EXPECT_EQ((a.now - start).ns(), (1_s).ns());  // §2.4
  EXPECT_EQ(a.sends(), "R0-1000");
  EXPECT_EQ(a.cwnd(), kMss);
  EXPECT_EQ(a.sender.info().slow_start_threshold, 3500u);  // the window of a flight of 5000, by CUBIC
  a.waits();
  EXPECT_EQ((a.now - start).ns(), (3_s).ns());
  EXPECT_EQ(a.sends(), "R0-1000");
  EXPECT_EQ(a.sender.info().slow_start_threshold, 3500u);
  a.now += 100_ms;
  a.acked(1000);
  EXPECT_EQ(a.sends(), "R1000-2000 R2000-3000");  // slow start over what is lost
  a.now += 100_ms;
  a.acked(5000);
  EXPECT_EQ(a.sends(), "");
  EXPECT_FALSE(a.sender.next_timeout());
}

TEST(Sender, MeasuresOnlyWhatWasSentOnce) {  // RFC 6298 §3, Karn's algorithm
  Sending a({}, kNoSack);
  a.writes(1000);
  a.sends();
  a.waits();
  a.sends();
  a.now += 5_ms;
  a.acked(1000);
  EXPECT_EQ(a.sender.info().smoothed_rtt.ns(), (100_ms).ns());
}

TEST(Sender, ComputesTheTimeoutOfRfc6298) {
  Sending a({.rto = {.min_rto = 1_ms}});
  EXPECT_EQ(a.sender.info().retransmission_timeout.ns(), (300_ms).ns());  // §2.2: R + 4 * R/2
  a.writes(1000);
  a.sends();
  a.now += 180_ms;
  a.acked(1000);
  // §2.3: RTTVAR = 3/4 * 50 + 1/4 * |100 - 180|, SRTT = 7/8 * 100 + 1/8 * 180.
  EXPECT_EQ(a.sender.info().rtt_variance.ns(), (57'500_us).ns());
  EXPECT_EQ(a.sender.info().smoothed_rtt.ns(), (110_ms).ns());
  EXPECT_EQ(a.sender.info().retransmission_timeout.ns(), (340_ms).ns());
}

TEST(Sender, GivesUpAfterR2) {  // RFC 9293 §3.8.3 (MUST-20, SHLD-11)
  Sending a;
  a.writes(1000);
  a.sends();
  const Time start = a.now;
  int r1 = 0;
  for (;;) {
    const auto result = a.waits();
    r1 += result.r1_reached ? 1 : 0;
    if (result.give_up) break;
    a.sends();
    ASSERT_LT(a.now, start + 1000_s);
  }
  EXPECT_GE(a.now - start, 100_s);
  EXPECT_EQ(r1, 1);
}

TEST(Sender, GivesTheSynThreeMinutes) {  // RFC 9293 §3.8.3 (MUST-23)
  Sending a({}, kNoSack, false);
  EXPECT_EQ(a.sends(), "SYN");
  const Time start = a.now;
  std::vector<std::int64_t> seconds;
  while (!a.waits().give_up) {
    EXPECT_EQ(a.sends(), "RSYN");
    seconds.push_back((a.now - start).ns() / 1'000'000'000);
  }
  EXPECT_EQ(seconds, (std::vector<std::int64_t>{1, 3, 7, 15, 31, 63, 123}));
  EXPECT_GE(a.now - start, 180_s);
}

TEST(Sender, ASynThatTimedOutLeavesOneSegment) {  // RFC 5681 §3.1, RFC 6298 §5.7
  Sending a({}, kNoSack, false);
  a.sends();
  a.waits();
  a.sends();
  a.now += 20_ms;
  a.sender.agree({.mss = kMss});
  a.sender.on_ack(a.now, {.ack = SeqNum32(kIss + 1), .window = kWindow});
  a.writes(10'000);
  EXPECT_EQ(a.sends(), "0-1000");
  EXPECT_EQ(a.sender.info().retransmission_timeout.ns(), (3_s).ns());
}

TEST(Sender, StartsAnewAfterARest) {  // RFC 5681 §4.1
  Sending a;
  a.writes(30'000);
  a.sends();
  for (std::uint32_t n = 1; n <= 30; ++n) a.acked(n * kMss), a.sends();
  EXPECT_GT(a.cwnd(), 15'000u);
  a.now += 2_s;
  a.writes(100'000);
  EXPECT_EQ(a.burst(), 10);
}

TEST(Sender, AnApplicationThatIsSlowDoesNotOpenTheWindow) {  // RFC 7661's concern, RFC 5681 §3.1
  Sending a;
  for (std::uint32_t n = 1; n <= 50; ++n) {
    a.writes(kMss);
    a.sends();
    a.now += 10_ms;
    a.acked(n * kMss);
  }
  EXPECT_EQ(a.cwnd(), 10u * kMss);
}

// ---- RFC 8985 §7 -----------------------------------------------------------------------------------------------------

TEST(LossProbe, SendsTheLastSegmentAgain) {
  Sending a;
  a.writes(3000);
  a.sends();
  const Time start = a.now;
  a.waits();
  EXPECT_EQ((a.now - start).ns(), (200_ms).ns());  // 2 * SRTT
  EXPECT_EQ(a.sends(), "R2000-3000");
  EXPECT_EQ(a.cwnd(), 10u * kMss);
  // The timer is that of retransmissions now.
  EXPECT_EQ((*a.sender.next_timeout() - a.now).ns(), (1_s).ns());
  // All but the second had arrived.
  a.now += 100_ms;
  a.acked(1000, {{2000, 3000}});
  EXPECT_EQ(a.sends(), "");
  a.waits();
  EXPECT_EQ(a.sends(), "R1000-2000");
}

TEST(LossProbe, PrefersNewData) {
  Sending a({}, {.mss = kMss, .sack = true});
  a.writes(20'000);
  EXPECT_EQ(a.burst(), 10);
  a.waits();
  EXPECT_EQ(a.sends(), "10000-11000");  // beyond the congestion window
}

TEST(LossProbe, WaitsForADelayedAcknowledgmentOfALoneSegment) {
  Sending a;
  a.writes(1000);
  a.sends();
  const Time start = a.now;
  a.waits();
  EXPECT_EQ((a.now - start).ns(), (400_ms).ns());  // and max_ack_delay
  EXPECT_EQ(a.sends(), "R0-1000");
}

TEST(LossProbe, ALossThatItRepairedIsCongestion) {  // §7.4.2
  Sending a;
  a.writes(3000);
  a.sends();
  a.waits();
  EXPECT_EQ(a.sends(), "R2000-3000");
  a.now += 100_ms;
  a.acked(3000);
  a.writes(1000);
  a.sends();
  a.now += 100_ms;
  a.acked(4000);
  EXPECT_LT(a.sender.info().slow_start_threshold, 10'000u);
}

TEST(LossProbe, AProbeThatWasNotNeededIsNot) {  // §7.4.2, case 1
  Sending a;
  a.writes(3000);
  a.sends();
  a.waits();
  a.sends();
  a.now += 100_ms;
  a.acked(3000);
  a.acked(3000, {{2000, 3000}});  // D-SACK
  a.writes(1000);
  a.sends();
  a.now += 100_ms;
  a.acked(4000);
  EXPECT_EQ(a.sender.info().slow_start_threshold, UINT64_MAX);
}

TEST(LossProbe, NeedsSack) {
  Sending a({}, kNoSack);
  a.writes(1000);
  a.sends();
  EXPECT_EQ((*a.sender.next_timeout() - a.now).ns(), (1_s).ns());
}

// ---- RFC 3168 §6.1.2 -------------------------------------------------------------------------------------------------

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

// ---- Windows and small segments --------------------------------------------------------------------------------------

TEST(SenderWindow, IsNotExceeded) {
  Sending a;
  a.writes(10'000);
  a.acked(0, {}, 2500);
  EXPECT_EQ(a.sends(), "0-1000 1000-2000");
  a.now += 100_ms;
  a.acked(2000, {}, 2500);
  EXPECT_EQ(a.sends(), "2000-3000 3000-4000");
}

TEST(SenderWindow, AClosedWindowIsProbed) {  // RFC 9293 §3.8.6.1 (MUST-36, MUST-37, SHLD-29, SHLD-30)
  Sending a;
  a.writes(5000);
  a.acked(0, {}, 0);
  EXPECT_EQ(a.sends(), "");
  std::vector<std::int64_t> waits;
  for (int i = 0; i < 9; ++i) {
    const Time before = a.now;
    EXPECT_FALSE(a.waits().give_up);
    EXPECT_EQ(a.sends(), i == 0 ? "P0-1" : "RP0-1");
    waits.push_back((a.now - before).ns() / 1'000'000'000);
    a.acked(0, {}, 0);
    EXPECT_EQ(a.sends(), "");
  }
  EXPECT_EQ(waits, (std::vector<std::int64_t>{1, 2, 4, 8, 16, 32, 60, 60, 60}));
  a.acked(0, {}, kWindow);
  EXPECT_EQ(a.sends(), "R0-1 1-1001 1001-2001 2001-3001 3001-4001");
  EXPECT_EQ(a.cwnd(), 10u * kMss);  // no sign of congestion
}

TEST(SenderWindow, AProbeMayBeTaken) {
  Sending a;
  a.writes(2000);
  a.acked(0, {}, 0);
  a.sends();
  a.waits();
  EXPECT_EQ(a.sends(), "P0-1");
  a.acked(1, {}, 0);
  a.sends();
  a.waits();
  EXPECT_EQ(a.sends(), "P1-2");
}

TEST(SenderWindow, AProbedPeerThatIsGoneIsGivenUp) {
  Sending a;
  a.writes(2000);
  a.acked(0, {}, 0);
  a.sends();
  const Time start = a.now;
  while (!a.waits().give_up) a.sends();
  EXPECT_GE(a.now - start, 100_s);
}

TEST(SenderWindow, SmallWindowsAreNotFilled) {  // RFC 9293 §3.8.6.2.1 (MUST-38)
  Sending a;
  a.writes(10'000);
  a.acked(0, {}, 400);
  EXPECT_EQ(a.sends(), "");
  const Time before = a.now;
  a.waits();  // the override timeout
  EXPECT_EQ((a.now - before).ns(), (500_ms).ns());
  EXPECT_EQ(a.sends(), "0-400");
}

TEST(SenderWindow, HalfOfTheLargestWindowIsEnough) {
  Sending a({}, {.mss = kMss}, false);
  a.sends();
  a.sender.agree({.mss = kMss});
  a.sender.on_ack(a.now, {.ack = SeqNum32(kIss + 1), .window = 600});
  a.writes(10'000);
  EXPECT_EQ(a.sends(), "0-600");  // of a peer whose whole window is less than a segment
  a.acked(600, {}, 300);
  EXPECT_EQ(a.sends(), "600-900");
}

TEST(Nagle, HoldsSmallSegmentsWhileDataIsUnderWay) {  // RFC 9293 §3.7.4 (MUST-17)
  Sending a;
  a.writes(100);
  EXPECT_EQ(a.sends(), "0-100");
  a.writes(100);
  EXPECT_EQ(a.sends(), "");
  a.writes(1000);
  EXPECT_EQ(a.sends(), "100-1100");
  a.acked(1100);
  EXPECT_EQ(a.sends(), "1100-1200");
  a.sender.set_nodelay(true);
  a.writes(1);
  EXPECT_EQ(a.sends(), "1200-1201");
}

TEST(Nagle, TheEndIsNotHeld) {
  Sending a;
  a.writes(100);
  EXPECT_EQ(a.sends(), "0-100");
  a.writes(100, true);
  EXPECT_EQ(a.sends(), "100-200F");
  EXPECT_TRUE(a.acked(201).fin_acked);
}

TEST(Cork, HoldsAllButFullSegments) {
  Sending a({.cork = true});
  a.writes(1500);
  EXPECT_EQ(a.sends(), "0-1000");
  a.acked(1000);
  EXPECT_EQ(a.sends(), "");
  a.sender.set_cork(false);
  EXPECT_EQ(a.sends(), "1000-1500");
}

TEST(Pacing, SpreadsSegmentsOverTheRoundTrip) {
  Sending a({.pacing = true});  // 10 segments a round trip of 100 ms, twice as fast in slow start
  a.writes(1'000'000);
  const Time start = a.now;
  EXPECT_EQ(a.sends(), "0-1000");
  for (int n = 1; n < 10; ++n) {
    EXPECT_EQ(a.sends(), "");
    a.waits();
    EXPECT_EQ(a.burst(), 1);
    EXPECT_EQ((a.now - start).ns(), (n * 5_ms).ns());
  }
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

TEST(Sender, RetransmitsTheFin) {
  Sending a;
  a.writes(0, true);
  EXPECT_EQ(a.sends(), "0-0F");
  a.waits();
  EXPECT_EQ(a.sends(), "R0-0F");
  EXPECT_TRUE(a.acked(1).fin_acked);
  EXPECT_FALSE(a.sender.next_timeout());
}

TEST(Sender, ForgetsSacksOfAReceiverThatReneged) {  // RFC 2018 §8
  Sending a;
  a.writes(5000);
  a.sends();
  a.now += 10_ms;
  a.acked(0, {{1000, 5000}});
  EXPECT_EQ(a.sends(), "R0-1000");
  a.acked(1000);  // and what it had SACKed is gone
  a.waits();
  EXPECT_EQ(a.sends(), "R1000-2000");
  a.acked(2000);
  EXPECT_NE(a.sends().find("R2000-3000"), std::string::npos);
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
