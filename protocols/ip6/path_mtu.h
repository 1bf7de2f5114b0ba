// What Path MTU Discovery has learned (RFC 8201), by destination.
#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>

#include "protocols/ip6/config.h"
#include "protocols/wire/ipv6_address.h"
#include "sim/time.h"

namespace kamesim {

// RFC 8201 §4: so long after a Packet Too Big no larger packets are tried.
inline constexpr Duration kPathMtuMinimumTimeout = 300_s;

class PathMtuTable {
 public:
  struct Entry {
    std::uint32_t mtu;
    Time expires;
    bool fragment_header = false;  // packets carry a Fragment header, in 1280 bytes (RFC 2460 §5)
  };
  enum class Update : std::uint8_t { Lowered, Unchanged, Refused };
  // The limits are looked at when an estimate is learned, and may change in between.
  explicit PathMtuTable(const PathMtuLimits& limits) : limits_(limits) {}

  // A Packet Too Big told of `mtu`, which is 1280 or more. The estimate never goes up (RFC 8201 §4). `verified`: a
  // connection of this node vouches for the packet that it quotes.
  Update update(const Ipv6Address& destination, std::uint32_t mtu, Time now, bool verified = true);
  // RFC 2460 §5: the path has an MTU below 1280 somewhere.
  Update require_fragment_header(const Ipv6Address& destination, Time now, bool verified = true);
  std::optional<Entry> find(const Ipv6Address& destination, Time now);
  std::size_t size() const { return entries_.size(); }
  const std::unordered_map<Ipv6Address, Entry>& entries() const { return entries_; }  // in no order
  void clear() { entries_.clear(); }

 private:
  Time expiry(Time now) const;
  bool make_room(bool verified);

  std::unordered_map<Ipv6Address, Entry> entries_;
  const PathMtuLimits& limits_;
};

}  // namespace kamesim
