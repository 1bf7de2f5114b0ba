// Initial sequence numbers (RFC 6528), SYN cookies (RFC 4987 Appendix A) and the function behind them.
#include "protocols/tcp/initial_sequence.h"

#include <gtest/gtest.h>

#include <numeric>
#include <set>
#include <vector>

namespace kamesim {
namespace {

const FourTuple kConnection{.local = "2001:db8::1"_ip6, .remote = "2001:db8::2"_ip6, .local_port = 80,
                            .remote_port = 50000};

TcpSecrets secrets(std::uint64_t seed = 1) { return TcpSecrets(RandomStream(seed, stable_hash("a"), "tcp.secrets")); }

Time at(Duration d) { return Time{} + d; }

TEST(SipHash, GivesTheAuthorsVectors) {  // "SipHash: a fast short-input PRF", Appendix A, and the reference's table
  SipKey key;
  std::vector<std::uint8_t> octets(16);
  std::iota(octets.begin(), octets.end(), 0);
  std::memcpy(key.data(), octets.data(), 16);
  EXPECT_EQ(siphash24(key, Bytes(octets).first(15)), 0xa129ca6149be45e5ull);
  EXPECT_EQ(siphash24(key, {}), 0x726fdb47dd0e0e31ull);
  EXPECT_EQ(siphash24(key, Bytes(octets).first(8)), 0x93f5f5799a932462ull);
}

TEST(InitialSequenceNumber, AdvancesWithTheFourMicrosecondTimer) {  // RFC 6528 §3
  const TcpSecrets s = secrets();
  const SeqNum32 first = s.initial_sequence_number(kConnection, at(1_s));
  EXPECT_EQ(s.initial_sequence_number(kConnection, at(1_s + 4_us)), first + 1);
  EXPECT_EQ(s.initial_sequence_number(kConnection, at(2_s)), first + 250'000);
}

TEST(InitialSequenceNumber, DependsOnEachPartOfTheConnectionAndOnTheKey) {  // RFC 6528 §3
  const Time now = at(1_s);
  std::set<std::uint32_t> seen{secrets().initial_sequence_number(kConnection, now).value(),
                               secrets(2).initial_sequence_number(kConnection, now).value()};
  FourTuple t = kConnection;
  t.local = "2001:db8::3"_ip6;
  seen.insert(secrets().initial_sequence_number(t, now).value());
  t = kConnection;
  t.remote = "2001:db8::3"_ip6;
  seen.insert(secrets().initial_sequence_number(t, now).value());
  t = kConnection;
  t.local_port = 81;
  seen.insert(secrets().initial_sequence_number(t, now).value());
  t = kConnection;
  t.remote_port = 50001;
  seen.insert(secrets().initial_sequence_number(t, now).value());
  EXPECT_EQ(seen.size(), 6u);
}

TcpSegment ack_of(SeqNum32 cookie, SeqNum32 irs) {
  return {.seq = irs + 1, .ack = cookie + 1, .flags = TcpFlags::kAck};
}

TEST(SynCookie, BringsTheMssBack) {  // RFC 4987 Appendix A
  const TcpSecrets s = secrets();
  const SeqNum32 irs(1234);
  struct { std::uint16_t offered, kept; } cases[] = {{1440, 1440}, {1439, 1360}, {1220, 1220}, {100, 216}, {9000, 8940}};
  for (const auto& c : cases) {
    const auto offer = s.check_cookie(kConnection, ack_of(s.cookie(kConnection, irs, c.offered, at(5_s)), irs), at(6_s));
    ASSERT_TRUE(offer) << c.offered;
    EXPECT_EQ(offer->mss, c.kept) << c.offered;
    EXPECT_FALSE(offer->sack_permitted || offer->window_scale || offer->timestamps);
  }
}

TEST(SynCookie, BringsTheOptionsBackInTheTimestamp) {
  const TcpSecrets s = secrets();
  const SeqNum32 irs(1234);
  const SynOffer offered{.mss = 1440, .window_scale = 9, .sack_permitted = true, .ecn = true, .timestamps = true};
  for (std::uint32_t clock : {0u, 63u, 64u, 1000u, 0xffff'ffffu}) {
    const std::uint32_t value = TcpSecrets::timestamp_with_options(clock, offered);
    EXPECT_LE(static_cast<std::int32_t>(value - clock), 0);
    EXPECT_GT(static_cast<std::int32_t>(value - clock), -64);
    TcpSegment ack = ack_of(s.cookie(kConnection, irs, 1440, at(5_s)), irs);
    ack.options.timestamps = TcpTimestamps{1, value};
    const auto offer = s.check_cookie(kConnection, ack, at(6_s));
    ASSERT_TRUE(offer);
    EXPECT_EQ(offer->window_scale, 9);
    EXPECT_TRUE(offer->sack_permitted && offer->ecn && offer->timestamps);
  }
}

TEST(SynCookie, ExpiresAndFitsOneConnectionOnly) {
  const TcpSecrets s = secrets();
  const SeqNum32 irs(1234);
  const SeqNum32 cookie = s.cookie(kConnection, irs, 1440, at(70_s));
  EXPECT_TRUE(s.check_cookie(kConnection, ack_of(cookie, irs), at(70_s)));
  EXPECT_TRUE(s.check_cookie(kConnection, ack_of(cookie, irs), at(191_s)));
  EXPECT_FALSE(s.check_cookie(kConnection, ack_of(cookie, irs), at(192_s)));
  EXPECT_FALSE(s.check_cookie(kConnection, ack_of(cookie, irs + 1), at(70_s)));
  FourTuple other = kConnection;
  ++other.remote_port;
  EXPECT_FALSE(s.check_cookie(other, ack_of(cookie, irs), at(70_s)));
  EXPECT_FALSE(secrets(2).check_cookie(kConnection, ack_of(cookie, irs), at(70_s)));
  unsigned guessed = 0;
  for (std::uint32_t i = 0; i < 100'000; ++i) {
    guessed += s.check_cookie(kConnection, ack_of(SeqNum32(i * 42'949), irs), at(70_s)).has_value();
  }
  EXPECT_LT(guessed, 3u);  // 24 bits, and two of 32 periods
}

}  // namespace
}  // namespace kamesim
