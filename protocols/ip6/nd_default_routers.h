// The Default Router List (RFC 4861 §5.1, §6.3.4 to §6.3.6) with router preferences (RFC 4191 §2.2, §3.2).
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <vector>

#include "protocols/wire/ipv6_address.h"
#include "protocols/wire/nd_options.h"
#include "sim/time.h"

namespace kamesim {

struct DefaultRouter {
  Ipv6Address address;
  RouterPreference preference = RouterPreference::Medium;
  Time expires;
  // Neighbor Unreachability Detection gave it up, or the interface may have moved to another link; until it is
  // heard again.
  bool suspect = false;
};

class DefaultRouterList {
 public:
  enum class Change : std::uint8_t { None, Added, Removed, Refused };

  explicit DefaultRouterList(std::size_t max_routers);
  void set_max_routers(std::size_t max_routers);  // those beyond it stay

  // A valid Router Advertisement came from the address. Room for a new router is made at the cost of a suspect one.
  Change on_advertisement(Time now, const Ipv6Address& address, Duration router_lifetime, RouterPreference preference);
  bool remove(const Ipv6Address& address);
  // A router whose lifetime is over, or, after on_advertisement made room, one that had to go. It is removed.
  std::optional<Ipv6Address> take_gone(Time now);
  std::optional<Time> next_timeout() const;

  // Neighbor Unreachability Detection's verdict. True if it is news.
  bool on_unreachable(const Ipv6Address& address);
  bool on_reachable(const Ipv6Address& address);
  void suspect_all();

  // RFC 4861 §6.3.6, RFC 4191 §3.2: chooses among the routers; null if there is none. `known`: whether the router is
  // probably reachable, its link-layer address being in the Neighbor Cache. A router once chosen is kept unless
  // another is better. When all are suspect, the next one is chosen each time that the present one has failed.
  const DefaultRouter* select(const std::function<bool(const Ipv6Address&)>& known);

  const DefaultRouter* find(const Ipv6Address& address) const;
  const std::vector<DefaultRouter>& routers() const { return routers_; }  // in the order in which they were found

 private:
  using Iterator = std::vector<DefaultRouter>::iterator;
  Iterator locate(const Ipv6Address& address);

  std::size_t max_routers_;
  std::vector<DefaultRouter> routers_;
  std::vector<Ipv6Address> displaced_;
  std::optional<Ipv6Address> selected_;
  bool selected_failed_ = false;
};

}  // namespace kamesim
