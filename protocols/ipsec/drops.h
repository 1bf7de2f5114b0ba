// Why IPsec discards packets.
#pragma once

#include "sim/drop.h"

namespace kamesim::ipsec {

// ESP
inline constexpr DropInfo kEspTruncated{"esp.truncated", "RFC 4303 §2"};
inline constexpr DropInfo kEspBadLength{"esp.bad_length", "RFC 4303 §2.4"};
inline constexpr DropInfo kEspBadIcv{"esp.bad_icv", "RFC 4303 §3.4.4"};
inline constexpr DropInfo kEspBadPadding{"esp.bad_padding", "RFC 4303 §2.4, §3.4.4.1"};
inline constexpr DropInfo kEspDummy{"esp.dummy_packet", "RFC 4303 §2.6"};
inline constexpr DropInfo kEspReplayed{"esp.replayed", "RFC 4303 §3.4.3"};
inline constexpr DropInfo kEspTooOld{"esp.before_window", "RFC 4303 §3.4.3"};
inline constexpr DropInfo kEspUnknownSpi{"esp.unknown_spi", "RFC 4303 §3.4.2"};

// AH
inline constexpr DropInfo kAhTruncated{"ah.truncated", "RFC 4302 §2"};
inline constexpr DropInfo kAhBadLength{"ah.bad_length", "RFC 4302 §2.2, §3.3.3.2.1"};
inline constexpr DropInfo kAhBadIcv{"ah.bad_icv", "RFC 4302 §3.4.4"};
inline constexpr DropInfo kAhReplayed{"ah.replayed", "RFC 4302 §3.4.3"};
inline constexpr DropInfo kAhTooOld{"ah.before_window", "RFC 4302 §3.4.3"};
inline constexpr DropInfo kAhUnknownSpi{"ah.unknown_spi", "RFC 4302 §3.4.2"};
inline constexpr DropInfo kAhHeadersTooLong{"ah.headers_too_long", "a bound on the headers before AH"};

// IPComp
inline constexpr DropInfo kIpcompTruncated{"ipcomp.truncated", "RFC 3173 §3.3"};
inline constexpr DropInfo kIpcompUnknownCpi{"ipcomp.unknown_cpi", "RFC 3173 §2.1"};
inline constexpr DropInfo kIpcompMalformed{"ipcomp.malformed", "RFC 2394 §2.2"};
inline constexpr DropInfo kIpcompTooLong{"ipcomp.too_long", "RFC 8200 §3, a bound on what is decompressed"};

// The way of packets
inline constexpr DropInfo kReservedSpi{"ipsec.reserved_spi", "RFC 4303 §2.1, RFC 4302 §2.4"};
inline constexpr DropInfo kNestedTooDeep{"ipsec.nested_too_deep", "a bound on headers of IPsec in one packet"};
inline constexpr DropInfo kModeMismatch{"ipsec.mode_mismatch", "RFC 4301 §4.4.2.1, IPsec protocol mode"};
inline constexpr DropInfo kWrongPeer{"ipsec.wrong_peer", "RFC 4301 §5.2 step 4"};
inline constexpr DropInfo kInnerMalformed{"ipsec.inner_malformed", "RFC 4303 §3.4.4.1 step 5"};
inline constexpr DropInfo kCongestion{"ipsec.congestion_not_ecn_capable", "RFC 6040 §4.2"};
inline constexpr DropInfo kUdpKeepalive{"ipsec.udp_keepalive", "RFC 3948 §2.3"};
inline constexpr DropInfo kSequenceOverflow{"ipsec.sequence_overflow", "RFC 4303 §3.3.3, RFC 4302 §3.3.2"};
inline constexpr DropInfo kLifetimeOver{"ipsec.lifetime_over", "RFC 4301 §4.4.2.1"};
inline constexpr DropInfo kTooLong{"ipsec.too_long", "RFC 4301 §8.2.1"};
inline constexpr DropInfo kJumbogram{"ipsec.jumbogram", "RFC 2675, which IPsec's headers do not go with here"};

inline constexpr DropInfo kCryptographyBusy{"ipsec.cryptography_busy", "a bound on packets that wait for it"};

// Policies
inline constexpr DropInfo kPolicyDiscard{"ipsec.policy_discard", "RFC 4301 §4.4.1, DISCARD"};
inline constexpr DropInfo kNoPolicy{"ipsec.no_policy", "RFC 4301 §5.1, §5.2: what no policy speaks of"};
inline constexpr DropInfo kNoAssociation{"ipsec.no_association", "RFC 4301 §5.1 step 3"};
inline constexpr DropInfo kUnprotected{"ipsec.unprotected", "RFC 4301 §5.2 step 3"};
inline constexpr DropInfo kPolicyMismatch{"ipsec.policy_mismatch", "RFC 4301 §5.2 step 4"};
inline constexpr DropInfo kTransportForTransit{"ipsec.transport_for_transit", "RFC 4301 §4.1"};
inline constexpr DropInfo kUnprotectedError{"ipsec.unprotected_icmp_error", "RFC 4301 §6.1.1"};
inline constexpr DropInfo kUnprotectedRegistration{"ipsec.unprotected_home_registration", "RFC 6275 §5.1"};

}  // namespace kamesim::ipsec
