// RFC 4821 §7: the search for what the path takes, and its probes among other segments.
#include "protocols/tcp/mtu_search.h"

#include "tests/unit/tcp/sending.h"

namespace kamesim {
namespace {

const Time kStart = Time{} + 10_s;
constexpr Duration kRto = 1_s;

// How many probes a path that takes `path` needs; where the search ends.
std::pair<int, std::uint32_t> search(std::uint32_t low, std::uint32_t high, std::uint32_t path) {
  MtuSearch s;
  s.start(low, high);
  Time now = kStart;
  int probes = 0;
  while (const auto size = s.next_probe(now)) {
    EXPECT_GT(*size, s.size());
    EXPECT_LE(*size, high);
    ++probes;
    if (*size <= path) {
      s.on_delivered(*size, now);
    } else {
      s.on_lost(*size, now, kRto);
      EXPECT_FALSE(s.next_probe(now + 4_s));  // §7.6.3
      now = now + 5_s;
    }
    if (probes > 20) break;
  }
  return {probes, s.size()};
}

TEST(MtuSearch, TriesTheLimitFirst) { EXPECT_EQ(search(1220, 1440, 1440), std::pair(1, 1440u)); }

TEST(MtuSearch, ClosesInOnWhatThePathTakes) {
  for (const std::uint32_t path : {1220u, 1232u, 1300u, 1400u, 1439u}) {
    const auto [probes, size] = search(1220, 1440, path);
    EXPECT_LE(size, path);
    EXPECT_GT(size + kMtuSearchPrecision, path);
    EXPECT_LE(probes, 5) << path;
  }
  EXPECT_LE(search(1220, 8940, 5000).first, 10);
}

TEST(MtuSearch, LooksAgainAfterTenMinutes) {
  MtuSearch s;
  s.start(1220, 1230);  // not worth a probe ... but the limit has not been tried
  s.on_lost(1230, kStart, kRto);
  EXPECT_FALSE(s.next_probe(kStart + 599_s));
  EXPECT_EQ(s.next_probe(kStart + 600_s), 1230u);
}

TEST(MtuSearch, HeedsWhoTellsItALimit) {  // RFC 4821 §7.7.1: Packet Too Big
  MtuSearch s;
  s.start(1220, 1440);
  s.on_delivered(1440, kStart);
  s.limit(1300);
  EXPECT_EQ(s.size(), 1300u);
  EXPECT_FALSE(s.next_probe(kStart));
}

// ---- Among segments ------------------------------------------------------------------------------------------------

class MtuProbe : public testing::TestWithParam<bool> {
 protected:
  MtuProbe() : a({.congestion_control = "newreno"}, {.mss = kMss, .sack = GetParam()}) {
    a.writes(1'000'000);
    a.burst();
    a.now += 100_ms;
    a.acked(10 * kMss);
    a.sender.probe_mtu(1400);
    const std::string sent = a.sends();
    EXPECT_EQ(sent.substr(0, 11), "10000-11400");
    EXPECT_TRUE(a.sender.mtu_probe_under_way());
    window = a.cwnd();
  }
  Sending a;
  std::uint64_t window = 0;
};

TEST_P(MtuProbe, IsOneSegmentOfThatSizeAndOthersBehind) {
  a.now += 100_ms;
  a.acked(11'400);
  const auto probed = a.sender.take_mtu_probed();
  ASSERT_TRUE(probed);
  EXPECT_TRUE(probed->delivered);
  EXPECT_EQ(probed->size, 1400u);
  EXPECT_FALSE(a.sender.take_mtu_probed());
}

TEST_P(MtuProbe, ThatIsLostGoesAgainInPiecesAndTheWindowStays) {  // §7.6.2
  a.now += 100_ms;
  for (std::uint32_t n = 1; n <= 4; ++n) {
    if (GetParam()) {
      a.acked(10 * kMss, {{11'400, 11'400 + n * kMss}});
    } else {
      a.acked(10 * kMss);
    }
  }
  std::string sent;
  for (int i = 0; i < 3 && sent.find('R') == std::string::npos; ++i) {
    sent += a.sends();
    if (sent.find('R') == std::string::npos) a.waits();
  }
  EXPECT_NE(sent.find("R10000-11000"), std::string::npos) << sent;
  const auto probed = a.sender.take_mtu_probed();
  ASSERT_TRUE(probed);
  EXPECT_FALSE(probed->delivered);
  EXPECT_FALSE(a.sender.info().in_recovery);
  EXPECT_GE(a.cwnd(), window);
}

TEST_P(MtuProbe, WaitsForEnoughData) {  // §7.4
  Sending b({}, {.mss = kMss, .sack = GetParam()});
  b.writes(4 * kMss);
  b.sender.probe_mtu(1400);
  EXPECT_EQ(b.sends(), "0-1000 1000-2000 2000-3000 3000-4000");
  EXPECT_FALSE(b.sender.mtu_probe_under_way());
}

INSTANTIATE_TEST_SUITE_P(WithAndWithoutSack, MtuProbe, testing::Bool());

}  // namespace
}  // namespace kamesim
