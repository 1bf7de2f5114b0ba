// The Routing header: its common part (RFC 8200 §4.4), type 0 (RFC 2460 §4.4, deprecated by RFC 5095) and type 2
// (RFC 6275 §6.4).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "protocols/wire/ipv6_address.h"
#include "protocols/wire/next_header.h"
#include "sim/bytes.h"
#include "sim/drop.h"

namespace kamesim {

inline constexpr DropInfo kRoutingHeaderTruncated{"ip6.routing_header_truncated", "RFC 8200 §4.4"};
inline constexpr DropInfo kRoutingHeaderOddLength{"ip6.routing_header_odd_length", "RFC 2460 §4.4"};
inline constexpr DropInfo kRoutingHeaderBadSegmentsLeft{"ip6.routing_header_bad_segments_left", "RFC 8200 §4.4"};
inline constexpr DropInfo kType2RoutingHeaderBadLength{"mip6.rh2_bad_length", "RFC 6275 §11.3.3"};
inline constexpr DropInfo kType2RoutingHeaderBadSegmentsLeft{"mip6.rh2_bad_segments_left",
                                                            "RFC 6275 §11.3.3"};

inline constexpr std::uint8_t kSourceRouteType = 0;
inline constexpr std::uint8_t kType2RoutingType = 2;

// Where fields are, for the Pointer of a Parameter Problem.
inline constexpr std::size_t kRoutingHeaderLengthOffset = 1;
inline constexpr std::size_t kRoutingTypeOffset = 2;
inline constexpr std::size_t kSegmentsLeftOffset = 3;

class RoutingHeaderView {
 public:
  // Any routing type: the header is complete, its type-specific data is not looked at.
  static Parsed<RoutingHeaderView> check(Bytes header);

  NextHeader next_header() const { return static_cast<NextHeader>(header_[0]); }
  std::uint8_t routing_type() const { return header_[kRoutingTypeOffset]; }
  std::uint8_t segments_left() const { return header_[kSegmentsLeftOffset]; }
  Bytes bytes() const { return header_; }

 private:
  explicit RoutingHeaderView(Bytes header) : header_(header) {}
  Bytes header_;
};

// Type 0 is refused by nodes that follow RFC 5095; the view serves those that report it, and the tests.
class SourceRouteView {
 public:
  // `header.routing_type()` is kSourceRouteType.
  static Parsed<SourceRouteView> check(const RoutingHeaderView& header);

  std::uint8_t segments_left() const { return header_[kSegmentsLeftOffset]; }
  std::size_t address_count() const { return header_.size() / Ipv6Address::kSize; }
  Ipv6Address address(std::size_t i) const {  // i < address_count()
    return Ipv6Address::from_bytes(header_.data() + 8 + i * Ipv6Address::kSize);
  }

 private:
  explicit SourceRouteView(Bytes header) : header_(header) {}
  Bytes header_;
};

class Type2RoutingHeaderView {
 public:
  // `header.routing_type()` is kType2RoutingType. Segments Left must be 1, as in a packet not yet processed.
  static Parsed<Type2RoutingHeaderView> check(const RoutingHeaderView& header);

  NextHeader next_header() const { return static_cast<NextHeader>(header_[0]); }
  Ipv6Address home_address() const { return Ipv6Address::from_bytes(header_.data() + 8); }

 private:
  explicit Type2RoutingHeaderView(Bytes header) : header_(header) {}
  Bytes header_;
};

inline constexpr std::size_t kType2RoutingHeaderSize = 24;
void write_type2_routing_header(std::uint8_t* out, NextHeader next_header, const Ipv6Address& home_address);

}  // namespace kamesim
