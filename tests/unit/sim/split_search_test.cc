#include "sim/split_search.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace kamesim {
namespace {

using Part = std::vector<std::int32_t>;

struct Problem {
  WeightedGraph graph;
  std::vector<double> shares;
  double load_of_weight = 0.5;

  // As the header says what a split is worth.
  double cost(const Part& part) const {
    double all = 0, cut = 0, most = 0;
    std::vector<double> sums(shares.size(), 0);
    for (std::size_t v = 0; v < graph.size(); ++v) {
      all += graph.loads[v];
      sums[static_cast<std::size_t>(part[v])] += graph.loads[v];
      for (std::int32_t i = graph.starts[v]; i < graph.starts[v + 1]; ++i) {
        const auto place = static_cast<std::size_t>(i);
        if (part[static_cast<std::size_t>(graph.neighbors[place])] != part[v]) cut += graph.edge_weights[place] / 2.0;
      }
    }
    for (std::size_t p = 0; p < shares.size(); ++p) most = std::max(most, sums[p] / shares[p]);
    return (most + load_of_weight * cut) / all;
  }
  double least_cost() const {
    Part part(graph.size(), 0);
    double least = cost(part);
    for (;;) {  // counts in the system of as many digits as there are parts
      std::size_t v = 0;
      while (v < part.size() && ++part[v] == static_cast<std::int32_t>(shares.size())) part[v++] = 0;
      if (v == part.size()) return least;
      least = std::min(least, cost(part));
    }
  }
};

// A few vertices have most of the load, as routers in the middle of a network do; each is linked to some others.
Problem drawn(unsigned seed, std::size_t vertices, std::vector<double> shares) {
  std::mt19937 draw(seed);
  std::vector<std::vector<int>> weights(vertices, std::vector<int>(vertices, 0));
  for (std::size_t v = 1; v < vertices; ++v) {
    for (int i = 0; i < 2; ++i) {
      const std::size_t u = draw() % v;
      weights[v][u] = weights[u][v] += static_cast<int>(draw() % 300);
    }
  }
  Problem problem{.graph = {}, .shares = std::move(shares)};
  for (std::size_t v = 0; v < vertices; ++v) {
    problem.graph.loads.push_back(static_cast<std::int32_t>(draw() % 4 == 0 ? 1000 + draw() % 9000 : draw() % 1000));
    for (std::size_t u = 0; u < vertices; ++u) {
      if (weights[v][u] == 0) continue;
      problem.graph.neighbors.push_back(static_cast<std::int32_t>(u));
      problem.graph.edge_weights.push_back(weights[v][u]);
    }
    problem.graph.starts.push_back(static_cast<std::int32_t>(problem.graph.neighbors.size()));
  }
  return problem;
}

Part searched(const Problem& problem) {
  return search_split(problem.graph, problem.shares, problem.load_of_weight, Part(problem.graph.size(), 0));
}

// Beside all splits there are.
TEST(SplitSearch, FindsTheBestSplitOrOneNearlyAsGood) {
  int best = 0;
  for (unsigned seed = 1; seed <= 30; ++seed) {
    for (const auto& [vertices, shares] : {std::pair<std::size_t, std::vector<double>>{12, {0.5, 0.5}},
                                           {12, {0.35, 0.65}}, {8, {0.25, 0.25, 0.5}}}) {
      const Problem problem = drawn(seed, vertices, shares);
      const double found = problem.cost(searched(problem)), least = problem.least_cost();
      EXPECT_LT(found, 1.03 * least) << seed << ", " << shares.size() << " parts";
      best += found < least + 1e-9;
    }
  }
  EXPECT_GE(best, 80) << "of 90";
}

TEST(SplitSearch, GivesTheSameAnswerToTheSameGraph) {
  const Problem problem = drawn(7, 40, {0.5, 0.5});
  EXPECT_EQ(searched(problem), searched(problem));
}

TEST(SplitSearch, LeavesNothingThatOneMoveWouldMakeBetter) {
  const Problem problem = drawn(3, kMostSearched, {0.2, 0.3, 0.5});
  Part part = searched(problem);
  const double cost = problem.cost(part);
  for (std::int32_t& p : part) {
    const std::int32_t before = p;
    for (p = 0; p < 3; ++p) EXPECT_GE(problem.cost(part), cost - 1e-9);
    p = before;
  }
}

TEST(SplitSearch, LeavesManyVerticesAsTheyAre) {
  const Problem problem = drawn(1, kMostSearched + 1, {0.5, 0.5});
  EXPECT_EQ(searched(problem), Part(problem.graph.size(), 0));
}

TEST(SplitSearch, TakesGraphsWithoutLoadsOrEdges) {
  const Problem problem{.graph = {.starts = {0, 0, 0, 0}, .neighbors = {}, .edge_weights = {}, .loads = {0, 0, 0}},
                        .shares = {0.5, 0.5}};
  EXPECT_EQ(searched(problem).size(), 3u);
}

}  // namespace
}  // namespace kamesim
