// ICMPv6 input (RFC 4443): echo, errors for the upper layers, Path MTU, and the way to Neighbor Discovery.
#pragma once

#include "protocols/ip6/stack.h"

namespace kamesim {

class Icmp6Input final : public PacketHandler {
 public:
  explicit Icmp6Input(Ip6Stack& stack) : stack_(stack) {}
  void on_packet(InputPacket& packet) override;

 private:
  void reply_to_echo(const InputPacket& packet);
  void error(const InputPacket& packet);

  Ip6Stack& stack_;
};

}  // namespace kamesim
