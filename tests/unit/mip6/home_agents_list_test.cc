#include "protocols/mip6/home_agents_list.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "tests/unit/mip6/test_values.h"

namespace kamesim {
namespace {

const Ipv6Address kRouterA = "fe80::a"_ip6;
const Ipv6Address kRouterB = "fe80::b"_ip6;
const Ipv6Address kGlobalA = "2001:db8:1::a"_ip6;
const Ipv6Address kGlobalB = "2001:db8:1::b"_ip6;

HomeAgentAdvertisement advertisement(const Ipv6Address& router, const Ipv6Address& global, Duration lifetime = 1800_s) {
  return {.router = router, .home_agent = true, .router_lifetime = lifetime, .information = {},
          .addresses = {{global, 3600_s}}};
}

class Exchange {
 public:
  Exchange& at(Duration t) {
    now_ = kamesim::at(t);
    return *this;
  }
  Exchange& hears(const HomeAgentAdvertisement& a) {
    list_.on_router_advertisement(now_, a);
    return *this;
  }
  Exchange& lists(const std::vector<Ipv6Address>& routers) {
    std::vector<Ipv6Address> listed;
    for (const auto& [router, entry] : list_.entries(now_)) listed.push_back(router);
    EXPECT_EQ(listed, routers);
    return *this;
  }
  std::vector<Ipv6Address> reply(std::uint16_t own_preference = 0) {
    return list_.addresses_for_reply(now_, {own_preference, {kHomeAgent}}, random_);
  }
  HomeAgentsList& list() { return list_; }

 private:
  Time now_;
  HomeAgentsList list_;
  RandomStream random_{1, 2, "test"};
};

TEST(HomeAgentsList, HasRoutersWithTheHBitUntilTheirLifetimeEnds) {  // RFC 6275 §10.5.1
  Exchange x;
  x.at(0_s).hears(advertisement(kRouterA, kGlobalA, 100_s)).lists({kRouterA});
  x.at(99_s).lists({kRouterA});
  x.at(100_s).lists({});
}

TEST(HomeAgentsList, DeletesARouterWithoutTheHBitOrWithLifetimeZero) {  // RFC 6275 §10.5.1
  Exchange x;
  x.hears(advertisement(kRouterA, kGlobalA)).hears(advertisement(kRouterB, kGlobalB)).lists({kRouterA, kRouterB});
  HomeAgentAdvertisement plain = advertisement(kRouterA, kGlobalA);
  plain.home_agent = false;
  x.hears(plain).lists({kRouterB});
  x.hears(advertisement(kRouterB, kGlobalB, 0_s)).lists({});
}

TEST(HomeAgentsList, TakesTheHomeAgentLifetimeBeforeTheRouterLifetime) {  // RFC 6275 §7.4, §10.5.1
  Exchange x;
  HomeAgentAdvertisement a = advertisement(kRouterA, kGlobalA, 0_s);  // no default router, but a home agent
  a.information = HomeAgentInformation{.preference = 5, .lifetime = 50_s};
  x.hears(a).lists({kRouterA});
  EXPECT_EQ(x.list().entries(at(0_s)).at(kRouterA).preference, 5);
  x.at(50_s).lists({});
}

TEST(HomeAgentsList, ForgetsAnAddressWithItsPrefix) {  // RFC 6275 §10.1
  Exchange x;
  x.hears(advertisement(kRouterA, kGlobalA, 9000_s));
  x.at(3599_s).lists({kRouterA});
  EXPECT_EQ(x.reply().size(), 2u);
  x.at(3600_s).lists({kRouterA});
  EXPECT_EQ(x.reply(), std::vector{kHomeAgent});
}

TEST(HomeAgentsList, RepliesByDecreasingPreference) {  // RFC 6275 §10.5.1
  Exchange x;
  HomeAgentAdvertisement better = advertisement(kRouterA, kGlobalA);
  better.information = HomeAgentInformation{.preference = 20, .lifetime = 1800_s};
  x.hears(better).hears(advertisement(kRouterB, kGlobalB));
  for (int i = 0; i < 20; ++i) EXPECT_EQ(x.reply(10), (std::vector{kGlobalA, kHomeAgent, kGlobalB}));
}

TEST(HomeAgentsList, RandomizesTheOrderOfEquals) {  // RFC 6275 §10.5.1
  Exchange x;
  x.hears(advertisement(kRouterA, kGlobalA)).hears(advertisement(kRouterB, kGlobalB));
  std::set<std::vector<Ipv6Address>> orders;
  for (int i = 0; i < 200; ++i) orders.insert(x.reply());
  EXPECT_EQ(orders.size(), 6u);  // all of three home agents'
}

TEST(HomeAgentsList, RepliesWithNoMoreThanFitsTheMinimumMtu) {  // RFC 6275 §10.5.1
  Exchange x;
  for (std::uint64_t i = 1; i <= 100; ++i) {  // the list itself is bounded, too
    x.hears(advertisement(Ipv6Address::from_halves(0xfe80ull << 48, i),
                          Ipv6Address::from_halves(kHomeAgent.high(), 0x1000 + i)));
    HomeAgentAdvertisement second = advertisement(Ipv6Address::from_halves(0xfe80ull << 48, i),
                                                  Ipv6Address::from_halves(kHomeAgent.high(), 0x2000 + i));
    x.hears(second);
  }
  EXPECT_EQ(x.list().entries(at(0_s)).size(), HomeAgentsList::kMaxHomeAgents);
  EXPECT_EQ(x.reply().size(), 77u);  // 40 + 8 + 77 * 16 = 1280
}

TEST(HomeAgentsList, TellsThoseThatSupportMobileRouters) {  // RFC 3963 §7.2, §7.3
  HomeAgentsList list;
  RandomStream random(1, 2, "test");
  using enum HomeAgentsList::Wanted;
  HomeAgentAdvertisement supporting = advertisement(kRouterA, kGlobalA);
  supporting.information = HomeAgentInformation{.preference = 5, .lifetime = 50_s, .mobile_router_support = true};
  list.on_router_advertisement(at(0_s), supporting);
  list.on_router_advertisement(at(0_s), advertisement(kRouterB, kGlobalB));
  const HomeAgentsList::Own plain{0, {kHomeAgent}, false}, own{0, {kHomeAgent}, true};
  EXPECT_EQ(list.addresses_for_reply(at(1_s), plain, random, ForMobileRouters), std::vector{kGlobalA});
  EXPECT_EQ(list.addresses_for_reply(at(1_s), own, random, ForMobileRouters), (std::vector{kGlobalA, kHomeAgent}));
  EXPECT_EQ(list.addresses_for_reply(at(1_s), plain, random).size(), 3u);
  EXPECT_TRUE(list.addresses_for_reply(at(50_s), plain, random, ForMobileRouters).empty()) << "its lifetime is over";
}

}  // namespace
}  // namespace kamesim
