#include "protocols/pmip6/mobile_access_gateway.h"

#include <algorithm>

#include "protocols/mip6/binding_status.h"
#include "protocols/pmip6/status.h"

namespace kamesim::pmip6 {

namespace {

using State = Binding::State;

std::uint8_t hint_of(Attachment how) {  // §6.9.1.1, items 4 and 5
  switch (how) {
    case Attachment::New: return kAttachmentOverNewInterface;
    case Attachment::Moved: return kHandoffBetweenGateways;
    case Attachment::Unknown: return kHandoffStateUnknown;
  }
  return kHandoffStateUnknown;
}

// §6.9.1.2, item 6.
bool echoes(const Options& ack, const Options& update) {
  return ack.handoff_indicator == update.handoff_indicator && ack.access_technology == update.access_technology &&
         ack.link_layer_identifier == update.link_layer_identifier && ack.mobile_node == update.mobile_node;
}

}  // namespace

MobileAccessGateway::MobileAccessGateway(const GatewayConfig& config, RandomStream random)
    : config_(config), random_(random) {}

const Binding* MobileAccessGateway::find(MacAddress station) const {
  const auto it = entries_.find(station);
  return it == entries_.end() ? nullptr : &it->second.binding;
}

std::vector<Binding> MobileAccessGateway::bindings() const {
  std::vector<Binding> all;
  for (const auto& [station, entry] : entries_) all.push_back(entry.binding);
  return all;
}

// ---- The access link (§6.9.1.1, §6.9.1.4) -------------------------------------------------------------------------

MobileAccessGateway::Output MobileAccessGateway::on_attached(Time now, MacAddress station, Attachment how) {
  Output out;
  const auto profile = config_.mobile_nodes.find(station);
  if (profile == config_.mobile_nodes.end()) return out;
  const auto known = entries_.find(station);
  if (known == entries_.end()) {
    Entry& entry = entries_[station];
    entry.binding = {.station = station, .profile = profile->second,
                     .link_local_address = config_.fixed_link_local};
    register_again(now, entry, hint_of(how), out);
    return out;
  }
  Entry& entry = known->second;
  const bool returns = entry.binding.state == State::Leaving;
  // A solicitation is no reason to ask again for what was denied.
  const bool tries_again = entry.binding.state == State::Denied && how != Attachment::Unknown;
  if (returns || tries_again) register_again(now, entry, hint_of(how), out);
  return out;
}

MobileAccessGateway::Output MobileAccessGateway::on_detached(Time now, MacAddress station) {
  Output out;
  const auto it = entries_.find(station);
  if (it == entries_.end() || it->second.binding.state == State::Leaving) return out;
  Entry& entry = it->second;
  if (entry.binding.state == State::Denied) return remove(station, out), out;
  entry.binding.state = State::Leaving;
  entry.hint = kHandoffStateUnknown;
  entry.refresh_at.reset();
  entry.send_at = rates_[station].allowed_at(now);
  due(now, entry, out);
  return out;
}

MobileAccessGateway::Output MobileAccessGateway::on_link_local_in_use(Time now, MacAddress station) {
  Output out;
  const auto it = entries_.find(station);
  if (it == entries_.end() || it->second.binding.state != State::Bound) return out;
  if (!config_.fixed_link_local.is_unspecified()) return out;
  Entry& entry = it->second;
  constexpr std::uint64_t kLocallyUnique = ~(std::uint64_t{1} << 57);  // RFC 4291 Appendix A: the u bit is zero
  entry.chosen_link_local = with_interface_id(kLinkLocalPrefix, InterfaceId(random_.next_u64() & kLocallyUnique));
  register_again(now, entry, kHandoffStateNotChanged, out);
  return out;
}

// ---- Sending (§6.9.1.5, §6.9.4) -----------------------------------------------------------------------------------

void MobileAccessGateway::register_again(Time now, Entry& entry, std::uint8_t hint, Output& out) {
  if (hint != kHandoffStateNotChanged) entry.binding.state = State::Registering;
  entry.hint = hint;
  entry.timeout = kInitialBindackTimeout;
  entry.refresh_at.reset();
  entry.remove_at.reset();
  entry.send_at = rates_[entry.binding.station].allowed_at(now);
  due(now, entry, out);
}

std::vector<Ipv6Prefix> MobileAccessGateway::prefixes_to_ask_for(const Entry& entry) const {
  if (!entry.binding.prefixes.empty()) return entry.binding.prefixes;
  if (!entry.ask_for_any_prefix && !entry.binding.profile.prefixes.empty()) return entry.binding.profile.prefixes;
  return {Ipv6Prefix()};  // "there MUST be only one instance" of ALL_ZERO
}

Timestamp MobileAccessGateway::next_timestamp(Time now) {
  last_timestamp_ = std::max(last_timestamp_ + 1, timestamp_of(now + config_.clock_offset));
  return last_timestamp_;
}

void MobileAccessGateway::transmit(Time now, Entry& entry, Output& out) {
  const Binding& binding = entry.binding;
  const bool leaves = binding.state == State::Leaving;
  SeqNum16& sequence =
      config_.timestamps ? sequence_ : sequences_.try_emplace(binding.profile.mobile_node, SeqNum16(0)).first->second;
  sequence = sequence.next();
  ProxyBindingUpdate update{.sequence = sequence, .lifetime = leaves ? Duration() : config_.lifetime};
  update.options = {.mobile_node = binding.profile.mobile_node,
                    .home_network_prefixes = prefixes_to_ask_for(entry),
                    .handoff_indicator = entry.hint,
                    .access_technology = config_.access_technology,
                    .link_layer_identifier = link_layer_identifier(binding.station)};
  if (config_.timestamps) update.options.timestamp = next_timestamp(now);
  if (config_.fixed_link_local.is_unspecified()) {  // §6.9.1.1 item 9
    update.options.link_local_address = entry.chosen_link_local.value_or(Ipv6Address());
  }
  entry.last = update;
  entry.sent_at = now;
  rates_[binding.station].record(now);
  if (leaves) {  // once: who comes next tells the anchor too
    entry.send_at.reset();
    entry.remove_at = now + kInitialBindackTimeout;
  } else {
    entry.send_at = now + entry.timeout;
    entry.timeout = std::min(entry.timeout * 2, kMaxBindackTimeout);
  }
  out.updates.push_back({binding.profile.anchor, std::move(update)});
}

// ---- Acknowledgements (§6.9.1.2) ----------------------------------------------------------------------------------

MobileAccessGateway::Entry* MobileAccessGateway::match(const Ipv6Address& source, const ProxyBindingAck& ack) {
  for (auto& [station, entry] : entries_) {
    const bool awaited = entry.send_at || entry.remove_at;
    const bool mine = ack.options.mobile_node == entry.binding.profile.mobile_node &&
                      source == entry.binding.profile.anchor;
    // Status 135 tells the last sequence number accepted, not that of the update.
    const bool in_answer = ack.sequence == entry.last.sequence || ack.status == kSequenceNumberOutOfWindow;
    if (awaited && mine && in_answer) return &entry;
  }
  return nullptr;
}

MobileAccessGateway::Output MobileAccessGateway::on_proxy_binding_ack(Time now, const Ipv6Address& source,
                                                                      const ProxyBindingAck& ack) {
  Output out;
  Entry* entry = match(source, ack);
  if (entry == nullptr) {
    out.dropped = &kPbaUnmatched;
  } else if (!echoes(ack.options, entry->last.options)) {
    out.dropped = &kPbaOptionsDiffer;
    entry->send_at.reset();  // "MUST NOT retransmit [...] until an administrative action is taken"
  } else if (entry->binding.state == State::Leaving) {
    remove(entry->binding.station, out);
  } else if (ack.accepted()) {
    accept(now, *entry, ack, out);
  } else {
    reject(now, *entry, ack, out);
  }
  return out;
}

void MobileAccessGateway::accept(Time now, Entry& entry, const ProxyBindingAck& ack, Output& out) {
  std::vector<Ipv6Prefix> prefixes;
  std::ranges::copy_if(ack.options.home_network_prefixes, std::back_inserter(prefixes),
                       [](const Ipv6Prefix& prefix) { return !is_all_zero(prefix); });
  const Duration lifetime = std::min(ack.lifetime, entry.last.lifetime);
  if (prefixes.empty() || lifetime == Duration()) {
    out.dropped = &kPbaWithoutPrefix;
    return;
  }
  Binding& binding = entry.binding;
  binding.prefixes = std::move(prefixes);
  if (ack.options.link_local_address && !ack.options.link_local_address->is_unspecified()) {
    binding.link_local_address = *ack.options.link_local_address;
  }
  binding.state = State::Bound;
  binding.established = true;
  binding.expires = entry.sent_at + lifetime;  // counted from when the update was sent (RFC 6275 §11.7.3)
  const Duration refresh = lifetime * 3 / 4;
  entry.refresh_at = std::max(now, entry.sent_at + std::min(refresh, ack.refresh_interval.value_or(refresh)));
  entry.send_at.reset();
  entry.timeout = kInitialBindackTimeout;
  out.changes.push_back({Change::Kind::Bound, binding});
}

void MobileAccessGateway::reject(Time now, Entry& entry, const ProxyBindingAck& ack, Output& out) {
  disestablish(entry, out);  // item 11
  switch (ack.status) {
    case kTimestampLowerThanPrevAccepted:  // item 8: "to reassert the mobile node's presence on its access link"
      return register_again(now, entry, entry.hint, out);
    case kSequenceNumberOutOfWindow:  // RFC 6275 §11.7.3
      if (config_.timestamps) return deny(entry, out);
      sequences_.insert_or_assign(entry.binding.profile.mobile_node, ack.sequence);
      return register_again(now, entry, entry.hint, out);
    case kNotAuthorizedForHomeNetworkPrefix: {  // item 10
      const bool asked_for_any = is_all_zero(entry.last.options.home_network_prefixes.front());
      if (asked_for_any) return deny(entry, out);
      entry.ask_for_any_prefix = true;
      entry.binding.prefixes.clear();
      return register_again(now, entry, entry.hint, out);
    }
    default: return deny(entry, out);  // items 7, 9, 11
  }
}

void MobileAccessGateway::disestablish(Entry& entry, Output& out) {
  if (!entry.binding.established) return;
  entry.binding.established = false;
  entry.binding.state = State::Registering;
  out.changes.push_back({Change::Kind::Denied, entry.binding});
}

void MobileAccessGateway::deny(Entry& entry, Output& out) {
  disestablish(entry, out);
  entry.binding.state = State::Denied;
  entry.binding.prefixes.clear();
  entry.send_at.reset();
  entry.refresh_at.reset();
}

void MobileAccessGateway::remove(MacAddress station, Output& out) {
  const auto it = entries_.find(station);
  it->second.binding.established = false;
  out.changes.push_back({Change::Kind::Gone, it->second.binding});
  entries_.erase(it);
}

// ---- Time ---------------------------------------------------------------------------------------------------------

// True: the entry is to be removed.
bool MobileAccessGateway::due(Time now, Entry& entry, Output& out) {
  if (entry.remove_at && *entry.remove_at <= now) return true;
  if (entry.binding.established && entry.binding.expires <= now && entry.binding.state != State::Leaving) {
    disestablish(entry, out);
    entry.hint = kHandoffStateUnknown;
  }
  if (entry.refresh_at && *entry.refresh_at <= now) register_again(now, entry, kHandoffStateNotChanged, out);
  if (entry.send_at && *entry.send_at <= now) transmit(now, entry, out);
  return false;
}

MobileAccessGateway::Output MobileAccessGateway::on_timeout(Time now) {
  Output out;
  std::vector<MacAddress> gone;
  for (auto& [station, entry] : entries_) {
    if (due(now, entry, out)) gone.push_back(station);
  }
  for (const MacAddress& station : gone) remove(station, out);
  return out;
}

std::optional<Time> MobileAccessGateway::next_timeout() const {
  std::optional<Time> next;
  auto consider = [&next](std::optional<Time> at) {
    if (at) next = next ? std::min(*next, *at) : *at;
  };
  for (const auto& [station, entry] : entries_) {
    consider(entry.send_at);
    consider(entry.refresh_at);
    consider(entry.remove_at);
    if (entry.binding.established && entry.binding.state != State::Leaving) consider(entry.binding.expires);
  }
  return next;
}

}  // namespace kamesim::pmip6
