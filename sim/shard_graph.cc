#include "sim/shard_graph.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <numeric>
#include <type_traits>
#include <utility>

#include <metis.h>

#include "sim/actor.h"
#include "sim/split_search.h"

namespace kamesim {

namespace {

// A window is as long as the shortest delay between shards, so a cut through short links costs synchronization; a
// bad balance costs idle threads. The longest links are tried first, and the first split this good is taken.
constexpr double kGoodCost = 1.02;
constexpr std::size_t kDelaysTried = 12;
constexpr double kLoadOfWindow = 10;  // what the end of a window costs each shard
constexpr double kLoadOfCrossing = 0.5;  // what a frame that crosses costs beyond one that does not
constexpr double kMostCrossings = 0.25;  // what they may cost of the load of a part that is to stand apart
constexpr idx_t kFewPerShard = 4;
constexpr int kMostMoves = 100;
constexpr double kAlike = 0.004;  // of what all have on average

std::uint32_t find(std::vector<std::uint32_t>& parent, std::uint32_t actor) {
  while (parent[actor] != actor) actor = parent[actor] = parent[parent[actor]];
  return actor;
}

void join_sets(std::vector<std::uint32_t>& parent, std::uint32_t a, std::uint32_t b) {
  parent[find(parent, a)] = find(parent, b);
}

static_assert(std::is_same_v<idx_t, std::int32_t>);  // as in WeightedGraph

std::vector<idx_t> split(WeightedGraph& graph, const ShardGraph::Shares& shares) {
  idx_t vertices = static_cast<idx_t>(graph.loads.size()), constraints = 1, parts = static_cast<idx_t>(shares.size());
  idx_t cut = 0;
  std::vector<idx_t> part(graph.loads.size(), 0);
  if (parts == 1) return part;  // METIS counts from another number then
  if (vertices < kFewPerShard * parts) {  // METIS does not split so few: the largest first, each to the least loaded
    std::vector<std::size_t> order(graph.loads.size());
    std::iota(order.begin(), order.end(), 0);
    std::ranges::stable_sort(order, std::greater(), [&](std::size_t v) { return graph.loads[v]; });
    std::vector<double> sums(shares.size(), 0);  // against the shares
    for (const std::size_t v : order) {
      const auto least = std::ranges::min_element(sums);
      part[v] = static_cast<idx_t>(least - sums.begin());
      *least += graph.loads[v] / shares[static_cast<std::size_t>(part[v])];
    }
    return part;
  }
  idx_t options[METIS_NOPTIONS];
  METIS_SetDefaultOptions(options);
  options[METIS_OPTION_SEED] = 1;
  std::vector<real_t> targets;
  for (const double share : shares) targets.push_back(static_cast<real_t>(share));
  METIS_PartGraphRecursive(&vertices, &constraints, graph.starts.data(), graph.neighbors.data(), graph.loads.data(),
                           nullptr, graph.edge_weights.data(), &parts, targets.data(), nullptr, options, &cut,
                           part.data());
  return part;
}

// METIS is content with less than could be had, most of all where few vertices have most of the load. From the most
// loaded part vertices go to the least loaded one, as long as that gains more than the frames that cross then cost.
void balance(const WeightedGraph& graph, const ShardGraph::Shares& shares, std::vector<idx_t>& part) {
  const auto share = [&](idx_t p) { return shares[static_cast<std::size_t>(p)]; };
  std::vector<double> filled(shares.size(), 0);  // loads against the shares
  double all = 0;
  for (std::size_t v = 0; v < part.size(); ++v) {
    filled[static_cast<std::size_t>(part[v])] += graph.loads[v] / share(part[v]);
    all += graph.loads[v];
  }
  for (int moves = 0; moves < kMostMoves; ++moves) {
    const auto most = std::ranges::max_element(filled), least = std::ranges::min_element(filled);
    const auto from = static_cast<idx_t>(most - filled.begin()), to = static_cast<idx_t>(least - filled.begin());
    if (*most - *least <= kAlike * all) return;
    // If half of this moved, both would have what their shares say.
    const auto apart = static_cast<std::int64_t>(2 * (*most - *least) / (1 / share(from) + 1 / share(to)));
    std::size_t best = part.size();
    std::int64_t best_cost = apart;
    for (std::size_t v = 0; v < part.size(); ++v) {
      if (part[v] != from || graph.loads[v] >= apart) continue;
      std::int64_t crossing = 0;
      for (idx_t i = graph.starts[v]; i < graph.starts[v + 1]; ++i) {
        const idx_t there = part[static_cast<std::size_t>(graph.neighbors[static_cast<std::size_t>(i)])];
        const std::int64_t frames = graph.edge_weights[static_cast<std::size_t>(i)];
        crossing += there == from ? frames : there == to ? -frames : 0;
      }
      const std::int64_t cost = std::abs(apart - 2 * std::int64_t{graph.loads[v]}) + crossing;
      if (cost >= best_cost) continue;
      best = v;
      best_cost = cost;
    }
    if (best == part.size()) return;
    *most -= graph.loads[best] / share(from);
    *least += graph.loads[best] / share(to);
    part[best] = to;
  }
}

}  // namespace

void ShardGraph::join(const Actor& a, const Actor& b) { join_sets(parent_, a.id(), b.id()); }

void ShardGraph::join_radio(const Actor& actor) {
  if (!radio_.empty()) join_sets(parent_, actor.id(), radio_.front());
  radio_.push_back(actor.id());
}

void ShardGraph::connect(const Actor& a, const Actor& b, Duration least_delay, std::uint64_t frames) {
  edges_.push_back({a.id(), b.id(), least_delay, frames});
}

void ShardGraph::leave_frames_since(std::vector<std::uint64_t>& then) {
  then.resize(edges_.size());
  for (std::size_t i = 0; i < edges_.size(); ++i) edges_[i].frames -= std::exchange(then[i], edges_[i].frames);
}

void ShardGraph::set_load(const Actor& actor, std::uint64_t load) { load_[actor.id()] = load; }

// Falling; the last is the shortest.
std::vector<Duration> ShardGraph::delays_to_try() const {
  std::vector<Duration> delays;
  for (const Edge& edge : edges_) {
    if (!apart(edge)) delays.push_back(edge.delay);
  }
  std::ranges::sort(delays);
  delays.erase(std::unique(delays.begin(), delays.end()), delays.end());
  std::vector<Duration> tried;
  const std::size_t count = std::min(delays.size(), kDelaysTried);
  for (std::size_t i = 0; i < count; ++i) {
    tried.push_back(delays[(delays.size() - 1) * (count - 1 - i) / std::max<std::size_t>(count - 1, 1)]);
  }
  if (tried.empty()) tried.push_back(Duration());
  return tried;
}

ShardGraph::Split ShardGraph::partition(const Shares& shares, double load_rate) const {
  Split best;
  best.cost = std::numeric_limits<double>::infinity();
  for (const Duration shortest : delays_to_try()) {
    Split split = rated(try_partition(shares, shortest), shares, load_rate);
    if (split.cost < best.cost) best = std::move(split);
    if (best.cost - best.crossings <= kGoodCost) break;
  }
  return best;
}

ShardGraph::Split ShardGraph::rated(std::vector<std::uint32_t> shard_of, const Shares& shares, double load_rate) const {
  std::vector<std::uint64_t> sums(shares.size(), 0);
  for (std::uint32_t actor = 0; actor < load_.size(); ++actor) {
    if (!apart(actor)) sums[shard_of[actor]] += load_[actor];
  }
  const auto all = static_cast<double>(std::accumulate(sums.begin(), sums.end(), std::uint64_t{0}));
  Duration window = Time::max() - Time();
  std::uint64_t crossing = 0;
  for (const Edge& edge : edges_) {
    if (shard_of[edge.a] == shard_of[edge.b] || apart(edge)) continue;
    window = std::min(window, edge.delay);
    crossing += edge.frames;
  }
  double imbalance = all > 0 ? 0 : 1;
  for (std::size_t s = 0; all > 0 && s < shares.size(); ++s) {
    imbalance = std::max(imbalance, static_cast<double>(sums[s]) / (all * shares[s]));
  }
  const double load_in_window = load_rate / static_cast<double>(shares.size()) * window.to_seconds();
  const double crossings = all > 0 ? kLoadOfCrossing * static_cast<double>(crossing) / all : 0;
  return {std::move(shard_of), imbalance, crossings, imbalance + kLoadOfWindow / load_in_window + crossings, window};
}

// Sets of actors that links shorter than this join.
std::vector<std::uint32_t> ShardGraph::joined_below(Duration delay) const {
  std::vector<std::uint32_t> parent = parent_;
  for (const Edge& edge : edges_) {
    if (edge.delay < delay && !apart(edge)) join_sets(parent, edge.a, edge.b);
  }
  return parent;
}

std::vector<bool> ShardGraph::part_beyond(Duration least_delay, double least, double most) const {
  struct Set {
    double load = 0, crossings = 0;  // shares of all load
    bool in = false;
  };
  const auto all = static_cast<double>(total_load());
  std::vector<bool> best;
  double best_share = 0;
  for (const Duration delay : delays_to_try()) {
    if (delay < least_delay) break;
    std::vector<std::uint32_t> parent = joined_below(delay);
    std::vector<Set> sets(parent.size());
    for (std::uint32_t a = 0; a < load_.size(); ++a) sets[find(parent, a)].load += static_cast<double>(load_[a]) / all;
    for (const Edge& edge : edges_) {
      const std::uint32_t a = find(parent, edge.a), b = find(parent, edge.b);
      if (a == b) continue;
      sets[a].crossings += kLoadOfCrossing * static_cast<double>(edge.frames) / all;
      sets[b].crossings += kLoadOfCrossing * static_cast<double>(edge.frames) / all;
    }
    std::vector<Set*> parts;  // the cheapest first, without the largest, which is the rest
    for (Set& set : sets) {
      if (set.load > 0 && set.crossings <= kMostCrossings * set.load) parts.push_back(&set);
    }
    const double largest = std::ranges::max(sets, {}, &Set::load).load;
    std::ranges::stable_sort(parts, {}, [](const Set* set) { return set->crossings / set->load; });
    double share = 0;
    for (Set* const set : parts) {
      if (set->load == largest || share + set->load > most) continue;
      set->in = true;
      share += set->load;
    }
    if (share < least || share <= best_share) continue;
    best_share = share;
    best.resize(parent.size());
    for (std::uint32_t a = 0; a < parent.size(); ++a) best[a] = sets[find(parent, a)].in;
  }
  return best;
}

std::vector<std::uint32_t> ShardGraph::try_partition(const Shares& shares, Duration shortest_cut) const {
  std::vector<std::uint32_t> parent = joined_below(shortest_cut);
  constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();
  const auto actors = static_cast<std::uint32_t>(parent.size());
  std::vector<std::uint32_t> vertex(actors, kNone);
  std::vector<std::uint64_t> load;
  for (std::uint32_t actor = 0; actor < actors; ++actor) {
    if (apart(actor)) continue;
    std::uint32_t& root = vertex[find(parent, actor)];
    if (root == kNone) {
      root = static_cast<std::uint32_t>(load.size());
      load.push_back(0);
    }
    load[root] += load_[actor];
  }
  auto vertex_of = [&](std::uint32_t actor) { return vertex[find(parent, actor)]; };

  // METIS counts in 32 bits, all loads together, and all links.
  const std::uint64_t unit = std::accumulate(load.begin(), load.end(), std::uint64_t{0}) / 1'000'000'000 + 1;
  std::uint64_t frames = 0;
  for (const Edge& edge : edges_) frames += edge.frames;
  const std::uint64_t frames_unit = frames / 500'000'000 + 1;
  std::vector<std::pair<std::uint64_t, idx_t>> arcs;  // (from << 32 | to, weight)
  for (const Edge& edge : edges_) {
    if (apart(edge)) continue;
    const std::uint64_t a = vertex_of(edge.a), b = vertex_of(edge.b);
    if (a == b) continue;
    const auto weight = static_cast<idx_t>(edge.frames / frames_unit + 1);
    arcs.emplace_back(a << 32 | b, weight);
    arcs.emplace_back(b << 32 | a, weight);
  }
  std::ranges::sort(arcs, {}, &std::pair<std::uint64_t, idx_t>::first);
  WeightedGraph graph;
  std::size_t next = 0;
  for (std::uint64_t v = 0; v < load.size(); ++v) {
    graph.loads.push_back(static_cast<idx_t>(load[v] / unit + 1));
    for (; next < arcs.size() && arcs[next].first >> 32 == v; ++next) {
      const auto to = static_cast<idx_t>(arcs[next].first & 0xffffffff);
      if (graph.neighbors.size() > static_cast<std::size_t>(graph.starts.back()) && graph.neighbors.back() == to) {
        graph.edge_weights.back() += arcs[next].second;
      } else {
        graph.neighbors.push_back(to);
        graph.edge_weights.push_back(arcs[next].second);
      }
    }
    graph.starts.push_back(static_cast<idx_t>(graph.neighbors.size()));
  }
  std::vector<idx_t> part = split(graph, shares);
  if (graph.size() <= kMostSearched) {
    const double load_of_weight = kLoadOfCrossing * static_cast<double>(frames_unit) / static_cast<double>(unit);
    part = search_split(graph, shares, load_of_weight, std::move(part));
  } else {
    balance(graph, shares, part);
  }
  std::vector<std::uint32_t> result(actors);
  for (std::uint32_t actor = 0; actor < actors; ++actor) {
    result[actor] = static_cast<std::uint32_t>(apart(actor) ? shares.size() : static_cast<std::size_t>(part[vertex_of(actor)]));
  }
  return result;
}

}  // namespace kamesim
