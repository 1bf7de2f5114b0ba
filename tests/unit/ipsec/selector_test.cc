#include "protocols/ipsec/selector.h"

#include <gtest/gtest.h>

namespace kamesim::ipsec {
namespace {

const AddressRange kNet = AddressRange::of("2001:db8:1::/64"_ip6net);
const Ipv6Address kInside = "2001:db8:1::5"_ip6, kOutside = "2001:db8:2::5"_ip6;

Flow tcp_flow(std::uint16_t from, std::uint16_t to) {
  return {.source = kInside, .destination = kOutside, .next_layer = 6, .source_port = from, .destination_port = to};
}

TEST(AddressRange, OfPrefixHasItsFirstAndLastAddress) {
  struct { Ipv6Prefix prefix; Ipv6Address last; } cases[] = {
      {"::/0"_ip6net, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"_ip6},
      {"2001:db8::/33"_ip6net, "2001:db8:7fff:ffff:ffff:ffff:ffff:ffff"_ip6},
      {"2001:db8::/64"_ip6net, "2001:db8::ffff:ffff:ffff:ffff"_ip6},
      {"2001:db8::/127"_ip6net, "2001:db8::1"_ip6},
      {"2001:db8::7/128"_ip6net, "2001:db8::7"_ip6}};
  for (const auto& c : cases) {
    const AddressRange range = AddressRange::of(c.prefix);
    EXPECT_EQ(range.first, c.prefix.address()) << c.prefix;
    EXPECT_EQ(range.last, c.last) << c.prefix;
    EXPECT_EQ(range.prefix_length(), static_cast<int>(c.prefix.length()));
  }
  EXPECT_EQ((AddressRange{"::1"_ip6, "::2"_ip6}).prefix_length(), -1);
}

TEST(AddressRange, OfIpv6HasNoAddressOfIpv4) {   // RFC 4301 §4.4.1.1: "not a mix of address types"
  const Ipv6Address v4 = *parse_ip_address("192.0.2.1");
  EXPECT_FALSE(AddressRange::any_v6().contains(v4));
  EXPECT_TRUE(AddressRange::any_v4().contains(v4));
  EXPECT_FALSE(AddressRange::any_v4().contains(kInside));
}

TEST(Selector, WithAPortNeverMatchesWhatHidesIt) {   // RFC 4301 §4.4.1.1, §7
  Selector s{.next_layer = NextLayer::of(NextHeader::Tcp), .destination_port = ValueRange::of(80)};
  EXPECT_TRUE(s.matches(tcp_flow(1024, 80)));
  EXPECT_FALSE(s.matches(tcp_flow(80, 1024)));
  Flow fragment = tcp_flow(0, 0);
  fragment.ports_hidden = true;
  EXPECT_FALSE(s.matches(fragment));
  s.destination_port = ValueRange::any();
  EXPECT_TRUE(s.matches(fragment));
  s.destination_port = ValueRange::opaque();
  EXPECT_TRUE(s.matches(fragment));
  EXPECT_FALSE(s.matches(tcp_flow(1024, 80)));
}

TEST(Selector, OfOpaqueProtocolMatchesOnlyWhatHidesIt) {   // RFC 4301 §4.4.1.1
  Selector opaque{.next_layer = NextLayer::opaque()}, any;
  Flow hidden{.source = kInside, .destination = kOutside, .next_layer_hidden = true, .ports_hidden = true};
  EXPECT_TRUE(opaque.matches(hidden));
  EXPECT_TRUE(any.matches(hidden));
  EXPECT_FALSE((Selector{.next_layer = NextLayer::of(NextHeader::HopByHopOptions)}).matches(hidden));
  EXPECT_FALSE(opaque.matches(tcp_flow(1, 2)));
}

TEST(Selector, ComparesTypeAndCodeAsOneNumber) {   // RFC 4301 §4.4.1.1, the formula
  Selector s{.next_layer = NextLayer::of(NextHeader::Icmp6),
             .source_port = ValueRange::of(message_value(1, 3), message_value(3, 1))};
  struct { std::uint8_t type, code; bool matches; } cases[] = {
      {1, 2, false}, {1, 3, true}, {1, 255, true}, {2, 0, true}, {3, 1, true}, {3, 2, false}};
  for (const auto& c : cases) {
    Flow flow{.source = kInside, .destination = kOutside, .next_layer = 58,
              .source_port = message_value(c.type, c.code)};
    EXPECT_EQ(s.matches(flow), c.matches) << int{c.type} << "," << int{c.code};
  }
}

TEST(Selector, OfTheOtherDirectionMatchesTheAnswers) {
  const Selector s{.source = kNet, .next_layer = NextLayer::of(NextHeader::Tcp),
                   .destination_port = ValueRange::of(443)};
  const Flow there = tcp_flow(50000, 443);
  EXPECT_TRUE(s.matches(there));
  EXPECT_FALSE(s.matches(there.reversed()));
  EXPECT_TRUE(s.reversed().matches(there.reversed()));
}

TEST(Selector, OfTheOtherDirectionKeepsAMessagesType) {   // RFC 4301 §4.4.1.2: types are of no direction
  const Selector s{.next_layer = NextLayer::of(NextHeader::Mobility), .source_port = message_of_type(5)};
  Flow update{.source = kInside, .destination = kOutside, .next_layer = 135, .source_port = message_value(5)};
  EXPECT_TRUE(s.matches(update));
  EXPECT_TRUE(s.reversed().matches(update.reversed()));
}

}  // namespace
}  // namespace kamesim::ipsec
