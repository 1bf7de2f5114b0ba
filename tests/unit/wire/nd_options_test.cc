#include "protocols/wire/nd_options.h"

#include <gtest/gtest.h>

#include "tests/unit/wire/hex.h"

namespace kamesim {
namespace {

// All options below were encoded by Scapy 2.5.0, the expression is given with each.

// Reads an option of the kind, writes it again, and expects the same bytes; returns what was read.
template <typename Option>
Option round_trip(std::string_view text) {
  static std::vector<std::uint8_t> bytes;
  bytes = hex(text);
  const auto options = NdOptions::check(bytes);
  EXPECT_TRUE(options) << text;
  const auto option = options->find<Option>();
  EXPECT_TRUE(option) << text;
  EXPECT_EQ(to_hex(to_bytes(*option)), to_hex(bytes));
  return *option;
}

TEST(NdOptions, LinkLayerAddresses) {
  // ICMPv6NDOptSrcLLAddr(lladdr="02:00:00:00:00:01"), ICMPv6NDOptDstLLAddr(lladdr="02:00:00:00:00:02")
  EXPECT_EQ(round_trip<SourceLinkLayerAddress>("0101020000000001").address.to_string(), "02:00:00:00:00:01");
  EXPECT_EQ(round_trip<TargetLinkLayerAddress>("0201020000000002").address.to_string(), "02:00:00:00:00:02");
}

TEST(NdOptions, PrefixInformation) {
  // ICMPv6NDOptPrefixInfo(prefixlen=64, L=1, A=1, R=1, validlifetime=2592000, preferredlifetime=604800,
  //                       prefix="2001:db8:1::1")
  const auto option = round_trip<PrefixInformation>(
      "030440e0 00278d00 00093a80 00000000 20010db8000100000000000000000001");
  EXPECT_EQ(option.prefix(), "2001:db8:1::/64"_ip6net);
  EXPECT_EQ(option.address, "2001:db8:1::1"_ip6);
  EXPECT_TRUE(option.on_link);
  EXPECT_TRUE(option.autonomous);
  EXPECT_TRUE(option.router_address);
  EXPECT_EQ(option.valid_lifetime, 2592000_s);
  EXPECT_EQ(option.preferred_lifetime, 604800_s);
}

TEST(NdOptions, PrefixInformationWithoutRouterAddressSendsZeroHostBits) {  // RFC 4861 §4.6.2
  PrefixInformation option{.address = "2001:db8:1::1"_ip6, .prefix_length = 64, .on_link = true, .autonomous = false,
                           .router_address = false, .valid_lifetime = kInfiniteLifetime, .preferred_lifetime = 0_s};
  EXPECT_EQ(to_hex(to_bytes(option)), "03044080ffffffff000000000000000020010db8000100000000000000000000");
}

TEST(NdOptions, PrefixLengthsBeyond128AreMalformed) {
  auto bytes = hex("030480e0 00278d00 00093a80 00000000 20010db8000100000000000000000001");
  EXPECT_TRUE(NdOptions::check(bytes)->find<PrefixInformation>());
  bytes[2] = 129;
  EXPECT_FALSE(NdOptions::check(bytes)->find<PrefixInformation>());
}

TEST(NdOptions, LifetimesHoldAllSecondsAndInfinity) {
  auto bytes = hex("030440e0 fffffffe ffffffff 00000000 20010db8000100000000000000000001");
  const auto option = *NdOptions::check(bytes)->find<PrefixInformation>();
  EXPECT_EQ(option.valid_lifetime, 4294967294_s);
  EXPECT_EQ(option.preferred_lifetime, kInfiniteLifetime);
  EXPECT_EQ(to_bytes(option), bytes);
}

TEST(NdOptions, Mtu) {
  EXPECT_EQ(round_trip<Mtu>("05010000000005dc").mtu, 1500u);  // ICMPv6NDOptMTU(mtu=1500)
}

TEST(NdOptions, AdvertisementInterval) {
  // ICMPv6NDOptAdvInterval(advint=70)
  EXPECT_EQ(round_trip<AdvertisementInterval>("0701000000000046").interval, 70_ms);
}

TEST(NdOptions, HomeAgentInformation) {
  // ICMPv6NDOptHAInfo(pref=10, lifetime=1800)
  const auto option = round_trip<HomeAgentInformation>("08010000000a0708");
  EXPECT_EQ(option.preference, 10);
  EXPECT_EQ(option.lifetime, 1800_s);
  EXPECT_FALSE(option.mobile_router_support);
  // ICMPv6NDOptHAInfo(res=0x8000, pref=10, lifetime=1800)
  EXPECT_TRUE(round_trip<HomeAgentInformation>("08018000000a0708").mobile_router_support);  // RFC 3963 §7.3
  const auto zero_lifetime = hex("08010000000a0000");
  EXPECT_FALSE(NdOptions::check(zero_lifetime)->find<HomeAgentInformation>());
}

TEST(NdOptions, RedirectedHeader) {
  // ICMPv6NDOptRedirectedHdr(pkt=IPv6(src="2001:db8::2", dst="2001:db8:9::9") / UDP(sport=1, dport=2))
  const auto option = round_trip<RedirectedHeader>(
      "0407000000000000 6000000000081140 20010db8000000000000000000000002 20010db8000900000000000000000009"
      "000100020008a455");
  EXPECT_EQ(option.packet.size(), 48u);
  const auto three = hex("aabbcc");
  EXPECT_EQ(to_hex(to_bytes(RedirectedHeader{three})), "0402000000000000aabbcc0000000000");
}

TEST(NdOptions, Nonce) {
  // ICMPv6NDOptUnknown(type=14, len=1, data=b"\x01\x02\x03\x04\x05\x06")
  EXPECT_EQ(to_hex(round_trip<NdNonce>("0e01010203040506").nonce), "010203040506");
}

TEST(NdOptions, RouteInformation) {  // RFC 4191 §2.3
  // ICMPv6NDOptRouteInfo(plen=48, prf=1, rtlifetime=600, prefix="2001:db8:2::"), with Length 2 for 3 of Scapy
  const auto option = round_trip<RouteInformation>("18023008 00000258 20010db800020000");
  EXPECT_EQ(option.prefix, "2001:db8:2::/48"_ip6net);
  EXPECT_EQ(option.preference, RouterPreference::High);
  EXPECT_EQ(option.lifetime, 600_s);
  EXPECT_EQ(round_trip<RouteInformation>("18010018 00000258").preference, RouterPreference::Low);
  EXPECT_EQ(round_trip<RouteInformation>("18038000 ffffffff 20010db8000200000000000000000001").lifetime,
            kInfiniteLifetime);
  // As Scapy writes it: a Length larger than needed is allowed.
  const auto long_form = hex("18033008 00000258 20010db8000200000000000000000000");
  EXPECT_EQ(NdOptions::check(long_form)->find<RouteInformation>()->prefix, "2001:db8:2::/48"_ip6net);
}

TEST(NdOptions, RouteInformationIsIgnoredWhenMalformed) {  // RFC 4191 §2.3
  for (std::string_view text : {
           "18010108 00000258",                                                       // 1 bit in no octets
           "18024108 00000258 20010db800020000",                                      // 65 bits in 8 octets
           "18038108 00000258 20010db8000200000000000000000000",                      // 129 bits
           "18043008 00000258 20010db8000200000000000000000000 0000000000000000",     // Length 4
           "18023010 00000258 20010db800020000",                                      // the reserved preference
       }) {
    const auto bytes = hex(text);
    ASSERT_TRUE(NdOptions::check(bytes)) << text;
    EXPECT_FALSE(NdOptions::check(bytes)->find<RouteInformation>()) << text;
  }
}

TEST(NdOptions, RecursiveDnsServers) {
  // ICMPv6NDOptRDNSS(lifetime=1200, dns=["2001:db8::53", "2001:db8::54"])
  const auto bytes = hex("1905 0000 000004b0 20010db8000000000000000000000053 20010db8000000000000000000000054");
  const auto view = NdOptions::check(bytes)->find<RecursiveDnsServersView>();
  ASSERT_TRUE(view);
  EXPECT_EQ(view->size(), 2u);
  EXPECT_EQ(view->lifetime(), 1200_s);
  EXPECT_EQ(view->value().addresses, (std::vector<Ipv6Address>{"2001:db8::53"_ip6, "2001:db8::54"_ip6}));
  EXPECT_EQ(to_bytes(view->value()), bytes);
  for (std::string_view text : {"19010000 000004b0", "19020000 000004b0 20010db800000000",
                                "19040000 000004b0 20010db8000000000000000000000053 0000000000000000"}) {
    const auto malformed = hex(text);
    EXPECT_FALSE(NdOptions::check(malformed)->find<RecursiveDnsServersView>()) << text;
  }
}

TEST(NdOptions, DnsSearchList) {
  // ICMPv6NDOptDNSSL(lifetime=1200, searchlist=["example.com.", "lab.example.org."])
  const auto bytes = hex(
      "1f05 0000 000004b0 076578616d706c6503636f6d00 036c6162076578616d706c65036f726700 0000");
  const auto view = NdOptions::check(bytes)->find<DnsSearchListView>();
  ASSERT_TRUE(view);
  EXPECT_EQ(view->lifetime(), 1200_s);
  EXPECT_EQ(view->value().domain_names, (std::vector<std::string>{"example.com", "lab.example.org"}));
  EXPECT_EQ(to_bytes(view->value()), bytes);
}

TEST(NdOptions, DnsSearchListIsIgnoredWhenMalformed) {  // RFC 8106 §5.2
  for (std::string_view text : {
           "1f010000 000004b0",
           "1f020000 000004b0 0761616161616161",  // no terminating zero
           "1f020000 000004b0 0861616161616161",  // a label beyond the option
           "1f020000 000004b0 016100c000000000",  // compressed
       }) {
    const auto bytes = hex(text);
    ASSERT_TRUE(NdOptions::check(bytes)) << text;
    EXPECT_FALSE(NdOptions::check(bytes)->find<DnsSearchListView>()) << text;
  }
}

TEST(NdOptions, KnownTypesOfOtherLengthsAreIgnored) {
  for (int type = 0; type < 256; ++type) {
    for (std::uint8_t length = 1; length < 8; ++length) {
      std::vector<std::uint8_t> bytes(8 * length, 0x11);
      bytes[0] = static_cast<std::uint8_t>(type);
      bytes[1] = length;
      const auto options = *NdOptions::check(bytes);
      EXPECT_EQ(options.find<SourceLinkLayerAddress>().has_value(), type == 1 && length == 1);
      EXPECT_EQ(options.find<TargetLinkLayerAddress>().has_value(), type == 2 && length == 1);
      EXPECT_EQ(options.find<PrefixInformation>().has_value(), type == 3 && length == 4);
      EXPECT_EQ(options.find<RedirectedHeader>().has_value(), type == 4);
      EXPECT_EQ(options.find<Mtu>().has_value(), type == 5 && length == 1);
      EXPECT_EQ(options.find<AdvertisementInterval>().has_value(), type == 7 && length == 1);
      EXPECT_EQ(options.find<HomeAgentInformation>().has_value(), type == 8 && length == 1);
      EXPECT_EQ(options.find<NdNonce>().has_value(), type == 14);
      EXPECT_EQ(options.find<RecursiveDnsServersView>().has_value(), type == 25 && length % 2 == 1 && length > 1);
      EXPECT_EQ(options.contains(static_cast<NdOptionType>(type)), true);
    }
  }
}

TEST(NdOptions, RefusesZeroLengthAndTruncation) {  // RFC 4861 §4.6
  const auto two = hex("0101020000000001 05010000000005dc");
  for_each_truncation(two, [](Bytes cut) {
    const auto options = NdOptions::check(cut);
    EXPECT_EQ(options.has_value(), cut.size() % 8 == 0) << cut.size();
    if (!options) {
      EXPECT_EQ(options.error(), &kNdOptionTruncated);
    }
  });
  EXPECT_EQ(NdOptions::check(hex("0101020000000001 0500000000000000")).error(), &kNdOptionZeroLength);
  EXPECT_EQ(NdOptions::check(hex("0000000000000000")).error(), &kNdOptionZeroLength);
}

TEST(NdOptions, IteratesInOrder) {
  const auto bytes = hex("0101020000000001 fd02000000000000 0000000000000000 05010000000005dc");
  std::vector<int> types;
  const auto options = *NdOptions::check(bytes);
  for (const NdOption option : options) types.push_back(static_cast<int>(option.type));
  EXPECT_EQ(types, (std::vector<int>{1, 253, 5}));
}

}  // namespace
}  // namespace kamesim
