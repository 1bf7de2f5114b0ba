#include "protocols/wire/mld.h"

#include <gtest/gtest.h>

#include <vector>

namespace kamesim {
namespace {

using Octets = std::vector<std::uint8_t>;

const Ipv6Address kGroup = "ff0e::77"_ip6;

TEST(Mld, QueryOfVersion2) {  // RFC 3810 §5.1, as Scapy 2.5 builds ICMPv6MLQuery2(mrd=10000, QRV=2, QQIC=125)
  const Octets message = {0x82, 0, 0, 0, 0x27, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 125, 0, 0};
  const auto query = MulticastListenerQuery::parse(message);
  ASSERT_TRUE(query);
  EXPECT_EQ(query->version, MldVersion::Two);
  EXPECT_EQ(query->max_response_delay, 10_s);
  EXPECT_EQ(query->group, Ipv6Address());
  EXPECT_EQ(query->robustness, 2);
  EXPECT_EQ(query->query_interval, 125_s);
  EXPECT_EQ(to_bytes(*query), message);
}

TEST(Mld, LengthTellsTheVersion) {  // RFC 3810 §8.1
  for (std::size_t size = 0; size <= 40; ++size) {
    const auto query = MulticastListenerQuery::parse(Octets(size));
    EXPECT_EQ(query.has_value(), size == 24 || size >= 28) << size;
    if (query) {
      EXPECT_EQ(query->version, size == 24 ? MldVersion::One : MldVersion::Two);
    }
  }
}

TEST(Mld, LongDelaysHaveAnExponent) {  // RFC 3810 §5.1.3
  Octets message(28);
  const auto delay = [&](std::uint8_t high, std::uint8_t low) {
    message[4] = high, message[5] = low;
    return MulticastListenerQuery::parse(message)->max_response_delay;
  };
  EXPECT_EQ(delay(0x7f, 0xff), 32'767_ms);
  EXPECT_EQ(delay(0x80, 0x00), 32'768_ms);
  EXPECT_EQ(delay(0xff, 0xff), Duration::milliseconds(0x1fff << 10));
  for (const std::int64_t ms : {0, 1, 32'767, 32'768, 100'000, 1'000'000, 8'387'584}) {
    const MulticastListenerQuery query{.max_response_delay = Duration::milliseconds(ms)};
    const auto read = MulticastListenerQuery::parse(to_bytes(query))->max_response_delay;
    EXPECT_LE(read, Duration::milliseconds(ms));
    EXPECT_GE(read, Duration::milliseconds(ms - ms / 4096));
  }
}

TEST(Mld, VersionOneDelaysAreMilliseconds) {  // RFC 2710 §3.4
  Octets message(24);
  message[4] = message[5] = 0xff;
  EXPECT_EQ(MulticastListenerQuery::parse(message)->max_response_delay, 65'535_ms);
}

TEST(Mld, ReportOfVersion2) {  // RFC 3810 §5.2
  const MulticastListenerReportV2 report{{{MldRecordType::ChangeToExclude, kGroup}, {MldRecordType::ModeIsExclude, kGroup}}};
  const Octets message = to_bytes(report);
  EXPECT_EQ(message.size(), 8u + 2 * 20);
  EXPECT_EQ(message[0], 143);
  EXPECT_EQ(message[7], 2);
  const auto read = MulticastListenerReportV2::parse(message);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->records, report.records);
  for (std::size_t size = 0; size < message.size(); ++size) {
    EXPECT_FALSE(MulticastListenerReportV2::parse(Bytes(message).first(size))) << size;
  }
}

TEST(Mld, RecordsHaveSourcesAndAuxiliaryData) {  // RFC 3810 §5.2.5 to §5.2.11
  Octets message = to_bytes(MulticastListenerReportV2{{{MldRecordType::ModeIsInclude, kGroup}}});
  message[8 + 1] = 1;  // 4 octets of auxiliary data
  message[8 + 3] = 2;  // two sources
  EXPECT_FALSE(MulticastListenerReportV2::parse(message));
  message.resize(message.size() + 4 + 2 * 16);
  EXPECT_EQ(MulticastListenerReportV2::parse(message)->records.front().sources, 2);
}

TEST(Mld, MessagesOfVersion1) {  // RFC 2710 §3
  for (const Icmp6Type type : {Icmp6Type::MulticastListenerReport, Icmp6Type::MulticastListenerDone}) {
    const Octets message = to_bytes(MulticastListenerV1{type, kGroup});
    EXPECT_EQ(message.size(), 24u);
    const auto read = MulticastListenerV1::parse(message);
    EXPECT_EQ(read->type, type);
    EXPECT_EQ(read->group, kGroup);
    EXPECT_FALSE(MulticastListenerV1::parse(Bytes(message).first(23)));
  }
}

}  // namespace
}  // namespace kamesim
