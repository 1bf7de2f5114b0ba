// The mobility options of Dual Stack Mobile IPv6 (RFC 5555 §3.1.1, §3.1.2, §3.2.1, §3.2.2).
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "protocols/wire/byte_writer.h"
#include "protocols/wire/ipv4_address.h"
#include "protocols/wire/tlv_options.h"
#include "sim/time.h"

namespace kamesim::dsmip6 {

inline constexpr std::uint8_t kIpv4HomeAddressOption = 29;             // RFC 5555 §3.1.1
inline constexpr std::uint8_t kIpv4AddressAcknowledgementOption = 30;  // RFC 5555 §3.2.1; §8 has 29 by mistake
inline constexpr std::uint8_t kNatDetectionOption = 31;                // RFC 5555 §3.2.2
inline constexpr std::uint8_t kIpv4CareOfAddressOption = 32;           // RFC 5555 §3.1.2

inline constexpr std::uint8_t kIpv4AddressBits = 32;  // the Prefix-len of a single address

struct Ipv4HomeAddress {
  Ipv4Bits address = kIpv4Any;  // 0.0.0.0: one is asked for
  std::uint8_t prefix_length = kIpv4AddressBits;  // as it is on the wire, of six bits
  bool prefix_requested = false;                  // P
  friend bool operator==(const Ipv4HomeAddress&, const Ipv4HomeAddress&) = default;
};

struct Ipv4AddressAcknowledgement {
  std::uint8_t status = 0;  // status.h has the names
  std::uint8_t prefix_length = 0;
  Ipv4Bits address = kIpv4Any;
  bool accepted() const { return status < 128; }
  friend bool operator==(const Ipv4AddressAcknowledgement&, const Ipv4AddressAcknowledgement&) = default;
};

struct NatDetection {
  bool udp_required = false;        // F
  std::uint32_t refresh_time_s = 0;
  friend bool operator==(const NatDetection&, const NatDetection&) = default;
};
inline constexpr std::uint32_t kNoRefreshTime = 0;                // "it is ignored"
inline constexpr std::uint32_t kNoKeepalivesNeeded = 0xffff'ffff;  // "no NAT was detected"

// What stands in a Binding Update or Acknowledgement for RFC 5555.
struct Options {
  std::vector<Ipv4HomeAddress> home_addresses;
  std::vector<Ipv4AddressAcknowledgement> acknowledgements;
  std::optional<NatDetection> nat_detection;  // the first
  std::optional<Ipv4Bits> care_of;            // the first
  bool malformed = false;  // there are options of these types of another length than theirs; they are left out
  friend bool operator==(const Options&, const Options&) = default;
};

Options read_options(const TlvOptions& options);
void emit_options(ByteWriter& out, TlvOptionsWriter& writer, const Options& options);

}  // namespace kamesim::dsmip6
