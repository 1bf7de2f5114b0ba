#include "protocols/wire/ipv6_header.h"

#include <gtest/gtest.h>

#include "protocols/wire/ethernet.h"
#include "tests/unit/wire/hex.h"

namespace kamesim {
namespace {

// IPv6(src="2001:db8::1", dst="2001:db8::2", tc=0xb8, fl=0x12345, hlim=64) / UDP(sport=1234, dport=5678) / b"hello"
const auto kPacket = hex(
    "6b812345000d1140 20010db8000000000000000000000001 20010db8000000000000000000000002"
    "04d2162e000d458d68656c6c6f");

TEST(Ipv6Header, ReadsEveryField) {
  const auto view = Ipv6HeaderView::check(kPacket);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->traffic_class(), 0xb8);
  EXPECT_EQ(view->flow_label(), 0x12345u);
  EXPECT_EQ(view->payload_length(), 13);
  EXPECT_EQ(view->next_header(), NextHeader::Udp);
  EXPECT_EQ(view->hop_limit(), 64);
  EXPECT_EQ(view->source(), "2001:db8::1"_ip6);
  EXPECT_EQ(view->destination(), "2001:db8::2"_ip6);
  EXPECT_EQ(view->payload().size(), 13u);
}

TEST(Ipv6Header, WritesWhatItRead) {
  std::vector<std::uint8_t> out(kIpv6HeaderSize);
  Ipv6HeaderView::check(kPacket)->value().write(out.data());
  EXPECT_EQ(to_hex(out), to_hex(Bytes(kPacket).first(kIpv6HeaderSize)));
}

TEST(Ipv6Header, ChangesFieldsInPlace) {
  auto packet = kPacket;
  Ipv6HeaderEditor editor(packet.data());
  editor.set_traffic_class(0x2e);
  editor.set_payload_length(12);
  editor.set_next_header(NextHeader::Icmp6);
  editor.set_hop_limit(63);
  editor.set_source("2001:db8::a"_ip6);
  editor.set_destination("2001:db8::b"_ip6);
  EXPECT_EQ(to_hex(packet),
            "62e12345000c3a3f20010db800000000000000000000000a20010db800000000000000000000000b"
            "04d2162e000d458d68656c6c6f");
}

TEST(Ipv6Header, RefusesEveryTruncation) {
  for_each_truncation(kPacket, [](Bytes cut) {
    const auto view = Ipv6HeaderView::check(cut);
    ASSERT_FALSE(view) << cut.size();
    EXPECT_EQ(view.error(), cut.size() < kIpv6HeaderSize ? &kIp6Truncated : &kIp6PayloadTruncated);
  });
}

TEST(Ipv6Header, RefusesOtherVersions) {
  auto packet = kPacket;
  packet[0] = 0x4b;
  EXPECT_EQ(Ipv6HeaderView::check(packet).error(), &kIp6BadVersion);
  EXPECT_EQ(Ipv6HeaderView::check_quoted(packet).error(), &kIp6BadVersion);
}

TEST(Ipv6Header, LeavesLinkPaddingOutOfThePayload) {
  auto packet = kPacket;
  packet.resize(packet.size() + 7);
  EXPECT_EQ(Ipv6HeaderView::check(packet)->payload().size(), 13u);
  EXPECT_EQ(Ipv6HeaderView::check(packet)->packet().size(), kPacket.size());
}

TEST(Ipv6Header, AcceptsACutPayloadInAQuotation) {
  for_each_truncation(kPacket, [](Bytes cut) {
    const auto view = Ipv6HeaderView::check_quoted(cut);
    ASSERT_EQ(view.has_value(), cut.size() >= kIpv6HeaderSize);
    if (!view) return;
    EXPECT_EQ(view->payload().size(), cut.size() - kIpv6HeaderSize);
  });
}

TEST(EthernetHeader, RoundTripsAndRefusesTruncation) {
  // Ether(dst="33:33:00:00:00:01", src="02:00:00:00:00:01", type=0x86dd)
  const auto frame = hex("333300000001 020000000001 86dd");
  const auto view = EthernetHeaderView::check(frame);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->destination().to_string(), "33:33:00:00:00:01");
  EXPECT_EQ(view->source().to_string(), "02:00:00:00:00:01");
  EXPECT_EQ(view->ethertype(), EtherType::Ipv6);
  EXPECT_TRUE(view->payload().empty());
  std::vector<std::uint8_t> out(kEthernetHeaderSize);
  view->value().write(out.data());
  EXPECT_EQ(out, frame);
  for_each_truncation(frame, [](Bytes cut) { EXPECT_EQ(EthernetHeaderView::check(cut).error(), &kEthernetTruncated); });
}

}  // namespace
}  // namespace kamesim
