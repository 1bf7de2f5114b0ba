// Shortest paths by delay. Ties go to fewer hops, then to the lower vertex, then to the lower edge number, so the
// answer depends on the topology alone, and static routes made from it agree at every vertex.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "sim/time.h"
#include "sim/topology/topology.h"

namespace kamesim {

// The shortest paths of all vertices towards one, the root. To fill static routes make one tree for each
// destination in turn: memory stays linear in the number of vertices.
struct DestinationTree {
  VertexId root;
  // By VertexId. At the root: itself, kNoEdge, 0, 0. Where the root cannot be reached: kNoVertex, kNoEdge,
  // Duration::max() and UINT32_MAX.
  std::vector<VertexId> next_hop;
  std::vector<EdgeId> next_edge;
  std::vector<Duration> delay;
  std::vector<std::uint32_t> hops;

  bool reaches(VertexId from) const { return next_hop.at(from) != kNoVertex; }
  // `from` and every vertex after it, the root last; empty if the root cannot be reached.
  std::vector<VertexId> path(VertexId from) const;
};

// Throws std::out_of_range if there is no such vertex, as the others here do.
DestinationTree shortest_paths_from(const Topology& topology, VertexId root);

// The first two steps from a vertex on the shortest path to another one, as that one's tree has them: what a table of
// routes at a vertex needs, for all destinations at once. kNoVertex and kNoEdge: the path is not that long, or there is none.
struct Departure {
  VertexId first = kNoVertex;
  EdgeId first_edge = kNoEdge;
  VertexId second = kNoVertex;
  EdgeId second_edge = kNoEdge;
  friend constexpr auto operator<=>(const Departure&, const Departure&) = default;
};

// By the VertexId of the destination.
std::vector<Departure> departures_from(const Topology& topology, VertexId from);

// The vertices from a to b, both included; empty if there is no path. Makes a tree: for many, keep the tree.
std::vector<VertexId> path(const Topology& topology, VertexId a, VertexId b);
std::optional<Duration> path_delay(const Topology& topology, VertexId a, VertexId b);

// By VertexId: the number of its connected component, counted from 0 in the order of their lowest vertices.
std::vector<std::uint32_t> connected_components(const Topology& topology);
bool is_connected(const Topology& topology);  // an empty topology is not

// The two vertices farthest apart by delay (of several such pairs, the one with the lowest numbers). Makes a tree
// for every vertex in turn: meant for some thousands of vertices. Empty if the topology is not connected.
struct Diameter {
  VertexId from, to;
  Duration delay;
  std::uint32_t hops;  // of the shortest path between the two
};
std::optional<Diameter> diameter(const Topology& topology);

}  // namespace kamesim
