// The tests of addresses as a machine (RFC 4862 §5.4).
#include "protocols/ip6/nd_dad.h"

#include <gtest/gtest.h>

namespace kamesim {
namespace {

const Ipv6Address kA = "fe80::1"_ip6, kB = "fe80::2"_ip6;
const Time kNow = Time::from_seconds(10);

TEST(DuplicateAddressDetection, SolicitsAndWaitsForRetransTimer) {
  DuplicateAddressDetection dad;
  dad.start(kA, kNow + 300_ms, 2);
  EXPECT_TRUE(dad.testing(kA));
  EXPECT_EQ(dad.next_timeout(), kNow + 300_ms);
  EXPECT_FALSE(dad.on_timeout(kNow, 1_s));
  for (const Duration t : {300_ms, 1300_ms}) {
    const auto step = dad.on_timeout(kNow + t, 1_s);
    ASSERT_TRUE(step);
    EXPECT_EQ(step->target, kA);
    EXPECT_FALSE(step->unique);
    EXPECT_FALSE(dad.on_timeout(kNow + t, 1_s));
  }
  const auto end = dad.on_timeout(kNow + 2300_ms, 1_s);
  ASSERT_TRUE(end && end->unique);
  EXPECT_EQ(end->unique->target, kA);
  EXPECT_FALSE(dad.testing(kA));
  EXPECT_FALSE(dad.next_timeout());
}

TEST(DuplicateAddressDetection, RunsSeveralTestsInTheOrderOfTheirDeadlines) {
  DuplicateAddressDetection dad;
  dad.start(kA, kNow + 1_s, 1);
  dad.start(kB, kNow, 1);
  EXPECT_EQ(dad.on_timeout(kNow, 5_s)->target, kB);
  EXPECT_EQ(dad.next_timeout(), kNow + 1_s);
  EXPECT_EQ(dad.on_timeout(kNow + 1_s, 5_s)->target, kA);
  EXPECT_EQ(dad.next_timeout(), kNow + 5_s);
}

TEST(DuplicateAddressDetection, AStoppedTestCannotFire) {
  DuplicateAddressDetection dad;
  dad.start(kA, kNow, 1);
  dad.start(kB, kNow, 1);
  EXPECT_TRUE(dad.stop(kA));
  EXPECT_FALSE(dad.stop(kA));
  EXPECT_EQ(dad.on_timeout(kNow, 1_s)->target, kB);
  EXPECT_FALSE(dad.on_timeout(kNow, 1_s));
}

TEST(DuplicateAddressDetection, StartingAgainBeginsFromTheFirstSolicitation) {
  DuplicateAddressDetection dad;
  dad.start(kA, kNow, 1);
  dad.on_timeout(kNow, 1_s);
  dad.start(kA, kNow + 500_ms, 1);
  EXPECT_FALSE(dad.on_timeout(kNow + 500_ms, 1_s)->unique);
  EXPECT_TRUE(dad.on_timeout(kNow + 1500_ms, 1_s)->unique);
}

TEST(DuplicateAddressDetection, RunsMoreTestsThanMostInterfacesHave) {
  const Ipv6Address kC = "fe80::3"_ip6, kD = "fe80::4"_ip6;
  DuplicateAddressDetection dad;
  for (const Ipv6Address& target : {kA, kB, kC, kD}) dad.start(target, kNow, 1);
  EXPECT_EQ(dad.size(), 4u);
  EXPECT_TRUE(dad.stop(kB));
  for (const Ipv6Address& target : {kA, kC, kD}) EXPECT_EQ(dad.on_timeout(kNow, 1_s)->target, target);
  EXPECT_TRUE(dad.stop(kA));
  dad.start(kA, kNow, 1);
  EXPECT_EQ(dad.on_timeout(kNow, 2_s)->target, kA);
  for (const Ipv6Address& target : {kC, kD, kA}) {
    ASSERT_TRUE(dad.testing(target));
    EXPECT_EQ(dad.on_timeout(kNow + 2_s, 1_s)->unique->target, target);
  }
  EXPECT_EQ(dad.size(), 0u);
  EXPECT_EQ(dad.heap_bytes(), 0u);
}

TEST(DuplicateAddressDetection, TestsForOthersOutliveTheLink) {
  DuplicateAddressDetection dad;
  dad.start(kA, kNow, 1);
  dad.start(kB, kNow, 1, [](bool) {});
  dad.stop_own();
  EXPECT_FALSE(dad.testing(kA));
  EXPECT_TRUE(dad.testing(kB));
  EXPECT_EQ(dad.on_timeout(kNow, 1_s)->target, kB);
}

}  // namespace
}  // namespace kamesim
