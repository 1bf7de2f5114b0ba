// Policy tables (RFC 6724 §2.1), and by whose rules a node selects addresses.
#pragma once

#include <cstdint>
#include <vector>

#include "protocols/wire/ipv6_address.h"

namespace kamesim {

enum class AddressSelection : std::uint8_t {
  Rfc6724,
  Rfc3484,  // as of 2003: its table, private IPv4 addresses of site scope, the whole addresses' common prefix
  Kame,     // RFC 3484's, with interfaces whose addresses are preferred (KAME's rule 9, Ip6Interface::prefer_source)
};

struct AddressPolicy {
  Ipv6Prefix prefix;
  unsigned precedence = 0;
  unsigned label = 0;
  friend bool operator==(const AddressPolicy&, const AddressPolicy&) = default;
};

class PolicyTable {
 public:
  // At most one row for a prefix. Of no row for ::/0 what the RFC's has is assumed.
  explicit PolicyTable(std::vector<AddressPolicy> rows);

  // The row with the longest prefix that the address matches; IPv4 addresses in the v4-mapped form (§3.2).
  const AddressPolicy& lookup(const Ipv6Address& address) const;
  const std::vector<AddressPolicy>& rows() const { return rows_; }  // longest prefix first

  // The default tables, RFC 6724 §2.1 and RFC 3484 §2.1.
  static const PolicyTable& default_of(AddressSelection selection);

 private:
  // A row's prefix, as look-ups compare it: masks are not made anew for each address.
  struct Pattern {
    std::uint64_t high, high_mask, low, low_mask;
  };

  std::vector<AddressPolicy> rows_;
  std::vector<Pattern> patterns_;  // of the rows, in their order
};

}  // namespace kamesim
