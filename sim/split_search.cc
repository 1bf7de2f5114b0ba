#include "sim/split_search.h"

#include <algorithm>
#include <array>
#include <limits>
#include <numeric>
#include <random>
#include <utility>

namespace kamesim {

namespace {

constexpr int kOtherStarts = 6;
constexpr int kMostSteps = 256;   // ten or twenty are usual
constexpr double kBetter = 1e-9;  // of a split's cost, which is at least 1: less is a matter of rounding

class Climb {
 public:
  Climb(const WeightedGraph& graph, const std::vector<double>& shares, double load_of_weight)
      : graph_(graph), vertices_(graph.size()), parts_(shares.size()), weights_(vertices_ * vertices_, 0),
        into_(vertices_ * parts_), filled_(parts_) {
    const double all = std::max(std::accumulate(graph.loads.begin(), graph.loads.end(), 0.0), 1.0);
    for (const double share : shares) per_load_.push_back(1 / (all * share));
    for (std::size_t v = 0; v < vertices_; ++v) {
      for (auto i = at(graph.starts[v]); i < at(graph.starts[v + 1]); ++i) {
        weights_[v * vertices_ + at(graph.neighbors[i])] += load_of_weight / all * graph.edge_weights[i];
      }
    }
  }

  // Goes on from `part` as long as it gets better; returns the cost.
  double run(std::vector<std::int32_t>& part) {
    begin(part);
    for (int steps = 0; steps < kMostSteps; ++steps) {
      const Step step = best_step(part);
      if (!step) break;
      take(step, part);
    }
    return cost_;
  }

 private:
  static constexpr std::size_t kNone = std::numeric_limits<std::size_t>::max();
  // A vertex moves to a part, or changes places with another of that part.
  struct Step {
    double cost;
    std::size_t vertex = kNone, other = kNone;
    std::int32_t to = 0;
    explicit operator bool() const { return vertex != kNone; }
  };
  static std::size_t at(std::int32_t i) { return static_cast<std::size_t>(i); }
  double load(std::size_t v) const { return graph_.loads[v]; }
  double& into(std::size_t v, std::int32_t part) { return into_[v * parts_ + at(part)]; }

  void begin(const std::vector<std::int32_t>& part) {
    std::ranges::fill(into_, 0);
    std::ranges::fill(filled_, 0);
    double uncut = 0, weight = 0;
    for (std::size_t v = 0; v < vertices_; ++v) {
      filled_[at(part[v])] += load(v) * per_load_[at(part[v])];
      for (std::size_t u = 0; u < vertices_; ++u) into(v, part[u]) += weights_[v * vertices_ + u];
      for (std::int32_t p = 0; at(p) < parts_; ++p) weight += into(v, p);
      uncut += into(v, part[v]);
    }
    cut_ = (weight - uncut) / 2;
    cost_ = *std::ranges::max_element(filled_) + cut_;
  }

  // The most filled of all parts but two.
  double most_beside(std::int32_t a, std::int32_t b) const {
    for (const std::size_t p : most_) {
      if (p < parts_ && p != at(a) && p != at(b)) return filled_[p];
    }
    return 0;
  }
  void rank() {
    most_.fill(kNone);
    for (std::size_t p = 0; p < parts_; ++p) {
      std::size_t place = p;
      for (std::size_t& m : most_) {
        if (place != kNone && (m == kNone || filled_[place] > filled_[m])) std::swap(place, m);
      }
    }
  }

  Step best_step(const std::vector<std::int32_t>& part) {
    rank();
    Step best{.cost = cost_ - kBetter};
    const auto look = [&](std::size_t v, std::size_t other, std::int32_t to) {
      const std::int32_t from = part[v];
      double moved = load(v), more_cut = into(v, from) - into(v, to);
      if (other != kNone) {
        moved -= load(other);
        more_cut += into(other, to) - into(other, from) + 2 * weights_[v * vertices_ + other];
      }
      const double most = std::max({filled_[at(from)] - moved * per_load_[at(from)],
                                    filled_[at(to)] + moved * per_load_[at(to)], most_beside(from, to)});
      if (const double cost = most + cut_ + more_cut; cost < best.cost) best = {cost, v, other, to};
    };
    for (std::size_t v = 0; v < vertices_; ++v) {
      for (std::int32_t to = 0; at(to) < parts_; ++to) {
        if (to != part[v]) look(v, kNone, to);
      }
      for (std::size_t u = v + 1; u < vertices_; ++u) {
        if (part[u] != part[v]) look(v, u, part[u]);
      }
    }
    return best;
  }

  void take(const Step& step, std::vector<std::int32_t>& part) {
    const std::int32_t from = part[step.vertex];
    move(step.vertex, step.to, part);
    if (step.other != kNone) move(step.other, from, part);
    cost_ = *std::ranges::max_element(filled_) + cut_;
  }
  void move(std::size_t v, std::int32_t to, std::vector<std::int32_t>& part) {
    const std::int32_t from = std::exchange(part[v], to);
    cut_ += into(v, from) - into(v, to);
    filled_[at(from)] -= load(v) * per_load_[at(from)];
    filled_[at(to)] += load(v) * per_load_[at(to)];
    for (std::size_t u = 0; u < vertices_; ++u) {
      into(u, from) -= weights_[u * vertices_ + v];
      into(u, to) += weights_[u * vertices_ + v];
    }
  }

  const WeightedGraph& graph_;
  std::size_t vertices_, parts_;
  std::vector<double> per_load_;  // by part: what of its share a unit of load is
  // Of what a cut through them costs: of each two vertices the weight of their edges; by vertex and part that of its edges
  // to there.
  std::vector<double> weights_, into_;
  std::vector<double> filled_;  // by part: load against its share
  std::array<std::size_t, 3> most_{};  // the parts that are filled most
  double cut_ = 0, cost_ = 0;
};

}  // namespace

std::vector<std::int32_t> search_split(const WeightedGraph& graph, const std::vector<double>& shares, double load_of_weight,
                                       std::vector<std::int32_t> start) {
  if (graph.size() > kMostSearched || shares.size() < 2) return start;
  Climb climb(graph, shares, load_of_weight);
  std::minstd_rand draw(1);
  std::vector<std::int32_t> best = start;
  double least = climb.run(best);
  for (int i = 0; i < kOtherStarts; ++i) {
    for (std::int32_t& p : start) p = static_cast<std::int32_t>(draw() % shares.size());
    if (const double cost = climb.run(start); cost < least) {
      least = cost;
      best = start;
    }
  }
  return best;
}

}  // namespace kamesim
