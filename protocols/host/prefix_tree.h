// Prefixes and the places where they are, as a tree from which routing tables with few routes are made.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "protocols/host/router_paths.h"
#include "protocols/wire/ipv6_address.h"

namespace kamesim {

class PrefixTree {
 public:
  struct Entry {
    Ipv6Prefix prefix;
    Place place;
    friend auto operator<=>(const Entry&, const Entry&) = default;
  };
  explicit PrefixTree(std::vector<Entry> entries);

  // Calls `route` for the routes that a router needs. Two halves of a prefix whose addresses have all the same way become one
  // route to the whole prefix, so that what no entry covers has no route either.
  void routes(const RouterPaths::WayTo& way_to,
              const std::function<void(const Ipv6Prefix& prefix, const Way& way)>& route) const;

 private:
  static constexpr std::uint32_t kNone = UINT32_MAX;
  struct Node {
    Ipv6Prefix prefix;
    std::uint32_t first_entry = 0, entries = 0;   // those of just this prefix
    std::uint32_t below[2] = {kNone, kNone};
    Place lowest = kNowhere, highest = 0;
    bool full = false;  // every address of the prefix is in one entry and in no more
  };
  class Cover;

  std::uint32_t build(std::size_t begin, std::size_t end);

  std::vector<Entry> entries_;
  std::vector<Node> nodes_;
  std::uint32_t root_ = kNone;
};

}  // namespace kamesim
