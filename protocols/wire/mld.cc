#include "protocols/wire/mld.h"

#include <algorithm>

namespace kamesim {
namespace {

// RFC 3810 §5.1.3 and §5.1.9: a code below `linear` is the value itself; above it has a mantissa and an exponent of three
// bits. The mantissa has `bits` bits.
constexpr std::uint32_t value_of(std::uint32_t code, unsigned bits) {
  const std::uint32_t linear = 1u << (bits + 3);
  if (code < linear) return code;
  const std::uint32_t mantissa = code & ((1u << bits) - 1), exponent = code >> bits & 7;
  return (mantissa | 1u << bits) << (exponent + 3);
}

// The largest code whose value is no more than that.
constexpr std::uint32_t code_of(std::uint32_t value, unsigned bits) {
  const std::uint32_t linear = 1u << (bits + 3);
  if (value < linear) return value;
  std::uint32_t exponent = 0;
  while (exponent < 7 && value >> (exponent + 3) >= 2u << bits) ++exponent;
  const std::uint32_t mantissa = std::min(value >> (exponent + 3), (2u << bits) - 1) & ((1u << bits) - 1);
  return linear | exponent << bits | mantissa;
}

constexpr unsigned kDelayMantissa = 12, kIntervalMantissa = 4;
static_assert(value_of(32767, kDelayMantissa) == 32767 && value_of(32768, kDelayMantissa) == 32768);
static_assert(code_of(125, kIntervalMantissa) == 125 && value_of(0xff, kIntervalMantissa) == 31744);

constexpr std::size_t kCodeOffset = 4, kGroupOffset = 8;

Ipv6Address group_at(Bytes message, std::size_t offset) {
  return Ipv6Address::from_bytes(&message[offset]);
}

void header(ByteWriter& out, Icmp6Type type) {
  out.u8(static_cast<std::uint8_t>(type));
  out.zeros(3);  // code and checksum
}

}  // namespace

Parsed<MulticastListenerQuery> MulticastListenerQuery::parse(Bytes message) {
  if (message.size() < kMldv1Size) return drop(kMldTruncated);
  if (message.size() > kMldv1Size && message.size() < kMldv2QuerySize) return drop(kMldBadLength);
  MulticastListenerQuery query;
  query.version = message.size() == kMldv1Size ? MldVersion::One : MldVersion::Two;
  query.group = group_at(message, kGroupOffset);
  const std::uint16_t code = load_be16(&message[kCodeOffset]);
  const bool one = query.version == MldVersion::One;
  query.max_response_delay = Duration::milliseconds(one ? code : value_of(code, kDelayMantissa));
  if (one) return query;
  query.robustness = message[24] & 7;
  query.query_interval = Duration::seconds(value_of(message[25], kIntervalMantissa));
  return query;
}

void emit(ByteWriter& out, const MulticastListenerQuery& query) {
  header(out, Icmp6Type::MulticastListenerQuery);
  const auto delay = static_cast<std::uint32_t>(query.max_response_delay / 1_ms);
  const bool one = query.version == MldVersion::One;
  out.u16(static_cast<std::uint16_t>(one ? std::min(delay, 0xffffu) : code_of(delay, kDelayMantissa)));
  out.zeros(2);
  out.address(query.group);
  if (one) return;
  out.u8(query.robustness & 7);
  out.u8(static_cast<std::uint8_t>(code_of(static_cast<std::uint32_t>(query.query_interval / 1_s), kIntervalMantissa)));
  out.u16(0);  // sources
}

Parsed<MulticastListenerV1> MulticastListenerV1::parse(Bytes message) {
  if (message.size() < kMldv1Size) return drop(kMldTruncated);
  return MulticastListenerV1{static_cast<Icmp6Type>(message[0]), group_at(message, kGroupOffset)};
}

void emit(ByteWriter& out, const MulticastListenerV1& message) {
  header(out, message.type);
  out.zeros(4);
  out.address(message.group);
}

Parsed<MulticastListenerReportV2> MulticastListenerReportV2::parse(Bytes message) {
  if (message.size() < kMldv2ReportSize) return drop(kMldTruncated);
  MulticastListenerReportV2 report;
  const std::size_t count = load_be16(&message[6]);
  std::size_t offset = kMldv2ReportSize;
  for (std::size_t i = 0; i < count; ++i) {
    if (message.size() - offset < kMldRecordSize) return drop(kMldTruncated);
    const std::uint16_t sources = load_be16(&message[offset + 2]);
    const std::size_t size = kMldRecordSize + sources * Ipv6Address::kSize + 4u * message[offset + 1];
    if (message.size() - offset < size) return drop(kMldTruncated);
    report.records.push_back({static_cast<MldRecordType>(message[offset]), group_at(message, offset + 4), sources});
    offset += size;
  }
  return report;
}

void emit(ByteWriter& out, const MulticastListenerReportV2& report) {
  header(out, Icmp6Type::MulticastListenerReportV2);
  out.u16(0);
  out.u16(static_cast<std::uint16_t>(report.records.size()));
  for (const MulticastAddressRecord& record : report.records) {
    out.u8(static_cast<std::uint8_t>(record.type));
    out.zeros(3);
    out.address(record.group);
  }
}

}  // namespace kamesim
