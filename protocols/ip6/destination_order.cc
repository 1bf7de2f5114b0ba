#include "protocols/ip6/destination_order.h"

#include <algorithm>

#include "protocols/ip6/address_properties.h"
#include "protocols/ip6/stack.h"

namespace kamesim {

namespace {

// A destination with what the rules look at.
struct Choice {
  RankedDestination ranked;
  const InterfaceAddress* source = nullptr;
  bool encapsulated = false;
  Scope scope = Scope::Global;
  unsigned precedence = 0;
  bool scopes_match = false, deprecated = false, labels_match = false;
  unsigned home = 0;
  unsigned common = 0;
};

unsigned home_rank_of(const Ip6Stack& stack, const InterfaceAddress& address) {
  const auto holder = std::ranges::find_if(
      stack.interfaces(), [&](const auto& i) { return i->find_address(address.address) == &address; });
  return holder != stack.interfaces().end() ? home_rank(address, **holder, false) : 0;
}

Choice look_at(Ip6Stack& stack, const Ipv6Address& destination) {
  Choice c{.ranked = {.destination = destination, .source = {}}};
  const AddressSelection selection = stack.config().address_selection;
  const bool zoned = destination.is_link_local() || destination.is_multicast();
  const Destination to = stack.route_to(destination, zoned ? stack.default_interface() : nullptr);
  c.scope = scope_of(destination, selection);
  const AddressPolicy& policy = stack.policies().lookup(destination);
  c.precedence = policy.precedence;
  if (to.interface == nullptr) return c;
  c.encapsulated = to.interface->is_tunnel();
  c.source = stack.select_source(destination, to.interface, {}, &to.next_hop);
  if (c.source == nullptr) return c;
  c.ranked.source = c.source->address;
  c.ranked.usable = to.kind != RouteKind::Reject && to.kind != RouteKind::Blackhole && to.interface->up();
  c.scopes_match = c.scope == scope_of(c.source->address, selection);
  c.deprecated = c.source->state == AddressState::Deprecated;
  c.labels_match = policy.label == stack.policies().lookup(c.source->address).label;
  if (c.source->home_address) c.home = home_rank_of(stack, *c.source);
  c.common = common_prefix(*c.source, destination, selection);
  return c;
}

// Each rule says +1 (a is better), -1 (b is better) or 0 (the next rule decides).
int prefer(bool a, bool b) { return static_cast<int>(a) - static_cast<int>(b); }

int rule1_usable(const Choice& a, const Choice& b) { return prefer(a.ranked.usable, b.ranked.usable); }
int rule2_matching_scope(const Choice& a, const Choice& b) { return prefer(a.scopes_match, b.scopes_match); }
int rule3_avoid_deprecated(const Choice& a, const Choice& b) { return prefer(b.deprecated, a.deprecated); }
int rule4_home(const Choice& a, const Choice& b) { return prefer(a.home > b.home, b.home > a.home); }
int rule5_matching_label(const Choice& a, const Choice& b) { return prefer(a.labels_match, b.labels_match); }
int rule6_precedence(const Choice& a, const Choice& b) {
  return prefer(a.precedence > b.precedence, b.precedence > a.precedence);
}
int rule7_native_transport(const Choice& a, const Choice& b) { return prefer(b.encapsulated, a.encapsulated); }
int rule8_smaller_scope(const Choice& a, const Choice& b) { return prefer(a.scope < b.scope, b.scope < a.scope); }
int rule9_longest_prefix(const Choice& a, const Choice& b) {
  if (a.ranked.destination.is_v4_mapped() != b.ranked.destination.is_v4_mapped()) return 0;
  return prefer(a.common > b.common, b.common > a.common);
}

constexpr int (*kRules[])(const Choice&, const Choice&) = {
    rule1_usable,     rule2_matching_scope,   rule3_avoid_deprecated, rule4_home,          rule5_matching_label,
    rule6_precedence, rule7_native_transport, rule8_smaller_scope,    rule9_longest_prefix,
};

bool better(const Choice& a, const Choice& b) {
  for (const auto rule : kRules) {
    if (const int verdict = rule(a, b); verdict != 0) return verdict > 0;
  }
  return false;  // rule 10
}

}  // namespace

std::vector<RankedDestination> order_destinations(Ip6Stack& stack, std::span<const Ipv6Address> destinations) {
  // By insertion: rule 9 compares addresses of one family only, so that the rules make no order in which others sort.
  std::vector<Choice> sorted;
  for (const Ipv6Address& destination : destinations) {
    Choice next = look_at(stack, destination);
    auto place = sorted.end();
    while (place != sorted.begin() && better(next, *std::prev(place))) --place;
    sorted.insert(place, std::move(next));
  }
  std::vector<RankedDestination> order;
  order.reserve(sorted.size());
  for (const Choice& c : sorted) order.push_back(c.ranked);
  return order;
}

}  // namespace kamesim
