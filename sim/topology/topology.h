// A network map: vertices with a name and perhaps a place, and two-way edges with delay, rate and loss. Vertices
// and edges are numbered from 0 in the order in which they were added.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <boost/graph/adjacency_list.hpp>

#include "sim/mobility.h"
#include "sim/time.h"
#include "sim/topology/geography.h"

namespace kamesim {

using VertexId = std::uint32_t;
using EdgeId = std::uint32_t;
inline constexpr VertexId kNoVertex = UINT32_MAX;
inline constexpr EdgeId kNoEdge = UINT32_MAX;

class Topology {
 public:
  struct Vertex {
    std::string name;
    std::variant<std::monostate, Position, GeoPosition> place;  // monostate: unknown
  };
  struct Edge {
    Duration delay = Duration::milliseconds(1);
    std::uint64_t rate_bps = 1'000'000'000;
    double loss = 0;  // probability that a frame is lost
  };
  // Edges lie in one vector, and the vertices' lists hold their indices.
  using Graph = boost::adjacency_list<boost::vecS, boost::vecS, boost::undirectedS, Vertex,
                                      boost::property<boost::edge_index_t, EdgeId, Edge>, boost::no_property,
                                      boost::vecS>;

  VertexId add_vertex(Vertex vertex);
  // Throws std::invalid_argument when an end does not exist, both are the same, the delay is negative or infinite,
  // the rate is 0 or the loss is not within [0, 1]. Parallel edges are allowed.
  EdgeId add_edge(VertexId a, VertexId b, const Edge& edge);

  std::uint32_t vertex_count() const { return static_cast<std::uint32_t>(boost::num_vertices(graph_)); }
  std::uint32_t edge_count() const { return static_cast<std::uint32_t>(boost::num_edges(graph_)); }
  // These throw std::out_of_range for a number that is not in use.
  const Vertex& vertex(VertexId v) const;
  const Edge& edge(EdgeId e) const;
  std::pair<VertexId, VertexId> ends(EdgeId e) const;  // in the order given to add_edge
  std::uint32_t degree(VertexId v) const;

  // For Boost.Graph's algorithms. A vertex's descriptor is its VertexId; an edge's EdgeId is its edge_index.
  const Graph& graph() const { return graph_; }

 private:
  Graph::edge_descriptor descriptor(EdgeId e) const;
  void check(VertexId v) const;
  Graph graph_;
};

}  // namespace kamesim
