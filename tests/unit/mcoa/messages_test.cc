#include "protocols/mcoa/messages.h"

#include <gtest/gtest.h>

#include "protocols/mcoa/status.h"
#include "tests/unit/wire/hex.h"

namespace kamesim::mcoa {
namespace {

const auto kSource = "2001:db8::1"_ip6;
const auto kDestination = "2001:db8::2"_ip6;
const auto kCareOf = "2001:db8:b::100"_ip6;

MobilityHeaderView header_of(std::vector<std::uint8_t>& bytes) {
  fill_mobility_header_checksum(kSource, kDestination, bytes);
  return *MobilityHeaderView::check(bytes, kSource, kDestination);
}

// Fields and option as RFC 5648's figures 4 and 5 have them; Wireshark 4.0 names each as it is meant.
constexpr std::string_view kUpdate =
    "3b040500 0000 0007 c0400069 0104 00000000"
    "2314 0001 00 05 20010db8000b00000000000000000100";

MultipleBindingUpdate update() {
  MultipleBindingUpdate m;
  m.update.sequence = SeqNum16(7);
  m.update.acknowledge = m.update.home_registration = true;
  m.update.lifetime = 420_s;
  m.overwrite = true;
  m.options.bindings = {{.bid = 1, .priority = 5, .form = BindingIdentifier::CareOf::Ipv6, .care_of = kCareOf}};
  return m;
}

TEST(MultipleBindingMessages, BindingUpdate) {  // RFC 5648 §4.2, §4.3
  auto bytes = to_bytes(update());
  EXPECT_EQ(to_hex(bytes), to_hex(hex(kUpdate)));
  EXPECT_EQ(read_multiple_binding_update(header_of(bytes)), update());
}

TEST(MultipleBindingMessages, BindingIdentifierHasThreeLengths) {  // RFC 5648 §4.3
  MultipleBindingUpdate m = update();
  m.options.bindings.push_back({.bid = 2, .home_and_foreign = true});
  m.options.bindings.push_back({.bid = 3, .priority = kMaxBidPriority, .form = BindingIdentifier::CareOf::Ipv4,
                                .care_of = "::ffff:192.0.2.7"_ip6});
  auto bytes = to_bytes(m);
  EXPECT_EQ(read_multiple_binding_update(header_of(bytes)), m);
}

TEST(MultipleBindingMessages, OptionsStandWhereTheyAreAligned) {  // 8n+2 with a care-of address, 2n without
  MultipleBindingUpdate m = update();
  m.options.bindings.insert(m.options.bindings.begin(), {.bid = 9});
  auto bytes = to_bytes(m);
  for (const Tlv option : header_of(bytes).options()) {
    if (option.type != kBindingIdentifierOption) continue;
    if (option.data.size() == 20) EXPECT_EQ(option.offset % 8, 2u);
    else EXPECT_EQ(option.offset % 2, 0u);
  }
}

TEST(MultipleBindingMessages, OtherLengthsAreToldApart) {  // RFC 5648 §6.2: they are answered, not discarded
  for (const std::string_view option : {"2300 0100 0000 0000", "2303 000100 010100", "2305 0001000000 00"}) {
    auto bytes = hex("3b010500 0000 0007 c0000069");
    const auto more = hex(option);
    bytes.insert(bytes.end(), more.begin(), more.end());
    bytes.resize(24);
    bytes[1] = 2;
    const Options read = read_multiple_binding_update(header_of(bytes)).options;
    EXPECT_TRUE(read.malformed) << option;
    EXPECT_TRUE(read.bindings.empty()) << option;
    EXPECT_FALSE(read.none()) << option;
  }
}

TEST(MultipleBindingMessages, BindingAckWithStatusOfEachBinding) {  // RFC 5648 §6.2
  MultipleBindingAck m;
  m.ack.status = kNotComplete;
  m.ack.sequence = SeqNum16(9);
  m.ack.lifetime = 60_s;
  m.options.bindings = {{.bid = 1, .priority = 10}, {.bid = 2, .status = kUnknownCareOfAddress, .priority = 20}};
  auto bytes = to_bytes(m);
  EXPECT_EQ(read_multiple_binding_ack(header_of(bytes)), m);
}

TEST(FlowOptions, AreReadAsTheyWereWritten) {  // RFC 6089 §4.2
  MultipleBindingUpdate m = update();
  m.options.flows = {{.fid = 4, .priority = 10, .status = 0,
                      .selector = FlowIdentification::Selector{kIpv6BinarySelector, hex("00010000 06 06")},
                      .bids = std::vector<std::uint16_t>{1, 2}},
                     {.fid = 5, .priority = 20, .status = 0, .selector = {}, .bids = std::vector<std::uint16_t>{2}},
                     {.fid = 6, .priority = 30, .status = kFlowFidNotFound, .selector = {}, .bids = {}}};
  m.options.flow_summary = {7, 8};
  auto bytes = to_bytes(m);
  EXPECT_EQ(read_multiple_binding_update(header_of(bytes)), m);
}

TEST(FlowOptions, SummaryIsCutIntoOptions) {  // RFC 6089 §5.2.3: "up to 127 FIDs"
  MultipleBindingUpdate m = update();
  for (std::uint16_t fid = 1; fid <= 200; ++fid) m.options.flow_summary.push_back(fid);
  auto bytes = to_bytes(m);
  EXPECT_EQ(read_multiple_binding_update(header_of(bytes)), m);
}

Options flow_option(std::string_view data) {
  auto bytes = hex("3b000500 0000 0007 c0000069");
  const auto option = hex(data);
  bytes.push_back(kFlowIdentificationOption);
  bytes.push_back(static_cast<std::uint8_t>(option.size()));
  bytes.insert(bytes.end(), option.begin(), option.end());
  bytes.resize((bytes.size() + 7) / 8 * 8);
  bytes[1] = static_cast<std::uint8_t>(bytes.size() / 8 - 1);
  return read_multiple_binding_update(header_of(bytes)).options;
}

TEST(FlowOptions, MalformedOnesAreToldApart) {
  struct {
    std::string_view data;
    bool malformed;
  } cases[] = {
      {"0004 000a 00 00", false},
      {"0004 000a 00", true},                                // too short for its fields
      {"0004 000a 00 00 00 0101 00 0202 0001", false},       // padding between (§4.2.1.1, §4.2.1.2)
      {"0004 000a 00 00 fb02 0000 0202 0001", false},        // §4.2.1: unknown, skipped
      {"0004 000a 00 00 0202 0001 0202 0002", true},         // §4.2.1.3: no more than one
      {"0004 000a 00 00 0304 0200 0000 0304 0200 0000", true},  // §4.2.1.4: no more than one
      {"0004 000a 00 00 0200", true},                        // no BID
      {"0004 000a 00 00 0203 000100", true},
      {"0004 000a 00 00 0208 0001", true},                   // reaches beyond the option
  };
  for (const auto& c : cases) {
    const Options read = flow_option(c.data);
    ASSERT_EQ(read.flows.size(), 1u) << c.data;
    EXPECT_EQ(read.flows.front().malformed, c.malformed) << c.data;
    EXPECT_EQ(read.flows.front().fid, 4) << c.data;
  }
}

}  // namespace
}  // namespace kamesim::mcoa
