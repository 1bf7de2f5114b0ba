// Which advertisements are taken back, and how (KAME's rafixd, RFC 6104 §3.10).
#include "protocols/rafixd/rogue_routers.h"

#include <gtest/gtest.h>

namespace kamesim {
namespace {

const Ipv6Address kOurs = "fe80::1"_ip6, kRogue = "fe80::bad"_ip6;
const Ipv6Prefix kSite = "2001:db8::/32"_ip6net, kGood = "2001:db8:1::/64"_ip6net, kBad = "2002:c000:204:1::/64"_ip6net;
constexpr Time at(Duration d) { return Time() + d; }

PrefixInformation option(const Ipv6Prefix& prefix, Duration valid = 7200_s) {
  return {.address = prefix.address(), .prefix_length = static_cast<std::uint8_t>(prefix.length()), .on_link = true,
          .autonomous = true, .valid_lifetime = valid, .preferred_lifetime = valid};
}

class Rogues : public ::testing::Test {
 protected:
  template <typename... Options>
  RogueRouters::Verdict hear(Time now, const Ipv6Address& source, const RouterAdvertisement& ra,
                             const Options&... options) {
    message.clear();
    ByteWriter out(message);
    emit(out, ra);
    (emit(out, options), ...);
    return machine.on_advertisement(now, source, *check(source, message));
  }
  static Parsed<RouterAdvertisementView> check(const Ipv6Address& source, Bytes bytes) {
    return RouterAdvertisementView::check(bytes, {source, kAllNodesLinkLocal, 255});
  }
  static std::vector<PrefixInformation> prefixes(const RouterAdvertisementView& view) {
    std::vector<PrefixInformation> found;
    for (const NdOption o : view.options()) {
      if (const auto p = PrefixInformation::parse(o)) found.push_back(*p);
    }
    return found;
  }
  const RouterAdvertisement router{.cur_hop_limit = 64, .preference = RouterPreference::High,
                                   .router_lifetime = 1800_s};
  RogueRouters machine{{.routers = {{kOurs}}, .prefixes = {{kSite}}}};
  std::vector<std::uint8_t> message;
};

TEST_F(Rogues, AllowedRoutersWithAllowedPrefixesAreLeftAlone) {
  const auto verdict = hear(at(0_s), kOurs, router, option(kGood));
  EXPECT_FALSE(verdict.rogue());
  EXPECT_TRUE(verdict.answer.empty());
}

TEST_F(Rogues, ARogueRouterIsTakenBackWithAllThatItSaid) {
  const auto verdict = hear(at(0_s), kRogue, router, option(kGood), option(kBad),
                            RouteInformation{kSite, RouterPreference::High, 600_s},
                            RecursiveDnsServers{600_s, {"2001:db8::53"_ip6}}, DnsSearchList{600_s, {"bad.example"}});
  EXPECT_TRUE(verdict.rogue_router);
  const auto answer = check(kRogue, verdict.answer);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->value().router_lifetime, Duration());
  EXPECT_EQ(answer->value().preference, RouterPreference::Medium);
  EXPECT_EQ(answer->value().cur_hop_limit, 64);
  ASSERT_EQ(prefixes(*answer).size(), 2u);
  for (const auto& p : prefixes(*answer)) EXPECT_EQ(p.valid_lifetime + p.preferred_lifetime, Duration());
  EXPECT_EQ(answer->options().find<RouteInformation>()->lifetime, Duration());
  EXPECT_EQ(answer->options().find<RecursiveDnsServersView>()->lifetime(), Duration());
  EXPECT_EQ(answer->options().find<DnsSearchListView>()->lifetime(), Duration());
  EXPECT_FALSE(answer->options().find<SourceLinkLayerAddress>());
}

TEST_F(Rogues, OfAnAllowedRouterOnlyTheRoguePrefixGoes) {
  const auto verdict = hear(at(0_s), kOurs, router, option(kGood), option(kBad));
  EXPECT_FALSE(verdict.rogue_router);
  EXPECT_EQ(verdict.rogue_prefixes, std::vector<Ipv6Prefix>{kBad});
  const auto answer = check(kOurs, verdict.answer);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->value().router_lifetime, 1800_s);
  EXPECT_EQ(answer->value().preference, RouterPreference::High);
  ASSERT_EQ(prefixes(*answer).size(), 1u);
  EXPECT_EQ(prefixes(*answer)[0].prefix(), kBad);
}

TEST_F(Rogues, AShorterPrefixThanTheAllowedIsRogue) {
  EXPECT_EQ(hear(at(0_s), kOurs, router, option("2001::/16"_ip6net)).rogue_prefixes.size(), 1u);
}

TEST_F(Rogues, WhatIsTakenBackAlreadyIsNotAnswered) {  // so that two guards do not answer each other
  const auto verdict = hear(at(0_s), kRogue, {}, option(kBad, 0_s));
  EXPECT_TRUE(verdict.rogue());
  EXPECT_TRUE(verdict.answer.empty());
}

TEST_F(Rogues, AnswersToOneRouterAreASecondApart) {
  EXPECT_FALSE(hear(at(0_s), kRogue, router).answer.empty());
  EXPECT_TRUE(hear(at(999_ms), kRogue, router).answer.empty());
  EXPECT_FALSE(hear(at(999_ms), "fe80::bad2"_ip6, router).answer.empty());
  EXPECT_FALSE(hear(at(1_s), kRogue, router).answer.empty());
}

TEST_F(Rogues, WithoutCancelTheyAreOnlyToldOf) {
  machine.set_policy({.routers = {{kOurs}}, .prefixes = {}, .cancel = false});
  const auto verdict = hear(at(0_s), kRogue, router);
  EXPECT_TRUE(verdict.rogue());
  EXPECT_TRUE(verdict.answer.empty());
}

TEST_F(Rogues, AnEmptyPolicyAllowsAll) {
  machine.set_policy({});
  EXPECT_FALSE(hear(at(0_s), kRogue, router, option(kBad)).rogue());
}

}  // namespace
}  // namespace kamesim
