#include "protocols/wire/icmp6.h"

#include <gtest/gtest.h>

#include "tests/unit/wire/hex.h"

namespace kamesim {
namespace {

// Every message: IPv6(src="2001:db8::1", dst="2001:db8::2") / ..., Scapy 2.5.0, without the IPv6 header.
const auto kSource = "2001:db8::1"_ip6;
const auto kDestination = "2001:db8::2"_ip6;

// IPv6(src="2001:db8::2", dst="2001:db8::1") / UDP(sport=1, dport=2)
const auto kInvoking = hex(
    "6000000000081140 20010db8000000000000000000000002 20010db8000000000000000000000001 000100020008a466");

template <typename Message>
std::string emitted(const Message& message) {
  auto bytes = to_bytes(message);
  fill_icmp6_checksum(kSource, kDestination, bytes);
  return to_hex(bytes);
}

TEST(Icmp6, ReadsAndWritesErrorMessages) {  // RFC 4443 §3
  struct {
    Icmp6Error message;
    std::string_view header;
  } cases[] = {
      // ICMPv6DestUnreach(code=3)
      {Icmp6Error::destination_unreachable(DestinationUnreachableCode::AddressUnreachable, kInvoking),
       "010331e600000000"},
      // ICMPv6PacketTooBig(mtu=1280)
      {Icmp6Error::packet_too_big(1280, kInvoking), "02002be900000500"},
      // ICMPv6TimeExceeded(code=0)
      {Icmp6Error::time_exceeded(TimeExceededCode::HopLimitExceeded, kInvoking), "03002fe900000000"},
      // ICMPv6ParamProblem(code=2, ptr=42)
      {Icmp6Error::parameter_problem(ParameterProblemCode::UnrecognizedOption, 42, kInvoking), "04022ebd0000002a"},
  };
  for (const auto& c : cases) {
    const std::string expected = std::string(c.header) + to_hex(kInvoking);
    EXPECT_EQ(emitted(c.message), expected);
    const auto bytes = hex(expected);
    EXPECT_TRUE(Icmp6View::check(bytes)->checksum_ok(kSource, kDestination));
    const auto view = Icmp6ErrorView::check(bytes);
    ASSERT_TRUE(view);
    EXPECT_EQ(view->type(), c.message.type);
    EXPECT_EQ(view->code(), c.message.code);
    EXPECT_EQ(view->parameter(), c.message.parameter);
    EXPECT_EQ(to_hex(view->invoking_packet()), to_hex(kInvoking));
    EXPECT_TRUE(is_error(view->type()));
  }
}

TEST(Icmp6, ReadsAndWritesEcho) {  // RFC 4443 §4
  const auto data = hex("6162636465666768");
  // ICMPv6EchoRequest(id=0x1234, seq=7, data=b"abcdefgh")
  const auto request = hex("8000806f12340007 6162636465666768");
  EXPECT_EQ(emitted(Icmp6Echo{Icmp6Type::EchoRequest, 0x1234, 7, data}), to_hex(request));
  // ICMPv6EchoReply(id=0x1234, seq=7, data=b"abcdefgh")
  EXPECT_EQ(emitted(Icmp6Echo{Icmp6Type::EchoReply, 0x1234, 7, data}), "81007f6f123400076162636465666768");
  const auto view = Icmp6EchoView::check(request);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->type(), Icmp6Type::EchoRequest);
  EXPECT_EQ(view->identifier(), 0x1234);
  EXPECT_EQ(view->sequence_number(), 7);
  EXPECT_EQ(to_hex(view->data()), to_hex(data));
  EXPECT_FALSE(is_error(view->type()));
}

TEST(Icmp6, SeesAWrongChecksum) {
  auto request = hex("8000806f12340007 6162636465666768");
  EXPECT_EQ(Icmp6View::check(request)->checksum(), 0x806f);
  EXPECT_TRUE(Icmp6View::check(request)->checksum_ok(kSource, kDestination));
  EXPECT_FALSE(Icmp6View::check(request)->checksum_ok(kSource, "2001:db8::3"_ip6));
  request.back() ^= 1;
  EXPECT_FALSE(Icmp6View::check(request)->checksum_ok(kSource, kDestination));
}

TEST(Icmp6, RefusesEveryTruncationOfTheHeader) {
  for_each_truncation(hex("8000806f12340007"), [](Bytes cut) {
    EXPECT_EQ(Icmp6EchoView::check(cut).error(), &kIcmp6Truncated);
    EXPECT_EQ(Icmp6ErrorView::check(cut).error(), &kIcmp6Truncated);
    EXPECT_EQ(Icmp6View::check(cut).has_value(), cut.size() >= kIcmp6HeaderSize);
  });
}

}  // namespace
}  // namespace kamesim
