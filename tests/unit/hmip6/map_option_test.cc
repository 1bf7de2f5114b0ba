#include "protocols/hmip6/map_option.h"

#include <gtest/gtest.h>

#include "tests/unit/wire/hex.h"

namespace kamesim {
namespace {

// Scapy's ICMPv6NDOptMAP(dist=2, pref=14, R=0, validlifetime=3600, addr="2001:db8:5::1").
const auto kBytes = hex("17032e0000000e1020010db8000500000000000000000001");

std::optional<MapOption> parse(std::vector<std::uint8_t> bytes) {
  const auto options = NdOptions::check(bytes);
  return options ? options->find<MapOption>() : std::nullopt;
}

TEST(MapOption, ReadsItsFields) {  // RFC 5380 §5
  const auto map = parse(kBytes);
  ASSERT_TRUE(map);
  EXPECT_EQ(map->distance, 2);
  EXPECT_EQ(map->preference, 14);
  EXPECT_FALSE(map->rcoa_allocated);
  EXPECT_EQ(map->valid_lifetime, 3600_s);
  EXPECT_EQ(map->address, "2001:db8:5::1"_ip6);
}

TEST(MapOption, IsWrittenAsItWasRead) { EXPECT_EQ(to_bytes(*parse(kBytes)), kBytes); }

TEST(MapOption, ReadsTheRFlagAndIgnoresReservedBits) {
  auto bytes = kBytes;
  bytes[3] = 0xff;
  EXPECT_TRUE(parse(bytes)->rcoa_allocated);
  bytes[3] = 0x7f;
  EXPECT_FALSE(parse(bytes)->rcoa_allocated);
}

TEST(MapOption, ReadsInfinityAndFailure) {
  auto bytes = kBytes;
  std::fill(bytes.begin() + 4, bytes.begin() + 8, 0xff);
  EXPECT_EQ(parse(bytes)->valid_lifetime, kInfiniteLifetime);
  EXPECT_EQ(to_bytes(*parse(bytes)), bytes);
  std::fill(bytes.begin() + 4, bytes.begin() + 8, 0);
  EXPECT_EQ(parse(bytes)->valid_lifetime, 0_s);
}

TEST(MapOption, IgnoresADistanceOfZero) {  // "MUST NOT be used"
  auto bytes = kBytes;
  bytes[2] = 0x0e;
  EXPECT_FALSE(parse(bytes));
}

TEST(MapOption, IgnoresAddressesThatAreNotGlobalUnicast) {
  for (const char* address : {"::", "::1", "fe80::1", "ff0e::1", "::ffff:192.0.2.1"}) {
    MapOption option = *parse(kBytes);
    option.address = *Ipv6Address::parse(address);
    EXPECT_FALSE(parse(to_bytes(option))) << address;
  }
}

TEST(MapOption, IgnoresOtherLengths) {  // "MUST be set to 3"
  auto longer = kBytes;
  longer[1] = 4;
  longer.resize(32);
  EXPECT_FALSE(parse(longer));
  auto shorter = kBytes;
  shorter[1] = 2;
  shorter.resize(16);
  EXPECT_FALSE(parse(shorter));
}

}  // namespace
}  // namespace kamesim
