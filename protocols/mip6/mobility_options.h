// Mobility options (RFC 6275 §6.2): their types, values and alignment.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "protocols/wire/byte_writer.h"
#include "protocols/wire/ipv6_address.h"
#include "protocols/wire/tlv_options.h"
#include "sim/bytes.h"
#include "sim/time.h"

namespace kamesim {

inline constexpr std::uint8_t kBindingRefreshAdviceOption = 2;      // RFC 6275 §6.2.4
inline constexpr std::uint8_t kAlternateCareOfAddressOption = 3;    // RFC 6275 §6.2.5
inline constexpr std::uint8_t kNonceIndicesOption = 4;              // RFC 6275 §6.2.6
inline constexpr std::uint8_t kBindingAuthorizationDataOption = 5;  // RFC 6275 §6.2.7
inline constexpr std::uint8_t kMobileNetworkPrefixOption = 6;       // RFC 3963 §4.3

struct NonceIndices {
  std::uint16_t home_nonce_index = 0;
  std::uint16_t care_of_nonce_index = 0;
  friend bool operator==(const NonceIndices&, const NonceIndices&) = default;
};

// RFC 3963 §4.3, as it is on the wire: the length may be too much, and bits behind it may be set.
struct MobileNetworkPrefix {
  std::uint8_t prefix_length = 0;
  Ipv6Address prefix;
  friend bool operator==(const MobileNetworkPrefix&, const MobileNetworkPrefix&) = default;
};

using Authenticator = std::array<std::uint8_t, 12>;  // RFC 6275 §6.2.7, of the return routability procedure

// RFC 6275 §6.1.7, §6.1.8, §6.2.4: times travel in units of four seconds.
constexpr Duration duration_of_units(std::uint16_t units) { return 4_s * units; }
// Rounds down, but a time that is not zero never to zero: that would delete the binding.
std::uint16_t units_of_duration(Duration d);

// Whether the options of §6.2.4 to §6.2.6 and of RFC 3963 have their lengths. The Authenticator's length is its procedure's affair.
bool mobility_option_lengths_ok(const TlvOptions& options);

// The first option of each type. The options have passed MobilityHeaderView::check.
std::optional<Duration> binding_refresh_advice(const TlvOptions& options);
std::optional<Ipv6Address> alternate_care_of_address(const TlvOptions& options);
std::optional<NonceIndices> nonce_indices(const TlvOptions& options);
// All of them, in their order; one message has room for no more than about a hundred.
std::vector<MobileNetworkPrefix> mobile_network_prefixes(const TlvOptions& options);
// Only a Binding Authorization Data option of 12 octets that ends the message counts (RFC 6275 §9.5.1: "MUST be the
// last option and MUST NOT have trailing padding"); `mh` is the whole message.
std::optional<Authenticator> authenticator(const TlvOptions& options, Bytes mh);

void emit_binding_refresh_advice(ByteWriter& out, TlvOptionsWriter& options, Duration refresh_interval);
void emit_mobile_network_prefix(ByteWriter& out, TlvOptionsWriter& options, const MobileNetworkPrefix& prefix);
void emit_alternate_care_of_address(ByteWriter& out, TlvOptionsWriter& options, const Ipv6Address& care_of);
void emit_nonce_indices(ByteWriter& out, TlvOptionsWriter& options, const NonceIndices& indices);
// Emit it last: then it ends the message.
void emit_authenticator(ByteWriter& out, TlvOptionsWriter& options, const Authenticator& value);

}  // namespace kamesim
