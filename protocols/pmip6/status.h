// The Status of a Proxy Binding Acknowledgement (RFC 5213 §8.9); RFC 6275's are in protocols/mip6/binding_status.h.
#pragma once

#include <cstdint>

namespace kamesim::pmip6 {

inline constexpr std::uint8_t kProxyRegNotEnabled = 152;
inline constexpr std::uint8_t kNotLmaForThisMobileNode = 153;
inline constexpr std::uint8_t kMagNotAuthorizedForProxyReg = 154;
inline constexpr std::uint8_t kNotAuthorizedForHomeNetworkPrefix = 155;
inline constexpr std::uint8_t kTimestampMismatch = 156;
inline constexpr std::uint8_t kTimestampLowerThanPrevAccepted = 157;
inline constexpr std::uint8_t kMissingHomeNetworkPrefixOption = 158;
inline constexpr std::uint8_t kBcePbuPrefixSetDoNotMatch = 159;
inline constexpr std::uint8_t kMissingMnIdentifierOption = 160;
inline constexpr std::uint8_t kMissingHandoffIndicatorOption = 161;
inline constexpr std::uint8_t kMissingAccessTechTypeOption = 162;

}  // namespace kamesim::pmip6
