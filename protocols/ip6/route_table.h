// Routes with longest-prefix match. A node's own addresses are routes too, so that one look-up tells whether a
// packet is ours, and where it goes if not (as in KAME).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "protocols/wire/ipv6_address.h"

namespace kamesim {

class Ip6Interface;

enum class RouteKind : std::uint8_t {
  Unicast,
  Local,      // an address of this node
  Proxied,    // a mobile node's home address at its home agent: neighbour solicitations are answered here
  Reject,     // answered with Destination Unreachable
  Blackhole,  // discarded silently
};

enum class RouteOrigin : std::uint8_t { Connected, Static, RouterAdvertisement, Redirect, Mobility, Daemon };

struct Route {
  Ipv6Prefix prefix;
  Ip6Interface* interface = nullptr;
  Ipv6Address next_hop;  // unspecified: the destination itself is a neighbour (on-link)
  RouteKind kind = RouteKind::Unicast;
  RouteOrigin origin = RouteOrigin::Static;
  // Of several routes to one prefix, the lowest is used; of unicast ones given with the same, each flow uses one.
  std::uint32_t metric = 0;
  std::uint32_t mtu = 0;  // of what goes this way, if that is less than the link's; 0: the link's

  bool on_link() const { return next_hop.is_unspecified(); }
  std::uint32_t mtu_of(std::uint32_t link) const { return mtu != 0 && mtu < link ? mtu : link; }
  friend bool operator==(const Route&, const Route&) = default;
};

enum class RouteChange : std::uint8_t { Added, Changed, Removed };

class RouteObserver {
 public:
  // The table has changed already; it may be changed again from here.
  virtual void on_route_change(RouteChange change, const Route& route) = 0;

 protected:
  ~RouteObserver() = default;
};

class RouteTable {
 public:
  RouteTable();
  ~RouteTable();

  // Null: nobody is told.
  void set_observer(RouteObserver* observer) { observer_ = observer; }
  // Adds the route; one with the same prefix, interface, next hop and origin is replaced.
  void add(const Route& route);
  // Removes every route that the predicate accepts; returns how many.
  std::size_t remove_if(const std::function<bool(const Route&)>& predicate);
  std::size_t remove(const Ipv6Prefix& prefix, const Ip6Interface* interface, const Ipv6Address& next_hop);

  // The best usable route: the longest prefix, then the lowest metric. `interface`, if not null, limits the
  // search to routes of that interface (a zone). Null if there is none. Valid until the table changes.
  const Route* lookup(const Ipv6Address& destination, const Ip6Interface* interface = nullptr) const;

  // The routes of `best`'s prefix, metric and origin, itself among them, if there is a choice between unicast routes that
  // were given (RFC 2991). `best` is what lookup() told, and no copy.
  std::span<const Route> equal_cost(const Route& best) const;

  // Changes with the table: what was derived from an older generation is stale.
  std::uint32_t generation() const { return generation_; }
  void touch() { ++generation_; }

  std::vector<Route> all() const;  // sorted by prefix, then metric
  std::size_t size() const;
  std::size_t heap_bytes() const;  // beyond the object itself

 private:
  void tell(RouteChange change, const Route& route) {
    if (observer_ != nullptr) observer_->on_route_change(change, route);
  }
  // So many are looked through; more have an index.
  static constexpr std::size_t kFew = 8;

  struct Large;  // route_table.cc
  // Puts it in the place of a route that it replaces, if there is one, which is given back.
  std::optional<Route> put(const Route& route);
  std::optional<Route> index(const Route& route);

  std::vector<Route> few_;  // the longest prefixes first, those of one prefix together and by metric
  std::unique_ptr<Large> large_;
  std::uint32_t generation_ = 1;
  RouteObserver* observer_ = nullptr;
};

}  // namespace kamesim
