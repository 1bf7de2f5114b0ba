#include "protocols/ip6/source_tunnels.h"

#include "protocols/ip6/mobility_hooks.h"
#include "protocols/ip6/stack.h"

namespace kamesim {

SourceTunnels::SourceTunnel tunnel_of_source(Ip6Stack& stack, const Ipv6Address& source) {
  auto* const tunnels = dynamic_cast<SourceTunnels*>(stack.mobility_hooks());
  return tunnels != nullptr ? tunnels->tunnel_of_source(source) : SourceTunnels::SourceTunnel{};
}

SourceTunnels::SourceTunnel tunnel_between(Ip6Stack& stack, const Ipv6Address& source, const Ipv6Address& destination) {
  auto* const tunnels = dynamic_cast<SourceTunnels*>(stack.mobility_hooks());
  return tunnels != nullptr ? tunnels->tunnel_between(source, destination) : SourceTunnels::SourceTunnel{};
}

}  // namespace kamesim
