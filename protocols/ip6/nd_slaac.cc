#include "protocols/ip6/nd_slaac.h"

#include "protocols/ip6/nd_constants.h"
#include "protocols/ip6/nd_drops.h"

namespace kamesim {

Time lifetime_end(Time now, Duration lifetime) { return lifetime == kInfiniteLifetime ? Time::max() : now + lifetime; }

AutonomousVerdict check_autonomous_prefix(const PrefixInformation& option) {
  if (!option.autonomous) return {};                 // a
  if (option.address.is_link_local()) return {};     // b
  if (option.preferred_lifetime > option.valid_lifetime) return {.dropped = &kNdBadAutonomousPrefix};    // c
  if (option.prefix_length + kInterfaceIdLength != 128) return {.dropped = &kNdBadAutonomousPrefix};    // d
  if (option.address.is_multicast()) return {.dropped = &kNdBadAutonomousPrefix};  // RFC 4291 §2.7
  return {.usable = true};
}

Time renewed_valid_until(Time now, Time valid_until, Duration advertised) {
  const Time offered = lifetime_end(now, advertised);
  if (advertised > kTwoHours || offered > valid_until) return offered;   // e.1
  if (valid_until <= now + kTwoHours) return valid_until;                // e.2: not authenticated
  return now + kTwoHours;                                                // e.3
}

}  // namespace kamesim
