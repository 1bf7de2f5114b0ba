// The receiving side of a connection: scripts of segments that arrive and of what is acknowledged.
#include "protocols/tcp/receiver.h"

#include <gtest/gtest.h>

#include <numeric>
#include <random>
#include <vector>

#include "protocols/tcp/drops.h"

namespace kamesim {
namespace {

constexpr std::uint32_t kIrs = 0xffff'ff00;  // the sequence numbers wrap in the middle of the tests
constexpr std::uint16_t kRmss = 1000;

Time at(Duration d) { return Time{} + d; }

// One receiver; positions in the stream count from its first octet, which is number 0 and holds 0, then 1, ...
class Peer {
 public:
  explicit Peer(std::uint32_t buffer = 10'000, TcpReceiver::Negotiated n = {.sack = true, .rmss = kRmss})
      : receiver({.buffer = buffer, .delayed_ack = 100_ms}) {
    n.rmss = kRmss;
    receiver.start(SeqNum32(kIrs), n);
  }

  TcpSegment segment(std::uint32_t position, std::uint32_t length, std::uint8_t flags = TcpFlags::kAck) {
    data.resize(length);
    for (std::uint32_t i = 0; i < length; ++i) data[i] = octet(position + i);
    return {.seq = SeqNum32(kIrs + 1 + position), .flags = flags, .data = data};
  }
  TcpReceiver::Arrival receives(Duration when, std::uint32_t position, std::uint32_t length,
                                std::uint8_t flags = TcpFlags::kAck) {
    const TcpSegment s = segment(position, length, flags);
    if (!receiver.acceptable(s)) {
      receiver.on_unacceptable(s);
      receiver.ack_now();
      return {.dropped = &kTcpOutOfWindow};
    }
    return receiver.on_text(at(when), s);
  }
  struct Ack {
    std::uint32_t position, window;
    std::vector<std::pair<std::uint32_t, std::uint32_t>> sack;
    bool ece;
    friend bool operator==(const Ack&, const Ack&) = default;
    friend std::ostream& operator<<(std::ostream& out, const Ack& a) {
      out << "ack " << a.position << " win " << a.window << (a.ece ? " ece" : "");
      for (const auto& [l, r] : a.sack) out << " [" << l << "," << r << ")";
      return out;
    }
  };
  Ack acks() {
    OutgoingSegment out;
    receiver.acknowledge(out, 3);
    Ack ack{out.ack.value() - kIrs - 1, std::uint32_t{out.window} << shift, {}, out.flags.ece()};
    for (const SackBlock& b : out.options.sack.view()) {
      ack.sack.emplace_back(b.left.value() - kIrs - 1, b.right.value() - kIrs - 1);
    }
    return ack;
  }
  void reads(std::size_t n) {
    std::vector<std::uint8_t> out(n);
    ASSERT_EQ(receiver.read(out), n);
    for (std::size_t i = 0; i < n; ++i) ASSERT_EQ(out[i], octet(read_ + static_cast<std::uint32_t>(i)));
    read_ += static_cast<std::uint32_t>(n);
  }
  static std::uint8_t octet(std::uint32_t position) { return static_cast<std::uint8_t>(position * 31 + (position >> 8)); }

  TcpReceiver receiver;
  std::vector<std::uint8_t> data;
  unsigned shift = 0;

 private:
  std::uint32_t read_ = 0;
};

TEST(TcpReceiver, TestsSegmentsByTheTable) {  // RFC 9293 §3.10.7.4, Table 6
  Peer p(1000);
  const auto ok = [&](std::uint32_t position, std::uint32_t length) {
    return p.receiver.acceptable(p.segment(position, length));
  };
  EXPECT_TRUE(ok(0, 0));
  EXPECT_TRUE(ok(999, 0));
  EXPECT_FALSE(ok(1000, 0));
  EXPECT_FALSE(ok(0u - 1, 0));
  EXPECT_TRUE(ok(0, 1000));
  EXPECT_TRUE(ok(0u - 10, 11));
  EXPECT_FALSE(ok(0u - 10, 10));
  EXPECT_TRUE(ok(999, 500));
  EXPECT_FALSE(ok(1000, 1));
  p.receives(0_ms, 0, 1000);
  EXPECT_EQ(p.acks().window, 0u);
  EXPECT_TRUE(ok(1000, 0));  // window zero: RCV.NXT alone
  EXPECT_FALSE(ok(1001, 0));
  EXPECT_FALSE(ok(1000, 1));
}

TEST(TcpReceiver, DelaysTheAcknowledgmentOfOneSegment) {  // RFC 9293 §3.8.6.3 (SHLD-18, MUST-40)
  Peer p;
  p.receives(0_ms, 0, 900);
  EXPECT_FALSE(p.receiver.ack_due(at(99_ms)));
  EXPECT_EQ(p.receiver.ack_deadline(), at(100_ms));
  EXPECT_TRUE(p.receiver.ack_due(at(100_ms)));
  EXPECT_EQ(p.acks(), (Peer::Ack{900, 9100, {}, false}));
  EXPECT_EQ(p.receiver.ack_deadline(), std::nullopt);
}

TEST(TcpReceiver, AcknowledgesEverySecondFullSegment) {  // RFC 9293 §3.8.6.3 (SHLD-19)
  Peer p(100'000);
  for (std::uint32_t i = 0; i < 10; ++i) {
    p.receives(0_ms, i * 900, 900);
    EXPECT_EQ(p.receiver.ack_due(at(0_ms)), i % 2 == 1) << i;
    if (p.receiver.ack_due(at(0_ms))) p.acks();
  }
}

TEST(TcpReceiver, TellsAGapAtOnceAndItsEnd) {  // RFC 5681 §4.2, RFC 2018 §4
  Peer p;
  p.receives(0_ms, 0, 500);
  p.acks();
  p.receives(1_ms, 1000, 500);
  EXPECT_TRUE(p.receiver.ack_due(at(1_ms)));
  EXPECT_EQ(p.acks(), (Peer::Ack{500, 9500, {{1000, 1500}}, false}));
  p.receives(2_ms, 500, 250);  // fills a part of the gap
  EXPECT_TRUE(p.receiver.ack_due(at(2_ms)));
  EXPECT_EQ(p.acks(), (Peer::Ack{750, 9250, {{1000, 1500}}, false}));
  p.receives(3_ms, 750, 250);
  EXPECT_TRUE(p.receiver.ack_due(at(3_ms)));
  EXPECT_EQ(p.acks(), (Peer::Ack{1500, 8500, {}, false}));
  p.reads(1500);
}

TEST(TcpReceiver, NamesTheLatestBlockFirst) {  // RFC 2018 §4
  Peer p;
  p.receives(0_ms, 1000, 100);
  p.receives(0_ms, 3000, 100);
  p.receives(0_ms, 5000, 100);
  p.receives(0_ms, 7000, 100);
  EXPECT_EQ(p.acks().sack, (std::vector<std::pair<std::uint32_t, std::uint32_t>>{{7000, 7100}, {5000, 5100}, {3000, 3100}}));
  p.receives(0_ms, 1100, 100);  // grows the oldest block
  EXPECT_EQ(p.acks().sack, (std::vector<std::pair<std::uint32_t, std::uint32_t>>{{1000, 1200}, {7000, 7100}, {5000, 5100}}));
  p.receives(0_ms, 3100, 1900);  // joins two
  EXPECT_EQ(p.acks().sack, (std::vector<std::pair<std::uint32_t, std::uint32_t>>{{3000, 5100}, {1000, 1200}, {7000, 7100}}));
}

TEST(TcpReceiver, SendsNoSackBlocksUnlessPermitted) {  // RFC 2018 §4
  Peer p(10'000, {.sack = false});
  p.receives(0_ms, 1000, 100);
  EXPECT_TRUE(p.acks().sack.empty());
}

TEST(TcpReceiver, ReportsADuplicateOnce) {  // RFC 2883 §4
  Peer p;
  p.receives(0_ms, 0, 1000);
  p.acks();
  p.receives(1_ms, 500, 500);
  EXPECT_TRUE(p.receiver.ack_due(at(1_ms)));
  EXPECT_EQ(p.acks().sack, (std::vector<std::pair<std::uint32_t, std::uint32_t>>{{500, 1000}}));
  p.receiver.ack_now();
  EXPECT_TRUE(p.acks().sack.empty());
}

TEST(TcpReceiver, ReportsADuplicateInsideABlockWithTheBlock) {  // RFC 2883 §4, §4.1's examples
  Peer p;
  p.receives(0_ms, 1000, 1000);
  p.receives(0_ms, 3000, 500);
  p.acks();
  p.receives(1_ms, 1200, 100);
  EXPECT_EQ(p.acks().sack, (std::vector<std::pair<std::uint32_t, std::uint32_t>>{{1200, 1300}, {1000, 2000}, {3000, 3500}}));
}

TEST(TcpReceiver, KeepsTheRightEdgeUntilItCanMoveByASegment) {  // RFC 9293 §3.8.6.2.2 (MUST-39)
  Peer p(5000);
  p.receives(0_ms, 0, 3000);
  EXPECT_EQ(p.acks().window, 2000u);
  p.reads(999);
  EXPECT_FALSE(p.receiver.window_update_due());
  EXPECT_EQ(p.acks().window, 2000u);
  p.reads(1);
  EXPECT_EQ(p.acks().window, 3000u);
  p.reads(2000);
  EXPECT_TRUE(p.receiver.window_update_due());  // two segments' worth
  EXPECT_EQ(p.acks().window, 5000u);
  EXPECT_FALSE(p.receiver.window_update_due());
}

TEST(TcpReceiver, TellsAtOnceWhenAClosedWindowOpens) {  // RFC 9293 §3.8.6.2.2
  Peer p(5000);
  p.receives(0_ms, 0, 5000);
  EXPECT_EQ(p.acks().window, 0u);
  p.reads(600);
  EXPECT_FALSE(p.receiver.window_update_due());
  p.reads(400);
  EXPECT_TRUE(p.receiver.window_update_due());
  EXPECT_EQ(p.acks().window, 1000u);
}

TEST(TcpReceiver, DoesNotShrinkTheWindowWhenTheBufferDoes) {  // RFC 9293 §3.8.6 (SHLD-14)
  Peer p(5000);
  EXPECT_EQ(p.acks().window, 5000u);
  p.receiver.set_buffer(1000);
  p.receives(0_ms, 0, 1000);
  EXPECT_EQ(p.acks().window, 4000u);
  p.receives(0_ms, 1000, 4000);
  EXPECT_EQ(p.acks().position, 5000u);
}

TEST(TcpReceiver, HonoursEveryWindowThatItOffered) {  // RFC 7323 §2.4: rounding takes the edge back
  Peer p(1 << 20, {.window_shift = 5, .sack = true});
  p.shift = 5;
  const std::uint32_t first = p.acks().window;
  p.receives(0_ms, 0, 1);
  const auto ack = p.acks();
  EXPECT_LE(ack.position + ack.window, first);
  EXPECT_TRUE(p.receiver.acceptable(p.segment(first - 1, 1)));
  EXPECT_FALSE(p.receiver.acceptable(p.segment(first, 1)));
}

TEST(TcpReceiver, TakesOnlyTheNewPartOfASegment) {  // RFC 9293 §3.10.7.4, first step
  Peer p(1500);
  p.receives(0_ms, 0, 400);
  p.receives(0_ms, 200, 400);
  p.receives(0_ms, 600, 5000);  // beyond the window
  EXPECT_EQ(p.acks().position, 1500u);
  p.reads(1500);
}

TEST(TcpReceiver, CutsOffAFinBeyondTheWindow) {  // RFC 9293 §3.10.7.4, first step
  Peer p(1000);
  EXPECT_FALSE(p.receives(0_ms, 0, 1000, TcpFlags::kAck | TcpFlags::kFin).fin);
  EXPECT_EQ(p.acks().position, 1000u);
  p.reads(1000);
  p.acks();
  EXPECT_TRUE(p.receives(1_ms, 0, 1000, TcpFlags::kAck | TcpFlags::kFin).fin);  // sent again, with room for it
}

TEST(TcpReceiver, HoldsAFinUntilWhatIsBeforeItHasCome) {  // RFC 9293 §3.10.7.4, eighth step
  Peer p;
  EXPECT_FALSE(p.receives(0_ms, 500, 500, TcpFlags::kAck | TcpFlags::kFin).fin);
  EXPECT_FALSE(p.receiver.fin_received());
  const auto arrival = p.receives(0_ms, 0, 500);
  EXPECT_TRUE(arrival.fin);
  EXPECT_TRUE(arrival.readable);
  EXPECT_EQ(p.acks().position, 1001u);
  EXPECT_FALSE(p.receiver.at_end());
  p.reads(1000);
  EXPECT_TRUE(p.receiver.at_end());
}

TEST(TcpReceiver, EchoesCongestionUntilTheSenderReduced) {  // RFC 3168 §6.1.3
  Peer p(10'000, {.sack = true, .ecn = true});
  const auto receives = [&](std::uint32_t position, Ecn ecn, std::uint8_t flags = TcpFlags::kAck) {
    TcpSegment s = p.segment(position, 100, flags);
    s.ecn = ecn;
    p.receiver.on_ecn(s);
    p.receiver.on_text(at(0_ms), s);
    return p.acks().ece;
  };
  EXPECT_FALSE(receives(0, Ecn::Ect0));
  EXPECT_TRUE(receives(100, Ecn::Ce));
  EXPECT_TRUE(receives(200, Ecn::Ect0));
  EXPECT_FALSE(receives(300, Ecn::Ect0, TcpFlags::kAck | TcpFlags::kCwr));
  EXPECT_TRUE(receives(400, Ecn::Ce, TcpFlags::kAck | TcpFlags::kCwr));  // CWR for the one before; CE anew
}

TEST(TcpReceiver, CountsUrgentDataDown) {  // RFC 9293 §3.8.5 (MUST-32, MUST-33)
  Peer p;
  TcpSegment s = p.segment(0, 100, TcpFlags::kAck | TcpFlags::kUrg);
  s.urgent_pointer = 150;
  EXPECT_TRUE(p.receiver.on_urgent(s));
  EXPECT_FALSE(p.receiver.on_urgent(s));
  p.receiver.on_text(at(0_ms), s);
  EXPECT_EQ(p.receiver.urgent_remaining(), 150u);
  p.reads(100);
  EXPECT_EQ(p.receiver.urgent_remaining(), 50u);
  s = p.segment(100, 100, TcpFlags::kAck | TcpFlags::kUrg);
  s.urgent_pointer = 20;  // RFC 9293 §3.8.5: it cannot recede
  EXPECT_FALSE(p.receiver.on_urgent(s));
  p.receiver.on_text(at(0_ms), s);
  p.reads(50);
  EXPECT_EQ(p.receiver.urgent_remaining(), 0u);
}

TEST(TcpReceiver, BoundsThePiecesThatItHolds) {
  Peer p(60'000);
  for (std::uint32_t i = 0; i < TcpReassembly::kMaxPieces; ++i) {
    EXPECT_EQ(p.receives(0_ms, 10 + 20 * i, 1).dropped, nullptr);
  }
  EXPECT_EQ(p.receives(0_ms, 59'000, 1).dropped, &kTcpReassemblyFull);
  EXPECT_EQ(p.receives(0_ms, 11, 1).dropped, nullptr);  // grows a piece: needs no room
}

TEST(TcpReceiver, PutsTogetherWhateverOrderSegmentsComeIn) {
  std::mt19937 random(7);
  for (int run = 0; run < 200; ++run) {
    constexpr std::uint32_t kTotal = 40'000;
    Peer p(8000);
    std::uint32_t next = 0;
    while (next < kTotal) {
      const auto left = next + random() % 8000 - random() % 200;
      const std::uint32_t length = 1 + random() % 1500;
      if (static_cast<std::int32_t>(left) < 0 || left + length > kTotal) {
        p.receives(0_ms, next, std::min<std::uint32_t>(500, kTotal - next));
      } else {
        p.receives(0_ms, left, length);
      }
      const auto ack = p.acks();
      ASSERT_GE(ack.position, next);
      for (const auto& [l, r] : ack.sack) ASSERT_LT(l, r);
      next = ack.position;
      if (random() % 3 == 0 && p.receiver.readable() != 0) p.reads(1 + random() % p.receiver.readable());
      if (ack.window == 0 && p.receiver.readable() != 0) p.reads(p.receiver.readable());
      p.acks();
    }
    p.reads(p.receiver.readable());
    EXPECT_EQ(p.receiver.out_of_order_pieces(), 0u);
  }
}

}  // namespace
}  // namespace kamesim
