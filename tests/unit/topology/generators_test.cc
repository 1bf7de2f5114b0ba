#include "sim/topology/generators.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numbers>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include "sim/topology/shortest_paths.h"

namespace kamesim {
namespace {

using namespace literals;

std::vector<std::uint32_t> degrees(const Topology& topology) {
  std::vector<std::uint32_t> all;
  for (VertexId v = 0; v < topology.vertex_count(); ++v) all.push_back(topology.degree(v));
  return all;
}

std::vector<std::pair<VertexId, VertexId>> edges(const Topology& topology) {
  std::vector<std::pair<VertexId, VertexId>> all;
  for (EdgeId e = 0; e < topology.edge_count(); ++e) all.push_back(topology.ends(e));
  return all;
}

bool simple(const Topology& topology) {  // no parallel edges
  std::set<std::pair<VertexId, VertexId>> distinct;
  for (auto [a, b] : edges(topology)) distinct.insert(std::minmax(a, b));
  return distinct.size() == topology.edge_count();
}

using Degrees = std::vector<std::uint32_t>;

TEST(Generators, RegularShapesHaveTheirDegrees) {
  struct { Topology topology; Degrees degrees; } cases[] = {
      {generate::line(1), {0}},
      {generate::line(4), {1, 2, 2, 1}},
      {generate::ring(3), {2, 2, 2}},
      {generate::star(5), {4, 1, 1, 1, 1}},
      {generate::tree(3, 0), {0}},
      {generate::tree(2, 2), {2, 3, 3, 1, 1, 1, 1}},
      {generate::tree(1, 3), {1, 2, 2, 1}},
      {generate::grid(1, 1), {0}},
      {generate::grid(2, 3), {2, 3, 2, 2, 3, 2}},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(degrees(c.topology), c.degrees);
    EXPECT_TRUE(is_connected(c.topology));
    EXPECT_TRUE(simple(c.topology));
  }
}

TEST(Generators, NamesAndEdgePropertiesAreAsDocumented) {
  const Topology grid = generate::grid(3, 4, {.delay = 2_ms, .rate_bps = 10'000'000, .loss = 0.1});
  EXPECT_EQ(grid.vertex(2 * 4 + 3).name, "r2c3");
  EXPECT_EQ(grid.edge(0).delay, 2_ms);
  EXPECT_EQ(grid.edge(16).rate_bps, 10'000'000u);
  EXPECT_EQ(grid.edge(16).loss, 0.1);
  EXPECT_EQ(generate::line(3).vertex(2).name, "n2");
}

TEST(Generators, AGridOfAMillionVertices) {
  const Topology grid = generate::grid(1000, 1000);
  EXPECT_EQ(grid.vertex_count(), 1'000'000u);
  EXPECT_EQ(grid.edge_count(), 2u * 1000 * 999);
  EXPECT_EQ(shortest_paths_from(grid, 0).hops.back(), 2u * 999);
}

TEST(FatTree, HasTheSizesOfThePaper) {   // Al-Fares et al. §3.2: 5k^2/4 switches of k ports, k^3/4 hosts
  for (std::uint32_t k : {2u, 4u, 8u, 48u}) {
    const generate::FatTreeSizes sizes = generate::fat_tree_sizes(k);
    const std::uint32_t switches = sizes.core + sizes.aggregation + sizes.edge;
    EXPECT_EQ(switches, 5 * k * k / 4);
    EXPECT_EQ(sizes.hosts, k * k * k / 4);

    const Topology topology = generate::fat_tree(k);
    ASSERT_EQ(topology.vertex_count(), switches + sizes.hosts);
    EXPECT_EQ(topology.edge_count(), 3 * sizes.hosts);
    EXPECT_TRUE(simple(topology));
    const Degrees all = degrees(topology);
    EXPECT_EQ(std::count(all.begin(), all.begin() + switches, k), switches);
    EXPECT_EQ(std::count(all.begin() + switches, all.end(), 1u), sizes.hosts);
  }
}

TEST(FatTree, HostsOfAPodMeetAtTheAggregationLayerOthersAtTheCore) {
  const Topology topology = generate::fat_tree(4);
  const VertexId host = 20;
  EXPECT_EQ(topology.vertex(host).name, "pod0edge0host0");
  EXPECT_EQ(topology.vertex(35).name, "pod3edge1host1");
  const DestinationTree tree = shortest_paths_from(topology, host);
  EXPECT_EQ(tree.hops[21], 2u);
  EXPECT_EQ(tree.hops[22], 4u);
  EXPECT_EQ(tree.hops[35], 6u);
  EXPECT_EQ(topology.vertex(tree.path(35)[3]).name.substr(0, 4), "core");
  for (VertexId core = 0; core < 4; ++core) {   // a core switch has one port to each pod
    std::set<std::string> pods;
    for (auto [a, b] : edges(topology)) {
      if (a == core) pods.insert(topology.vertex(b).name.substr(0, 4));
    }
    EXPECT_EQ(pods.size(), 4u);
  }
}

TEST(Waxman, RepeatsWithItsSeedAndOnlyThen) {
  const Topology a = generate::waxman(200, 0.4, 0.1, 7);
  EXPECT_EQ(edges(a), edges(generate::waxman(200, 0.4, 0.1, 7)));
  EXPECT_NE(edges(a), edges(generate::waxman(200, 0.4, 0.1, 8)));
  // The same in every build: a change here changes users' topologies.
  EXPECT_EQ(a.edge_count(), 616u);
  EXPECT_EQ(edges(a).front(), std::pair(VertexId{0}, VertexId{128}));
}

TEST(Waxman, DelaysFollowFromPlaces) {
  const Topology topology = generate::waxman(50, 0.5, 0.5, 1);
  for (EdgeId e = 0; e < topology.edge_count(); ++e) {
    const auto [a, b] = topology.ends(e);
    const auto from = std::get<Position>(topology.vertex(a).place), to = std::get<Position>(topology.vertex(b).place);
    const double km = std::hypot(from.x - to.x, from.y - to.y) / 1000;
    EXPECT_EQ(topology.edge(e).delay, delay_from_distance(km));
    EXPECT_LE(km, generate::kWaxmanSideKm * std::numbers::sqrt2);
  }
}

TEST(Waxman, IsConnectedEvenWhereTheDrawIsNot) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    EXPECT_TRUE(is_connected(generate::waxman(100, 0.2, 0.05, seed)));
  }
  // No edge is drawn at all: what joins the vertices is their minimum spanning tree.
  EXPECT_EQ(generate::waxman(100, 1e-12, 0.1, 1).edge_count(), 99u);
}

TEST(Waxman, AlphaScalesTheNumberOfEdges) {
  const auto count = [](double alpha) { return generate::waxman(400, alpha, 0.3, 3).edge_count(); };
  EXPECT_NEAR(static_cast<double>(count(0.8)) / count(0.4), 2.0, 0.1);
}

TEST(BarabasiAlbert, HasItsEdgesAndMinimumDegreeAndHubs) {
  const Topology topology = generate::barabasi_albert(2000, 3, 1);
  EXPECT_EQ(topology.edge_count(), (2000u - 3) * 3);
  EXPECT_TRUE(is_connected(topology));
  EXPECT_TRUE(simple(topology));
  const Degrees all = degrees(topology);
  EXPECT_EQ(*std::min_element(all.begin() + 4, all.end()), 3u);
  EXPECT_GT(*std::max_element(all.begin(), all.end()), 60u);  // a random graph of this density has none beyond 25
}

TEST(BarabasiAlbert, RepeatsWithItsSeedAndOnlyThen) {
  EXPECT_EQ(edges(generate::barabasi_albert(100, 2, 5)), edges(generate::barabasi_albert(100, 2, 5)));
  EXPECT_NE(edges(generate::barabasi_albert(100, 2, 5)), edges(generate::barabasi_albert(100, 2, 6)));
}

TEST(Generators, RefuseBadParametersByName) {
  struct { std::function<void()> call; std::string why; } cases[] = {
      {[] { generate::line(0); }, "line: n is 0; it must be from 1 to 100000000"},
      {[] { generate::line(-5); }, "line: n is -5; it must be from 1 to 100000000"},
      {[] { generate::ring(2); }, "ring: n is 2; it must be from 3 to 100000000"},
      {[] { generate::star(0); }, "star: n is 0; it must be from 1 to 100000000"},
      {[] { generate::tree(0, 2); }, "tree: arity is 0; it must be from 1 to 100000000"},
      {[] { generate::tree(2, -1); }, "tree: depth is -1; it must be from 0 to 100000000"},
      {[] { generate::tree(10, 20); },
       "tree: depth is 20; it must be smaller: with arity 10 there would be more than 100000000 vertices"},
      {[] { generate::grid(0, 3); }, "grid: rows is 0; it must be from 1 to 100000000"},
      {[] { generate::grid(1000, 1'000'000); }, "grid: cols is 1000000; it must be from 1 to 100000"},
      {[] { generate::waxman(0, 0.1, 0.1, 1); }, "waxman: n is 0; it must be from 1 to 100000"},
      {[] { generate::waxman(9, 0, 0.1, 1); }, "waxman: alpha is 0.000000; it must be above 0 and at most 1"},
      {[] { generate::waxman(9, 0.1, 2, 1); }, "waxman: beta is 2.000000; it must be above 0 and at most 1"},
      {[] { generate::barabasi_albert(1, 1, 1); }, "barabasi_albert: n is 1; it must be from 2 to 100000000"},
      {[] { generate::barabasi_albert(10, 10, 1); }, "barabasi_albert: m is 10; it must be from 1 to 9"},
      {[] { generate::fat_tree(3); }, "fat_tree: k is 3; it must be an even number from 2 to 512"},
      {[] { generate::fat_tree(0); }, "fat_tree: k is 0; it must be an even number from 2 to 512"},
      {[] { generate::line(2, {.delay = -1_s}); },
       "edge 0 - 1: delay is -1000000000 ns; it must be 0 or more, and finite"},
  };
  for (const auto& c : cases) {
    try {
      c.call();
      ADD_FAILURE() << "not refused: " << c.why;
    } catch (const std::invalid_argument& error) {
      EXPECT_EQ(error.what(), c.why);
    }
  }
}

}  // namespace
}  // namespace kamesim
