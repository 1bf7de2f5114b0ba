// Where a mobile node's Mobility Anchor Point (RFC 5380), or its previous access router (RFC 5568), takes part in output.
// A MobilityHooks may be this as well.
#pragma once

#include "protocols/wire/ipv6_address.h"
#include "sim/drop.h"

namespace kamesim {

class Ip6Interface;
class Ip6Stack;

class SourceTunnels {
 public:
  // Where every packet goes that leaves with this source, whatever its destination (RFC 5380 §6.1). Nothing set: nowhere
  // in particular.
  struct SourceTunnel {
    Ip6Interface* tunnel = nullptr;
    const DropInfo* discard = nullptr;  // the packet cannot be sent now
  };
  virtual SourceTunnel tunnel_of_source(const Ipv6Address& source) = 0;
  // The same of one packet, where it depends on its destination as well (RFC 5555 §5.1).
  virtual SourceTunnel tunnel_between(const Ipv6Address& source, const Ipv6Address& destination) {
    return (void)destination, tunnel_of_source(source);
  }

 protected:
  ~SourceTunnels() = default;
};

// By the node's mobility hooks, if they are this as well.
SourceTunnels::SourceTunnel tunnel_of_source(Ip6Stack& stack, const Ipv6Address& source);
SourceTunnels::SourceTunnel tunnel_between(Ip6Stack& stack, const Ipv6Address& source, const Ipv6Address& destination);

}  // namespace kamesim
