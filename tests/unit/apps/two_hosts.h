// Two hosts, a and b, joined by a link.
#pragma once

#include "protocols/host/host.h"
#include "sim/link.h"
#include "sim/node.h"
#include "sim/simulation.h"

namespace kamesim {

class TwoHosts {
 public:
  explicit TwoHosts(const LinkConfig& config = {.delay = 5_ms})
      : link(simulation.add_medium<PointToPointLink>("ab", config)),
        a(simulation.add_node("a"), {.dup_addr_detect_transmits = 0}),
        b(simulation.add_node("b"), {.dup_addr_detect_transmits = 0}),
        a_interface(join(a, kA)),
        b_interface(join(b, kB)) {}

  static inline const Ipv6Address kA = "2001:db8::a"_ip6, kB = "2001:db8::b"_ip6;

  void run_for(Duration d) { simulation.run_until(simulation.now() + d); }

  Simulation simulation;
  PointToPointLink& link;
  Host a, b;
  EthernetInterface& a_interface;
  EthernetInterface& b_interface;

 private:
  EthernetInterface& join(Host& host, const Ipv6Address& address) {
    Nic& nic = host.node().add_nic();
    link.attach(nic);
    EthernetInterface& interface = host.add_interface(nic);
    host.stack().add_address(interface, {.address = address});
    return interface;
  }
};

}  // namespace kamesim
