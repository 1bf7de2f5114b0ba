#include "protocols/ipsec/policy_index.h"

#include <algorithm>

namespace kamesim::ipsec {

namespace {

// The lengths of the two prefixes; negative: one of the ranges is no prefix.
std::pair<int, int> lengths(const Selector& s) { return {s.source.prefix_length(), s.destination.prefix_length()}; }

auto by_order = [](const SecurityPolicy* a, const SecurityPolicy* b) { return PolicyIndex::before(*a, *b); };

}  // namespace

const PolicyIndex::InOrder* PolicyIndex::list_of(const Selector& selector) const {
  const auto [source, destination] = lengths(selector);
  if (source < 0 || destination < 0) return &ranges_;
  for (const Group& group : groups_) {
    if (static_cast<int>(group.source_length) != source || static_cast<int>(group.destination_length) != destination) {
      continue;
    }
    const auto found = group.policies.find({selector.source.first, selector.destination.first});
    return found == group.policies.end() ? nullptr : &found->second;
  }
  return nullptr;
}

PolicyIndex::InOrder& PolicyIndex::make_list_of(const Selector& selector) {
  const auto [source, destination] = lengths(selector);
  if (source < 0 || destination < 0) return ranges_;
  const auto s = static_cast<unsigned>(source), d = static_cast<unsigned>(destination);
  auto group = std::ranges::find_if(
      groups_, [&](const Group& g) { return g.source_length == s && g.destination_length == d; });
  if (group == groups_.end()) group = groups_.insert(group, Group{s, d, {}});
  return group->policies[{selector.source.first, selector.destination.first}];
}

void PolicyIndex::insert(SecurityPolicy& policy) {
  InOrder& list = make_list_of(policy.selector);
  list.insert(std::ranges::upper_bound(list, &policy, by_order), &policy);
}

void PolicyIndex::erase(const SecurityPolicy& policy) {
  InOrder& list = make_list_of(policy.selector);
  list.erase(std::ranges::lower_bound(list, &policy, by_order));
  if (!list.empty() || &list == &ranges_) return;
  const auto [source, destination] = lengths(policy.selector);
  const auto group = std::ranges::find_if(groups_, [&, s = source, d = destination](const Group& g) {
    return static_cast<int>(g.source_length) == s && static_cast<int>(g.destination_length) == d;
  });
  group->policies.erase({policy.selector.source.first, policy.selector.destination.first});
  if (group->policies.empty()) groups_.erase(group);
}

SecurityPolicy* PolicyIndex::first_match(const Flow& flow) const {
  SecurityPolicy* first = nullptr;
  const auto ask = [&](const InOrder& list) {
    for (SecurityPolicy* policy : list) {
      if (first != nullptr && !before(*policy, *first)) return;
      if (policy->selector.matches(flow)) {
        first = policy;
        return;
      }
    }
  };
  for (const Group& group : groups_) {
    const auto found = group.policies.find({Ipv6Prefix(flow.source, group.source_length).address(),
                                            Ipv6Prefix(flow.destination, group.destination_length).address()});
    if (found != group.policies.end()) ask(found->second);
  }
  ask(ranges_);
  return first;
}

SecurityPolicy* PolicyIndex::with_selector(const Selector& selector) const {
  const InOrder* list = list_of(selector);
  if (list == nullptr) return nullptr;
  const auto found = std::ranges::find_if(*list, [&](const SecurityPolicy* p) { return p->selector == selector; });
  return found == list->end() ? nullptr : *found;
}

}  // namespace kamesim::ipsec
