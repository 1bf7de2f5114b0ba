#include "sim/shard_graph.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <numeric>

#include <metis.h>

#include "sim/actor.h"

namespace kamesim {

namespace {

// A window is as long as the shortest delay between shards, so a cut through short links costs synchronization; a
// bad balance costs idle threads. The longest links are tried first, and the first balance this good is taken.
constexpr double kGoodImbalance = 1.1;
constexpr std::size_t kDelaysTried = 12;
constexpr idx_t kFewPerShard = 4;

struct MetisGraph {
  std::vector<idx_t> starts{0}, neighbors, edge_weights, loads;
};

std::vector<idx_t> split(MetisGraph& graph, std::uint32_t shards) {
  idx_t vertices = static_cast<idx_t>(graph.loads.size()), constraints = 1, parts = static_cast<idx_t>(shards), cut = 0;
  std::vector<idx_t> part(graph.loads.size(), 0);
  if (parts == 1) return part;  // METIS counts from another number then
  if (vertices < kFewPerShard * parts) {  // METIS does not split so few: the largest first, each to the least loaded
    std::vector<std::size_t> order(graph.loads.size());
    std::iota(order.begin(), order.end(), 0);
    std::ranges::stable_sort(order, std::greater(), [&](std::size_t v) { return graph.loads[v]; });
    std::vector<std::int64_t> sums(shards, 0);
    for (const std::size_t v : order) {
      const auto least = std::ranges::min_element(sums);
      part[v] = static_cast<idx_t>(least - sums.begin());
      *least += graph.loads[v];
    }
    return part;
  }
  idx_t options[METIS_NOPTIONS];
  METIS_SetDefaultOptions(options);
  options[METIS_OPTION_SEED] = 1;
  METIS_PartGraphRecursive(&vertices, &constraints, graph.starts.data(), graph.neighbors.data(), graph.loads.data(),
                           nullptr, graph.edge_weights.data(), &parts, nullptr, nullptr, options, &cut, part.data());
  return part;
}

}  // namespace

std::uint32_t ShardGraph::find(std::uint32_t actor) {
  while (parent_[actor] != actor) actor = parent_[actor] = parent_[parent_[actor]];
  return actor;
}

void ShardGraph::join(std::uint32_t a, std::uint32_t b) { parent_[find(a)] = find(b); }

void ShardGraph::join(const Actor& a, const Actor& b) { join(a.id(), b.id()); }

void ShardGraph::join_radio(const Actor& actor) {
  if (!radio_.empty()) join(actor.id(), radio_.front());
  radio_.push_back(actor.id());
}

void ShardGraph::connect(const Actor& a, const Actor& b, Duration least_delay) {
  edges_.push_back({a.id(), b.id(), least_delay});
}

void ShardGraph::set_load(const Actor& actor, std::uint64_t load) { load_[actor.id()] = load; }

std::vector<std::uint32_t> ShardGraph::partition(std::uint32_t shards) {
  std::vector<Duration> delays;
  for (const Edge& edge : edges_) delays.push_back(edge.delay);
  std::ranges::sort(delays);
  delays.erase(std::unique(delays.begin(), delays.end()), delays.end());
  std::vector<Duration> tried;  // falling; the last is the shortest
  const std::size_t count = std::min(delays.size(), kDelaysTried);
  for (std::size_t i = 0; i < count; ++i) {
    tried.push_back(delays[(delays.size() - 1) * (count - 1 - i) / std::max<std::size_t>(count - 1, 1)]);
  }
  if (tried.empty()) tried.push_back(Duration());

  std::vector<std::uint32_t> best;
  double best_imbalance = std::numeric_limits<double>::infinity();
  for (const Duration shortest : tried) {
    double imbalance = 0;
    std::vector<std::uint32_t> parts = try_partition(shards, shortest, imbalance);
    if (imbalance < best_imbalance) {
      best_imbalance = imbalance;
      best = std::move(parts);
    }
    if (best_imbalance <= kGoodImbalance) break;
  }
  return best;
}

std::vector<std::uint32_t> ShardGraph::try_partition(std::uint32_t shards, Duration shortest_cut, double& imbalance) {
  const std::vector<std::uint32_t> joined = parent_;  // what links shorter than `shortest_cut` join is for this try
  for (const Edge& edge : edges_) {
    if (edge.delay < shortest_cut) join(edge.a, edge.b);
  }
  constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();
  const auto actors = static_cast<std::uint32_t>(parent_.size());
  std::vector<std::uint32_t> vertex(actors, kNone);
  std::vector<std::uint64_t> load;
  for (std::uint32_t actor = 0; actor < actors; ++actor) {
    std::uint32_t& root = vertex[find(actor)];
    if (root == kNone) {
      root = static_cast<std::uint32_t>(load.size());
      load.push_back(0);
    }
    load[root] += load_[actor];
  }
  auto vertex_of = [&](std::uint32_t actor) { return vertex[find(actor)]; };

  // METIS counts in 32 bits, all loads together.
  const std::uint64_t total = std::accumulate(load.begin(), load.end(), std::uint64_t{0});
  const std::uint64_t unit = total / 1'000'000'000 + 1;
  std::vector<std::pair<std::uint64_t, idx_t>> arcs;  // (from << 32 | to, weight)
  for (const Edge& edge : edges_) {
    const std::uint64_t a = vertex_of(edge.a), b = vertex_of(edge.b);
    if (a == b) continue;
    arcs.emplace_back(a << 32 | b, 1);
    arcs.emplace_back(b << 32 | a, 1);
  }
  std::ranges::sort(arcs, {}, &std::pair<std::uint64_t, idx_t>::first);
  MetisGraph graph;
  std::size_t next = 0;
  for (std::uint64_t v = 0; v < load.size(); ++v) {
    graph.loads.push_back(static_cast<idx_t>(load[v] / unit + 1));
    for (; next < arcs.size() && arcs[next].first >> 32 == v; ++next) {
      const auto to = static_cast<idx_t>(arcs[next].first & 0xffffffff);
      if (graph.neighbors.size() > static_cast<std::size_t>(graph.starts.back()) && graph.neighbors.back() == to) {
        ++graph.edge_weights.back();
      } else {
        graph.neighbors.push_back(to);
        graph.edge_weights.push_back(1);
      }
    }
    graph.starts.push_back(static_cast<idx_t>(graph.neighbors.size()));
  }
  const std::vector<idx_t> part = split(graph, shards);

  std::vector<std::uint64_t> sums(shards, 0);
  for (std::size_t v = 0; v < load.size(); ++v) sums[static_cast<std::size_t>(part[v])] += load[v];
  imbalance = static_cast<double>(*std::ranges::max_element(sums)) * shards / static_cast<double>(std::max<std::uint64_t>(total, 1));
  std::vector<std::uint32_t> result(actors);
  for (std::uint32_t actor = 0; actor < actors; ++actor) {
    result[actor] = static_cast<std::uint32_t>(part[vertex_of(actor)]);
  }
  parent_ = joined;
  return result;
}

}  // namespace kamesim
