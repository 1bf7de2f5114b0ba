// What the daemons of Hierarchical Mobile IPv6 record in a node's trace, for experiments.
#pragma once

#include "sim/trace.h"

namespace kamesim {

// A mobile node. Fields: map, rcoa, lcoa, sequence, lifetime_s
inline constexpr TraceKind kTraceLocalUpdateSent{"hmip6.local_update_sent"};
inline constexpr TraceKind kTraceLocallyRegistered{"hmip6.registered"};  // fields: map, rcoa, lcoa
inline constexpr TraceKind kTraceMapFailed{"hmip6.map_failed"};          // field: map
// A MAP. Fields: rcoa, lcoa
inline constexpr TraceKind kTraceMapBound{"hmip6.bound"};
inline constexpr TraceKind kTraceMapUnbound{"hmip6.unbound"};            // field: rcoa

}  // namespace kamesim
