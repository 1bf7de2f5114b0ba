// The retransmission timer (RFC 6298, RFC 9293 §3.8.3), and rests.
#include "tests/unit/tcp/sending.h"

namespace kamesim {
namespace {

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

}  // namespace
}  // namespace kamesim
