// The codec of TCP (RFC 9293 §3.1, §3.2).
#include "protocols/tcp/header.h"

#include <gtest/gtest.h>

#include <random>

#include "tests/unit/wire/hex.h"

namespace kamesim {
namespace {

// A SYN as Linux 6.1 sends it: MSS 1440, SACK permitted, timestamps, window scale 7.
const std::vector<std::uint8_t> kSyn = hex(
    "c001 1f90 12345678 00000000 a002 fd20 abcd 0000"
    "0204 05a0 0402 080a 00000bb8 00000000 01 03 03 07");

std::vector<std::uint8_t> written(const OutgoingSegment& s) {
  std::vector<std::uint8_t> out(kTcpHeaderSize + tcp_options_size(s.options));
  write_tcp_header(out.data(), 0xc001, 0x1f90, s);
  return out;
}

TEST(TcpHeader, ReadsASynWithItsOptions) {  // RFC 9293 §3.1, RFC 7323 §2.2, RFC 2018 §2
  const auto s = parse_tcp_segment(kSyn);
  ASSERT_TRUE(s);
  EXPECT_EQ(s->source_port, 0xc001);
  EXPECT_EQ(s->destination_port, 8080);
  EXPECT_EQ(s->seq, SeqNum32(0x12345678));
  EXPECT_EQ(s->window, 64800);
  EXPECT_TRUE(s->flags.syn() && !s->flags.ack());
  EXPECT_EQ(s->options.mss, 1440);
  EXPECT_EQ(s->options.window_scale, 7);
  EXPECT_TRUE(s->options.sack_permitted);
  EXPECT_EQ(s->options.timestamps, (TcpTimestamps{3000, 0}));
  EXPECT_EQ(s->length(), 1u);  // §3.4: SYN counts
  EXPECT_TRUE(s->data.empty());
}

TEST(TcpHeader, WritesWhatItReads) {
  auto s = *parse_tcp_segment(kSyn);
  OutgoingSegment out{.seq = s.seq, .ack = s.ack, .window = s.window, .flags = s.flags, .options = s.options};
  std::vector<std::uint8_t> expected = kSyn;
  expected[16] = expected[17] = 0;  // the checksum is not the header's to know
  EXPECT_EQ(to_hex(written(out)), to_hex(expected));
}

TEST(TcpHeader, AlignsEachCombinationOfOptions) {  // RFC 7323 Appendix A
  for (unsigned bits = 0; bits < 32; ++bits) {
    OutgoingSegment out{.seq = SeqNum32(1), .ack = SeqNum32(2), .window = 3, .flags = TcpFlags::kSyn};
    if (bits & 1) out.options.mss = 1220;
    if (bits & 2) out.options.window_scale = 14;
    if (bits & 4) out.options.sack_permitted = true;
    if (bits & 8) out.options.timestamps = TcpTimestamps{7, 8};
    if (bits & 16) out.options.sack.add({SeqNum32(100), SeqNum32(200)});
    const auto bytes = written(out);
    ASSERT_EQ(bytes.size() % 4, 0u) << bits;
    ASSERT_LE(bytes.size(), kTcpHeaderSize + kTcpMaxOptionsSize) << bits;
    const auto s = parse_tcp_segment(bytes);
    ASSERT_TRUE(s) << bits;
    EXPECT_EQ(s->options.mss, out.options.mss) << bits;
    EXPECT_EQ(s->options.window_scale, out.options.window_scale) << bits;
    EXPECT_EQ(s->options.sack_permitted, out.options.sack_permitted) << bits;
    EXPECT_EQ(s->options.timestamps, out.options.timestamps) << bits;
    EXPECT_EQ(s->options.sack.count, out.options.sack.count) << bits;
    EXPECT_TRUE(s->data.empty()) << bits;
  }
}

TEST(TcpHeader, HoldsFourSackBlocksOrThreeBesideTimestamps) {  // RFC 2018 §3
  OutgoingSegment out{.flags = TcpFlags::kAck};
  for (std::uint32_t i = 0; i < max_sack_blocks(false); ++i) out.options.sack.add({SeqNum32(i), SeqNum32(i + 1)});
  EXPECT_LE(tcp_options_size(out.options), kTcpMaxOptionsSize);
  out.options.sack.count = max_sack_blocks(true);
  out.options.timestamps = TcpTimestamps{};
  EXPECT_EQ(tcp_options_size(out.options), kTcpMaxOptionsSize);
}

std::vector<std::uint8_t> with_options(std::string_view options, std::uint8_t flags) {
  std::vector<std::uint8_t> bytes = hex("c001 1f90 00000001 00000002 0000 0100 0000 0000");
  const auto o = hex(options);
  bytes.insert(bytes.end(), o.begin(), o.end());
  bytes[12] = static_cast<std::uint8_t>(bytes.size() / 4 << 4);
  bytes[13] = flags;
  return bytes;
}

TEST(TcpHeader, IgnoresOptionsItDoesNotKnow) {  // RFC 9293 §3.2 (MUST-6)
  const auto s = parse_tcp_segment(with_options("fe06 00000000 1302 0204 04c4 0000", TcpFlags::kSyn));
  ASSERT_TRUE(s);
  EXPECT_EQ(s->options.mss, 1220);
}

TEST(TcpHeader, SurvivesIllegalOptionLengths) {  // RFC 9293 §3.2 (MUST-7)
  for (const char* options : {"0200 0000", "0201 0000", "0203 0000", "0205 04c4", "0304 0700", "0403 0000",
                              "08 09 00000001 00000002 01 01", "050a 00000001 000001", "05 0b 0000 0000 0000 0000 00 01",
                              "fe00 0000", "fe01 0000", "fe05 0000", "0101 01fe", "0101 0102"}) {
    const auto s = parse_tcp_segment(with_options(options, TcpFlags::kSyn));
    ASSERT_FALSE(s) << options;
    EXPECT_TRUE(s.error() == &kTcpBadOption || s.error() == &kTcpTruncated) << options;
  }
}

TEST(TcpHeader, StopsAtTheEndOfTheOptionList) {  // RFC 9293 §3.1
  const auto s = parse_tcp_segment(with_options("0101 01 00 0204 04c4", TcpFlags::kSyn));
  ASSERT_TRUE(s);
  EXPECT_FALSE(s->options.mss);
}

TEST(TcpHeader, TakesSynOptionsFromSynsOnly) {  // RFC 9293 §3.2, RFC 7323 §2.2, RFC 2018 §2
  const auto s = parse_tcp_segment(with_options("0204 04c4 0303 07 01 0402 0101", TcpFlags::kAck));
  ASSERT_TRUE(s);
  EXPECT_FALSE(s->options.mss || s->options.window_scale || s->options.sack_permitted);
}

TEST(TcpHeader, UsesNoShiftBeyondFourteen) {  // RFC 7323 §2.3
  const auto s = parse_tcp_segment(with_options("0303 0f 01", TcpFlags::kSyn));
  EXPECT_EQ(s->options.window_scale, 14);
}

TEST(TcpHeader, RefusesADataOffsetBelowFive) {  // RFC 9293 §3.1
  auto bytes = kSyn;
  bytes[12] = 0x40;
  EXPECT_EQ(parse_tcp_segment(bytes).error(), &kTcpBadDataOffset);
}

TEST(TcpHeader, RefusesEveryTruncation) {
  for_each_truncation(kSyn, [](Bytes cut) { EXPECT_FALSE(parse_tcp_segment(cut)) << cut.size(); });
}

TEST(TcpHeader, ReadsNoiseWithinItsBounds) {
  std::mt19937 random(1);
  std::size_t accepted = 0;
  for (int i = 0; i < 200'000; ++i) {
    std::vector<std::uint8_t> bytes(20 + random() % 60);
    for (auto& b : bytes) b = static_cast<std::uint8_t>(random());
    bytes[12] = static_cast<std::uint8_t>((5 + random() % 6) << 4);
    // Mostly kinds that mean something, so that lengths are what varies.
    for (std::size_t j = 20; j < bytes.size(); ++j) {
      if (random() % 2) bytes[j] = static_cast<std::uint8_t>(random() % 12);
    }
    if (const auto s = parse_tcp_segment(bytes)) {
      ++accepted;
      EXPECT_LE(s->options.sack.count, kMaxSackBlocks);
      EXPECT_LE(s->data.size(), bytes.size() - 20);
    }
  }
  EXPECT_GT(accepted, 1000u);
}

}  // namespace
}  // namespace kamesim
