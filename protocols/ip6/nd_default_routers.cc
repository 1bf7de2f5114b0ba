#include "protocols/ip6/nd_default_routers.h"

#include <algorithm>
#include <utility>
#include <tuple>

namespace kamesim {

// RFC 4861 §6.3.4: "a host MUST retain at least two router addresses".
DefaultRouterList::DefaultRouterList(std::size_t max_routers) { set_max_routers(max_routers); }

void DefaultRouterList::set_max_routers(std::size_t max_routers) {
  max_routers_ = std::max<std::size_t>(max_routers, 2);
}

DefaultRouterList::Iterator DefaultRouterList::locate(const Ipv6Address& address) {
  return std::ranges::find(routers_, address, &DefaultRouter::address);
}

const DefaultRouter* DefaultRouterList::find(const Ipv6Address& address) const {
  const auto it = std::ranges::find(routers_, address, &DefaultRouter::address);
  return it == routers_.end() ? nullptr : &*it;
}

DefaultRouterList::Change DefaultRouterList::on_advertisement(Time now, const Ipv6Address& address,
                                                              Duration router_lifetime, RouterPreference preference) {
  if (router_lifetime == Duration()) return remove(address) ? Change::Removed : Change::None;
  if (const auto known = locate(address); known != routers_.end()) {
    *known = {address, preference, now + router_lifetime};
    return Change::None;
  }
  if (routers_.size() >= max_routers_) {
    const auto oldest_suspect = std::ranges::find(routers_, true, &DefaultRouter::suspect);
    if (oldest_suspect == routers_.end()) return Change::Refused;
    displaced_.push_back(oldest_suspect->address);
    routers_.erase(oldest_suspect);
  }
  routers_.push_back({address, preference, now + router_lifetime});
  return Change::Added;
}

bool DefaultRouterList::remove(const Ipv6Address& address) {
  const auto it = locate(address);
  if (it == routers_.end()) return false;
  routers_.erase(it);
  return true;
}

std::optional<Ipv6Address> DefaultRouterList::take_gone(Time now) {
  if (!displaced_.empty()) {
    const Ipv6Address address = displaced_.back();
    displaced_.pop_back();
    return address;
  }
  const auto expired = std::ranges::find_if(routers_, [&](const DefaultRouter& r) { return r.expires <= now; });
  if (expired == routers_.end()) return std::nullopt;
  const Ipv6Address address = expired->address;
  routers_.erase(expired);
  return address;
}

std::optional<Time> DefaultRouterList::next_timeout() const {
  const auto first = std::ranges::min_element(routers_, {}, &DefaultRouter::expires);
  if (first == routers_.end()) return std::nullopt;
  return first->expires;
}

bool DefaultRouterList::on_unreachable(const Ipv6Address& address) {
  const auto it = locate(address);
  if (it == routers_.end()) return false;
  if (selected_ == address) selected_failed_ = true;
  return !std::exchange(it->suspect, true);
}

bool DefaultRouterList::on_reachable(const Ipv6Address& address) {
  const auto it = locate(address);
  return it != routers_.end() && std::exchange(it->suspect, false);
}

void DefaultRouterList::suspect_all() {
  for (DefaultRouter& router : routers_) router.suspect = true;
}

const DefaultRouter* DefaultRouterList::select(const std::function<bool(const Ipv6Address&)>& known) {
  const bool failed = std::exchange(selected_failed_, false);
  if (routers_.empty()) {
    selected_.reset();
    return nullptr;
  }
  auto chosen = routers_.end();
  if (std::ranges::all_of(routers_, &DefaultRouter::suspect)) {
    // RFC 4861 §6.3.6 (2): in turn, so that each is tried.
    chosen = selected_ ? locate(*selected_) : routers_.end();
    if (chosen == routers_.end()) {
      chosen = routers_.begin();
    } else if (failed && ++chosen == routers_.end()) {
      chosen = routers_.begin();
    }
  } else {
    // RFC 4191 §3.2: reachable, or not known to be otherwise; then the preference. Of equals RFC 4861 §6.3.6 (1)
    // prefers those with an entry in the Neighbor Cache, and the present one stays.
    chosen = std::ranges::max_element(routers_, {}, [&](const DefaultRouter& r) {
      return std::tuple(!r.suspect, r.preference, known(r.address), selected_ == r.address);
    });
  }
  selected_ = chosen->address;
  return &*chosen;
}

}  // namespace kamesim
