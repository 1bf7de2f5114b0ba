// The databases of IPsec, by how many policies and associations they hold: each pair of sites has one of each.
#include <benchmark/benchmark.h>
#include <malloc.h>

#include <array>
#include <cstdint>

#include "protocols/ipsec/flow_cache.h"

namespace kamesim::ipsec {
namespace {

const Ipv6Address kHere = "2001:db8:c::1"_ip6;

Ipv6Address gateway(std::int64_t i) { return Ipv6Address::from_halves(0x2001'0db8'000c'0001, 1 + std::uint64_t(i)); }
Ipv6Prefix site(std::int64_t i) {
  return Ipv6Prefix(Ipv6Address::from_halves(0x2001'0db8'1000'0000 + (std::uint64_t(i) << 16), 0), 48);
}
Flow flow_to(std::int64_t i) {
  return {.source = "2001:db8:a::5"_ip6, .destination = site(i).host(7), .next_layer = 17, .source_port = 1024,
          .destination_port = 7};
}

struct Databases {
  explicit Databases(std::int64_t sites) {
    const std::array<std::uint8_t, 20> key{};
    for (std::int64_t i = 0; i < sites; ++i) {
      SecurityPolicy policy{.action = Action::Protect};
      policy.selector.source = AddressRange::of("2001:db8:a::/48"_ip6net);
      policy.selector.destination = AddressRange::of(site(i));
      policy.requests = {Request{.mode = Mode::Tunnel, .source = kHere, .destination = gateway(i)}};
      (void)spd.add(policy, Time());
      SaParameters parameters;
      parameters.address = {static_cast<Spi>(kMinSpi + i), Protocol::Esp, kHere, gateway(i)};
      parameters.mode = Mode::Tunnel;
      parameters.encryption = Encryption::AesGcm16;
      parameters.encryption_key = Secret(key);
      parameters.hard.since_added = 3600_s;
      (void)sad.add(std::move(parameters), Time());
    }
  }
  SecurityAssociation* find(const Flow& flow) {
    KnownFlow& known = flows.find(spd, Direction::Out, flow);
    const Request& request = known.policy->requests[0];
    return FlowCache::association(known, sad, 0, request.source, request.destination);
  }
  Spd spd;
  Sad sad;
  FlowCache flows;
};

void packet_of_a_known_flow(benchmark::State& state) {
  Databases databases(state.range(0));
  const Flow flow = flow_to(state.range(0) / 2);
  for (auto _ : state) benchmark::DoNotOptimize(databases.find(flow));
}
BENCHMARK(packet_of_a_known_flow)->Arg(1)->Arg(100)->Arg(10'000)->Arg(100'000);

// Each packet is of another flow than the one before, and has to be looked up.
void packet_of_a_new_flow(benchmark::State& state) {
  Databases databases(state.range(0));
  std::int64_t i = 0;
  for (auto _ : state) {
    Flow flow = flow_to(i++ % state.range(0));
    flow.source_port = static_cast<std::uint16_t>(i);
    databases.spd.touch();
    benchmark::DoNotOptimize(databases.find(flow));
  }
}
BENCHMARK(packet_of_a_new_flow)->Arg(1)->Arg(100)->Arg(10'000)->Arg(100'000);

void packet_that_came(benchmark::State& state) {
  Databases databases(state.range(0));
  const std::int64_t i = state.range(0) / 2;
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        databases.sad.inbound(static_cast<Spi>(kMinSpi + i), Protocol::Esp, kHere, gateway(i)));
  }
}
BENCHMARK(packet_that_came)->Arg(1)->Arg(100)->Arg(10'000)->Arg(100'000);

// Octets of a policy with its association, before the first packet.
void memory(benchmark::State& state) {
  for (auto _ : state) {
    const std::size_t before = mallinfo2().uordblks + mallinfo2().hblkhd;
    const Databases databases(state.range(0));
    const std::size_t after = mallinfo2().uordblks + mallinfo2().hblkhd;
    state.counters["bytes_a_pair"] = double(after - before) / double(state.range(0));
  }
}
BENCHMARK(memory)->Arg(100'000)->Iterations(1);

}  // namespace
}  // namespace kamesim::ipsec
