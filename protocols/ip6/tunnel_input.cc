// The exit of tunnels (RFC 2473 §3.3).
#include "protocols/ip6/tunnel_input.h"

#include "protocols/ip6/tunnel.h"
#include "protocols/wire/ipv6_header.h"

namespace kamesim {

namespace {

enum Ecn : std::uint8_t { NotEct = 0b00, Ect1 = 0b01, Ect0 = 0b10, Ce = 0b11, Drop };  // RFC 3168 §5
constexpr std::uint8_t kEcnMask = 0b11;

// RFC 6040 §4.2, figure 4, with rows and columns in the order of the codepoints.
constexpr Ecn kEcnOutOfTunnel[4][4] = {
    // outer:    NotEct  Ect1    Ect0    Ce
    /* NotEct */ {NotEct, NotEct, NotEct, Drop},
    /* Ect1 */   {Ect1,   Ect1,   Ect1,   Ce},
    /* Ect0 */   {Ect0,   Ect1,   Ect0,   Ce},
    /* Ce */     {Ce,     Ce,     Ce,     Ce},
};

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
  const Ecn ecn = kEcnOutOfTunnel[inner_class & kEcnMask][in.traffic_class & kEcnMask];
  if (ecn == Drop) return stack_.drop(kTunnelCongestion, in.packet.bytes());
  Packet packet = std::move(in.packet);
  packet.trim_front(in.offset);
  if (ecn != (inner_class & kEcnMask)) {
    Ipv6HeaderEditor(packet.mutable_data()).set_traffic_class(static_cast<std::uint8_t>((inner_class & ~kEcnMask) | ecn));
  }
  stack_.input(*tunnel, std::move(packet));
  if (MobilityHooks* hooks = stack_.mobility_hooks()) hooks->on_reverse_tunnelled(source, destination, next_header);
}

}  // namespace kamesim
