// Splitting a graph of few vertices as well as can be: a partitioner of large graphs is content with less, most of all
// where few vertices have most of the load.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace kamesim {

// Vertices with loads, and edges with weights, each edge at both of its vertices: the neighbors of vertex v stand at
// places starts[v] to starts[v + 1].
struct WeightedGraph {
  std::vector<std::int32_t> starts{0}, neighbors, edge_weights, loads;
  std::size_t size() const { return loads.size(); }
};

// Graphs with more vertices take longer to search than a better split of them gains.
inline constexpr std::size_t kMostSearched = 64;

// The best split found, by vertex the part from 0 to shares.size() - 1, of those to which climbing leads from `start` and
// from some others: moving a vertex, and exchanging two, as long as that makes it better. A split is worth the load of the
// part with most of it against its share, and of each edge that is cut `load_of_weight` times its weight, against all
// load. The same graph gives the same answer.
std::vector<std::int32_t> search_split(const WeightedGraph& graph, const std::vector<double>& shares, double load_of_weight,
                                       std::vector<std::int32_t> start);

}  // namespace kamesim
