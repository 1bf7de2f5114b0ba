#include "protocols/mcoa/traffic_selector.h"

#include <gtest/gtest.h>

#include "tests/unit/wire/hex.h"

namespace kamesim::mcoa {
namespace {

const auto kHome = "2001:db8:1::100"_ip6;
const auto kPeer = "2001:db8:d::1"_ip6;

FlowFields udp(std::uint16_t source_port, std::uint16_t destination_port) {
  return {.source = kPeer, .destination = kHome, .flow_label = 0x12345, .traffic_class = 0xb9, .protocol = 17,
          .source_port = source_port, .destination_port = destination_port, .spi = {}};
}

TEST(TrafficSelector, EveryFieldIsReadAsItWasWritten) {  // RFC 6088 §3.2
  const TrafficSelector all{.source = SelectorRange<Ipv6Address>{kPeer, "2001:db8:d::ffff"_ip6},
                            .destination = SelectorRange<Ipv6Address>{kHome, kHome},
                            .spi = SelectorRange<std::uint32_t>{256, 512},
                            .flow_label = SelectorRange<std::uint32_t>{1, 0xfffff},
                            .source_port = SelectorRange<std::uint16_t>{7, 7},
                            .destination_port = SelectorRange<std::uint16_t>{4000, 4999},
                            .traffic_class = SelectorRange<std::uint8_t>{0xb8, 0xb8},
                            .protocol = SelectorRange<std::uint8_t>{6, 17}};
  const auto bytes = to_bytes(all);
  EXPECT_EQ(parse_traffic_selector(bytes), all);
  for_each_truncation(bytes, [](Bytes cut) { EXPECT_FALSE(parse_traffic_selector(cut)); });
}

TEST(TrafficSelector, FlagsAreInTheOrderOfTheFields) {
  TrafficSelector ports;
  ports.destination_port = SelectorRange<std::uint16_t>{80, 81};
  ports.protocol = SelectorRange<std::uint8_t>{6, 6};
  EXPECT_EQ(to_hex(to_bytes(ports)), "00320000" "0050" "0051" "06");  // K, L and O
}

TEST(TrafficSelector, EndNeedsAStartThatIsNotBehindIt) {
  EXPECT_TRUE(parse_traffic_selector(hex("00000000")));
  EXPECT_FALSE(parse_traffic_selector(hex("00100000 0050")));       // L alone
  EXPECT_FALSE(parse_traffic_selector(hex("00300000 0051 0050")));
}

TEST(TrafficSelector, AllThatItNamesHasToMatch) {
  TrafficSelector s;
  EXPECT_TRUE(s.matches(udp(1, 2)));
  s.source_port = SelectorRange<std::uint16_t>{5000, 5010};
  EXPECT_TRUE(s.matches(udp(5010, 2)));
  EXPECT_FALSE(s.matches(udp(5011, 2)));
  s.protocol = SelectorRange<std::uint8_t>{6, 6};
  EXPECT_FALSE(s.matches(udp(5000, 2)));
}

TEST(TrafficSelector, PacketWithoutPortsHasNone) {
  TrafficSelector s;
  s.destination_port = SelectorRange<std::uint16_t>{0, 0xffff};
  FlowFields icmp = udp(1, 2);
  icmp.source_port.reset();
  icmp.destination_port.reset();
  EXPECT_FALSE(s.matches(icmp));
}

TEST(TrafficSelector, EcnIsIgnored) {  // RFC 6088 §3.2, DS
  TrafficSelector s;
  s.traffic_class = SelectorRange<std::uint8_t>{0xba, 0xba};
  EXPECT_TRUE(s.matches(udp(1, 2)));  // 0xb9
  s.traffic_class = SelectorRange<std::uint8_t>{0xbc, 0xbc};
  EXPECT_FALSE(s.matches(udp(1, 2)));
}

TEST(FlowFields, AreFoundBehindExtensionHeaders) {
  // Destination Options, then UDP from 4000 to 7.
  const auto packet = hex("6b912345 0010 3c 40 20010db8000d00000000000000000001 20010db8000100000000000000000100"
                          "11 00 01 04 00000000 0fa0 0007 0008 0000");
  const FlowFields f = flow_fields(packet);
  EXPECT_EQ(f.protocol, 17);
  EXPECT_EQ(f.source_port, 4000);
  EXPECT_EQ(f.destination_port, 7);
  EXPECT_EQ(f.flow_label, 0x12345u);
  EXPECT_EQ(f.traffic_class, 0xb9);
  EXPECT_EQ(f.reversed().source, kHome);
  EXPECT_EQ(f.reversed().source_port, 7);
}

TEST(FlowFields, FragmentsButTheFirstHaveNoPorts) {
  const auto packet = hex("60000000 0010 2c 40 20010db8000d00000000000000000001 20010db8000100000000000000000100"
                          "11 00 0008 00000001 0fa0 0007 0008 0000");
  const FlowFields f = flow_fields(packet);
  EXPECT_EQ(f.protocol, 17);
  EXPECT_FALSE(f.source_port);
}

}  // namespace
}  // namespace kamesim::mcoa
