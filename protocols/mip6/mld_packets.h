// Packets of Multicast Listener Discovery between a mobile node and its home agent (RFC 6275 §10.4.3): inside the tunnel,
// from a link-local address, with hop limit 1 and a Router Alert option (RFC 3810 §5).
#pragma once

#include "protocols/ip6/socket.h"
#include "protocols/ip6/tunnel.h"
#include "sim/drop.h"

namespace kamesim {

inline constexpr DropInfo kMldInvalid{"mld.invalid", "RFC 3810 §6.2, §7.4"};

// Null: it came as such a packet has to.
DropReason check_mld_packet(const Datagram& datagram);

void send_mld_packet(RawSocket& socket, TunnelInterface& tunnel, const Ipv6Address& source,
                     const Ipv6Address& destination, Bytes message);

}  // namespace kamesim
