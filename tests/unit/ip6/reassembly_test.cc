#include "protocols/ip6/reassembly.h"

#include <gtest/gtest.h>

#include <numeric>

#include "protocols/wire/fragment_header.h"
#include "protocols/wire/ipv6_header.h"

namespace kamesim {
namespace {

const Ipv6Address kSource = *Ipv6Address::parse("2001:db8::1");
const Ipv6Address kDestination = *Ipv6Address::parse("2001:db8::2");

class ReassemblyTest : public testing::Test {
 protected:
  // A fragment of a packet whose data are the bytes 0, 1, 2, ...
  Packet fragment(std::uint16_t begin, std::uint16_t end, bool more) {
    Packet packet = pool_.allocate(kIpv6HeaderSize + kFragmentHeaderSize + end - begin);
    std::uint8_t* bytes = packet.mutable_data();
    Ipv6Header{.payload_length = static_cast<std::uint16_t>(packet.size() - kIpv6HeaderSize),
               .next_header = NextHeader::Fragment, .source = kSource, .destination = kDestination}
        .write(bytes);
    FragmentHeader{NextHeader::Udp, begin, more, 42}.write(bytes + kIpv6HeaderSize);
    std::iota(bytes + kIpv6HeaderSize + kFragmentHeaderSize, bytes + packet.size(), static_cast<std::uint8_t>(begin));
    return packet;
  }
  Reassembler::Result add(std::uint16_t begin, std::uint16_t end, bool more, Time now = {}) {
    return reassembler_.add(now,
                            {.source = kSource, .destination = kDestination, .identification = 42,
                             .fragment_header = kIpv6HeaderSize, .next_header_field = kIpv6NextHeaderOffset,
                             .offset = begin, .more = more},
                            fragment(begin, end, more));
  }
  void expect_whole(const Reassembler::Result& result, std::size_t size) {
    ASSERT_TRUE(result.complete);
    const auto header = Ipv6HeaderView::check(result.complete.bytes());
    ASSERT_TRUE(header);
    EXPECT_EQ(header->next_header(), NextHeader::Udp);
    ASSERT_EQ(header->payload().size(), size);
    for (std::size_t i = 0; i < size; ++i) ASSERT_EQ(header->payload()[i], static_cast<std::uint8_t>(i)) << i;
  }

  PacketPool pool_;
  Reassembler reassembler_{{.reassemblies = 3, .fragments = 4}};
};

TEST_F(ReassemblyTest, JoinsFragmentsInAnyOrder) {  // RFC 8200 §4.5
  EXPECT_FALSE(add(16, 24, true).complete);
  EXPECT_FALSE(add(24, 30, false).complete);
  expect_whole(add(0, 16, true), 30);
  EXPECT_EQ(reassembler_.size(), 0u);
}

TEST_F(ReassemblyTest, AnOverlapDiscardsThePacketAndWhatStillComesOfIt) {  // RFC 5722 §4
  EXPECT_FALSE(add(0, 16, true).complete);
  EXPECT_EQ(add(8, 24, true).dropped, &kFragmentOverlap);
  EXPECT_EQ(add(16, 24, false).dropped, &kFragmentOverlap);
  EXPECT_EQ(add(0, 16, true).dropped, &kFragmentOverlap);
}

TEST_F(ReassemblyTest, AnExactDuplicateIsDroppedAlone) {  // RFC 8200 §4.5
  add(0, 16, true);
  EXPECT_EQ(add(0, 16, true).dropped, &kFragmentDuplicate);
  expect_whole(add(16, 20, false), 20);
}

TEST_F(ReassemblyTest, AFragmentBehindTheEndDiscardsThePacket) {
  add(16, 20, false);
  EXPECT_EQ(add(24, 32, true).dropped, &kFragmentInconsistentEnd);
}

TEST_F(ReassemblyTest, AnEndBeforeWhatHasComeDiscardsThePacket) {
  add(24, 32, true);
  EXPECT_EQ(add(8, 16, false).dropped, &kFragmentInconsistentEnd);
}

TEST_F(ReassemblyTest, GivesUpAfterSixtySecondsWithTheFirstFragmentIfItCame) {  // RFC 8200 §4.5
  const Time start = Time::from_seconds(5);
  add(0, 16, true, start);
  EXPECT_EQ(reassembler_.next_timeout(), start + 60_s);
  EXPECT_FALSE(reassembler_.expire(start + 59_s));
  const auto expired = reassembler_.expire(start + 60_s);
  ASSERT_TRUE(expired);
  EXPECT_EQ(expired->first_fragment.size(), kIpv6HeaderSize + kFragmentHeaderSize + 16);
  EXPECT_FALSE(reassembler_.next_timeout());
}

TEST_F(ReassemblyTest, TellsOfNoFirstFragmentWhenItNeverCame) {
  add(16, 24, true);
  const auto expired = reassembler_.expire(Time{} + 60_s);
  ASSERT_TRUE(expired);
  EXPECT_FALSE(expired->first_fragment);
  EXPECT_TRUE(expired->any_fragment);
}

TEST_F(ReassemblyTest, KeepsItsLimits) {
  for (std::uint16_t i = 0; i < 4; ++i) EXPECT_EQ(add(16 * i, 16 * i + 8, true).dropped, nullptr);
  EXPECT_EQ(add(200, 208, true).dropped, &kFragmentLimit);
  for (std::uint32_t id = 1; id <= 3; ++id) {
    const auto result = reassembler_.add({}, {.source = kSource, .destination = kDestination, .identification = id,
                                              .fragment_header = kIpv6HeaderSize,
                                              .next_header_field = kIpv6NextHeaderOffset, .offset = 0, .more = true},
                                         fragment(0, 8, true));
    EXPECT_EQ(result.dropped, id == 3 ? &kFragmentLimit : nullptr) << id;
  }
}

}  // namespace
}  // namespace kamesim
