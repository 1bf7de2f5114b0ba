#include "sim/topology/generators.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "sim/random.h"

namespace kamesim::generate {
namespace {

[[noreturn]] void refuse(std::string_view generator, std::string_view parameter, const std::string& value,
                         const std::string& right) {
  throw std::invalid_argument(std::string(generator) + ": " + std::string(parameter) + " is " + value +
                              "; it must be " + right);
}

void check_range(std::string_view generator, std::string_view parameter, std::int64_t value, std::int64_t low,
                 std::int64_t high) {
  if (value >= low && value <= high) return;
  refuse(generator, parameter, std::to_string(value), "from " + std::to_string(low) + " to " + std::to_string(high));
}

void check_fraction(std::string_view generator, std::string_view parameter, double value) {
  if (value > 0 && value <= 1) return;
  refuse(generator, parameter, std::to_string(value), "above 0 and at most 1");
}

std::string numbered(std::string_view prefix, std::int64_t number) {
  return std::string(prefix) + std::to_string(number);
}

Topology vertices(std::int64_t n) {
  Topology topology;
  for (std::int64_t i = 0; i < n; ++i) topology.add_vertex({numbered("n", i), {}});
  return topology;
}

VertexId id(std::int64_t index) { return static_cast<VertexId>(index); }

double distance_m(Position a, Position b) { return std::hypot(a.x - b.x, a.y - b.y); }

Topology::Edge edge_between(Position a, Position b, Topology::Edge edge) {
  edge.delay = delay_from_distance(distance_m(a, b) / 1000);
  return edge;
}

// Joins the parts of a graph as waxman() documents: Prim's algorithm, where a part joined costs nothing further.
class PartJoiner {
 public:
  PartJoiner(Topology& topology, const std::vector<Position>& places, const Topology::Edge& edge)
      : topology_(topology),
        places_(places),
        edge_(edge),
        joined_(places.size()),
        distance_(places.size(), std::numeric_limits<double>::infinity()),
        nearest_(places.size(), kNoVertex) {}

  void run() {
    take_part_of(0);
    while (joined_count_ < places_.size()) {
      const VertexId next = nearest_outside();
      topology_.add_edge(nearest_[next], next, edge_between(places_[nearest_[next]], places_[next], edge_));
      take_part_of(next);
    }
  }

 private:
  void take_part_of(VertexId start) {
    std::vector<VertexId> pending{start};
    joined_[start] = true;
    while (!pending.empty()) {
      const VertexId v = pending.back();
      pending.pop_back();
      ++joined_count_;
      approach(v);
      for (auto [n, end] = boost::adjacent_vertices(v, topology_.graph()); n != end; ++n) {
        if (joined_[*n]) continue;
        joined_[*n] = true;
        pending.push_back(id(*n));
      }
    }
  }

  void approach(VertexId v) {
    for (VertexId other = 0; other < places_.size(); ++other) {
      const double d = distance_m(places_[v], places_[other]);
      if (joined_[other] || d >= distance_[other]) continue;
      distance_[other] = d;
      nearest_[other] = v;
    }
  }

  VertexId nearest_outside() const {
    VertexId best = kNoVertex;
    for (VertexId v = 0; v < places_.size(); ++v) {
      if (!joined_[v] && (best == kNoVertex || distance_[v] < distance_[best])) best = v;
    }
    return best;
  }

  Topology& topology_;
  const std::vector<Position>& places_;
  const Topology::Edge& edge_;
  std::vector<bool> joined_;
  std::vector<double> distance_;   // of each vertex outside, to the nearest one joined
  std::vector<VertexId> nearest_;  // which that is
  std::size_t joined_count_ = 0;
};

}  // namespace

Topology line(std::int64_t n, const Topology::Edge& edge) {
  check_range("line", "n", n, 1, kMaxVertices);
  Topology topology = vertices(n);
  for (std::int64_t i = 1; i < n; ++i) topology.add_edge(id(i - 1), id(i), edge);
  return topology;
}

Topology ring(std::int64_t n, const Topology::Edge& edge) {
  check_range("ring", "n", n, 3, kMaxVertices);
  Topology topology = line(n, edge);
  topology.add_edge(id(n - 1), 0, edge);
  return topology;
}

Topology star(std::int64_t n, const Topology::Edge& edge) {
  check_range("star", "n", n, 1, kMaxVertices);
  Topology topology = vertices(n);
  for (std::int64_t i = 1; i < n; ++i) topology.add_edge(0, id(i), edge);
  return topology;
}

Topology tree(std::int64_t arity, std::int64_t depth, const Topology::Edge& edge) {
  check_range("tree", "arity", arity, 1, kMaxVertices);
  check_range("tree", "depth", depth, 0, kMaxVertices);
  std::int64_t n = 1, level = 1;
  for (std::int64_t d = 0; d < depth; ++d) {
    level *= arity;
    n += level;
    if (n <= kMaxVertices) continue;
    refuse("tree", "depth", std::to_string(depth),
           "smaller: with arity " + std::to_string(arity) + " there would be more than " +
               std::to_string(kMaxVertices) + " vertices");
  }
  Topology topology = vertices(n);
  for (std::int64_t i = 1; i < n; ++i) topology.add_edge(id((i - 1) / arity), id(i), edge);
  return topology;
}

Topology grid(std::int64_t rows, std::int64_t cols, const Topology::Edge& edge) {
  check_range("grid", "rows", rows, 1, kMaxVertices);
  check_range("grid", "cols", cols, 1, kMaxVertices / rows);
  Topology topology;
  for (std::int64_t r = 0; r < rows; ++r) {
    for (std::int64_t c = 0; c < cols; ++c) {
      const VertexId here = topology.add_vertex({numbered("r", r) + numbered("c", c), {}});
      if (c > 0) topology.add_edge(here - 1, here, edge);
      if (r > 0) topology.add_edge(here - id(cols), here, edge);
    }
  }
  return topology;
}

Topology waxman(std::int64_t n, double alpha, double beta, std::uint64_t seed, const Topology::Edge& edge) {
  check_range("waxman", "n", n, 1, kMaxWaxmanVertices);
  check_fraction("waxman", "alpha", alpha);
  check_fraction("waxman", "beta", beta);
  constexpr double kSide = kWaxmanSideKm * 1000;
  constexpr double kDiagonal = kSide * std::numbers::sqrt2;

  RandomStream random_places(seed, stable_hash("waxman"), "topology.places");
  RandomStream random_edges(seed, stable_hash("waxman"), "topology.edges");
  Topology topology;
  std::vector<Position> places;
  for (std::int64_t i = 0; i < n; ++i) {
    const double x = random_places.uniform(0, kSide);
    const double y = random_places.uniform(0, kSide);
    places.push_back({x, y});
    topology.add_vertex({numbered("n", i), places.back()});
  }
  for (VertexId a = 0; a < n; ++a) {
    for (VertexId b = a + 1; b < n; ++b) {
      const double probability = alpha * std::exp(-distance_m(places[a], places[b]) / (beta * kDiagonal));
      if (random_edges.chance(probability)) topology.add_edge(a, b, edge_between(places[a], places[b], edge));
    }
  }
  PartJoiner(topology, places, edge).run();
  return topology;
}

Topology barabasi_albert(std::int64_t n, std::int64_t m, std::uint64_t seed, const Topology::Edge& edge) {
  check_range("barabasi_albert", "n", n, 2, kMaxVertices);
  check_range("barabasi_albert", "m", m, 1, n - 1);
  RandomStream random(seed, stable_hash("barabasi_albert"), "topology.edges");
  Topology topology = vertices(n);
  std::vector<VertexId> ends;  // each vertex as often as its degree: a uniform draw is a preferential one
  const auto join = [&](VertexId a, VertexId b) {
    topology.add_edge(a, b, edge);
    ends.push_back(a);
    ends.push_back(b);
  };
  for (std::int64_t i = 1; i <= m; ++i) join(0, id(i));
  std::vector<VertexId> targets;
  for (std::int64_t i = m + 1; i < n; ++i) {
    targets.clear();
    while (targets.size() < static_cast<std::size_t>(m)) {
      const VertexId target = ends[random.below(ends.size())];
      if (std::find(targets.begin(), targets.end(), target) == targets.end()) targets.push_back(target);
    }
    for (VertexId target : targets) join(target, id(i));
  }
  return topology;
}

FatTreeSizes fat_tree_sizes(std::int64_t k) {
  constexpr std::int64_t kMaxPorts = 512;  // 33,554,432 hosts
  if (k < 2 || k > kMaxPorts || k % 2 != 0) {
    refuse("fat_tree", "k", std::to_string(k), "an even number from 2 to " + std::to_string(kMaxPorts));
  }
  const auto half = static_cast<std::uint32_t>(k / 2);
  return {half * half, 2 * half * half, 2 * half * half, 2 * half * half * half};
}

Topology fat_tree(std::int64_t k, const Topology::Edge& edge) {
  const FatTreeSizes sizes = fat_tree_sizes(k);
  const auto half = static_cast<std::uint32_t>(k / 2);
  const VertexId first_aggregation = sizes.core;
  const VertexId first_edge = first_aggregation + sizes.aggregation;
  const VertexId first_host = first_edge + sizes.edge;
  const auto place = [&](std::string_view kind, std::uint32_t i) {  // the i-th of its kind over all pods
    return numbered("pod", i / half) + numbered(kind, i % half);
  };

  Topology topology;
  for (std::uint32_t i = 0; i < sizes.core; ++i) topology.add_vertex({numbered("core", i), {}});
  for (std::uint32_t i = 0; i < sizes.aggregation; ++i) topology.add_vertex({place("agg", i), {}});
  for (std::uint32_t i = 0; i < sizes.edge; ++i) topology.add_vertex({place("edge", i), {}});
  for (std::uint32_t i = 0; i < sizes.hosts; ++i) {
    topology.add_vertex({place("edge", i / half) + numbered("host", i % half), {}});
  }

  for (std::uint32_t i = 0; i < sizes.aggregation; ++i) {
    const std::uint32_t pod = i / half, place_in_pod = i % half;
    for (std::uint32_t port = 0; port < half; ++port) {
      topology.add_edge(place_in_pod * half + port, first_aggregation + i, edge);
      topology.add_edge(first_aggregation + i, first_edge + pod * half + port, edge);
    }
  }
  for (std::uint32_t i = 0; i < sizes.hosts; ++i) topology.add_edge(first_edge + i / half, first_host + i, edge);
  return topology;
}

}  // namespace kamesim::generate
