// What a mobile node with several interfaces records in its trace, beside the kinds of Mobile IPv6.
#pragma once

#include "sim/trace.h"

namespace kamesim::mcoa {

// One of its interfaces got a care-of address, or lost it. Fields: bid, interface, care_of (empty: none)
inline constexpr TraceKind kTraceAccess{"mcoa.access"};

}  // namespace kamesim::mcoa
