#include "protocols/rtadvd/config.h"

#include <gtest/gtest.h>

#include <functional>

#include "sim/simulation.h"

namespace kamesim {
namespace {

using Config = RouterAdvertisementConfig;

constexpr std::uint32_t kLinkMtu = 1500;

// The text of the error, or "" for a valid configuration.
std::string complaint(const Config& config) {
  try {
    config.validate("r1:eth0", kLinkMtu);
  } catch (const SimulationError& error) {
    return error.what();
  }
  return {};
}

Config with(const std::function<void(Config&)>& change) {
  Config config;
  change(config);
  return config;
}

AdvertisedPrefix prefix() { return {.prefix = "2001:db8:1::/64"_ip6net}; }

Config with_prefix(const std::function<void(AdvertisedPrefix&)>& change) {
  AdvertisedPrefix p = prefix();
  change(p);
  return with([&](Config& c) { c.adv_prefix_list = std::vector{p}; });
}

TEST(RouterAdvertisementConfig, HasTheDefaultsOfRfc4861) {  // §6.2.1
  const Config c;
  EXPECT_EQ(complaint(c), "");
  EXPECT_EQ(c.max_rtr_adv_interval, 600_s);
  EXPECT_EQ(c.min_interval(), 198_s);
  EXPECT_EQ(c.min_delay(), 3_s);
  EXPECT_EQ(c.default_lifetime(), 1800_s);
  EXPECT_EQ(c.adv_cur_hop_limit, 64);
  EXPECT_EQ(prefix().adv_valid_lifetime, 2592000_s);
  EXPECT_EQ(prefix().adv_preferred_lifetime, 604800_s);
}

TEST(RouterAdvertisementConfig, DerivesTheOtherIntervalsFromMaxRtrAdvInterval) {
  struct {
    Duration max, min, delay, lifetime;
  } cases[] = {
      {1800_s, 594_s, 3_s, 5400_s},
      {9_s, 2970_ms, 2970_ms, 27_s},
      {8_s, 6_s, 3_s, 24_s},                // RFC 4861 Errata ID 3154
      {2_s, 1500_ms, 1500_ms, 6_s},         // RFC 6275 §13: MinDelayBetweenRAs follows MinRtrAdvInterval below 3 s
      {500_ms, 375_ms, 375_ms, 1_s},        // 1.5 s, in whole seconds
      {70_ms, 52'500_us, 52'500_us, 1_s},   // RFC 6275 §7.5: at least one second
  };
  for (const auto& expected : cases) {
    const Config c = with([&](Config& config) { config.max_rtr_adv_interval = expected.max; });
    EXPECT_EQ(complaint(c), "");
    EXPECT_EQ(c.min_interval(), expected.min) << expected.max.to_seconds();
    EXPECT_EQ(c.min_delay(), expected.delay) << expected.max.to_seconds();
    EXPECT_EQ(c.default_lifetime(), expected.lifetime) << expected.max.to_seconds();
  }
}

TEST(RouterAdvertisementConfig, AcceptsTheBounds) {
  const Config cases[] = {
      with([](Config& c) { c.max_rtr_adv_interval = 70_ms, c.min_rtr_adv_interval = 30_ms; }),  // RFC 6275 §7.5
      with([](Config& c) { c.max_rtr_adv_interval = 1800_s, c.min_rtr_adv_interval = 1350_s; }),
      with([](Config& c) { c.min_delay_between_ras = 30_ms; }),                                 // RFC 6275 §13
      with([](Config& c) { c.adv_default_lifetime = 0_s; }),
      with([](Config& c) { c.adv_default_lifetime = 600_s; }),
      with([](Config& c) { c.adv_default_lifetime = 9000_s; }),
      with([](Config& c) { c.adv_reachable_time = 3600_s; }),
      with([](Config& c) { c.adv_link_mtu = 1280; }),
      with([](Config& c) { c.adv_link_mtu = kLinkMtu; }),
      with([](Config& c) { c.home_agent = true, c.home_agent_information = {.preference = 9, .lifetime = 65535_s}; }),
      with([](Config& c) { c.routes = {{.prefix = "2001:db8:9::/48"_ip6net, .lifetime = kInfiniteLifetime}}; }),
      with([](Config& c) { c.dns_servers = {{kInfiniteLifetime, std::vector(127, "2001:db8::53"_ip6)}}; }),
      with_prefix([](AdvertisedPrefix& p) { p.adv_valid_lifetime = p.adv_preferred_lifetime = kInfiniteLifetime; }),
      with_prefix([](AdvertisedPrefix& p) { p.adv_valid_lifetime = p.adv_preferred_lifetime = 0_s; }),
      with_prefix([](AdvertisedPrefix& p) { p.router_address = "2001:db8:1::1"_ip6; }),
  };
  for (const Config& c : cases) EXPECT_EQ(complaint(c), "");
}

TEST(RouterAdvertisementConfig, NamesInterfaceVariableValueAndRange) {
  const std::string of = "router advertisements on r1:eth0: ";
  const std::string of_prefix = of + "AdvPrefixList, 2001:db8:1::/64: ";
  struct {
    Config config;
    std::string text;
  } cases[] = {
      {with([](Config& c) { c.max_rtr_adv_interval = 50_ms; }),
       of + "MaxRtrAdvInterval is 0.05 s, but must be between 0.07 s and 1800 s"},
      {with([](Config& c) { c.max_rtr_adv_interval = 1801_s; }),
       of + "MaxRtrAdvInterval is 1801 s, but must be between 0.07 s and 1800 s"},
      {with([](Config& c) { c.min_rtr_adv_interval = 20_ms; }),
       of + "MinRtrAdvInterval is 0.02 s, but must be between 0.03 s and 450 s"},
      {with([](Config& c) { c.min_rtr_adv_interval = 451_s; }),
       of + "MinRtrAdvInterval is 451 s, but must be between 0.03 s and 450 s"},
      {with([](Config& c) { c.min_delay_between_ras = 20_ms; }),
       of + "MinDelayBetweenRAs is 0.02 s, but must be between 0.03 s and 1800 s"},
      {with([](Config& c) { c.adv_default_lifetime = 599_s; }),
       of + "AdvDefaultLifetime is 599 s, but must be between 600 s and 9000 s"},
      {with([](Config& c) { c.adv_default_lifetime = 9001_s; }),
       of + "AdvDefaultLifetime is 9001 s, but must be between 600 s and 9000 s"},
      {with([](Config& c) { c.adv_reachable_time = 3601_s; }),
       of + "AdvReachableTime is 3601 s, but must be between 0 s and 3600 s"},
      {with([](Config& c) { c.adv_link_mtu = 1279; }),
       of + "AdvLinkMTU is 1279, but must be between 1280 and 1500"},
      {with([](Config& c) { c.adv_link_mtu = 9000; }),
       of + "AdvLinkMTU is 9000, but must be between 1280 and 1500"},
      {with([](Config& c) { c.routes.resize(18); }),
       of + "the number of routes is 18, but must be at most 17 (RFC 4191 §4)"},
      {with([](Config& c) { c.routes = {{.prefix = "2001:db8:9::/48"_ip6net, .lifetime = 0_s - 1_s}}; }),
       of + "Route Lifetime of 2001:db8:9::/48 is -1 s, but must be between 0 s and 4294967294 s"},
      {with([](Config& c) { c.dns_servers = {{.lifetime = 1800_s, .addresses = {}}}; }),
       of + "the number of DNS servers of an option is 0, but must be between 1 and 127"},
      {with([](Config& c) { c.dns_servers = {{1800_s, std::vector(128, "2001:db8::53"_ip6)}}; }),
       of + "the number of DNS servers of an option is 128, but must be between 1 and 127"},
      {with([](Config& c) { c.dns_servers = {{0_s - 1_s, {"2001:db8::53"_ip6}}}; }),
       of + "the lifetime of DNS servers is -1 s, but must be between 0 s and 4294967294 s"},
      {with([](Config& c) { c.home_agent = true, c.source_link_layer_address = false; }),
       of + "the Source Link-Layer Address option is off, but must be on, for a home agent (RFC 6275 §7.5)"},
      {with([](Config& c) { c.home_agent_information = {.preference = 0, .lifetime = 1800_s}; }),
       of + "the Home Agent Information option is on, but must be off unless the H bit is set"},
      {with([](Config& c) { c.home_agent = true, c.home_agent_information = {.preference = 0, .lifetime = 0_s}; }),
       of + "Home Agent Lifetime is 0 s, but must be between 1 s and 65535 s"},
      {with_prefix([](AdvertisedPrefix& p) { p.adv_preferred_lifetime = 2592001_s; }),
       of_prefix + "AdvPreferredLifetime is 2592001 s, but must be between 0 s and AdvValidLifetime, 2592000 s"},
      {with_prefix([](AdvertisedPrefix& p) { p.router_address = "2001:db8:2::1"_ip6; }),
       of_prefix + "the router address is 2001:db8:2::1, but must be in the prefix"},
      {with_prefix([](AdvertisedPrefix& p) { p.prefix = "fe80::/64"_ip6net; }),
       of + "AdvPrefixList, fe80::/64: the prefix is link-local, but must be of another scope"},
      {with_prefix([](AdvertisedPrefix& p) { p.prefix = "ff02::/64"_ip6net; }),
       of + "AdvPrefixList, ff02::/64: the prefix is multicast, but must be unicast"},
  };
  for (const auto& c : cases) EXPECT_EQ(complaint(c.config), c.text);
}

}  // namespace
}  // namespace kamesim
