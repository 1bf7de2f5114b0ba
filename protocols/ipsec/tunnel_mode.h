// The outer header of tunnel mode, and what comes back of it to the inner one (RFC 4301 §5.1.2).
#pragma once

#include <cstdint>

#include "protocols/ipsec/security_association.h"
#include "sim/drop.h"
#include "sim/packet.h"

namespace kamesim::ipsec {

inline constexpr std::uint8_t kTunnelHopLimit = 64;  // RFC 4301 §5.1.2.1 (3): constructed

// Puts the association's outer header before a whole packet of either version. `identification`: of IPv4.
void encapsulate(Packet& packet, const SaParameters& association, std::uint16_t identification);

// The same before something else than a packet.
void bare_header(Packet& payload, const SaParameters& association, NextHeader type, std::uint16_t identification);

// What `packet`, whole and just taken out of a tunnel, learns from the outer header's traffic class. Null: it goes on;
// else why it is discarded.
const DropInfo* decapsulated(Packet& packet, std::uint8_t outer_traffic_class, EcnMode mode);

}  // namespace kamesim::ipsec
