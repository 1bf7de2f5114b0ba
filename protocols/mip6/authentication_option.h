// The options that authenticate home registrations in place of IPsec: the Mobile Node Identifier (RFC 4283), the
// mobility message authentication option and the replay protection option (RFC 4285).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocols/mip6/mobility_header.h"
#include "protocols/wire/ipv6_address.h"
#include "sim/bytes.h"
#include "sim/drop.h"

namespace kamesim {

inline constexpr std::uint8_t kMobileNodeIdentifierOption = 8;  // RFC 4283 §3, MN-ID-OPTION-TYPE
inline constexpr std::uint8_t kAuthenticationOption = 9;        // RFC 4285 §5, AUTH-OPTION-TYPE
inline constexpr std::uint8_t kReplayProtectionOption = 10;     // RFC 4285 §6, MESG-ID-OPTION-TYPE

inline constexpr std::uint8_t kMnNaiSubtype = 1;  // RFC 4283 §3.1
inline constexpr std::uint8_t kMnHaSubtype = 1;   // RFC 4285 §5.1
inline constexpr std::uint8_t kMnAaaSubtype = 2;  // RFC 4285 §5.2

inline constexpr std::uint32_t kHmacSha1Spi = 3;       // RFC 4285 §8, HMAC_SHA1_SPI of MN-AAA
inline constexpr std::uint32_t kReservedSpis = 256;    // RFC 4285 §5.1: 0 to 255 are reserved
inline constexpr std::size_t kMobilityKeySize = 16;    // RFC 4285 §5.1
inline constexpr std::size_t kMaxIdentifierSize = 253;  // what an option of 255 octets has room for, and a little less

inline constexpr DropInfo kAuthenticationMalformed{"mip6.authentication_malformed", "RFC 4285 §5"};
inline constexpr DropInfo kAuthenticationOrder{"mip6.authentication_order", "RFC 4285 §5"};
inline constexpr DropInfo kAuthenticationNotLast{"mip6.authentication_not_last", "RFC 4285 §5.1"};

using MobilityKey = std::array<std::uint8_t, kMobilityKeySize>;
using MnHaAuthenticator = std::array<std::uint8_t, 12>;   // First (96, ...), RFC 4285 §5.1
using MnAaaAuthenticator = std::array<std::uint8_t, 20>;  // RFC 4285 §5.2

// What a message says of who sent it. Views into the message, which has to outlive them.
struct AuthenticationOptions {
  struct Authentication {
    std::uint32_t spi;
    Bytes data;
    Bytes covered;  // of the message: "up to and including the mobility SPI field"
  };
  std::optional<std::string_view> identifier;  // MN-NAI
  std::optional<std::uint64_t> timestamp;      // in the format of NTP
  std::optional<Authentication> mn_ha, mn_aaa;
};

// Fails for options of impossible lengths, a subtype that is there twice, MN-AAA before MN-HA, an identifier behind an
// authentication option, and a last authentication option that is not the last option. Other subtypes are skipped.
Parsed<AuthenticationOptions> authentication_options(const MobilityHeaderView& mh);

// RFC 4285 §5.1 and §5.2: over care-of address | home address | MH Data, the checksum in which counts as zero.
MnHaAuthenticator mn_ha_authenticator(const MobilityKey& key, const Ipv6Address& care_of, const Ipv6Address& home,
                                      Bytes mh_data);
MnAaaAuthenticator mn_aaa_authenticator(const MobilityKey& key, const Ipv6Address& care_of, const Ipv6Address& home,
                                        Bytes mh_data);
// In the same time for every wrong one.
bool authentication_valid(Bytes expected, Bytes received);

// What to put behind a message that is complete otherwise.
struct AuthenticationToAppend {
  Ipv6Address care_of, home;
  std::string_view identifier;
  std::optional<std::uint64_t> timestamp;
  std::uint32_t spi = kReservedSpis;
  MobilityKey key{};
  std::optional<MobilityKey> aaa_key;  // an MN-AAA option too, with HMAC_SHA1_SPI
};
void append_authentication(std::vector<std::uint8_t>& message, const AuthenticationToAppend& what);

}  // namespace kamesim
