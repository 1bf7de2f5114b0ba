// Multicast Listener Discovery, versions 1 (RFC 2710 §3) and 2 (RFC 3810 §5): queries, and reports without their sources.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "protocols/wire/byte_writer.h"
#include "protocols/wire/icmp6.h"
#include "protocols/wire/ipv6_address.h"
#include "sim/bytes.h"
#include "sim/drop.h"
#include "sim/time.h"

namespace kamesim {

inline constexpr DropInfo kMldTruncated{"mld.truncated", "RFC 3810 §5"};
inline constexpr DropInfo kMldBadLength{"mld.bad_length", "RFC 3810 §8.1"};

inline constexpr std::uint16_t kMldRouterAlert = 0;                   // RFC 2711 §2.1
inline constexpr Ipv6Address kAllMldv2Routers =                        // RFC 3810 §5.2.14
    Ipv6Address::from_groups({0xff02, 0, 0, 0, 0, 0, 0, 0x16});
inline constexpr std::size_t kMldv1Size = 24;                         // RFC 2710 §3
inline constexpr std::size_t kMldv2QuerySize = 28;                    // RFC 3810 §5.1, without sources
inline constexpr std::size_t kMldv2ReportSize = 8;                    // §5.2, without records
inline constexpr std::size_t kMldRecordSize = 20;                     // §5.2, without sources and auxiliary data

enum class MldVersion : std::uint8_t { One = 1, Two = 2 };

struct MulticastListenerQuery {
  MldVersion version = MldVersion::Two;
  Duration max_response_delay;  // rounded down to what the code can say
  Ipv6Address group;            // unspecified: a General Query
  std::uint8_t robustness = 0;  // QRV, version 2
  Duration query_interval{};    // QQI, version 2

  // RFC 3810 §8.1: the version is told by the length.
  static Parsed<MulticastListenerQuery> parse(Bytes message);
};
void emit(ByteWriter& out, const MulticastListenerQuery& query);

// Version 1: the same format for reports and for Done (RFC 2710 §3).
struct MulticastListenerV1 {
  Icmp6Type type = Icmp6Type::MulticastListenerReport;
  Ipv6Address group;

  static Parsed<MulticastListenerV1> parse(Bytes message);
};
void emit(ByteWriter& out, const MulticastListenerV1& message);

enum class MldRecordType : std::uint8_t {  // RFC 3810 §5.2.12
  ModeIsInclude = 1,
  ModeIsExclude = 2,
  ChangeToInclude = 3,
  ChangeToExclude = 4,
  AllowNewSources = 5,
  BlockOldSources = 6,
};

struct MulticastAddressRecord {
  MldRecordType type = MldRecordType::ModeIsExclude;
  Ipv6Address group;
  std::uint16_t sources = 0;  // how many there are; they are not kept, and not sent

  friend bool operator==(const MulticastAddressRecord&, const MulticastAddressRecord&) = default;
};

struct MulticastListenerReportV2 {
  std::vector<MulticastAddressRecord> records;

  static Parsed<MulticastListenerReportV2> parse(Bytes message);
};
void emit(ByteWriter& out, const MulticastListenerReportV2& report);

}  // namespace kamesim
