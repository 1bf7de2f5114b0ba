#include "protocols/ip6/nd_redirect_routes.h"

#include <algorithm>
#include <utility>

namespace kamesim {

std::optional<RedirectRoutes::Entry> RedirectRoutes::add(const Entry& entry) {
  std::optional<Entry> gone;
  auto it = std::ranges::find(entries_, entry.destination, &Entry::destination);
  if (it == entries_.end() && entries_.size() >= kMaxRoutes) it = entries_.begin();
  if (it != entries_.end()) {
    gone = *it;
    entries_.erase(it);
  }
  entries_.push_back(entry);
  return gone;
}

std::vector<RedirectRoutes::Entry> RedirectRoutes::take_by_target(const Ipv6Address& target) {
  std::vector<Entry> taken;
  std::erase_if(entries_, [&](const Entry& e) {
    if (e.target != target) return false;
    taken.push_back(e);
    return true;
  });
  return taken;
}

std::vector<RedirectRoutes::Entry> RedirectRoutes::take_all() {
  std::vector<Entry> taken(entries_.begin(), entries_.end());
  entries_.clear();
  return taken;
}

}  // namespace kamesim
