// Lengths and checksums of a packet put right, so that a fuzzer gets behind the checks on them.
#pragma once

#include "protocols/wire/checksum.h"
#include "protocols/wire/extension_headers.h"
#include "protocols/wire/icmp4.h"
#include "protocols/wire/ipv4_header.h"
#include "protocols/wire/ipv6_header.h"
#include "protocols/wire/options_header.h"
#include "protocols/wire/routing_header.h"

namespace kamesim::fuzz {

// The addresses of the pseudo-header: home addresses where the packet names them (RFC 6275 §6.1.1, §11.3.1), the end
// of a source route (RFC 8200 §8.1).
struct PseudoHeader {
  Ipv6Address source, destination;
};

inline PseudoHeader pseudo_header_of(const Ipv6HeaderView& packet) {
  PseudoHeader addresses{packet.source(), packet.destination()};
  ExtensionHeaderWalk walk(packet);
  for (auto step = walk.next(); step && *step; step = walk.next()) {
    if ((*step)->type == NextHeader::DestinationOptions) {
      const auto header = OptionsHeaderView::check((*step)->bytes);
      const auto option = header ? header->options().find(kHomeAddressOption) : std::nullopt;
      if (option) addresses.source = home_address(*option).value_or(addresses.source);
    }
    if ((*step)->type == NextHeader::Routing) {
      const auto header = RoutingHeaderView::check((*step)->bytes);
      if (!header || header->segments_left() == 0) continue;
      if (header->routing_type() == kType2RoutingType) {
        if (const auto type2 = Type2RoutingHeaderView::check(*header)) addresses.destination = type2->home_address();
      } else if (header->routing_type() == kSourceRouteType) {
        const auto route = SourceRouteView::check(*header);
        if (route && route->address_count() > 0) addresses.destination = route->address(route->address_count() - 1);
      }
    }
  }
  return addresses;
}

// Of IPv4: total length, checksums of header and upper layer.
inline void repair_ip4(MutableBytes packet) {
  const auto header = Ipv4HeaderView::check_quoted(packet);
  if (!header) return;
  Ipv4HeaderEditor(packet.data())
      .set_extent(static_cast<std::uint16_t>(packet.size()), header->fragment_offset(), header->more_fragments());
  if (header->is_fragment()) return;
  const MutableBytes message = packet.subspan(header->header_size());
  const Ipv6Address source = v4_mapped(header->source()), destination = v4_mapped(header->destination());
  if (header->protocol() == NextHeader::Icmp4 && message.size() >= kIcmp4HeaderSize) fill_icmp4_checksum(message);
  const std::size_t at = header->protocol() == NextHeader::Udp ? 6 : header->protocol() == NextHeader::Tcp ? 16 : 0;
  if (at != 0 && message.size() >= at + 2) {
    fill_upper_layer_checksum(source, destination, header->protocol(), message, at);
  }
}

// Version, payload length and the checksum of the upper layer. What is too short for that stays as it is.
inline void repair(MutableBytes packet) {
  if (!packet.empty() && packet[0] >> 4 == 4) return repair_ip4(packet);
  if (packet.size() < kIpv6HeaderSize) return;
  packet[0] = static_cast<std::uint8_t>(0x60 | (packet[0] & 0x0f));
  store_be16(packet.data() + 4, static_cast<std::uint16_t>(packet.size() - kIpv6HeaderSize));
  const auto header = Ipv6HeaderView::check(packet);
  if (!header) return;
  const auto upper = find_upper_layer(*header);
  if (!upper || upper->in_non_first_fragment) return;
  const MutableBytes message = packet.subspan(upper->offset);
  const PseudoHeader ends = pseudo_header_of(*header);
  std::size_t at = 0;
  switch (upper->protocol) {
    case NextHeader::Icmp6: at = 2; break;
    case NextHeader::Udp: at = 6; break;
    case NextHeader::Tcp: at = 16; break;
    case NextHeader::Mobility: at = 4; break;
    default: return;
  }
  if (message.size() < at + 2) return;
  fill_upper_layer_checksum(ends.source, ends.destination, upper->protocol, message, at);
}

}  // namespace kamesim::fuzz
