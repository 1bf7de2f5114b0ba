#include "protocols/ip6/prefix_trie.h"

namespace kamesim {

std::uint32_t PrefixTrie::add(const Ipv6Prefix& prefix, std::uint32_t number) {
  std::uint32_t at = free_;
  if (at == kNone) {
    at = static_cast<std::uint32_t>(nodes_.size());
    nodes_.emplace_back();
  } else {
    free_ = nodes_[at].child[0];
  }
  nodes_[at] = {.high = prefix.address().high(), .low = prefix.address().low(), .number = number,
                .length = static_cast<std::uint8_t>(prefix.length())};
  return at;
}

void PrefixTrie::remove(std::uint32_t node) {
  nodes_[node].child[0] = free_;
  free_ = node;
}

void PrefixTrie::set(const Ipv6Prefix& prefix, std::uint32_t number) {
  const std::uint64_t high = prefix.address().high(), low = prefix.address().low();
  const unsigned length = prefix.length();
  std::uint32_t parent = kNone;
  unsigned side = 0;
  for (;;) {
    const std::uint32_t at = link(parent, side);
    if (at == kNone) {
      const std::uint32_t fresh = add(prefix, number);
      link(parent, side) = fresh;
      return;
    }
    const unsigned node_length = nodes_[at].length;
    const std::uint64_t node_high = nodes_[at].high, node_low = nodes_[at].low;
    const unsigned common = std::min({common_bits(node_high ^ high, node_low ^ low), node_length, length});
    if (common == node_length && common == length) {
      nodes_[at].number = number;
      return;
    }
    if (common == node_length) {
      parent = at;
      side = bit(high, low, common);
      continue;
    }
    std::uint32_t above = add(prefix, number);  // the new prefix, if it is the shorter one
    if (common < length) {
      const std::uint32_t branch = add(Ipv6Prefix(prefix.address(), common), kNone);
      nodes_[branch].child[bit(high, low, common)] = above;
      above = branch;
    }
    nodes_[above].child[bit(node_high, node_low, common)] = at;
    link(parent, side) = above;
    return;
  }
}

std::uint32_t PrefixTrie::find(const Ipv6Prefix& prefix) const {
  const std::uint64_t high = prefix.address().high(), low = prefix.address().low();
  for (std::uint32_t at = root_; at != kNone;) {
    const Node& node = nodes_[at];
    if (node.length > prefix.length() || common_bits(node.high ^ high, node.low ^ low) < node.length) break;
    if (node.length == prefix.length()) return node.number;
    at = node.child[bit(high, low, node.length)];
  }
  return kNone;
}

void PrefixTrie::erase(const Ipv6Prefix& prefix) {
  const std::uint64_t high = prefix.address().high(), low = prefix.address().low();
  std::uint32_t parent = kNone, grandparent = kNone;
  unsigned side = 0, parent_side = 0;
  std::uint32_t at = root_;
  while (at != kNone && nodes_[at].length < prefix.length()) {
    grandparent = parent;
    parent_side = side;
    parent = at;
    side = bit(high, low, nodes_[at].length);
    at = nodes_[at].child[side];
  }
  if (at == kNone || nodes_[at].length != prefix.length() || nodes_[at].high != high || nodes_[at].low != low) return;
  const auto [left, right] = nodes_[at].child;
  if (left != kNone && right != kNone) {
    nodes_[at].number = kNone;
    return;
  }
  link(parent, side) = left != kNone ? left : right;
  remove(at);
  // A node that only divided has nothing more to divide, if one of its children is gone.
  if (left != kNone || right != kNone || parent == kNone || nodes_[parent].number != kNone) return;
  link(grandparent, parent_side) = nodes_[parent].child[1 - side];
  remove(parent);
}

}  // namespace kamesim
