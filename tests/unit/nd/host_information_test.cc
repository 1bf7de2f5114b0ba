// What routers tell hosts beside routes (RFC 4861 §4.2, RFC 8106, RFC 8910, RFC 5175).
#include "protocols/ip6/nd_host_information.h"

#include <gtest/gtest.h>

namespace kamesim {
namespace {

constexpr Time at(Duration d) { return Time() + d; }
const Ipv6Address kS1 = "2001:db8::1"_ip6, kS2 = "2001:db8::2"_ip6, kS3 = "2001:db8::3"_ip6, kS4 = "2001:db8::4"_ip6;

class Information : public ::testing::Test {
 protected:
  template <typename... Options>
  void hear(Time now, const RouterAdvertisement& ra, const Options&... options) {
    std::vector<std::uint8_t> message;
    ByteWriter out(message);
    emit(out, ra);
    (emit(out, options), ...);
    const auto view = RouterAdvertisementView::check(message, {"fe80::1"_ip6, kAllNodesLinkLocal, 255});
    ASSERT_TRUE(view);
    told = HostInformation::is_told_by(*view);
    table.on_advertisement(now, *view);
  }
  std::vector<Ipv6Address> servers(Time now) const {
    std::vector<Ipv6Address> addresses;
    for (const auto& s : table.dns_servers(now)) addresses.push_back(s.address);
    return addresses;
  }
  std::vector<std::string> domains(Time now) const {
    std::vector<std::string> names;
    for (const auto& d : table.search_domains(now)) names.push_back(d.name);
    return names;
  }
  HostInformation table{3};
  bool told = false;
  using Servers = std::vector<Ipv6Address>;
};

TEST_F(Information, MAndOAreThoseOfTheLatestAdvertisement) {  // RFC 4861 §4.2
  hear(at(0_s), {.managed = true, .other_configuration = true});
  EXPECT_TRUE(told && table.managed && table.other_configuration);
  hear(at(1_s), {.router_lifetime = 1800_s});
  EXPECT_FALSE(told || table.managed || table.other_configuration);
}

TEST_F(Information, ServersKeepTheirOrderAndExpire) {  // RFC 8106 §5.1, §6.2
  hear(at(0_s), {}, RecursiveDnsServers{100_s, {kS1, kS2}});
  EXPECT_TRUE(told);
  EXPECT_EQ(servers(at(0_s)), (Servers{kS1, kS2}));
  hear(at(50_s), {}, RecursiveDnsServers{100_s, {kS1}});
  EXPECT_EQ(servers(at(100_s)), Servers{kS1});
  EXPECT_TRUE(servers(at(150_s)).empty());
}

TEST_F(Information, NewServersGoFirst) {  // RFC 8106 §6.2 d
  hear(at(0_s), {}, RecursiveDnsServers{100_s, {kS1}});
  hear(at(1_s), {}, RecursiveDnsServers{100_s, {kS2, kS3}});
  EXPECT_EQ(servers(at(1_s)), (Servers{kS2, kS3, kS1}));
}

TEST_F(Information, AZeroLifetimeEndsThem) {  // RFC 8106 §5.1: "MUST no longer be used"
  hear(at(0_s), {}, RecursiveDnsServers{kInfiniteLifetime, {kS1, kS2}}, DnsSearchList{100_s, {"lab.example"}});
  hear(at(1_s), {}, RecursiveDnsServers{0_s, {kS1}}, DnsSearchList{0_s, {"lab.example"}});
  EXPECT_EQ(servers(at(1000000_s)), Servers{kS2});
  EXPECT_TRUE(domains(at(1_s)).empty());
}

TEST_F(Information, TheOneThatExpiresFirstMakesRoom) {  // RFC 8106 §6.2 d; three entries here
  hear(at(0_s), {}, RecursiveDnsServers{300_s, {kS1}});
  hear(at(0_s), {}, RecursiveDnsServers{100_s, {kS2}});
  hear(at(0_s), {}, RecursiveDnsServers{200_s, {kS3}});
  hear(at(0_s), {}, RecursiveDnsServers{400_s, {kS4}});
  EXPECT_EQ(servers(at(0_s)), (Servers{kS4, kS3, kS1}));
  hear(at(0_s), {}, RecursiveDnsServers{500_s, {kS1, kS2, kS3, kS4, "2001:db8::5"_ip6, "2001:db8::6"_ip6}});
  EXPECT_LE(servers(at(0_s)).size(), 3u);
}

TEST_F(Information, AnOptionWithAnAddressThatIsNoServersIsIgnoredWhole) {  // RFC 8106 §5.3.1
  hear(at(0_s), {}, RecursiveDnsServers{100_s, {kS1, "ff02::fb"_ip6}});
  EXPECT_TRUE(servers(at(0_s)).empty());
  hear(at(0_s), {}, RecursiveDnsServers{100_s, {"fe80::53"_ip6}});  // link-local ones may be
  EXPECT_EQ(servers(at(0_s)), Servers{"fe80::53"_ip6});
}

TEST_F(Information, SearchDomains) {  // RFC 8106 §5.2
  hear(at(0_s), {}, DnsSearchList{100_s, {"a.example", "b.a.example"}});
  EXPECT_EQ(domains(at(0_s)), (std::vector<std::string>{"a.example", "b.a.example"}));
  EXPECT_TRUE(domains(at(100_s)).empty());
}

TEST_F(Information, CaptivePortalAndFlags) {  // RFC 8910 §2.3, RFC 5175 §4
  hear(at(0_s), {}, CaptivePortal{"https://portal.example/api"}, FlagsExpansion{5});
  EXPECT_EQ(table.captive_portal, "https://portal.example/api");
  EXPECT_EQ(table.flags_expansion, 5u);
  table.clear();
  EXPECT_TRUE(table.captive_portal.empty());
  EXPECT_EQ(table.flags_expansion, 0u);
}

}  // namespace
}  // namespace kamesim
