// What the Mobile IPv6 daemons record in a node's trace, for experiments.
#pragma once

#include "sim/trace.h"

namespace kamesim {

// Fields: home_address, care_of
inline constexpr TraceKind kTraceMoved{"mip6.moved"};                  // a new primary care-of address
inline constexpr TraceKind kTraceReturnedHome{"mip6.returned_home"};   // field: home_address
// Fields: destination, sequence, lifetime_s, home_registration (0 or 1), care_of
inline constexpr TraceKind kTraceBindingUpdateSent{"mip6.binding_update_sent"};
// Fields: source, sequence, status, lifetime_s
inline constexpr TraceKind kTraceBindingAckReceived{"mip6.binding_ack_received"};
// Fields: peer (the home agent or correspondent), care_of, lifetime_s (0: the binding was deleted)
inline constexpr TraceKind kTraceRegistered{"mip6.registered"};
// RFC 3963. Fields: home_agent, prefixes (their number)
inline constexpr TraceKind kTraceMobileNetworkForwarded{"nemo.forwarded"};  // by the home agent, from now on
// Fields: home_agent, status (of the acknowledgement; 0: it was without the R bit)
inline constexpr TraceKind kTraceMobileRouterRefused{"nemo.refused"};
inline constexpr TraceKind kTraceMobileRouterGaveUp{"nemo.gave_up"};  // field: status, the last one
// Field: correspondent
inline constexpr TraceKind kTraceReturnRoutabilityStarted{"mip6.return_routability_started"};
inline constexpr TraceKind kTraceReturnRoutabilityDone{"mip6.return_routability_done"};
// A home agent's or correspondent's cache. Fields: home_address, care_of, home_registration
inline constexpr TraceKind kTraceBound{"mip6.bound"};
// RFC 5648: one of several bindings of a home address. Fields: home_address, bid, care_of, priority
inline constexpr TraceKind kTraceBindingIdentified{"mcoa.bound"};
inline constexpr TraceKind kTraceUnbound{"mip6.unbound"};              // field: home_address
inline constexpr TraceKind kTraceProxyDad{"mip6.proxy_dad_started"};   // field: home_address

}  // namespace kamesim
