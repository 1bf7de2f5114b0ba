// A node with the addresses that a test gives it, on links with a way to everywhere.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "protocols/ip4/stack.h"
#include "protocols/ip6/neighbor_discovery.h"
#include "protocols/ip6/stack.h"
#include "sim/lan.h"
#include "sim/simulation.h"

namespace kamesim::testing {

class Selection {
 public:
  explicit Selection(const Ip6Config& config = {.dup_addr_detect_transmits = 0})
      : simulation(1), lan(simulation.add_medium<Lan>("lan", LinkConfig{})), node(simulation.add_node("node")),
        stack(node, config), ip4(stack) {
    first = &add_link();
    stack.routes().add({.prefix = {}, .interface = first, .next_hop = "fe80::99"_ip6});
    stack.routes().add({.prefix = {kV4MappedAny, kV4MappedLength}, .interface = first, .next_hop = v4("192.0.2.99")});
  }

  EthernetInterface& add_link() {
    Nic& nic = node.add_nic();
    lan.attach(nic);
    EthernetInterface& interface = stack.add_interface(nic);
    simulation.run_until(simulation.now() + 1_s);
    while (!interface.addresses().empty()) stack.remove_address(interface, interface.addresses().back()->address);
    return interface;
  }

  static Ipv6Address v4(const char* text) { return *parse_ip_address(text); }

  // "2001:db8::1", "192.0.2.1"; the prefix is of 64 bits, or 24.
  InterfaceAddress& give(const char* text, unsigned length = 0, EthernetInterface* on = nullptr) {
    const Ipv6Address address = *parse_ip_address(text);
    const unsigned usual = address.is_v4_mapped() ? kV4MappedLength + 24 : 64;
    return stack.add_address(on != nullptr ? *on : *first,
                             {.address = address, .prefix_length = static_cast<std::uint8_t>(length != 0 ? length : usual),
                              .skip_dad = true, .on_link_prefix = false});
  }
  InterfaceAddress& give_deprecated(const char* text) {
    InterfaceAddress& a = give(text);
    a.state = AddressState::Deprecated;
    return a;
  }
  InterfaceAddress& give_home(const char* text) {
    InterfaceAddress& a = give(text);
    a.home_address = true;
    return a;
  }
  InterfaceAddress& give_temporary(const char* text) {
    InterfaceAddress& a = give(text);
    a.temporary = true;
    return a;
  }

  std::string source_for(const char* destination, SourcePreferences preferences = {}, const char* next_hop = nullptr) {
    const Ipv6Address router = next_hop != nullptr ? *parse_ip_address(next_hop) : kUnspecified;
    const InterfaceAddress* chosen = stack.select_source(*parse_ip_address(destination), first, preferences,
                                                         next_hop != nullptr ? &router : nullptr);
    return chosen != nullptr ? ip_to_string(chosen->address) : "none";
  }

  Simulation simulation;
  Lan& lan;
  Node& node;
  Ip6Stack stack;
  Ip4Stack ip4;
  EthernetInterface* first;
};

}  // namespace kamesim::testing
