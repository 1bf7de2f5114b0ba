#include "protocols/dsmip6/messages.h"

#include <gtest/gtest.h>

#include "tests/unit/wire/hex.h"

namespace kamesim::dsmip6 {
namespace {

const auto kSource = "2001:db8:1::100"_ip6;
const auto kDestination = "2001:db8:1::1"_ip6;

MobilityHeaderView header_of(std::vector<std::uint8_t>& bytes) {
  fill_mobility_header_checksum(kSource, kDestination, bytes);
  return *MobilityHeaderView::check(bytes, kSource, kDestination);
}

// Fields and options as RFC 5555's figures 1, 2 and 3 have them.
constexpr std::string_view kUpdate =
    "3b030500 0000 0007 c1000069"
    "1d06 80 00 c000020a"   // IPv4 Home Address: /32
    "2006 0000 c6336414"    // IPv4 Care-of Address
    "0102 0000";

DualStackBindingUpdate update() {
  DualStackBindingUpdate m;
  m.update.sequence = SeqNum16(7);
  m.update.acknowledge = m.update.home_registration = true;
  m.update.lifetime = 420_s;
  m.force_udp = true;
  m.options.home_addresses = {{.address = 0xc000020a}};
  m.options.care_of = 0xc6336414;
  return m;
}

TEST(DualStackMessages, BindingUpdate) {  // RFC 5555 §3.1
  auto bytes = to_bytes(update());
  EXPECT_EQ(to_hex(bytes), to_hex(hex(kUpdate)));
  EXPECT_EQ(read_dual_stack_binding_update(header_of(bytes)), update());
}

// Figures 4 and 5.
constexpr std::string_view kAck =
    "3b030600 0000 00 00 0007 0069"
    "1e06 00 80 c000020a"      // IPv4 Address Acknowledgement: /32
    "1f06 8000 ffffffff"       // NAT Detection: F
    "0102 0000";

TEST(DualStackMessages, BindingAck) {  // §3.2
  DualStackBindingAck ack;
  ack.ack.sequence = SeqNum16(7);
  ack.ack.lifetime = 420_s;
  ack.options.acknowledgements = {{.status = 0, .prefix_length = 32, .address = 0xc000020a}};
  ack.options.nat_detection = NatDetection{true, kNoKeepalivesNeeded};
  auto bytes = to_bytes(ack);
  EXPECT_EQ(to_hex(bytes), to_hex(hex(kAck)));
  EXPECT_EQ(read_dual_stack_binding_ack(header_of(bytes)), ack);
}

TEST(DualStackMessages, PrefixIsAskedForByTheFlagBehindItsLength) {  // §3.1.1
  auto asked = update();
  asked.options.home_addresses = {{.address = 0, .prefix_length = 28, .prefix_requested = true}};
  auto bytes = to_bytes(asked);
  EXPECT_EQ(bytes[14], 28 << 2 | 2);
  EXPECT_EQ(read_dual_stack_binding_update(header_of(bytes)), asked);
}

TEST(DualStackMessages, ReservedBitsAreIgnored) {  // §3.1.1, §3.1.2
  auto bytes = hex(kUpdate);
  bytes[14] |= 0x01;
  bytes[15] = 0xff;
  bytes[22] = bytes[23] = 0xff;
  EXPECT_EQ(read_dual_stack_binding_update(header_of(bytes)), update());
}

TEST(DualStackMessages, OptionsOfAnotherLengthAreMalformed) {
  for (const std::string_view option :
       {"1d0580000000 00 00", "1e020000 0102 0000", "1f00 0104 00000000", "2004 00000000 00 00"}) {
    auto bytes = hex("3b020500 0000 0007 c0000069");
    const auto more = hex(option);
    bytes.insert(bytes.end(), more.begin(), more.end());
    bytes.resize(24);
    const Options options = read_dual_stack_binding_update(header_of(bytes)).options;
    EXPECT_TRUE(options.malformed) << option;
    EXPECT_TRUE(options.home_addresses.empty() && options.acknowledgements.empty() && !options.care_of) << option;
  }
}

TEST(DualStackMessages, TheFirstOfTwoCareOfAddressesCounts) {
  auto bytes = hex("3b030500 0000 0007 c0000069 2006 0000 c6336414 2006 0000 c6336415 0102 0000");
  EXPECT_EQ(read_dual_stack_binding_update(header_of(bytes)).options.care_of, 0xc6336414);
}

}  // namespace
}  // namespace kamesim::dsmip6
