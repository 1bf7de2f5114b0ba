#include "protocols/wire/ipv6_address.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <unordered_set>

namespace kamesim {
namespace {

std::string canonical(std::string_view text) {
  const auto address = Ipv6Address::parse(text);
  return address ? address->to_string() : "malformed";
}

TEST(Ipv6Address, ReadsTheTextFormsOfRfc4291) {  // RFC 4291 §2.2, its own examples
  struct {
    std::string_view text;
    std::string_view canonical;
  } cases[] = {
      {"ABCD:EF01:2345:6789:ABCD:EF01:2345:6789", "abcd:ef01:2345:6789:abcd:ef01:2345:6789"},
      {"2001:DB8:0:0:8:800:200C:417A", "2001:db8::8:800:200c:417a"},
      {"FF01:0:0:0:0:0:0:101", "ff01::101"},
      {"FF01::101", "ff01::101"},
      {"0:0:0:0:0:0:0:1", "::1"},
      {"::1", "::1"},
      {"0:0:0:0:0:0:0:0", "::"},
      {"::", "::"},
      {"0:0:0:0:0:0:13.1.68.3", "::d01:4403"},
      {"::13.1.68.3", "::d01:4403"},
      {"0:0:0:0:0:FFFF:129.144.52.38", "::ffff:129.144.52.38"},
      {"::FFFF:129.144.52.38", "::ffff:129.144.52.38"},
  };
  for (auto c : cases) EXPECT_EQ(canonical(c.text), c.canonical) << c.text;
}

TEST(Ipv6Address, PrintsTheFormOfRfc5952) {  // the examples of RFC 5952 §1 to §5
  struct {
    std::string_view text;
    std::string_view canonical;
  } cases[] = {
      {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},        // §1
      {"2001:0db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},       // §1
      {"2001:db8::1:0:0:1", "2001:db8::1:0:0:1"},           // §1
      {"2001:db8::0:1:0:0:1", "2001:db8::1:0:0:1"},         // §1
      {"2001:0db8::1:0:0:1", "2001:db8::1:0:0:1"},          // §1
      {"2001:db8:0:0:1::1", "2001:db8::1:0:0:1"},           // §1
      {"2001:db8:0000:0:1::1", "2001:db8::1:0:0:1"},        // §1
      {"2001:DB8:0:0:1::1", "2001:db8::1:0:0:1"},           // §1
      {"2001:db8:aaaa:bbbb:cccc:dddd:eeee:0001", "2001:db8:aaaa:bbbb:cccc:dddd:eeee:1"},    // §2.1
      {"2001:db8:aaaa:bbbb:cccc:dddd:eeee:001", "2001:db8:aaaa:bbbb:cccc:dddd:eeee:1"},     // §2.1
      {"2001:db8:aaaa:bbbb:cccc:dddd:eeee:01", "2001:db8:aaaa:bbbb:cccc:dddd:eeee:1"},      // §2.1
      {"2001:db8:aaaa:bbbb:cccc:dddd::1", "2001:db8:aaaa:bbbb:cccc:dddd:0:1"},              // §2.2, §4.2.2
      {"2001:db8:0:0:0::1", "2001:db8::1"},                 // §2.2
      {"2001:db8:0:0::1", "2001:db8::1"},                   // §2.2
      {"2001:db8:0::1", "2001:db8::1"},                     // §2.2
      {"2001:db8::1", "2001:db8::1"},                       // §2.2
      {"2001:db8::aaaa:0:0:1", "2001:db8::aaaa:0:0:1"},     // §2.2
      {"2001:db8:0:0:aaaa::1", "2001:db8::aaaa:0:0:1"},     // §2.2
      {"2001:db8:aaaa:bbbb:cccc:dddd:eeee:AAAA", "2001:db8:aaaa:bbbb:cccc:dddd:eeee:aaaa"},  // §2.3
      {"2001:db8:aaaa:bbbb:cccc:dddd:eeee:AaAa", "2001:db8:aaaa:bbbb:cccc:dddd:eeee:aaaa"},  // §2.3
      {"2001:0db8::0001", "2001:db8::1"},                   // §4.1
      {"2001:db8:0:0:0:0:2:1", "2001:db8::2:1"},            // §4.2.1
      {"2001:db8::0:1", "2001:db8::1"},                     // §4.2.1
      {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},     // §4.2.2: one group is not shortened
      {"2001:db8::1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},      // §4.2.2
      {"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},              // §4.2.3: the longest run
      {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},        // §4.2.3: the first of equal runs
      {"::ffff:192.0.2.1", "::ffff:192.0.2.1"},             // §5
      {"0:0:0:0:0:ffff:192.0.2.1", "::ffff:192.0.2.1"},     // §5
      {"1:0:0:0:0:0:0:0", "1::"},
      {"0:0:1:0:0:0:0:0", "0:0:1::"},
  };
  for (auto c : cases) EXPECT_EQ(canonical(c.text), c.canonical) << c.text;
}

TEST(Ipv6Address, RefusesMalformedText) {
  for (std::string_view text :
       {"", ":", ":::", "1", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8::", "::1:2:3:4:5:6:7:8",
        "1:2:3:4::5:6:7:8", "1::2::3", ":1::2", "1::2:", "1:2:3:4:5:6:7:", ":2:3:4:5:6:7:8", "12345::", "::g", "::+1",
        "::-1", "::0x1", " ::1", "::1 ", "fe80::1%eth0", "::1/64", "::1.2.3", "::1.2.3.4.5", "::256.2.3.4",
        "::01.2.3.4", "::1..3.4", "::.1.2.3", "1.2.3.4", "1.2.3.4::", "::1.2.3.4:5", "1:2:3:4:5:6:7:1.2.3.4",
        "1:2:3:4:5:6:1.2.3.4:8", "::1.2.3.4a", "::1.2.3.+4"}) {
    EXPECT_EQ(canonical(text), "malformed") << text;
  }
}

TEST(Ipv6Address, ReadsBackWhatItPrints) {
  std::uint64_t x = 1;
  for (int i = 0; i < 20000; ++i) {
    std::array<std::uint16_t, 8> groups;
    for (auto& g : groups) {
      x = x * 6364136223846793005u + 1442695040888963407u;
      g = (x >> 62) == 0 ? static_cast<std::uint16_t>(x >> 40) : 0;  // three groups of four are zero
    }
    const Ipv6Address a = Ipv6Address::from_groups(groups);
    ASSERT_EQ(Ipv6Address::parse(a.to_string()), a) << a;
  }
}

TEST(Ipv6Address, ClassifiesAddresses) {
  EXPECT_TRUE("::"_ip6.is_unspecified());
  EXPECT_FALSE("::1"_ip6.is_unspecified());
  EXPECT_TRUE("::1"_ip6.is_loopback());
  EXPECT_FALSE("::2"_ip6.is_loopback());
  EXPECT_TRUE("ff02::1"_ip6.is_multicast());
  EXPECT_FALSE("fe80::1"_ip6.is_multicast());
  EXPECT_TRUE("fe80::1"_ip6.is_link_local());
  EXPECT_TRUE("febf::1"_ip6.is_link_local());
  EXPECT_FALSE("fec0::1"_ip6.is_link_local());
  EXPECT_TRUE("fec0::1"_ip6.is_site_local());
  EXPECT_TRUE("feff::1"_ip6.is_site_local());
  EXPECT_TRUE("fc00::1"_ip6.is_unique_local());
  EXPECT_TRUE("fdff::1"_ip6.is_unique_local());
  EXPECT_FALSE("fe00::1"_ip6.is_unique_local());
  EXPECT_TRUE("::ffff:1.2.3.4"_ip6.is_v4_mapped());
  EXPECT_FALSE("::fffe:1.2.3.4"_ip6.is_v4_mapped());
  EXPECT_TRUE("::1.2.3.4"_ip6.is_v4_compatible());
  EXPECT_FALSE("::"_ip6.is_v4_compatible());
  EXPECT_FALSE("::1"_ip6.is_v4_compatible());
  EXPECT_TRUE("2002:c000:201::1"_ip6.is_6to4());
  EXPECT_FALSE("2001:db8::1"_ip6.is_6to4());
}

TEST(Ipv6Address, HasTheScopeOfRfc4291AndRfc6724) {
  struct {
    std::string_view text;
    Scope scope;
  } cases[] = {
      {"ff01::1", Scope::InterfaceLocal},
      {"ff02::1", Scope::LinkLocal},
      {"ff12::1", Scope::LinkLocal},  // transient: the flags are no part of the scope
      {"ff03::1", Scope::RealmLocal},
      {"ff04::1", Scope::AdminLocal},
      {"ff05::2", Scope::SiteLocal},
      {"ff08::1", Scope::OrganizationLocal},
      {"ff0e::1", Scope::Global},
      {"ff3e:40:2001:db8::1", Scope::Global},
      {"fe80::1", Scope::LinkLocal},
      {"::1", Scope::LinkLocal},
      {"fec0::1", Scope::SiteLocal},
      {"fc00::1", Scope::Global},  // RFC 4193 §3.3
      {"2001:db8::1", Scope::Global},
      {"::", Scope::Global},
      {"::ffff:169.254.1.1", Scope::LinkLocal},
      {"::ffff:127.0.0.1", Scope::LinkLocal},
      {"::ffff:10.0.0.1", Scope::Global},
  };
  for (auto c : cases) EXPECT_EQ(Ipv6Address::parse(c.text)->scope(), c.scope) << c.text;
}

TEST(Ipv6Address, DerivesMulticastAddresses) {
  EXPECT_EQ(solicited_node("4037::1:800:200e:8c6c"_ip6), "ff02::1:ff0e:8c6c"_ip6);  // RFC 4291 §2.7.1
  EXPECT_EQ(multicast_mac("ff02::1:ff0e:8c6c"_ip6).to_string(), "33:33:ff:0e:8c:6c");
  EXPECT_EQ(kAllNodesLinkLocal, "ff02::1"_ip6);
  EXPECT_EQ(kAllRoutersLinkLocal, "ff02::2"_ip6);
}

TEST(Ipv6Address, CountsCommonBits) {
  EXPECT_EQ(common_prefix_length("2001:db8::1"_ip6, "2001:db8::1"_ip6), 128u);
  EXPECT_EQ(common_prefix_length("2001:db8::"_ip6, "2001:db8::1"_ip6), 127u);
  EXPECT_EQ(common_prefix_length("2001:db8::"_ip6, "2001:db8:0:1::"_ip6), 63u);
  EXPECT_EQ(common_prefix_length("2001:db8::"_ip6, "2001:db8:0:0:8000::"_ip6), 64u);
  EXPECT_EQ(common_prefix_length("::"_ip6, "8000::"_ip6), 0u);
  EXPECT_TRUE("8000::1"_ip6.bit(0));
  EXPECT_FALSE("8000::1"_ip6.bit(1));
  EXPECT_TRUE("8000::1"_ip6.bit(127));
}

TEST(Ipv6Address, OrdersAsUnsignedNumbers) {
  const std::set<Ipv6Address> sorted = {"ff02::1"_ip6, "::1"_ip6, "2001:db8::"_ip6, "::"_ip6, "2001:db8::1"_ip6};
  EXPECT_EQ(*sorted.begin(), "::"_ip6);
  EXPECT_EQ(*sorted.rbegin(), "ff02::1"_ip6);
  EXPECT_LT("2001:db8::ff"_ip6, "2001:db8::1:0"_ip6);
}

TEST(Ipv6Address, HashesNeighbouringAddressesApart) {
  std::unordered_set<std::size_t> low_bits;
  for (std::uint64_t i = 0; i < 4096; ++i) {
    const auto a = Ipv6Address::from_halves(0x2001'0db8'0000'0000 + (i / 64), i % 64 << 32);
    low_bits.insert(std::hash<Ipv6Address>{}(a) % 65536);
  }
  EXPECT_GT(low_bits.size(), 3900u);  // 4096 random 16-bit values have about 3971 distinct ones
}

TEST(InterfaceId, IsMadeFromMacAddresses) {
  // RFC 2464 §4 and RFC 4291 Appendix A
  EXPECT_EQ(InterfaceId::eui64(*MacAddress::parse("34:56:78:9a:bc:de")).value(), 0x3656'78ff'fe9a'bcdeu);
  EXPECT_EQ(with_interface_id(kLinkLocalPrefix, InterfaceId::eui64(*MacAddress::parse("02:00:00:00:00:01"))),
            "fe80::ff:fe00:1"_ip6);
}

TEST(Ipv6Prefix, ClearsHostBitsAndContainsAddresses) {
  const Ipv6Prefix p = "2001:db8:1:2:3::4/64"_ip6net;
  EXPECT_EQ(p.to_string(), "2001:db8:1:2::/64");
  EXPECT_TRUE(p.contains("2001:db8:1:2:ffff::1"_ip6));
  EXPECT_FALSE(p.contains("2001:db8:1:3::1"_ip6));
  EXPECT_TRUE("::/0"_ip6net.contains("ffff::"_ip6));
  EXPECT_TRUE("2001:db8::1/128"_ip6net.contains("2001:db8::1"_ip6));
  EXPECT_FALSE("2001:db8::1/128"_ip6net.contains("2001:db8::2"_ip6));
  EXPECT_TRUE("2001:db8::8/125"_ip6net.contains("2001:db8::f"_ip6));
  EXPECT_FALSE("2001:db8::8/125"_ip6net.contains("2001:db8::10"_ip6));
  EXPECT_TRUE("2001:db8::/32"_ip6net.contains(p));
  EXPECT_FALSE(p.contains("2001:db8::/32"_ip6net));
  for (unsigned length = 0; length <= 128; ++length) {
    const Ipv6Prefix all_ones(Ipv6Address::from_halves(~0ull, ~0ull), length);
    EXPECT_EQ(common_prefix_length(all_ones.address(), Ipv6Address::from_halves(~0ull, ~0ull)), length);
  }
}

TEST(Ipv6Prefix, ReadsText) {
  EXPECT_EQ(Ipv6Prefix::parse("2001:db8::/32"), Ipv6Prefix("2001:db8::"_ip6, 32));
  EXPECT_EQ("2001:0db8:0:cd30::/60"_ip6net.to_string(), "2001:db8:0:cd30::/60");  // RFC 4291 §2.3
  for (std::string_view text : {"2001:db8::", "2001:db8::/", "2001:db8::/129", "2001:db8::/-1", "2001:db8::/064",
                                "2001:db8::/64 ", "/64", "2001:db8::/64/64"}) {
    EXPECT_FALSE(Ipv6Prefix::parse(text)) << text;
  }
}

TEST(Ipv6Prefix, NumbersSubnetsAndHosts) {
  EXPECT_EQ("2001:db8::/32"_ip6net.subnet(0x12, 48), "2001:db8:12::/48"_ip6net);
  EXPECT_EQ("2001:db8::/32"_ip6net.subnet(3, 64), "2001:db8:0:3::/64"_ip6net);
  EXPECT_EQ("2001:db8::/64"_ip6net.subnet(2, 126), "2001:db8::8/126"_ip6net);
  EXPECT_EQ("::/0"_ip6net.subnet(0, 0), "::/0"_ip6net);
  EXPECT_EQ("2001:db8::/64"_ip6net.host(0x1234), "2001:db8::1234"_ip6);
}

}  // namespace
}  // namespace kamesim
