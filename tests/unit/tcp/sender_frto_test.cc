// Timeouts that were spurious (RFC 5682; RFC 4015 §3.2, RFC 9438 §4.9.1): the path held everything back for a while.
#include "tests/unit/tcp/sending.h"

namespace kamesim {
namespace {

class Frto : public testing::TestWithParam<bool> {  // with SACK, and without
 protected:
  Frto() : a({}, {.mss = kMss, .sack = GetParam()}) {
    a.writes(1'000'000);
    EXPECT_EQ(a.burst(), 10);
    a.now += 100_ms;
    a.acked(2 * kMss);
    EXPECT_EQ(a.burst(), 4);  // 12 are under way: 2 to 13
    window = a.cwnd();
    while (a.sender.info().timeouts == 0) {
      a.waits();
      sent += a.sends();
    }
    sent = sent.substr(sent.rfind('R'));
  }
  Sending a;
  std::uint64_t window = 0;
  std::string sent;
};

TEST_P(Frto, TheOriginalsArriveAfterAllAndNothingElseGoesAgain) {  // §2.1, steps 1, 2 b, 3 b
  EXPECT_EQ(sent, "R2000-3000");
  EXPECT_EQ(a.cwnd(), kMss);
  a.acked(3 * kMss);
  const std::string first = a.sends();
  EXPECT_EQ(first.find('R'), std::string::npos) << first;  // two new segments
  a.acked(4 * kMss);
  EXPECT_EQ(a.sender.info().spurious_timeouts, 1u);
  EXPECT_FALSE(a.sender.info().in_recovery);
  EXPECT_EQ(a.cwnd(), window);
  EXPECT_GT(a.sender.info().slow_start_threshold, window);
  EXPECT_EQ(a.sends().find('R'), std::string::npos);
  for (std::uint32_t n = 5; n <= 14; ++n) {
    a.acked(n * kMss);
    EXPECT_EQ(a.sends().find('R'), std::string::npos) << n;
  }
  EXPECT_EQ(a.sender.info().retransmissions, 1u);
}

TEST_P(Frto, ADuplicateAfterTheNewSegmentsTellsOfALoss) {  // step 3 a
  a.acked(3 * kMss);
  a.sends();
  if (GetParam()) {
    const auto next = static_cast<std::uint32_t>(15 * kMss);
    a.acked(3 * kMss, {{next, next + kMss}});  // a new segment arrived, and 3000 did not
  } else {
    a.acked(3 * kMss);
  }
  EXPECT_EQ(a.sender.info().spurious_timeouts, 0u);
  EXPECT_EQ(a.sends().substr(0, 10), "R3000-4000");
  EXPECT_LE(a.cwnd(), 3u * kMss);
}

TEST_P(Frto, EverythingAcknowledgedAtOnceSaysNothing) {  // step 2 a: the receiver may have had all but the first
  a.acked((GetParam() ? 15 : 14) * kMss);  // with SACK a loss probe went too
  EXPECT_EQ(a.sender.info().spurious_timeouts, 0u);
  EXPECT_LE(a.cwnd(), 2u * kMss);
}

TEST_P(Frto, WithoutNewDataItDoesNotTry) {  // step 2 b: "if the TCP sender does not have any new data to send"
  Sending b({}, {.mss = kMss, .sack = GetParam()});
  b.writes(10 * kMss);
  EXPECT_EQ(b.burst(), 10);
  while (b.sender.info().timeouts == 0) b.waits(), b.sends();
  b.acked(1 * kMss);
  EXPECT_NE(b.sends().find("R1000-2000"), std::string::npos);
}

TEST_P(Frto, ASecondTimeoutIsBelieved) {  // step 1
  a.waits();
  while (a.sender.info().timeouts < 2) a.waits();
  EXPECT_EQ(a.sends(), "R2000-3000");
  a.acked(3 * kMss);
  EXPECT_EQ(a.sends().substr(0, 10), "R3000-4000");
}

TEST_P(Frto, MayBeTurnedOff) {
  Sending b({.frto = false}, {.mss = kMss, .sack = GetParam()});
  b.writes(1'000'000);
  b.burst();
  while (b.sender.info().timeouts == 0) b.waits(), b.sends();
  b.acked(1 * kMss);
  EXPECT_EQ(b.sends().substr(0, 10), "R1000-2000");
}

TEST(FrtoWithEcn, CongestionThatIsEchoedKeepsTheWindowSmall) {  // RFC 4015 §3.2
  Sending a({}, {.mss = kMss, .sack = true, .ecn = true});
  a.writes(1'000'000);
  a.burst();
  while (a.sender.info().timeouts == 0) a.waits(), a.sends();
  a.acked(1 * kMss);
  a.sends();
  a.acked(2 * kMss, {}, kWindow, true);
  EXPECT_EQ(a.sender.info().spurious_timeouts, 1u);
  EXPECT_LE(a.cwnd(), 3u * kMss);
}

INSTANTIATE_TEST_SUITE_P(WithAndWithoutSack, Frto, testing::Bool());

}  // namespace
}  // namespace kamesim
