#include "protocols/ip6/nd_dad.h"

#include <algorithm>

#include "protocols/ip6/nd_constants.h"

namespace kamesim {

void DuplicateAddressDetection::start(const Ipv6Address& target, Time first, unsigned transmits, Done done) {
  stop(target);
  tests_.emplace(target, Test{.target = target, .transmits = transmits, .next = first, .done = std::move(done)});
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

void DuplicateAddressDetection::use_nonce(const Ipv6Address& target, const Nonce& nonce) {
  if (const auto it = tests_.find(target); it != tests_.end()) it->second.nonces.push_back(nonce);
}

bool DuplicateAddressDetection::on_solicitation(const Ipv6Address& target, Bytes nonce) {
  const auto it = tests_.find(target);
  if (it == tests_.end()) return false;
  const bool ours = std::ranges::any_of(it->second.nonces, [&](const Nonce& n) { return std::ranges::equal(n, nonce); });
  it->second.looped_back = it->second.looped_back || ours;
  return ours;
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
  if (test.transmits == 0 && !test.looped_back) return Step{target, stop(target)};
  if (test.transmits == 0) {  // RFC 7527 §4.1
    test.transmits = kMaxMulticastSolicit;
    test.looped_back = false;
    test.nonces.clear();
  }
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
