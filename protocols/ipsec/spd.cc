#include "protocols/ipsec/spd.h"

#include <algorithm>

namespace kamesim::ipsec {

namespace {

bool same_kind_of_ip(const Ipv6Address& a, const Ipv6Address& b) { return a.is_v4_mapped() == b.is_v4_mapped(); }

bool valid(const Request& request) {
  if (request.mode != Mode::Tunnel) return true;
  return !request.source.is_unspecified() && !request.destination.is_unspecified() &&
         same_kind_of_ip(request.source, request.destination);
}

bool valid(const SecurityPolicy& policy) {
  const Selector& s = policy.selector;
  if (s.source.is_v4() != s.destination.is_v4() || s.source.last < s.source.first ||
      s.destination.last < s.destination.first || s.source.is_v4() != s.source.last.is_v4_mapped() ||
      s.destination.is_v4() != s.destination.last.is_v4_mapped()) {
    return false;
  }
  if (policy.action == Action::Entrust) return false;  // of sockets only
  if ((policy.action == Action::Protect) == policy.requests.empty()) return false;
  return policy.requests.size() <= kMaxRequests &&
         std::ranges::all_of(policy.requests, [](const Request& r) { return valid(r); });
}

}  // namespace

std::optional<Time> Spd::deadline(const SecurityPolicy& policy) {
  if (policy.lifetime <= Duration{}) return std::nullopt;
  return policy.created + policy.lifetime;
}

tl::expected<SecurityPolicy*, std::errc> Spd::add(SecurityPolicy policy, Time now) {
  if (!valid(policy)) return tl::unexpected(std::errc::invalid_argument);
  if (find_like(policy) != nullptr) return tl::unexpected(std::errc::file_exists);
  if (policies_.size() >= kMaxPolicies) return tl::unexpected(std::errc::no_buffer_space);
  policy.id = next_id_++;
  policy.created = now;
  for (Request& request : policy.requests) {
    if (request.level == Level::Unique && request.reqid == 0) request.reqid = next_reqid_++;
  }
  const auto stored = policies_.emplace(policy.id, std::make_unique<SecurityPolicy>(std::move(policy))).first;
  SecurityPolicy& added = *stored->second;
  if (added.tag.empty()) {
    index(added.direction).insert(added);
    if (added.direction == Direction::Forward) ++forward_policies_;
  }
  if (const auto at = deadline(added)) deadlines_.emplace(*at, added.id);
  touch();
  return &added;
}

tl::expected<SecurityPolicy*, std::errc> Spd::update(SecurityPolicy policy, Time now) {
  if (!valid(policy)) return tl::unexpected(std::errc::invalid_argument);
  if (SecurityPolicy* present = find_like(policy)) remove(*present);
  return add(std::move(policy), now);
}

SecurityPolicy* Spd::find(std::uint32_t id) const {
  const auto found = policies_.find(id);
  return found == policies_.end() ? nullptr : found->second.get();
}

SecurityPolicy* Spd::find(Direction direction, const Selector& selector) const {
  return index(direction).with_selector(selector);
}

SecurityPolicy* Spd::find_like(const SecurityPolicy& policy) const {
  if (policy.tag.empty()) return find(policy.direction, policy.selector);
  for (const auto& [id, present] : policies_) {
    if (present->tag == policy.tag && present->direction == policy.direction) return present.get();
  }
  return nullptr;
}

std::unique_ptr<SecurityPolicy> Spd::take(SecurityPolicy& policy) {
  if (policy.tag.empty()) {
    index(policy.direction).erase(policy);
    if (policy.direction == Direction::Forward) --forward_policies_;
  }
  if (const auto at = deadline(policy)) deadlines_.erase({*at, policy.id});
  const auto stored = policies_.find(policy.id);
  std::unique_ptr<SecurityPolicy> taken = std::move(stored->second);
  policies_.erase(stored);
  touch();
  return taken;
}

void Spd::remove(SecurityPolicy& policy) { take(policy); }

void Spd::flush() {
  policies_.clear();
  indexes_ = {};
  forward_policies_ = 0;
  deadlines_.clear();
  touch();
}

SecurityPolicy* Spd::first_match(Direction direction, const Flow& flow) {
  if (direction == Direction::Forward && forward_policies_ == 0) direction = Direction::In;
  SecurityPolicy* policy = index(direction).first_match(flow);
  if (policy != nullptr) ++policy->counters.lookups;
  return policy;
}

std::vector<SecurityPolicy*> Spd::in_order() const {
  std::vector<SecurityPolicy*> all;
  all.reserve(policies_.size());
  for (const auto& [id, policy] : policies_) all.push_back(policy.get());
  std::ranges::stable_sort(all, [](const SecurityPolicy* a, const SecurityPolicy* b) {
    return std::pair(a->direction, b->priority) < std::pair(b->direction, a->priority);
  });
  return all;
}

std::optional<Time> Spd::next_timeout() const {
  if (deadlines_.empty()) return std::nullopt;
  return deadlines_.begin()->first;
}

std::vector<std::unique_ptr<SecurityPolicy>> Spd::on_timeout(Time now) {
  std::vector<std::unique_ptr<SecurityPolicy>> expired;
  while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
    expired.push_back(take(*policies_.at(deadlines_.begin()->second)));
  }
  return expired;
}

}  // namespace kamesim::ipsec
