// Default source address selection (RFC 6724 §5; RFC 3484 §5 and KAME's in6_selectsrc by switch).
#include <algorithm>

#include "protocols/ip6/address_properties.h"
#include "protocols/ip6/ip4_part.h"
#include "protocols/ip6/neighbor_discovery.h"
#include "protocols/ip6/stack.h"

namespace kamesim {

namespace {

struct Candidate {
  const InterfaceAddress* address;
  const Ip6Interface* interface;
};

struct Context {
  Ipv6Address destination;
  const Ip6Interface* out;
  const Ipv6Address* next_hop;  // a router, or null
  const Ip6Config& config;
  const PolicyTable& policies;
  bool prefer_care_of;
  bool prefer_temporary;
};

// Each rule says +1 (a is better), -1 (b is better) or 0 (the next rule decides).
int prefer(bool a, bool b) { return static_cast<int>(a) - static_cast<int>(b); }

int rule1_same_address(const Candidate& a, const Candidate& b, const Context& c) {
  return prefer(a.address->address == c.destination, b.address->address == c.destination);
}
int rule2_appropriate_scope(const Candidate& a, const Candidate& b, const Context& c) {
  const Scope sa = a.address->address.scope(), sb = b.address->address.scope(), sd = c.destination.scope();
  if (sa == sb) return 0;
  if (sa < sb) return sa < sd ? -1 : 1;
  return sb < sd ? 1 : -1;
}
int rule3_avoid_deprecated(const Candidate& a, const Candidate& b, const Context&) {
  const int deprecated = prefer(b.address->state == AddressState::Deprecated, a.address->state == AddressState::Deprecated);
  if (deprecated != 0) return deprecated;
  // RFC 4429 §3.3: an optimistic address ranks like a deprecated one.
  return prefer(b.address->state == AddressState::Optimistic, a.address->state == AddressState::Optimistic);
}
int rule4_prefer_home(const Candidate& a, const Candidate& b, const Context& c) {
  const int home = prefer(a.address->home_address, b.address->home_address);
  return c.prefer_care_of ? -home : home;
}
int rule5_outgoing_interface(const Candidate& a, const Candidate& b, const Context& c) {
  return prefer(a.interface == c.out, b.interface == c.out);
}
int rule5_5_prefix_of_next_hop(const Candidate& a, const Candidate& b, const Context& c) {
  // Not in RFC 3484. A prefix that no router advertised is not "assigned by a different next-hop".
  if (c.next_hop == nullptr || c.config.address_selection != AddressSelection::Rfc6724) return 0;
  const RouterDiscovery& routers = c.out->nd()->routers();
  using enum RouterDiscovery::Advertiser;
  const auto of_a = routers.advertiser(*c.next_hop, a.address->address);
  const auto of_b = routers.advertiser(*c.next_hop, b.address->address);
  return prefer(of_a == This && of_b == Another, of_b == This && of_a == Another);
}
int rule6_matching_label(const Candidate& a, const Candidate& b, const Context& c) {
  const unsigned label = c.policies.lookup(c.destination).label;
  return prefer(c.policies.lookup(a.address->address).label == label,
                c.policies.lookup(b.address->address).label == label);
}
int rule7_temporary(const Candidate& a, const Candidate& b, const Context& c) {
  const int temporary = prefer(a.address->temporary, b.address->temporary);
  return c.prefer_temporary ? temporary : -temporary;
}
int kame_rule9_preferred_interface(const Candidate& a, const Candidate& b, const Context& c) {
  if (c.config.address_selection != AddressSelection::Kame) return 0;
  return prefer(a.interface->prefer_source, b.interface->prefer_source);
}
int rule8_longest_prefix(const Candidate& a, const Candidate& b, const Context& c) {
  const unsigned la = common_prefix(*a.address, c.destination, c.config.address_selection);
  const unsigned lb = common_prefix(*b.address, c.destination, c.config.address_selection);
  return prefer(la > lb, lb > la);
}

constexpr int (*kRules[])(const Candidate&, const Candidate&, const Context&) = {
    rule1_same_address,       rule2_appropriate_scope,    rule3_avoid_deprecated, rule4_prefer_home,
    rule5_outgoing_interface, rule5_5_prefix_of_next_hop, rule6_matching_label,   rule7_temporary,
    kame_rule9_preferred_interface, rule8_longest_prefix,
};

bool better(const Candidate& a, const Candidate& b, const Context& c) {
  for (const auto rule : kRules) {
    if (const int verdict = rule(a, b, c); verdict != 0) return verdict > 0;
  }
  return false;  // RFC 6724 §5: the rest is the implementation's; the one that was configured first stays
}

}  // namespace

const PolicyTable& Ip6Stack::policies() const {
  return config_.policies != nullptr ? *config_.policies : PolicyTable::default_of(config_.address_selection);
}

const InterfaceAddress* Ip6Stack::select_source(const Ipv6Address& destination, const Ip6Interface* out,
                                                SourcePreferences preferences, const Ipv6Address* next_hop) const {
  if (destination.is_v4_mapped()) return ip4_ != nullptr ? ip4_->select_source(destination, out) : nullptr;
  // A neighbour that is the destination itself has assigned nothing.
  const bool by_router = next_hop != nullptr && out != nullptr && out->nd() != nullptr && *next_hop != destination;
  const Context context{destination, out, by_router ? next_hop : nullptr, config_, policies(), preferences.care_of,
                        preferences.temporary.value_or(config_.nd.prefer_temporary_addresses)};
  // RFC 6724 §4: link-local and multicast destinations take sources of the outgoing interface only.
  const bool same_link = destination.is_link_local() || destination.is_multicast();
  std::optional<Candidate> best;
  for (const auto& interface : interfaces_) {
    if (same_link && interface.get() != out) continue;
    for (const auto& address : interface->addresses()) {
      if (!address->usable_as_source()) continue;
      // A link-local or loopback source means nothing off its own interface (RFC 4007 §9).
      const bool zoned = address->address.is_link_local() || address->address.is_loopback();
      if (zoned && interface.get() != out && address->address != destination) continue;
      // RFC 6724 §4: "home addresses" apart, candidates stand on interfaces that are up.
      if (!interface->up()) continue;
      const Candidate candidate{address.get(), interface.get()};
      if (!best || better(candidate, *best, context)) best = candidate;
    }
  }
  return best ? best->address : nullptr;
}

}  // namespace kamesim
