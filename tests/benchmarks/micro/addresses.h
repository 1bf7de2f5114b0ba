// The addresses of the messages that are read and written.
#pragma once

#include "protocols/wire/ipv6_address.h"

namespace kamesim {

inline constexpr Ipv6Address kSource = Ipv6Address::from_groups({0x2001, 0xdb8, 0, 1, 0, 0, 0, 1});
inline constexpr Ipv6Address kDestination = Ipv6Address::from_groups({0x2001, 0xdb8, 0, 2, 0, 0, 0, 2});
inline constexpr Ipv6Address kRouterLinkLocal = Ipv6Address::from_groups({0xfe80, 0, 0, 0, 0, 0, 0, 1});

}  // namespace kamesim
