// The output path, in KAME's order: Mobile IPv6, source, extension headers, checksum, route, scope, fragmentation.
#include <algorithm>

#include "protocols/ip6/extension_output.h"
#include "protocols/ip6/ip4_part.h"
#include "protocols/ip6/ip6_drops.h"
#include "protocols/ip6/neighbor_discovery.h"
#include "protocols/ip6/source_tunnels.h"
#include "protocols/ip6/stack.h"
#include "protocols/ip6/tunnel.h"
#include "protocols/wire/checksum.h"
#include "protocols/wire/extension_headers.h"
#include "protocols/wire/fragment_header.h"
#include "protocols/wire/icmp6.h"
#include "protocols/wire/ipv4_header.h"
#include "protocols/wire/ipv6_header.h"
#include "protocols/wire/options_header.h"
#include "protocols/wire/routing_header.h"

namespace kamesim {

namespace {

// How many tunnels a packet may enter on this node, one inside the other (RFC 2473 §4.1).
constexpr unsigned kMaxOutputNesting = 4;

bool holds_home_address(Bytes header) {
  const auto options = OptionsHeaderView::check(header);
  return options && options->options().find(kHomeAddressOption).has_value();
}

// Where the per-fragment headers end (RFC 8200 §4.5): behind the Routing header if there is one, else behind the
// Hop-by-Hop Options; and behind a Home Address option (RFC 6275 §6.3). And where the header chain ends, all of which
// belongs in the first fragment (RFC 7112 §5).
struct Unfragmentable {
  std::size_t size = kIpv6HeaderSize;
  std::size_t next_header_field = kIpv6NextHeaderOffset;
  std::size_t chain = kIpv6HeaderSize;
};
Unfragmentable unfragmentable_part(Bytes packet) {
  Unfragmentable u;
  ExtensionHeaderWalk walk(*Ipv6HeaderView::check(packet));
  for (auto step = walk.next(); step && *step; step = walk.next()) {
    const ExtensionHeader& header = **step;
    u.chain = walk.offset();
    const bool home = header.type == NextHeader::DestinationOptions && holds_home_address(header.bytes);
    if (header.type == NextHeader::HopByHopOptions || header.type == NextHeader::Routing || home) {
      u.size = walk.offset();
      u.next_header_field = header.offset;
    }
  }
  return u;
}

std::pair<Ipv6Address, Ipv6Address> ends_of(Bytes packet) {
  if (is_ip4(packet)) {
    const Ipv4HeaderView header = *Ipv4HeaderView::check_quoted(packet);
    return {v4_mapped(header.source()), v4_mapped(header.destination())};
  }
  const Ipv6HeaderView header = *Ipv6HeaderView::check(packet);
  return {header.source(), header.destination()};
}

// Whose route the packet takes as it leaves.
Ipv6Address way_of(const OutputRequest& request) {
  if (!request.next_hop.is_unspecified()) return request.next_hop;
  if (request.extension_headers != nullptr) return request.extension_headers->first_hop(request.destination);
  return request.destination;
}

}  // namespace

// RFC 6724 §5. What is chosen without wishes of the request's own stays with the destination, until anything changes
// that it may depend on.
Ipv6Address Ip6Stack::source_towards(const OutputRequest& request, Ip6Interface* zone) {
  const Destination& to = route_to(way_of(request), zone);
  const bool kept =
      mobility_hooks() == nullptr && to.address == request.destination && request.prefer == SourcePreferences{};
  if (kept && !to.source.is_unspecified()) return to.source;
  const InterfaceAddress* chosen = select_source(request.destination, to.interface, request.prefer, &to.next_hop);
  if (chosen == nullptr) return {};
  if (kept) destinations_.slot(to.address, to.zone, to.generation).source = chosen->address;
  return chosen->address;
}

Ipv6Address Ip6Stack::source_for_group(const OutputRequest& request, const Ip6Interface* out) const {
  const InterfaceAddress* chosen = select_source(request.destination, out, request.prefer, nullptr);
  return chosen != nullptr ? chosen->address : Ipv6Address();
}

SendError Ip6Stack::output(Packet payload, const OutputRequest& request) {
  if (request.destination.is_v4_mapped()) [[unlikely]] {
    if (ip4() != nullptr) return ip4()->output(std::move(payload), request);
    drop(kIp6NoRoute, payload.bytes());
    return SendError::NoRoute;
  }
  const bool multicast = request.destination.is_multicast();
  Ip6Interface* zone = request.interface;
  if (zone == nullptr && (multicast || request.destination.is_link_local())) zone = default_interface();

  // The logical end points: home addresses, never care-of addresses.
  Ipv6Address source = request.source;
  if (source.is_unspecified() && !request.unspecified_source) {
    source = multicast ? source_for_group(request, zone) : source_towards(request, zone);
    if (source.is_unspecified()) {
      drop(kIp6NoSourceAddress, payload.bytes());
      return SendError::NoSourceAddress;
    }
  }
  std::optional<Ipv6Address> type2_route = request.type2_route;
  std::optional<Ipv6Address> home = request.home_address_option;
  Ipv6Address wire_source = source;
  Ip6Interface* tunnel = nullptr;
  if (home) {
    source = *home;
  } else if (mobility_hooks() != nullptr && !request.no_mobility && request.destination.scope() > Scope::LinkLocal &&
             (multicast || route_to(request.destination, zone).kind != RouteKind::Local)) {
    const auto actions = mobility_hooks()->on_output(source, request.destination, request.next_header);
    if (actions.discard != nullptr) {
      drop(*actions.discard, payload.bytes());
      return SendError::Unreachable;
    }
    if (!type2_route) type2_route = actions.route_to_care_of;
    if (actions.home_address_option_from) {
      home = source;
      wire_source = *actions.home_address_option_from;
    }
    tunnel = actions.tunnel;
  }

  if (request.checksum_offset >= 0) {
    fill_upper_layer_checksum(source, request.destination, request.next_header, payload.mutable_bytes(),
                              static_cast<std::size_t>(request.checksum_offset));
  }
  const std::uint32_t label = request.flow_label
                                  ? *request.flow_label
                                  : flow_label(source, request.destination, request.next_header, payload.bytes());
  const ExtensionHeadersToSend* own_headers = request.extension_headers;
  NextHeader next_header = request.next_header;
  if (own_headers != nullptr) next_header = own_headers->prepend_inner(payload, next_header);
  if (home) {  // RFC 6275 §6.3: behind a Routing header, before everything else
    write_home_address_header(payload.prepend(kHomeAddressHeaderSize), next_header, *home);
    next_header = NextHeader::DestinationOptions;
  }
  Ipv6Address wire_destination = request.destination;
  if (type2_route) {  // RFC 6275 §6.4
    write_type2_routing_header(payload.prepend(kType2RoutingHeaderSize), next_header, request.destination);
    next_header = NextHeader::Routing;
    wire_destination = *type2_route;
  }
  if (own_headers != nullptr) {
    next_header = own_headers->prepend_routing(payload, next_header, wire_destination);
    next_header = own_headers->prepend_outer(payload, next_header);
  }
  if (payload.size() > kIpv6MaxPayload) [[unlikely]] {
    // Of Hop-by-Hop Options there is one header only, and the application's is there.
    if (!config().jumbograms || next_header == NextHeader::HopByHopOptions) {
      drop(kIp6PacketTooBig, payload.bytes());
      return SendError::MessageTooLong;
    }
    const auto length = static_cast<std::uint32_t>(payload.size() + kJumboPayloadHeaderSize);
    write_jumbo_payload_header(payload.prepend(kJumboPayloadHeaderSize), next_header, length);
    next_header = NextHeader::HopByHopOptions;
  }
  std::uint8_t hop_limit = multicast ? config().multicast_hop_limit : zone != nullptr ? zone->cur_hop_limit : 0;
  if (hop_limit == 0 && !request.hop_limit) {
    const Ip6Interface* out = route_to(wire_destination, zone).interface;
    hop_limit = out != nullptr ? out->cur_hop_limit : config().hop_limit;
  }
  // RFC 2675 §3: a jumbogram's length stands in its option.
  const auto length = static_cast<std::uint16_t>(payload.size() > kIpv6MaxPayload ? 0 : payload.size());
  Ipv6Header{.traffic_class = request.traffic_class, .flow_label = label, .payload_length = length,
             .next_header = next_header, .hop_limit = request.hop_limit.value_or(hop_limit), .source = wire_source,
             .destination = wire_destination}
      .write(payload.prepend(kIpv6HeaderSize));
  count(Counted::Sent);
  if (ipsec_hooks() != nullptr) [[unlikely]] {
    switch (ipsec_hooks()->on_output({payload, source, request.destination, zone, request.dont_fragment, request.ipsec})) {
      case IpsecHooks::Output::GoOn: break;
      case IpsecHooks::Output::Sent: return SendError::None;
      case IpsecHooks::Output::Refused: return SendError::Unreachable;
      case IpsecHooks::Output::TooLong: return SendError::MessageTooLong;
    }
  }
  if (tunnel != nullptr) {
    if (payload.size() > tunnel->mtu()) {
      // RFC 6275 §11.3.1: fragments are made before the tunnel, so that the home agent can forward them.
      return fragment(std::move(payload), tunnel->mtu(),
                      [&](Packet piece) { tunnel->send(std::move(piece), wire_destination); });
    }
    tunnel->send(std::move(payload), wire_destination);
    return SendError::None;
  }
  if (multicast) {
    if (!request.minimum_mtu || request.dont_fragment || payload.size() <= kIpv6MinimumMtu) {
      return send_multicast(std::move(payload), zone, request);
    }
    return fragment(std::move(payload), kIpv6MinimumMtu,  // RFC 3542 §11.1
                    [&](Packet piece) { send_multicast(std::move(piece), zone, request); });
  }
  const Ipv6Address* path = wire_destination != request.destination ? &request.destination : nullptr;
  if (!request.next_hop.is_unspecified()) [[unlikely]] {
    return send_by_next_hop(std::move(payload), zone, request);
  }
  if (request.minimum_mtu && !request.dont_fragment && payload.size() > kIpv6MinimumMtu) [[unlikely]] {
    return fragment(std::move(payload), kIpv6MinimumMtu,
                    [&](Packet piece) { send_unicast(std::move(piece), zone, false, path); });
  }
  return send_unicast(std::move(payload), zone, request.dont_fragment, path);
}

// RFC 3542 §6.4: a neighbour, whatever the routing table says of the destination.
SendError Ip6Stack::send_by_next_hop(Packet packet, Ip6Interface* zone, const OutputRequest& request) {
  const Destination to = route_to(request.next_hop, zone);
  if (to.interface != nullptr && to.kind != RouteKind::Local && to.next_hop != request.next_hop) {
    drop(kIp6NextHopNotNeighbor, packet.bytes());
    return SendError::Unreachable;
  }
  if (request.minimum_mtu && !request.dont_fragment && packet.size() > kIpv6MinimumMtu) {
    return fragment(std::move(packet), kIpv6MinimumMtu,
                    [&](Packet piece) { send_to(to, std::move(piece), false, &request.destination); });
  }
  return send_to(to, std::move(packet), request.dont_fragment, &request.destination);
}

SendError Ip6Stack::output_packet(Packet packet, Ip6Interface* zone) {
  if (ipsec_hooks() != nullptr && output_nesting_ < kMaxOutputNesting) [[unlikely]] {
    const auto [source, destination] = ends_of(packet.bytes());
    ++output_nesting_;  // a tunnel of IPsec is one as well
    const auto outcome = ipsec_hooks()->on_output({packet, source, destination, zone});
    --output_nesting_;
    if (outcome == IpsecHooks::Output::Sent) return SendError::None;
    if (outcome != IpsecHooks::Output::GoOn) return SendError::Unreachable;
  }
  return output_protected(std::move(packet), zone, false);
}

SendError Ip6Stack::output_protected(Packet packet, Ip6Interface* zone, bool dont_fragment) {
  if (output_nesting_ >= kMaxOutputNesting) {
    drop(kTunnelNesting, packet.bytes());
    return SendError::Unreachable;
  }
  ++output_nesting_;
  const SendError result = is_ip4(packet.bytes()) && ip4() != nullptr
                               ? ip4()->output_packet(std::move(packet), zone)
                               : send_unicast(std::move(packet), zone, dont_fragment);
  --output_nesting_;
  return result;
}

SendError Ip6Stack::send_icmp6(Bytes message, const OutputRequest& request) {
  OutputRequest filled = request;
  filled.next_header = NextHeader::Icmp6;
  filled.checksum_offset = kIcmp6ChecksumOffset;
  return output(node_.packets().copy_of(message), filled);
}

SendError Ip6Stack::send_unicast(Packet packet, Ip6Interface* zone, bool dont_fragment, const Ipv6Address* path) {
  const Ipv6Address address = Ipv6HeaderView::check(packet.bytes())->destination();
  const Destination& cached = route_to(address, zone);
  if (mobility_hooks() != nullptr && cached.kind != RouteKind::Local) [[unlikely]] {
    const auto by = tunnel_between(*this, Ipv6HeaderView::check(packet.bytes())->source(), address);
    if (by.discard != nullptr) {
      drop(*by.discard, packet.bytes());
      return SendError::Unreachable;
    }
    // What is too long is cut before the tunnel, as for the one to the home agent (RFC 6275 §11.3.1).
    if (by.tunnel != nullptr) {
      const Destination map{.kind = RouteKind::Unicast, .interface = by.tunnel, .next_hop = address,
                            .mtu = by.tunnel->mtu()};
      return send_to(map, std::move(packet), dont_fragment, nullptr);
    }
  }
  if (cached.by_source) [[unlikely]] {
    const Ipv6Address source = Ipv6HeaderView::check(packet.bytes())->source();
    Destination chosen = cached;
    use_first_hop_for(source, chosen);
    return send_to(chosen, std::move(packet), dont_fragment, path);
  }
  if (cached.multipath) [[unlikely]] {
    Destination chosen = cached;
    use_path_of_flow(packet.bytes(), chosen);
    return send_to(chosen, std::move(packet), dont_fragment, path);
  }
  return send_to(cached, std::move(packet), dont_fragment, path);
}

SendError Ip6Stack::send_to(const Destination& to, Packet packet, bool dont_fragment, const Ipv6Address* path) {
  if (to.interface == nullptr || to.kind == RouteKind::Reject) {
    drop(to.interface == nullptr ? kIp6NoRoute : kIp6RejectRoute, packet.bytes());
    return SendError::NoRoute;
  }
  if (to.kind == RouteKind::Blackhole) {
    drop(kIp6Blackhole, packet.bytes());
    return SendError::None;
  }
  if (to.kind == RouteKind::Local) {
    loop_back(std::move(packet));
    return SendError::None;
  }
  std::uint32_t mtu = to.mtu;
  bool always_fragment = to.fragment_header;
  if (path != nullptr) [[unlikely]] {  // RFC 8201 §5.2: the estimate is that of the end of a source route
    if (const auto learned = learned_path_mtu(*path)) {
      mtu = std::min(mtu, learned->mtu);
      always_fragment |= learned->fragment_header;
    }
  }
  if (packet.size() <= mtu && !always_fragment) [[likely]] {
    hand_over(to, std::move(packet));
    return SendError::None;
  }
  if (dont_fragment && packet.size() > mtu) {
    drop(kIp6PacketTooBig, packet.bytes());
    return SendError::MessageTooLong;
  }
  Ip6Interface* interface = to.interface;
  const Ipv6Address next_hop = to.next_hop;
  return fragment(std::move(packet), mtu, [&](Packet piece) { interface->send(std::move(piece), next_hop); });
}

SendError Ip6Stack::send_multicast(Packet packet, Ip6Interface* interface, const OutputRequest& request) {
  if (interface == nullptr || !interface->up()) {
    drop(kIp6NoRoute, packet.bytes());
    return SendError::NoRoute;
  }
  const Ipv6HeaderView header = *Ipv6HeaderView::check(packet.bytes());
  const Ipv6Address group = header.destination();
  if (group.scope() <= Scope::InterfaceLocal) {  // RFC 4291 §2.7: it is for this node's own members alone
    if (!interface->in_group(group) || !request.multicast_loop.value_or(true)) {  // RFC 3493 §5.2
      drop(kIp6InterfaceLocalGroup, packet.bytes());
    } else {
      loop_back(std::move(packet), interface);
    }
    return SendError::None;
  }
  // RFC 3493 §5.2: a member on this node hears it too. Neighbor Discovery's own messages are not for their sender.
  if (interface->in_group(group) && request.multicast_loop.value_or(header.next_header() != NextHeader::Icmp6)) {
    loop_back(packet.share(), interface);
  }
  // RFC 8201 §3: the smallest that was heard of for the group.
  std::uint32_t mtu = interface->mtu();
  bool always_fragment = false;
  if (const auto learned = learned_path_mtu(group)) {
    mtu = std::min(mtu, learned->mtu);
    always_fragment = learned->fragment_header;
  }
  if (packet.size() <= mtu && !always_fragment) {
    interface->send(std::move(packet), group);
    return SendError::None;
  }
  if (request.dont_fragment && packet.size() > mtu) {
    drop(kIp6PacketTooBig, packet.bytes());
    return SendError::MessageTooLong;
  }
  return fragment(std::move(packet), mtu, [&](Packet piece) { interface->send(std::move(piece), group); });
}

void Ip6Stack::hand_over(const Destination& to, Packet&& packet) {
  if (to.neighbor == nullptr) return to.interface->send(std::move(packet), to.next_hop);
  auto& interface = static_cast<EthernetInterface&>(*to.interface);  // no others have neighbours
  if (to.neighbor->ready(now())) [[likely]] return interface.transmit(std::move(packet), to.neighbor->mac);
  interface.nd()->send(std::move(packet), *to.neighbor);
}

template <typename Emit>
SendError Ip6Stack::fragment(Packet packet, std::uint32_t mtu, Emit emit) {
  const Bytes whole = packet.bytes();
  const Unfragmentable part = unfragmentable_part(whole);
  // RFC 2675 §3: a jumbogram is not fragmented. RFC 7112 §5: nor is a packet whose first fragment would not hold all
  // of its headers; an upper-layer header is taken to need 8 octets at least.
  const std::size_t chain = std::min(whole.size(), part.chain + 8) + kFragmentHeaderSize;
  if (whole.size() - kIpv6HeaderSize > kIpv6MaxPayload || mtu < part.size + kFragmentHeaderSize + 8 ||
      (chain > mtu && config().rules.whole_chain_in_first_fragment)) {
    drop(whole.size() - kIpv6HeaderSize > kIpv6MaxPayload ? kIp6PacketTooBig : kIp6ChainTooLong, whole);
    return SendError::MessageTooLong;
  }
  const NextHeader next_header = static_cast<NextHeader>(whole[part.next_header_field]);
  const std::size_t room = (mtu - part.size - kFragmentHeaderSize) / 8 * 8;
  const std::uint32_t identification = next_fragment_id();
  const Bytes data = whole.subspan(part.size);
  std::size_t offset = 0;
  do {
    const std::size_t size = std::min(room, data.size() - offset);
    Packet piece = allocate(part.size + kFragmentHeaderSize + size);
    std::uint8_t* out = piece.mutable_data();
    std::memcpy(out, whole.data(), part.size);
    out[part.next_header_field] = static_cast<std::uint8_t>(NextHeader::Fragment);
    Ipv6HeaderEditor(out).set_payload_length(static_cast<std::uint16_t>(piece.size() - kIpv6HeaderSize));
    FragmentHeader{next_header, static_cast<std::uint16_t>(offset), offset + size < data.size(), identification}
        .write(out + part.size);
    std::memcpy(out + part.size + kFragmentHeaderSize, data.data() + offset, size);
    emit(std::move(piece));
    offset += size;
  } while (offset < data.size());
  return SendError::None;
}

void Ip6Stack::loop_back(Packet packet, const Ip6Interface* interface) {
  later().packets.push_back({std::move(packet), (interface != nullptr ? *interface : loopback()).index()});
  if (!later().timer.armed()) later().timer.arm_in(Duration{});
}

void Ip6Stack::deliver_later() {
  later().retired_interfaces.clear();
  std::vector<LoopedBack> queue;
  queue.swap(later().packets);
  looping_back_ = true;
  for (LoopedBack& looped : queue) {
    const auto heard_on = std::ranges::find(interfaces(), looped.interface_index,
                                            [](const auto& interface) { return interface->index(); });
    if (heard_on != interfaces().end()) input(**heard_on, std::move(looped.packet));
  }
  looping_back_ = false;
}

Ip6Interface* Ip6Stack::default_interface() const {
  for (const auto& interface : links()) {
    if (interface->nd() != nullptr && interface->up()) return interface.get();
  }
  return nullptr;
}

}  // namespace kamesim
