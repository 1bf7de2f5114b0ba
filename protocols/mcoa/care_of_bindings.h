// The bindings of home addresses with several care-of addresses (RFC 5648 §4.1, §6.1), by home address and Binding
// Identification Number. What they have in common, such as the sequence number, stays in the Binding Cache entry.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "protocols/wire/ipv6_address.h"
#include "sim/time.h"

namespace kamesim::mcoa {

struct CareOfBinding {
  std::uint16_t bid = 0;
  Ipv6Address care_of;        // of a home binding the home address (§6.2)
  bool home_binding = false;  // H
  std::uint8_t priority = 0;  // BID-PRI (RFC 6089 §4.1), lower is better; zero: none was told
  Time updated_at;
  Time expires;
};

// RFC 6089 §5.1.1: the lowest BID-PRI first. Bindings without one come last, of them (RFC 5648 §3) "the binding that was
// last verified by receiving [...] signaling from the mobile node".
bool preferred_to(const CareOfBinding& a, const CareOfBinding& b);

class CareOfBindings {
 public:
  using List = std::vector<CareOfBinding>;  // the preferred one first

  // Empty: the home address has no binding with a BID.
  const List& of(const Ipv6Address& home_address) const;
  const CareOfBinding* find(const Ipv6Address& home_address, std::uint16_t bid) const;

  // Adds, or replaces that of the same BID.
  void put(const Ipv6Address& home_address, const CareOfBinding& binding);
  bool erase(const Ipv6Address& home_address, std::uint16_t bid);
  void erase_all(const Ipv6Address& home_address) { bindings_.erase(home_address); }
  // None of them outlives this.
  void limit(const Ipv6Address& home_address, Time until);

  std::vector<Ipv6Address> home_addresses() const;
  std::optional<Time> first_expiry() const;

 private:
  std::map<Ipv6Address, List> bindings_;
};

}  // namespace kamesim::mcoa
