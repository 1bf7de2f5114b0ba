// What Neighbor Discovery records in a node's trace, for experiments. Every record has the field interface.
#pragma once

#include <cstdint>

#include "sim/trace.h"

namespace kamesim {

inline constexpr TraceKind kTraceDadStarted{"nd.dad_started"};                    // field: address
inline constexpr TraceKind kTraceDadDone{"nd.dad_done"};                          // fields: address, unique (0 or 1)
inline constexpr TraceKind kTraceDadLoopedBack{"nd.dad_looped_back"};             // field: address (RFC 7527 §4.2)
inline constexpr TraceKind kTraceRaReceived{"nd.ra_received"};                    // field: router; the first of each
inline constexpr TraceKind kTraceRsSent{"nd.rs_sent"};                            // field: source
inline constexpr TraceKind kTraceNeighborUnreachable{"nd.neighbor_unreachable"};  // field: neighbor
inline constexpr TraceKind kTraceDefaultRouter{"nd.default_router"};              // field: router ("" for none)
inline constexpr TraceKind kTraceAddressDetached{"nd.address_detached"};          // fields: address, detached (0 or 1)
inline constexpr TraceKind kTraceTemporaryGivenUp{"nd.temporary_given_up"};       // field: prefix (RFC 8981 §3.4)
inline constexpr TraceKind kTraceInterfaceDisabled{"nd.interface_disabled"};      // RFC 4862 §5.4.5

// The records of neighbours that are unreachable, of default routers and of detached addresses are bounded, as floods of
// forged packets bring them about: of one interface so many at once, and no more than this rate (records a second).
inline constexpr double kNdTraceRate = 1;
inline constexpr std::int64_t kNdTraceBurst = 64;

}  // namespace kamesim
