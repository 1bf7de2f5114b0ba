#include "protocols/wire/ipv4_header.h"

#include <gtest/gtest.h>

#include "protocols/wire/arp.h"
#include "protocols/wire/icmp4.h"
#include "tests/unit/wire/hex.h"

namespace kamesim {
namespace {

// IP(src="192.0.2.1", dst="198.51.100.2", id=0x1234, flags="DF", ttl=63, tos=0xb9) / UDP(sport=7, dport=9) / b"abcd",
// Scapy 2.5.0
const auto kPacket = hex("45b90020 12344000 3f113ca9 c0000201 c6336402 00070009 000c4ec8 61626364");
// IP(src="192.0.2.1", dst="198.51.100.2", options=[IPOption_LSRR(routers=["10.0.0.1"]), IPOption_NOP()]) / b"x", the same
const auto kWithOptions = hex("4700001d 00010000 40000497 c0000201 c6336402 8307040a 00000101 78");

TEST(Ipv4Header, ReadsEveryField) {
  const auto header = Ipv4HeaderView::check(kPacket);
  ASSERT_TRUE(header);
  EXPECT_EQ(header->header_size(), 20u);
  EXPECT_EQ(header->type_of_service(), 0xb9);
  EXPECT_EQ(header->total_length(), 32);
  EXPECT_EQ(header->identification(), 0x1234);
  EXPECT_TRUE(header->dont_fragment());
  EXPECT_FALSE(header->more_fragments());
  EXPECT_EQ(header->fragment_offset(), 0);
  EXPECT_FALSE(header->is_fragment());
  EXPECT_EQ(header->ttl(), 63);
  EXPECT_EQ(header->protocol(), NextHeader::Udp);
  EXPECT_EQ(ipv4_to_string(header->source()), "192.0.2.1");
  EXPECT_EQ(ipv4_to_string(header->destination()), "198.51.100.2");
  EXPECT_EQ(header->payload().size(), 12u);
}

TEST(Ipv4Header, WritesWhatItRead) {
  std::vector<std::uint8_t> out(kIpv4HeaderSize);
  Ipv4Header{.type_of_service = 0xb9, .total_length = 32, .identification = 0x1234, .dont_fragment = true, .ttl = 63,
             .protocol = NextHeader::Udp, .source = 0xc0000201, .destination = 0xc6336402}
      .write(out.data());
  EXPECT_EQ(to_hex(out), to_hex(Bytes(kPacket).first(kIpv4HeaderSize)));
}

TEST(Ipv4Header, RefusesEveryTruncation) {
  for_each_truncation(kPacket, [](Bytes cut) { EXPECT_EQ(Ipv4HeaderView::check(cut).error(), &kIp4Truncated); });
}

TEST(Ipv4Header, RefusesEveryFlippedBitOfTheHeader) {  // RFC 1122 §3.2.1.2
  for (std::size_t bit = 0; bit < 8 * kIpv4HeaderSize; ++bit) {
    auto packet = kPacket;
    packet[bit / 8] ^= static_cast<std::uint8_t>(0x80 >> bit % 8);
    EXPECT_FALSE(Ipv4HeaderView::check(packet)) << "bit " << bit;
  }
}

TEST(Ipv4Header, LeavesPaddingOut) {
  auto padded = kPacket;
  padded.resize(46, 0xee);
  EXPECT_EQ(Ipv4HeaderView::check(padded)->packet().size(), 32u);
}

TEST(Ipv4Header, ReadsAQuotationWhoseChecksumAndRestAreGone) {
  auto quoted = std::vector<std::uint8_t>(kPacket.begin(), kPacket.begin() + 28);
  quoted[8] = 1;  // the TTL, as routers changed it
  const auto header = Ipv4HeaderView::check_quoted(quoted);
  ASSERT_TRUE(header);
  EXPECT_EQ(header->payload().size(), 8u);
}

TEST(Ipv4HeaderEditor, KeepsTheChecksumRight) {  // RFC 1624 §3
  auto packet = kPacket;
  for (int hop = 0; hop < 62; ++hop) {
    Ipv4HeaderEditor(packet.data()).decrement_ttl();
    const auto header = Ipv4HeaderView::check(packet);
    ASSERT_TRUE(header) << "after hop " << hop;
    ASSERT_EQ(header->ttl(), 62 - hop);
  }
  for (unsigned tos = 0; tos < 256; ++tos) {
    Ipv4HeaderEditor(packet.data()).set_type_of_service(static_cast<std::uint8_t>(tos));
    ASSERT_EQ(Ipv4HeaderView::check(packet)->type_of_service(), tos);
  }
}

TEST(Ipv4HeaderEditor, TellsTheExtentOfAFragment) {
  auto packet = kPacket;
  Ipv4HeaderEditor(packet.data()).set_extent(28, 1480, true);
  const auto header = Ipv4HeaderView::check(packet);
  ASSERT_TRUE(header);
  EXPECT_EQ(header->total_length(), 28);
  EXPECT_EQ(header->fragment_offset(), 1480);
  EXPECT_TRUE(header->more_fragments());
  EXPECT_TRUE(header->dont_fragment());
}

TEST(Ipv4Options, AreWalkedThrough) {
  const auto header = Ipv4HeaderView::check(kWithOptions);
  ASSERT_TRUE(header);
  EXPECT_EQ(header->header_size(), 28u);
  Ipv4OptionWalk walk(header->options());
  const auto option = walk.next();
  ASSERT_TRUE(option);
  EXPECT_EQ(option->front(), kIpv4LooseSourceRoute);
  EXPECT_FALSE(walk.next());
}

TEST(Ipv4Options, SayWhereTheyCannotBeRead) {
  for (const auto& [text, at] : {std::pair{"01018300", 2u}, {"83", 0u}, {"010107ff", 2u}, {"8301", 0u}}) {
    const auto options = hex(text);
    Ipv4OptionWalk walk(options);
    EXPECT_FALSE(walk.next()) << text;
    EXPECT_EQ(walk.malformed_at(), at) << text;
  }
  const auto ended = hex("0100ffff");
  Ipv4OptionWalk walk(ended);
  EXPECT_FALSE(walk.next());
  EXPECT_FALSE(walk.malformed_at());
}

TEST(Ipv4Address, TextAndBack) {
  for (const char* text : {"0.0.0.0", "192.0.2.1", "255.255.255.255"}) {
    EXPECT_EQ(ipv4_to_string(*parse_ipv4(text)), text);
    EXPECT_EQ(ip_to_string(*parse_ip_address(text)), text);
  }
  for (const char* text : {"", "1.2.3", "1.2.3.4.5", "256.0.0.1", "01.2.3.4", "1.2.3.4 ", "1..2.3", "-1.2.3.4"}) {
    EXPECT_FALSE(parse_ipv4(text)) << text;
  }
  EXPECT_EQ(ip_to_string(*parse_ip_prefix("10.0.0.0/8")), "10.0.0.0/8");
  EXPECT_EQ(parse_ip_prefix("10.0.0.0/8")->length(), 104u);
  for (const char* text : {"10.0.0.0", "10.0.0.0/33", "10.0.0.0/", "10.0.0/8"}) EXPECT_FALSE(parse_ip_prefix(text));
}

TEST(Ipv4Address, DirectedBroadcasts) {  // RFC 919 §7, RFC 3021 §2.1
  EXPECT_TRUE(ipv4_is_directed_broadcast(0xc00002ff, 0xc0000201, 24));
  EXPECT_FALSE(ipv4_is_directed_broadcast(0xc00003ff, 0xc0000201, 24));
  EXPECT_FALSE(ipv4_is_directed_broadcast(0xc00002fe, 0xc0000201, 24));
  EXPECT_TRUE(ipv4_is_directed_broadcast(0xc0000203, 0xc0000201, 30));
  EXPECT_FALSE(ipv4_is_directed_broadcast(0xc0000201, 0xc0000200, 31));
  EXPECT_FALSE(ipv4_is_directed_broadcast(0xc0000201, 0xc0000201, 32));
}

TEST(Icmp4, ErrorsInTheWordsOfIcmp6) {  // RFC 7915 §4.2
  const auto say = [](std::uint8_t type, std::uint8_t code, std::uint32_t rest) {
    std::vector<std::uint8_t> message(8 + 28);
    message[0] = type, message[1] = code;
    store_be32(message.data() + 4, rest);
    fill_icmp4_checksum(message);
    return in_words_of_icmp6(*Icmp4View::check(message));
  };
  EXPECT_EQ(say(3, 3, 0)->code, static_cast<std::uint8_t>(DestinationUnreachableCode::PortUnreachable));
  EXPECT_EQ(say(3, 4, 1300)->type, Icmp6Type::PacketTooBig);
  EXPECT_EQ(say(3, 4, 0xffff0514)->parameter, 1300u);  // RFC 1191 §4: the upper half is unused
  EXPECT_EQ(say(3, 2, 0)->type, Icmp6Type::ParameterProblem);
  EXPECT_EQ(say(11, 0, 0)->type, Icmp6Type::TimeExceeded);
  EXPECT_EQ(say(12, 0, 9u << 24)->parameter, 9u);
  EXPECT_FALSE(say(4, 0, 0));  // RFC 6633
  EXPECT_FALSE(say(3, 99, 0));
}

TEST(Icmp4, PlateausOfPathMtus) {  // RFC 1191 §7.1
  EXPECT_EQ(plateau_below(1500), 1492u);
  EXPECT_EQ(plateau_below(1492), 1006u);
  EXPECT_EQ(plateau_below(100), 68u);
}

TEST(Arp, ReadsAndWrites) {
  // ARP(op=2, hwsrc="02:00:00:00:00:01", psrc="192.0.2.1", hwdst="02:00:00:00:00:99", pdst="192.0.2.99"), Scapy 2.5.0
  const auto bytes = hex("0001 0800 06 04 0002 020000000001 c0000201 020000000099 c0000263");
  const auto message = ArpMessage::parse(bytes);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->operation, ArpOperation::Reply);
  EXPECT_EQ(ipv4_to_string(message->target), "192.0.2.99");
  std::vector<std::uint8_t> out(kArpSize);
  message->write(out.data());
  EXPECT_EQ(out, bytes);
  for_each_truncation(bytes, [](Bytes cut) { EXPECT_EQ(ArpMessage::parse(cut).error(), &kArpTruncated); });
  for (const std::size_t at : {1u, 2u, 4u, 5u, 7u}) {
    auto other = bytes;
    other[at] ^= 0x10;
    EXPECT_EQ(ArpMessage::parse(other).error(), &kArpUnknownKind) << at;
  }
}

}  // namespace
}  // namespace kamesim
