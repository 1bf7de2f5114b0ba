// Made-up topologies. Each function throws std::invalid_argument naming a parameter out of range, its value and
// what is right. Every edge has the properties of `edge`, except where a delay follows from positions.
//
// The random ones draw from a stream keyed by the seed: the same in every build, thread and run.
#pragma once

#include <cstdint>

#include "sim/topology/topology.h"

namespace kamesim::generate {

inline constexpr std::int64_t kMaxVertices = 100'000'000;

// n0 - n1 - ... of n vertices.
Topology line(std::int64_t n, const Topology::Edge& edge = {});
// n vertices in a circle; n is 3 or more.
Topology ring(std::int64_t n, const Topology::Edge& edge = {});
// n vertices: n0 in the middle, an edge from it to each other.
Topology star(std::int64_t n, const Topology::Edge& edge = {});
// A root, n0, and `depth` levels below it, each vertex with `arity` children; level by level.
Topology tree(std::int64_t arity, std::int64_t depth, const Topology::Edge& edge = {});
// rows x cols vertices, row by row; "r2c3" is in the third row and fourth column.
Topology grid(std::int64_t rows, std::int64_t cols, const Topology::Edge& edge = {});

// Waxman's random graph (IEEE JSAC 1988), with the parameters as in BRITE: n vertices at uniformly random places
// in a square of kWaxmanSideKm; two of them at distance d are joined with probability
// alpha * exp(-d / (beta * L)), where L is the square's diagonal and alpha and beta are in (0, 1]. An edge's delay
// follows from its length at 5 us/km. If the draw leaves the graph in parts, these are joined to the part of n0,
// nearest first, each by the shortest edge possible: so it is always connected.
inline constexpr double kWaxmanSideKm = 1000;
inline constexpr std::int64_t kMaxWaxmanVertices = 100'000;  // every pair is considered
Topology waxman(std::int64_t n, double alpha, double beta, std::uint64_t seed, const Topology::Edge& edge = {});

// Barabasi and Albert's preferential attachment (Science 1999): a star of m + 1 vertices, to which each further
// vertex is joined by m edges to distinct vertices, chosen with probability proportional to their degree.
// 1 <= m < n. It has (n - m) * m edges and is always connected.
Topology barabasi_albert(std::int64_t n, std::int64_t m, std::uint64_t seed, const Topology::Edge& edge = {});

// The k-ary fat tree (Al-Fares et al., SIGCOMM 2008) of k-port switches, k even: (k/2)^2 core switches, k pods of
// k/2 aggregation and k/2 edge switches, k/2 hosts on each edge switch. Vertices come in that order: "core0",
// "pod0agg0", "pod0edge0", "pod0edge0host0".
struct FatTreeSizes {
  std::uint32_t core, aggregation, edge, hosts;
};
FatTreeSizes fat_tree_sizes(std::int64_t k);
Topology fat_tree(std::int64_t k, const Topology::Edge& edge = {});

}  // namespace kamesim::generate
