// Made-up topologies, as (vertices, edges): vertices are (name, (x, y) in metres or None), edges (index of one end,
// index of the other, delay in ns, rate in bits a second, loss).
#include <pybind11/stl.h>

#include "python/kamesim/bindings/world.h"
#include "sim/topology/generators.h"

namespace kamesim::python {

namespace {

py::tuple as_lists(const Topology& topology) {
  py::list vertices, edges;
  for (VertexId v = 0; v < topology.vertex_count(); ++v) {
    const Topology::Vertex& vertex = topology.vertex(v);
    py::object place = py::none();
    if (const auto* p = std::get_if<Position>(&vertex.place)) place = py::make_tuple(p->x, p->y);
    vertices.append(py::make_tuple(vertex.name, place));
  }
  for (EdgeId e = 0; e < topology.edge_count(); ++e) {
    const auto [a, b] = topology.ends(e);
    const Topology::Edge& edge = topology.edge(e);
    edges.append(py::make_tuple(a, b, edge.delay.ns(), edge.rate_bps, edge.loss));
  }
  return py::make_tuple(vertices, edges);
}

Topology::Edge edge(std::int64_t delay_ns, std::uint64_t rate_bps, double loss) {
  return {.delay = Duration::nanoseconds(delay_ns), .rate_bps = rate_bps, .loss = loss};
}

}  // namespace

void bind_topology(py::module_& m) {
  using Edge = Topology::Edge;
  py::class_<Edge>(m, "TopologyEdge", "What every link of a made-up topology is like.")
      .def(py::init(&edge), "delay_ns"_a, "rate_bps"_a, "loss"_a);

  m.def(
      "generate_line", [](std::int64_t n, const Edge& e) { return as_lists(generate::line(n, e)); }, "n"_a, "edge"_a);
  m.def(
      "generate_ring", [](std::int64_t n, const Edge& e) { return as_lists(generate::ring(n, e)); }, "n"_a, "edge"_a);
  m.def(
      "generate_star", [](std::int64_t n, const Edge& e) { return as_lists(generate::star(n, e)); }, "n"_a, "edge"_a);
  m.def(
      "generate_tree",
      [](std::int64_t arity, std::int64_t depth, const Edge& e) { return as_lists(generate::tree(arity, depth, e)); },
      "arity"_a, "depth"_a, "edge"_a);
  m.def(
      "generate_grid",
      [](std::int64_t rows, std::int64_t cols, const Edge& e) { return as_lists(generate::grid(rows, cols, e)); },
      "rows"_a, "cols"_a, "edge"_a);
  m.def(
      "generate_waxman",
      [](std::int64_t n, double alpha, double beta, std::uint64_t seed, const Edge& e) {
        return as_lists(generate::waxman(n, alpha, beta, seed, e));
      },
      "n"_a, "alpha"_a, "beta"_a, "seed"_a, "edge"_a);
  m.def(
      "generate_barabasi_albert",
      [](std::int64_t n, std::int64_t attachments, std::uint64_t seed, const Edge& e) {
        return as_lists(generate::barabasi_albert(n, attachments, seed, e));
      },
      "n"_a, "m"_a, "seed"_a, "edge"_a);
  m.def(
      "generate_fat_tree", [](std::int64_t k, const Edge& e) { return as_lists(generate::fat_tree(k, e)); }, "k"_a,
      "edge"_a);
}

}  // namespace kamesim::python
