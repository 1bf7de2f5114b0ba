#include "protocols/pmip6/mobility_sessions.h"

#include <algorithm>
#include <utility>

#include "protocols/pmip6/status.h"

namespace kamesim::pmip6 {

namespace {

using enum LookUp::Outcome;

LookUp update_of(const MobilitySession& session) { return {.outcome = Update, .session = session.id}; }

std::vector<Ipv6Prefix> sorted(std::vector<Ipv6Prefix> prefixes) {
  std::ranges::sort(prefixes);
  return prefixes;
}

// §5.4.1.1, item 5.
bool belongs_to(const Options& request, const Ipv6Address& care_of, const MobilitySession& session) {
  const bool same_technology = request.access_technology == session.access_technology;
  if (request.link_layer_identifier && *request.link_layer_identifier == session.link_layer_identifier &&
      same_technology) {
    return true;
  }
  if (request.handoff_indicator == kHandoffBetweenInterfaces) return true;
  if (!request.link_layer_identifier && is_all_zero(session.link_layer_identifier) && same_technology &&
      request.handoff_indicator == kHandoffBetweenGateways) {
    return true;
  }
  return session.proxy_care_of == care_of && same_technology;
}

}  // namespace

MobilitySession& MobilitySessions::add(MobilitySession session) {
  session.id = next_id_++;
  for (const Ipv6Prefix& prefix : session.prefixes) by_prefix_.insert_or_assign(prefix, session.id);
  by_mobile_node_[session.mobile_node].push_back(session.id);
  return by_id_.emplace(session.id, std::move(session)).first->second;
}

void MobilitySessions::remove(SessionId id) {
  const auto it = by_id_.find(id);
  if (it == by_id_.end()) return;
  for (const Ipv6Prefix& prefix : it->second.prefixes) by_prefix_.erase(prefix);
  const auto sessions = by_mobile_node_.find(it->second.mobile_node);
  std::erase(sessions->second, id);
  if (sessions->second.empty()) by_mobile_node_.erase(sessions);
  by_id_.erase(it);
}

MobilitySession* MobilitySessions::find(SessionId id) {
  const auto it = by_id_.find(id);
  return it == by_id_.end() ? nullptr : &it->second;
}

std::vector<MobilitySession*> MobilitySessions::of(const MobileNodeIdentifier& mobile_node) {
  std::vector<MobilitySession*> sessions;
  if (const auto it = by_mobile_node_.find(mobile_node); it != by_mobile_node_.end()) {
    for (const SessionId id : it->second) sessions.push_back(find(id));
  }
  return sessions;
}

MobilitySession* MobilitySessions::with_prefix(const Ipv6Prefix& prefix) {
  const auto it = by_prefix_.find(prefix);
  return it == by_prefix_.end() ? nullptr : find(it->second);
}

const MobilitySession* MobilitySessions::with_address(const Ipv6Address& address) const {
  auto it = by_prefix_.upper_bound(Ipv6Prefix(address, 128));
  if (it == by_prefix_.begin()) return nullptr;
  --it;
  return it->first.contains(address) ? &by_id_.at(it->second) : nullptr;
}

LookUp MobilitySessions::look_up(const ProxyBindingUpdate& request, const Ipv6Address& care_of) {
  std::vector<Ipv6Prefix> asked_for;
  for (const Ipv6Prefix& prefix : request.options.home_network_prefixes) {
    if (!is_all_zero(prefix)) asked_for.push_back(prefix);
  }
  if (!asked_for.empty()) return by_prefix(request.options, care_of, asked_for);
  const auto& identifier = request.options.link_layer_identifier;
  if (identifier && !is_all_zero(*identifier)) return by_link_layer_identifier(request.options);
  return by_mobile_node(request.options);
}

// §5.4.1.1.
LookUp MobilitySessions::by_prefix(const Options& request, const Ipv6Address& care_of,
                                   const std::vector<Ipv6Prefix>& asked_for) {
  const auto with = std::ranges::find_if(asked_for, [&](const Ipv6Prefix& p) { return with_prefix(p) != nullptr; });
  if (with == asked_for.end()) return {};  // item 2
  const MobilitySession& session = *with_prefix(*with);
  if (session.mobile_node != *request.mobile_node) {  // item 3
    return {.outcome = Reject, .status = kNotAuthorizedForHomeNetworkPrefix};
  }
  if (sorted(request.home_network_prefixes) != sorted(session.prefixes)) {  // item 4
    return {.outcome = Reject, .status = kBcePbuPrefixSetDoNotMatch};
  }
  return belongs_to(request, care_of, session) ? update_of(session) : LookUp{};  // items 5, 6
}

// §5.4.1.2.
LookUp MobilitySessions::by_link_layer_identifier(const Options& request) {
  const std::vector<MobilitySession*> sessions = of(*request.mobile_node);
  for (const MobilitySession* session : sessions) {  // item 2
    if (session->access_technology == request.access_technology &&
        session->link_layer_identifier == *request.link_layer_identifier) {
      return update_of(*session);
    }
  }
  if (sessions.size() != 1) return {};
  if (request.handoff_indicator == kHandoffBetweenInterfaces) return update_of(*sessions.front());  // item 3
  if (request.handoff_indicator == kHandoffStateUnknown) return wait_for(sessions);                 // item 4
  return {};
}

// §5.4.1.3.
LookUp MobilitySessions::by_mobile_node(const Options& request) {
  const std::vector<MobilitySession*> sessions = of(*request.mobile_node);
  if (sessions.size() != 1) return {};
  const auto hint = request.handoff_indicator;
  if (hint == kHandoffBetweenInterfaces || hint == kHandoffBetweenGateways) return update_of(*sessions.front());
  if (hint == kHandoffStateUnknown) return wait_for(sessions);
  return {};
}

LookUp MobilitySessions::wait_for(const std::vector<MobilitySession*>& only) {
  const MobilitySession& session = *only.front();
  if (session.delete_at) return update_of(session);  // it has been de-registered already
  return {.outcome = Wait, .session = session.id};
}

}  // namespace kamesim::pmip6
