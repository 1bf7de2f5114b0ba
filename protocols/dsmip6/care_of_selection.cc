#include "protocols/dsmip6/care_of_selection.h"

#include <algorithm>

namespace kamesim::dsmip6 {

using Output = CareOfSelection::Output;

Output CareOfSelection::on_link_up(Time now) {
  Output out;
  access_.reset();
  ipv6_ = Ipv6::Silent;
  in_doubt_since_ = now;
  tests_ = 0;
  if (!config_.accesses.empty()) test(now, out);
  return out;
}

void CareOfSelection::on_link_down() {
  access_.reset();
  tests_ = 0;
  test_at_.reset();
}

Output CareOfSelection::on_gateway(Time now, const Ipv6Address& gateway) {
  const auto it = std::ranges::find(config_.accesses, gateway, &Ipv4Access::gateway);
  if (it == config_.accesses.end() || !test_at_) return {};  // not asked for
  access_ = static_cast<std::size_t>(it - config_.accesses.begin());
  test_at_.reset();
  return decide(now, {.found = true});
}

Output CareOfSelection::on_ipv6(Time now, Ipv6 state) {
  const bool had = has_ipv6();
  ipv6_ = state;
  if (had && !has_ipv6()) in_doubt_since_ = now;
  if (state == Ipv6::Home) ipv6_failed_ = false;  // another administrative domain
  return decide(now, {});
}

Output CareOfSelection::on_ipv6_unanswered(Time now) {
  if (!access_ || family_ != Family::Ipv6) return {};
  ipv6_failed_ = true;
  return decide(now, {});
}

Output CareOfSelection::on_timeout(Time now) {
  Output out;
  if (test_at_ && now >= *test_at_) {
    if (tests_ < config_.max_reachability_tests) {
      test(now, out);
    } else {
      test_at_.reset();
    }
  }
  return decide(now, out);
}

std::optional<Time> CareOfSelection::next_timeout() const {
  std::optional<Time> next = test_at_;
  const bool waits = access_ && family_ != Family::Ipv4 && !has_ipv6();
  if (waits && (!next || ipv6_deadline() < *next)) next = ipv6_deadline();
  return next;
}

Time CareOfSelection::ipv6_deadline() const {
  return in_doubt_since_ + config_.router_wait + (ipv6_ == Ipv6::Router ? config_.address_wait : Duration());
}

void CareOfSelection::test(Time now, Output& out) {
  ++tests_;
  test_at_ = now + config_.reachability_timeout;
  out.test_gateways = true;
}

// RFC 5555 §4.4.1.
Output CareOfSelection::decide(Time now, Output out) {
  Family wanted = family_;
  if (has_ipv6() && !(ipv6_failed_ && access_)) {
    wanted = Family::Ipv6;
  } else if (access_ && (ipv6_failed_ || now >= ipv6_deadline())) {
    wanted = Family::Ipv4;
  } else if (family_ == Family::Ipv4 && !access_ && !test_at_ && tests_ == config_.max_reachability_tests) {
    wanted = Family::None;  // the link is none of the networks
  }
  const std::optional<std::size_t> used = wanted != Family::Ipv4 ? std::nullopt : access_ ? access_ : used_;
  out.changed = wanted != family_ || used != used_;
  family_ = wanted;
  used_ = used;
  return out;
}

}  // namespace kamesim::dsmip6
