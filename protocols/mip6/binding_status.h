// The Status of a Binding Acknowledgement and of a Binding Error.
#pragma once

#include <cstdint>

namespace kamesim {

// RFC 6275 §6.1.8. Below 128 the Binding Update was accepted.
inline constexpr std::uint8_t kBindingAccepted = 0;
inline constexpr std::uint8_t kAcceptedPrefixDiscoveryNecessary = 1;
inline constexpr std::uint8_t kReasonUnspecified = 128;
inline constexpr std::uint8_t kAdministrativelyProhibited = 129;
inline constexpr std::uint8_t kInsufficientResources = 130;
inline constexpr std::uint8_t kHomeRegistrationNotSupported = 131;
inline constexpr std::uint8_t kNotHomeSubnet = 132;
inline constexpr std::uint8_t kNotHomeAgentForThisMobileNode = 133;
inline constexpr std::uint8_t kDuplicateAddressDetectionFailed = 134;
inline constexpr std::uint8_t kSequenceNumberOutOfWindow = 135;
inline constexpr std::uint8_t kExpiredHomeNonceIndex = 136;
inline constexpr std::uint8_t kExpiredCareOfNonceIndex = 137;
inline constexpr std::uint8_t kExpiredNonces = 138;
inline constexpr std::uint8_t kRegistrationTypeChangeDisallowed = 139;
inline constexpr std::uint8_t kInvalidCareOfAddress = 174;

// RFC 3963 §4.2.
inline constexpr std::uint8_t kMobileRouterOperationNotPermitted = 140;
inline constexpr std::uint8_t kInvalidPrefix = 141;
inline constexpr std::uint8_t kNotAuthorizedForPrefix = 142;
inline constexpr std::uint8_t kForwardingSetupFailed = 143;

// RFC 4285 §8.
inline constexpr std::uint8_t kMesgIdMismatch = 144;  // MIPV6-ID-MISMATCH
inline constexpr std::uint8_t kMesgIdRequired = 145;  // MIPV6-MESG-ID-REQD
inline constexpr std::uint8_t kAuthFail = 146;        // MIPV6-AUTH-FAIL

// RFC 6275 §6.1.9.
inline constexpr std::uint8_t kUnknownBindingForHomeAddress = 1;
inline constexpr std::uint8_t kUnrecognizedMhType = 2;

}  // namespace kamesim
