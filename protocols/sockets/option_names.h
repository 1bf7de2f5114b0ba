// Socket options by number. The numbers are Linux's, so that Python's own `socket` module names the same ones; those
// that Linux lacks have numbers of ours. Which options there are: RFC 3493 §5, RFC 3542 §15, RFC 3678 §5, RFC 5014 §3.
#pragma once

#include <cstdint>

namespace kamesim::socket_option {

inline constexpr int kLevelSocket = 1;  // SOL_SOCKET
inline constexpr int kLevelUdp = 17;    // IPPROTO_UDP
inline constexpr int kLevelIpv6 = 41;   // IPPROTO_IPV6
inline constexpr int kLevelIcmp6 = 58;  // IPPROTO_ICMPV6

// SOL_SOCKET
inline constexpr int kReuseAddress = 2, kType = 3, kError = 4, kSendBuffer = 7, kReceiveBuffer = 8, kReusePort = 15,
                     kProtocol = 38, kDomain = 39;

// IPPROTO_IPV6
inline constexpr int kChecksum = 7, kNextHop = 9, kFlowInfo = 11, kUnicastHops = 16, kMulticastInterface = 17,
                     kMulticastHops = 18, kMulticastLoop = 19, kJoinGroup = 20, kLeaveGroup = 21, kReceiveError = 25,
                     kV6Only = 26, kIpsecPolicy = 34, kGroupJoin = 42, kSourceBlock = 43, kSourceUnblock = 44,
                     kGroupLeave = 45,
                     kSourceJoin = 46, kSourceLeave = 47, kSourceFilter = 48, kReceivePacketInfo = 49,
                     kPacketInfo = 50, kReceiveHopLimit = 51, kHopLimit = 52, kReceiveHopByHop = 53, kHopByHop = 54,
                     kDestinationBeforeRouting = 55, kReceiveRouting = 56, kRouting = 57, kReceiveDestination = 58,
                     kDestination = 59, kReceivePathMtu = 60, kPathMtu = 61, kDontFragment = 62, kUseMinimumMtu = 63,
                     kReceiveTrafficClass = 66, kTrafficClass = 67, kAutoFlowLabel = 70, kAddressPreferences = 72;

// IPPROTO_ICMPV6
inline constexpr int kIcmp6Filter = 1;

// IPPROTO_UDP
inline constexpr int kSendZeroChecksum = 101, kAcceptZeroChecksum = 102;

// Values of kAddressPreferences (RFC 5014 §5).
inline constexpr unsigned kPreferTemporary = 0x001, kPreferPublic = 0x002, kPreferCareOf = 0x004, kPreferCga = 0x008,
                          kPreferHome = 0x400, kPreferNonCga = 0x800;

// Modes of kSourceFilter (RFC 3678 §5.2).
inline constexpr std::uint32_t kFilterExclude = 0, kFilterInclude = 1;

}  // namespace kamesim::socket_option
