#include "protocols/mcoa/multiple_binding_updater.h"

#include <algorithm>
#include <utility>

#include "protocols/mcoa/status.h"
#include "protocols/mip6/binding_status.h"

namespace kamesim::mcoa {

using Output = MultipleBindingUpdater::Output;
using Match = BindingUpdateTransmission::Match;
using Deregistered = BindingUpdater::Deregistered;

namespace {

bool accepted(std::uint8_t status) { return status < 128; }  // RFC 6275 §6.1.8

// RFC 3963 §5.4: it concerns all bindings alike.
bool of_mobile_routers(std::uint8_t status) {
  return status >= kMobileRouterOperationNotPermitted && status <= kForwardingSetupFailed;
}

bool has(const std::vector<std::uint16_t>& bids, std::uint16_t bid) {
  return std::ranges::find(bids, bid) != bids.end();
}

// RFC 5648 §5.7: that of the option, unless it is zero.
std::uint8_t status_of(const MultipleBindingAck& ack, const BindingIdentifier& option) {
  return option.status != 0 ? option.status : ack.ack.status;
}

}  // namespace

MultipleBindingUpdater::MultipleBindingUpdater(const MultipleBindingUpdaterConfig& config)
    : config_(config), transmission_(config.previous_sequence), bulk_(config.bulk_registration) {
  for (const auto& link : config.links) links_.push_back({.bid = link.bid, .priority = link.priority});
  std::ranges::stable_sort(links_, {}, &LinkState::priority);
}

Output MultipleBindingUpdater::on_attach(Time now, std::uint16_t bid, const CareOfAddress& care_of) {
  LinkState& link = *find(bid);
  const std::vector<Way> before = ways();
  if (has(in_flight_, bid)) put_back();  // what is under way is not about this address
  link.care_of = care_of;
  link.retry_at.reset();
  if (address_refused_) return {.rejected = kDuplicateAddressDetectionFailed};
  link.update_due = true;
  return proceed(now, {.ways_changed = ways().size() != before.size()});
}

Output MultipleBindingUpdater::on_detach(Time now, std::uint16_t bid) {
  LinkState& link = *find(bid);
  if (!link.care_of) return {};
  const bool was_way = link.usable();
  link.care_of.reset();
  link.update_due = false;
  link.refresh_at.reset();
  link.retry_at.reset();
  if (has(in_flight_, bid)) put_back();
  if (plain_ && was_way) {
    for (LinkState& other : links_) other.update_due = other.care_of.has_value();
  }
  return proceed(now, {.ways_changed = was_way});
}

void MultipleBindingUpdater::on_care_of_lifetime(std::uint16_t bid, Time valid_until) {
  if (auto& care_of = find(bid)->care_of) care_of->valid_until = valid_until;
}

// A registration under way is given up, and asked for again.
void MultipleBindingUpdater::put_back() {
  if (work_ != Work::Register) return;
  work_ = Work::None;
  transmission_.stop();
  for (const std::uint16_t bid : std::exchange(in_flight_, {})) find(bid)->update_due = find(bid)->care_of.has_value();
}

Output MultipleBindingUpdater::on_return_home(Time now) {
  at_home_ = true;
  transmission_.stop();
  bool registered = std::exchange(work_, Work::None) == Work::Register;  // it may have been accepted
  in_flight_.clear();
  flows_.forget();
  for (LinkState& link : links_) {
    registered |= link.binding.has_value();
    link.update_due = false;
    link.refresh_at.reset();
    link.retry_at.reset();
  }
  if (!registered) return {.ways_changed = true, .deregistered = Deregistered::NothingRegistered};
  return start(now, Work::DeleteAll, {}, {.ways_changed = true});
}

Output MultipleBindingUpdater::on_leave_home(Time now) {
  at_home_ = false;
  transmission_.stop();
  work_ = Work::None;
  for (LinkState& link : links_) link.update_due = link.care_of.has_value();
  return proceed(now, {.ways_changed = true});
}

Output MultipleBindingUpdater::on_binding_ack(Time now, const MultipleBindingAck& ack) {
  switch (transmission_.match(now, ack.ack)) {
    case Match::Unmatched: return {.dropped = &kBackUnmatched};
    case Match::Renumbered: return send_if_due(now, {});  // RFC 6275 §11.7.1
    case Match::Answered: break;
  }
  return proceed(now, answered(now, ack));
}

Output MultipleBindingUpdater::on_binding_refresh_request(Time now, const std::vector<std::uint16_t>& bids) {
  if (at_home_) return {};
  for (LinkState& link : links_) {
    const bool asked = bids.empty() || has(bids, link.bid);
    if (asked && link.usable() && !(work_ == Work::Register && has(in_flight_, link.bid))) link.update_due = true;
  }
  return proceed(now);
}

Output MultipleBindingUpdater::on_binding_error(Time now, const BindingError& error) {
  if (error.status != kUnknownBindingForHomeAddress || error.home_address != config_.home_address) return {};
  return on_binding_refresh_request(now, {});
}

Output MultipleBindingUpdater::start_over(Time now, std::vector<MobileNetworkPrefix> mobile_network_prefixes) {
  config_.mobile_network_prefixes = std::move(mobile_network_prefixes);
  stopped_ = bootstrapped_ = false;
  for (LinkState& link : links_) link.update_due = link.care_of.has_value();
  return proceed(now);
}

// What is registered is not refreshed, and what is not is left alone.
void MultipleBindingUpdater::stop_registering() {
  stopped_ = true;
  for (LinkState& link : links_) {
    link.binding.reset();
    link.update_due = false;
    link.refresh_at.reset();
    link.retry_at.reset();
  }
}

// RFC 3963 §5.3: the home agent forwards for the home address alone, and is left.
Output MultipleBindingUpdater::withdraw(Time now) {
  stop_registering();
  return start(now, Work::DeleteAll, {}, {.ways_changed = true, .no_mobile_router_support = true});
}

Output MultipleBindingUpdater::bind_flow(Time now, const FlowBinding& flow) {
  flows_.put(flow);
  return proceed(now, {.ways_changed = true});
}

Output MultipleBindingUpdater::unbind_flow(Time now, std::uint16_t fid) {
  if (!flows_.erase(fid)) return {};
  return proceed(now, {.ways_changed = true});
}

Output MultipleBindingUpdater::on_timeout(Time now) {
  Output out;
  const auto take_due = [now](std::optional<Time>& at) {
    if (!at || now < *at) return false;
    at.reset();
    return true;
  };
  bool refresh = false;
  for (LinkState& link : links_) {
    if (link.binding && now >= link.binding->expires) {  // RFC 6275 §11.1: the entry is deleted
      out.ways_changed |= link.usable();
      link.binding.reset();
      link.update_due |= link.care_of.has_value() && !link.retry_at;
    }
    if (take_due(link.retry_at)) link.update_due |= link.care_of.has_value();
    if (take_due(link.refresh_at)) refresh = link.update_due = true;
  }
  // §5.3: what has to be refreshed soon goes in the same message.
  if (refresh && bulk_ && !plain_) {
    for (LinkState& link : links_) link.update_due |= link.usable();
  }
  out = proceed(now, std::move(out));
  return out.send ? out : send_if_due(now, std::move(out));
}

std::optional<Time> MultipleBindingUpdater::next_timeout() const {
  std::optional<Time> next = transmission_.next_timeout();
  const auto consider = [&next](const std::optional<Time>& at) {
    if (at && (!next || *at < *next)) next = at;
  };
  for (const LinkState& link : links_) {
    consider(link.refresh_at);
    consider(link.retry_at);
    if (link.binding) consider(link.binding->expires);
  }
  return next;
}

std::vector<MultipleBindingUpdater::Way> MultipleBindingUpdater::ways() const {
  std::vector<Way> usable;
  if (at_home_) return usable;
  for (const LinkState& link : links_) {
    if (link.usable()) usable.push_back({link.bid, link.care_of->address});
  }
  return usable;
}

MultipleBindingUpdater::LinkState* MultipleBindingUpdater::find(std::uint16_t bid) {
  return &*std::ranges::find(links_, bid, &LinkState::bid);
}

std::vector<std::uint16_t> MultipleBindingUpdater::registered_bids() const {
  std::vector<std::uint16_t> bids;
  for (const LinkState& link : links_) {
    if (link.binding) bids.push_back(link.bid);
  }
  return bids;
}

std::vector<std::uint16_t> MultipleBindingUpdater::due(Work work) const {
  std::vector<std::uint16_t> bids;
  for (const LinkState& link : links_) {
    if (work == Work::Delete ? link.deletion_due() : link.update_due && link.care_of) bids.push_back(link.bid);
  }
  return bids;
}

// Whose care-of address the next update is sent from: of a registration, that of the binding it makes.
const MultipleBindingUpdater::LinkState* MultipleBindingUpdater::sender() const {
  for (const LinkState& link : links_) {
    if (link.care_of && (work_ != Work::Register || has(in_flight_, link.bid))) return &link;
  }
  return nullptr;
}

Output MultipleBindingUpdater::proceed(Time now, Output out) {
  if (at_home_ || address_refused_ || stopped_) return out;
  const bool reachable = std::ranges::any_of(links_, [](const LinkState& l) { return l.care_of.has_value(); });
  if (!reachable) {
    if (work_ != Work::None) transmission_.stop();
    work_ = Work::None;
    return out;
  }
  // §5.4. The packets of a link that is gone are being lost until then: it does not wait for anything.
  if (!plain_ && work_ != Work::Delete) {
    if (auto gone = due(Work::Delete); !gone.empty()) {
      put_back();
      return start(now, Work::Delete, std::move(gone), std::move(out));
    }
  }
  auto waiting = registrations_due();
  if (waiting.empty() || work_ == Work::Delete) return out;
  if (work_ == Work::Register && !plain_) {
    if (!bulk_) return out;  // one by one
    waiting.insert(waiting.end(), in_flight_.begin(), in_flight_.end());
  }
  return start(now, Work::Register, std::move(waiting), std::move(out));
}

std::vector<std::uint16_t> MultipleBindingUpdater::registrations_due() const {
  std::vector<std::uint16_t> waiting = due(Work::Register);
  if (plain_) {  // the preferred one alone
    const auto preferred = std::ranges::find_if(links_, [](const LinkState& l) { return l.care_of.has_value(); });
    if (!preferred->update_due) return {};
    return {preferred->bid};
  }
  if (waiting.empty() && work_ == Work::None && flows_.due(registered_bids())) {
    // RFC 6089 §5.2: any update tells of all flows.
    for (const LinkState& link : links_) {
      if (link.usable()) waiting.push_back(link.bid);
    }
  }
  if (!bulk_ && !waiting.empty()) waiting.resize(1);
  return waiting;
}

Output MultipleBindingUpdater::start(Time now, Work work, std::vector<std::uint16_t> bids, Output out) {
  work_ = work;
  in_flight_.clear();
  for (const LinkState& link : links_) {  // the preferred one first: the update is sent from there
    if (has(bids, link.bid) && (work != Work::Register || link.care_of)) in_flight_.push_back(link.bid);
  }
  if (work == Work::Register) {
    for (const std::uint16_t bid : in_flight_) {
      find(bid)->update_due = false;
      find(bid)->refresh_at.reset();
    }
  }
  // RFC 6275 §11.8: without a binding, the home agent has Duplicate Address Detection to do first.
  const bool first = work == Work::Register && registered_bids().empty();
  transmission_.start(now, first ? config_.initial_bindack_timeout_first_reg : kInitialBindackTimeout);
  return send_if_due(now, std::move(out));
}

Output MultipleBindingUpdater::send_if_due(Time now, Output out) {
  if (!transmission_.due(now)) return out;
  if (stopped_ && transmission_.count() >= kUpdatesToOneHomeAgent) {  // of a withdrawal
    transmission_.stop();
    work_ = Work::None;
    return out;
  }
  out.send = make_update(now);
  return out;
}

std::optional<MultipleBindingUpdater::Send> MultipleBindingUpdater::make_update(Time now) {
  Send send;
  BindingUpdate& update = send.message.update;
  update.acknowledge = update.home_registration = true;
  update.link_local_address_compatibility = config_.link_local_address_compatibility;
  update.mobile_router = config_.mobile_router;
  send.plain = work_ == Work::DeleteAll || plain_;
  const LinkState* from = sender();
  if (!at_home_ && from == nullptr) {
    transmission_.stop();
    work_ = Work::None;
    return std::nullopt;
  }
  send.source = at_home_ ? config_.home_address : from->care_of->address;
  if (send.source != config_.home_address) send.home_address_option = config_.home_address;
  if (work_ == Work::Register) {
    update.lifetime = config_.lifetime;
    for (const std::uint16_t bid : in_flight_) {  // RFC 6275 §11.7.1: not beyond that of the care-of address
      if (const auto& care_of = find(bid)->care_of) update.lifetime = std::min(update.lifetime, care_of->valid_until - now);
    }
    update.lifetime = whole_lifetime_units(update.lifetime);
    // RFC 3963 §5.2: in all of them. §5.8: not in one that de-registers.
    update.mobile_network_prefixes = config_.mobile_network_prefixes;
    if (update.lifetime <= Duration()) {
      transmission_.stop();
      work_ = Work::None;
      return std::nullopt;
    }
  }
  const auto sequence = transmission_.send(now, update.lifetime, BindingUpdateTransmission::Acknowledgement::Requested);
  if (!sequence) return std::nullopt;  // put off
  update.sequence = *sequence;
  if (send.plain) {
    update.alternate_care_of_address = send.source;  // RFC 6275 §11.7.1
    return send;
  }
  for (const std::uint16_t bid : in_flight_) {
    const LinkState& link = *find(bid);
    BindingIdentifier option{.bid = bid, .priority = link.priority};
    // §5.2: "MUST be carried in the Care-of Address field of the Binding Identifier mobility option".
    if (work_ == Work::Register) option.form = BindingIdentifier::CareOf::Ipv6, option.care_of = link.care_of->address;
    send.message.options.bindings.push_back(option);
  }
  send.message.overwrite = work_ == Work::Register && !bootstrapped_;  // §5.9
  std::vector<std::uint16_t> bids = send.message.overwrite ? std::vector<std::uint16_t>() : registered_bids();
  if (send.message.overwrite) flows_.forget();
  if (work_ == Work::Delete) std::erase_if(bids, [this](std::uint16_t bid) { return has(in_flight_, bid); });
  if (work_ == Work::Register) {
    std::ranges::copy_if(in_flight_, std::back_inserter(bids), [&bids](std::uint16_t bid) { return !has(bids, bid); });
  }
  flows_.write(send.message.options, bids);
  return send;
}

Output MultipleBindingUpdater::answered(Time now, const MultipleBindingAck& ack) {
  Output out;
  const Work work = std::exchange(work_, Work::None);
  const std::vector<std::uint16_t> bids = std::exchange(in_flight_, {});
  if (work == Work::DeleteAll) {
    const bool done = accepted(ack.ack.status) || ack.ack.status == kNotHomeAgentForThisMobileNode;
    if (!done) return {.rejected = ack.ack.status};
    for (LinkState& link : links_) link.binding.reset();
    bootstrapped_ = false;
    out.deregistered = accepted(ack.ack.status) ? Deregistered::Acknowledged : Deregistered::NothingRegistered;
    return out;
  }
  const bool served = ack.ack.mobile_router || !config_.mobile_router;
  if (work == Work::Register && accepted(ack.ack.status) && !served) return withdraw(now);
  // §5.7: without an option the home agent does not know RFC 5648, "regardless of status value".
  const bool unknown = ack.options.bindings.empty();
  if (unknown && !plain_) fall_back();
  if (unknown) {
    for (const std::uint16_t bid : bids) {
      // A plain binding is that of the packet's source: of the first.
      if (bid == bids.front() && work == Work::Register) answered(now, *find(bid), ack.ack.status, ack, out);
    }
    if (accepted(ack.ack.status)) {
      if (work == Work::Register) find(bids.front())->update_due = false;
      for (LinkState& link : links_) {
        if (work != Work::Register || link.bid != bids.front()) link.binding.reset();
      }
    }
    return out;
  }
  for (const BindingIdentifier& option : ack.options.bindings) {
    if (stopped_) return out;
    if (!has(bids, option.bid)) continue;
    LinkState& link = *find(option.bid);
    const std::uint8_t status = status_of(ack, option);
    if (work == Work::Register) {
      answered(now, link, status, ack, out);
    } else if (accepted(status) || status == kNotHomeAgentForThisMobileNode || status == kUnknownCareOfAddress) {
      link.binding.reset();  // it may have an address again: then it is to be registered anew
    } else {
      out.rejected = status;
    }
  }
  if (accepted(ack.ack.status) && !plain_) {
    if (work == Work::Register) bootstrapped_ = true;
    flows_.on_ack(ack.options);
  }
  return out;
}

void MultipleBindingUpdater::answered(Time now, LinkState& link, std::uint8_t status, const MultipleBindingAck& ack,
                                      Output& out) {
  if (!link.care_of) return;  // it has gone meanwhile
  // RFC 6275 §11.7.3: the lifetime granted counts down from when the update was sent, not from now.
  const BindingUpdateTransmission::Sent& sent = *transmission_.sent();
  const Duration granted = std::min(ack.ack.lifetime, sent.lifetime);
  if (!accepted(status)) return refused(now, link, status, out);
  if (granted < kLifetimeUnit) return refused(now, link, kReasonUnspecified, out);
  link.binding = Binding{link.care_of->address, sent.at + granted};
  Duration refresh = granted * config_.refresh_percent / 100;
  if (ack.ack.refresh_interval) refresh = std::min(refresh, *ack.ack.refresh_interval);
  link.refresh_at = sent.at + refresh;
  out.ways_changed = true;
  out.registered.push_back(link.bid);
}

// §5.7.
void MultipleBindingUpdater::refused(Time now, LinkState& link, std::uint8_t status, Output& out) {
  out.rejected = status;
  out.ways_changed = true;
  if (of_mobile_routers(status)) return stop_registering();
  switch (status) {
    case kProhibited:
      if (!plain_) fall_back();
      return;
    case kBulkRegistrationProhibited:
      bulk_ = false;
      link.update_due = true;
      return;
    case kNonMcoaBindingExists:
      bootstrapped_ = false;  // with the O flag
      link.update_due = true;
      return;
    case kUnknownCareOfAddress: link.update_due = true; return;
    case kDuplicateAddressDetectionFailed:
      address_refused_ = true;
      return;
    default: link.retry_at = now + config_.retry_after_rejection;
  }
}

void MultipleBindingUpdater::fall_back() {
  plain_ = true;
  flows_.forget();
  for (LinkState& link : links_) {
    link.binding.reset();
    link.refresh_at.reset();
    link.retry_at.reset();
    link.update_due = link.care_of.has_value();
  }
}

}  // namespace kamesim::mcoa
