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

// RFC 6724 §5 and §6, rule 4: the greater the better. An address that is home address and care-of address at once, as a
// mobile node's that is at home, is before one that is a home address only, which stands on the node's tunnel (RFC 6275
// §11.3.1). `prefer_care_of`: an application reversed the rule (RFC 5014 §5); for all others, addresses in use on a link
// are care-of addresses.
inline unsigned home_rank(const InterfaceAddress& address, const Ip6Interface& interface, bool prefer_care_of) {
  if (!address.home_address) return prefer_care_of ? 2 : 0;
  const bool at_home = !interface.is_tunnel();
  return prefer_care_of ? at_home : 1 + at_home;
}

}  // namespace kamesim
