// The mobility options of Proxy Mobile IPv6 (RFC 5213 §8.3 to §8.8, RFC 4283 §3).
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "protocols/wire/byte_writer.h"
#include "protocols/wire/ipv6_address.h"
#include "protocols/wire/tlv_options.h"
#include "sim/drop.h"
#include "sim/mac_address.h"
#include "sim/time.h"

namespace kamesim::pmip6 {

inline constexpr DropInfo kBadOptionLength{"pmip6.bad_option_length", "RFC 5213 §8.3 to §8.8, RFC 4283 §3"};
inline constexpr DropInfo kBadPrefixLength{"pmip6.bad_prefix_length", "RFC 5213 §8.3"};

inline constexpr std::uint8_t kMobileNodeIdentifierOption = 8;            // RFC 4283 §3
inline constexpr std::uint8_t kHomeNetworkPrefixOption = 22;              // RFC 5213 §8.3
inline constexpr std::uint8_t kHandoffIndicatorOption = 23;               // §8.4
inline constexpr std::uint8_t kAccessTechnologyTypeOption = 24;           // §8.5
inline constexpr std::uint8_t kMobileNodeLinkLayerIdentifierOption = 25;  // §8.6
inline constexpr std::uint8_t kLinkLocalAddressOption = 26;               // §8.7
inline constexpr std::uint8_t kTimestampOption = 27;                      // §8.8

// RFC 5213 §8.4.
inline constexpr std::uint8_t kAttachmentOverNewInterface = 1;
inline constexpr std::uint8_t kHandoffBetweenInterfaces = 2;
inline constexpr std::uint8_t kHandoffBetweenGateways = 3;
inline constexpr std::uint8_t kHandoffStateUnknown = 4;
inline constexpr std::uint8_t kHandoffStateNotChanged = 5;

// RFC 5213 §8.5.
inline constexpr std::uint8_t kAccessEthernet = 3;
inline constexpr std::uint8_t kAccessWirelessLan = 4;

// RFC 4283 §3, the MN-Identifier: who a mobile node is, throughout the domain.
struct MobileNodeIdentifier {
  static constexpr std::uint8_t kNai = 1;  // §3.1: user@realm
  std::uint8_t subtype = kNai;
  std::string identifier;
  friend auto operator<=>(const MobileNodeIdentifier&, const MobileNodeIdentifier&) = default;
};

// RFC 5213 §8.6: as RFC 4861 §4.6 carries link-layer addresses.
using LinkLayerIdentifier = std::vector<std::uint8_t>;
LinkLayerIdentifier link_layer_identifier(const MacAddress& mac);
bool is_all_zero(const LinkLayerIdentifier& identifier);

// RFC 5213 §8.8: seconds since 1970 in units of 1/65536 s. The start of a simulation is the start of 1970.
using Timestamp = std::uint64_t;
Timestamp timestamp_of(Time time_of_day);
Time time_of(Timestamp timestamp);

// A prefix of ALL_ZERO asks for one.
inline bool is_all_zero(const Ipv6Prefix& prefix) { return prefix.address().is_unspecified(); }

// What stands in a Proxy Binding Update or Acknowledgement beside its fields. Of the options of which there "cannot be
// more than one instance" (§8.1) the first counts.
struct Options {
  std::optional<MobileNodeIdentifier> mobile_node;
  std::vector<Ipv6Prefix> home_network_prefixes;  // as many as there are
  std::optional<std::uint8_t> handoff_indicator;
  std::optional<std::uint8_t> access_technology;
  std::optional<Timestamp> timestamp;
  std::optional<LinkLayerIdentifier> link_layer_identifier;
  std::optional<Ipv6Address> link_local_address;
  friend bool operator==(const Options&, const Options&) = default;
};

// Options of other types are skipped.
Parsed<Options> read_options(const TlvOptions& options);
// In the order of RFC 5213's figures 6 and 12.
void emit_options(ByteWriter& out, TlvOptionsWriter& writer, const Options& options);

}  // namespace kamesim::pmip6
