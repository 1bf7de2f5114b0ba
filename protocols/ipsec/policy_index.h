// Finding the first policy that matches without asking each: policies are grouped by the lengths of their two prefixes,
// and within a group found by the prefixes themselves. Ranges that are no prefixes are asked one by one.
#pragma once

#include <cstdint>
#include <functional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "protocols/ipsec/security_policy.h"

namespace kamesim::ipsec {

class PolicyIndex {
 public:
  void insert(SecurityPolicy& policy);
  void erase(const SecurityPolicy& policy);

  // The first in order (priority, then age) that matches. Null: none does.
  SecurityPolicy* first_match(const Flow& flow) const;
  // The first in order whose selector is this one.
  SecurityPolicy* with_selector(const Selector& selector) const;

  // Whether `a` is asked before `b`.
  static bool before(const SecurityPolicy& a, const SecurityPolicy& b) {
    return a.priority != b.priority ? a.priority > b.priority : a.id < b.id;
  }

 private:
  using InOrder = std::vector<SecurityPolicy*>;
  struct Ends {
    Ipv6Address source, destination;
    friend bool operator==(const Ends&, const Ends&) = default;
  };
  struct EndsHash {
    std::size_t operator()(const Ends& e) const {
      const std::hash<Ipv6Address> hash;
      return hash(e.source) * 0x9e3779b97f4a7c15ull + hash(e.destination);
    }
  };
  struct Group {
    unsigned source_length, destination_length;
    std::unordered_map<Ends, InOrder, EndsHash> policies;
  };

  // Where a policy of this selector stands. Null: nowhere yet.
  const InOrder* list_of(const Selector& selector) const;
  InOrder& make_list_of(const Selector& selector);

  std::vector<Group> groups_;
  InOrder ranges_;
};

}  // namespace kamesim::ipsec
