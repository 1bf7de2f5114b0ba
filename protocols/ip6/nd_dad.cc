#include "protocols/ip6/nd_dad.h"

#include <algorithm>

#include "protocols/ip6/nd_constants.h"

namespace kamesim {

const DuplicateAddressDetection::Test* DuplicateAddressDetection::find(const Ipv6Address& target) const {
  if (tests_ == nullptr) return nullptr;
  const auto it = std::ranges::find(*tests_, target, &Test::target);
  return it == tests_->end() ? nullptr : &*it;
}

DuplicateAddressDetection::Test DuplicateAddressDetection::take(Test& test) {
  Test taken = std::move(test);
  tests_->erase(tests_->begin() + (&test - tests_->data()));
  if (tests_->empty()) tests_.reset();
  return taken;
}

void DuplicateAddressDetection::start(const Ipv6Address& target, Time first, unsigned transmits, Done done) {
  stop(target);
  if (tests_ == nullptr) tests_ = std::make_unique<Tests>();
  // Of all nodes of a network the addresses are tested at the same time, two or three an interface.
  constexpr std::size_t kFew = 4;
  if (tests_->size() < kFew) tests_->reserve(tests_->size() + 1);
  tests_->push_back({.target = target, .next = first, .transmits = transmits,
                     .done = done ? std::make_unique<const Done>(std::move(done)) : nullptr});
}

std::optional<DuplicateAddressDetection::Test> DuplicateAddressDetection::stop(const Ipv6Address& target) {
  Test* test = find(target);
  if (test == nullptr) return std::nullopt;
  return take(*test);
}

void DuplicateAddressDetection::stop_own() {
  if (tests_ == nullptr) return;
  std::erase_if(*tests_, [](const Test& t) { return t.done == nullptr; });
  if (tests_->empty()) tests_.reset();
}

void DuplicateAddressDetection::use_nonce(const Ipv6Address& target, const Nonce& nonce) {
  if (Test* test = find(target)) test->nonces.push_back(nonce);
}

bool DuplicateAddressDetection::on_solicitation(const Ipv6Address& target, Bytes nonce) {
  Test* test = find(target);
  if (test == nullptr) return false;
  const bool ours = std::ranges::any_of(test->nonces, [&](const Nonce& n) { return std::ranges::equal(n, nonce); });
  test->looped_back = test->looped_back || ours;
  return ours;
}

std::optional<DuplicateAddressDetection::Step> DuplicateAddressDetection::on_timeout(Time now,
                                                                                     Duration retrans_timer) {
  if (tests_ == nullptr) return std::nullopt;
  const auto first = std::ranges::min_element(*tests_, {}, &Test::next);  // of equal ones the one set first
  if (now < first->next) return std::nullopt;
  const Ipv6Address target = first->target;
  // RFC 4862 §5.4: unique if nobody objected within RetransTimer after the last solicitation.
  if (first->transmits == 0 && !first->looped_back) return Step{target, take(*first)};
  Test test = take(*first);
  if (test.transmits == 0) {  // RFC 7527 §4.1
    test.transmits = kMaxMulticastSolicit;
    test.looped_back = false;
    test.nonces.clear();
  }
  --test.transmits;
  test.next = now + retrans_timer;
  if (tests_ == nullptr) tests_ = std::make_unique<Tests>();
  tests_->push_back(std::move(test));
  return Step{target, std::nullopt};
}

std::optional<Time> DuplicateAddressDetection::next_timeout() const {
  if (tests_ == nullptr) return std::nullopt;
  return std::ranges::min_element(*tests_, {}, &Test::next)->next;
}

std::size_t DuplicateAddressDetection::heap_bytes() const {
  if (tests_ == nullptr) return 0;
  std::size_t bytes = sizeof *tests_ + tests_->capacity() * sizeof(Test);
  for (const Test& test : *tests_) bytes += test.nonces.capacity() * sizeof(Nonce) + (test.done ? sizeof(Done) : 0);
  return bytes;
}

}  // namespace kamesim
