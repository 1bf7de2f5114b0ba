#include "sim/shard_graph.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "sim/node.h"
#include "sim/simulation.h"

namespace kamesim {
namespace {

struct Nodes {
  explicit Nodes(int count) {
    for (int i = 0; i < count; ++i) nodes.push_back(&simulation.add_node("n" + std::to_string(i)));
  }
  Node& operator[](int i) { return *nodes[static_cast<std::size_t>(i)]; }
  std::size_t actors() const { return nodes.size() + 1; }  // and the world
  Simulation simulation;
  std::vector<Node*> nodes;
};

TEST(ShardGraph, KeepsTogetherWhatSharesState) {
  Nodes n(8);
  ShardGraph graph(n.actors());
  for (int i = 0; i < 7; ++i) graph.connect(n[i], n[i + 1], 1_ms);
  graph.join(n[0], n[7]);
  graph.join_radio(n[2]);
  graph.join_radio(n[5]);
  const auto shard = graph.partition(3);
  EXPECT_EQ(shard[n[0].id()], shard[n[7].id()]);
  EXPECT_EQ(shard[n[2].id()], shard[n[5].id()]);
  for (const std::uint32_t s : shard) EXPECT_LT(s, 3u);
}

TEST(ShardGraph, BalancesALine) {
  Nodes n(100);
  ShardGraph graph(n.actors());
  for (int i = 0; i < 99; ++i) graph.connect(n[i], n[i + 1], 1_ms);
  const auto shard = graph.partition(4);
  std::map<std::uint32_t, int> sizes;
  int cuts = 0;
  for (int i = 0; i < 100; ++i) {
    ++sizes[shard[n[i].id()]];
    cuts += i > 0 && shard[n[i].id()] != shard[n[i - 1].id()];
  }
  EXPECT_EQ(sizes.size(), 4u);
  for (const auto& [_, size] : sizes) EXPECT_NEAR(size, 25, 3);
  EXPECT_LE(cuts, 4);
}

TEST(ShardGraph, CutsLongLinksRatherThanShortOnes) {
  Nodes n(12);
  ShardGraph graph(n.actors());
  for (int i = 0; i < 11; ++i) graph.connect(n[i], n[i + 1], i == 5 ? 10_ms : 1_us);
  const auto shard = graph.partition(2);
  for (int i = 0; i < 11; ++i) EXPECT_EQ(shard[n[i].id()] != shard[n[i + 1].id()], i == 5) << i;
}

TEST(ShardGraph, CountsLoadNotNodes) {
  Nodes n(11);
  ShardGraph graph(n.actors());
  for (int i = 0; i < 10; ++i) graph.connect(n[i], n[i + 1], 1_ms);
  graph.set_load(n[0], 1000);
  for (int i = 1; i <= 10; ++i) graph.set_load(n[i], 100);
  const auto shard = graph.partition(2);
  for (int i = 2; i <= 10; ++i) EXPECT_NE(shard[n[i].id()], shard[n[0].id()]) << i;
}

TEST(ShardGraph, HasRoomForMoreShardsThanParts) {
  Nodes n(2);
  ShardGraph graph(n.actors());
  graph.join(n[0], n[1]);
  EXPECT_EQ(graph.partition(8).size(), n.actors());
}

}  // namespace
}  // namespace kamesim
