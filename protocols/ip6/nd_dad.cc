#include "protocols/ip6/nd_dad.h"

namespace kamesim {

void DuplicateAddressDetection::start(const Ipv6Address& target, Time first, unsigned transmits, Done done) {
  stop(target);
  tests_.emplace(target, Test{target, transmits, first, std::move(done)});
  deadlines_.emplace(first, target);
}

std::optional<DuplicateAddressDetection::Test> DuplicateAddressDetection::stop(const Ipv6Address& target) {
  const auto it = tests_.find(target);
  if (it == tests_.end()) return std::nullopt;
  forget_deadline(it->second);
  Test test = std::move(it->second);
  tests_.erase(it);
  return test;
}

void DuplicateAddressDetection::stop_own() {
  std::erase_if(deadlines_, [&](const auto& d) { return !tests_.at(d.second).done; });
  std::erase_if(tests_, [](const auto& t) { return !t.second.done; });
}

void DuplicateAddressDetection::forget_deadline(const Test& test) {
  const auto [first, last] = deadlines_.equal_range(test.next);
  for (auto it = first; it != last; ++it) {
    if (it->second != test.target) continue;
    deadlines_.erase(it);
    return;
  }
}

std::optional<DuplicateAddressDetection::Step> DuplicateAddressDetection::on_timeout(Time now,
                                                                                     Duration retrans_timer) {
  if (deadlines_.empty() || now < deadlines_.begin()->first) return std::nullopt;
  const Ipv6Address target = deadlines_.begin()->second;
  Test& test = tests_.at(target);
  // RFC 4862 §5.4: unique if nobody objected within RetransTimer after the last solicitation.
  if (test.transmits == 0) return Step{target, stop(target)};
  deadlines_.erase(deadlines_.begin());
  --test.transmits;
  test.next = now + retrans_timer;
  deadlines_.emplace(test.next, target);
  return Step{target, std::nullopt};
}

std::optional<Time> DuplicateAddressDetection::next_timeout() const {
  if (deadlines_.empty()) return std::nullopt;
  return deadlines_.begin()->first;
}

}  // namespace kamesim
