// Takes packets with an inner IP header (RFC 2473 §3.3; RFC 4213, 2003) and puts what they hold back into the input path,
// as having come by the tunnel that goes to the packet's source. And what is reported of tunnel packets, to the sources
// of the packets in them (RFC 2473 §8).
#pragma once

#include "protocols/ip6/stack.h"

namespace kamesim {

// A packet that holds another one from `offset` on.
struct PacketOfTunnel {
  Packet packet;
  std::size_t offset = 0;
  NextHeader inner;                 // Ipv6 or Ipv4, as the outer headers say
  std::uint8_t traffic_class = 0;   // of the outer header
};
// RFC 2473 §3.3, RFC 6040 §4.2: the inner packet becomes input of the tunnel.
void come_out_of_tunnel(Ip6Stack& stack, TunnelInterface& tunnel, PacketOfTunnel arrived);
// RFC 2473 §8.1 to §8.3: the source of the inner packet, which is what the report's offset leads to, is told of an error.
void tell_of_tunnel_error(Ip6Stack& stack, const TunnelInterface& tunnel, const Icmp6ErrorReport& report);

// One for all nodes, as it keeps nothing.
class TunnelInput final : public PacketHandler {
 public:
  // The stack's tunnels have an exit from now on.
  static void serve(Ip6Stack& stack);
  void on_packet(InputPacket& packet) override;
  void on_icmp6_error_report(const Icmp6ErrorReport& report) override;
};

}  // namespace kamesim
