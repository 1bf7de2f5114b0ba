// RFC 6275 §12 and §13: the constants and variables of Mobile IPv6.
#pragma once

#include "sim/time.h"

namespace kamesim {

// RFC 6275 §12, protocol constants: fixed.
inline constexpr int kDhaadRetries = 4;                         // DHAAD_RETRIES
inline constexpr Duration kInitialBindackTimeout = 1_s;         // INITIAL_BINDACK_TIMEOUT
inline constexpr Duration kInitialDhaadTimeout = 3_s;           // INITIAL_DHAAD_TIMEOUT
inline constexpr Duration kInitialSolicitTimer = 3_s;           // INITIAL_SOLICIT_TIMER
inline constexpr Duration kMaxBindackTimeout = 32_s;            // MAX_BINDACK_TIMEOUT
inline constexpr Duration kMaxDeleteBceTimeout = 10_s;          // MAX_DELETE_BCE_TIMEOUT
inline constexpr Duration kMaxNonceLifetime = 240_s;            // MAX_NONCE_LIFETIME
inline constexpr Duration kMaxTokenLifetime = 210_s;            // MAX_TOKEN_LIFETIME
inline constexpr int kMaxRoFailure = 3;                         // MAX_RO_FAILURE, retries
inline constexpr Duration kMaxRrBindingLifetime = 420_s;        // MAX_RR_BINDING_LIFETIME
inline constexpr int kMaxUpdateRate = 3;                        // MAX_UPDATE_RATE, messages a second
inline constexpr int kPrefixAdvRetries = 3;                     // PREFIX_ADV_RETRIES
inline constexpr Duration kPrefixAdvTimeout = 3_s;              // PREFIX_ADV_TIMEOUT

// RFC 6275 §13, configuration variables: the defaults of the fields an administrator may set.
inline constexpr Duration kDefaultMaxMobPfxAdvInterval = 86'400_s;          // MaxMobPfxAdvInterval
inline constexpr Duration kDefaultMinDelayBetweenRas = 3_s;                 // MinDelayBetweenRAs
inline constexpr Duration kMinMinDelayBetweenRas = 30_ms;                   // MinDelayBetweenRAs, its minimum
inline constexpr Duration kDefaultMinMobPfxAdvInterval = 600_s;             // MinMobPfxAdvInterval
inline constexpr Duration kDefaultInitialBindackTimeoutFirstReg = 1500_ms;  // InitialBindackTimeoutFirstReg

// RFC 6275 §6.1.7, §6.1.8: lifetimes travel in units of four seconds, 16 bits of them.
inline constexpr Duration kLifetimeUnit = 4_s;
inline constexpr Duration kMaxLifetime = kLifetimeUnit * 65535;
constexpr Duration whole_lifetime_units(Duration d) { return kLifetimeUnit * (d / kLifetimeUnit); }

}  // namespace kamesim
