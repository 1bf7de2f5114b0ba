// The exit of tunnels (RFC 2473 §3.3), and the errors that come back to their entry (§8).
#include "protocols/ip6/tunnel_input.h"

#include <algorithm>

#include "protocols/ip6/ip4_part.h"
#include "protocols/ip6/ip6_drops.h"
#include "protocols/ip6/tunnel.h"
#include "protocols/wire/extension_headers.h"
#include "protocols/wire/ipv4_header.h"
#include "protocols/wire/ipv6_header.h"
#include "protocols/wire/options_header.h"

namespace kamesim {

namespace {

// Out of one tunnel, one inside the other; a source can be forged. Twice what RFC 2473 §6.6 recommends as the limit at the
// entry.
constexpr unsigned kMaxDecapsulations = 8;

TunnelInterface* find_tunnel(Ip6Stack& stack, const Ipv6Address& local, const Ipv6Address& remote) {
  for (const auto& interface : stack.links()) {
    if (!interface->is_tunnel()) continue;
    auto& tunnel = static_cast<TunnelInterface&>(*interface);
    if (tunnel.local() == local && tunnel.remote() == remote && !tunnel.udp()) return &tunnel;
  }
  return nullptr;
}

bool has_tunnels(const Ip6Stack& stack) {
  return std::ranges::any_of(stack.links(), [](const auto& interface) { return interface->is_tunnel(); });
}

// What the exit has to know of an inner packet.
struct Inner {
  Ipv6Address source, destination;
  NextHeader protocol;
  std::uint8_t traffic_class;
};

std::optional<Inner> look_at(Bytes packet, NextHeader said) {
  if (said == NextHeader::Ipv4) {
    const auto header = Ipv4HeaderView::check(packet);
    if (!header) return std::nullopt;
    return Inner{v4_mapped(header->source()), v4_mapped(header->destination()), header->protocol(),
                 header->type_of_service()};
  }
  const auto header = Ipv6HeaderView::check(packet);
  if (!header) return std::nullopt;
  return Inner{header->source(), header->destination(), header->next_header(), header->traffic_class()};
}

void set_traffic_class(Packet& packet, std::uint8_t value) {
  if (is_ip4(packet.bytes())) {
    Ipv4HeaderEditor(packet.mutable_data()).set_type_of_service(value);
  } else {
    Ipv6HeaderEditor(packet.mutable_data()).set_traffic_class(value);
  }
}

// RFC 2473 §8.2: "pointing to a valid Tunnel Encapsulation Limit destination header with the Tun Encap Lim field set to a
// value zero". `headers`: the size of those of the tunnel.
bool points_to_used_up_limit(const Icmp6Error& error, std::size_t headers) {
  if (error.code != static_cast<std::uint8_t>(ParameterProblemCode::ErroneousHeaderField)) return false;
  const auto tunnel_packet = Ipv6HeaderView::check_quoted(error.invoking_packet);
  if (!tunnel_packet) return false;
  ExtensionHeaderWalk walk(*tunnel_packet);
  for (auto step = walk.next(); step && *step && (*step)->offset < headers; step = walk.next()) {
    if ((*step)->type != NextHeader::DestinationOptions) continue;
    const auto options = OptionsHeaderView::check((*step)->bytes);
    if (!options) return false;
    for (const Tlv& option : options->options()) {
      const auto limit = tunnel_encapsulation_limit(option);
      if (limit && *limit == 0 && (*step)->offset + option.offset + kTlvHeaderSize == error.parameter) return true;
    }
  }
  return false;
}

// The path's MTU has been lowered already; the next packets will find it. §8.2: what was longer than 1280 is told of
// now; §8.3: of IPv4, what must not be cut.
void tell_too_big(Ip6Stack& stack, const TunnelInterface& tunnel, Bytes inner, const Icmp6ErrorReport& report) {
  const auto overhead = static_cast<std::uint32_t>(report.offset);
  const std::uint32_t left = report.error.parameter > overhead ? report.error.parameter - overhead : 0;
  if (is_ip4(inner)) {
    const auto header = Ipv4HeaderView::check_quoted(inner);
    if (!header || !header->dont_fragment() || header->total_length() <= left) return;
  } else {
    const auto header = Ipv6HeaderView::check_quoted(inner);
    if (!header || header->payload_length() + kIpv6HeaderSize <= kIpv6MinimumMtu) return;
  }
  const std::uint32_t mtu = is_ip4(inner) ? left : std::max(left, static_cast<std::uint32_t>(kIpv6MinimumMtu));
  ++tunnel.counters().errors_relayed;
  stack.icmp6_error(Icmp6Error::packet_too_big(std::min(mtu, tunnel.mtu()), inner), nullptr);
}

}  // namespace

void TunnelInput::serve(Ip6Stack& stack) {
  static TunnelInput instance;
  stack.set_upper_layer(NextHeader::Ipv6, &instance);
  stack.set_upper_layer(NextHeader::Ipv4, &instance);
}

void TunnelInput::on_packet(InputPacket& in) {
  Ip6Stack& stack = in.interface->stack();
  TunnelInterface* tunnel = find_tunnel(stack, in.destination, in.source);
  if (tunnel == nullptr) {
    // RFC 8200 §4: without tunnels, which with Mobile IPv6 come and go, the header of another packet is one that the node
    // does not recognize. RFC 4213 §3.6 has those of IPv4 discarded silently.
    const bool recognized =
        is_ip4(in.packet.bytes()) || has_tunnels(stack) || stack.mobility_hooks() != nullptr;
    stack.drop(recognized ? kTunnelUnknownPeer : kIp6UnrecognizedNextHeader, in.packet.bytes());
    if (recognized) return;
    return stack.icmp6_error(Icmp6Error::parameter_problem(ParameterProblemCode::UnrecognizedNextHeader,
                                                            in.next_header_field, in.packet.bytes()),
                              in.interface, in.link_layer_multicast);
  }
  come_out_of_tunnel(stack, *tunnel, {.packet = std::move(in.packet), .offset = in.offset, .inner = in.next_header,
                                       .traffic_class = in.traffic_class});
}

void come_out_of_tunnel(Ip6Stack& stack, TunnelInterface& tunnel, PacketOfTunnel arrived) {
  Packet packet = std::move(arrived.packet);
  if (!tunnel.up()) return stack.drop(kTunnelDown, packet.bytes());
  const auto inner = look_at(packet.bytes().subspan(arrived.offset), arrived.inner);
  if (!inner) return stack.drop(kTunnelInnerMalformed, packet.bytes());
  if (tunnel.allows_inner_source && !tunnel.allows_inner_source(inner->source)) {
    return stack.drop(kTunnelInnerSource, packet.bytes());
  }
  if (tunnel.decapsulating >= kMaxDecapsulations) return stack.drop(kTunnelNestedTooDeep, packet.bytes());
  const EcnOutcome ecn = ecn_out_of_tunnel(inner->traffic_class, arrived.traffic_class);
  if (ecn.alarm == EcnAlarm::Log) ++tunnel.counters().ecn_logs;
  if (ecn.alarm == EcnAlarm::Alarm) ++tunnel.counters().ecn_alarms;
  if (!ecn.leaves) return stack.drop(kTunnelCongestion, packet.bytes());
  const std::uint8_t leaves_with =
      traffic_class_out_of_tunnel(inner->traffic_class, arrived.traffic_class, *ecn.leaves, tunnel.parameters().dscp);
  packet.trim_front(arrived.offset);
  ++tunnel.counters().received_packets;
  tunnel.counters().received_bytes += packet.size();
  if (leaves_with != inner->traffic_class) set_traffic_class(packet, leaves_with);
  ++tunnel.decapsulating;
  stack.input(tunnel, std::move(packet));
  --tunnel.decapsulating;
  if (MobilityHooks* hooks = stack.mobility_hooks()) {
    hooks->on_reverse_tunnelled(inner->source, inner->destination, inner->protocol);
  }
}

// RFC 2473 §8.1 to §8.3. A tunnel packet that came back tells whose packet it carried.
void TunnelInput::on_icmp6_error_report(const Icmp6ErrorReport& report) {
  Ip6Stack& stack = report.interface->stack();
  const TunnelInterface* tunnel = find_tunnel(stack, report.source, report.destination);
  if (tunnel != nullptr) tell_of_tunnel_error(stack, *tunnel, report);
}

void tell_of_tunnel_error(Ip6Stack& stack, const TunnelInterface& tunnel, const Icmp6ErrorReport& report) {
  const Icmp6Error& error = report.error;
  const Bytes inner = report.upper();
  switch (error.type) {
    case Icmp6Type::PacketTooBig: return tell_too_big(stack, tunnel, inner, report);
    case Icmp6Type::TimeExceeded:
      if (error.code != static_cast<std::uint8_t>(TimeExceededCode::HopLimitExceeded)) return;
      break;
    case Icmp6Type::ParameterProblem:  // any other is the tunnel's own fault
      if (!points_to_used_up_limit(error, report.offset)) return;
      break;
    case Icmp6Type::DestinationUnreachable: break;
    default: return;
  }
  ++tunnel.counters().errors_relayed;
  stack.icmp6_error(Icmp6Error::destination_unreachable(DestinationUnreachableCode::AddressUnreachable, inner), nullptr);
}

}  // namespace kamesim
