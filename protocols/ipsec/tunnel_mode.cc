#include "protocols/ipsec/tunnel_mode.h"

#include "protocols/ip6/tunnel_header.h"
#include "protocols/ipsec/drops.h"
#include "protocols/wire/ipv4_header.h"
#include "protocols/wire/ipv6_header.h"

namespace kamesim::ipsec {

namespace {

std::uint8_t traffic_class_of(Bytes packet) {
  return packet[0] >> 4 == 4 ? Ipv4HeaderView::check_quoted(packet)->type_of_service()
                             : Ipv6HeaderView::of_checked(packet).traffic_class();
}

// KAME's masks for what of the traffic class goes into the tunnel.
std::uint8_t ecn_into_tunnel(std::uint8_t inner, EcnMode mode) {
  switch (mode) {
    case EcnMode::Rfc4301:
    case EcnMode::Copy: return inner & kEcnMask;
    case EcnMode::Forbidden: return 0;
    case EcnMode::Allowed: return inner & kEcnMask & 0xfe;
  }
  return 0;
}

void set_traffic_class(Packet& packet, std::uint8_t value) {
  std::uint8_t* bytes = packet.mutable_data();
  if (bytes[0] >> 4 == 4) {
    Ipv4HeaderEditor(bytes).set_type_of_service(value);
  } else {
    Ipv6HeaderEditor(bytes).set_traffic_class(value);
  }
}

}  // namespace

void TunnelHeader::write(Packet& packet, const SaParameters& sa, std::uint16_t identification) const {
  const std::size_t payload = packet.size();
  if (sa.address.destination.is_v4_mapped()) {
    Ipv4Header{.type_of_service = traffic_class,
               .total_length = static_cast<std::uint16_t>(payload + kIpv4HeaderSize),
               .identification = identification, .dont_fragment = dont_fragment, .ttl = kTunnelHopLimit,
               .protocol = next_header, .source = ipv4_of(sa.address.source),
               .destination = ipv4_of(sa.address.destination)}
        .write(packet.prepend(kIpv4HeaderSize));
    return;
  }
  Ipv6Header{.traffic_class = traffic_class, .flow_label = flow_label,
             .payload_length = static_cast<std::uint16_t>(payload), .next_header = next_header,
             .hop_limit = kTunnelHopLimit, .source = sa.address.source, .destination = sa.address.destination}
      .write(packet.prepend(kIpv6HeaderSize));
}

TunnelHeader header_for(Bytes packet, const SaParameters& sa) {
  const std::uint8_t inner = traffic_class_of(packet);
  const auto dscp = static_cast<std::uint8_t>(sa.dscp.value_or(inner) & ~kEcnMask);
  const auto traffic_class = static_cast<std::uint8_t>(dscp | ecn_into_tunnel(inner, sa.ecn));
  if (packet[0] >> 4 == 4) {
    const bool copied = sa.dont_fragment == DontFragment::Copy && Ipv4HeaderView::check_quoted(packet)->dont_fragment();
    return {NextHeader::Ipv4, traffic_class, 0, copied || sa.dont_fragment == DontFragment::Set};
  }
  // Packets of IPv6 may be cut outside (RFC 4213 §3.2.1).
  return {NextHeader::Ipv6, traffic_class, Ipv6HeaderView::of_checked(packet).flow_label(), false};
}

const DropInfo* decapsulated(Packet& packet, std::uint8_t outer, EcnMode mode) {
  const std::uint8_t inner = traffic_class_of(packet.bytes());
  if (mode == EcnMode::Rfc4301) {
    const EcnOutcome ecn = ecn_out_of_tunnel(inner, outer);
    if (!ecn.leaves) return &kCongestion;
    const std::uint8_t leaves = traffic_class_out_of_tunnel(inner, outer, *ecn.leaves, TunnelDscp::Pipe);
    if (leaves != inner) set_traffic_class(packet, leaves);
  } else if (mode == EcnMode::Allowed && (outer & kEcnMask) == kEcnMask && (inner & kEcnMask) != kEcnMask) {
    set_traffic_class(packet, inner | kEcnMask);
  }
  return nullptr;
}

}  // namespace kamesim::ipsec
