#include "protocols/wire/extension_headers.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "protocols/wire/checksum.h"
#include "protocols/wire/fragment_header.h"
#include "protocols/wire/options_header.h"
#include "protocols/wire/routing_header.h"
#include "tests/unit/wire/hex.h"

namespace kamesim {
namespace {

// A packet whose Payload Length tells the truth, so that the walk meets the truncation.
std::vector<std::uint8_t> packet_of(NextHeader first, Bytes payload) {
  std::vector<std::uint8_t> packet(kIpv6HeaderSize + payload.size());
  Ipv6Header header;
  header.next_header = first;
  header.payload_length = static_cast<std::uint16_t>(payload.size());
  header.write(packet.data());
  std::copy(payload.begin(), payload.end(), packet.begin() + kIpv6HeaderSize);
  return packet;
}

DropReason walk_to_the_end(const Ipv6HeaderView& packet) {
  ExtensionHeaderWalk walk(packet);
  for (;;) {
    const auto step = walk.next();
    if (!step) return step.error();
    if (!*step) return nullptr;
  }
}

// IPv6(src="2001:db8::1", dst="2001:db8::2") / IPv6ExtHdrHopByHop(options=[RouterAlert(value=0)]) /
// IPv6ExtHdrRouting(type=2, segleft=1, addresses=["2001:db8::99"]) / IPv6ExtHdrFragment(id=0x01020304, m=1) /
// IPv6ExtHdrDestOpt(options=[HAO(hoa="2001:db8:1::5")]) / UDP(sport=1, dport=2) / b"x"; Scapy 2.5.0
const auto kChain = hex(
    "6000000000490040 20010db8000000000000000000000001 20010db8000000000000000000000002"
    "2b00050200000100"
    "2c02020100000000 20010db8000000000000000000000099"
    "3c00000101020304"
    "110201020000c910 20010db8000100000000000000000005"
    "0001000200092bc8 78");

TEST(ExtensionHeaderWalk, YieldsEveryHeaderInOrder) {
  ExtensionHeaderWalk walk(*Ipv6HeaderView::check(kChain));
  struct {
    NextHeader type;
    std::size_t next_header_offset, offset, size;
  } expected[] = {
      {NextHeader::HopByHopOptions, 6, 40, 8},
      {NextHeader::Routing, 40, 48, 24},
      {NextHeader::Fragment, 48, 72, 8},
      {NextHeader::DestinationOptions, 72, 80, 24},
  };
  for (const auto& e : expected) {
    const auto step = walk.next();
    ASSERT_TRUE(step && *step);
    EXPECT_EQ((*step)->type, e.type);
    EXPECT_EQ((*step)->next_header_offset, e.next_header_offset);
    EXPECT_EQ((*step)->offset, e.offset);
    EXPECT_EQ((*step)->bytes.size(), e.size);
  }
  const auto end = walk.next();
  ASSERT_TRUE(end);
  EXPECT_FALSE(*end);
  EXPECT_EQ(walk.type(), NextHeader::Udp);
  EXPECT_EQ(walk.offset(), 104u);
  EXPECT_EQ(walk.next_header_offset(), 80u);
}

TEST(ExtensionHeaderWalk, RefusesEveryTruncationInsideAHeader) {
  for (std::size_t n = kIpv6HeaderSize; n <= kChain.size(); ++n) {
    const std::vector<std::uint8_t> cut(kChain.begin(), kChain.begin() + static_cast<std::ptrdiff_t>(n));
    const auto packet = Ipv6HeaderView::check_quoted(cut);
    EXPECT_EQ(walk_to_the_end(*packet), n < 104 ? &kExtensionHeaderTruncated : nullptr) << n;
    EXPECT_EQ(find_upper_layer(*packet).has_value(), n >= 104) << n;
  }
}

TEST(ExtensionHeaderWalk, UsesTheLengthRuleOfEachHeader) {
  struct {
    NextHeader type;
    std::uint8_t length_field;
    std::size_t size;
  } cases[] = {
      {NextHeader::HopByHopOptions, 0, 8},        {NextHeader::HopByHopOptions, 255, 2048},
      {NextHeader::Routing, 2, 24},               {NextHeader::DestinationOptions, 1, 16},
      {NextHeader::Fragment, 255, 8},             // the field is reserved there
      {NextHeader::AuthenticationHeader, 4, 24},  // RFC 4302 §2.2: 32-bit words, minus 2
      {NextHeader::AuthenticationHeader, 0, 8},   {NextHeader::Mobility, 1, 16},
      {NextHeader::Hip, 4, 40},                   {NextHeader::Shim6, 1, 16},
  };
  for (const auto& c : cases) {
    std::vector<std::uint8_t> payload(c.size);
    payload[0] = static_cast<std::uint8_t>(NextHeader::NoNextHeader);
    payload[1] = c.length_field;
    const auto packet = packet_of(c.type, payload);
    ExtensionHeaderWalk walk(*Ipv6HeaderView::check(packet));
    const auto step = walk.next();
    ASSERT_TRUE(step && *step);
    EXPECT_EQ((*step)->bytes.size(), c.size);
    payload.pop_back();
    const auto shorter = packet_of(c.type, payload);
    EXPECT_EQ(walk_to_the_end(*Ipv6HeaderView::check(shorter)), &kExtensionHeaderTruncated);
  }
}

TEST(FindUpperLayer, FindsWhatCarriesThePayload) {
  const auto upper = find_upper_layer(*Ipv6HeaderView::check(kChain));
  ASSERT_TRUE(upper);
  EXPECT_EQ(upper->protocol, NextHeader::Udp);
  EXPECT_EQ(upper->offset, 104u);
  EXPECT_EQ(upper->next_header_offset, 80u);
  EXPECT_FALSE(upper->in_non_first_fragment);
  // RFC 8200 §8.1: the pseudo-header holds the final destination, RFC 6275 §11.3.1 the home address as source.
  EXPECT_TRUE(upper_layer_checksum_ok("2001:db8:1::5"_ip6, "2001:db8::99"_ip6, NextHeader::Udp,
                                      Bytes(kChain).subspan(upper->offset)));
}

TEST(FindUpperLayer, StopsBehindANonFirstFragmentHeader) {
  // IPv6(src="2001:db8::1", dst="2001:db8::2") / IPv6ExtHdrFragment(id=7, m=0, offset=185, nh=60) / b"abcdefgh"
  const auto packet = hex(
      "6000000000102c40 20010db8000000000000000000000001 20010db8000000000000000000000002"
      "3c0005c800000007 6162636465666768");
  const auto upper = find_upper_layer(*Ipv6HeaderView::check(packet));
  ASSERT_TRUE(upper);
  EXPECT_EQ(upper->protocol, NextHeader::DestinationOptions);
  EXPECT_EQ(upper->offset, 48u);
  EXPECT_TRUE(upper->in_non_first_fragment);
}

TEST(FindUpperLayer, TakesTheMobilityHeaderForTheUpperLayer) {
  const auto packet = packet_of(NextHeader::Mobility, hex("3b00000000000000"));
  const auto upper = find_upper_layer(*Ipv6HeaderView::check(packet));
  EXPECT_EQ(upper->protocol, NextHeader::Mobility);
  EXPECT_EQ(upper->offset, 40u);
}

TEST(FragmentHeader, RoundTrips) {
  const auto bytes = hex("110005c900000007");
  const auto view = FragmentHeaderView::check(bytes);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->next_header(), NextHeader::Udp);
  EXPECT_EQ(view->offset(), 1480);
  EXPECT_TRUE(view->more_fragments());
  EXPECT_EQ(view->identification(), 7u);
  EXPECT_FALSE(view->is_atomic());
  std::vector<std::uint8_t> out(kFragmentHeaderSize);
  view->value().write(out.data());
  EXPECT_EQ(out, bytes);
  for_each_truncation(bytes,
                      [](Bytes cut) { EXPECT_EQ(FragmentHeaderView::check(cut).error(), &kFragmentHeaderTruncated); });
}

}  // namespace
}  // namespace kamesim
