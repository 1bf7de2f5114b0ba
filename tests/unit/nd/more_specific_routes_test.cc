// The routes of Route Information options (RFC 4191 §3).
#include "protocols/ip6/nd_more_specific_routes.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace kamesim {
namespace {

using Change = MoreSpecificRoutes::Change;

const Ipv6Prefix kNet = "2001:db8:a::/48"_ip6net, kSubnet = "2001:db8:a:1::/64"_ip6net;
const Ipv6Address kR1 = "fe80::1"_ip6, kR2 = "fe80::2"_ip6;
constexpr Time at(Duration d) { return Time() + d; }

RouteInformation route(const Ipv6Prefix& prefix, RouterPreference preference = RouterPreference::Medium,
                       Duration lifetime = 600_s) {
  return {prefix, preference, lifetime};
}

TEST(MoreSpecificRoutes, ComeAndGoWithTheirLifetime) {  // §3.1, §2.3
  MoreSpecificRoutes table(8);
  EXPECT_EQ(table.on_option(at(0_s), kR1, route(kNet)), Change::Changed);
  EXPECT_EQ(table.on_option(at(100_s), kR1, route(kNet)), Change::None);  // renewed
  EXPECT_EQ(table.next_timeout(), at(700_s));
  EXPECT_FALSE(table.expire(at(700_s) - 1_ns));
  EXPECT_TRUE(table.expire(at(700_s)));
  EXPECT_TRUE(table.routes().empty());
  EXPECT_EQ(table.next_timeout(), std::nullopt);
}

TEST(MoreSpecificRoutes, AZeroLifetimeTakesTheRouteOfThatRouterAway) {
  MoreSpecificRoutes table(8);
  table.on_option(at(0_s), kR1, route(kNet));
  table.on_option(at(0_s), kR2, route(kNet));
  EXPECT_EQ(table.on_option(at(1_s), kR1, route(kNet, RouterPreference::Medium, 0_s)), Change::Changed);
  EXPECT_EQ(table.on_option(at(1_s), kR1, route(kNet, RouterPreference::Medium, 0_s)), Change::None);
  ASSERT_EQ(table.best().size(), 1u);
  EXPECT_EQ(table.best()[0].router, kR2);
}

TEST(MoreSpecificRoutes, AnInfiniteLifetimeHasNoTimeout) {
  MoreSpecificRoutes table(8);
  table.on_option(at(5_s), kR1, route(kNet, RouterPreference::Low, kInfiniteLifetime));
  EXPECT_EQ(table.next_timeout(), std::nullopt);
  EXPECT_FALSE(table.expire(at(1000000_s)));
}

TEST(MoreSpecificRoutes, ThePreferenceDecidesBetweenRoutersOfAPrefix) {  // §3.2
  MoreSpecificRoutes table(8);
  table.on_option(at(0_s), kR1, route(kNet));
  table.on_option(at(0_s), kR2, route(kNet, RouterPreference::High));
  table.on_option(at(0_s), kR1, route(kSubnet, RouterPreference::Low));
  const auto best = table.best();
  ASSERT_EQ(best.size(), 2u);
  EXPECT_EQ(best[0].router, kR2);
  EXPECT_EQ(best[1].router, kR1);  // another prefix: its preference does not compete
  table.on_option(at(1_s), kR1, route(kNet, RouterPreference::High));
  EXPECT_EQ(table.best()[0].router, kR1);  // of equals the one that was heard of first
}

TEST(MoreSpecificRoutes, RoutersThatDoNotAnswerAreNotUsed) {  // §3.2: "reachable [...] or unknown"
  MoreSpecificRoutes table(8);
  table.on_option(at(0_s), kR1, route(kNet, RouterPreference::High));
  table.on_option(at(0_s), kR2, route(kNet, RouterPreference::Low));
  EXPECT_TRUE(table.set_suspect(kR1, true));
  EXPECT_FALSE(table.set_suspect(kR1, true));
  EXPECT_EQ(table.best()[0].router, kR2);
  EXPECT_TRUE(table.set_suspect(kR2, true));
  EXPECT_TRUE(table.best().empty());
  EXPECT_EQ(table.on_option(at(9_s), kR1, route(kNet, RouterPreference::High)), Change::Changed);  // heard again
  EXPECT_EQ(table.best()[0].router, kR1);
}

TEST(MoreSpecificRoutes, AreBoundedAndOnlySuspectOnesMakeRoom) {
  MoreSpecificRoutes table(2);
  table.on_option(at(0_s), kR1, route(kNet));
  table.on_option(at(0_s), kR2, route(kSubnet));
  EXPECT_EQ(table.on_option(at(0_s), kR1, route("2001:db8:b::/48"_ip6net)), Change::Refused);
  table.set_suspect(kR2, true);
  EXPECT_EQ(table.on_option(at(0_s), kR1, route("2001:db8:b::/48"_ip6net)), Change::Changed);
  EXPECT_EQ(table.routes().size(), 2u);
  EXPECT_TRUE(std::ranges::none_of(table.routes(), [](const auto& r) { return r.router == kR2; }));
  table.remove_router(kR1);
  EXPECT_TRUE(table.routes().empty());
}

}  // namespace
}  // namespace kamesim
