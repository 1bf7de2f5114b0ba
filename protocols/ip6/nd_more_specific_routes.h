// The routes that routers tell hosts by Route Information options (RFC 4191 §2.3, §3): part of the Routing Table of a
// host of type C. A table: it knows neither time nor neighbours but by its arguments.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "protocols/wire/ipv6_address.h"
#include "protocols/wire/nd_options.h"
#include "sim/time.h"

namespace kamesim {

struct MoreSpecificRoute {
  Ipv6Prefix prefix;
  Ipv6Address router;
  RouterPreference preference = RouterPreference::Medium;
  Time expires;
  bool suspect = false;  // the router does not answer, until it is heard again
};

class MoreSpecificRoutes {
 public:
  enum class Change : std::uint8_t { None, Changed, Refused };

  explicit MoreSpecificRoutes(std::size_t max_routes) : max_routes_(max_routes) {}

  // §3.1. A suspect route makes room for a new one.
  Change on_option(Time now, const Ipv6Address& router, const RouteInformation& option);
  void remove_router(const Ipv6Address& router);
  // True if that changed something.
  bool set_suspect(const Ipv6Address& router, bool suspect);
  void suspect_all();
  void clear() { routes_.clear(); }
  void set_max_routes(std::size_t max_routes) { max_routes_ = max_routes; }  // of those to come

  bool expire(Time now);  // true if something went
  std::optional<Time> next_timeout() const;

  // §3.2: of each prefix the route to use: by a router that is not suspect, of the highest preference; of equals the
  // one that was heard of first. A prefix whose routers are all suspect has none.
  std::vector<MoreSpecificRoute> best() const;

  const std::vector<MoreSpecificRoute>& routes() const { return routes_; }  // in the order in which they were heard of

 private:
  std::size_t max_routes_;
  std::vector<MoreSpecificRoute> routes_;
};

}  // namespace kamesim
