#include "protocols/ipsec/tunnel_mode.h"

#include "protocols/ip6/tunnel_header.h"
#include "protocols/ipsec/drops.h"
#include "protocols/wire/ipv4_header.h"
#include "protocols/wire/ipv6_header.h"

namespace kamesim::ipsec {

namespace {

// Of the inner header what the outer one is made of.
struct Inner {
  NextHeader type;
  std::uint8_t traffic_class;
  std::uint32_t flow_label = 0;
  bool dont_fragment = true;  // IPv6 is never fragmented on the way
};
Inner inner_of(Bytes packet) {
  if (packet[0] >> 4 == 4) {
    const Ipv4HeaderView header = *Ipv4HeaderView::check_quoted(packet);
    return {NextHeader::Ipv4, header.type_of_service(), 0, header.dont_fragment()};
  }
  const Ipv6HeaderView header = *Ipv6HeaderView::check_quoted(packet);
  return {NextHeader::Ipv6, header.traffic_class(), header.flow_label()};
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

void write_header(Packet& packet, const SaParameters& sa, const Inner& what, std::uint16_t identification) {
  if (sa.address.destination.is_v4_mapped()) {
    Ipv4Header{.type_of_service = what.traffic_class,
               .total_length = static_cast<std::uint16_t>(packet.size() + kIpv4HeaderSize),
               .identification = identification, .dont_fragment = what.dont_fragment, .ttl = kTunnelHopLimit,
               .protocol = what.type, .source = ipv4_of(sa.address.source),
               .destination = ipv4_of(sa.address.destination)}
        .write(packet.prepend(kIpv4HeaderSize));
    return;
  }
  Ipv6Header{.traffic_class = what.traffic_class, .flow_label = what.flow_label,
             .payload_length = static_cast<std::uint16_t>(packet.size()), .next_header = what.type,
             .hop_limit = kTunnelHopLimit, .source = sa.address.source, .destination = sa.address.destination}
      .write(packet.prepend(kIpv6HeaderSize));
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

void encapsulate(Packet& packet, const SaParameters& sa, std::uint16_t identification) {
  const Inner inner = inner_of(packet.bytes());
  const auto dscp = static_cast<std::uint8_t>(sa.dscp.value_or(inner.traffic_class) & ~kEcnMask);
  const auto traffic_class = static_cast<std::uint8_t>(dscp | ecn_into_tunnel(inner.traffic_class, sa.ecn));
  // RFC 4301 §8.1: the DF bit is copied, or cleared. Packets of IPv6 may be cut outside (RFC 4213 §3.2.1).
  const bool dont_fragment = sa.copy_dont_fragment && inner.type == NextHeader::Ipv4 && inner.dont_fragment;
  write_header(packet, sa, {inner.type, traffic_class, inner.flow_label, dont_fragment}, identification);
}

void bare_header(Packet& payload, const SaParameters& sa, NextHeader type, std::uint16_t identification) {
  write_header(payload, sa, {type, sa.dscp.value_or(0), 0, false}, identification);
}

const DropInfo* decapsulated(Packet& packet, std::uint8_t outer, EcnMode mode) {
  const std::uint8_t inner = inner_of(packet.bytes()).traffic_class;
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
