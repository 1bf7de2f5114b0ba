#include "protocols/ip6/path_mtu.h"

#include <gtest/gtest.h>

#include "protocols/ip6/icmp6_rate_limit.h"

namespace kamesim {
namespace {

const Ipv6Address kDestination = *Ipv6Address::parse("2001:db8::2");

using enum PathMtuTable::Update;
Ipv6Address destination(std::uint64_t i) { return Ipv6Address::from_halves(1, i); }

TEST(PathMtu, GoesDownOnlyAndIsForgottenAfterTenMinutes) {  // RFC 8201 §4, §5.3
  const PathMtuLimits limits;
  PathMtuTable table(limits);
  EXPECT_EQ(table.update(kDestination, 1400, Time{}), Lowered);
  EXPECT_EQ(table.update(kDestination, 1500, Time{} + 1_s), Unchanged);
  EXPECT_EQ(table.update(kDestination, 1300, Time{} + 2_s), Lowered);
  EXPECT_EQ(table.find(kDestination, Time{} + 601_s)->mtu, 1300u);
  EXPECT_FALSE(table.find(kDestination, Time{} + 602_s));
}

TEST(PathMtu, TriesNoIncreaseForFiveMinutesAfterAnyPacketTooBig) {  // RFC 8201 §4
  const PathMtuLimits limits;
  PathMtuTable table(limits);
  table.update(kDestination, 1400, Time{});
  EXPECT_EQ(table.update(kDestination, 1500, Time{} + 500_s), Unchanged);
  EXPECT_TRUE(table.find(kDestination, Time{} + 799_s));
  EXPECT_FALSE(table.find(kDestination, Time{} + 800_s));
  table.update(kDestination, 1400, Time{} + 1000_s);
  EXPECT_EQ(table.update(kDestination, 1400, Time{} + 1500_s), Unchanged);  // the same again: it is still so
  EXPECT_TRUE(table.find(kDestination, Time{} + 2099_s));
}

TEST(PathMtu, KeepsItsEstimatesForAsLongAsItIsSet) {  // RFC 8201 §5.3: "including setting it to infinity"
  PathMtuLimits limits{.timeout = Duration::max()};
  PathMtuTable table(limits);
  table.update(kDestination, 1400, Time{} + 1_s);
  EXPECT_TRUE(table.find(kDestination, Time::max() - 1_s));
  limits.timeout = 60_s;  // §4: less than five minutes it never is
  table.clear();
  table.update(kDestination, 1400, Time{});
  EXPECT_TRUE(table.find(kDestination, Time{} + 299_s));
  EXPECT_FALSE(table.find(kDestination, Time{} + 300_s));
}

TEST(PathMtu, IsBoundedAndDropsTheOldest) {
  const PathMtuLimits limits{.entries = 2, .unverified_entries = 2};
  PathMtuTable table(limits);
  for (std::uint64_t i = 1; i <= 3; ++i) {
    table.update(destination(i), 1300, Time{} + 1_s * static_cast<std::int64_t>(i));
  }
  EXPECT_EQ(table.size(), 2u);
  EXPECT_FALSE(table.find(destination(1), Time{} + 4_s));
  EXPECT_TRUE(table.find(destination(3), Time{} + 4_s));
}

TEST(PathMtu, TakesWhatNobodyVouchesForBelowTheLowWaterOnly) {  // KAME's mtudisc_lowat, mtudisc_hiwat
  const PathMtuLimits limits{.entries = 4, .unverified_entries = 2};
  PathMtuTable table(limits);
  EXPECT_EQ(table.update(destination(1), 1300, Time{}, false), Lowered);
  EXPECT_EQ(table.update(destination(2), 1300, Time{}, false), Lowered);
  EXPECT_EQ(table.update(destination(3), 1300, Time{}, false), Refused);
  EXPECT_EQ(table.update(destination(2), 1280, Time{}, false), Lowered);  // known ones still go down
  EXPECT_EQ(table.update(destination(3), 1300, Time{}, true), Lowered);
  EXPECT_EQ(table.update(destination(4), 1300, Time{}, true), Lowered);
  EXPECT_EQ(table.update(destination(5), 1300, Time{}, true), Lowered);   // in the place of another
  EXPECT_EQ(table.size(), 4u);
}

TEST(PathMtu, RemembersThatPacketsNeedAFragmentHeader) {  // RFC 2460 §5
  const PathMtuLimits limits;
  PathMtuTable table(limits);
  EXPECT_EQ(table.require_fragment_header(kDestination, Time{}), Lowered);
  EXPECT_EQ(table.find(kDestination, Time{})->mtu, 1280u);
  EXPECT_TRUE(table.find(kDestination, Time{})->fragment_header);
  EXPECT_EQ(table.require_fragment_header(kDestination, Time{}), Unchanged);
}

TEST(Icmp6RateLimit, LetsABurstPassAndThenTheRate) {  // RFC 4443 §2.4 f
  Icmp6RateLimit limit;
  int passed = 0;
  for (int i = 0; i < 50; ++i) passed += limit.take(Time{} + 1_s, 100.0, 10) ? 1 : 0;
  EXPECT_EQ(passed, 10);
  for (int ms = 1; ms <= 1000; ++ms) passed += limit.take(Time{} + 1_s + 1_ms * ms, 100.0, 10) ? 1 : 0;
  EXPECT_EQ(passed, 110);
}

TEST(Icmp6RateLimit, LetsNothingPassAtARateOfZero) {
  Icmp6RateLimit limit;
  EXPECT_FALSE(limit.take(Time{} + 1_s, 0, 10));
}

TEST(Icmp6RateLimit, KeepsABucketForEachDestinationAndABoundOnThem) {
  Icmp6RateLimitByDestination limits;
  EXPECT_TRUE(limits.take(destination(1), Time{}, 1, 1));
  EXPECT_FALSE(limits.take(destination(1), Time{}, 1, 1));
  for (std::uint64_t i = 2; i < 1000; ++i) EXPECT_TRUE(limits.take(destination(i), Time{} + 1_us, 1, 1)) << i;
  EXPECT_TRUE(limits.take(destination(1), Time{} + 2_us, 1, 1));  // its bucket had to make room, and is full again
}

}  // namespace
}  // namespace kamesim
