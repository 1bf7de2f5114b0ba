#include "protocols/fmip6/previous_access_router.h"

#include <algorithm>

namespace kamesim {

using Output = PreviousAccessRouter::Output;

DropReason PreviousAccessRouter::check(const ReceivedFastBindingUpdate& r) const {
  if (!r.home_address_option) return &kFbuNoHomeAddressOption;
  if (!config_.prefix.contains(*r.home_address_option)) return &kFbuNotOurLink;
  if (!r.update.acknowledge || !r.update.home_registration) return &kFbuFlagsMissing;
  const Ipv6Address care_of = r.update.lifetime == Duration() ? *r.home_address_option : r.new_care_of();
  const bool authentic = r.update.authorization &&
                         authenticator_valid(config_.key, care_of, r.destination, r.mobility_header);
  if (!authentic) return &kFbuBadAuthenticator;
  const bool needs_care_of = r.update.lifetime > Duration();
  if (needs_care_of && r.new_care_of() == *r.home_address_option) return &kFbuNoNewCareOf;
  return nullptr;
}

// §4: "the longest prefix match of NCoA with the prefix list of neighboring access routers".
const NeighborhoodTuple* PreviousAccessRouter::new_router_of(const Ipv6Address& new_care_of) const {
  const NeighborhoodTuple* best = nullptr;
  for (const NeighborhoodTuple& n : config_.neighbors) {
    if (n.prefix.contains(new_care_of) && (best == nullptr || n.prefix.length() > best->prefix.length())) best = &n;
  }
  return best;
}

FastBindingAckToSend PreviousAccessRouter::answer(const ReceivedFastBindingUpdate& r, const Ipv6Address& destination,
                                                  const FastBindingAck& ack) const {
  FastBindingAckToSend out{ack, r.destination, destination, r.new_care_of()};
  out.ack.sequence = r.update.sequence;
  out.ack.authorization = BindingAuthorizationDataFmip6{};
  if (r.update.lifetime == Duration()) out.care_of = *r.home_address_option;
  return out;
}

Output PreviousAccessRouter::refuse(const ReceivedFastBindingUpdate& r, std::uint8_t status) const {
  Output out;
  out.acks.push_back(answer(r, r.source, {.status = status}));
  return out;
}

Output PreviousAccessRouter::on_fast_binding_update(Time now, const ReceivedFastBindingUpdate& r) {
  if (DropReason reason = check(r)) return {.dropped = reason};
  const Ipv6Address pcoa = *r.home_address_option;
  const auto known = handovers_.find(pcoa);
  if (known != handovers_.end() && !r.update.sequence.newer_than(known->second.sequence)) {
    return {.dropped = &kFbuStaleSequence};
  }
  if (r.update.lifetime == Duration()) return end(now, known, r);
  const NeighborhoodTuple* router = new_router_of(r.new_care_of());
  if (router == nullptr || !router->fast_handovers) return refuse(r, FastBindingAck::ReasonUnspecified);
  if (known == handovers_.end() && handovers_.size() >= config_.max_handovers) {
    return refuse(r, FastBindingAck::InsufficientResources);
  }
  // §5.6: a new FBU supersedes the binding that there is, which serves until the new one is made.
  Handover& handover = handovers_[pcoa];
  handover.fbu = r;
  handover.fbu.mobility_header = {};
  handover.new_care_of = r.new_care_of();
  handover.new_router = router->router;
  handover.sequence = r.update.sequence;
  const bool from_here = r.source == pcoa;
  handover.initiate = {.sequence = ++last_initiate_,
                       .buffer = config_.buffer && from_here,  // §6.2.1.1: SHOULD be 0 with Code 1
                       .code = static_cast<std::uint8_t>(from_here ? 0 : 1),
                       .mobile_node = r.update.mobile_node,
                       .previous_care_of = pcoa,
                       .new_care_of = handover.new_care_of};
  handover.tries = 0;
  handover.timeout = kInitialHandoverTimeout;
  handover.waiting = true;
  return initiate(now, handover);
}

Output PreviousAccessRouter::initiate(Time now, Handover& handover) {
  ++handover.tries;
  handover.deadline = now + handover.timeout;
  handover.timeout = handover.timeout * 2;
  return {.initiate = HandoverInitiateToSend{handover.initiate, handover.new_router}};
}

Output PreviousAccessRouter::end(Time, Handovers::iterator handover, const ReceivedFastBindingUpdate& r) {
  Output out;
  out.acks.push_back(answer(r, r.source, {.status = FastBindingAck::Accepted}));
  if (handover == handovers_.end()) return out;
  if (handover->second.bound) out.restore = handover->first;
  handovers_.erase(handover);
  return out;
}

Output PreviousAccessRouter::on_handover_ack(Time now, const Ipv6Address& from, const HandoverAck& ack) {
  const auto it = std::ranges::find_if(handovers_, [&](const auto& h) {
    return h.second.waiting && h.second.initiate.sequence == ack.sequence && h.second.new_router == from;
  });
  if (it == handovers_.end()) return {.dropped = &kHackUnmatched};
  Handover& handover = it->second;
  const ReceivedFastBindingUpdate fbu = handover.fbu;
  // An NCoA that is not valid, without another in its place, is nowhere to send to.
  const bool nowhere = ack.code == HandoverAck::AcceptedNcoaInvalid && !ack.new_care_of;
  if (!ack.accepted() || nowhere) {
    const bool bound = handover.bound;
    handovers_.erase(it);
    Output out = refuse(fbu, nowhere ? std::uint8_t{FastBindingAck::ReasonUnspecified} : ack.code);
    if (bound) out.restore = *fbu.home_address_option;
    return out;
  }
  handover.waiting = false;
  handover.bound = true;
  FastBindingAck granted{.status = FastBindingAck::Accepted,
                         .lifetime = std::min(fbu.update.lifetime, config_.max_lifetime)};
  if (ack.new_care_of && *ack.new_care_of != handover.new_care_of) {  // §4: it MUST be told
    handover.new_care_of = *ack.new_care_of;
    granted.status = FastBindingAck::AcceptedUseSupplied;
    granted.alternate_care_of_address = ack.new_care_of;
  }
  handover.deadline = now + granted.lifetime;
  const bool use_pcoa = ack.code == HandoverAck::AcceptedUsePcoa;
  Output out;
  // §6.2.3: to the NCoA, and on the old link as well, where the mobile node may still be.
  if (fbu.source == *fbu.home_address_option) out.acks.push_back(answer(fbu, fbu.source, granted));
  if (!use_pcoa) out.acks.push_back(answer(fbu, handover.new_care_of, granted));
  out.redirect = Redirect{*fbu.home_address_option, use_pcoa ? handover.new_router : handover.new_care_of,
                          fbu.destination};
  return out;
}

Output PreviousAccessRouter::on_timeout(Time now) {
  const auto it = std::ranges::min_element(handovers_, {}, [](const auto& h) { return h.second.deadline; });
  if (it == handovers_.end() || now < it->second.deadline) return {};
  Handover& handover = it->second;
  if (handover.waiting && handover.tries <= kHiRetries) return initiate(now, handover);
  Output out;
  if (handover.waiting) out = refuse(handover.fbu, FastBindingAck::ReasonUnspecified);
  if (handover.bound) out.restore = it->first;
  handovers_.erase(it);
  return out;
}

std::optional<Time> PreviousAccessRouter::next_timeout() const {
  std::optional<Time> next;
  for (const auto& [pcoa, handover] : handovers_) {
    if (!next || handover.deadline < *next) next = handover.deadline;
  }
  return next;
}

std::vector<PreviousAccessRouter::Entry> PreviousAccessRouter::entries() const {
  std::vector<Entry> list;
  for (const auto& [pcoa, handover] : handovers_) {
    list.push_back({pcoa, handover.new_care_of, handover.bound, handover.deadline});
  }
  return list;
}

}  // namespace kamesim
