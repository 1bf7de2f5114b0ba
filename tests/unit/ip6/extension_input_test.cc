// Extension headers as a node receives them: the bounds of RFC 8504, jumbograms, source routes by switch, Router Alert.
// What RFC 8200 itself asks for, the conformance suite tests from outside.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/ip6/packet_exchange.h"

namespace kamesim::testing {
namespace {

using Octets = std::vector<std::uint8_t>;

class ExtensionInput : public ::testing::Test {
 protected:
  // A header of those octets of options; 2 + their number is a multiple of 8.
  static Octets options(NextHeader next, Octets content) {
    Octets header(2 + content.size());
    header[0] = static_cast<std::uint8_t>(next);
    std::copy(content.begin(), content.end(), header.begin() + 2);
    EXPECT_EQ(header.size() % 8, 0u);
    header[1] = static_cast<std::uint8_t>(header.size() / 8 - 1);
    return header;
  }
  static Octets repeat(const Octets& what, std::size_t times) {
    Octets all;
    for (std::size_t i = 0; i < times; ++i) all.insert(all.end(), what.begin(), what.end());
    return all;
  }
  // Destination options before an unknown upper layer, which is reported when they let it pass (RFC 8200 §4).
  bool passes(const Octets& content) {
    x.send(NextHeader::DestinationOptions, options(kUnknownProtocol, content));
    x.run(100_ms);  // a token of the rate limit
    bool reported = false;
    while (const auto error = x.recv_icmp6(1_ms)) reported |= error->type() == 4 && error->code() == 1;
    return reported;
  }
  OptionLimits& limits() { return x.stack.mutable_config().option_limits; }

  static constexpr NextHeader kUnknownProtocol{200};
  PacketExchange x;
};

// --- RFC 8504 §5.3 -------------------------------------------------------------------------------------------------------

TEST_F(ExtensionInput, EightOptionsPassAndNineDoNot) {
  const Octets skipped = hex("1e00");
  EXPECT_TRUE(passes(repeat(skipped, 7)));
  limits().options = 6;
  EXPECT_FALSE(passes(repeat(skipped, 7)));
  EXPECT_EQ(x.node.drops("ip6.too_many_options"), 1u);
  limits().options = 0;
  EXPECT_TRUE(passes(repeat(skipped, 511)));
}

TEST_F(ExtensionInput, PaddingIsNoOption) {
  limits().options = 1;
  EXPECT_TRUE(passes(repeat(hex("0100"), 15)));
}

TEST_F(ExtensionInput, RunsOfPad1AreBounded) {
  EXPECT_TRUE(passes(Octets(14, 0)));
  limits().pad1_run = 7;
  EXPECT_FALSE(passes(Octets(14, 0)));
  EXPECT_TRUE(passes(hex("00000000000000 1e00 0000000000")));  // 7, an option, 5
  EXPECT_EQ(x.node.drops("ip6.too_much_padding"), 1u);
}

TEST_F(ExtensionInput, DataOfPadNIsBounded) {
  const Octets twelve = hex("010c 000000000000000000000000");
  EXPECT_TRUE(passes(twelve));
  limits().padn_bytes = 7;
  EXPECT_FALSE(passes(twelve));
  EXPECT_TRUE(passes(hex("010400000000")));
}

TEST_F(ExtensionInput, TheWholeHeaderIsBounded) {
  limits().header_bytes = 64;
  EXPECT_TRUE(passes(repeat(hex("0100"), 31)));
  EXPECT_FALSE(passes(repeat(hex("0100"), 35)));
  EXPECT_EQ(x.node.drops("ip6.options_header_too_long"), 1u);
}

TEST_F(ExtensionInput, UnrecognizedOptionsCanBeRefusedSilently) {
  limits().accept_unrecognized = false;
  EXPECT_FALSE(passes(hex("1e0400000000")));
  x.send(NextHeader::DestinationOptions, options(kUnknownProtocol, hex("9e0400000000")));  // 10: "report", were it asked
  EXPECT_FALSE(x.recv_icmp6());
  EXPECT_EQ(x.node.drops("ip6.unrecognized_option"), 2u);
}

// --- RFC 2675 §3 -------------------------------------------------------------------------------------------------------

TEST_F(ExtensionInput, JumboPayloadOptionOfAShortPacketIsPointedAt) {
  struct {
    const char* option;
    std::uint32_t pointer;
  } cases[] = {{"c20400011170", 42},   // the Payload Length is not zero
               {"c20300011100", 42}};
  for (const auto& c : cases) {
    x.send(NextHeader::HopByHopOptions, options(NextHeader::NoNextHeader, hex(c.option)));
    const auto error = x.recv_icmp6();
    ASSERT_TRUE(error) << c.option;
    EXPECT_EQ(error->type(), 4);
    EXPECT_EQ(error->code(), 0);
    EXPECT_EQ(error->parameter(), c.pointer) << c.option;
  }
}

TEST_F(ExtensionInput, JumboPayloadIsAnUnrecognizedOptionWhereItIsTurnedOff) {  // type 0xc2: 11, report to unicast
  x.stack.mutable_config().jumbograms = false;
  x.send(NextHeader::HopByHopOptions, options(NextHeader::NoNextHeader, hex("c20400011170")));
  const auto error = x.recv_icmp6();
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), 2);
  EXPECT_EQ(error->parameter(), 42u);
}

// --- Routing headers (RFC 2460 §4.4, RFC 5095) ------------------------------------------------------------------------

Octets type_0(std::uint8_t segments_left, const std::vector<Ipv6Address>& addresses) {
  Octets header = {59, static_cast<std::uint8_t>(2 * addresses.size()), 0, segments_left, 0, 0, 0, 0};
  for (const auto& a : addresses) header.insert(header.end(), a.data(), a.data() + 16);
  return header;
}

TEST_F(ExtensionInput, Type0IsUnknownUnlessItIsSwitchedOn) {  // RFC 5095 §3
  x.send(NextHeader::Routing, type_0(1, {kTester}));
  const auto error = x.recv_icmp6();
  ASSERT_TRUE(error);
  EXPECT_EQ(error->parameter(), 42u);
  x.stack.mutable_config().rules.type_0_routing_headers = true;
  const Octets more_segments_than_addresses = type_0(2, {kTester});
  x.send(NextHeader::Routing, more_segments_than_addresses);
  EXPECT_EQ(x.recv_icmp6()->parameter(), 43u);
  x.send(NextHeader::Routing, type_0(1, {"ff02::1"_ip6}));
  EXPECT_EQ(x.node.drops("ip6.source_route_multicast"), 1u);
  x.send(NextHeader::Routing, type_0(1, {kLoopback}));
  EXPECT_EQ(x.node.drops("ip6.source_route_invalid_address"), 1u);
}

TEST_F(ExtensionInput, ASecondRoutingHeaderIsRefusedByKamesRule) {
  Octets both = type_0(0, {});
  both[0] = static_cast<std::uint8_t>(NextHeader::Routing);
  const Octets second = type_0(0, {});
  both.insert(both.end(), second.begin(), second.end());
  x.send(NextHeader::Routing, both);
  EXPECT_EQ(x.node.drops("ip6.no_next_header"), 1u);
  x.stack.mutable_config().rules.one_routing_header = true;
  x.send(NextHeader::Routing, both);
  EXPECT_EQ(x.node.drops("ip6.second_routing_header"), 1u);
}

// --- Router Alert (RFC 2711) --------------------------------------------------------------------------------------------

struct AlertListener final : RouterAlertListener {
  bool on_router_alert(InputPacket& packet, std::uint16_t value) override {
    values.push_back(value);
    protocols.push_back(packet.next_header);
    size = packet.upper().size();
    return take;
  }
  bool take = true;
  std::vector<std::uint16_t> values;
  std::vector<NextHeader> protocols;
  std::size_t size = 0;
};

class RouterAlert : public ::testing::Test {
 protected:
  RouterAlert() {
    x.stack.add_address(x.interface, {.address = "2001:db8:1::1"_ip6, .skip_dad = true});
    x.stack.add_router_alert_listener(listener);
  }
  ~RouterAlert() { x.stack.remove_router_alert_listener(listener); }
  void send_through(std::uint8_t value) {
    x.send(NextHeader::HopByHopOptions,
           {200, 0, 5, 2, 0, value, 1, 0, 'd', 'a', 't', 'a'}, kTesterGlobal, "2001:db8:9::9"_ip6);
  }
  PacketExchange x{Ip6Config{.forwarding = true, .accept_router_advertisements = false}};
  AlertListener listener;
};

TEST_F(RouterAlert, PacketsOnTheirWayAreShownToThoseWhoAsked) {  // RFC 2711 §2.2
  send_through(1);
  EXPECT_EQ(listener.values, std::vector<std::uint16_t>{1});
  EXPECT_EQ(listener.protocols, std::vector{NextHeader{200}});
  EXPECT_EQ(listener.size, 4u);
  EXPECT_EQ(x.node.drops("ip6.no_route"), 0u) << "taken, so not forwarded";
}

TEST_F(RouterAlert, WhatNobodyTakesIsForwarded) {
  listener.take = false;
  send_through(0);
  EXPECT_EQ(listener.values.size(), 1u);
  EXPECT_EQ(x.node.drops("ip6.no_route"), 1u);  // it got as far as forwarding: there is no route
}

TEST_F(RouterAlert, AnOptionOfAnotherLengthIsAnUnknownOne) {  // RFC 2711 §2.1; type 5: 00, skipped
  x.send(NextHeader::HopByHopOptions, {200, 0, 5, 3, 0, 1, 0, 0}, kTesterGlobal, "2001:db8:9::9"_ip6);
  EXPECT_TRUE(listener.values.empty());
}

}  // namespace
}  // namespace kamesim::testing
