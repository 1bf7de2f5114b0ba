#include "protocols/ipsec/ah.h"

#include <gtest/gtest.h>

#include <string>

#include "protocols/ipsec/ah_mutable.h"
#include "tests/unit/wire/hex.h"

namespace kamesim::ipsec {
namespace {

using ByteVector = std::vector<std::uint8_t>;

ByteVector counting_key(std::size_t size) {
  ByteVector key(size);
  for (std::size_t i = 0; i < size; ++i) key[i] = static_cast<std::uint8_t>(i);
  return key;
}
AhTransform make(Integrity id) {
  return AhTransform(algorithm(id), counting_key(algorithm(id).key.max_bits / 8 + algorithm(id).salt_bytes));
}

struct Vector {
  const char* what;
  Integrity id;
  std::string plain, sealed;
};
const std::string kPlain =
    "60000000000d114020010db800000000000000000000000120010db800000000000000000000000200010002000d608a68656c6c6f";

// Made with Scapy 2.5: SPI 0x1234, number 7, keys 00 01 02 ...
const Vector kVectors[] = {
    {"traffic class, flow label and hop limit are not covered", Integrity::HmacSha1_96,
     "60300005000d110920010db800000000000000000000000120010db800000000000000000000000200010002000d608a68656c6c6f",
     "603000050025330920010db800000000000000000000000120010db800000000000000000000000211040000000012340000000759b83b"
     "83b433"
     "1619f63f8afe00010002000d608a68656c6c6f"},
    {"SHA-256", Integrity::HmacSha2_256_128, kPlain,
     "60000000002d334020010db800000000000000000000000120010db8000000000000000000000002110600000000123400000007d3b4c1"
     "5466eb"
     "f3f8465d4e48001482f00000000000010002000d608a68656c6c6f"},
    {"SHA-384", Integrity::HmacSha2_384_192, kPlain,
     "600000000035334020010db800000000000000000000000120010db80000000000000000000000021108000000001234000000071c71ad"
     "0aae57"
     "b71aa1804c530524ee4f521d3a35d7a9e8690000000000010002000d608a68656c6c6f"},
    {"SHA-512", Integrity::HmacSha2_512_256, kPlain,
     "60000000003d334020010db800000000000000000000000120010db8000000000000000000000002110a0000000012340000000784f2f8"
     "01e7d0"
     "5615b5e9a98c6dc95e8a218f9ff0a40c585856c8f890040d6f070000000000010002000d608a68656c6c6f"},
    {"hop-by-hop options, one of them mutable", Integrity::HmacSha1_96,
     "60000000001d004020010db800000000000000000000000120010db800000000000000000000000211013e04010203041e040506070801"
     "000001"
     "0002000d608a68656c6c6f",
     "600000000035004020010db800000000000000000000000120010db800000000000000000000000233013e04010203041e040506070801"
     "001104"
     "000000001234000000076452580a6ddd86ac6737fa4e00010002000d608a68656c6c6f"},
    {"a source route with both segments left", Integrity::HmacSha1_96,
     "6000000000352b4020010db800000000000000000000000120010db8000000000000000000000002110400020000000020010db8000000"
     "000000"
     "00000000000a20010db800000000000000000000000b00010002000d608168656c6c6f",
     "60000000004d2b4020010db800000000000000000000000120010db8000000000000000000000002330400020000000020010db8000000"
     "000000"
     "00000000000a20010db800000000000000000000000b110400000000123400000007f9a90a38f9adb730c0b73f8600010002000d608168"
     "656c6c"
     "6f"},
    {"IPv4", Integrity::HmacSha1_96, "45030021000540000911edc0c0000201c000020200010002000d37fb68656c6c6f",
     "45030039000540000933ed86c0000201c00002021104000000001234000000079cc4ccc8f6561fc4d2e6780900010002000d37fb68656c"
     "6c6f"},
    {"IPv4 with a record route and a router alert", Integrity::HmacSha1_96,
     "4800002d000100004011de1cc0000201c000020207070401020304940400000000010002000d37fb68656c6c6f",
     "48000045000100004033dde2c0000201c00002020707040102030494040000001104000000001234000000072b138df154aa16053993cf"
     "0a0001"
     "0002000d37fb68656c6c6f"},
};

TEST(Ah, AgreesWithAnotherCodec) {
  PacketPool pool;
  for (const Vector& v : kVectors) {
    SCOPED_TRACE(v.what);
    AhTransform ah = make(v.id);
    Packet packet = pool.copy_of(hex(v.plain));
    const HeaderPlace place = end_to_end_place(packet.bytes());
    ASSERT_TRUE(ah.seal(packet, place, {.spi = 0x1234, .sequence = 7}));
    EXPECT_EQ(to_hex(packet.bytes()), v.sealed);
    EXPECT_EQ(ah.verify(packet.bytes(), place.offset, nullptr), nullptr);
  }
}

TEST(Ah, IsValidForEveryAlgorithmAndVersion) {
  PacketPool pool;
  for (const auto& a : integrity_algorithms()) {
    if (a.id == Integrity::None) continue;
    for (const std::string& plain : {kPlain, kVectors[6].plain}) {
      for (std::uint32_t high : {0u, 3u}) {
        SCOPED_TRACE(a.name);
        AhTransform ah = make(a.id);
        Packet packet = pool.copy_of(hex(plain));
        const HeaderPlace place = end_to_end_place(packet.bytes());
        ASSERT_TRUE(ah.seal(packet, place, {.spi = 300, .sequence = 3ull << 32 | 9, .extended_sequence = true,
                                            .iv = {1, 2, 3}}));
        const auto header = read_ah_header(packet.bytes().subspan(place.offset));
        ASSERT_TRUE(header);
        EXPECT_EQ(header->next_header, NextHeader::Udp);
        EXPECT_EQ(header->spi, 300u);
        EXPECT_EQ(header->sequence, 9u);
        EXPECT_EQ(header->size % (packet.data()[0] >> 4 == 4 ? 4 : 8), 0u);  // RFC 4302 §3.3.3.2.1
        EXPECT_EQ(ah.verify(packet.bytes(), place.offset, &high) == nullptr, high == 3);
        EXPECT_EQ(ah.verify(packet.bytes(), place.offset, nullptr), &kAhBadIcv);
      }
    }
  }
}

// Bits that nodes on the way may change, of the IPv6 header: traffic class, flow label, hop limit.
bool mutable_bit_ip6(std::size_t bit) {
  const std::size_t byte = bit / 8;
  return byte == 7 || (byte >= 1 && byte <= 3) || (byte == 0 && bit % 8 < 4);
}

TEST(Ah, CoversAllThatNobodyMayChange) {
  PacketPool pool;
  AhTransform ah = make(Integrity::HmacSha2_256_128);
  Packet packet = pool.copy_of(hex(kPlain));
  ASSERT_TRUE(ah.seal(packet, end_to_end_place(packet.bytes()), {.spi = 300, .sequence = 9}));
  for (std::size_t bit = 0; bit < 8 * packet.size(); ++bit) {
    Packet changed = packet.clone();
    changed.mutable_data()[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
    if (bit / 8 == 0 && bit % 8 >= 4) continue;  // the version: it is another protocol then
    const DropInfo* reason = ah.verify(changed.bytes(), 40, nullptr);
    EXPECT_EQ(reason == nullptr, mutable_bit_ip6(bit)) << bit;
  }
  for (std::size_t size = 40; size < packet.size(); ++size) {
    EXPECT_NE(ah.verify(packet.bytes().first(size), 40, nullptr), nullptr) << size;
  }
}

TEST(Ah, RefusesMorePaddingThanItNeeds) {  // RFC 4302 §3.3.3.2.1
  PacketPool pool;
  AhTransform ah = make(Integrity::HmacSha1_96);
  Packet packet = pool.copy_of(hex(kPlain));
  ASSERT_TRUE(ah.seal(packet, end_to_end_place(packet.bytes()), {.spi = 300, .sequence = 9}));
  packet.mutable_data()[41] += 2;
  EXPECT_EQ(ah.verify(packet.bytes(), 40, nullptr), &kAhBadLength);
  EXPECT_EQ(read_ah_header(hex("3b00000000000100 00000001")).error(), &kAhBadLength);
  EXPECT_EQ(read_ah_header(hex("3b0400000000010000")).error(), &kAhTruncated);
}

TEST(Ah, SeesThePacketAsItWillArrive) {  // RFC 4302 appendix A2
  const std::string head = "60300007 0099 2b 09 20010db8000000000000000000000001";
  const std::string a = "20010db800000000000000000000000a", b = "20010db800000000000000000000000b",
                    c = "20010db800000000000000000000000c";
  ByteVector sent = hex(head + a + "3304000200000000" + b + c);
  ByteVector arrived = hex(head + c + "3304000000000000" + a + b);
  ASSERT_TRUE(zero_mutable_fields(sent));
  ASSERT_TRUE(zero_mutable_fields(arrived));
  EXPECT_EQ(to_hex(sent), to_hex(arrived));
  const std::string zeroed = "60000000 0099 2b 00 20010db8000000000000000000000001";
  EXPECT_EQ(to_hex(sent), to_hex(hex(zeroed + c + "3304000000000000" + a + b)));
}

TEST(Ah, SeesTheHomeAddress) {  // RFC 6275 §11.3.2 and §6.4
  const std::string care_of = "20010db8000c00000000000000000001", home = "20010db8000a00000000000000000001",
                    peer = "20010db8000b00000000000000000001";
  ByteVector option = hex("60000000 0040 3c 40" + care_of + peer + "3302" + "01020000" + "c910" + home);
  ASSERT_TRUE(zero_mutable_fields(option));
  EXPECT_EQ(to_hex(option), to_hex(hex("60000000 0040 3c 00" + home + peer + "3302" + "01020000" + "c910" + care_of)));
  ByteVector route = hex("60000000 0040 2b 40" + peer + care_of + "3302020100000000" + home);
  ASSERT_TRUE(zero_mutable_fields(route));
  EXPECT_EQ(to_hex(route), to_hex(hex("60000000 0040 2b 00" + peer + home + "3302020000000000" + care_of)));
}

TEST(Ah, RefusesHeadersThatAreNotInOrder) {
  const std::string head = "20010db800000000000000000000000120010db8000000000000000000000002";
  const char* const malformed[] = {
      "00 40 33000109",            // hop-by-hop options that are cut off
      "2b 40 3300010100000000",    // a routing header of an unknown type, with segments left
      "2b 40 3300000100000000",    // more segments left than there are addresses
      "2c 40 3300000000000001",    // a fragment
      "11 40 0001000200080000",    // no extension header at all
      "00 40 3300c20901020304",    // an option that reaches beyond its header
  };
  for (const char* text : malformed) {
    const std::string fields(text);
    ByteVector packet = hex("60000000 0010" + fields.substr(0, 5) + head + fields.substr(5));
    EXPECT_FALSE(zero_mutable_fields(packet)) << text;
  }
  ByteVector version4 = hex("46000018000100004011de1cc0000201c00002020709040102030494");
  EXPECT_FALSE(zero_mutable_fields(MutableBytes(version4).first(24)));
}

}  // namespace
}  // namespace kamesim::ipsec
