// The configurable parameters of fast handovers (RFC 5568 §9), and what else the RFC gives numbers for.
#pragma once

#include <cstddef>

#include "sim/time.h"

namespace kamesim {

inline constexpr int kRtSolPrRetries = 3;                         // RTSOLPR_RETRIES, §6.1.1
inline constexpr int kMaxRtSolPrRate = 3;                         // MAX_RTSOLPR_RATE, a second, §6.1.1
inline constexpr int kFbuRetries = 3;                             // FBU_RETRIES, §6.2.2
inline constexpr Duration kProxyNdLifetime = 1500_ms;             // PROXY_ND_LIFETIME, §6.2.1.2
inline constexpr int kHiRetries = 3;                              // HI_RETRIES, §6.2.1.1
inline constexpr Duration kInitialHandoverTimeout = 100_ms;       // §6.1.1, §6.2.1.1: where the RTT is not known
inline constexpr std::size_t kMostBackToBack = 5;                 // §5.4: buffered packets sent one after another

}  // namespace kamesim
