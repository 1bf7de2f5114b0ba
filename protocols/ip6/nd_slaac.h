// Stateless address autoconfiguration (RFC 4862 §5.5.3): the rules for one Prefix Information option.
#pragma once

#include <optional>

#include "protocols/wire/nd_options.h"
#include "sim/drop.h"
#include "sim/time.h"

namespace kamesim {

// When a lifetime that is advertised now is over; an infinite one never is.
Time lifetime_end(Time now, Duration lifetime);

// §5.5.3 a to d: whether addresses may be formed of the prefix. A reason, or null, goes with "no".
struct AutonomousVerdict {
  bool usable = false;
  DropReason dropped = nullptr;
};
AutonomousVerdict check_autonomous_prefix(const PrefixInformation& option);

// §5.5.3 e: the end of an address's valid lifetime, after its prefix was advertised with `advertised`.
Time renewed_valid_until(Time now, Time valid_until, Duration advertised);

}  // namespace kamesim
