// What a router advertises, in bytes, and its comparison with what others do (RFC 4861 §6.2.3, §6.2.7; RFC 6275 §7).
#include <gtest/gtest.h>

#include "protocols/rtadvd/config.h"
#include "protocols/rtadvd/consistency.h"
#include "protocols/rtadvd/message.h"

namespace kamesim {
namespace {

using Config = RouterAdvertisementConfig;

const Ipv6Prefix kPrefix = "2001:db8:1::/64"_ip6net;
const MacAddress kMac({2, 0, 0, 0, 0, 1});
const Time kStart = Time::from_seconds(100);
const NdContext kContext{"fe80::1"_ip6, kAllNodesLinkLocal, 255};

std::vector<std::uint8_t> message(const Config& config, Time now = kStart, bool forwarding = true, bool final = false) {
  const auto prefixes = config.adv_prefix_list.value_or(std::vector<AdvertisedPrefix>{});
  const auto all = router_advertisements({config, prefixes, kMac, now, kStart, forwarding, final}, 1460);
  EXPECT_EQ(all.size(), 1u);
  return all.front();
}

TEST(AdvertisementMessage, CarriesWhatIsConfigured) {  // §6.2.3
  Config c{.adv_managed_flag = true,
           .adv_other_config_flag = true,
           .adv_link_mtu = 1400,
           .adv_reachable_time = 10_s,
           .adv_retrans_timer = 500_ms,
           .adv_cur_hop_limit = 17,
           .adv_preference = RouterPreference::High,
           .adv_prefix_list = std::vector{AdvertisedPrefix{.prefix = kPrefix}},
           .routes = {{.prefix = "2001:db8:f::/48"_ip6net}},
           .dns_servers = {{1200_s, {"2001:db8::53"_ip6}}}};
  const auto bytes = message(c);
  const auto view = RouterAdvertisementView::check(bytes, kContext);
  ASSERT_TRUE(view);
  const RouterAdvertisement ra = view->value();
  EXPECT_EQ(ra.cur_hop_limit, 17);
  EXPECT_TRUE(ra.managed && ra.other_configuration && !ra.home_agent);
  EXPECT_EQ(ra.router_lifetime, 1800_s);
  EXPECT_EQ(ra.reachable_time, 10_s);
  EXPECT_EQ(ra.retrans_timer, 500_ms);
  EXPECT_EQ(ra.preference, RouterPreference::High);
  EXPECT_EQ(view->options().find<SourceLinkLayerAddress>()->address, kMac);
  EXPECT_EQ(view->options().find<Mtu>()->mtu, 1400u);
  const auto prefix = view->options().find<PrefixInformation>();
  ASSERT_TRUE(prefix);
  EXPECT_EQ(prefix->prefix(), kPrefix);
  EXPECT_TRUE(prefix->on_link && prefix->autonomous && !prefix->router_address);
  EXPECT_EQ(prefix->valid_lifetime, 2592000_s);
  EXPECT_EQ(prefix->preferred_lifetime, 604800_s);
  EXPECT_EQ(view->options().find<RouteInformation>()->lifetime, 1800_s);
  EXPECT_EQ(view->options().find<RecursiveDnsServersView>()->address(0), "2001:db8::53"_ip6);
  EXPECT_FALSE(view->options().contains(NdOptionType::AdvertisementInterval));
}

TEST(AdvertisementMessage, OfAHomeAgent) {  // RFC 6275 §7.1 to §7.5
  const Config c{.max_rtr_adv_interval = 70_ms,
                 .min_rtr_adv_interval = 30_ms,
                 .adv_prefix_list = std::vector{AdvertisedPrefix{.prefix = kPrefix,
                                                                 .router_address = "2001:db8:1::1"_ip6}},
                 .advertisement_interval = true,
                 .home_agent = true,
                 .home_agent_information = HomeAgentInformation{5, 300_s}};
  const auto bytes = message(c);
  const auto view = RouterAdvertisementView::check(bytes, kContext);
  EXPECT_TRUE(view->value().home_agent);
  EXPECT_EQ(view->options().find<AdvertisementInterval>()->interval, 90_ms);  // §7.5: 20 ms more below 200 ms
  EXPECT_EQ(view->options().find<HomeAgentInformation>()->preference, 5);
  const auto prefix = view->options().find<PrefixInformation>();
  EXPECT_TRUE(prefix->router_address);
  EXPECT_EQ(prefix->address, "2001:db8:1::1"_ip6);
}

TEST(AdvertisementMessage, SaysGoodbyeWithZeroLifetimes) {  // §6.2.5, RFC 4191 §4
  const Config c{.adv_preference = RouterPreference::High, .routes = {{.prefix = kPrefix}}};
  const auto final_bytes = message(c, kStart, true, true);
  const auto last = RouterAdvertisementView::check(final_bytes, kContext);
  EXPECT_EQ(last->value().router_lifetime, 0_s);
  EXPECT_EQ(last->options().find<RouteInformation>()->lifetime, 0_s);
  // Nor is a node that does not forward a default router.
  const auto host_bytes = message(c, kStart, false);
  EXPECT_EQ(RouterAdvertisementView::check(host_bytes, kContext)->value().router_lifetime, 0_s);
}

TEST(AdvertisementMessage, CountsLifetimesDownToZero) {  // §6.2.1
  const Config c{.adv_prefix_list = std::vector{AdvertisedPrefix{.prefix = kPrefix, .adv_valid_lifetime = 100_s,
                                                                 .adv_preferred_lifetime = 50_s,
                                                                 .lifetimes_decrement = true}}};
  for (const auto& [after, valid, preferred] : {std::tuple{0_s, 100_s, 50_s}, {60_s, 40_s, 0_s}, {200_s, 0_s, 0_s}}) {
    const auto bytes = message(c, kStart + after);
    const auto prefix = RouterAdvertisementView::check(bytes, kContext)->options().find<PrefixInformation>();
    EXPECT_EQ(prefix->valid_lifetime, valid);
    EXPECT_EQ(prefix->preferred_lifetime, preferred);
  }
}

TEST(AdvertisementMessage, IsSplitWhenTheOptionsDoNotFit) {  // §6.2.3
  std::vector<AdvertisedPrefix> prefixes;
  for (std::uint64_t i = 0; i < 100; ++i) {
    prefixes.push_back({.prefix = Ipv6Prefix(Ipv6Address::from_halves(i << 32, 0), 64)});
  }
  const Config c{.home_agent = true, .home_agent_information = HomeAgentInformation{1, 10_s}};
  const auto all = router_advertisements({c, prefixes, kMac, kStart, kStart}, 1240);
  EXPECT_EQ(all.size(), 3u);
  std::size_t found = 0;
  for (const auto& bytes : all) {
    EXPECT_LE(bytes.size(), 1240u);
    const auto view = RouterAdvertisementView::check(bytes, kContext);
    ASSERT_TRUE(view);
    EXPECT_TRUE(view->options().contains(NdOptionType::HomeAgentInformation));  // RFC 6275 §7.4
    for (const NdOption o : view->options()) found += o.type == NdOptionType::PrefixInformation ? 1 : 0;
  }
  EXPECT_EQ(found, 100u);
}

TEST(AdvertisementConsistency, NamesWhatContradicts) {  // §6.2.7
  const Config ours{.adv_link_mtu = 1400, .adv_reachable_time = 10_s,
                    .adv_prefix_list = std::vector{AdvertisedPrefix{.prefix = kPrefix}}};
  auto found = [&](const Config& theirs, Time now = kStart) {
    const auto bytes = message(theirs, now);
    return inconsistencies(ours, *ours.adv_prefix_list, now, kStart, *RouterAdvertisementView::check(bytes, kContext));
  };
  using Names = std::vector<std::string>;
  EXPECT_EQ(found(ours), Names{});
  Config unspecified = ours;
  unspecified.adv_link_mtu = 0;
  unspecified.adv_reachable_time = 0_s;
  unspecified.adv_cur_hop_limit = 0;
  unspecified.adv_prefix_list = std::vector{AdvertisedPrefix{.prefix = "2001:db8:9::/64"_ip6net}};
  EXPECT_EQ(found(unspecified), Names{});
  Config other = ours;
  other.adv_link_mtu = 1300;
  other.adv_reachable_time = 11_s;
  other.adv_cur_hop_limit = 32;
  other.adv_managed_flag = true;
  (*other.adv_prefix_list)[0].adv_valid_lifetime = 700000_s;
  EXPECT_EQ(found(other), (Names{"AdvCurHopLimit", "AdvManagedFlag", "AdvReachableTime", "AdvLinkMTU",
                                 "AdvValidLifetime"}));
}

}  // namespace
}  // namespace kamesim
