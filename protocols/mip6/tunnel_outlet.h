// What stands before the tunnels of a home address that has several bindings (RFC 5648), at either end: packets are given to
// it, and it chooses the tunnel.
#pragma once

#include "protocols/ip6/interface.h"

namespace kamesim {

class TunnelOutlet : public Ip6Interface {
 public:
  using Ip6Interface::Ip6Interface;
  // Whether that is one of the tunnels, so that what comes out of it came by one of the bindings.
  virtual bool stands_before(const Ip6Interface& tunnel) const = 0;
};

}  // namespace kamesim
