// Routes with longest-prefix match. A node's own addresses are routes too, so that one look-up tells whether a
// packet is ours, and where it goes if not (as in KAME).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "protocols/wire/ipv6_address.h"
#include "sim/pool.h"
#include "sim/small_vector.h"

namespace kamesim {

class Ip6Interface;
struct InterfaceAddress;

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
  // The route that follows from an address of the node: to the address alone (Local, or Blackhole while it is not
  // assigned), or to its prefix on the link (Unicast). The table refers to the address from then on, and mostly keeps
  // nothing else.
  void add_of(const InterfaceAddress& address, RouteKind kind);
  // The address goes; routes that follow from it and have not been removed stay.
  void detach_from(const InterfaceAddress& address);
  // Removes every route that the predicate accepts; returns how many.
  std::size_t remove_if(const std::function<bool(const Route&)>& predicate);
  std::size_t remove(const Ipv6Prefix& prefix, const Ip6Interface* interface, const Ipv6Address& next_hop);

  // The best usable route: the longest prefix, then the lowest metric. `interface`, if not null, limits the
  // search to routes of that interface (a zone). Empty if there is none.
  std::optional<Route> lookup(const Ipv6Address& destination, const Ip6Interface* interface = nullptr) const;

  // Of the routes of `best`'s prefix, metric and origin, itself among them, the i-th, if there is a choice between unicast
  // routes that were given (RFC 2991); of others there is one. Empty: there are no more.
  std::optional<Route> equal_cost(const Route& best, std::size_t i) const;

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
  // So many are looked through, so many are sorted; more have an index.
  static constexpr std::size_t kFew = 8, kSorted = 1024;

  // A route as it is kept while they are sorted. What most routes do not have, as those that follow from addresses, is in
  // `details_`. A default route, of whose prefix there is nothing to tell, has its next hop in the place of that, if that
  // is all: it is the only route that was given to most hosts.
  struct Kept {
    Ipv6Address prefix_or_next_hop;
    Ip6Interface* interface;
    std::uint32_t detail;  // which; kNone: there is nothing to tell; kHere: a next hop
    std::uint8_t length;
    RouteKind kind;
    RouteOrigin origin;
    Ipv6Address prefix() const { return detail == kHere ? Ipv6Address() : prefix_or_next_hop; }
  };
  struct Detail {
    Ipv6Address next_hop;
    std::uint32_t metric;
    std::uint32_t mtu;
    std::uint32_t routes;  // that have it; 0: the place is free
  };
  static constexpr std::uint32_t kNone = UINT32_MAX, kHere = kNone - 1;
  // A route that follows from an address and is the only one to its prefix: where the address is, whose place leaves
  // the lowest bits free, and what of the address is meant.
  class OfAddress {
   public:
    OfAddress() = default;
    OfAddress(const InterfaceAddress& address, RouteKind kind);
    const InterfaceAddress& address() const { return *reinterpret_cast<const InterfaceAddress*>(value_ & ~kBits); }
    bool of_prefix() const { return (value_ & kOfPrefix) != 0; }
    RouteKind kind() const {
      return of_prefix() ? RouteKind::Unicast : (value_ & kBlackhole) != 0 ? RouteKind::Blackhole : RouteKind::Local;
    }
    unsigned length() const;
    Ipv6Address prefix() const;
    Route route() const;

   private:
    static constexpr std::uintptr_t kOfPrefix = 1, kBlackhole = 2, kBits = kOfPrefix | kBlackhole;
    std::uintptr_t value_;
  };
  struct Large;  // route_table.cc

  Kept keep(const Route& route);
  void forget(const Kept& kept);
  Route route_of(const Kept& kept) const;
  const Detail* detail_of(const Kept& kept) const { return kept.detail >= kHere ? nullptr : &(*details_)[kept.detail]; }
  std::uint32_t metric_of(const Kept& kept) const { return detail_of(kept) != nullptr ? detail_of(kept)->metric : 0; }
  // Where those of the prefix begin, or would, and where they end.
  std::pair<std::size_t, std::size_t> range_of(const Ipv6Prefix& prefix) const;

  // Puts it in the place of a route that it replaces, if there is one, which is given back.
  std::optional<Route> put(const Route& route);
  void insert(const Route& route);
  void insert(const OfAddress& entry);
  OfAddress* find_of_address(const Ipv6Prefix& prefix);
  const OfAddress* lookup_of_address(const Ipv6Address& destination, const Ip6Interface* interface) const;
  std::optional<Route> index(const Route& route);

  std::uint32_t generation_ = 1;  // first, as each packet asks for it
  RouteObserver* observer_ = nullptr;
  // The longest prefixes first. In `sorted_` those of one prefix stand together and by metric.
  SmallVector<OfAddress, 2> of_addresses_;
  SmallVector<Kept, 1> sorted_;
  std::unique_ptr<std::vector<Detail>> details_;  // null: there never were any
  std::unique_ptr<Large> large_;
};

}  // namespace kamesim
