#include "protocols/wire/checksum.h"

#include <gtest/gtest.h>

#include "tests/unit/wire/hex.h"

namespace kamesim {
namespace {

// RFC 1071 §1, word by word.
std::uint16_t plain_sum(Bytes bytes) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) sum += i % 2 == 0 ? bytes[i] << 8 : bytes[i];
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(sum);
}

TEST(InternetSum, GivesTheExampleOfRfc1071) {  // RFC 1071 §3
  const auto example = hex("0001 f203 f4f5 f6f7");
  EXPECT_EQ(InternetSum().add(example).folded(), 0xddf2);
  EXPECT_EQ(internet_checksum(example), 0x220d);
}

TEST(InternetSum, EqualsTheSumWordByWordAtEveryLength) {
  std::vector<std::uint8_t> bytes(1500);
  std::uint32_t x = 1;
  for (auto& b : bytes) b = static_cast<std::uint8_t>((x = x * 1664525 + 1013904223) >> 24);
  for (std::size_t n = 0; n <= bytes.size(); ++n) {
    const std::vector<std::uint8_t> exact(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(n));
    ASSERT_EQ(InternetSum().add(exact).folded(), plain_sum(exact)) << n;
  }
}

TEST(InternetSum, FoldsAllCarries) {
  const std::vector<std::uint8_t> ones(65536, 0xff);
  EXPECT_EQ(InternetSum().add(ones).folded(), 0xffff);
  EXPECT_EQ(InternetSum().add_be32(0xffff'ffff).add_be16(1).folded(), 0x0001);
}

TEST(InternetSum, AddsPartsInAnyOrder) {
  const auto a = hex("0001 f203");
  const auto b = hex("f4f5 f6f7");
  EXPECT_EQ(InternetSum().add(b).add(InternetSum().add(a)).folded(), 0xddf2);
}

// IPv6(src="2001:db8::1", dst="2001:db8::2") / UDP(sport=1234, dport=5678) / b"hello", Scapy 2.5.0
TEST(UpperLayerChecksum, AgreesWithScapyOnUdp) {
  auto udp = hex("04d2162e000d458d68656c6c6f");
  const auto source = "2001:db8::1"_ip6, destination = "2001:db8::2"_ip6;
  EXPECT_TRUE(upper_layer_checksum_ok(source, destination, NextHeader::Udp, udp));
  EXPECT_FALSE(upper_layer_checksum_ok(source, destination, NextHeader::Tcp, udp));
  EXPECT_FALSE(upper_layer_checksum_ok(source, "2001:db8::3"_ip6, NextHeader::Udp, udp));
  fill_upper_layer_checksum(source, destination, NextHeader::Udp, udp, 6);
  EXPECT_EQ(to_hex(udp), "04d2162e000d458d68656c6c6f");
  udp[6] ^= 1;
  EXPECT_FALSE(upper_layer_checksum_ok(source, destination, NextHeader::Udp, udp));
}

TEST(UpperLayerChecksum, SendsAllOnesForAZeroUdpChecksum) {  // RFC 8200 §8.1
  auto udp = hex("0000 0000 000a 0000 0000");
  // Chosen so that everything adds up to ffff: length 10 twice, next header 17.
  store_be16(udp.data() + 8, 0xffff - 10 - 10 - 17);
  fill_upper_layer_checksum(kUnspecified, kUnspecified, NextHeader::Udp, udp, 6);
  EXPECT_EQ(load_be16(udp.data() + 6), 0xffff);
  EXPECT_TRUE(upper_layer_checksum_ok(kUnspecified, kUnspecified, NextHeader::Udp, udp));
}

TEST(UpdatedChecksum, GivesTheExampleOfRfc1624) {  // RFC 1624 §4
  EXPECT_EQ(updated_checksum(0xdd2f, 0x5555, 0x3285), 0x0000);
}

}  // namespace
}  // namespace kamesim
