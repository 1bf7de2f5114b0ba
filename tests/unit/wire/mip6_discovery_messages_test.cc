#include "protocols/mip6/discovery_messages.h"

#include <gtest/gtest.h>

#include "protocols/wire/icmp6.h"
#include "tests/unit/wire/hex.h"

namespace kamesim {
namespace {

// Every message: IPv6(src="2001:db8::1", dst="2001:db8::2") / ..., Scapy 2.5.0, without the IPv6 header.
template <typename... Parts>
std::string emitted(const Parts&... parts) {
  std::vector<std::uint8_t> bytes;
  ByteWriter writer(bytes);
  (emit(writer, parts), ...);
  fill_icmp6_checksum("2001:db8::1"_ip6, "2001:db8::2"_ip6, bytes);
  return to_hex(bytes);
}

TEST(HomeAgentAddressDiscovery, Request) {  // RFC 6275 §6.5
  // ICMPv6HAADRequest(id=0xbeef, R=0)
  const auto bytes = hex("90005558beef0000");
  const auto view = HomeAgentAddressDiscoveryRequestView::check(bytes);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->identifier(), 0xbeef);
  EXPECT_EQ(emitted(view->value()), to_hex(bytes));
  for_each_truncation(bytes, [](Bytes cut) {
    EXPECT_EQ(HomeAgentAddressDiscoveryRequestView::check(cut).error(), &kHaadTruncated);
  });
}

TEST(HomeAgentAddressDiscovery, Reply) {  // RFC 6275 §6.6
  // ICMPv6HAADReply(id=0xbeef, R=0, addresses=["2001:db8:1::1", "2001:db8:1::2"])
  const auto bytes = hex("9100f8c0beef0000 20010db8000100000000000000000001 20010db8000100000000000000000002");
  const auto view = HomeAgentAddressDiscoveryReplyView::check(bytes);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->identifier(), 0xbeef);
  ASSERT_EQ(view->size(), 2u);
  EXPECT_EQ(view->home_agent_address(0), "2001:db8:1::1"_ip6);
  EXPECT_EQ(view->home_agent_address(1), "2001:db8:1::2"_ip6);
  EXPECT_EQ(emitted(view->value()), to_hex(bytes));
  for_each_truncation(bytes, [](Bytes cut) {
    const auto reply = HomeAgentAddressDiscoveryReplyView::check(cut);
    EXPECT_EQ(reply.has_value(), cut.size() == 8 || cut.size() == 24) << cut.size();
  });
}

TEST(HomeAgentAddressDiscovery, MobileRouterSupport) {  // RFC 3963 §7.1, §7.2
  // ICMPv6HAADRequest(id=0xbeef, R=1); ICMPv6HAADReply(id=0xbeef, R=1, addresses=["2001:db8:1::1"])
  const auto request = hex("9000d557beef8000");
  const auto asked = HomeAgentAddressDiscoveryRequestView::check(request);
  ASSERT_TRUE(asked);
  EXPECT_TRUE(asked->mobile_router_support());
  EXPECT_EQ(emitted(asked->value()), to_hex(request));
  const auto reply = hex("9100a68cbeef800020010db8000100000000000000000001");
  const auto told = HomeAgentAddressDiscoveryReplyView::check(reply);
  ASSERT_TRUE(told);
  EXPECT_TRUE(told->mobile_router_support());
  EXPECT_EQ(emitted(told->value()), to_hex(reply));
}

TEST(MobilePrefix, Solicitation) {  // RFC 6275 §6.7
  // ICMPv6MPSol(id=0xbeef)
  const auto bytes = hex("92005358beef0000");
  const auto view = MobilePrefixSolicitationView::check(bytes);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->identifier(), 0xbeef);
  EXPECT_EQ(emitted(view->value()), to_hex(bytes));
  for_each_truncation(bytes, [](Bytes cut) {
    EXPECT_EQ(MobilePrefixSolicitationView::check(cut).error(), &kMobilePrefixTruncated);
  });
}

TEST(MobilePrefix, Advertisement) {  // RFC 6275 §6.8
  // ICMPv6MPAdv(id=0xbeef, flags=2) / ICMPv6NDOptPrefixInfo(prefixlen=64, L=1, A=1, R=1, validlifetime=2592000,
  //                                                         preferredlifetime=604800, prefix="2001:db8:1::1")
  const auto bytes = hex(
      "930098e7beef8000 030440e000278d0000093a800000000020010db8000100000000000000000001");
  const auto view = MobilePrefixAdvertisementView::check(bytes);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->identifier(), 0xbeef);
  EXPECT_TRUE(view->managed());
  EXPECT_FALSE(view->other_configuration());
  const auto prefix = view->options().find<PrefixInformation>();
  ASSERT_TRUE(prefix);
  EXPECT_EQ(prefix->address, "2001:db8:1::1"_ip6);
  EXPECT_EQ(emitted(view->value(), *prefix), to_hex(bytes));
  EXPECT_EQ(to_bytes(MobilePrefixAdvertisement{.identifier = 1, .other_configuration = true})[6], 0x40);
  for_each_truncation(bytes, [](Bytes cut) {
    EXPECT_EQ(MobilePrefixAdvertisementView::check(cut).has_value(), cut.size() == 8) << cut.size();
  });
}

}  // namespace
}  // namespace kamesim
