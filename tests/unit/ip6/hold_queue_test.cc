// RFC 4861 §7.2.2: what waits for a link-layer address, and what makes room.
#include "protocols/ip6/hold_queue.h"

#include <gtest/gtest.h>

#include "protocols/wire/fragment_header.h"
#include "protocols/wire/ipv4_header.h"
#include "protocols/wire/ipv6_header.h"

namespace kamesim {
namespace {

const Ipv6Address kSource = *Ipv6Address::parse("2001:db8::1");
const Ipv6Address kDestination = *Ipv6Address::parse("2001:db8::2");

class HoldQueue : public testing::Test {
 protected:
  Packet whole(std::size_t payload = 8) {
    Packet packet = pool_.allocate(kIpv6HeaderSize + payload);
    Ipv6Header{.payload_length = static_cast<std::uint16_t>(payload), .source = kSource, .destination = kDestination}
        .write(packet.mutable_data());
    return packet;
  }
  // The n-th piece of a datagram; `with_options` puts a Hop-by-Hop Options header before the Fragment header.
  Packet fragment(std::uint32_t identification, std::size_t n, bool with_options = false, std::size_t data = 8) {
    const std::size_t options = with_options ? 8 : 0;
    Packet packet = pool_.allocate(kIpv6HeaderSize + options + kFragmentHeaderSize + data);
    std::uint8_t* bytes = packet.mutable_data();
    Ipv6Header{.payload_length = static_cast<std::uint16_t>(packet.size() - kIpv6HeaderSize),
               .next_header = with_options ? NextHeader::HopByHopOptions : NextHeader::Fragment,
               .source = kSource, .destination = kDestination}
        .write(bytes);
    if (with_options) {
      const std::uint8_t header[8] = {static_cast<std::uint8_t>(NextHeader::Fragment), 0, 1, 4, 0, 0, 0, 0};
      std::copy(std::begin(header), std::end(header), bytes + kIpv6HeaderSize);
    }
    FragmentHeader{NextHeader::Udp, static_cast<std::uint16_t>(8 * n), true, identification}.write(
        bytes + kIpv6HeaderSize + options);
    return packet;
  }
  Packet ipv4_fragment(std::uint16_t identification, std::size_t n, NextHeader protocol = NextHeader::Udp) {
    Packet packet = pool_.allocate(kIpv4HeaderSize + 8);
    Ipv4Header{.total_length = kIpv4HeaderSize + 8, .identification = identification, .more_fragments = true,
               .fragment_offset = static_cast<std::uint16_t>(8 * n), .protocol = protocol, .source = 0xc0000201,
               .destination = 0xc0000202}
        .write(packet.mutable_data());
    return packet;
  }
  // How many packets had to go.
  std::size_t add(Packet packet) { return hold(queue_, std::move(packet), bounds_).size(); }

  PacketPool pool_;
  HoldQueueBounds bounds_;
  std::vector<Packet> queue_;
};

TEST_F(HoldQueue, TheOldestOfFourDatagramsMakesRoom) {
  for (std::size_t n = 0; n < 3; ++n) EXPECT_EQ(add(whole(10 + n)), 0u);
  EXPECT_EQ(add(whole(13)), 1u);
  ASSERT_EQ(queue_.size(), 3u);
  EXPECT_EQ(queue_.front().size(), kIpv6HeaderSize + 11);
  EXPECT_EQ(queue_.back().size(), kIpv6HeaderSize + 13);
}

TEST_F(HoldQueue, AllFragmentsOfADatagramWait) {
  for (std::size_t n = 0; n < 54; ++n) EXPECT_EQ(add(fragment(7, n)), 0u);
  EXPECT_EQ(add(whole()), 0u);
  EXPECT_EQ(add(fragment(8, 0, true)), 0u);
  EXPECT_EQ(add(fragment(8, 1, true)), 0u);
  EXPECT_EQ(queue_.size(), 57u);
}

TEST_F(HoldQueue, FragmentsGoTogether) {
  for (std::size_t n = 0; n < 5; ++n) add(fragment(7, n));
  add(whole());
  add(fragment(7, 5));
  add(fragment(8, 0));
  EXPECT_EQ(add(fragment(9, 0)), 6u);  // also that which came behind others
  EXPECT_EQ(queue_.size(), 3u);
  EXPECT_EQ(queue_.front().size(), kIpv6HeaderSize + 8);
}

TEST_F(HoldQueue, FragmentsOfIpv4AreOfOneProtocolToo) {
  for (std::size_t n = 0; n < 5; ++n) EXPECT_EQ(add(ipv4_fragment(7, n)), 0u);
  EXPECT_EQ(add(ipv4_fragment(7, 5, NextHeader::Tcp)), 0u);
  EXPECT_EQ(add(ipv4_fragment(8, 0)), 0u);
  EXPECT_EQ(add(ipv4_fragment(9, 0)), 5u);
}

TEST_F(HoldQueue, PacketsAreBounded) {
  for (std::size_t n = 0; n < bounds_.packets; ++n) EXPECT_EQ(add(fragment(7, n)), 0u);
  EXPECT_EQ(add(whole()), bounds_.packets);
  EXPECT_EQ(queue_.size(), 1u);
}

TEST_F(HoldQueue, OctetsAreBounded) {
  bounds_.octets = 300;
  EXPECT_EQ(add(whole(100)), 0u);
  EXPECT_EQ(add(whole(100)), 0u);
  EXPECT_EQ(add(whole(100)), 1u);
  EXPECT_EQ(queue_.size(), 2u);
}

TEST_F(HoldQueue, ADatagramThatIsTooMuchAloneDoesNotWait) {
  bounds_.packets = 4;
  for (std::size_t n = 0; n < 4; ++n) add(fragment(7, n));
  EXPECT_EQ(add(fragment(7, 4)), 5u);
  EXPECT_TRUE(queue_.empty());
}

}  // namespace
}  // namespace kamesim
