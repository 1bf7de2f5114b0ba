#include "sim/topology/topology.h"

#include <stdexcept>

namespace kamesim {

VertexId Topology::add_vertex(Vertex vertex) {
  const auto v = boost::add_vertex(graph_);
  graph_[v] = std::move(vertex);
  return static_cast<VertexId>(v);
}

EdgeId Topology::add_edge(VertexId a, VertexId b, const Edge& edge) {
  const auto refuse = [&](const std::string& why) {
    throw std::invalid_argument("edge " + std::to_string(a) + " - " + std::to_string(b) + ": " + why);
  };
  for (VertexId end : {a, b}) {
    if (end >= vertex_count()) refuse("there is no vertex " + std::to_string(end));
  }
  if (a == b) refuse("it must join two different vertices");
  if (edge.delay < Duration() || edge.delay == Duration::max()) {
    refuse("delay is " + std::to_string(edge.delay.ns()) + " ns; it must be 0 or more, and finite");
  }
  if (edge.rate_bps == 0) refuse("rate_bps is 0; it must be positive");
  if (!(edge.loss >= 0 && edge.loss <= 1)) {
    refuse("loss is " + std::to_string(edge.loss) + "; it must be a probability, from 0 to 1");
  }
  const EdgeId id = edge_count();
  boost::add_edge(a, b, Graph::edge_property_type(id, edge), graph_);
  return id;
}

const Topology::Vertex& Topology::vertex(VertexId v) const {
  check(v);
  return graph_[v];
}

const Topology::Edge& Topology::edge(EdgeId e) const { return graph_[descriptor(e)]; }

std::pair<VertexId, VertexId> Topology::ends(EdgeId e) const {
  const auto edge = descriptor(e);
  return {static_cast<VertexId>(boost::source(edge, graph_)), static_cast<VertexId>(boost::target(edge, graph_))};
}

std::uint32_t Topology::degree(VertexId v) const {
  check(v);
  return static_cast<std::uint32_t>(boost::degree(v, graph_));
}

Topology::Graph::edge_descriptor Topology::descriptor(EdgeId e) const {
  if (e >= edge_count()) throw std::out_of_range("there is no edge " + std::to_string(e));
  return *(boost::edges(graph_).first + e);
}

void Topology::check(VertexId v) const {
  if (v >= vertex_count()) throw std::out_of_range("there is no vertex " + std::to_string(v));
}

}  // namespace kamesim
