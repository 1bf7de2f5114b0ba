// What the rules of address selection compare (RFC 6724 §2.2, §3; RFC 3484 §2.2, §3).
#pragma once

#include <algorithm>

#include "protocols/ip6/interface.h"
#include "protocols/ip6/policy_table.h"
#include "protocols/wire/ipv4_address.h"

namespace kamesim {

// RFC 6724 §2.2: no longer than the source's prefix; RFC 3484 §2.2 compares the whole addresses.
inline unsigned common_prefix(const InterfaceAddress& source, const Ipv6Address& destination,
                              AddressSelection selection) {
  const unsigned common = common_prefix_length(source.address, destination);
  return selection == AddressSelection::Rfc6724 ? std::min<unsigned>(common, source.prefix_length) : common;
}

// RFC 6724 §3.1, §3.2. RFC 3484 §3.2 has private IPv4 addresses (RFC 1918) of site-local scope.
inline Scope scope_of(const Ipv6Address& address, AddressSelection selection) {
  if (selection != AddressSelection::Rfc6724 && address.is_v4_mapped()) {
    const Ipv4Bits a = ipv4_of(address);
    if (a >> 24 == 10 || a >> 20 == 0xac1 || a >> 16 == 0xc0a8) return Scope::SiteLocal;
  }
  return address.scope();
}

}  // namespace kamesim
