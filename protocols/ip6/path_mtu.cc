#include "protocols/ip6/path_mtu.h"

#include <algorithm>

#include "protocols/wire/ipv6_header.h"

namespace kamesim {

Time PathMtuTable::expiry(Time now) const {
  return limits_.timeout == Duration::max() ? Time::max() : now + std::max(limits_.timeout, kPathMtuMinimumTimeout);
}

// Whether one more estimate may be learned. KAME's rule: below the low water anything is believed, below the high water
// what a connection vouches for; beyond it such an estimate takes the place of the one that would expire first.
bool PathMtuTable::make_room(bool verified) {
  if (!verified) return entries_.size() < std::min(limits_.unverified_entries, limits_.entries);
  if (entries_.size() < limits_.entries) return true;
  if (entries_.empty()) return false;
  entries_.erase(std::ranges::min_element(entries_, {}, [](const auto& e) {
    return std::pair(e.second.expires, e.first);
  }));
  return true;
}

PathMtuTable::Update PathMtuTable::update(const Ipv6Address& destination, std::uint32_t mtu, Time now, bool verified) {
  if (const auto it = entries_.find(destination); it != entries_.end() && now < it->second.expires) {
    Entry& known = it->second;
    if (mtu > known.mtu) {
      // RFC 8201 §4: a message that says more changes nothing, but an increase is not to be tried yet.
      known.expires = std::max(known.expires, now + kPathMtuMinimumTimeout);
      return Update::Unchanged;
    }
    const Update result = mtu < known.mtu ? Update::Lowered : Update::Unchanged;
    known.mtu = mtu;
    known.expires = expiry(now);
    return result;
  } else if (it != entries_.end()) {
    entries_.erase(it);
  }
  if (!make_room(verified)) return Update::Refused;
  entries_.emplace(destination, Entry{mtu, expiry(now)});
  return Update::Lowered;
}

PathMtuTable::Update PathMtuTable::require_fragment_header(const Ipv6Address& destination, Time now, bool verified) {
  const Update result = update(destination, kIpv6MinimumMtu, now, verified);
  if (result == Update::Refused) return result;
  Entry& entry = entries_.at(destination);
  if (entry.fragment_header) return result;
  entry.fragment_header = true;
  return Update::Lowered;
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
