#include "protocols/ipsec/ipcomp.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <string>

#include "sim/random.h"
#include "tests/unit/wire/hex.h"

namespace kamesim::ipsec {
namespace {

constexpr HeaderPlace kPlace{40, 6};
constexpr std::uint16_t kCpi = 2;

// An IPv6 packet with `payload` octets of text, or of noise.
Packet packet_of(PacketPool& pool, std::size_t payload, bool noise = false) {
  Packet packet = pool.allocate(40 + payload);
  MutableBytes bytes = packet.mutable_bytes();
  std::fill(bytes.begin(), bytes.begin() + 40, std::uint8_t{0});
  bytes[0] = 0x60;
  bytes[6] = static_cast<std::uint8_t>(NextHeader::Udp);
  store_be16(bytes.data() + 4, static_cast<std::uint16_t>(payload));
  RandomStream random(1, payload, "noise");
  for (std::size_t i = 0; i < payload; ++i) {
    const char text = "KAME, the turtle "[i % 17];
    bytes[40 + i] = static_cast<std::uint8_t>(noise ? random.next_u32() : static_cast<std::uint32_t>(text));
  }
  return packet;
}

TEST(Ipcomp, CompressesAndDecompresses) {
  PacketPool pool;
  Deflate deflate;
  for (std::size_t size : {90u, 100u, 500u, 1400u, 9000u}) {
    Packet packet = packet_of(pool, size);
    const std::string before = to_hex(packet.bytes());
    ASSERT_TRUE(deflate.compress(packet, kPlace, kCpi)) << size;
    EXPECT_LT(packet.size(), 40 + size);
    EXPECT_EQ(packet.data()[6], 108);
    EXPECT_EQ(load_be16(packet.data() + 4), packet.size() - 40);
    const auto header = read_ipcomp_header(packet.bytes().subspan(40));
    ASSERT_TRUE(header);
    EXPECT_EQ(header->cpi, kCpi);
    EXPECT_EQ(header->next_header, NextHeader::Udp);
    ASSERT_EQ(deflate.decompress(packet, 40), nullptr);
    announce(packet, 6, header->next_header);
    EXPECT_EQ(to_hex(packet.bytes()), before);
  }
}

TEST(Ipcomp, LeavesAloneWhatWouldNotShrink) {  // RFC 3173 §2.2, RFC 2394 §2.5
  PacketPool pool;
  Deflate deflate;
  for (std::size_t size : {0u, 1u, 89u, 400u, 1400u}) {
    Packet packet = packet_of(pool, size, true);
    const std::string before = to_hex(packet.bytes());
    EXPECT_FALSE(deflate.compress(packet, kPlace, kCpi)) << size;
    EXPECT_EQ(to_hex(packet.bytes()), before);
  }
  Packet short_text = packet_of(pool, kDeflateThreshold - 1);
  EXPECT_FALSE(deflate.compress(short_text, kPlace, kCpi));
}

TEST(Ipcomp, RefusesWhatIsCutOff) {
  PacketPool pool;
  Deflate deflate;
  Packet packet = packet_of(pool, 300);
  ASSERT_TRUE(deflate.compress(packet, kPlace, kCpi));
  for (std::size_t size = 44; size < packet.size(); ++size) {
    Packet cut = pool.copy_of(packet.bytes().first(size));
    EXPECT_EQ(deflate.decompress(cut, 40), &kIpcompMalformed) << size;
  }
  EXPECT_EQ(read_ipcomp_header(hex("110000")).error(), &kIpcompTruncated);
  Packet longer = packet.clone();
  longer.append(1)[0] = 0;
  EXPECT_EQ(deflate.decompress(longer, 40), &kIpcompMalformed);
  ASSERT_EQ(deflate.decompress(packet, 40), nullptr);  // the state is good again
}

TEST(Ipcomp, StopsAtWhatAPacketHolds) {  // a bomb: a megabyte of zeros in a thousand octets
  PacketPool pool;
  Deflate deflate;
  std::vector<std::uint8_t> zeros(1 << 20), bomb(4096);
  z_stream z{};
  deflateInit2(&z, 9, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY);
  z.next_in = zeros.data();
  z.avail_in = static_cast<uInt>(zeros.size());
  z.next_out = bomb.data();
  z.avail_out = static_cast<uInt>(bomb.size());
  ASSERT_EQ(::deflate(&z, Z_FINISH), Z_STREAM_END);
  bomb.resize(bomb.size() - z.avail_out);
  deflateEnd(&z);
  Packet packet = packet_of(pool, 4);
  std::memcpy(packet.append(bomb.size()), bomb.data(), bomb.size());
  EXPECT_EQ(deflate.decompress(packet, 40), &kIpcompTooLong);
}

}  // namespace
}  // namespace kamesim::ipsec
