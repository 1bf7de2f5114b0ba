// The Prefix List (RFC 4861 §5.1, §6.3.4, §6.3.5), and which of its prefixes are those of the present link: KAME's
// "detached" prefixes.
#pragma once

#include <cstddef>
#include <functional>
#include <list>
#include <optional>
#include <vector>

#include "protocols/wire/ipv6_address.h"
#include "sim/time.h"

namespace kamesim {

struct PrefixEntry {
  static constexpr std::size_t kMaxRouters = 8;

  Ipv6Prefix prefix;
  std::optional<Time> on_link_until;     // advertised with the L bit; empty: nothing is known of it
  std::optional<Time> addresses_until;   // addresses were formed of it (A bit)
  std::optional<Time> advertised_until;  // without L and A bits: its routers are first hops (RFC 8028 §3.1)
  std::vector<Ipv6Address> routers;      // that advertise it, on the present link as far as known
  bool detached = false;                 // none of them is probably reachable: the prefix of another link
  bool routed = false;                   // the owner's mark: there is an on-link route for it

  bool on_link() const { return on_link_until.has_value() && !detached; }
};

class PrefixList {
 public:
  explicit PrefixList(std::size_t max_prefixes) : max_prefixes_(max_prefixes) {}

  void set_max_prefixes(std::size_t max_prefixes) { max_prefixes_ = max_prefixes; }  // those beyond it stay
  PrefixEntry* find(const Ipv6Prefix& prefix);
  // The entry, made if there is none; a detached one makes room. Null if there is no room. `displaced` takes the
  // entry that went.
  PrefixEntry* find_or_add(const Ipv6Prefix& prefix, std::optional<PrefixEntry>& displaced);
  // False: it was remembered already.
  bool remember_router(PrefixEntry& entry, const Ipv6Address& router);
  // The router is not known to advertise any prefix: it is gone, or may be another one with its address.
  void forget_router(const Ipv6Address& router);

  // An entry with a lifetime that is over. That part is cleared, and an entry with no part left is removed.
  std::optional<PrefixEntry> take_expired(Time now);
  std::optional<Time> next_timeout() const;

  // Finds out again which prefixes are detached (KAME's pfxlist_onlink_check), and gives those that changed.
  // `reachable`: whether a router is probably reachable. `any_router`: whether any default router is.
  std::vector<PrefixEntry*> review(const std::function<bool(const Ipv6Address&)>& reachable, bool any_router);

  std::list<PrefixEntry>& entries() { return entries_; }
  const std::list<PrefixEntry>& entries() const { return entries_; }

 private:
  std::size_t max_prefixes_;
  std::list<PrefixEntry> entries_;  // in the order in which they were found
};

}  // namespace kamesim
