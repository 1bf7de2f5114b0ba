// The protocol constants of Neighbor Discovery and address autoconfiguration that nodes and hosts use. Those of
// routers are in protocols/rtadvd.
#pragma once

#include <cstdint>

#include "sim/time.h"

namespace kamesim {

// RFC 4861 §10, host constants.
inline constexpr Duration kMaxRtrSolicitationDelay = 1_s;       // MAX_RTR_SOLICITATION_DELAY
inline constexpr Duration kRtrSolicitationInterval = 4_s;       // RTR_SOLICITATION_INTERVAL
inline constexpr unsigned kMaxRtrSolicitations = 3;             // MAX_RTR_SOLICITATIONS

// RFC 4861 §10, node constants.
inline constexpr std::uint8_t kMaxMulticastSolicit = 3;         // MAX_MULTICAST_SOLICIT
inline constexpr std::uint8_t kMaxUnicastSolicit = 3;           // MAX_UNICAST_SOLICIT
inline constexpr std::uint8_t kMaxNeighborAdvertisement = 3;    // MAX_NEIGHBOR_ADVERTISEMENT
inline constexpr Duration kMaxAnycastDelayTime = 1_s;           // MAX_ANYCAST_DELAY_TIME
inline constexpr Duration kReachableTime = 30000_ms;            // REACHABLE_TIME
inline constexpr Duration kRetransTimer = 1000_ms;              // RETRANS_TIMER
inline constexpr Duration kDelayFirstProbeTime = 5_s;           // DELAY_FIRST_PROBE_TIME
inline constexpr double kMinRandomFactor = 0.5;                 // MIN_RANDOM_FACTOR
inline constexpr double kMaxRandomFactor = 1.5;                 // MAX_RANDOM_FACTOR

// RFC 4861 §6.3.4: ReachableTime is drawn anew "at least once every few hours".
inline constexpr Duration kReachableTimeRedraw = 2 * 3600_s;

// RFC 4862 §5.5.3 e: an unauthenticated advertisement cannot shorten a valid lifetime to less than two hours.
inline constexpr Duration kTwoHours = 2 * 3600_s;

// RFC 4862 §5.5.3 d with RFC 2464 §4: the length of an interface identifier on Ethernet.
inline constexpr unsigned kInterfaceIdLength = 64;

}  // namespace kamesim
