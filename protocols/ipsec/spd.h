// The Security Policy Database (RFC 4301 §4.4.1): policies in order, of which the first that matches counts. Time comes
// in.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <system_error>
#include <utility>
#include <vector>

#include <tl/expected.hpp>

#include "protocols/ipsec/policy_index.h"
#include "protocols/ipsec/security_policy.h"

namespace kamesim::ipsec {

inline constexpr std::size_t kMaxPolicies = 1 << 20;

class Spd {
 public:
  // The database gives it its id, and unique requests without a reqid one of their own. Refused: file_exists (that
  // direction has the selector already), invalid_argument (protection without a request or with too many, a tunnel
  // without ends, IPv4 mixed with IPv6), no_buffer_space (there are kMaxPolicies).
  tl::expected<SecurityPolicy*, std::errc> add(SecurityPolicy policy, Time now);
  // In place of the one with the same selector and direction, if there is one.
  tl::expected<SecurityPolicy*, std::errc> update(SecurityPolicy policy, Time now);

  SecurityPolicy* find(std::uint32_t id) const;
  SecurityPolicy* find(Direction direction, const Selector& selector) const;
  void remove(SecurityPolicy& policy);
  void flush();

  // The first in order that matches, null for none. Without any policy of Direction::Forward those of In count for it.
  // Not the way of each packet: that is FlowCache's.
  SecurityPolicy* first_match(Direction direction, const Flow& flow);

  std::size_t size() const { return policies_.size(); }
  bool empty() const { return policies_.empty(); }
  // All, in the order in which they are asked, direction by direction.
  std::vector<SecurityPolicy*> in_order() const;
  // Changes with each change: what was found before is to be looked up again.
  std::uint64_t generation() const { return generation_; }
  // The requests of a policy are about to be changed in place (SADB_X_MIGRATE).
  void touch() { ++generation_; }

  std::optional<Time> next_timeout() const;
  // Takes out those whose lifetime is over.
  std::vector<std::unique_ptr<SecurityPolicy>> on_timeout(Time now);

 private:
  // The one that keeps it from being added: of its direction with its selector, or its tag.
  SecurityPolicy* find_like(const SecurityPolicy& policy) const;
  static std::optional<Time> deadline(const SecurityPolicy& policy);
  std::unique_ptr<SecurityPolicy> take(SecurityPolicy& policy);
  PolicyIndex& index(Direction d) { return indexes_[static_cast<std::size_t>(d) - 1]; }
  const PolicyIndex& index(Direction d) const { return indexes_[static_cast<std::size_t>(d) - 1]; }

  std::map<std::uint32_t, std::unique_ptr<SecurityPolicy>> policies_;  // by id
  std::array<PolicyIndex, kDirections> indexes_;
  std::size_t forward_policies_ = 0;
  std::set<std::pair<Time, std::uint32_t>> deadlines_;                 // and the policy's id
  std::uint32_t next_id_ = 1;
  std::uint32_t next_reqid_ = kMaxManualReqid + 1;
  std::uint64_t generation_ = 1;
};

}  // namespace kamesim::ipsec
