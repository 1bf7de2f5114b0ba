// The mobility options of multiple care-of addresses (RFC 5648 §4.3, as updated by RFC 6089 §4.1) and of flow bindings
// (RFC 6089 §4.2).
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "protocols/mcoa/traffic_selector.h"
#include "protocols/wire/byte_writer.h"
#include "protocols/wire/ipv6_address.h"
#include "protocols/wire/tlv_options.h"

namespace kamesim::mcoa {

inline constexpr std::uint8_t kBindingIdentifierOption = 35;  // RFC 5648 §4.3
inline constexpr std::uint8_t kFlowSummaryOption = 44;        // RFC 6089 §4.2.2
// RFC 6089 §4.2. Its §8 has the two numbers the other way round; IANA's registry, and Wireshark, have these.
inline constexpr std::uint8_t kFlowIdentificationOption = 45;
inline constexpr std::uint8_t kLinkLayerAddressOption = 7;    // RFC 5568 §6.4.4
inline constexpr std::uint8_t kLinkLayerAddressOfMobileNode = 2;  // its Option-Code (RFC 5648 §5.6.3)

inline constexpr std::uint8_t kMaxBidPriority = 127;  // RFC 6089 §4.1: seven bits; zero: none is told

struct BindingIdentifier {
  enum class CareOf : std::uint8_t { None, Ipv4, Ipv6 };
  std::uint16_t bid = 0;        // zero is reserved
  std::uint8_t status = 0;
  bool home_and_foreign = false;  // H
  std::uint8_t priority = 0;    // BID-PRI
  CareOf form = CareOf::None;
  Ipv6Address care_of;          // v4-mapped in the IPv4 form
  friend bool operator==(const BindingIdentifier&, const BindingIdentifier&) = default;
};

struct FlowIdentification {
  struct Selector {
    std::uint8_t format = 0;           // TS Format
    std::vector<std::uint8_t> data;    // as it is on the wire
    friend bool operator==(const Selector&, const Selector&) = default;
  };
  std::uint16_t fid = 0;       // zero is reserved
  std::uint16_t priority = 0;  // FID-PRI; zero is reserved
  std::uint8_t status = 0;
  std::optional<Selector> selector;
  std::optional<std::vector<std::uint16_t>> bids;  // the Binding Reference sub-option
  bool malformed = false;      // a sub-option is there twice, or has not its length
  friend bool operator==(const FlowIdentification&, const FlowIdentification&) = default;
};

// What stands in a Binding Update or Acknowledgement for these two RFCs.
struct Options {
  std::vector<BindingIdentifier> bindings;
  bool malformed = false;  // there are Binding Identifier options of other lengths than 4, 8 and 20; they are left out
  std::vector<FlowIdentification> flows;
  std::vector<std::uint16_t> flow_summary;  // of all Flow Summary options
  std::optional<std::array<std::uint8_t, 6>> link_layer_address;  // of the mobile node (RFC 5648 §5.6.3)

  bool none() const { return bindings.empty() && !malformed; }
  friend bool operator==(const Options&, const Options&) = default;
};

Options read_options(const TlvOptions& options);
void emit_options(ByteWriter& out, TlvOptionsWriter& writer, const Options& options);

}  // namespace kamesim::mcoa
