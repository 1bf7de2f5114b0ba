// The exit of tunnels (RFC 2473 §3.3).
#include "protocols/ip6/tunnel_input.h"

#include "protocols/ip6/tunnel.h"
#include "protocols/wire/ipv6_header.h"

namespace kamesim {

namespace {

constexpr std::uint8_t kEcnMask = 0x03, kEcnNotCapable = 0x00, kEcnCongestion = 0x03;  // RFC 3168 §5

TunnelInterface* find_tunnel(Ip6Stack& stack, const Ipv6Address& local, const Ipv6Address& remote) {
  for (const auto& interface : stack.interfaces()) {
    if (!interface->is_tunnel()) continue;
    auto& tunnel = static_cast<TunnelInterface&>(*interface);
    if (tunnel.local() == local && tunnel.remote() == remote) return &tunnel;
  }
  return nullptr;
}

}  // namespace

TunnelInput::TunnelInput(Ip6Stack& stack) : stack_(stack) { stack_.set_upper_layer(NextHeader::Ipv6, this); }

TunnelInput::~TunnelInput() { stack_.set_upper_layer(NextHeader::Ipv6, nullptr); }

void TunnelInput::on_packet(InputPacket& in) {
  TunnelInterface* tunnel = find_tunnel(stack_, in.destination, in.source);
  if (tunnel == nullptr) return stack_.drop(kTunnelUnknownPeer, in.packet.bytes());
  const auto inner = Ipv6HeaderView::check(in.upper());
  if (!inner) return stack_.drop(kTunnelInnerNotIpv6, in.packet.bytes());
  const Ipv6Address source = inner->source();
  if (tunnel->allows_inner_source && !tunnel->allows_inner_source(source)) {
    return stack_.drop(kTunnelInnerSource, in.packet.bytes());
  }
  const Ipv6Address destination = inner->destination();
  const NextHeader next_header = inner->next_header();
  const std::uint8_t inner_class = inner->traffic_class();
  Packet packet = std::move(in.packet);
  packet.trim_front(in.offset);
  // RFC 6040 §4.2: congestion met inside the tunnel is told to the inner packet's receiver.
  if ((in.traffic_class & kEcnMask) == kEcnCongestion && (inner_class & kEcnMask) != kEcnNotCapable) {
    Ipv6HeaderEditor(packet.mutable_data()).set_traffic_class(inner_class | kEcnCongestion);
  }
  stack_.input(*tunnel, std::move(packet));
  if (MobilityHooks* hooks = stack_.mobility_hooks()) hooks->on_reverse_tunnelled(source, destination, next_header);
}

}  // namespace kamesim
