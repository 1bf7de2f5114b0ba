// The outer header of tunnel mode, and what comes back of it to the inner one (RFC 4301 §5.1.2).
#pragma once

#include <cstdint>

#include "protocols/ipsec/security_association.h"
#include "sim/drop.h"
#include "sim/packet.h"

namespace kamesim::ipsec {

inline constexpr std::uint8_t kTunnelHopLimit = 64;  // RFC 4301 §5.1.2.1 (3): constructed

// What of a tunnel's outer header its association alone does not say.
struct TunnelHeader {
  NextHeader next_header;
  std::uint8_t traffic_class = 0;
  std::uint32_t flow_label = 0;
  bool dont_fragment = false;  // IPv4
  // Puts the header before the payload. `identification`: of IPv4.
  void write(Packet& payload, const SaParameters& association, std::uint16_t identification) const;
};
// Of the tunnel that a whole packet of either version enters.
TunnelHeader header_for(Bytes packet, const SaParameters& association);

// What `packet`, whole and just taken out of a tunnel, learns from the outer header's traffic class. Null: it goes on;
// else why it is discarded.
const DropInfo* decapsulated(Packet& packet, std::uint8_t outer_traffic_class, EcnMode mode);

}  // namespace kamesim::ipsec
