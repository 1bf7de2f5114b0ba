// Windows of the receiver, small segments, and segments spread in time (RFC 9293 §3.7.4, §3.8.6).
#include "tests/unit/tcp/sending.h"

namespace kamesim {
namespace {

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

}  // namespace
}  // namespace kamesim
