// Whether packets came as the policies ask (RFC 4301 §5.2).
#include <algorithm>

#include "protocols/ipsec/drops.h"
#include "protocols/ipsec/kernel.h"
#include "protocols/ipsec/packet_flow.h"
#include "protocols/wire/ipv4_header.h"
#include "protocols/wire/ipv6_header.h"

namespace kamesim::ipsec {

namespace {

constexpr std::size_t kIcmpErrorHeader = 8;  // RFC 4443 §3, RFC 792: before the packet that it is about

bool answers(const SecurityAssociation& sa, const Request& request) {
  const SaParameters& p = sa.parameters;
  if (p.address.protocol != request.protocol) return false;
  if (request.mode != Mode::Any && p.mode != Mode::Any && p.mode != request.mode) return false;
  if (request.reqid != 0 && p.reqid != request.reqid) return false;
  if (request.mode != Mode::Tunnel) return true;
  const bool anywhere = p.address.source.is_unspecified();
  return (anywhere || p.address.source == request.source) && p.address.destination == request.destination;
}

}  // namespace

// What came off the packet, outermost first, against what the policy asks, whose first request is innermost. Headers
// that are not asked for do no harm, unless they are tunnels: who sends by one is not who the policy trusts.
const DropInfo* IpsecKernel::judge(const SecurityPolicy& policy, unsigned depth) const {
  if (policy.action == Action::Discard) return &kPolicyDiscard;
  if (policy.action != Action::Protect) return nullptr;
  const bool one_each = depth == 1 && policy.requests.size() == 1;
  if (one_each && answers(*applied_[0], policy.requests[0])) [[likely]] return nullptr;
  unsigned seen = 0;
  for (std::size_t i = policy.requests.size(); i-- > 0;) {
    const Request& request = policy.requests[i];
    unsigned at = seen;
    while (at < depth && !answers(*applied_[at], request)) ++at;
    if (at < depth) {
      for (; seen < at; ++seen) {
        if (applied_[seen]->parameters.mode == Mode::Tunnel) return &kPolicyMismatch;
      }
      seen = at + 1;
    } else if (keys_.level_of(request) != Level::Use && request.protocol != Protocol::IpComp) {
      return depth == 0 ? &kUnprotected : &kPolicyMismatch;
    }
  }
  for (; seen < depth; ++seen) {
    if (applied_[seen]->parameters.mode == Mode::Tunnel) return &kPolicyMismatch;
  }
  return nullptr;
}

// RFC 4301 §4.4.2.1: the selectors of an association are those of the policies that ask for it. One that none asks for
// has none, and brings in what its key makes good, as in KAME.
bool IpsecKernel::is_asked_for(SecurityAssociation& sa) {
  if (sa.asked_for_as_of != spd_.generation()) [[unlikely]] {
    sa.asked_for_as_of = spd_.generation();
    sa.asked_for = std::ranges::any_of(spd_.in_order(), [&sa](const SecurityPolicy* policy) {
      return policy->direction != Direction::Out && policy->action == Action::Protect &&
             std::ranges::any_of(policy->requests, [&sa](const Request& r) { return answers(sa, r); });
    });
  }
  return sa.asked_for;
}

// RFC 4301 §5.2 step 4: no policy wants the packet protected, but what it came by is for the packets of other policies.
bool IpsecKernel::has_strayed(unsigned depth) {
  for (unsigned i = 0; i < depth; ++i) {
    if (is_asked_for(*applied_[i])) return true;
  }
  return false;
}

const DropInfo* IpsecKernel::judge_flow(const KnownFlow& known, unsigned depth, Way way) {
  const Flow& flow = known.flow;
  const SecurityPolicy* policy = known.policy;
  const bool names_icmp6 = policy != nullptr && policy->selector.next_layer.is(NextHeader::Icmp6);
  if (config.bypass_neighbor_discovery && !names_icmp6 && is_neighbor_discovery(flow)) return nullptr;
  if (policy == nullptr && config.unmatched == Action::Discard && depth == 0) {
    return is_neighbor_discovery(flow) ? nullptr : &kNoPolicy;
  }
  // RFC 3776 §4.2: tunnels protect what goes through them. What bears a care-of address has come past them.
  if (policy != nullptr && way == Way::ByCareOfAddress && asks_for_tunnel(*policy)) return nullptr;
  const DropInfo* reason = policy != nullptr ? judge(*policy, depth) : nullptr;
  const bool unprotected = policy == nullptr || policy->action != Action::Protect;
  if (reason == nullptr && depth > 0 && unprotected && has_strayed(depth)) [[unlikely]] reason = &kPolicyMismatch;
  if (reason == &kPolicyMismatch) ++applied_[depth - 1]->counters.policy_mismatch;
  return reason;
}

bool IpsecKernel::admits_transit(Ip6Interface& in, Bytes packet) {
  transit_ = nullptr;
  if (spd_.empty() || in.is_loopback()) return true;
  transit_ = &flows_.find(spd_, Direction::Forward, flow_of_packet(packet));
  const DropInfo* reason = judge_flow(*transit_, depth_);
  if (reason == nullptr) [[likely]] return true;
  if (depth_ > 0 && reason != &kPolicyDiscard && is_icmp_error(transit_->flow)) {
    transit_ = nullptr;  // it is looked up again: the cache is asked for another flow
    if (error_is_as_good_as_its_subject(Direction::Forward, icmp_message_of(packet), depth_)) return true;
  }
  stack_.drop(*reason, packet);
  return false;
}

KnownFlow* IpsecKernel::subject_of_error(Direction direction, Bytes message) {
  if (message.size() <= kIcmpErrorHeader) return nullptr;
  return &flows_.find(spd_, direction, flow_of_packet(message.subspan(kIcmpErrorHeader)).reversed());
}

// RFC 4301 §6.2: an ICMP error is as trustworthy as what came the way that it came, if the packet that it is about went
// the other way under a policy that this satisfies.
bool IpsecKernel::error_is_as_good_as_its_subject(Direction direction, Bytes message, unsigned depth) {
  const KnownFlow* subject = subject_of_error(direction, message);
  return subject != nullptr && subject->policy != nullptr && subject->policy->action == Action::Protect &&
         judge(*subject->policy, depth) == nullptr;
}

// RFC 6275 §5.1: Binding Updates and Acknowledgements between mobile node and home agent. Those with a correspondent
// bear an authenticator (§6.2.7), and no H bit.
const DropInfo* IpsecKernel::judge_registration(const InputPacket& in) const {
  constexpr std::uint8_t kBindingUpdate = 5, kBindingAck = 6, kHomeRegistration = 0x40, kAuthorizationData = 5;
  constexpr std::size_t kTypeOffset = 2, kFlagsOffset = 8, kOptionsOfAck = 12;
  if (!config.require_protected_home_registrations || in.next_header != NextHeader::Mobility || in.ipsec_depth > 0) {
    return nullptr;
  }
  const Bytes mh = in.upper();
  if (mh.size() <= kOptionsOfAck) return nullptr;  // refused elsewhere
  if (mh[kTypeOffset] == kBindingUpdate) {
    return (mh[kFlagsOffset] & kHomeRegistration) != 0 ? &kUnprotectedRegistration : nullptr;
  }
  if (mh[kTypeOffset] != kBindingAck) return nullptr;
  for (std::size_t at = kOptionsOfAck; at < mh.size();) {
    if (mh[at] == kAuthorizationData) return nullptr;
    at += mh[at] == 0 ? 1 : at + 1 < mh.size() ? 2 + std::size_t{mh[at + 1]} : mh.size();
  }
  return &kUnprotectedRegistration;
}

// FNV-1a over the numbers of the associations; never 0 for protected packets, and never else.
std::uint32_t IpsecKernel::protection_tag(unsigned depth) const {
  if (depth == 0) return 0;
  std::uint32_t hash = 0x811c9dc5;
  for (unsigned i = 0; i < depth; ++i) {
    std::uint64_t number = applied_[i]->number;
    for (int octet = 0; octet < 8; ++octet, number >>= 8) hash = (hash ^ (number & 0xff)) * 0x01000193;
  }
  return hash | 1;
}

}  // namespace kamesim::ipsec
