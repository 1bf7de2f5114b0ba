// Default source address selection (RFC 6724 §5, rules 1 to 8).
#include <algorithm>

#include "protocols/ip6/ip4_part.h"
#include "protocols/ip6/policy_table.h"
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
  bool prefer_care_of;
  bool prefer_temporary;
};

int scope_rank(const Ipv6Address& a) { return static_cast<int>(a.scope()); }

// RFC 6724 §5 with §2.2: the common part is no longer than the source's prefix.
unsigned common_prefix(const Candidate& c, const Ipv6Address& destination) {
  return std::min<unsigned>(common_prefix_length(c.address->address, destination), c.address->prefix_length);
}

// Each rule says +1 (a is better), -1 (b is better) or 0 (the next rule decides).
int prefer(bool a, bool b) { return static_cast<int>(a) - static_cast<int>(b); }

int rule1_same_address(const Candidate& a, const Candidate& b, const Context& c) {
  return prefer(a.address->address == c.destination, b.address->address == c.destination);
}
int rule2_appropriate_scope(const Candidate& a, const Candidate& b, const Context& c) {
  const int sa = scope_rank(a.address->address), sb = scope_rank(b.address->address), sd = scope_rank(c.destination);
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
int rule6_matching_label(const Candidate& a, const Candidate& b, const Context& c) {
  const unsigned label = default_policy(c.destination).label;
  return prefer(default_policy(a.address->address).label == label, default_policy(b.address->address).label == label);
}
int rule7_temporary(const Candidate& a, const Candidate& b, const Context& c) {
  const int temporary = prefer(a.address->temporary, b.address->temporary);
  return c.prefer_temporary ? temporary : -temporary;
}
int rule8_longest_prefix(const Candidate& a, const Candidate& b, const Context& c) {
  const unsigned la = common_prefix(a, c.destination), lb = common_prefix(b, c.destination);
  return prefer(la > lb, lb > la);
}

// Rule 5.5 is for hosts that know which router advertised which prefix: there the first hop follows the source instead
// (RFC 8028, nd_first_hop.cc).
constexpr int (*kRules[])(const Candidate&, const Candidate&, const Context&) = {
    rule1_same_address,       rule2_appropriate_scope, rule3_avoid_deprecated, rule4_prefer_home,
    rule5_outgoing_interface, rule6_matching_label,    rule7_temporary,        rule8_longest_prefix,
};

bool better(const Candidate& a, const Candidate& b, const Context& c) {
  for (const auto rule : kRules) {
    if (const int verdict = rule(a, b, c); verdict != 0) return verdict > 0;
  }
  return false;  // RFC 6724 §5: the rest is the implementation's; the one that was configured first stays
}

}  // namespace

const InterfaceAddress* Ip6Stack::select_source(const Ipv6Address& destination, const Ip6Interface* out,
                                                SourcePreferences preferences) const {
  if (destination.is_v4_mapped()) return ip4_ != nullptr ? ip4_->select_source(destination, out) : nullptr;
  const Context context{destination, out, preferences.care_of,
                        preferences.temporary.value_or(config_.nd.prefer_temporary_addresses)};
  // RFC 6724 §4: link-local and multicast destinations take sources of the outgoing interface only.
  const bool same_link = destination.is_link_local() ||
                         (destination.is_multicast() && destination.scope() <= Scope::LinkLocal);
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
