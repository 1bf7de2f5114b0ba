#include "protocols/ip6/nd_stable_privacy.h"

#include <algorithm>

namespace kamesim {

namespace {

constexpr std::size_t kMaxCounters = 64;  // forged prefixes must not fill the memory

}  // namespace

StablePrivacy::Counter& StablePrivacy::counter(const Ipv6Prefix& prefix) {
  const auto known = std::ranges::find(counters_, prefix, &Counter::prefix);
  if (known != counters_.end()) return *known;
  if (counters_.size() >= kMaxCounters) counters_.erase(counters_.begin());
  return counters_.emplace_back(Counter{prefix});
}

InterfaceId StablePrivacy::identifier(const Ipv6Prefix& prefix) {
  for (;;) {
    const auto known = std::ranges::find(counters_, prefix, &Counter::prefix);
    const std::uint8_t dad_counter = known == counters_.end() ? std::uint8_t{0} : known->dad_counter;
    const InterfaceId id = opaque_interface_id({prefix, net_iface_, dad_counter}, secret_key_);
    if (!is_reserved(id)) return id;
    ++counter(prefix).dad_counter;
  }
}

bool StablePrivacy::on_duplicate(Time now, Retry what) {
  Counter& c = counter(what.prefix);
  if (c.dad_counter >= kIdgenRetries) return false;
  ++c.dad_counter;
  what.at = now + random_.uniform(Duration(), kIdgenDelay);
  retries_.push_back(what);
  return true;
}

std::optional<StablePrivacy::Retry> StablePrivacy::take_due(Time now) {
  const auto due = std::ranges::find_if(retries_, [&](const Retry& r) { return r.at <= now; });
  if (due == retries_.end()) return std::nullopt;
  const Retry retry = *due;
  retries_.erase(due);
  return retry;
}

std::optional<Time> StablePrivacy::next_timeout() const {
  const auto first = std::ranges::min_element(retries_, {}, &Retry::at);
  if (first == retries_.end()) return std::nullopt;
  return first->at;
}

void StablePrivacy::on_new_link() {
  counters_.clear();
  retries_.clear();
}

}  // namespace kamesim
