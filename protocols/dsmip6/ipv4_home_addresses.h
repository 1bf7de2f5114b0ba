// Which IPv4 home addresses and IPv4 mobile network prefixes belong to the mobile node of an IPv6 home address, and what
// is bound of them (RFC 5555 §2.5, §4.5, §5): a home agent's table, and what it answers to IPv4 Home Address options.
// Whether the Binding Update itself is accepted has been decided before. Addresses and prefixes are in v4-mapped form.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "protocols/dsmip6/options.h"
#include "protocols/wire/ipv4_address.h"
#include "protocols/wire/ipv6_address.h"
#include "sim/time.h"

namespace kamesim::dsmip6 {

struct Ipv4HomeAddressesConfig {
  std::map<Ipv6Address, Ipv6Address> addresses;               // static ones, by IPv6 home address
  std::map<Ipv6Address, std::vector<Ipv6Prefix>> networks{};  // mobile network prefixes, by IPv6 home address
  std::vector<Ipv6Prefix> pool{};          // of dynamic addresses; empty: status 132
  std::optional<Ipv6Prefix> network_pool{};  // of dynamic prefixes; empty: status 133 to who has none
  std::vector<Ipv6Prefix> prohibited{};    // IPv6 home addresses without IPv4 service: status 129
  std::vector<Ipv6Address> reserved{};     // never handed out, as those of routers of the home link
  std::optional<Duration> lease{};         // of dynamic addresses (§2.5); empty: as long as the binding
};

class Ipv4HomeAddresses {
 public:
  // §5: how many options of one Binding Update are looked at; those behind are refused with status 128.
  static constexpr std::size_t kMaxOptions = 8;

  explicit Ipv4HomeAddresses(Ipv4HomeAddressesConfig config);

  struct Answer {
    std::vector<Ipv4AddressAcknowledgement> acknowledgements;  // one an option, in their order
    std::vector<Ipv6Prefix> bound;                             // to tunnel to the mobile node: addresses have 128 bits
  };
  // An accepted Binding Update with these options, perhaps none: its content replaces what was bound (§4.4.2.1).
  Answer bind(const Ipv6Address& home, const std::vector<Ipv4HomeAddress>& options);
  // The binding of the IPv6 home address is gone. A dynamic address is still the mobile node's, until others run short.
  void unbind(const Ipv6Address& home);
  // §2.5: no longer than the lease of a dynamic address.
  std::optional<Duration> longest_lifetime(const Ipv6Address& home, const std::vector<Ipv4HomeAddress>& options) const;

  const std::vector<Ipv6Prefix>& bound_of(const Ipv6Address& home) const;
  bool is_bound(const Ipv6Address& address) const;  // as a home address or in a prefix of any mobile node

 private:
  struct Judged {
    Ipv4AddressAcknowledgement acknowledgement;
    std::optional<Ipv6Prefix> bound;
  };
  struct Assigned {  // dynamically
    std::optional<Ipv6Address> address;
    std::vector<Ipv6Prefix> networks;
  };

  Judged judge(const Ipv6Address& home, const Ipv4HomeAddress& option);
  Judged judge_address(const Ipv6Address& home, const Ipv4HomeAddress& option);
  Judged judge_prefix(const Ipv6Address& home, const Ipv4HomeAddress& option);
  std::optional<Ipv6Address> address_of(const Ipv6Address& home) const;
  std::vector<Ipv6Prefix> networks_of(const Ipv6Address& home) const;
  std::optional<Ipv6Address> assign_address(const Ipv6Address& home);
  std::optional<Ipv6Prefix> assign_network(const Ipv6Address& home, unsigned length);
  std::optional<Ipv6Address> free_address() const;
  bool network_is_free(const Ipv6Prefix& network) const;
  bool forget_longest_idle();

  Ipv4HomeAddressesConfig config_;
  std::set<Ipv6Address> taken_;                        // addresses that are not to be handed out
  std::map<Ipv6Address, Assigned> assigned_;           // by IPv6 home address
  std::map<Ipv6Address, std::vector<Ipv6Prefix>> bound_;
  std::vector<Ipv6Address> idle_;                      // of assigned_, those without a binding, the longest first
};

}  // namespace kamesim::dsmip6
