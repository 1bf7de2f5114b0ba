// What the daemons of Dual Stack Mobile IPv6 record in a node's trace, for experiments.
#pragma once

#include "sim/trace.h"

namespace kamesim::dsmip6 {

// Of a mobile node. Fields: home_address, ipv4_home_address, status (below 128: bound; 255: not acknowledged)
inline constexpr TraceKind kTraceIpv4Acknowledged{"dsmip6.ipv4_acknowledged"};
// Of a mobile router. Fields: home_address, prefix (empty: none was told), status (as above)
inline constexpr TraceKind kTraceIpv4MobileNetwork{"dsmip6.ipv4_mobile_network"};
// Of a mobile node: the gateway of an IPv4 network answers. Fields: gateway, care_of
inline constexpr TraceKind kTraceIpv4Network{"dsmip6.ipv4_network"};
// Of a home agent. Fields: home_address, ipv4 (what is bound, as prefixes), udp (0 or 1), nat (0 or 1)
inline constexpr TraceKind kTraceIpv4Bound{"dsmip6.ipv4_bound"};

}  // namespace kamesim::dsmip6
