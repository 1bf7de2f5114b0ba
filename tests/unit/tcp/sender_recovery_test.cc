// Losses that acknowledgments tell of (RFC 5681 §3.2, RFC 6582, RFC 6675, RFC 6937, RFC 8985 §6).
#include "tests/unit/tcp/sending.h"

namespace kamesim {
namespace {

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

}  // namespace
}  // namespace kamesim
