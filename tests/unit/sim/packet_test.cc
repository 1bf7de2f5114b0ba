#include "sim/packet.h"

#include <cstring>
#include <vector>

#include <gtest/gtest.h>

namespace kamesim {
namespace {

std::vector<std::uint8_t> content(const Packet& packet) { return {packet.bytes().begin(), packet.bytes().end()}; }

TEST(Packet, PrependsIntoItsHeadroomWithoutMoving) {
  PacketPool pool;
  Packet packet = pool.copy_of(std::vector<std::uint8_t>{3, 4});
  const std::uint8_t* payload = packet.data();
  std::uint8_t* header = packet.prepend(2);
  header[0] = 1;
  header[1] = 2;
  EXPECT_EQ(packet.data() + 2, payload);
  EXPECT_EQ(packet.headroom(), Packet::kDefaultHeadroom - 2);
  EXPECT_EQ(content(packet), (std::vector<std::uint8_t>{1, 2, 3, 4}));
}

TEST(Packet, GetsFreshHeadroomWhenItRunsOut) {
  PacketPool pool;
  Packet packet = pool.copy_of(std::vector<std::uint8_t>{9}, 1);
  std::memset(packet.prepend(40), 7, 40);
  EXPECT_EQ(packet.size(), 41u);
  EXPECT_EQ(packet.data()[39], 7);
  EXPECT_EQ(packet.data()[40], 9);
  EXPECT_EQ(packet.headroom(), Packet::kDefaultHeadroom);
  EXPECT_EQ(pool.buffers_in_use(), 1u);
}

TEST(Packet, SharesUntilOneHandleWrites) {
  PacketPool pool;
  Packet first = pool.copy_of(std::vector<std::uint8_t>{1, 2, 3});
  Packet second = first.share();
  EXPECT_EQ(first.data(), second.data());
  EXPECT_EQ(pool.buffers_in_use(), 1u);

  second.mutable_data()[0] = 9;
  EXPECT_NE(first.data(), second.data());
  EXPECT_EQ(content(first), (std::vector<std::uint8_t>{1, 2, 3}));
  EXPECT_EQ(content(second), (std::vector<std::uint8_t>{9, 2, 3}));

  const std::uint8_t* place = first.data();
  first.mutable_data()[0] = 8;  // the only handle left: in place
  EXPECT_EQ(first.data(), place);
}

TEST(Packet, PrependingAndAppendingToASharedOneLeaveTheOtherAlone) {
  PacketPool pool;
  const Packet original = pool.copy_of(std::vector<std::uint8_t>{1, 2});
  Packet longer = original.share();
  *longer.prepend(1) = 0;
  *longer.append(1) = 3;
  EXPECT_EQ(content(original), (std::vector<std::uint8_t>{1, 2}));
  EXPECT_EQ(content(longer), (std::vector<std::uint8_t>{0, 1, 2, 3}));
}

TEST(Packet, AppendsBeyondItsBuffer) {
  PacketPool pool;
  Packet packet = pool.allocate(0);
  for (int i = 0; i < 20'000; ++i) *packet.append(1) = static_cast<std::uint8_t>(i);
  ASSERT_EQ(packet.size(), 20'000u);
  for (int i = 0; i < 20'000; ++i) ASSERT_EQ(packet.data()[i], static_cast<std::uint8_t>(i));
}

TEST(Packet, TrimsBothEnds) {
  PacketPool pool;
  Packet packet = pool.copy_of(std::vector<std::uint8_t>{1, 2, 3, 4, 5});
  packet.trim_front(1);
  packet.trim_back(1);
  EXPECT_EQ(content(packet), (std::vector<std::uint8_t>{2, 3, 4}));
  packet.truncate(9);
  packet.truncate(2);
  EXPECT_EQ(content(packet), (std::vector<std::uint8_t>{2, 3}));
}

TEST(Packet, MovesAndClones) {
  PacketPool pool;
  Packet packet = pool.copy_of(std::vector<std::uint8_t>{1});
  Packet copy = packet.clone();
  Packet moved = std::move(packet);
  EXPECT_FALSE(packet);
  EXPECT_NE(moved.data(), copy.data());
  EXPECT_EQ(content(moved), content(copy));
  moved = Packet();
  EXPECT_EQ(pool.buffers_in_use(), 1u);
}

TEST(PacketPool, AllocatesNothingOnceWarm) {
  PacketPool pool;
  auto work = [&pool] {
    std::vector<Packet> packets;
    for (std::size_t size : {40u, 100u, 600u, 1514u, 9014u}) {
      packets.push_back(pool.allocate(size));
      packets.push_back(packets.back().share());
      packets.back().mutable_data()[0] = 1;
    }
  };
  work();
  const std::size_t allocated = pool.buffers_allocated();
  for (int i = 0; i < 100; ++i) work();
  EXPECT_EQ(pool.buffers_allocated(), allocated);
  EXPECT_EQ(pool.buffers_in_use(), 0u);
}

TEST(PacketPool, KeepsNoBufferBeyondItsLargestClass) {
  PacketPool pool;
  Packet jumbo = pool.allocate(60'000);
  EXPECT_EQ(pool.buffers_allocated(), 1u);
  jumbo = Packet();
  EXPECT_EQ(pool.buffers_allocated(), 0u);
}

}  // namespace
}  // namespace kamesim
