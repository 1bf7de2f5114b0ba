// A tree of 1,000 nodes (1 + 9 + 90 + 900), or a grid, random UDP flows at a constant rate, routes along shortest paths
// for the flows that cross a router. The same workload as ns3/tree.cpp; prints one JSON object on one line.
// Usage: tree [topology=tree|grid] [side=25] [width=40 (grid: side x width)] [flows=200] [packets=1000 (each flow)]
//             [pps=1000] [payload=512] [seed=1] [threads=1]
#include <cstdio>
#include <deque>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "sim/link.h"
#include "tests/benchmarks/machine.h"
#include "tests/benchmarks/program.h"

namespace kamesim {
namespace {

struct Edge {
  std::uint32_t peer;
  Ip6Interface* interface;  // here
  Ipv6Address there;
};

std::vector<std::pair<std::uint32_t, std::uint32_t>> pairs_of(bool grid, std::uint32_t side, std::uint32_t width,
                                                              std::uint32_t& count) {
  std::vector<std::pair<std::uint32_t, std::uint32_t>> pairs;
  if (!grid) {
    count = 1000;
    for (std::uint32_t i = 1; i < count; ++i) pairs.emplace_back(i < 10 ? 0 : i / 10, i);
    return pairs;
  }
  count = side * width;
  for (std::uint32_t i = 0; i < count; ++i) {
    if (i % width + 1 < width) pairs.emplace_back(i, i + 1);
    if (i + width < count) pairs.emplace_back(i, i + width);
  }
  return pairs;
}

// By node: the edge towards the destination, by breadth-first search; and how far it is.
struct Paths {
  std::vector<int> next;
  std::vector<std::uint32_t> distance;
};

Paths paths_to(const std::vector<std::vector<Edge>>& edges, std::uint32_t destination) {
  Paths paths{std::vector<int>(edges.size(), -1), std::vector<std::uint32_t>(edges.size(), UINT32_MAX)};
  paths.distance[destination] = 0;
  std::deque<std::uint32_t> queue{destination};
  while (!queue.empty()) {
    const std::uint32_t at = queue.front();
    queue.pop_front();
    for (const Edge& edge : edges[at]) {
      if (paths.distance[edge.peer] != UINT32_MAX) continue;
      paths.distance[edge.peer] = paths.distance[at] + 1;
      for (std::size_t i = 0; i < edges[edge.peer].size(); ++i) {
        if (edges[edge.peer][i].peer == at) paths.next[edge.peer] = static_cast<int>(i);
      }
      queue.push_back(edge.peer);
    }
  }
  return paths;
}

int run(int argc, char** argv) {
  const bool grid = text_argument(argc, argv, "topology", "tree") == "grid";
  const std::uint64_t flows = argument(argc, argv, "flows", 200);
  const std::uint64_t packets = argument(argc, argv, "packets", 1000);
  const std::uint64_t pps = argument(argc, argv, "pps", 1000);
  const std::uint64_t payload = argument(argc, argv, "payload", 512);
  const auto threads = static_cast<std::uint32_t>(argument(argc, argv, "threads", 1));

  const double begin = user_cpu();
  std::uint32_t count = 0;
  const auto pairs = pairs_of(grid, static_cast<std::uint32_t>(argument(argc, argv, "side", 25)),
                              static_cast<std::uint32_t>(argument(argc, argv, "width", 40)), count);
  const auto is_router = [&](std::uint32_t i) { return grid || i < 100; };
  Simulation simulation(1);
  std::vector<std::unique_ptr<Machine>> machines;
  for (std::uint32_t i = 0; i < count; ++i) {
    machines.push_back(std::make_unique<Machine>(simulation, "n" + std::to_string(i), is_router(i)));
  }
  std::vector<std::vector<Edge>> edges(count);
  for (std::uint64_t l = 0; l < pairs.size(); ++l) {
    const auto [a, b] = pairs[l];
    auto& link = simulation.add_medium<PointToPointLink>("link" + std::to_string(l),
                                                         LinkConfig{.rate_bps = 1'000'000'000, .delay = 1_ms});
    Nic& nic_a = machines[a]->node.add_nic();
    Nic& nic_b = machines[b]->node.add_nic();
    link.attach(nic_a, nic_b);
    EthernetInterface& here = machines[a]->stack.add_interface(nic_a);
    EthernetInterface& there = machines[b]->stack.add_interface(nic_b);
    machines[a]->stack.add_address(here, {.address = link_address(l, 1)});
    machines[b]->stack.add_address(there, {.address = link_address(l, 2)});
    edges[a].push_back({b, &here, link_address(l, 2)});
    edges[b].push_back({a, &there, link_address(l, 1)});
  }
  std::vector<std::uint32_t> ends;
  for (std::uint32_t i = 0; i < count; ++i) {
    if (grid || !is_router(i)) ends.push_back(i);
  }

  const Time start = Time::from_seconds(5);
  const Duration interval = 1_s / static_cast<std::int64_t>(pps);
  std::mt19937_64 random(argument(argc, argv, "seed", 1));
  std::vector<std::unique_ptr<Flow>> all;
  std::vector<std::uint32_t> hops;
  std::set<std::pair<std::uint32_t, Ipv6Address>> installed;
  for (std::uint64_t f = 0; f < flows; ++f) {
    const std::uint32_t from = ends[random() % ends.size()];
    std::uint32_t to = from;
    while (to == from) to = ends[random() % ends.size()];
    const Paths paths = paths_to(edges, to);
    Ipv6Address address;  // of the interface at which the flow arrives
    for (std::uint32_t at = from; at != to;) {
      const Edge& edge = edges[at][static_cast<std::size_t>(paths.next[at])];
      address = edge.there;
      at = edge.peer;
    }
    for (std::uint32_t at = from; at != to;) {
      const Edge& edge = edges[at][static_cast<std::size_t>(paths.next[at])];
      if (installed.emplace(at, address).second && edge.there != address) {
        machines[at]->stack.routes().add(
            {.prefix = Ipv6Prefix(address, 128), .interface = edge.interface, .next_hop = edge.there});
      }
      at = edge.peer;
    }
    hops.push_back(paths.distance[from]);
    const Duration offset = Duration::nanoseconds(
        static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(interval.ns())));
    all.push_back(std::make_unique<Flow>(*machines[from], *machines[to], address, static_cast<std::uint16_t>(9000 + f),
                                         payload, packets, interval, start + offset));
  }
  const double built = user_cpu();
  for (std::uint64_t f = 0; f < flows; ++f) {  // one after the other: neighbours' queues are short
    simulation.at(start - 2_s + 1_s / static_cast<std::int64_t>(flows) * static_cast<std::int64_t>(f),
                  [&flow = *all[f]] { flow.warm_up(); });
  }
  simulation.run_until(start - 1_ns);
  const double warm = user_cpu();
  const double began = real_time();
  const Time end = start + interval * static_cast<std::int64_t>(packets) + 1_s;
  if (threads == 1) {
    simulation.run_until(end);
  } else {
    simulation.run_until(end, threads);
  }
  const double cpu = user_cpu() - warm, real = real_time() - began;

  std::uint64_t delivered = 0, packet_hops = 0;
  for (std::uint64_t f = 0; f < flows; ++f) {
    const std::uint64_t measured = all[f]->delivered() - 1;  // one warmed up
    delivered += measured;
    packet_hops += measured * hops[f];
  }
  std::printf("{\"workload\": \"%s\", \"nodes\": %u, \"flows\": %llu, \"sent\": %llu, \"delivered\": %llu, "
              "\"packet_hops\": %llu, \"setup_cpu_s\": %.4f, \"setup_us_per_node\": %.2f, \"warm_cpu_s\": %.4f, "
              "\"run_cpu_s\": %.4f, \"run_s\": %.4f, \"hops_per_cpu_s\": %.0f, \"ns_per_hop\": %.1f}\n",
              grid ? "grid" : "tree", count, static_cast<unsigned long long>(flows),
              static_cast<unsigned long long>(packets * flows), static_cast<unsigned long long>(delivered),
              static_cast<unsigned long long>(packet_hops), built - begin, (built - begin) * 1e6 / count, warm - built,
              cpu, real, static_cast<double>(packet_hops) / cpu, cpu * 1e9 / static_cast<double>(packet_hops));
  return delivered == packets * flows ? 0 : 1;
}

}  // namespace
}  // namespace kamesim

int main(int argc, char** argv) { return kamesim::run(argc, argv); }
