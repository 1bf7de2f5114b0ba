// The home network prefixes that a local mobility anchor hands out (RFC 5213 §5.3.2): each to one mobility session.
#pragma once

#include <cstdint>
#include <optional>
#include <set>

#include "protocols/wire/ipv6_address.h"

namespace kamesim::pmip6 {

class PrefixPool {
 public:
  // Prefixes of `length` bits out of `pool`; pool.length() <= length <= 64.
  PrefixPool(const Ipv6Prefix& pool, unsigned length) : pool_(pool), length_(length) {}

  const Ipv6Prefix& pool() const { return pool_; }
  // One that nobody has; what was given back last comes last. Empty: all are taken.
  std::optional<Ipv6Prefix> allocate();
  // That one. False: it is none of the pool's, or taken.
  bool take(const Ipv6Prefix& prefix);
  void release(const Ipv6Prefix& prefix);

 private:
  std::uint64_t size() const;
  std::optional<std::uint64_t> index_of(const Ipv6Prefix& prefix) const;

  Ipv6Prefix pool_;
  unsigned length_;
  std::set<std::uint64_t> taken_;
  std::uint64_t next_ = 0;  // where to look first
};

}  // namespace kamesim::pmip6
