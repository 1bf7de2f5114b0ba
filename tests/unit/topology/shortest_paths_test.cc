#include "sim/topology/shortest_paths.h"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "sim/random.h"
#include "sim/topology/generators.h"

namespace kamesim {
namespace {

using namespace literals;

struct TestEdge {
  VertexId a, b;
  Duration delay;
};

Topology build(std::uint32_t n, const std::vector<TestEdge>& edges) {
  Topology topology;
  for (std::uint32_t i = 0; i < n; ++i) topology.add_vertex({std::to_string(i), {}});
  for (const TestEdge& e : edges) topology.add_edge(e.a, e.b, {.delay = e.delay});
  return topology;
}

using Path = std::vector<VertexId>;

// Bellman and Ford's algorithm, as plain as can be: (delay, hops) of every vertex to the root.
std::vector<std::pair<Duration, std::uint32_t>> brute_force(const Topology& topology, VertexId root) {
  std::vector<std::pair<Duration, std::uint32_t>> best(topology.vertex_count(), {Duration::max(), UINT32_MAX});
  best[root] = {Duration(), 0};
  for (std::uint32_t round = 0; round < topology.vertex_count(); ++round) {
    for (EdgeId e = 0; e < topology.edge_count(); ++e) {
      auto [a, b] = topology.ends(e);
      for (int direction = 0; direction < 2; ++direction, std::swap(a, b)) {
        if (best[a].second == UINT32_MAX) continue;
        best[b] = std::min(best[b], {best[a].first + topology.edge(e).delay, best[a].second + 1});
      }
    }
  }
  return best;
}

Topology random_topology(RandomStream& random) {
  Topology topology;
  const auto n = static_cast<std::uint32_t>(2 + random.below(14));
  for (std::uint32_t i = 0; i < n; ++i) topology.add_vertex({std::to_string(i), {}});
  for (std::uint64_t edges = random.below(3 * n); edges > 0; --edges) {
    const auto a = static_cast<VertexId>(random.below(n)), b = static_cast<VertexId>(random.below(n));
    // Few distinct delays, zero among them: many ties.
    if (a != b) topology.add_edge(a, b, {.delay = static_cast<std::int64_t>(random.below(4)) * 1_ms});
  }
  return topology;
}

// The rule of the tie-breaks, applied to every neighbour.
void expect_next_hop_by_rule(const Topology& topology, const DestinationTree& tree, VertexId v) {
  std::pair<VertexId, EdgeId> expected{kNoVertex, kNoEdge};
  for (EdgeId e = 0; e < topology.edge_count(); ++e) {
    auto [a, b] = topology.ends(e);
    if (b == v) std::swap(a, b);
    if (a != v || !tree.reaches(b)) continue;
    if (tree.delay[b] + topology.edge(e).delay != tree.delay[v] || tree.hops[b] + 1 != tree.hops[v]) continue;
    expected = std::min(expected, {b, e});
  }
  EXPECT_EQ(tree.next_hop[v], expected.first);
  EXPECT_EQ(tree.next_edge[v], expected.second);
}

TEST(ShortestPaths, AgreeWithBruteForceOnRandomTopologies) {
  RandomStream random(1, 0, "test");
  for (int round = 0; round < 300; ++round) {
    const Topology topology = random_topology(random);
    for (VertexId root = 0; root < topology.vertex_count(); ++root) {
      const DestinationTree tree = shortest_paths_from(topology, root);
      const auto expected = brute_force(topology, root);
      for (VertexId v = 0; v < topology.vertex_count(); ++v) {
        ASSERT_EQ(std::pair(tree.delay[v], tree.hops[v]), expected[v]) << "root " << root << ", vertex " << v;
        ASSERT_EQ(tree.path(v).size(), tree.reaches(v) ? tree.hops[v] + 1 : 0);
        if (v != root) expect_next_hop_by_rule(topology, tree, v);
      }
    }
  }
}

TEST(ShortestPaths, TiesGoToFewerHopsThenTheLowerVertexThenTheLowerEdge) {
  EXPECT_EQ(path(build(4, {{0, 1, 1_ms}, {1, 2, 1_ms}, {0, 2, 2_ms}}), 0, 2), (Path{0, 2}));
  EXPECT_EQ(path(build(4, {{0, 2, 1_ms}, {2, 3, 1_ms}, {0, 1, 1_ms}, {1, 3, 1_ms}}), 0, 3), (Path{0, 1, 3}));
  EXPECT_EQ(shortest_paths_from(build(2, {{0, 1, 2_ms}, {0, 1, 1_ms}, {1, 0, 1_ms}}), 1).next_edge[0], 1u);
}

TEST(ShortestPaths, EdgesWithoutDelayMakeNoLoops) {
  const Topology topology = build(4, {{0, 1, 0_ms}, {1, 2, 0_ms}, {2, 0, 0_ms}, {2, 3, 0_ms}});
  EXPECT_EQ(path(topology, 0, 3), (Path{0, 2, 3}));
  EXPECT_EQ(path_delay(topology, 0, 3), 0_ms);
}

TEST(ShortestPaths, WhatCannotBeReachedSaysSo) {
  const Topology topology = build(4, {{0, 1, 1_ms}, {2, 3, 1_ms}});
  const DestinationTree tree = shortest_paths_from(topology, 0);
  EXPECT_TRUE(tree.reaches(0));
  EXPECT_TRUE(tree.reaches(1));
  EXPECT_FALSE(tree.reaches(2));
  EXPECT_EQ(tree.delay[2], Duration::max());
  EXPECT_TRUE(path(topology, 2, 0).empty());
  EXPECT_EQ(path_delay(topology, 2, 0), std::nullopt);
  EXPECT_EQ(path_delay(topology, 2, 3), 1_ms);
}

TEST(ShortestPaths, OfAVertexToItselfIsTheVertex) {
  const Topology topology = build(1, {});
  EXPECT_EQ(path(topology, 0, 0), Path{0});
  EXPECT_EQ(path_delay(topology, 0, 0), 0_ms);
}

TEST(ShortestPaths, SurviveDelaysThatDoNotAddUp) {
  const Duration huge = Duration::max() - 1_ns;
  EXPECT_FALSE(shortest_paths_from(build(3, {{0, 1, huge}, {1, 2, huge}}), 0).reaches(2));
}

TEST(ShortestPaths, RefuseVerticesThatAreNotThere) {
  const Topology topology = build(2, {{0, 1, 1_ms}});
  EXPECT_THROW(shortest_paths_from(topology, 2), std::out_of_range);
  EXPECT_THROW(path(topology, 2, 0), std::out_of_range);
  EXPECT_THROW(path_delay(topology, 0, 2), std::out_of_range);
}

TEST(ConnectedComponents, AreNumberedByTheirLowestVertex) {
  const Topology topology = build(6, {{4, 0, 1_ms}, {1, 3, 1_ms}, {3, 5, 1_ms}});
  EXPECT_EQ(connected_components(topology), (std::vector<std::uint32_t>{0, 1, 2, 1, 0, 1}));
  EXPECT_FALSE(is_connected(topology));
  EXPECT_TRUE(is_connected(generate::line(5)));
  EXPECT_FALSE(is_connected(Topology()));
}

TEST(Diameter, IsTheLongestShortestPath) {
  const auto line = diameter(generate::line(5, {.delay = 2_ms}));
  ASSERT_TRUE(line);
  EXPECT_EQ(std::pair(line->from, line->to), std::pair(0u, 4u));
  EXPECT_EQ(line->delay, 8_ms);
  EXPECT_EQ(line->hops, 4u);
  EXPECT_EQ(diameter(generate::ring(9))->delay, 4_ms);
  EXPECT_FALSE(diameter(build(2, {})));
}

}  // namespace
}  // namespace kamesim
