#include "protocols/ip6/nd_dad.h"

#include <algorithm>
#include <limits>

#include "protocols/ip6/nd_constants.h"

namespace kamesim {

const DuplicateAddressDetection::Running* DuplicateAddressDetection::find(const Ipv6Address& target) const {
  if (tests_ == nullptr) return nullptr;
  const Running* const test = std::ranges::find(std::as_const(tests_->running), target, &Running::target);
  return test == tests_->running.end() ? nullptr : test;
}

// Of equal ones the one set first.
DuplicateAddressDetection::Running& DuplicateAddressDetection::first_due() const {
  return *std::ranges::min_element(tests_->running, {}, &Running::next);
}

DuplicateAddressDetection::More* DuplicateAddressDetection::find_more(const Ipv6Address& target) const {
  if (tests_->more == nullptr) return nullptr;
  const auto it = std::ranges::find(*tests_->more, target, &More::target);
  return it == tests_->more->end() ? nullptr : &*it;
}

DuplicateAddressDetection::More& DuplicateAddressDetection::more(const Ipv6Address& target) {
  if (More* known = find_more(target)) return *known;
  if (tests_->more == nullptr) tests_->more = std::make_unique<std::vector<More>>();
  return tests_->more->emplace_back(target, nullptr, std::vector<Nonce>());
}

DuplicateAddressDetection::Test DuplicateAddressDetection::take(Running& test) {
  Test taken{.target = test.target};
  if (More* more = find_more(test.target)) {
    taken.done = std::move(more->done);
    tests_->more->erase(tests_->more->begin() + (more - tests_->more->data()));
  }
  tests_->running.erase(&test);
  if (tests_->running.empty()) tests_.reset();
  return taken;
}

void DuplicateAddressDetection::start(const Ipv6Address& target, Time first, unsigned transmits, Done done) {
  stop(target);
  if (tests_ == nullptr) tests_ = std::make_unique<Tests>();
  constexpr unsigned kMost = std::numeric_limits<std::uint8_t>::max();
  tests_->running.push_back({.target = target, .next = first,
                             .transmits = static_cast<std::uint8_t>(std::min(transmits, kMost)),
                             .looped_back = false, .has_nonce = false, .nonce = {}});
  if (done) more(target).done = std::make_unique<const Done>(std::move(done));
}

std::optional<DuplicateAddressDetection::Test> DuplicateAddressDetection::stop(const Ipv6Address& target) {
  Running* test = find(target);
  if (test == nullptr) return std::nullopt;
  return take(*test);
}

void DuplicateAddressDetection::stop_own() {
  for (std::size_t i = size(); i-- > 0;) {
    Running& test = tests_->running[i];
    const More* more = find_more(test.target);
    if (more == nullptr || more->done == nullptr) take(test);
  }
}

void DuplicateAddressDetection::use_nonce(const Ipv6Address& target, const Nonce& nonce) {
  Running* test = find(target);
  if (test == nullptr) return;
  if (test->has_nonce) return more(target).nonces.push_back(nonce);
  test->nonce = nonce;
  test->has_nonce = true;
}

bool DuplicateAddressDetection::on_solicitation(const Ipv6Address& target, Bytes nonce) {
  Running* test = find(target);
  if (test == nullptr) return false;
  const auto is_it = [&](const Nonce& n) { return std::ranges::equal(n, nonce); };
  const More* more = find_more(target);
  const bool ours =
      (test->has_nonce && is_it(test->nonce)) || (more != nullptr && std::ranges::any_of(more->nonces, is_it));
  test->looped_back = test->looped_back || ours;
  return ours;
}

std::optional<DuplicateAddressDetection::Step> DuplicateAddressDetection::on_timeout(Time now,
                                                                                     Duration retrans_timer) {
  if (tests_ == nullptr) return std::nullopt;
  Running& first = first_due();
  if (now < first.next) return std::nullopt;
  const Ipv6Address target = first.target;
  // RFC 4862 §5.4: unique if nobody objected within RetransTimer after the last solicitation.
  if (first.transmits == 0 && !first.looped_back) return Step{target, take(first)};
  Running test = first;
  tests_->running.erase(&first);
  if (test.transmits == 0) {  // RFC 7527 §4.1
    test.transmits = kMaxMulticastSolicit;
    test.looped_back = test.has_nonce = false;
    if (More* more = find_more(target)) more->nonces.clear();
  }
  --test.transmits;
  test.next = now + retrans_timer;
  tests_->running.push_back(test);
  return Step{target, std::nullopt};
}

std::optional<Time> DuplicateAddressDetection::next_timeout() const {
  if (tests_ == nullptr) return std::nullopt;
  return first_due().next;
}

std::size_t DuplicateAddressDetection::heap_bytes() const {
  if (tests_ == nullptr) return 0;
  std::size_t bytes = sizeof(Tests) + tests_->running.heap_bytes();
  if (tests_->more == nullptr) return bytes;
  bytes += sizeof *tests_->more + tests_->more->capacity() * sizeof(More);
  for (const More& more : *tests_->more) {
    bytes += more.nonces.capacity() * sizeof(Nonce) + (more.done ? sizeof(Done) : 0);
  }
  return bytes;
}

}  // namespace kamesim
