// The default policy table (RFC 6724 §2.1).
#pragma once

#include "protocols/wire/ipv6_address.h"

namespace kamesim {

struct AddressPolicy {
  Ipv6Prefix prefix;
  unsigned precedence;
  unsigned label;
};

// Row for row as in the RFC, but sorted: longest prefix first.
inline constexpr AddressPolicy kDefaultPolicies[] = {
    {{kLoopback, 128}, 50, 0},
    {{Ipv6Address::from_groups({0, 0, 0, 0, 0, 0xffff, 0, 0}), 96}, 35, 4},
    {{kUnspecified, 96}, 1, 3},
    {{Ipv6Address::from_groups({0x2001, 0, 0, 0, 0, 0, 0, 0}), 32}, 5, 5},
    {{Ipv6Address::from_groups({0x2002, 0, 0, 0, 0, 0, 0, 0}), 16}, 30, 2},
    {{Ipv6Address::from_groups({0x3ffe, 0, 0, 0, 0, 0, 0, 0}), 16}, 1, 12},
    {{Ipv6Address::from_groups({0xfec0, 0, 0, 0, 0, 0, 0, 0}), 10}, 1, 11},
    {{Ipv6Address::from_groups({0xfc00, 0, 0, 0, 0, 0, 0, 0}), 7}, 3, 13},
    {{kUnspecified, 0}, 40, 1},
};

constexpr const AddressPolicy& default_policy(const Ipv6Address& address) {
  for (const AddressPolicy& policy : kDefaultPolicies) {
    if (policy.prefix.contains(address)) return policy;
  }
  return kDefaultPolicies[std::size(kDefaultPolicies) - 1];
}

}  // namespace kamesim
