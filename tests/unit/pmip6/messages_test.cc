#include "protocols/pmip6/messages.h"

#include <gtest/gtest.h>

#include "tests/unit/wire/hex.h"

namespace kamesim::pmip6 {
namespace {


// Put together by Scapy 2.5.0, whose aligned options pad them; tshark names every field as it is meant.
const auto kSource = "2001:db8::1"_ip6;
const auto kDestination = "2001:db8::2"_ip6;
constexpr std::string_view kUpdate =
    "3b0a05003c8e0007820003840810016d6e31406578616d706c652e6e65740104000000001612004000000000000000000000000000000000"
    "170200011802000401001b080000000003e88000190800000200000001020100";
constexpr std::string_view kAck =
    "3b0f060034e60020000703840810016d6e31406578616d706c652e6e65740104000000001612004020010db8ff0000000000000000000000"
    "010200001612004020010db8ff0000010000000000000000170200011802000401001b080000000003e88000190800000200000001021a10"
    "fe800000000000000000000000000001";

Options options() {
  return {.mobile_node = MobileNodeIdentifier{.identifier = "mn1@example.net"},
          .home_network_prefixes = {Ipv6Prefix(kUnspecified, 64)},
          .handoff_indicator = kAttachmentOverNewInterface,
          .access_technology = kAccessWirelessLan,
          .timestamp = (Timestamp{1000} << 16) | 0x8000,
          .link_layer_identifier = link_layer_identifier(*MacAddress::parse("02:00:00:00:01:02")),
          .link_local_address = {}};
}

ProxyBindingUpdate update() {
  return {.sequence = SeqNum16(7), .acknowledge = true, .lifetime = 3600_s, .alternate_care_of_address = {},
          .options = options()};
}

MobilityHeaderView header_of(std::vector<std::uint8_t>& bytes) {
  fill_mobility_header_checksum(kSource, kDestination, bytes);
  return *MobilityHeaderView::check(bytes, kSource, kDestination);
}

// Why the update is refused once its checksum is made correct; null if it is not.
DropReason refusal(std::vector<std::uint8_t> bytes) {
  const auto read = read_proxy_binding_update(header_of(bytes));
  return read ? nullptr : read.error();
}

TEST(ProxyMessages, ProxyBindingUpdate) {  // RFC 5213 §8.1
  auto bytes = hex(kUpdate);
  const auto mh = MobilityHeaderView::check(bytes, kSource, kDestination);
  ASSERT_TRUE(mh);
  EXPECT_TRUE(BindingUpdateView(*mh).proxy_registration());
  EXPECT_EQ(read_proxy_binding_update(*mh), update());
  auto out = to_bytes(update());
  fill_mobility_header_checksum(kSource, kDestination, out);
  EXPECT_EQ(to_hex(out), to_hex(bytes));
}

TEST(ProxyMessages, ProxyBindingAckWithTwoPrefixesAndALinkLocalAddress) {  // RFC 5213 §8.2
  ProxyBindingAck ack{.status = 0, .sequence = SeqNum16(7), .lifetime = 3600_s, .options = options()};
  ack.options.home_network_prefixes = {"2001:db8:ff00::/64"_ip6net, "2001:db8:ff00:1::/64"_ip6net};
  ack.options.link_local_address = "fe80::1"_ip6;
  auto bytes = hex(kAck);
  const auto mh = MobilityHeaderView::check(bytes, kSource, kDestination);
  ASSERT_TRUE(mh);
  EXPECT_TRUE(BindingAckView(*mh).proxy_registration());
  EXPECT_EQ(read_proxy_binding_ack(*mh), ack);
  auto out = to_bytes(ack);
  fill_mobility_header_checksum(kSource, kDestination, out);
  EXPECT_EQ(to_hex(out), to_hex(bytes));
}

TEST(ProxyMessages, KeepTheAlternateCareOfAddressAndTheRefreshAdvice) {
  ProxyBindingUpdate with_other = update();
  with_other.alternate_care_of_address = "2001:db8:7::1"_ip6;
  auto bytes = to_bytes(with_other);
  EXPECT_EQ(read_proxy_binding_update(header_of(bytes)), with_other);
  ProxyBindingAck ack{.status = 0, .sequence = SeqNum16(7), .lifetime = 3600_s, .options = options(),
                      .refresh_interval = 400_s};
  bytes = to_bytes(ack);
  EXPECT_EQ(read_proxy_binding_ack(header_of(bytes)), ack);
}

TEST(ProxyMessages, RefuseOptionsWithAWrongLength) {  // RFC 5213 §8.3 to §8.8, RFC 4283 §3
  struct {
    std::uint8_t type;
    std::uint8_t right;
  } cases[] = {{kHomeNetworkPrefixOption, 18}, {kHandoffIndicatorOption, 2}, {kAccessTechnologyTypeOption, 2},
               {kLinkLocalAddressOption, 16}, {kTimestampOption, 8}};
  for (const auto& c : cases) {
    for (const int wrong : {0, 1, c.right - 1, c.right + 1}) {
      if (wrong == c.right || wrong < 0) continue;
      std::vector<std::uint8_t> bytes = hex("3b00050000000007820003840000");
      bytes.resize(12);
      bytes.push_back(c.type);
      bytes.push_back(static_cast<std::uint8_t>(wrong));
      bytes.resize(bytes.size() + static_cast<std::size_t>(wrong));
      while (bytes.size() % 8 != 0) bytes.push_back(0);
      bytes[kMhHeaderLenOffset] = static_cast<std::uint8_t>(bytes.size() / 8 - 1);
      EXPECT_EQ(refusal(bytes), &kBadOptionLength) << int{c.type} << ' ' << wrong;
    }
  }
  EXPECT_EQ(refusal(hex("3b010500000000078200038408000000")), &kBadOptionLength);  // no subtype
  EXPECT_EQ(refusal(hex("3b010500000000078200038419010000")), &kBadOptionLength);  // half of the reserved field
  std::vector<std::uint8_t> long_prefix = hex(kUpdate);
  long_prefix[0x24 + 3] = 129;
  ASSERT_EQ(long_prefix[0x24], kHomeNetworkPrefixOption);
  EXPECT_EQ(refusal(long_prefix), &kBadPrefixLength);
}

TEST(ProxyMessages, TakeTheFirstOfWhatStandsThereOnce) {  // RFC 5213 §8.1
  // Handoff Indicator 1, then 3, and an option of an unknown type.
  std::vector<std::uint8_t> bytes = hex("3b0205000000000782000384170200011702000363020000");
  const auto read = read_proxy_binding_update(header_of(bytes));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->options, (Options{.mobile_node = {}, .home_network_prefixes = {}, .handoff_indicator = 1,
                                    .access_technology = {}, .timestamp = {}, .link_layer_identifier = {},
                                    .link_local_address = {}}));
}

TEST(Timestamps, CountSecondsIn48BitsAndFractionsIn16) {  // RFC 5213 §8.8
  EXPECT_EQ(timestamp_of(Time::from_ns(1'500'000'000)), (Timestamp{1} << 16) | 0x8000);
  EXPECT_EQ(time_of((Timestamp{1} << 16) | 0x8000), Time::from_ns(1'500'000'000));
  EXPECT_EQ(timestamp_of(Time::from_ns(-1)), 0u);
  EXPECT_EQ(time_of(~Timestamp{0}), Time::max());
  for (const std::int64_t ns : {0L, 15'259L, 999'999'999L, 123'456'789'012L}) {
    const Duration lost = Time::from_ns(ns) - time_of(timestamp_of(Time::from_ns(ns)));
    EXPECT_GE(lost, Duration()) << ns;
    EXPECT_LT(lost, 16_us) << ns;
  }
}

}  // namespace
}  // namespace kamesim::pmip6
