// What Path MTU Discovery has learned (RFC 8201), by destination.
#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>

#include "protocols/wire/ipv6_address.h"
#include "sim/time.h"

namespace kamesim {

// RFC 8201 §5.3: an estimate older than this is forgotten; 10 minutes recommended.
inline constexpr Duration kPathMtuTimeout = 600_s;

class PathMtuTable {
 public:
  struct Entry {
    std::uint32_t mtu;
    Time expires;
  };
  explicit PathMtuTable(std::size_t max_entries) : max_entries_(max_entries) {}

  // A Packet Too Big told of `mtu`. True if the estimate went down (it never goes up: RFC 8201 §4).
  bool update(const Ipv6Address& destination, std::uint32_t mtu, Time now);
  std::optional<Entry> find(const Ipv6Address& destination, Time now);
  std::size_t size() const { return entries_.size(); }
  void clear() { entries_.clear(); }

 private:
  std::unordered_map<Ipv6Address, Entry> entries_;
  std::size_t max_entries_;
};

}  // namespace kamesim
