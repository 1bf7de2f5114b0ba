// Takes packets with an inner IP header (RFC 2473 §3.3; RFC 4213, 2003) and puts what they hold back into the input path,
// as having come by the tunnel that goes to the packet's source. And what is reported of tunnel packets, to the sources
// of the packets in them (RFC 2473 §8).
#pragma once

#include "protocols/ip6/stack.h"

namespace kamesim {

class TunnelInput final : public PacketHandler {
 public:
  explicit TunnelInput(Ip6Stack& stack);
  ~TunnelInput();
  void on_packet(InputPacket& packet) override;
  void on_icmp6_error_report(const Icmp6ErrorReport& report) override;

 private:
  void tell_too_big(const TunnelInterface& tunnel, Bytes inner, const Icmp6ErrorReport& report);

  Ip6Stack& stack_;
};

}  // namespace kamesim
