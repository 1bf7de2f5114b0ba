// The destinations that routers redirected us for (RFC 4861 §8.3): part of the Destination Cache, as host routes.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "protocols/wire/ipv6_address.h"

namespace kamesim {

class RedirectRoutes {
 public:
  static constexpr std::size_t kMaxRoutes = 256;

  struct Entry {
    Ipv6Address destination;
    Ipv6Address target;
    Ipv6Address source;  // of the packet that the redirect quotes (RFC 8028 §3.4); unspecified: not told
  };

  // Returns what has to go: the destination's former entry, or the oldest of all.
  std::optional<Entry> add(const Entry& entry);
  // Takes out the entries with the target.
  std::vector<Entry> take_by_target(const Ipv6Address& target);
  std::vector<Entry> take_all();
  const std::vector<Entry>& entries() const { return entries_; }

 private:
  std::vector<Entry> entries_;  // oldest first
};

}  // namespace kamesim
