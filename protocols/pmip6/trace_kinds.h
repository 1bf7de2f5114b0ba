// What the Proxy Mobile IPv6 daemons record in a node's trace, for experiments.
#pragma once

#include "sim/trace.h"

namespace kamesim::pmip6 {

// An access gateway. Fields: station (MAC address), mobile_node
inline constexpr TraceKind kTraceAttached{"pmip6.attached"};
inline constexpr TraceKind kTraceDetached{"pmip6.detached"};
// Fields: mobile_node, sequence, lifetime_s, handoff_indicator
inline constexpr TraceKind kTraceUpdateSent{"pmip6.binding_update_sent"};
// Fields: mobile_node, sequence, status, lifetime_s
inline constexpr TraceKind kTraceAckReceived{"pmip6.binding_ack_received"};
// Fields: mobile_node, prefix
inline constexpr TraceKind kTraceRegistered{"pmip6.registered"};
inline constexpr TraceKind kTraceDenied{"pmip6.denied"};  // field: mobile_node
// An anchor. Fields: mobile_node, care_of, prefix
inline constexpr TraceKind kTraceBound{"pmip6.bound"};
inline constexpr TraceKind kTraceUnbound{"pmip6.unbound"};  // fields: mobile_node, prefix

}  // namespace kamesim::pmip6
