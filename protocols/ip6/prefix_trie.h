// Numbers by prefix, found by the longest match: a binary trie without nodes of one child (Morrison's PATRICIA). A node
// takes 32 bytes, and a table of N prefixes has less than 2 N.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <vector>

#include "protocols/wire/ipv6_address.h"

namespace kamesim {

class PrefixTrie {
 public:
  static constexpr std::uint32_t kNone = UINT32_MAX;

  // Gives the prefix that number, in place of the one that it has.
  void set(const Ipv6Prefix& prefix, std::uint32_t number);
  void erase(const Ipv6Prefix& prefix);
  std::uint32_t find(const Ipv6Prefix& prefix) const;  // kNone: it has none
  std::size_t nodes() const { return nodes_.size(); }
  std::size_t heap_bytes() const { return nodes_.capacity() * sizeof(Node); }

  // The number of the longest prefix that has the address in it and whose number is accepted; or kNone.
  template <typename Accept>
  std::uint32_t longest_match(const Ipv6Address& address, Accept accept) const {
    std::array<std::uint32_t, 129> numbers;  // of the prefixes that match, the shortest first
    unsigned count = 0;
    const std::uint64_t high = address.high(), low = address.low();
    for (std::uint32_t at = root_; at != kNone;) {
      const Node& node = nodes_[at];
      if (common_bits(node.high ^ high, node.low ^ low) < node.length) break;
      if (node.number != kNone) numbers[count++] = node.number;
      if (node.length == 128) break;
      at = node.child[bit(high, low, node.length)];
    }
    while (count > 0) {
      if (accept(numbers[--count])) return numbers[count];
    }
    return kNone;
  }

 private:
  struct Node {
    std::uint64_t high, low;
    std::array<std::uint32_t, 2> child = {kNone, kNone};
    std::uint32_t number = kNone;  // kNone: it only divides
    std::uint8_t length = 0;
  };
  static unsigned common_bits(std::uint64_t high, std::uint64_t low) {
    return static_cast<unsigned>(high != 0 ? std::countl_zero(high) : 64 + std::countl_zero(low));
  }
  static unsigned bit(std::uint64_t high, std::uint64_t low, unsigned i) {
    return i < 64 ? high >> (63 - i) & 1 : low >> (127 - i) & 1;
  }
  std::uint32_t& link(std::uint32_t parent, unsigned side) {
    return parent == kNone ? root_ : nodes_[parent].child[side];
  }
  std::uint32_t add(const Ipv6Prefix& prefix, std::uint32_t number);
  void remove(std::uint32_t node);

  std::vector<Node> nodes_;
  std::uint32_t root_ = kNone;
  std::uint32_t free_ = kNone;  // nodes that are not used, by their first children
};

}  // namespace kamesim
