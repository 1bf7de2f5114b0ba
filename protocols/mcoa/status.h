// The Status of a Binding Acknowledgement or of a Binding Identifier option (RFC 5648 §4.4, §11), and that of a Flow
// Identification option (RFC 6089 §4.2).
#pragma once

#include <cstdint>

namespace kamesim::mcoa {

inline constexpr std::uint8_t kNotComplete = 4;        // MCOA NOTCOMPLETE
inline constexpr std::uint8_t kReturnHomeWithoutNdp = 5;  // MCOA RETURNHOME WO/NDP
inline constexpr std::uint8_t kMalformed = 164;
inline constexpr std::uint8_t kNonMcoaBindingExists = 165;
inline constexpr std::uint8_t kProhibited = 166;
inline constexpr std::uint8_t kUnknownCareOfAddress = 167;
inline constexpr std::uint8_t kBulkRegistrationProhibited = 168;
inline constexpr std::uint8_t kSimultaneousHomeAndForeignProhibited = 169;

inline constexpr std::uint8_t kFlowBindingSuccessful = 0;
inline constexpr std::uint8_t kFlowAdministrativelyProhibited = 128;
inline constexpr std::uint8_t kFlowRejected = 129;  // reason unspecified
inline constexpr std::uint8_t kFlowMalformed = 130;
inline constexpr std::uint8_t kFlowBidNotFound = 131;
inline constexpr std::uint8_t kFlowFidNotFound = 132;
inline constexpr std::uint8_t kFlowSelectorNotSupported = 133;

}  // namespace kamesim::mcoa
