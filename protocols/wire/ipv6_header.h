// The IPv6 header (RFC 8200 §3).
#pragma once

#include <cstddef>
#include <cstdint>

#include "protocols/wire/ipv6_address.h"
#include "protocols/wire/next_header.h"
#include "sim/bytes.h"
#include "sim/drop.h"

namespace kamesim {

inline constexpr DropInfo kIp6Truncated{"ip6.truncated", "RFC 8200 §3"};
inline constexpr DropInfo kIp6BadVersion{"ip6.bad_version", "RFC 8200 §3"};
inline constexpr DropInfo kIp6PayloadTruncated{"ip6.payload_truncated", "RFC 8200 §3"};

inline constexpr std::uint32_t kIpv6MaxFlowLabel = 0xfffff;  // RFC 8200 §3: 20 bits
inline constexpr std::size_t kIpv6HeaderSize = 40;
inline constexpr std::size_t kIpv6MinimumMtu = 1280;  // RFC 8200 §5
inline constexpr std::size_t kIpv6NextHeaderOffset = 6;
inline constexpr std::size_t kIpv6HopLimitOffset = 7;
inline constexpr std::size_t kIpv6PayloadLengthOffset = 4;
inline constexpr std::size_t kIpv6SourceOffset = 8;
inline constexpr std::size_t kIpv6DestinationOffset = 24;
// RFC 8200 §3: the largest payload that the Payload Length field can tell.
inline constexpr std::size_t kIpv6MaxPayload = 65535;

// RFC 2675 §2: the Jumbo Payload option.
inline constexpr std::uint8_t kJumboPayloadOption = 0xc2;

// RFC 2675 §3: whether the length stands in a Jumbo Payload option: Payload Length and Next Header are zero.
inline bool says_jumbogram(const std::uint8_t* header) {
  return (load_be32(header + kIpv6PayloadLengthOffset) & 0xffff'ff00) == 0;
}
// The Jumbo Payload Length of a packet that says so; 0 where no option tells one. `packet` may be cut off.
std::size_t jumbo_payload_length_of(Bytes packet);

struct Ipv6Header {
  std::uint8_t traffic_class = 0;
  std::uint32_t flow_label = 0;  // 20 bits
  std::uint16_t payload_length = 0;
  NextHeader next_header = NextHeader::NoNextHeader;
  std::uint8_t hop_limit = 64;
  Ipv6Address source;
  Ipv6Address destination;

  // Writes kIpv6HeaderSize bytes.
  void write(std::uint8_t* out) const {
    store_be32(out, 6u << 28 | static_cast<std::uint32_t>(traffic_class) << 20 | (flow_label & 0xf'ffff));
    store_be16(out + 4, payload_length);
    out[6] = static_cast<std::uint8_t>(next_header);
    out[7] = hop_limit;
    source.copy_to(out + 8);
    destination.copy_to(out + 24);
  }
};

class Ipv6HeaderView {
 public:
  // A packet as received. Bytes behind the payload, such as Ethernet padding, are left out of the view.
  static Parsed<Ipv6HeaderView> check(Bytes packet) {
    if (packet.size() < kIpv6HeaderSize) return drop(kIp6Truncated);
    if (packet[0] >> 4 != 6) return drop(kIp6BadVersion);
    const std::size_t size = told_size(packet);
    if (packet.size() < size) return drop(kIp6PayloadTruncated);
    return Ipv6HeaderView(packet.first(size));
  }
  // A packet that check() has let through, cut to its size.
  static Ipv6HeaderView of_checked(Bytes packet) { return Ipv6HeaderView(packet); }
  // The start of a packet, as an ICMPv6 error message quotes it: the payload may be cut off.
  static Parsed<Ipv6HeaderView> check_quoted(Bytes packet);

  std::uint8_t traffic_class() const { return static_cast<std::uint8_t>(load_be16(packet_.data()) >> 4); }
  std::uint32_t flow_label() const { return load_be32(packet_.data()) & 0xf'ffff; }
  std::uint16_t payload_length() const { return load_be16(packet_.data() + 4); }  // 0 in a jumbogram
  NextHeader next_header() const { return static_cast<NextHeader>(packet_[kIpv6NextHeaderOffset]); }
  std::uint8_t hop_limit() const { return packet_[kIpv6HopLimitOffset]; }
  Ipv6Address source() const { return Ipv6Address::from_bytes(packet_.data() + 8); }
  Ipv6Address destination() const { return Ipv6Address::from_bytes(packet_.data() + 24); }
  // Header and payload; the payload is payload_length() bytes (or as many as a Jumbo Payload option says), or what is
  // left of them in a quotation. Where the length is not told as it should be (RFC 2675 §3), it is all there is.
  Bytes packet() const { return packet_; }
  Bytes payload() const { return packet_.subspan(kIpv6HeaderSize); }
  Ipv6Header value() const;

 private:
  explicit Ipv6HeaderView(Bytes packet) : packet_(packet) {}
  // Header and payload, as the packet tells it.
  static std::size_t told_size(Bytes packet) {
    const std::size_t length = load_be16(packet.data() + kIpv6PayloadLengthOffset);
    return length != 0 || !says_jumbogram(packet.data()) ? kIpv6HeaderSize + length : told_jumbogram_size(packet);
  }
  static std::size_t told_jumbogram_size(Bytes packet);
  Bytes packet_;
};

// Changes fields where they are. `header` holds at least kIpv6HeaderSize bytes.
class Ipv6HeaderEditor {
 public:
  explicit Ipv6HeaderEditor(std::uint8_t* header) : header_(header) {}

  void set_traffic_class(std::uint8_t v) {
    store_be16(header_, static_cast<std::uint16_t>((load_be16(header_) & 0xf00f) | v << 4));
  }
  void set_payload_length(std::uint16_t v) { store_be16(header_ + 4, v); }
  void set_next_header(NextHeader v) { header_[kIpv6NextHeaderOffset] = static_cast<std::uint8_t>(v); }
  void set_hop_limit(std::uint8_t v) { header_[kIpv6HopLimitOffset] = v; }
  void set_source(const Ipv6Address& v) { v.copy_to(header_ + 8); }
  void set_destination(const Ipv6Address& v) { v.copy_to(header_ + 24); }

 private:
  std::uint8_t* header_;
};

}  // namespace kamesim
