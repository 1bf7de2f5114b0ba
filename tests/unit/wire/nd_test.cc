#include "protocols/wire/nd.h"

#include <gtest/gtest.h>

#include "protocols/wire/icmp6.h"
#include "tests/unit/wire/hex.h"

namespace kamesim {
namespace {

// The messages were encoded by Scapy 2.5.0, inside IPv6(src=..., dst=..., hlim=255) with the addresses of the context.

const NdContext kToAllRouters{"fe80::1"_ip6, "ff02::2"_ip6, 255};
const NdContext kToAllNodes{"fe80::1"_ip6, "ff02::1"_ip6, 255};
const NdContext kToSolicitedNode{"fe80::1"_ip6, "ff02::1:ff00:2"_ip6, 255};
const NdContext kDad{"::"_ip6, "ff02::1:ff00:2"_ip6, 255};
const NdContext kUnicast{"fe80::2"_ip6, "fe80::1"_ip6, 255};
const NdContext kToHost{"fe80::1"_ip6, "2001:db8::2"_ip6, 255};

// ICMPv6ND_RS() / ICMPv6NDOptSrcLLAddr(lladdr="02:00:00:00:00:01")
const auto kRouterSolicitation = hex("85007a2c00000000 0101020000000001");
// ICMPv6ND_RA(chlim=64, M=1, O=0, H=1, prf=3, routerlifetime=1800, reachabletime=30000, retranstimer=1000) /
// ICMPv6NDOptSrcLLAddr(lladdr="02:00:00:00:00:01") / ICMPv6NDOptMTU(mtu=1500)
const auto kRouterAdvertisement = hex(
    "8600ad6740b80708 00007530000003e8 0101020000000001 05010000000005dc");
// ICMPv6ND_NS(tgt="fe80::2") / ICMPv6NDOptSrcLLAddr(lladdr="02:00:00:00:00:01")
const auto kNeighborSolicitation = hex("87007a9700000000 fe800000000000000000000000000002 0101020000000001");
// ICMPv6ND_NS(tgt="fe80::2") / ICMPv6NDOptUnknown(type=14, len=1, data=b"\x01\x02\x03\x04\x05\x06")
const auto kDadSolicitation = hex("8700650e00000000 fe800000000000000000000000000002 0e01010203040506");
// ICMPv6ND_NA(R=1, S=1, O=1, tgt="fe80::2") / ICMPv6NDOptDstLLAddr(lladdr="02:00:00:00:00:02")
const auto kNeighborAdvertisement = hex("88009819e0000000 fe800000000000000000000000000002 0201020000000002");
// ICMPv6ND_Redirect(tgt="fe80::3", dst="2001:db8:9::9") / ICMPv6NDOptDstLLAddr(lladdr="02:00:00:00:00:03") /
// ICMPv6NDOptRedirectedHdr(pkt=IPv6(src="2001:db8::2", dst="2001:db8:9::9") / UDP(sport=1, dport=2))
const auto kRedirect = hex(
    "8900a49600000000 fe800000000000000000000000000003 20010db8000900000000000000000009 0201020000000003"
    "0407000000000000 6000000000081140 20010db8000000000000000000000002 20010db8000900000000000000000009"
    "000100020008a455");

// What the parts become when emitted one behind the other and completed with the checksum.
template <typename... Parts>
std::string emitted(const NdContext& ip, const Parts&... parts) {
  std::vector<std::uint8_t> bytes;
  ByteWriter writer(bytes);
  (emit(writer, parts), ...);
  fill_icmp6_checksum(ip.source, ip.destination, bytes);
  return to_hex(bytes);
}

template <typename View>
DropReason refusal(Bytes message, const NdContext& ip) {
  const auto view = View::check(message, ip);
  return view ? nullptr : view.error();
}

// The rules all messages share.
template <typename View>
void expect_common_rules(Bytes message, NdContext ip, std::size_t size_without_options) {
  EXPECT_EQ(refusal<View>(message, ip), nullptr);
  EXPECT_TRUE(Icmp6View::check(message)->checksum_ok(ip.source, ip.destination));
  for_each_truncation(message, [&](Bytes cut) {
    const DropReason reason = refusal<View>(cut, ip);
    if (cut.size() < size_without_options) {
      EXPECT_EQ(reason, &kNdTruncated) << cut.size();
    } else if (reason != nullptr) {
      EXPECT_EQ(reason, &kNdOptionTruncated) << cut.size();
    } else {
      EXPECT_EQ(cut.size() % 8, 0u);
    }
  });
  std::vector<std::uint8_t> changed(message.begin(), message.end());
  changed[1] = 1;
  EXPECT_EQ(refusal<View>(changed, ip), &kNdBadCode);
  changed[1] = 0;
  changed[size_without_options + 1] = 0;
  EXPECT_EQ(refusal<View>(changed, ip), &kNdOptionZeroLength);
  ip.hop_limit = 254;
  EXPECT_EQ(refusal<View>(message, ip), &kNdBadHopLimit);
}

TEST(Nd, RefusesMalformedMessagesOfEveryType) {
  expect_common_rules<RouterSolicitationView>(kRouterSolicitation, kToAllRouters, 8);
  expect_common_rules<RouterAdvertisementView>(kRouterAdvertisement, kToAllNodes, 16);
  expect_common_rules<NeighborSolicitationView>(kNeighborSolicitation, kToSolicitedNode, 24);
  expect_common_rules<NeighborSolicitationView>(kDadSolicitation, kDad, 24);
  expect_common_rules<NeighborAdvertisementView>(kNeighborAdvertisement, kUnicast, 24);
  expect_common_rules<RedirectView>(kRedirect, kToHost, 40);
}

TEST(Nd, RouterSolicitation) {
  const auto view = RouterSolicitationView::check(kRouterSolicitation, kToAllRouters);
  const auto option = view->options().find<SourceLinkLayerAddress>();
  ASSERT_TRUE(option);
  EXPECT_EQ(emitted(kToAllRouters, RouterSolicitation{}, *option), to_hex(kRouterSolicitation));
}

TEST(Nd, RouterSolicitationFromTheUnspecifiedAddressHasNoLinkLayerAddress) {  // RFC 4861 §6.1.1
  const NdContext ip{"::"_ip6, "ff02::2"_ip6, 255};
  EXPECT_EQ(refusal<RouterSolicitationView>(kRouterSolicitation, ip), &kNdUnspecifiedSourceWithAddress);
  EXPECT_EQ(refusal<RouterSolicitationView>(Bytes(kRouterSolicitation).first(8), ip), nullptr);
}

TEST(Nd, RouterAdvertisement) {
  const auto view = RouterAdvertisementView::check(kRouterAdvertisement, kToAllNodes);
  ASSERT_TRUE(view);
  const RouterAdvertisement ra = view->value();
  EXPECT_EQ(ra.cur_hop_limit, 64);
  EXPECT_TRUE(ra.managed);
  EXPECT_FALSE(ra.other_configuration);
  EXPECT_TRUE(ra.home_agent);
  EXPECT_EQ(ra.preference, RouterPreference::Low);
  EXPECT_FALSE(ra.proxy);
  EXPECT_EQ(ra.router_lifetime, 1800_s);
  EXPECT_EQ(ra.reachable_time, 30_s);
  EXPECT_EQ(ra.retrans_timer, 1_s);
  EXPECT_EQ(emitted(kToAllNodes, ra, *view->options().find<SourceLinkLayerAddress>(), *view->options().find<Mtu>()),
            to_hex(kRouterAdvertisement));
}

TEST(Nd, RouterAdvertisementLeavesOpenWhatIsZero) {  // RFC 4861 §4.2: "unspecified (by this router)"
  const auto bytes = hex("8600000000000000 0000000000000000");
  const RouterAdvertisement ra = RouterAdvertisementView::check(bytes, kToAllNodes)->value();
  EXPECT_FALSE(ra.cur_hop_limit);
  EXPECT_FALSE(ra.reachable_time);
  EXPECT_FALSE(ra.retrans_timer);
  EXPECT_EQ(to_bytes(ra), bytes);
}

TEST(Nd, RouterPreference) {  // RFC 4191 §2.2
  struct {
    std::uint8_t flags;
    std::uint8_t lifetime;
    RouterPreference preference;
  } cases[] = {
      {0x08, 9, RouterPreference::High},   {0x00, 9, RouterPreference::Medium}, {0x18, 9, RouterPreference::Low},
      {0x10, 9, RouterPreference::Medium},  // reserved
      {0x08, 0, RouterPreference::Medium},  // no default router
  };
  for (const auto& c : cases) {
    auto bytes = hex("8600000040000000 0000000000000000");
    bytes[5] = c.flags;
    bytes[7] = c.lifetime;
    EXPECT_EQ(RouterAdvertisementView::check(bytes, kToAllNodes)->value().preference, c.preference);
  }
  RouterAdvertisement ra;
  ra.preference = RouterPreference::High;
  EXPECT_EQ(to_bytes(ra)[5], 0);
  ra.router_lifetime = 9_s;
  EXPECT_EQ(to_bytes(ra)[5], 0x08);
}

TEST(Nd, RouterAdvertisementComesFromALinkLocalAddress) {  // RFC 4861 §6.1.2
  const NdContext ip{"2001:db8::1"_ip6, "ff02::1"_ip6, 255};
  EXPECT_EQ(refusal<RouterAdvertisementView>(kRouterAdvertisement, ip), &kNdSourceNotLinkLocal);
}

TEST(Nd, NeighborSolicitation) {
  const auto view = NeighborSolicitationView::check(kNeighborSolicitation, kToSolicitedNode);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->target(), "fe80::2"_ip6);
  EXPECT_EQ(emitted(kToSolicitedNode, view->value(), *view->options().find<SourceLinkLayerAddress>()),
            to_hex(kNeighborSolicitation));
  const auto dad = NeighborSolicitationView::check(kDadSolicitation, kDad);
  ASSERT_TRUE(dad);
  EXPECT_EQ(emitted(kDad, dad->value(), *dad->options().find<NdNonce>()), to_hex(kDadSolicitation));
}

TEST(Nd, NeighborSolicitationFromTheUnspecifiedAddress) {  // RFC 4861 §7.1.1
  const NdContext to_unicast{"::"_ip6, "fe80::2"_ip6, 255};
  EXPECT_EQ(refusal<NeighborSolicitationView>(kDadSolicitation, to_unicast), &kNdUnspecifiedSourceToOther);
  const NdContext to_all_nodes{"::"_ip6, "ff02::1"_ip6, 255};
  EXPECT_EQ(refusal<NeighborSolicitationView>(kDadSolicitation, to_all_nodes), &kNdUnspecifiedSourceToOther);
  EXPECT_EQ(refusal<NeighborSolicitationView>(kNeighborSolicitation, kDad), &kNdUnspecifiedSourceWithAddress);
}

TEST(Nd, NeighborMessagesHaveNoMulticastTarget) {  // RFC 4861 §7.1.1, §7.1.2
  auto solicitation = kNeighborSolicitation;
  solicitation[8] = 0xff;
  EXPECT_EQ(refusal<NeighborSolicitationView>(solicitation, kToSolicitedNode), &kNdMulticastTarget);
  auto advertisement = kNeighborAdvertisement;
  advertisement[8] = 0xff;
  EXPECT_EQ(refusal<NeighborAdvertisementView>(advertisement, kUnicast), &kNdMulticastTarget);
}

TEST(Nd, NeighborAdvertisement) {
  const auto view = NeighborAdvertisementView::check(kNeighborAdvertisement, kUnicast);
  ASSERT_TRUE(view);
  EXPECT_TRUE(view->router());
  EXPECT_TRUE(view->solicited());
  EXPECT_TRUE(view->override());
  EXPECT_EQ(view->target(), "fe80::2"_ip6);
  EXPECT_EQ(emitted(kUnicast, view->value(), *view->options().find<TargetLinkLayerAddress>()),
            to_hex(kNeighborAdvertisement));
  EXPECT_EQ(to_bytes(NeighborAdvertisement{.target = {}, .router = true})[4], 0x80);
  EXPECT_EQ(to_bytes(NeighborAdvertisement{.target = {}, .solicited = true})[4], 0x40);
  EXPECT_EQ(to_bytes(NeighborAdvertisement{.target = {}, .override = true})[4], 0x20);
}

TEST(Nd, MulticastNeighborAdvertisementIsUnsolicited) {  // RFC 4861 §7.1.2
  EXPECT_EQ(refusal<NeighborAdvertisementView>(kNeighborAdvertisement, kToAllNodes), &kNdMulticastSolicited);
  auto unsolicited = kNeighborAdvertisement;
  unsolicited[4] = 0xa0;
  EXPECT_EQ(refusal<NeighborAdvertisementView>(unsolicited, kToAllNodes), nullptr);
}

TEST(Nd, Redirect) {
  const auto view = RedirectView::check(kRedirect, kToHost);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->target(), "fe80::3"_ip6);
  EXPECT_EQ(view->destination(), "2001:db8:9::9"_ip6);
  EXPECT_EQ(emitted(kToHost, view->value(), *view->options().find<TargetLinkLayerAddress>(),
                    *view->options().find<RedirectedHeader>()),
            to_hex(kRedirect));
}

TEST(Nd, RefusesBadRedirects) {  // RFC 4861 §8.1
  const NdContext from_global{"2001:db8::1"_ip6, "2001:db8::2"_ip6, 255};
  EXPECT_EQ(refusal<RedirectView>(kRedirect, from_global), &kNdSourceNotLinkLocal);
  struct {
    Redirect message;
    DropReason reason;
  } cases[] = {
      {{"fe80::3"_ip6, "2001:db8:9::9"_ip6}, nullptr},
      {{"2001:db8:9::9"_ip6, "2001:db8:9::9"_ip6}, nullptr},
      {{"2001:db8::3"_ip6, "2001:db8:9::9"_ip6}, &kNdBadRedirectTarget},
      {{"fe80::3"_ip6, "ff0e::1"_ip6}, &kNdMulticastRedirect},
  };
  for (const auto& c : cases) {
    const auto bytes = to_bytes(c.message);
    EXPECT_EQ(refusal<RedirectView>(bytes, kToHost), c.reason) << c.message.target;
  }
}

}  // namespace
}  // namespace kamesim
