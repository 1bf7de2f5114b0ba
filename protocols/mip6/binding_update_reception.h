// What home agents and correspondent nodes have in common when a Binding Update arrives (RFC 6275 §9.5.1) and is
// answered (§9.5.4).
#pragma once

#include <optional>

#include "protocols/mip6/binding_status.h"
#include "protocols/mip6/keygen.h"
#include "protocols/mip6/messages.h"
#include "protocols/wire/ipv6_address.h"
#include "sim/bytes.h"
#include "sim/drop.h"

namespace kamesim {

inline constexpr DropInfo kBuHomeAddressNotRoutable{"mip6.bu_home_address_not_routable", "RFC 6275 §9.5.1"};
inline constexpr DropInfo kBuCareOfNotRoutable{"mip6.bu_care_of_not_routable", "RFC 6275 §6.1.7"};
inline constexpr DropInfo kBuSourceNotUnicast{"mip6.bu_source_not_unicast", "RFC 6275 §9.5.4"};
inline constexpr DropInfo kBuCircularReference{"mip6.bu_circular_reference", "RFC 3775 §6.1.7"};

// RFC 6275 §3.1: "a unicast routable address must be either a global IPv6 address or a unique local IPv6 address".
bool is_unicast_routable(const Ipv6Address& address);

// The addresses are those of the wire, before a Home Address option is swapped in.
struct ReceivedBindingUpdate {
  Ipv6Address source;
  Ipv6Address destination;  // ours; behind a type 2 routing header our home address (§6.2.7)
  std::optional<Ipv6Address> home_address_option;
  BindingUpdate update;
  Bytes mobility_header;    // the whole message, for its authenticator
  // RFC 5555 §4.2: it came over IPv4. The source is the IPv4 care-of address, v4-mapped, the home address as if it had
  // stood in an option.
  bool over_ipv4 = false;
  std::optional<std::uint8_t> refusal{};  // what an extension refuses a registration with

  Ipv6Address home_address() const { return home_address_option.value_or(source); }          // §9.5.1
  Ipv6Address care_of() const { return update.alternate_care_of_address.value_or(source); }  // §9.5.1
  bool requests_deletion() const { return update.lifetime == Duration(); }                   // §6.1.7
};

// The tests of addresses that come before all others. Null: passed.
DropReason check_addresses(const ReceivedBindingUpdate& received);

struct BindingAckToSend {
  Ipv6Address source;
  Ipv6Address destination;
  std::optional<Ipv6Address> routing_header;  // type 2, with this home address
  BindingAck ack;
  // If set, the acknowledgement's authenticator is zeros: compute_authenticator(*kbm, authenticated_address, source,
  // message) goes in their place.
  std::optional<BindingManagementKey> kbm;
  Ipv6Address authenticated_address;
};

// RFC 6275 §9.5.4: to the Source Address, by way of a type 2 routing header if there was a Home Address option.
BindingAckToSend answer(const ReceivedBindingUpdate& received, const BindingAck& ack);
// A rejection: the sequence number is copied (§6.1.8), but for status 135, which tells the last one accepted.
BindingAckToSend reject(const ReceivedBindingUpdate& received, std::uint8_t status);
BindingAckToSend reject_sequence(const ReceivedBindingUpdate& received, SeqNum16 last_accepted);

}  // namespace kamesim
