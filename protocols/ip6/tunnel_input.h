// Takes packets with an inner IPv6 header (RFC 2473 §3.3) and puts what they hold back into the input path, as
// having come by the tunnel that goes to the packet's source.
#pragma once

#include "protocols/ip6/stack.h"

namespace kamesim {

class TunnelInput final : public PacketHandler {
 public:
  explicit TunnelInput(Ip6Stack& stack);
  ~TunnelInput();
  void on_packet(InputPacket& packet) override;

 private:
  Ip6Stack& stack_;
};

}  // namespace kamesim
