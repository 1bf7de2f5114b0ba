// RFC 5213 §9: the defaults of the configuration variables; and what RFC 6543 reserved for them.
#pragma once

#include "protocols/wire/ipv6_address.h"
#include "sim/mac_address.h"
#include "sim/time.h"

namespace kamesim::pmip6 {

inline constexpr Duration kDefaultMinDelayBeforeBceDelete = 10'000_ms;    // §9.1, MinDelayBeforeBCEDelete
inline constexpr Duration kDefaultMaxDelayBeforeNewBceAssign = 1500_ms;   // §9.1, MaxDelayBeforeNewBCEAssign
inline constexpr Duration kDefaultTimestampValidityWindow = 300_ms;       // §9.1, TimestampValidityWindow

// RFC 6543 §3, §4: for FixedMAGLinkLocalAddressOnAllAccessLinks and FixedMAGLinkLayerAddressOnAllAccessLinks (§9.3).
inline constexpr Ipv6Address kFixedLinkLocalAddress =
    Ipv6Address::from_groups({0xfe80, 0, 0, 0, 0x0200, 0x5eff, 0xfe00, 0x5213});
inline constexpr MacAddress kFixedLinkLayerAddress({0x00, 0x00, 0x5e, 0x00, 0x52, 0x13});

}  // namespace kamesim::pmip6
