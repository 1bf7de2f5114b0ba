// Reads a topology from standard input, the number of vertices and then "a b delay" (ns) for each edge, and prints
// "a b delay hops" for every pair of vertices. For test_path_lengths.py.
#include <cstdint>
#include <iostream>

#include "sim/topology/shortest_paths.h"
#include "sim/topology/topology.h"

int main() {
  using namespace kamesim;
  std::uint32_t n = 0;
  std::cin >> n;
  Topology topology;
  for (std::uint32_t i = 0; i < n; ++i) topology.add_vertex({});
  VertexId a, b;
  std::int64_t delay;
  while (std::cin >> a >> b >> delay) topology.add_edge(a, b, {.delay = Duration::nanoseconds(delay)});
  for (VertexId root = 0; root < n; ++root) {
    const DestinationTree tree = shortest_paths_from(topology, root);
    for (VertexId v = 0; v < n; ++v) {
      std::cout << v << ' ' << root << ' ' << tree.delay[v].ns() << ' ' << tree.hops[v] << '\n';
    }
  }
}
