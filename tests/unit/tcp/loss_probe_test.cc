// Tail loss probes (RFC 8985 §7).
#include "tests/unit/tcp/sending.h"

namespace kamesim {
namespace {

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

}  // namespace
}  // namespace kamesim
