#include "protocols/mcoa/care_of_bindings.h"

#include <algorithm>
#include <tuple>

namespace kamesim::mcoa {

bool preferred_to(const CareOfBinding& a, const CareOfBinding& b) {
  if ((a.priority == 0) != (b.priority == 0)) return b.priority == 0;
  if (a.priority != b.priority) return a.priority < b.priority;
  return std::tuple(b.updated_at, a.bid) < std::tuple(a.updated_at, b.bid);
}

const CareOfBindings::List& CareOfBindings::of(const Ipv6Address& home_address) const {
  static const List kNone;
  const auto it = bindings_.find(home_address);
  return it == bindings_.end() ? kNone : it->second;
}

const CareOfBinding* CareOfBindings::find(const Ipv6Address& home_address, std::uint16_t bid) const {
  const List& list = of(home_address);
  const auto it = std::ranges::find(list, bid, &CareOfBinding::bid);
  return it == list.end() ? nullptr : &*it;
}

void CareOfBindings::put(const Ipv6Address& home_address, const CareOfBinding& binding) {
  List& list = bindings_[home_address];
  std::erase_if(list, [&](const CareOfBinding& b) { return b.bid == binding.bid; });
  list.insert(std::ranges::upper_bound(list, binding, preferred_to), binding);
}

bool CareOfBindings::erase(const Ipv6Address& home_address, std::uint16_t bid) {
  const auto it = bindings_.find(home_address);
  if (it == bindings_.end()) return false;
  const bool erased = std::erase_if(it->second, [bid](const CareOfBinding& b) { return b.bid == bid; }) > 0;
  if (it->second.empty()) bindings_.erase(it);
  return erased;
}

void CareOfBindings::limit(const Ipv6Address& home_address, Time until) {
  const auto it = bindings_.find(home_address);
  if (it == bindings_.end()) return;
  for (CareOfBinding& b : it->second) b.expires = std::min(b.expires, until);
}

std::vector<Ipv6Address> CareOfBindings::home_addresses() const {
  std::vector<Ipv6Address> homes;
  for (const auto& [home, list] : bindings_) homes.push_back(home);
  return homes;
}

std::optional<Time> CareOfBindings::first_expiry() const {
  std::optional<Time> first;
  for (const auto& [home, list] : bindings_) {
    for (const CareOfBinding& b : list) {
      if (!first || b.expires < *first) first = b.expires;
    }
  }
  return first;
}

}  // namespace kamesim::mcoa
