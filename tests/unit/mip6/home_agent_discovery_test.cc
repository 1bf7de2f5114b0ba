#include "protocols/mip6/home_agent_discovery.h"

#include <gtest/gtest.h>

#include "protocols/mip6/home_agent_choice.h"
#include "tests/unit/mip6/test_values.h"

namespace kamesim {
namespace {

const Ipv6Address kSecond = "2001:db8:1::2"_ip6;
const Ipv6Address kThird = "2001:db8:1::3"_ip6;

TEST(HomeAgentDiscovery, RepeatsTheSameRequestFourTimesAtDoubledIntervals) {  // RFC 6275 §11.4.1, §12
  HomeAgentDiscovery machine;
  ASSERT_TRUE(machine.start(at(0_s), 7).send);
  Duration t;
  for (const Duration wait : {3_s, 6_s, 12_s, 24_s}) {
    t += wait;
    EXPECT_FALSE(machine.on_timeout(at(t - 1_ms)).send);
    const auto out = machine.on_timeout(at(t));
    ASSERT_TRUE(out.send) << wait.to_seconds();
    EXPECT_EQ(out.send->identifier, 7);
  }
  EXPECT_FALSE(machine.on_timeout(at(t + 47_s)).failed);
  EXPECT_TRUE(machine.on_timeout(at(t + 48_s)).failed);
  EXPECT_FALSE(machine.next_timeout());
}

TEST(HomeAgentDiscovery, TakesTheMatchingReplyOnly) {  // RFC 6275 §6.5, §11.4.1
  HomeAgentDiscovery machine;
  EXPECT_EQ(machine.on_reply(at(0_s), {7, {kHomeAgent}}).dropped, &kHaadReplyUnmatched);  // nothing was asked
  machine.start(at(0_s), 7);
  EXPECT_EQ(machine.on_reply(at(1_s), {8, {kHomeAgent}}).dropped, &kHaadReplyUnmatched);
  EXPECT_EQ(machine.on_reply(at(1_s), {7, {kSecond, kHomeAgent}}).found, (std::vector{kSecond, kHomeAgent}));
  EXPECT_FALSE(machine.next_timeout());
  EXPECT_EQ(machine.on_reply(at(2_s), {7, {kSecond}}).dropped, &kHaadReplyUnmatched);  // answered already
}

TEST(HomeAgentDiscovery, WaitsOnIfAReplyTellsNoUsableAddress) {
  HomeAgentDiscovery machine;
  machine.start(at(0_s), 7);
  EXPECT_EQ(machine.on_reply(at(1_s), {7, {}}).dropped, &kHaadReplyEmpty);
  EXPECT_EQ(machine.on_reply(at(1_s), {7, {"ff02::1"_ip6, "fe80::1"_ip6, "::"_ip6}}).dropped, &kHaadReplyEmpty);
  EXPECT_TRUE(machine.on_timeout(at(3_s)).send);
}

using Discovery = HomeAgentChoice::Discovery;

TEST(HomeAgentChoice, DiscoversIfNoneIsKnown) {  // RFC 6275 §11.4.1
  HomeAgentChoice choice(std::nullopt, Discovery::Forbidden);
  EXPECT_TRUE(choice.on_needed().discover);
  EXPECT_EQ(choice.on_found({kSecond, kThird}).use, kSecond);
  EXPECT_EQ(choice.on_needed().use, kSecond);
}

TEST(HomeAgentChoice, TriesOneAfterTheOtherInTheOrderOfTheReply) {  // RFC 6275 §11.4.1
  HomeAgentChoice choice(std::nullopt, Discovery::Allowed);
  choice.on_found({kHomeAgent, kSecond, kThird});
  EXPECT_EQ(choice.on_failed().use, kSecond);
  EXPECT_EQ(choice.on_failed().use, kThird);
  const auto out = choice.on_failed();
  EXPECT_FALSE(out.use);
  EXPECT_TRUE(out.discover);
  EXPECT_EQ(choice.current(), kThird);  // until another is found
  EXPECT_EQ(choice.on_found({kHomeAgent, kSecond}).use, kHomeAgent) << "all have failed: from the start again";
}

TEST(HomeAgentChoice, AsksFirstThoseThatHaveNotFailed) {
  HomeAgentChoice choice(kHomeAgent, Discovery::Allowed);
  EXPECT_TRUE(choice.on_failed().discover);
  EXPECT_EQ(choice.on_found({kHomeAgent, kSecond}).use, kSecond);
}

TEST(HomeAgentChoice, StaysWithTheOneItIsGivenIfDiscoveryIsOff) {
  HomeAgentChoice choice(kHomeAgent, Discovery::Forbidden);
  const auto out = choice.on_failed();
  EXPECT_FALSE(out.use);
  EXPECT_FALSE(out.discover);
  EXPECT_EQ(choice.on_needed().use, kHomeAgent);
}

TEST(HomeAgentDiscovery, AsksForSupportOfMobileRouters) {  // RFC 3963 §7.1, §7.2
  HomeAgentDiscovery machine;
  EXPECT_FALSE(machine.start(at(0_s), 6).send->mobile_router_support);
  EXPECT_TRUE(machine.start(at(0_s), 7, HomeAgentDiscovery::Wanted::ForMobileRouters).send->mobile_router_support);
  EXPECT_TRUE(machine.on_timeout(at(3_s)).send->mobile_router_support);
  const auto unsupported = machine.on_reply(at(4_s), {7, {kSecond}, false});
  EXPECT_TRUE(unsupported.no_mobile_router_support);
  EXPECT_TRUE(unsupported.found.empty());
  EXPECT_FALSE(machine.in_progress());
  machine.start(at(5_s), 8, HomeAgentDiscovery::Wanted::ForMobileRouters);
  EXPECT_EQ(machine.on_reply(at(6_s), {8, {kSecond}, true}).found, std::vector{kSecond});
}

TEST(HomeAgentChoice, DiscoversAgainInsteadOfTryingTheNext) {  // RFC 3963 §5.3
  HomeAgentChoice choice(kHomeAgent, Discovery::Allowed);
  EXPECT_TRUE(choice.on_unsuitable().discover);
  EXPECT_EQ(choice.on_found({kHomeAgent, kSecond}).use, kSecond);
  HomeAgentChoice fixed(kHomeAgent, Discovery::Forbidden);
  const auto out = fixed.on_unsuitable();
  EXPECT_FALSE(out.use || out.discover);
  EXPECT_EQ(fixed.start_over().use, kHomeAgent);
}

}  // namespace
}  // namespace kamesim
