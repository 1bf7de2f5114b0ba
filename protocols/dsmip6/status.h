// What RFC 5555 says of registrations in numbers.
#pragma once

#include <cstdint>

#include "sim/time.h"

namespace kamesim::dsmip6 {

// RFC 5555 §3.2.1, the Status of an IPv4 Address Acknowledgement option. Below 128 it is a success.
inline constexpr std::uint8_t kIpv4AddressAccepted = 0;
inline constexpr std::uint8_t kIpv4ReasonUnspecified = 128;
inline constexpr std::uint8_t kIpv4AdministrativelyProhibited = 129;
inline constexpr std::uint8_t kIncorrectIpv4HomeAddress = 130;
inline constexpr std::uint8_t kInvalidIpv4Address = 131;
inline constexpr std::uint8_t kDynamicIpv4HomeAddressNotAvailable = 132;
inline constexpr std::uint8_t kPrefixAllocationUnauthorized = 133;

// RFC 5555 §4.4.2, §4.5, of a Binding Acknowledgement. RFC 4285 has the same number for another thing
// (kMesgIdMismatch); which is meant, the F flag of the Binding Update says.
inline constexpr std::uint8_t kCannotForceUdpEncapsulation = 144;

inline constexpr std::uint16_t kDsmip6Port = 4191;           // RFC 5555 §8: UDP, "dsmipv6"
inline constexpr Duration kNatKeepaliveTimeout = 110_s;      // RFC 5555 §6, NATKATIMEOUT

}  // namespace kamesim::dsmip6
