#include "protocols/host/prefix_tree.h"

#include <algorithm>
#include <bit>

namespace kamesim {

namespace {

unsigned common_bits(const Ipv6Address& a, const Ipv6Address& b) {
  const std::uint64_t high = a.high() ^ b.high();
  return static_cast<unsigned>(high != 0 ? std::countl_zero(high) : 64 + std::countl_zero(a.low() ^ b.low()));
}

bool bit(const Ipv6Address& a, unsigned index) {
  return ((index < 64 ? a.high() >> (63 - index) : a.low() >> (127 - index)) & 1) != 0;
}

}  // namespace

PrefixTree::PrefixTree(std::vector<Entry> entries) : entries_(std::move(entries)) {
  std::ranges::sort(entries_);
  const auto repeated = std::ranges::unique(entries_);
  entries_.erase(repeated.begin(), repeated.end());
  nodes_.reserve(2 * entries_.size());
  if (!entries_.empty()) root_ = build(0, entries_.size());
}

// Makes the node of the longest prefix that covers these entries; returns its number. It calls itself no more than once
// for each bit of an address and each entry that covers others.
std::uint32_t PrefixTree::build(std::size_t begin, std::size_t end) {
  const auto number = static_cast<std::uint32_t>(nodes_.size());
  const Ipv6Prefix first = entries_[begin].prefix;
  const unsigned common = common_bits(first.address(), entries_[end - 1].prefix.address());
  Node node;
  node.prefix = Ipv6Prefix(first.address(), std::min(common, first.length()));
  nodes_.push_back(node);

  std::size_t rest = begin;
  while (rest < end && entries_[rest].prefix == node.prefix) ++rest;
  node.first_entry = static_cast<std::uint32_t>(begin);
  node.entries = static_cast<std::uint32_t>(rest - begin);
  for (std::size_t i = begin; i < rest; ++i) {
    node.lowest = std::min(node.lowest, entries_[i].place);
    node.highest = std::max(node.highest, entries_[i].place);
  }
  const auto upper = std::partition_point(
      entries_.begin() + static_cast<std::ptrdiff_t>(rest), entries_.begin() + static_cast<std::ptrdiff_t>(end),
      [&](const Entry& e) { return !bit(e.prefix.address(), node.prefix.length()); });
  const auto middle = static_cast<std::size_t>(upper - entries_.begin());
  node.full = node.entries == 1 ? rest == end : node.entries == 0;
  for (const auto& [half, from, to] : {std::tuple(0, rest, middle), std::tuple(1, middle, end)}) {
    if (from == to) continue;
    const std::uint32_t below = build(from, to);
    const Node& child = nodes_[below];
    node.below[half] = below;
    node.lowest = std::min(node.lowest, child.lowest);
    node.highest = std::max(node.highest, child.highest);
    node.full = node.full && child.full && child.prefix.length() == node.prefix.length() + 1;
  }
  nodes_[number] = node;
  return number;
}

// The routes of one router.
class PrefixTree::Cover {
 public:
  Cover(const PrefixTree& tree, const RouterPaths::WayTo& way_to,
        const std::function<void(const Ipv6Prefix&, const Way&)>& route)
      : tree_(tree), way_to_(way_to), route_(route) {}

  // The way of all addresses of the node's prefix, whose route is left to the caller; or nothing, and the routes are made.
  std::optional<Way> visit(std::uint32_t number) const {
    const Node& node = tree_.nodes_[number];
    if (node.full) {
      const WayToPlaces lowest = way_to_(node.lowest);
      if (node.highest <= lowest.last) return lowest.way;
    }
    for (std::uint32_t i = 0; i < node.entries; ++i) {
      route(node.prefix, way_to_(tree_.entries_[node.first_entry + i].place).way);
    }
    std::optional<Way> ways[2];
    for (const int half : {0, 1}) {
      if (node.below[half] != kNone) ways[half] = visit(node.below[half]);
    }
    if (node.full && ways[0] && ways[0] == ways[1]) return ways[0];
    for (const int half : {0, 1}) {
      if (ways[half]) route(tree_.nodes_[node.below[half]].prefix, *ways[half]);
    }
    return std::nullopt;
  }

  void route(const Ipv6Prefix& prefix, const Way& way) const {
    if (way.out != nullptr) route_(prefix, way);
  }

 private:
  const PrefixTree& tree_;
  const RouterPaths::WayTo& way_to_;
  const std::function<void(const Ipv6Prefix&, const Way&)>& route_;
};

void PrefixTree::routes(const RouterPaths::WayTo& way_to,
                        const std::function<void(const Ipv6Prefix& prefix, const Way& way)>& route) const {
  if (root_ == kNone) return;
  const Cover cover(*this, way_to, route);
  if (const std::optional<Way> all = cover.visit(root_)) cover.route(nodes_[root_].prefix, *all);
}

}  // namespace kamesim
