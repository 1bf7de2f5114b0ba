// Default source address selection (RFC 6724 §5; RFC 3484 §5 and KAME's in6_selectsrc by switch).
#include <algorithm>

#include "protocols/ip6/address_properties.h"
#include "protocols/ip6/ip4_part.h"
#include "protocols/ip6/neighbor_discovery.h"
#include "protocols/ip6/stack.h"

namespace kamesim {

namespace {

constexpr unsigned kScopes = 16;  // RFC 4291 §2.7: scop has 4 bits

struct Candidate {
  const InterfaceAddress* address;
  const Ip6Interface* interface;
};

struct Context {
  const Ipv6Address& destination;
  Scope scope;  // of the destination
  const Ip6Interface* out;
  const Ip6Config& config;
  bool prefer_care_of;
  bool prefer_temporary;
  // From when rule 6 wants them: the policy table, and the destination's label.
  const PolicyTable* policies = nullptr;
  unsigned label = 0;
  const Ipv6Address* next_hop = nullptr;  // a router; null: rule 5.5 has nothing to say
};

// Each rule ranks a candidate, by less than 256; the greater rank is better, and of equal ones the next rule decides.
unsigned rule1_same_address(const Candidate& a, const Context& c) { return a.address->address == c.destination; }
unsigned rule2_appropriate_scope(const Candidate& a, const Context& c) {
  // The smallest that reaches the destination; of those that do not, the largest.
  const auto scope = static_cast<unsigned>(a.address->address.scope());
  return scope >= static_cast<unsigned>(c.scope) ? 2 * kScopes - scope : scope;
}
unsigned rule3_avoid_deprecated(const Candidate& a, const Context&) {
  // RFC 4429 §3.3: an optimistic address ranks like a deprecated one, and before it.
  return a.address->state == AddressState::Deprecated ? 0 : a.address->state == AddressState::Optimistic ? 1 : 2;
}
unsigned rule4_prefer_home(const Candidate& a, const Context& c) {
  return home_rank(*a.address, *a.interface, c.prefer_care_of);
}
unsigned rule5_outgoing_interface(const Candidate& a, const Context& c) { return a.interface == c.out; }
unsigned rule5_5_prefix_of_next_hop(const Candidate& a, const Context& c) {
  if (c.next_hop == nullptr) return true;
  const RouterDiscovery& routers = *c.out->nd()->routers_in_use();  // there are some: the next hop was found to decide
  return routers.advertiser(*c.next_hop, a.address->address) != RouterDiscovery::Advertiser::Another;
}
unsigned rule6_matching_label(const Candidate& a, const Context& c) {
  return c.policies->lookup(a.address->address).label == c.label;
}
unsigned rule7_temporary(const Candidate& a, const Context& c) { return a.address->temporary == c.prefer_temporary; }
unsigned kame_rule9_preferred_interface(const Candidate& a, const Context& c) {
  return c.config.address_selection == AddressSelection::Kame && a.interface->prefer_source;
}
unsigned rule8_longest_prefix(const Candidate& a, const Context& c) {
  return common_prefix(*a.address, c.destination, c.config.address_selection);
}

using Rule = unsigned (*)(const Candidate&, const Context&);

// The ranks by several rules, in their order.
template <Rule... kRules>
std::uint64_t rank(const Candidate& a, const Context& c) {
  static_assert(sizeof...(kRules) <= sizeof(std::uint64_t));
  std::uint64_t ranks = 0;
  ((ranks = ranks << 8 | kRules(a, c)), ...);
  return ranks;
}
constexpr auto rank_by_first_rules = rank<rule1_same_address, rule2_appropriate_scope, rule3_avoid_deprecated,
                                          rule4_prefer_home, rule5_outgoing_interface>;
constexpr auto rank_by_last_rules = rank<rule5_5_prefix_of_next_hop, rule6_matching_label, rule7_temporary,
                                         kame_rule9_preferred_interface, rule8_longest_prefix>;

// The candidates for a destination (RFC 6724 §4).
template <typename Call>
void for_each_candidate(const Ip6Stack& stack, const Context& c, Call call) {
  // Link-local and multicast destinations take sources of the outgoing link only.
  const bool same_link = c.destination.is_link_local() || c.destination.is_multicast();
  // The loopback interface's address is for itself only.
  const bool loopback = c.destination.is_loopback() || (c.out != nullptr && c.out->is_loopback());
  for (const auto& interface : loopback ? std::span(stack.interfaces()) : stack.links()) {
    if (same_link && interface.get() != c.out) continue;
    for (const auto& address : interface->addresses()) {
      if (!address->usable_as_source()) continue;
      // A link-local or loopback source means nothing off its own interface (RFC 4007 §9).
      const bool zoned = address->address.is_link_local() || address->address.is_loopback();
      if (zoned && interface.get() != c.out && address->address != c.destination) continue;
      if (!interface->up()) break;
      call(Candidate{address, interface.get()});
    }
  }
}

// Rule 5.5: whether, of the candidates that the rules before it leave, the next hop advertised the prefix of any. Only
// then are those worse whose prefix another advertised; what nobody advertised is equal to both. Were that decided pair
// by pair, the outcome would depend on the order of the addresses.
bool next_hop_decides(const Ip6Stack& stack, const Context& c, const Ipv6Address& next_hop) {
  const RouterDiscovery* routers = c.out->nd()->routers_in_use();
  if (routers == nullptr || !routers->another_advertises(next_hop)) return false;
  std::uint64_t best = 0;
  bool found = false;
  for_each_candidate(stack, c, [&](const Candidate& candidate) {
    const std::uint64_t first = rank_by_first_rules(candidate, c);
    if (first < best) return;
    const bool of_next_hop =
        routers->advertiser(next_hop, candidate.address->address) == RouterDiscovery::Advertiser::This;
    found = of_next_hop || (first == best && found);
    best = first;
  });
  return found;
}

}  // namespace

const PolicyTable& Ip6Stack::policies() const {
  return config().policies != nullptr ? *config().policies : PolicyTable::default_of(config().address_selection);
}

const InterfaceAddress* Ip6Stack::select_source(const Ipv6Address& destination, const Ip6Interface* out,
                                                SourcePreferences preferences, const Ipv6Address* next_hop) const {
  if (destination.is_v4_mapped()) return ip4() != nullptr ? ip4()->select_source(destination, out) : nullptr;
  Context context{.destination = destination, .scope = destination.scope(), .out = out, .config = config(),
                  .prefer_care_of = preferences.care_of,
                  .prefer_temporary = preferences.temporary.value_or(config().nd.prefer_temporary_addresses)};
  // Rule 5.5 is not in RFC 3484. A neighbour that is the destination itself has assigned nothing.
  if (next_hop != nullptr && config().address_selection == AddressSelection::Rfc6724 && out != nullptr &&
      out->nd() != nullptr && *next_hop != destination && next_hop_decides(*this, context, *next_hop)) {
    context.next_hop = next_hop;
  }
  // The last rules are asked only where the first leave more than one.
  struct Best {
    Candidate candidate;
    std::uint64_t first;
    std::optional<std::uint64_t> last;
  };
  std::optional<Best> best;
  const auto last_of = [&](const Candidate& candidate) {
    if (context.policies == nullptr) {
      context.policies = &policies();
      context.label = context.policies->lookup(destination).label;
    }
    return rank_by_last_rules(candidate, context);
  };
  for_each_candidate(*this, context, [&](const Candidate& candidate) {
    const std::uint64_t first = rank_by_first_rules(candidate, context);
    if (!best || first > best->first) {
      best = Best{candidate, first, std::nullopt};
    } else if (first == best->first) {
      if (!best->last) best->last = last_of(best->candidate);
      // What is left is the implementation's (§5): the one that was configured first stays.
      if (const std::uint64_t last = last_of(candidate); last > *best->last) best = Best{candidate, first, last};
    }
  });
  return best ? best->candidate.address : nullptr;
}

}  // namespace kamesim
