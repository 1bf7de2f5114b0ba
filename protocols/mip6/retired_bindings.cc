#include "protocols/mip6/retired_bindings.h"

namespace kamesim {

bool RetiredBindings::add(Time now, const BindingCacheEntry& entry, Time until) {
  if (retired_.size() >= capacity_) {
    std::erase_if(retired_, [now](const auto& r) { return now >= r.second.until; });
    if (retired_.size() >= capacity_) return false;
  }
  retired_.insert_or_assign(entry.home_address, Retired{entry.care_of, entry.nonces, entry.sequence, until});
  return true;
}

std::optional<SeqNum16> RetiredBindings::last_sequence(Time now, const Ipv6Address& home_address) const {
  const Retired* retired = find(now, home_address);
  return retired ? std::optional(retired->sequence) : std::nullopt;
}

void RetiredBindings::set_sequence(const Ipv6Address& home_address, SeqNum16 sequence) {
  const auto it = retired_.find(home_address);
  if (it != retired_.end()) it->second.sequence = sequence;
}

bool RetiredBindings::bars(Time now, const Ipv6Address& home_address, const Ipv6Address& care_of,
                           const NonceIndices& nonces) const {
  const Retired* retired = find(now, home_address);
  return retired && retired->care_of == care_of && retired->nonces == nonces;
}

const RetiredBindings::Retired* RetiredBindings::find(Time now, const Ipv6Address& home_address) const {
  const auto it = retired_.find(home_address);
  return it != retired_.end() && now < it->second.until ? &it->second : nullptr;
}

}  // namespace kamesim
