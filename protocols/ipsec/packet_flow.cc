#include "protocols/ipsec/packet_flow.h"

#include "protocols/wire/extension_headers.h"
#include "protocols/wire/icmp4.h"
#include "protocols/wire/icmp6.h"
#include "protocols/wire/ipv4_header.h"
#include "protocols/wire/ipv6_header.h"

namespace kamesim::ipsec {

namespace {

constexpr std::size_t kMhTypeOffset = 2;  // RFC 6275 §6.1.1
constexpr std::size_t kPortsSize = 4;     // source and destination port, at the beginning of all that have ports
constexpr auto kUdpLite = NextHeader{136}, kDccp = NextHeader{33};

bool has_ports(NextHeader protocol) {
  return protocol == NextHeader::Tcp || protocol == NextHeader::Udp || protocol == NextHeader::Sctp ||
         protocol == kUdpLite || protocol == kDccp;
}

// Nearly all packets: of IPv6, and the ports follow its header.
bool has_plain_ports(Bytes packet) {
  return packet.size() >= kIpv6HeaderSize + kPortsSize && packet[0] >> 4 == 6 &&
         has_ports(NextHeader{packet[kIpv6NextHeaderOffset]}) &&
         load_be16(packet.data() + kIpv6PayloadLengthOffset) >= kPortsSize;
}

Flow hidden(const Ipv6Address& source, const Ipv6Address& destination) {
  return {.source = source, .destination = destination, .next_layer_hidden = true, .ports_hidden = true};
}

// RFC 4301 §4.4.1.1: AH and ESP, too, are next layers.
bool leads_on(NextHeader type) {
  return is_extension_header(type) && type != NextHeader::Mobility && type != NextHeader::AuthenticationHeader;
}

// Of a fragment that is not the first the protocol is known if the Fragment header names it: as of one of IPv4, so that
// all fragments of a packet come under one policy unless it looks at ports.
Flow flow_of_ip6(const Ipv6HeaderView& header, const Ipv6Address& source, const Ipv6Address& destination) {
  ExtensionHeaderWalk walk(header);
  while (leads_on(walk.type()) && !walk.in_non_first_fragment()) {
    if (!walk.next()) return hidden(source, destination);
  }
  if (walk.in_non_first_fragment()) {
    if (leads_on(walk.type())) return hidden(source, destination);
    return flow_of_message(source, destination, walk.type(), {});
  }
  return flow_of_message(source, destination, walk.type(), header.packet().subspan(walk.offset()));
}

Flow flow_of_ip4(const Ipv4HeaderView& header, const Ipv6Address& source, const Ipv6Address& destination) {
  const Bytes message = header.fragment_offset() == 0 ? header.payload() : Bytes{};
  return flow_of_message(source, destination, header.protocol(), message);
}

}  // namespace

Flow flow_of_message(const Ipv6Address& source, const Ipv6Address& destination, NextHeader protocol, Bytes message) {
  Flow flow{.source = source, .destination = destination, .next_layer = static_cast<std::uint8_t>(protocol),
            .ports_hidden = true};
  const bool mobility = protocol == NextHeader::Mobility;
  if (has_ports(protocol) && message.size() >= kPortsSize) {
    flow.source_port = load_be16(message.data());
    flow.destination_port = load_be16(message.data() + 2);
    flow.ports_hidden = false;
  } else if (mobility && message.size() > kMhTypeOffset) {
    flow.source_port = message_value(message[kMhTypeOffset]);
    flow.ports_hidden = false;
  } else if (!mobility && has_message_type(protocol) && message.size() >= 2) {
    flow.source_port = message_value(message[0], message[1]);
    flow.ports_hidden = false;
  }
  return flow;
}

Flow flow_of_packet(Bytes packet, const Ipv6Address& source, const Ipv6Address& destination) {
  if (!packet.empty() && packet[0] >> 4 == 4) {
    const auto header = Ipv4HeaderView::check_quoted(packet);
    return header ? flow_of_ip4(*header, source, destination) : hidden(source, destination);
  }
  const auto header = Ipv6HeaderView::check_quoted(packet);
  return header ? flow_of_ip6(*header, source, destination) : hidden(source, destination);
}

Flow flow_of_packet(Bytes packet) {
  if (has_plain_ports(packet)) [[likely]] {
    const Ipv6HeaderView header = Ipv6HeaderView::of_checked(packet);
    const std::uint8_t* ports = packet.data() + kIpv6HeaderSize;
    return {.source = header.source(), .destination = header.destination(),
            .next_layer = packet[kIpv6NextHeaderOffset], .source_port = load_be16(ports),
            .destination_port = load_be16(ports + 2)};
  }
  if (!packet.empty() && packet[0] >> 4 == 4) {
    const auto header = Ipv4HeaderView::check_quoted(packet);
    if (!header) return hidden({}, {});
    return flow_of_ip4(*header, v4_mapped(header->source()), v4_mapped(header->destination()));
  }
  const auto header = Ipv6HeaderView::check_quoted(packet);
  return header ? flow_of_ip6(*header, header->source(), header->destination()) : hidden({}, {});
}

bool is_neighbor_discovery(const Flow& flow) {
  if (flow.ports_hidden || flow.next_layer != static_cast<std::uint8_t>(NextHeader::Icmp6)) return false;
  const auto type = static_cast<Icmp6Type>(flow.source_port >> 8);
  return type >= Icmp6Type::RouterSolicitation && type <= Icmp6Type::Redirect;
}

bool is_icmp_error(const Flow& flow) {
  if (flow.ports_hidden) return false;
  const auto type = static_cast<std::uint8_t>(flow.source_port >> 8);
  if (flow.next_layer == static_cast<std::uint8_t>(NextHeader::Icmp6)) return is_error(static_cast<Icmp6Type>(type));
  return flow.next_layer == static_cast<std::uint8_t>(NextHeader::Icmp4) && is_error(static_cast<Icmp4Type>(type));
}

Bytes icmp_message_of(Bytes packet) {
  if (!packet.empty() && packet[0] >> 4 == 4) {
    const auto header = Ipv4HeaderView::check_quoted(packet);
    return header ? header->payload() : Bytes{};
  }
  const auto header = Ipv6HeaderView::check_quoted(packet);
  if (!header) return {};
  const auto upper = find_upper_layer(*header);
  return upper && !upper->in_non_first_fragment ? header->packet().subspan(upper->offset) : Bytes{};
}

}  // namespace kamesim::ipsec
