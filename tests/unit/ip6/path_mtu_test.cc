#include "protocols/ip6/path_mtu.h"

#include <gtest/gtest.h>

#include "protocols/ip6/icmp6_rate_limit.h"

namespace kamesim {
namespace {

const Ipv6Address kDestination = *Ipv6Address::parse("2001:db8::2");

TEST(PathMtu, GoesDownOnlyAndIsForgottenAfterTenMinutes) {  // RFC 8201 §4, §5.3
  PathMtuTable table(4);
  EXPECT_TRUE(table.update(kDestination, 1400, Time{}));
  EXPECT_FALSE(table.update(kDestination, 1500, Time{} + 1_s));
  EXPECT_TRUE(table.update(kDestination, 1300, Time{} + 2_s));
  EXPECT_EQ(table.find(kDestination, Time{} + 601_s)->mtu, 1300u);
  EXPECT_FALSE(table.find(kDestination, Time{} + 602_s));
}

TEST(PathMtu, IsBoundedAndDropsTheOldest) {
  PathMtuTable table(2);
  for (std::uint64_t i = 1; i <= 3; ++i) {
    table.update(Ipv6Address::from_halves(1, i), 1300, Time{} + 1_s * static_cast<std::int64_t>(i));
  }
  EXPECT_EQ(table.size(), 2u);
  EXPECT_FALSE(table.find(Ipv6Address::from_halves(1, 1), Time{} + 4_s));
  EXPECT_TRUE(table.find(Ipv6Address::from_halves(1, 3), Time{} + 4_s));
}

TEST(Icmp6RateLimit, LetsABurstPassAndThenTheRate) {  // RFC 4443 §2.4 f
  Icmp6RateLimit limit;
  int passed = 0;
  for (int i = 0; i < 50; ++i) passed += limit.take(Time{} + 1_s, 100.0, 10) ? 1 : 0;
  EXPECT_EQ(passed, 10);
  for (int ms = 1; ms <= 1000; ++ms) passed += limit.take(Time{} + 1_s + 1_ms * ms, 100.0, 10) ? 1 : 0;
  EXPECT_EQ(passed, 110);
}

}  // namespace
}  // namespace kamesim
