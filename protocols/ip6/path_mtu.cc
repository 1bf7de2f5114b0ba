#include "protocols/ip6/path_mtu.h"

#include <algorithm>

namespace kamesim {

bool PathMtuTable::update(const Ipv6Address& destination, std::uint32_t mtu, Time now) {
  if (const auto it = entries_.find(destination); it != entries_.end()) {
    if (now < it->second.expires && mtu >= it->second.mtu) return false;
    it->second = {mtu, now + kPathMtuTimeout};
    return true;
  }
  if (entries_.size() >= max_entries_) {
    // Full: the entry that would expire first makes room. A forged flood thus costs at most fresh estimates.
    entries_.erase(std::ranges::min_element(entries_, {}, [](const auto& e) {
      return std::pair(e.second.expires, e.first);
    }));
  }
  entries_.emplace(destination, Entry{mtu, now + kPathMtuTimeout});
  return true;
}

std::optional<PathMtuTable::Entry> PathMtuTable::find(const Ipv6Address& destination, Time now) {
  const auto it = entries_.find(destination);
  if (it == entries_.end()) return std::nullopt;
  if (now >= it->second.expires) {
    entries_.erase(it);
    return std::nullopt;
  }
  return it->second;
}

}  // namespace kamesim
