// Where the two specifications of Mobile IPv6 differ in what a node does: RFC 6275, and RFC 3775, which it obsoletes
// (RFC 6275 Appendix B, and the two texts side by side).
#pragma once

#include <cstdint>

namespace kamesim {

enum class MobilitySpecification : std::uint8_t { Rfc6275, Rfc3775 };

struct MobilityRules {
  // A care-of address that is the home address asks for a deletion, whatever the lifetime (RFC 3775 §9.5.1).
  bool care_of_home_address_deletes = false;
  // There is a status for care-of addresses that cannot be, 174 (RFC 6275 §6.1.8). In RFC 3775 §6.1.7 an update that
  // leads back to its own home address is silently discarded.
  bool invalid_care_of_status = true;
  // A home agent remembers a binding for MAX_DELETE_BCE_TIMEOUT after its deletion (RFC 6275 §10.3.2).
  bool remembers_deletions = true;
  // A packet with a Home Address option needs no binding if a Mobility Header follows (RFC 6275 §9.3.1), or only if a
  // Binding Update does (RFC 3775 §9.3.1).
  bool any_message_with_home_address = true;
  // Status 135 tells the sequence number to go on from (RFC 6275 §11.7.3); in RFC 3775 such an acknowledgement has to
  // bear the number of the update, as all others.
  bool renumbers_by_acknowledgement = true;
  // After MAX_RO_FAILURE retries the mobile node gives up route optimization for a while (RFC 6275 §5.2.9), or it goes
  // on at the slowest rate (RFC 3775 §11.8).
  bool gives_up_route_optimization = true;
  // Site-local addresses have a scope of their own: none is told of a home address of a larger one (RFC 3775 §11.3.1).
  bool site_local_scope = false;

  friend constexpr bool operator==(const MobilityRules&, const MobilityRules&) = default;
};

constexpr MobilityRules rules_of(MobilitySpecification specification) {
  // The rows of the table in docs/protocols/mip6.md.
  if (specification == MobilitySpecification::Rfc6275) return {};
  return {.care_of_home_address_deletes = true, .invalid_care_of_status = false, .remembers_deletions = false,
          .any_message_with_home_address = false, .renumbers_by_acknowledgement = false,
          .gives_up_route_optimization = false, .site_local_scope = true};
}

}  // namespace kamesim
