// ICMPv6 input (RFC 4443): echo, errors for the upper layers, Path MTU, and the way to Neighbor Discovery.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "protocols/ip6/icmp6_rate_limit.h"
#include "protocols/ip6/stack.h"

namespace kamesim {

class NodeInformation;

class Icmp6Input final : public PacketHandler {
 public:
  explicit Icmp6Input(Ip6Stack& stack);
  ~Icmp6Input();
  void on_packet(InputPacket& packet) override;
  // RFC 4443 §2.4 f: takes a token of the node's bucket, and of the destination's if that is asked for.
  bool may_originate_error(const Ipv6Address& destination);

  std::uint64_t errors_sent = 0, errors_limited = 0;

 private:
  bool limits_destination(const Ipv6Address& destination);
  void reply_to_echo(const InputPacket& packet);
  void error(const InputPacket& packet);
  bool packet_too_big(const Icmp6ErrorReport& report, PacketHandler* upper, Bytes packet);

  Ip6Stack& stack_;
  Icmp6RateLimit error_limit_, multicast_echo_limit_;
  std::unique_ptr<NodeInformation> node_information_;            // made when the first query comes
  std::unique_ptr<Icmp6RateLimitByDestination> by_destination_;  // made when a limit is asked for
};

}  // namespace kamesim
