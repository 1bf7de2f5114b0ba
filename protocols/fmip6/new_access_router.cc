#include "protocols/fmip6/new_access_router.h"

#include <algorithm>

namespace kamesim {

using Output = NewAccessRouter::Output;

Output NewAccessRouter::answer(const Handover& handover, std::uint8_t code, std::optional<Ipv6Address> address) {
  return {.ack = HandoverAckToSend{{.sequence = handover.initiate.sequence, .code = code, .new_care_of = address},
                                   handover.from}};
}

Output NewAccessRouter::refuse(const Handover& handover, std::uint8_t code, const DropInfo& reason) {
  Output out = answer(handover, code);
  out.dropped = &reason;
  return out;
}

Output NewAccessRouter::on_handover_initiate(Time now, const Ipv6Address& from, const HandoverInitiate& message) {
  const Handover handover{from, message, false, {}};
  // §6.2.1.2: it MUST be answered, and a refusal says why.
  if (!config_.routers.empty() && std::ranges::find(config_.routers, from) == config_.routers.end()) {
    return refuse(handover, HandoverAck::AdministrativelyProhibited, kHiUnknownRouter);
  }
  if (!message.mobile_node) return refuse(handover, HandoverAck::ReasonUnspecified, kHiNoMobileNode);
  if (!message.new_care_of) return refuse(handover, HandoverAck::ReasonUnspecified, kHiNoNewCareOf);
  // §4: with Code 1 the mobile node is here already, and none of what follows is done.
  if (message.code == 1) {
    const bool ours = config_.prefix.contains(*message.new_care_of);
    return answer(handover, ours ? std::uint8_t{HandoverAck::Accepted} : std::uint8_t{HandoverAck::ReasonUnspecified});
  }
  const auto known = handovers_.find(*message.new_care_of);
  const bool same = known != handovers_.end() && known->second.initiate.mobile_node == message.mobile_node;
  if (same) {  // sent again, or moving here anew: the same address will do
    known->second.from = from;
    known->second.initiate = message;
    return known->second.testing ? Output{} : accept(now, known);
  }
  if (handovers_.size() >= config_.max_handovers) return answer(handover, HandoverAck::InsufficientResources);
  const bool fits = config_.prefix.contains(*message.new_care_of) && known == handovers_.end() &&
                    !in_use_(*message.new_care_of, *message.mobile_node);
  return take(now, fits ? *message.new_care_of : assign(*message.mobile_node), handover);
}

// An address of this link that nobody has, as far as is known (§5.2: the NAR may supply another one).
Ipv6Address NewAccessRouter::assign(const MacAddress& mobile_node) const {
  while (true) {
    const Ipv6Address address = with_interface_id(Ipv6Prefix(config_.prefix.address(), 64), InterfaceId(draw_()));
    if (!handovers_.contains(address) && !in_use_(address, mobile_node)) return address;
  }
}

Output NewAccessRouter::take(Time now, const Ipv6Address& address, Handover handover) {
  handover.testing = config_.test_addresses;
  const auto it = handovers_.insert_or_assign(address, std::move(handover)).first;
  if (config_.test_addresses) return {.test = address};
  return accept(now, it);
}

Output NewAccessRouter::accept(Time now, Handovers::iterator it) {
  Handover& handover = it->second;
  handover.testing = false;
  handover.until = now + config_.proxy_lifetime;
  const HandoverInitiate& hi = handover.initiate;
  const bool assigned = hi.assigned_address || it->first != *hi.new_care_of;
  Output out = assigned ? answer(handover, HandoverAck::AcceptedNcoaAssigned, it->first)
                        : answer(handover, HandoverAck::Accepted);
  out.proxy = std::pair(it->first, hi.buffer ? Keep::Yes : Keep::No);
  return out;
}

Output NewAccessRouter::on_dad_result(Time now, const Ipv6Address& address, DadResult result) {
  const auto it = handovers_.find(address);
  if (it == handovers_.end() || !it->second.testing) return {};
  if (result == DadResult::Unique) return accept(now, it);
  const Handover handover = it->second;
  handovers_.erase(it);
  return take(now, assign(*handover.initiate.mobile_node), handover);
}

Output NewAccessRouter::on_unsolicited_advertisement(Time, const Ipv6Address& target, const MacAddress& mac) {
  const auto it = handovers_.find(target);
  // §6.3: address and link-layer address together tell the mobile node from others.
  if (it == handovers_.end() || it->second.testing || it->second.initiate.mobile_node != mac) return {};
  handovers_.erase(it);
  return {.arrived = Arrived{target, mac}};
}

Output NewAccessRouter::on_timeout(Time now) {
  for (auto it = handovers_.begin(); it != handovers_.end(); ++it) {
    if (!it->second.until || now < *it->second.until) continue;
    const Ipv6Address address = it->first;
    handovers_.erase(it);
    return {.gave_up = address};
  }
  return {};
}

std::optional<Time> NewAccessRouter::next_timeout() const {
  std::optional<Time> next;
  for (const auto& [address, handover] : handovers_) {
    if (handover.until && (!next || *handover.until < *next)) next = handover.until;
  }
  return next;
}

}  // namespace kamesim
