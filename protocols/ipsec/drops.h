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
inline constexpr DropInfo kEspFragment{"esp.fragment", "RFC 4303 §3.4.1"};

// AH
inline constexpr DropInfo kAhTruncated{"ah.truncated", "RFC 4302 §2"};
inline constexpr DropInfo kAhBadLength{"ah.bad_length", "RFC 4302 §2.2, §3.3.3.2.1"};
inline constexpr DropInfo kAhBadIcv{"ah.bad_icv", "RFC 4302 §3.4.4"};
inline constexpr DropInfo kAhReplayed{"ah.replayed", "RFC 4302 §3.4.3"};
inline constexpr DropInfo kAhTooOld{"ah.before_window", "RFC 4302 §3.4.3"};
inline constexpr DropInfo kAhUnknownSpi{"ah.unknown_spi", "RFC 4302 §3.4.2"};
inline constexpr DropInfo kAhFragment{"ah.fragment", "RFC 4302 §3.4.1"};
inline constexpr DropInfo kAhHeadersTooLong{"ah.headers_too_long", "a bound on the headers before AH"};

// IPComp
inline constexpr DropInfo kIpcompTruncated{"ipcomp.truncated", "RFC 3173 §3.3"};
inline constexpr DropInfo kIpcompUnknownCpi{"ipcomp.unknown_cpi", "RFC 3173 §2.1"};
inline constexpr DropInfo kIpcompMalformed{"ipcomp.malformed", "RFC 2394 §2.2"};
inline constexpr DropInfo kIpcompTooLong{"ipcomp.too_long", "RFC 8200 §3, a bound on what is decompressed"};

}  // namespace kamesim::ipsec
