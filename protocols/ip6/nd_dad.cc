#include "protocols/ip6/nd_dad.h"

#include <algorithm>
#include <limits>

#include "protocols/ip6/nd_constants.h"

namespace kamesim {

std::span<DuplicateAddressDetection::Running> DuplicateAddressDetection::running() const {
  if (Many* const all = many(); all != nullptr) return all->running;
  return tests_ == 0 ? std::span<Running>() : std::span(few()->running).first(tests_ & kBits);
}

DuplicateAddressDetection::Many& DuplicateAddressDetection::make_many() {
  if (is_many()) return *many();
  auto made = std::make_unique<Many>();
  made->running.assign(running().begin(), running().end());
  delete few();
  tests_ = reinterpret_cast<std::uintptr_t>(made.release()) | kMany;
  return *many();
}

void DuplicateAddressDetection::add(const Running& test) {
  if (is_many() || size() == kFew) return make_many().running.push_back(test);
  const std::size_t count = size();
  Few* const those = count == 0 ? new Few : few();
  those->running[count] = test;
  hold(those, count + 1);
}

void DuplicateAddressDetection::remove(Running& test) {
  if (size() == 1) return clear();
  if (Many* const all = many(); all != nullptr) {
    all->running.erase(all->running.begin() + (&test - all->running.data()));
    return;
  }
  const std::span<Running> those = running();
  std::copy(&test + 1, those.data() + those.size(), &test);
  hold(few(), those.size() - 1);
}

void DuplicateAddressDetection::clear() {
  delete few();
  delete many();
  tests_ = 0;
}

DuplicateAddressDetection::Running* DuplicateAddressDetection::find(const Ipv6Address& target) const {
  const auto test = std::ranges::find(running(), target, &Running::target);
  return test == running().end() ? nullptr : &*test;
}

// Of equal ones the one set first.
DuplicateAddressDetection::Running& DuplicateAddressDetection::first_due() const {
  return *std::ranges::min_element(running(), {}, &Running::next);
}

DuplicateAddressDetection::More* DuplicateAddressDetection::find_more(const Ipv6Address& target) const {
  if (!is_many()) return nullptr;
  const auto it = std::ranges::find(many()->more, target, &More::target);
  return it == many()->more.end() ? nullptr : &*it;
}

DuplicateAddressDetection::More& DuplicateAddressDetection::more(const Ipv6Address& target) {
  if (More* known = find_more(target)) return *known;
  return make_many().more.emplace_back(target, nullptr, std::vector<Nonce>());
}

DuplicateAddressDetection::Test DuplicateAddressDetection::take(Running& test) {
  Test taken{.target = test.target};
  if (More* more = find_more(test.target)) {
    taken.done = std::move(more->done);
    many()->more.erase(many()->more.begin() + (more - many()->more.data()));
  }
  remove(test);
  return taken;
}

void DuplicateAddressDetection::start(const Ipv6Address& target, Time first, unsigned transmits, Done done) {
  stop(target);
  constexpr unsigned kMost = std::numeric_limits<std::uint8_t>::max();
  add({.target = target, .next = first, .transmits = static_cast<std::uint8_t>(std::min(transmits, kMost)),
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
    Running& test = running()[i];
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
  if (tests_ == 0) return std::nullopt;
  Running& first = first_due();
  if (now < first.next) return std::nullopt;
  const Ipv6Address target = first.target;
  // RFC 4862 §5.4: unique if nobody objected within RetransTimer after the last solicitation.
  if (first.transmits == 0 && !first.looped_back) return Step{target, take(first)};
  const std::span<Running> those = running();
  std::rotate(&first, &first + 1, those.data() + those.size());
  Running& test = those.back();
  if (test.transmits == 0) {  // RFC 7527 §4.1
    test.transmits = kMaxMulticastSolicit;
    test.looped_back = test.has_nonce = false;
    if (More* more = find_more(target)) more->nonces.clear();
  }
  --test.transmits;
  test.next = now + retrans_timer;
  return Step{target, std::nullopt};
}

std::optional<Time> DuplicateAddressDetection::next_timeout() const {
  if (tests_ == 0) return std::nullopt;
  return first_due().next;
}

std::size_t DuplicateAddressDetection::heap_bytes() const {
  if (!is_many()) return tests_ != 0 ? sizeof(Few) : 0;
  std::size_t bytes =
      sizeof(Many) + many()->running.capacity() * sizeof(Running) + many()->more.capacity() * sizeof(More);
  for (const More& more : many()->more) {
    bytes += more.nonces.capacity() * sizeof(Nonce) + (more.done ? sizeof(Done) : 0);
  }
  return bytes;
}

}  // namespace kamesim
