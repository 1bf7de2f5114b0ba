#include "sim/packet.h"

#include <string>

#include <gtest/gtest.h>

namespace kamesim {
namespace {

std::vector<std::uint8_t> counting(std::size_t n) {
  std::vector<std::uint8_t> bytes(n);
  for (std::size_t i = 0; i < n; ++i) bytes[i] = static_cast<std::uint8_t>(i);
  return bytes;
}

std::vector<std::uint8_t> content(const Packet& packet) { return {packet.bytes().begin(), packet.bytes().end()}; }

TEST(Packet, PrependsIntoTheHeadroomWithoutMovingThePayload) {
  PacketPool pool;
  Packet packet = pool.copy_of(counting(100));
  EXPECT_EQ(packet.headroom(), Packet::kDefaultHeadroom);
  const std::uint8_t* payload = packet.data();
  packet.prepend(40)[0] = 0x60;
  EXPECT_EQ(packet.data() + 40, payload);
  EXPECT_EQ(packet.size(), 140u);
  EXPECT_EQ(packet.data()[0], 0x60);
  packet.trim_front(40);
  EXPECT_EQ(content(packet), counting(100));
}

TEST(Packet, PrependsBeyondTheHeadroomByCopying) {
  PacketPool pool;
  Packet packet = pool.copy_of(counting(100), 8);
  packet.prepend(40);
  EXPECT_GE(packet.headroom(), Packet::kDefaultHeadroom);
  packet.trim_front(40);
  EXPECT_EQ(content(packet), counting(100));
  EXPECT_EQ(pool.buffers_in_use(), 1u);
}

TEST(Packet, AppendsAndTrimsAtTheEnd) {
  PacketPool pool;
  Packet packet = pool.copy_of(counting(4));
  packet.append(2)[0] = 4;
  packet.mutable_data()[5] = 5;
  EXPECT_EQ(content(packet), counting(6));
  packet.trim_back(1);
  packet.truncate(9);
  EXPECT_EQ(packet.size(), 5u);
  packet.truncate(3);
  EXPECT_EQ(content(packet), counting(3));
}

TEST(Packet, AppendsBeyondTheBufferByCopying) {
  PacketPool pool;
  Packet packet = pool.copy_of(counting(300));
  packet.prepend(10);
  packet.trim_front(10);
  std::memset(packet.append(5000), 0xaa, 5000);
  EXPECT_EQ(packet.size(), 5300u);
  EXPECT_EQ(packet.data()[5299], 0xaa);
  packet.truncate(300);
  EXPECT_EQ(content(packet), counting(300));
  EXPECT_EQ(pool.buffers_in_use(), 1u);
}

TEST(Packet, SharedBytesAreCopiedOnWrite) {
  PacketPool pool;
  Packet a = pool.copy_of(counting(64));
  Packet b = a.share();
  EXPECT_EQ(a.data(), b.data());
  EXPECT_EQ(pool.buffers_in_use(), 1u);
  b.mutable_data()[0] = 0xff;
  EXPECT_NE(a.data(), b.data());
  EXPECT_EQ(content(a), counting(64));
  EXPECT_EQ(b.data()[0], 0xff);
  EXPECT_EQ(pool.buffers_in_use(), 2u);
}

TEST(Packet, SharedBytesAreCopiedOnGrowth) {
  PacketPool pool;
  Packet original = pool.copy_of(counting(64));
  Packet front = original.share(), back = original.share();
  std::memset(front.prepend(14), 0xaa, 14);
  std::memset(back.append(14), 0xbb, 14);
  EXPECT_EQ(content(original), counting(64));
  front.trim_front(14);
  back.trim_back(14);
  EXPECT_EQ(content(front), counting(64));
  EXPECT_EQ(content(back), counting(64));
}

TEST(Packet, TheLastHandleOwnsTheBytesAgain) {
  PacketPool pool;
  Packet a = pool.copy_of(counting(64));
  { Packet b = a.share(); }
  const std::uint8_t* before = a.data();
  EXPECT_EQ(a.mutable_data(), before);
}

TEST(Packet, WindowsOfSharedHandlesAreIndependent) {
  PacketPool pool;
  Packet a = pool.copy_of(counting(64));
  Packet b = a.share();
  b.trim_front(60);
  EXPECT_EQ(a.size(), 64u);
  EXPECT_EQ(b.size(), 4u);
  EXPECT_EQ(b.data()[0], 60);
}

TEST(Packet, AHandleThatWasMovedFromIsEmpty) {
  PacketPool pool;
  Packet a = pool.copy_of(counting(10));
  Packet b = std::move(a);
  EXPECT_TRUE(b);
  EXPECT_FALSE(a);
  b = Packet();
  EXPECT_FALSE(b);
  EXPECT_EQ(pool.buffers_in_use(), 0u);
}

TEST(PacketPool, UsesBuffersAgain) {
  PacketPool pool;
  for (int i = 0; i < 1000; ++i) {
    Packet a = pool.allocate(100);
    Packet b = pool.allocate(1500);
  }
  EXPECT_EQ(pool.buffers_allocated(), 2u);
  EXPECT_EQ(pool.buffers_in_use(), 0u);
}

TEST(PacketPool, KeepsNoBufferBeyondItsLargestClass) {
  PacketPool pool;
  Packet jumbo = pool.allocate(60'000);
  EXPECT_EQ(pool.buffers_allocated(), 1u);
  jumbo = Packet();
  EXPECT_EQ(pool.buffers_allocated(), 0u);
}

TEST(PacketPool, HoldsFramesOfAnySize) {
  PacketPool pool;
  for (std::size_t size : {0u, 1u, 351u, 352u, 353u, 864u, 1514u, 2145u, 9014u, 10081u, 65549u, 1u << 20}) {
    const auto bytes = counting(size);
    Packet packet = pool.copy_of(bytes);
    EXPECT_EQ(content(packet), bytes) << size;
    EXPECT_EQ(content(packet.clone()), bytes) << size;
  }
  EXPECT_EQ(pool.buffers_in_use(), 0u);
}

}  // namespace
}  // namespace kamesim
