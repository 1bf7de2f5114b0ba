// What the choice of a source address costs (RFC 6724 §5), by the addresses and the knowledge that a host has.
// Usage: source_selection [--benchmark_filter=NAME]
#include <benchmark/benchmark.h>

#include "protocols/ip6/stack.h"
#include "sim/lan.h"
#include "sim/simulation.h"

namespace kamesim {
namespace {

struct OneHost {
  OneHost() : lan(simulation.add_medium<Lan>("lan", LinkConfig{})), stack(simulation.add_node("host"),
                                                                         {.dup_addr_detect_transmits = 0}) {
    Nic& nic = stack.node().add_nic();
    lan.attach(nic);
    interface = &stack.add_interface(nic);
    stack.routes().add({.prefix = {}, .interface = interface, .next_hop = kRouter});
    simulation.run_until(simulation.now() + 1_s);
  }
  void give(std::uint16_t subnet, bool temporary = false) {
    stack.add_address(*interface, {.address = Ipv6Address::from_groups({0x2001, 0xdb8, 0, subnet, 0, 0, 0, std::uint16_t(temporary ? 2 : 1)}),
                                   .skip_dad = true, .temporary = temporary});
  }
  void measure(benchmark::State& state, const Ipv6Address& destination) {
    const Ipv6Address next_hop = kRouter;
    for (auto _ : state) {
      benchmark::DoNotOptimize(stack.select_source(destination, interface, {}, &next_hop));
    }
  }

  static constexpr Ipv6Address kRouter = Ipv6Address::from_groups({0xfe80, 0, 0, 0, 0, 0, 0, 1});
  Simulation simulation{1};
  Lan& lan;
  Ip6Stack stack;
  EthernetInterface* interface = nullptr;
};

// A link-local address and a global one: rule 2 decides.
void by_scope(benchmark::State& state) {
  OneHost host;
  host.give(1);
  host.measure(state, "2001:db8:0:9::1"_ip6);
}
BENCHMARK(by_scope);

// A temporary address beside the stable one: labels are compared, and rule 7 decides.
void by_temporary(benchmark::State& state) {
  OneHost host;
  host.give(1), host.give(1, true);
  host.measure(state, "2001:db8:0:9::1"_ip6);
}
BENCHMARK(by_temporary);

// Addresses of several subnets: rule 8 decides.
void by_prefix(benchmark::State& state) {
  OneHost host;
  for (std::uint16_t subnet = 1; subnet <= state.range(0); ++subnet) host.give(subnet);
  host.measure(state, "2001:db8:0:9::1"_ip6);
}
BENCHMARK(by_prefix)->Arg(2)->Arg(8);

}  // namespace
}  // namespace kamesim
