// Look-ups in a node's tables: routes, neighbours, destinations. "full" is a routing table of 250,000 prefixes, with
// lengths as they are in the Internet's.
#include <benchmark/benchmark.h>
#include <malloc.h>

#include <cstdint>
#include <random>
#include <vector>

#include "protocols/ip6/destination_cache.h"
#include "protocols/ip6/neighbor_cache.h"
#include "protocols/ip6/route_table.h"
#include "protocols/wire/ipv6_address.h"

namespace kamesim {
namespace {

constexpr std::size_t kFull = 250'000;
constexpr std::size_t kAsked = 1 << 14;

// The default-free zone's, roughly: nearly half are /48, a sixth /32.
unsigned drawn_length(std::mt19937_64& random) {
  constexpr struct {
    unsigned length, percent;
  } kShares[] = {{48, 46}, {32, 13}, {44, 11}, {40, 9}, {36, 6}, {46, 4}, {29, 3}, {47, 2}, {45, 2}, {42, 2}, {33, 2}};
  std::uint64_t left = random() % 100;
  for (const auto& share : kShares) {
    if (left < share.percent) return share.length;
    left -= share.percent;
  }
  return 28;
}

struct Routes {
  explicit Routes(std::size_t count) {
    std::mt19937_64 random(1);
    for (std::size_t i = 0; i < count; ++i) {
      const Ipv6Address address = Ipv6Address::from_halves(0x2000'0000'0000'0000 | random() >> 3, random());
      prefixes.emplace_back(address, drawn_length(random));
    }
    for (std::size_t i = 0; i < kAsked; ++i) {
      const Ipv6Prefix& prefix = prefixes[random() % count];
      asked.push_back(prefix.host(random()));
    }
  }
  void fill(RouteTable& table) const {
    for (const Ipv6Prefix& prefix : prefixes) {
      table.add({.prefix = prefix, .next_hop = Ipv6Address::from_halves(0xfe80'0000'0000'0000, 1)});
    }
  }
  std::vector<Ipv6Prefix> prefixes;
  std::vector<Ipv6Address> asked;
};

void route_lookup(benchmark::State& state) {
  const Routes routes(static_cast<std::size_t>(state.range(0)));
  RouteTable table;
  routes.fill(table);
  std::size_t i = 0;
  for (auto _ : state) {
    if (!table.lookup(routes.asked[i++ & (kAsked - 1)])) state.SkipWithError("no route");
  }
}
BENCHMARK(route_lookup)->Arg(10)->Arg(1000)->Arg(kFull);

void route_lookup_without_match(benchmark::State& state) {
  const Routes routes(static_cast<std::size_t>(state.range(0)));
  RouteTable table;
  routes.fill(table);
  std::uint64_t i = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(table.lookup(Ipv6Address::from_halves(0x4000'0000'0000'0000 | i++ << 16, 1)));
  }
}
BENCHMARK(route_lookup_without_match)->Arg(10)->Arg(kFull);

std::size_t heap_in_use() { return mallinfo2().uordblks + mallinfo2().hblkhd; }

// A route of a table that is being filled, and the memory that each takes in the end.
void route_add(benchmark::State& state) {
  const Routes routes(static_cast<std::size_t>(state.range(0)));
  while (state.KeepRunningBatch(state.range(0))) {
    RouteTable table;
    routes.fill(table);
    benchmark::DoNotOptimize(table);
  }
  if (state.range(0) < static_cast<std::int64_t>(kFull)) return;  // the allocator's own caches would show
  const std::size_t before = heap_in_use();
  RouteTable table;
  routes.fill(table);
  state.counters["bytes_per_item"] = static_cast<double>(heap_in_use() - before) / static_cast<double>(table.size());
}
BENCHMARK(route_add)->Arg(10)->Arg(kFull);

Ipv6Address neighbor(std::uint64_t i) { return Ipv6Address::from_halves(0xfe80'0000'0000'0000, 1 + i); }

void neighbor_lookup(benchmark::State& state) {
  const auto count = static_cast<std::uint64_t>(state.range(0));
  NeighborCache cache;
  for (std::uint64_t i = 0; i < count; ++i) cache.add(neighbor(i));
  std::uint64_t at = 0;
  for (auto _ : state) {
    if (cache.find(neighbor((at += 0x9e3779b97f4a7c15) % count)) == nullptr) state.SkipWithError("no neighbour");
  }
}
BENCHMARK(neighbor_lookup)->Arg(2)->Arg(100)->Arg(4000);

void destination_lookup(benchmark::State& state) {
  const auto count = static_cast<std::uint64_t>(state.range(0));
  DestinationCache cache;
  const auto look_up = [&](const Ipv6Address& address) {
    Destination& slot = cache.slot(address, nullptr, 1);
    if (slot.generation == 1 && slot.address == address) return true;
    slot = {.address = address, .generation = 1};
    return false;
  };
  for (std::uint64_t i = 0; i < count; ++i) look_up(neighbor(i));
  std::uint64_t at = 0, hits = 0;
  for (auto _ : state) hits += look_up(neighbor((at += 0x9e3779b97f4a7c15) % count));
  state.counters["hits"] = static_cast<double>(hits) / static_cast<double>(state.iterations());
}
BENCHMARK(destination_lookup)->Arg(2)->Arg(100)->Arg(4000);

}  // namespace
}  // namespace kamesim
