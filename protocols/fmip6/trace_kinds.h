// What the daemons of fast handovers record in a node's trace, for experiments.
#pragma once

#include "sim/trace.h"

namespace kamesim {

// An access router.
inline constexpr TraceKind kTraceProxyAdvertisement{"fmip6.proxy_advertisement"};  // fields: destination, tuples
inline constexpr TraceKind kTraceRedirected{"fmip6.redirected"};                   // fields: pcoa, to
inline constexpr TraceKind kTraceRestored{"fmip6.restored"};                       // field: pcoa
inline constexpr TraceKind kTraceArrived{"fmip6.arrived"};                         // field: ncoa
// A mobile node.
inline constexpr TraceKind kTraceAnticipated{"fmip6.anticipated"};                 // field: access_point
inline constexpr TraceKind kTraceFastUpdateSent{"fmip6.fast_binding_update_sent"};  // fields: par, pcoa, ncoa
inline constexpr TraceKind kTraceFastAckReceived{"fmip6.fast_binding_ack_received"};  // fields: par, status
inline constexpr TraceKind kTraceDuplicate{"fmip6.duplicate"};                     // field: ncoa
inline constexpr TraceKind kTraceFastArrival{"fmip6.attached"};                    // fields: nar, ncoa, confirmed

}  // namespace kamesim
