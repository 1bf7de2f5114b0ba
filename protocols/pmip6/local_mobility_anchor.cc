#include "protocols/pmip6/local_mobility_anchor.h"

#include <algorithm>
#include <utility>

#include "protocols/mip6/binding_status.h"
#include "protocols/mip6/binding_update_reception.h"
#include "protocols/pmip6/status.h"

namespace kamesim::pmip6 {

namespace {

const AnchorPolicy kPlainPolicy;

bool contains(const std::vector<Ipv6Address>& list, const Ipv6Address& address) {
  return std::ranges::find(list, address) != list.end();
}

}  // namespace

LocalMobilityAnchor::LocalMobilityAnchor(const AnchorConfig& config, RandomStream random)
    : config_(config), random_(random), pool_(config.prefix_pool, config.prefix_length) {
  for (const auto& [mobile_node, known] : config_.mobile_nodes) {
    for (const Ipv6Prefix& prefix : known.prefixes) pool_.take(prefix);
  }
}

// ---- §5.3.1, in its order -----------------------------------------------------------------------------------------

LocalMobilityAnchor::Output LocalMobilityAnchor::on_proxy_binding_update(Time now, const Request& r) {
  Output out = on_timeout(now);
  const Options& options = r.update.options;
  if (!is_unicast_routable(r.care_of()) || !is_unicast_routable(r.source)) {
    out.dropped = &kPbuCareOfNotRoutable;
    return out;
  }
  if (const auto status = check_sender(r)) return reject(now, r, *status, out), out;      // items 4 to 8
  if (const auto status = check_timestamp(now, r)) return reject(now, r, *status, out), out;  // item 9
  if (const auto status = check_options(options)) return reject(now, r, *status, out), out;   // items 10 to 12
  associate(now, r, out);
  return out;
}

const AnchorPolicy* LocalMobilityAnchor::policy(const MobileNodeIdentifier& mobile_node) const {
  const auto it = config_.mobile_nodes.find(mobile_node);
  if (it != config_.mobile_nodes.end()) return &it->second;
  return config_.serve_unknown_mobile_nodes ? &kPlainPolicy : nullptr;
}

std::optional<std::uint8_t> LocalMobilityAnchor::check_sender(const Request& r) const {
  const auto& mobile_node = r.update.options.mobile_node;
  if (!mobile_node || mobile_node->identifier.empty()) return kMissingMnIdentifierOption;
  if (!config_.gateways.empty() && !contains(config_.gateways, r.care_of())) return kMagNotAuthorizedForProxyReg;
  const AnchorPolicy* known = policy(*mobile_node);
  if (known == nullptr) return kNotLmaForThisMobileNode;
  if (!known->gateways.empty() && !contains(known->gateways, r.care_of())) return kMagNotAuthorizedForProxyReg;
  if (!known->enabled) return kProxyRegNotEnabled;
  return std::nullopt;
}

// §5.5. Without a timestamp the sequence number counts, which is a session's (`associate`).
std::optional<std::uint8_t> LocalMobilityAnchor::check_timestamp(Time now, const Request& r) {
  const auto& timestamp = r.update.options.timestamp;
  if (!timestamp) return std::nullopt;
  Timestamp accepted = 0;
  for (const MobilitySession* session : sessions_.of(*r.update.options.mobile_node)) {
    accepted = std::max(accepted, session->timestamp);
  }
  // One that is equal is not valid either (item 6), and no fault of the sender's clock: it is to try again.
  if (*timestamp <= accepted) return kTimestampLowerThanPrevAccepted;
  if (config_.mobile_node_generated_timestamps) return std::nullopt;
  const Duration difference = time_of(*timestamp) - time_of_day(now);
  const Duration window = config_.timestamp_validity_window;
  return difference > window || difference < -window ? std::optional(kTimestampMismatch) : std::nullopt;
}

std::optional<std::uint8_t> LocalMobilityAnchor::check_options(const Options& options) {
  if (options.home_network_prefixes.empty()) return kMissingHomeNetworkPrefixOption;
  if (!options.handoff_indicator) return kMissingHandoffIndicatorOption;
  if (!options.access_technology) return kMissingAccessTechTypeOption;
  return std::nullopt;
}

// Item 13.
void LocalMobilityAnchor::associate(Time now, const Request& r, Output& out) {
  const LookUp found = sessions_.look_up(r.update, r.care_of());
  const bool ends = r.update.lifetime == Duration();
  if (found.outcome == LookUp::Outcome::Reject) return reject(now, r, found.status, out);
  if (found.outcome != LookUp::Outcome::Update) {
    if (ends) {  // "MUST be silently ignored"
      out.dropped = &kPbuNoSessionToEnd;
      return;
    }
    const bool waits = found.outcome == LookUp::Outcome::Wait && config_.wait_for_deregistration;
    return waits ? wait(now, r, found.session) : create(now, r, out);
  }
  MobilitySession& session = *sessions_.find(found.session);
  const bool by_sequence = !r.update.options.timestamp && session.timestamp == 0;
  if (by_sequence && !r.update.sequence.newer_than(session.sequence)) {
    reject(now, r, kSequenceNumberOutOfWindow, out);
    out.acks.back().ack.sequence = session.sequence;  // RFC 6275 §9.5.1: the last one accepted
    return;
  }
  return ends ? deregister(now, r, session, out) : extend(now, r, session, out);
}

// ---- §5.3.2 -------------------------------------------------------------------------------------------------------

void LocalMobilityAnchor::create(Time now, const Request& r, Output& out) {
  MobilitySession session{.mobile_node = *r.update.options.mobile_node};
  if (sessions_.size() >= config_.max_sessions) return reject(now, r, kInsufficientResources, out);
  if (const auto status = assign_prefixes(r, session.prefixes)) return reject(now, r, *status, out);
  accept(now, r, sessions_.add(std::move(session)), out);
}

// Items 1 to 3.
std::optional<std::uint8_t> LocalMobilityAnchor::assign_prefixes(const Request& r, std::vector<Ipv6Prefix>& assigned) {
  const AnchorPolicy& known = *policy(*r.update.options.mobile_node);
  std::vector<Ipv6Prefix> taken;  // of the pool, to give back if the request is rejected
  auto fail = [&](std::uint8_t status) {
    for (const Ipv6Prefix& prefix : taken) pool_.release(prefix);
    return status;
  };
  bool allocate = false;
  for (const Ipv6Prefix& prefix : r.update.options.home_network_prefixes) {
    if (is_all_zero(prefix)) {
      allocate = true;
      continue;
    }
    const bool own = std::ranges::find(known.prefixes, prefix) != known.prefixes.end();
    if (own ? sessions_.with_prefix(prefix) != nullptr : !known.prefixes.empty() || !pool_.take(prefix)) {
      return fail(kNotAuthorizedForHomeNetworkPrefix);
    }
    if (!own) taken.push_back(prefix);
    if (std::ranges::find(assigned, prefix) == assigned.end()) assigned.push_back(prefix);
  }
  if (!allocate) return std::nullopt;
  const std::size_t before = assigned.size();
  for (const Ipv6Prefix& prefix : known.prefixes) {
    const bool here = std::ranges::find(assigned, prefix) != assigned.end();
    if (!here && sessions_.with_prefix(prefix) == nullptr) assigned.push_back(prefix);
  }
  if (assigned.size() > before) return std::nullopt;
  for (std::size_t i = 0; i < known.prefix_count; ++i) {
    const auto prefix = pool_.allocate();
    if (!prefix) break;
    assigned.push_back(*prefix);
  }
  if (assigned.size() > before) return std::nullopt;
  return fail(kInsufficientResources);
}

// ---- §5.3.3, §5.3.4 -----------------------------------------------------------------------------------------------

void LocalMobilityAnchor::extend(Time now, const Request& r, MobilitySession& session, Output& out) {
  stop_waiting(session.mobile_node, r.care_of());
  accept(now, r, session, out);
}

void LocalMobilityAnchor::accept(Time now, const Request& r, MobilitySession& session, Output& out) {
  const Options& options = r.update.options;
  const Duration lifetime =
      std::max(whole_lifetime_units(std::min(r.update.lifetime, config_.max_lifetime)), kLifetimeUnit);
  session.link_layer_identifier = options.link_layer_identifier.value_or(LinkLayerIdentifier{0, 0});
  session.access_technology = *options.access_technology;
  session.proxy_care_of = r.care_of();
  session.anchor_address = r.destination;
  session.sequence = r.update.sequence;
  session.timestamp = options.timestamp ? std::max(session.timestamp, *options.timestamp) : 0;
  set_deadline(session, now + lifetime, std::nullopt);
  if (options.link_local_address) {
    if (!options.link_local_address->is_unspecified()) session.link_local_address = *options.link_local_address;
    if (session.link_local_address.is_unspecified()) session.link_local_address = new_link_local();
  }
  ProxyBindingAck ack{.status = kBindingAccepted, .sequence = r.update.sequence, .lifetime = lifetime,
                      .options = options};
  ack.options.home_network_prefixes = session.prefixes;
  if (options.link_local_address) ack.options.link_local_address = session.link_local_address;
  out.routing.push_back({Routing::Kind::Forward, session});
  out.acks.push_back({r.destination, r.source, std::move(ack)});
}

// §6.8: "the specific method [...] is out of scope".
Ipv6Address LocalMobilityAnchor::new_link_local() {
  constexpr std::uint64_t kLocallyUnique = ~(std::uint64_t{1} << 57);  // RFC 4291 Appendix A: the u bit is zero
  return with_interface_id(kLinkLocalPrefix, InterfaceId(random_.next_u64() & kLocallyUnique));
}

// ---- §5.3.5 -------------------------------------------------------------------------------------------------------

void LocalMobilityAnchor::deregister(Time now, const Request& r, MobilitySession& session, Output& out) {
  if (r.care_of() != session.proxy_care_of) {
    out.dropped = &kPbuNotFromServingGateway;
    return;
  }
  session.sequence = r.update.sequence;
  if (r.update.options.timestamp) session.timestamp = *r.update.options.timestamp;
  if (!session.delete_at) {
    set_deadline(session, session.expires, now + config_.min_delay_before_bce_delete);
    out.routing.push_back({Routing::Kind::Hold, session});
  }
  ProxyBindingAck ack{.status = kBindingAccepted, .sequence = r.update.sequence, .lifetime = Duration(),
                      .options = r.update.options};
  ack.options.home_network_prefixes = session.prefixes;
  if (ack.options.link_local_address && ack.options.link_local_address->is_unspecified()) {
    ack.options.link_local_address = session.link_local_address;
  }
  out.acks.push_back({r.destination, r.source, std::move(ack)});
  const auto next = std::ranges::find(waiting_, session.id, &Waiting::session);
  if (next == waiting_.end()) return;
  const Request arrived = next->received;
  extend(now, arrived, session, out);
}

// ---- §5.4.1.2 item 4, §5.4.1.3 item 3 -----------------------------------------------------------------------------

void LocalMobilityAnchor::wait(Time now, const Request& r, SessionId session) {
  for (Waiting& w : waiting_) {  // sent again: the last one is answered
    if (w.session == session && w.received.care_of() == r.care_of()) {
      w.received = r;
      return;
    }
  }
  if (waiting_.size() < config_.max_sessions) {
    waiting_.push_back({r, session, now + config_.max_delay_before_new_bce_assign});
  }
}

void LocalMobilityAnchor::stop_waiting(const MobileNodeIdentifier& mobile_node, const Ipv6Address& care_of) {
  std::erase_if(waiting_, [&](const Waiting& w) {
    return w.received.update.options.mobile_node == mobile_node && w.received.care_of() == care_of;
  });
}

// ---- Time ---------------------------------------------------------------------------------------------------------

void LocalMobilityAnchor::set_deadline(MobilitySession& session, Time expires, std::optional<Time> delete_at) {
  deadlines_.erase({session.deadline(), session.id});
  session.expires = expires;
  session.delete_at = delete_at;
  deadlines_.emplace(session.deadline(), session.id);
}

void LocalMobilityAnchor::end(SessionId id, Output& out) {
  const MobilitySession ended = *sessions_.find(id);
  const auto known = config_.mobile_nodes.find(ended.mobile_node);
  for (const Ipv6Prefix& prefix : ended.prefixes) {
    const bool own = known != config_.mobile_nodes.end() &&
                     std::ranges::find(known->second.prefixes, prefix) != known->second.prefixes.end();
    if (!own) pool_.release(prefix);
  }
  deadlines_.erase({ended.deadline(), id});
  sessions_.remove(id);
  out.routing.push_back({Routing::Kind::Remove, ended});
}

LocalMobilityAnchor::Output LocalMobilityAnchor::on_timeout(Time now) {
  Output out;
  while (!deadlines_.empty() && deadlines_.begin()->first <= now) end(deadlines_.begin()->second, out);
  while (!waiting_.empty() && waiting_.front().until <= now) {
    const Request request = waiting_.front().received;
    waiting_.erase(waiting_.begin());
    create(now, request, out);
  }
  return out;
}

std::optional<Time> LocalMobilityAnchor::next_timeout() const {
  std::optional<Time> next;
  if (!deadlines_.empty()) next = deadlines_.begin()->first;
  if (!waiting_.empty()) next = next ? std::min(*next, waiting_.front().until) : waiting_.front().until;
  return next;
}

// ---- §5.3.6 -------------------------------------------------------------------------------------------------------

void LocalMobilityAnchor::reject(Time now, const Request& r, std::uint8_t status, Output& out) const {
  ProxyBindingAck ack{.status = status, .sequence = r.update.sequence, .lifetime = Duration(),
                      .options = r.update.options};
  Options& options = ack.options;
  if (!options.mobile_node) options.mobile_node = MobileNodeIdentifier{};
  if (options.home_network_prefixes.empty()) options.home_network_prefixes.emplace_back();
  if (!options.handoff_indicator) options.handoff_indicator = 0;
  if (!options.access_technology) options.access_technology = 0;
  const bool about_time = status == kTimestampMismatch || status == kTimestampLowerThanPrevAccepted;
  if (about_time) options.timestamp = timestamp_of(time_of_day(now));
  out.acks.push_back({r.destination, r.source, std::move(ack)});
}

}  // namespace kamesim::pmip6
