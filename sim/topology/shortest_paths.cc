#include "sim/topology/shortest_paths.h"

#include <algorithm>
#include <compare>
#include <numeric>
#include <tuple>

#include <boost/graph/connected_components.hpp>
#include <boost/graph/dijkstra_shortest_paths_no_color_map.hpp>
#include <boost/property_map/function_property_map.hpp>

namespace kamesim {
namespace {

// What Dijkstra's algorithm minimises. Counting hops also makes every step towards the root strictly nearer, even
// over edges without delay.
struct Cost {
  Duration delay;
  std::uint32_t hops = 0;
  friend constexpr auto operator<=>(const Cost&, const Cost&) = default;
};

constexpr Cost kUnreachable{Duration::max(), UINT32_MAX};

struct AddCost {
  Cost operator()(const Cost& a, const Cost& b) const {
    if (a == kUnreachable || b == kUnreachable || b.delay > Duration::max() - a.delay) return kUnreachable;
    return {a.delay + b.delay, a.hops + b.hops};
  }
};

std::vector<Cost> costs_from(const Topology::Graph& graph, VertexId root) {
  std::vector<Cost> cost(boost::num_vertices(graph), kUnreachable);
  const auto edge_cost = [&graph](const Topology::Graph::edge_descriptor& e) { return Cost{graph[e].delay, 1}; };
  boost::dijkstra_shortest_paths_no_color_map(
      graph, root,
      boost::weight_map(boost::make_function_property_map<Topology::Graph::edge_descriptor, Cost>(edge_cost))
          .distance_map(boost::make_iterator_property_map(cost.begin(), boost::get(boost::vertex_index, graph)))
          .distance_combine(AddCost())
          .distance_compare(std::less<Cost>())
          .distance_inf(kUnreachable)
          .distance_zero(Cost()));
  return cost;
}

}  // namespace

std::vector<VertexId> DestinationTree::path(VertexId from) const {
  if (!reaches(from)) return {};
  std::vector<VertexId> vertices{from};
  while (vertices.back() != root) vertices.push_back(next_hop[vertices.back()]);
  return vertices;
}

DestinationTree shortest_paths_from(const Topology& topology, VertexId root) {
  topology.vertex(root);
  const Topology::Graph& graph = topology.graph();
  const std::vector<Cost> cost = costs_from(graph, root);
  const std::uint32_t n = topology.vertex_count();

  DestinationTree tree{root, std::vector(n, kNoVertex), std::vector(n, kNoEdge), std::vector<Duration>(n),
                       std::vector<std::uint32_t>(n)};
  tree.next_hop[root] = root;
  for (VertexId v = 0; v < n; ++v) {
    tree.delay[v] = cost[v].delay;
    tree.hops[v] = cost[v].hops;
    if (v == root || cost[v] == kUnreachable) continue;
    for (auto [e, end] = boost::out_edges(v, graph); e != end; ++e) {
      const auto neighbor = static_cast<VertexId>(boost::target(*e, graph));
      if (AddCost()(cost[neighbor], {graph[*e].delay, 1}) != cost[v]) continue;
      const EdgeId edge = boost::get(boost::edge_index, graph, *e);
      if (std::tie(neighbor, edge) >= std::tie(tree.next_hop[v], tree.next_edge[v])) continue;
      tree.next_hop[v] = neighbor;
      tree.next_edge[v] = edge;
    }
  }
  return tree;
}

std::vector<Departure> departures_from(const Topology& topology, VertexId from) {
  topology.vertex(from);
  const Topology::Graph& graph = topology.graph();
  const std::vector<Cost> cost = costs_from(graph, from);
  std::vector<VertexId> nearest_first(topology.vertex_count());
  std::iota(nearest_first.begin(), nearest_first.end(), 0);
  std::ranges::sort(nearest_first, {}, [&cost](VertexId v) { return cost[v]; });

  // Every step of a shortest path costs something, be it a hop: whoever is before v on one is done when v's turn comes.
  // The least of all shortest paths' beginnings is what the trees' rule for ties chooses, step by step.
  std::vector<Departure> departures(topology.vertex_count());
  for (const VertexId v : nearest_first) {
    if (v == from || cost[v] == kUnreachable) continue;
    for (auto [e, end] = boost::out_edges(v, graph); e != end; ++e) {
      const auto before = static_cast<VertexId>(boost::target(*e, graph));
      if (AddCost()(cost[before], {graph[*e].delay, 1}) != cost[v]) continue;
      const EdgeId edge = boost::get(boost::edge_index, graph, *e);
      Departure departure = departures[before];
      if (before == from) {
        departure = {.first = v, .first_edge = edge};
      } else if (departure.second == kNoVertex) {
        departure.second = v;
        departure.second_edge = edge;
      }
      departures[v] = std::min(departures[v], departure);
    }
  }
  return departures;
}

std::vector<VertexId> path(const Topology& topology, VertexId a, VertexId b) {
  return shortest_paths_from(topology, b).path(a);
}

std::optional<Duration> path_delay(const Topology& topology, VertexId a, VertexId b) {
  const DestinationTree tree = shortest_paths_from(topology, b);
  if (!tree.reaches(a)) return std::nullopt;
  return tree.delay[a];
}

std::vector<std::uint32_t> connected_components(const Topology& topology) {
  std::vector<std::uint32_t> component(topology.vertex_count());
  const auto& graph = topology.graph();
  boost::connected_components(
      graph, boost::make_iterator_property_map(component.begin(), boost::get(boost::vertex_index, graph)));
  return component;
}

bool is_connected(const Topology& topology) {
  const std::vector<std::uint32_t> component = connected_components(topology);
  return !component.empty() && std::all_of(component.begin(), component.end(), [](auto c) { return c == 0; });
}

std::optional<Diameter> diameter(const Topology& topology) {
  if (!is_connected(topology)) return std::nullopt;
  Diameter widest{0, 0, Duration(), 0};
  for (VertexId root = 0; root < topology.vertex_count(); ++root) {
    const DestinationTree tree = shortest_paths_from(topology, root);
    for (VertexId v = root + 1; v < topology.vertex_count(); ++v) {
      if (tree.delay[v] > widest.delay) widest = {root, v, tree.delay[v], tree.hops[v]};
    }
  }
  return widest;
}

}  // namespace kamesim
