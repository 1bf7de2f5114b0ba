// The protection of what a mobile node and its home agent tell each other by ESP with keys by hand (RFC 3776, 4877):
// which associations and policies there are, put into the node's databases over a PF_KEY socket. Both roles have the
// same table, seen from either side.
#pragma once

#include <cstdint>
#include <optional>

#include "protocols/ip6/stack.h"
#include "protocols/ipsec/algorithms.h"
#include "protocols/ipsec/pfkey_socket.h"
#include "protocols/ipsec/security_association.h"
#include "protocols/wire/ipv6_address.h"

namespace kamesim {

inline constexpr DropInfo kProtectionRefused{"mip6.protection_refused", "RFC 3776 §4.2"};

// Of one mobile node with its home agent; both are given the same.
struct SignallingProtectionConfig {
  // The SPIs of this pair are this and those behind it, two for each row of the table (kProtectionSpis); at a home agent
  // those of one mobile node are no other's.
  ipsec::Spi first_spi = 0x1000;
  ipsec::Encryption encryption = ipsec::Encryption::AesCbc;
  ipsec::Integrity integrity = ipsec::Integrity::HmacSha2_256_128;
  ipsec::Secret encryption_key, integrity_key;
  bool return_routability = true;  // §4.1: SHOULD
  bool prefix_discovery = true;    // §4.1: SHOULD
  bool payload = false;            // §4.1: MAY
};
inline constexpr ipsec::Spi kProtectionSpis = 8;

class SignallingProtection final : public ipsec::PfKeyHandler {
 public:
  enum class Role : std::uint8_t { MobileNode, HomeAgent };
  SignallingProtection(ipsec::PfKeyLayer& keys, Ip6Stack& stack, Role role, const Ipv6Address& home_address,
                       const SignallingProtectionConfig& config);

  // Between the home address and this home agent. What was there for another one goes.
  void serve(const Ipv6Address& home_agent);
  // The tunnel ends at this care-of address: what goes through it is protected (§4.3), its associations move along.
  void away(const Ipv6Address& care_of);
  // §4.2: policies of the tunnel are made inactive; associations by hand are retained.
  void at_home();

  void on_pfkey(const ipsec::pfkey::Message& message) override;

 private:
  struct Exchange;
  enum class Toward : std::uint8_t { HomeAgent, MobileNode };
  struct Ends {
    Ipv6Address source, destination;
  };
  static const Exchange kExchanges[];

  bool wanted(const Exchange& exchange) const;
  ipsec::Spi spi(const Exchange& exchange, Toward toward) const;
  Ends association_ends(const Exchange& exchange, Toward toward, const Ipv6Address& care_of) const;
  ipsec::pfkey::Message about(ipsec::pfkey::Type type, const Exchange& exchange, Toward toward) const;
  template <typename Do>
  void for_each(ipsec::Mode mode, Do act);
  void add_associations(ipsec::Mode mode);
  void add_policies(ipsec::Mode mode);
  void delete_policies(ipsec::Mode mode);
  void delete_associations(ipsec::Mode mode);
  void migrate(const Ipv6Address& care_of);

  ipsec::PfKeySocket socket_;
  Ip6Stack& stack_;
  Role role_;
  Ipv6Address home_address_;
  SignallingProtectionConfig config_;
  std::optional<Ipv6Address> home_agent_;
  std::optional<Ipv6Address> care_of_;  // where the tunnel's associations end; empty: there are none yet
  bool tunnel_active_ = false;
};

}  // namespace kamesim
