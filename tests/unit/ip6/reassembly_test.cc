#include "protocols/ip6/reassembly.h"

#include <gtest/gtest.h>

#include <numeric>
#include <optional>
#include <string>

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
  Reassembler::Result add(std::uint16_t begin, std::uint16_t end, bool more, Time now = {},
                          std::uint8_t traffic_class = 0) {
    return reassembler_.add(now,
                            {.source = kSource, .destination = kDestination, .identification = 42,
                             .interface_index = 2, .fragment_header = kIpv6HeaderSize,
                             .next_header_field = kIpv6NextHeaderOffset, .offset = begin, .more = more,
                             .traffic_class = traffic_class},
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

  // A fragment of a packet of its own.
  Reassembler::Result add_other(std::uint32_t identification, const Ipv6Address& source = kSource, Time now = {}) {
    return reassembler_.add(now,
                            {.source = source, .destination = kDestination, .identification = identification,
                             .interface_index = 2, .fragment_header = kIpv6HeaderSize,
                             .next_header_field = kIpv6NextHeaderOffset, .offset = 0, .more = true},
                            fragment(0, 8, true));
  }
  static Ipv6Address source(std::uint64_t i) { return Ipv6Address::from_halves(1, i); }

  PacketPool pool_;
  Ip6Rules rules_;
  ReassemblyLimits limits_{.packets = 3, .fragments_per_packet = 4};
  Reassembler reassembler_{limits_, rules_};
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

TEST_F(ReassemblyTest, FragmentsThatDifferFromTheirDuplicatesOverlap) {  // RFC 8200 §4.5: "exact duplicates"
  add(0, 16, true);
  Packet other = fragment(0, 16, true);
  other.mutable_data()[other.size() - 1] ^= 1;
  const auto result = reassembler_.add({}, {.source = kSource, .destination = kDestination, .identification = 42,
                                            .interface_index = 2, .fragment_header = kIpv6HeaderSize,
                                            .next_header_field = kIpv6NextHeaderOffset, .offset = 0, .more = true},
                                       std::move(other));
  EXPECT_EQ(result.dropped, &kFragmentOverlap);
}

TEST_F(ReassemblyTest, AnOverlapCostsTheNewcomerOnlyByKamesRule) {
  rules_ = rules_of(Ip6Specification::Kame);
  add(0, 16, true);
  EXPECT_EQ(add(8, 24, true).dropped, &kFragmentOverlap);
  expect_whole(add(16, 24, false), 24);
}

TEST_F(ReassemblyTest, LinkLocalAddressesOfDifferentLinksAreDifferentNodes) {  // RFC 4007 §6
  const Ipv6Address link_local = *Ipv6Address::parse("fe80::1");
  for (std::uint32_t interface : {2u, 3u}) {
    const auto result =
        reassembler_.add({}, {.source = link_local, .destination = kDestination, .identification = 42,
                              .interface_index = interface, .fragment_header = kIpv6HeaderSize,
                              .next_header_field = kIpv6NextHeaderOffset, .offset = 0, .more = true},
                         fragment(0, 8, true));
    EXPECT_EQ(result.dropped, nullptr);
  }
  EXPECT_EQ(reassembler_.size(), 2u);
}

// --- Explicit Congestion Notification (RFC 3168 §5.3) -----------------------------------------------------------------

struct EcnCase {
  std::uint8_t first, second;
  std::optional<std::uint8_t> whole;  // empty: the packet is dropped
};

TEST_F(ReassemblyTest, CongestionOfAnyFragmentIsThatOfThePacket) {  // RFC 3168 §5.3
  constexpr std::uint8_t kNotEct = 0, kEct1 = 1, kEct0 = 2, kCe = 3;
  const EcnCase cases[] = {
      {kNotEct, kNotEct, kNotEct}, {kEct0, kEct0, kEct0}, {kEct1, kEct1, kEct1}, {kCe, kCe, kCe},
      {kEct0, kCe, kCe},           {kCe, kEct0, kCe},     {kEct1, kCe, kCe},     {kNotEct, kCe, std::nullopt},
      {kCe, kNotEct, std::nullopt},
  };
  for (const EcnCase& c : cases) {
    add(0, 16, true, {}, c.first);
    const auto result = add(16, 24, false, {}, c.second);
    const std::string what = std::to_string(c.first) + " and " + std::to_string(c.second);
    ASSERT_EQ(static_cast<bool>(result.complete), c.whole.has_value()) << what;
    if (!c.whole) {
      EXPECT_EQ(result.dropped, &kFragmentCongestion) << what;
    } else if (*c.whole == kCe) {
      EXPECT_EQ(Ipv6HeaderView::check(result.complete.bytes())->traffic_class() & 3, kCe) << what;
    }
    EXPECT_EQ(reassembler_.size(), 0u) << what;
  }
}

// --- Limits ------------------------------------------------------------------------------------------------------------

TEST_F(ReassemblyTest, APacketOfTooManyFragmentsIsGivenUp) {
  for (std::uint16_t i = 0; i < 4; ++i) EXPECT_EQ(add(16 * i, 16 * i + 8, true).dropped, nullptr);
  EXPECT_EQ(reassembler_.usage().fragments, 4u);
  EXPECT_EQ(add(200, 208, true).dropped, &kFragmentLimit);
  EXPECT_EQ(reassembler_.usage().fragments, 0u);
  EXPECT_EQ(reassembler_.usage().bytes, 0u);
  EXPECT_EQ(add(0, 8, true).dropped, &kFragmentLimit);
}

TEST_F(ReassemblyTest, TheOldestPacketMakesRoomForANewOne) {
  for (std::uint32_t id = 1; id <= 3; ++id) EXPECT_EQ(add_other(id).evicted, 0u);
  const auto result = add_other(4);
  EXPECT_EQ(result.dropped, nullptr);
  EXPECT_EQ(result.evicted, 1u);
  EXPECT_EQ(reassembler_.size(), 3u);
  EXPECT_EQ(add_other(2).dropped, &kFragmentDuplicate);  // 1 has gone, 2 has not
}

TEST_F(ReassemblyTest, ASourceBeyondItsSharePaysForItItself) {
  limits_ = {.packets = 10, .packets_per_source = 2};
  add_other(1, source(7));
  for (std::uint32_t id = 1; id <= 20; ++id) add_other(id, source(8));
  EXPECT_EQ(reassembler_.size(), 3u);
  EXPECT_EQ(add_other(1, source(7)).dropped, &kFragmentDuplicate);
}

TEST_F(ReassemblyTest, BuffersOccupyNoMoreThanTheBoundInAll) {
  const std::size_t one = fragment(0, 8, true).footprint();
  limits_ = {.packets = 100, .packets_per_source = 100, .bytes = 10 * one, .bytes_per_source = 4 * one};
  for (std::uint32_t id = 1; id <= 50; ++id) add_other(id, source(8));
  EXPECT_EQ(reassembler_.usage().bytes, 4 * one);
  for (std::uint64_t i = 1; i <= 50; ++i) add_other(1, source(100 + i));
  EXPECT_EQ(reassembler_.usage().bytes, 10 * one);
  EXPECT_EQ(pool_.buffers_in_use(), 10u);
}

TEST_F(ReassemblyTest, FragmentsInAllAreBounded) {
  limits_ = {.packets = 100, .fragments = 5};
  for (std::uint64_t i = 1; i <= 50; ++i) add_other(1, source(i));
  EXPECT_EQ(reassembler_.usage().fragments, 5u);
}

}  // namespace
}  // namespace kamesim
