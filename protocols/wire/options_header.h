// The Hop-by-Hop Options and Destination Options headers, and the options kamesim knows (RFC 8200 §4.2, §4.3, §4.6).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "protocols/wire/byte_writer.h"
#include "protocols/wire/ipv6_address.h"
#include "protocols/wire/ipv6_header.h"
#include "protocols/wire/next_header.h"
#include "protocols/wire/tlv_options.h"
#include "sim/bytes.h"
#include "sim/drop.h"

namespace kamesim {

inline constexpr DropInfo kOptionsHeaderTruncated{"ip6.options_header_truncated", "RFC 8200 §4.3"};
inline constexpr DropInfo kOptionTruncated{"ip6.option_truncated", "RFC 8200 §4.2"};

inline constexpr std::uint8_t kTunnelEncapsulationLimitOption = 0x04;  // RFC 2473 §4.1.1
inline constexpr std::uint8_t kRouterAlertOption = 0x05;               // RFC 2711 §2.1
inline constexpr std::uint8_t kHomeAddressOption = 0xc9;               // RFC 6275 §6.3

// RFC 8200 §4.2, the two highest-order bits: what to do with a packet whose option is not recognized.
enum class UnrecognizedOptionAction : std::uint8_t {
  Skip = 0,
  Discard = 1,
  DiscardAndReport = 2,                 // ICMP Parameter Problem, Code 2
  DiscardAndReportUnlessMulticast = 3,  // the same, unless the destination is a multicast address
};
constexpr UnrecognizedOptionAction unrecognized_option_action(std::uint8_t type) {
  return static_cast<UnrecognizedOptionAction>(type >> 6);
}
// RFC 8200 §4.2, the third bit.
constexpr bool option_may_change_en_route(std::uint8_t type) { return (type & 0x20) != 0; }

// The data of the options. Empty when the type is another or the length is not the option's own.
std::optional<Ipv6Address> home_address(const Tlv& option);
std::optional<std::uint8_t> tunnel_encapsulation_limit(const Tlv& option);
std::optional<std::uint16_t> router_alert(const Tlv& option);
std::optional<std::uint32_t> jumbo_payload_length(const Tlv& option);

class OptionsHeaderView {
 public:
  // Every option lies inside the header; what the options hold is not looked at.
  static Parsed<OptionsHeaderView> check(Bytes header);

  NextHeader next_header() const { return static_cast<NextHeader>(header_[0]); }
  std::size_t size() const { return header_.size(); }
  TlvOptions options() const { return options_; }  // Tlv::offset counts from the start of this header

 private:
  OptionsHeaderView(Bytes header, const TlvOptions& options) : header_(header), options_(options) {}
  Bytes header_;
  TlvOptions options_;
};

// Builds a header of any options, each padded to its alignment.
class OptionsHeaderWriter {
 public:
  OptionsHeaderWriter(ByteWriter& out, NextHeader next_header);

  OptionsHeaderWriter& option(std::uint8_t type, Bytes data, TlvAlignment alignment = {});
  OptionsHeaderWriter& home_address(const Ipv6Address& address);
  OptionsHeaderWriter& tunnel_encapsulation_limit(std::uint8_t limit);
  OptionsHeaderWriter& router_alert(std::uint16_t value);
  // Pads and sets Hdr Ext Len. Call it once, last.
  void finish();

 private:
  ByteWriter& out_;
  std::size_t start_;
  TlvOptionsWriter options_;
};

// The headers that are prepended to packets on their way, as fixed layouts.
inline constexpr std::size_t kJumboPayloadHeaderSize = 8;  // RFC 2675 §2, in a Hop-by-Hop Options header of its own
void write_jumbo_payload_header(std::uint8_t* out, NextHeader next_header, std::uint32_t payload_length);
inline constexpr std::size_t kHomeAddressHeaderSize = 24;
void write_home_address_header(std::uint8_t* out, NextHeader next_header, const Ipv6Address& home_address);
inline constexpr std::size_t kTunnelEncapsulationLimitHeaderSize = 8;  // RFC 2473 §5.1
void write_tunnel_encapsulation_limit_header(std::uint8_t* out, NextHeader next_header, std::uint8_t limit);

}  // namespace kamesim
