#include "protocols/mip6/binding_updater.h"

#include <algorithm>

#include "protocols/mip6/binding_status.h"

namespace kamesim {

using Output = BindingUpdater::Output;
using Match = BindingUpdateTransmission::Match;

Output BindingUpdater::on_attach(Time now, const CareOfAddress& care_of) {
  care_of_ = care_of;
  if (address_refused_) return {.rejected = kDuplicateAddressDetectionFailed};
  return register_care_of(now);
}

void BindingUpdater::on_care_of_lifetime(Time valid_until) {
  if (care_of_) care_of_->valid_until = valid_until;
}

void BindingUpdater::forget_home_agent() {
  transmission_.stop();
  forget_binding();
}

Output BindingUpdater::on_detach(Time) {
  care_of_.reset();
  transmission_.stop();
  deadlines_[kRefresh].reset();
  deadlines_[kRetry].reset();
  state_ = State::Idle;
  return {};
}

Output BindingUpdater::on_return_home(Time now) {
  care_of_.reset();
  return deregister(now, config_.home_address);
}

Output BindingUpdater::on_withdraw(Time now) {
  if (!care_of_) return {};
  return deregister(now, care_of_->address);
}

Output BindingUpdater::on_binding_ack(Time now, const BindingAck& ack) {
  switch (transmission_.match(now, ack)) {
    case Match::Unmatched: return {.dropped = &kBackUnmatched};
    case Match::Renumbered: return send_if_due(now);  // RFC 6275 §11.7.1
    case Match::Answered: break;
  }
  return ack.accepted() ? accepted(ack) : rejected(now, ack.status);
}

Output BindingUpdater::on_binding_refresh_request(Time now) {
  // RFC 6275 §8.5, §11.7.4: answered with a Binding Update, for a binding we have and are not updating already.
  return state_ == State::Registered ? register_care_of(now) : Output{};
}

Output BindingUpdater::on_binding_error(Time now, const BindingError& error) {
  if (error.status != kUnknownBindingForHomeAddress || error.home_address != config_.home_address) return {};
  return state_ == State::Registered ? register_care_of(now) : Output{};
}

Output BindingUpdater::on_prefixes_confirmed(Time now) {
  if (state_ == State::Registered && !deadlines_[kRefresh] && deadlines_[kExpiry]) {
    const Duration left = *deadlines_[kExpiry] - now;
    deadlines_[kRefresh] = now + left * config_.refresh_percent / 100;
  }
  return {};
}

Output BindingUpdater::on_timeout(Time now) {
  if (take_due(now, kExpiry)) {  // RFC 6275 §11.1: the entry is deleted
    binding_.reset();
    Output out;
    if (state_ == State::Registered) out = register_care_of(now);
    out.expired = true;
    return out;
  }
  if (take_due(now, kRetry)) {
    return state_ == State::Deregistering ? deregister(now, deregister_from_) : register_care_of(now);
  }
  if (take_due(now, kRefresh)) return register_care_of(now);
  return send_if_due(now);
}

std::optional<Time> BindingUpdater::next_timeout() const {
  std::optional<Time> next = transmission_.next_timeout();
  for (const auto& deadline : deadlines_) {
    if (deadline && (!next || *deadline < *next)) next = deadline;
  }
  return next;
}

Output BindingUpdater::register_care_of(Time now) {
  state_ = State::Registering;
  deadlines_[kRefresh].reset();
  deadlines_[kRetry].reset();
  // RFC 6275 §11.8: without a binding, the home agent has Duplicate Address Detection to do first.
  transmission_.start(now, binding_ ? kInitialBindackTimeout : config_.initial_bindack_timeout_first_reg);
  return send_if_due(now);
}

Output BindingUpdater::deregister(Time now, const Ipv6Address& from) {
  deadlines_[kRefresh].reset();
  deadlines_[kRetry].reset();
  if (!may_be_bound_until_ || now >= *may_be_bound_until_) {
    transmission_.stop();
    state_ = State::Idle;
    return {.deregistered = Deregistered::NothingRegistered};
  }
  state_ = State::Deregistering;
  deregister_from_ = from;
  transmission_.start(now, kInitialBindackTimeout);
  return send_if_due(now);
}

Output BindingUpdater::send_if_due(Time now) {
  if (!transmission_.due(now)) return {};
  const bool home_agent = config_.with == BindingUpdaterConfig::With::HomeAgent;
  BindingUpdate update{.acknowledge = true,
                       .home_registration = home_agent,
                       .link_local_address_compatibility = config_.link_local_address_compatibility,
                       .key_management_mobility = config_.key_management_mobility,
                       .map_registration = !home_agent,
                       .mobile_router = config_.mobile_router};
  Ipv6Address source = deregister_from_;
  if (state_ == State::Registering) {
    source = care_of_->address;
    // RFC 6275 §11.7.1: not beyond the valid lifetime of the care-of address.
    update.lifetime = whole_lifetime_units(std::min(config_.lifetime, care_of_->valid_until - now));
    if (update.lifetime <= Duration()) return on_detach(now);
    // RFC 3963 §5.2: in all of them. §5.8: not in one that de-registers.
    update.mobile_network_prefixes = config_.mobile_network_prefixes;
  }
  const auto sequence =
      transmission_.send(now, update.lifetime, BindingUpdateTransmission::Acknowledgement::Requested);
  if (!sequence) return {};  // put off
  if (state_ == State::Registering) may_be_bound_until_ = now + update.lifetime;
  update.sequence = *sequence;
  // §11.7.1: ESP does not protect the source address. §11.5.5: at home it is the home address itself.
  if (home_agent) update.alternate_care_of_address = source;
  Output out{.send = HomeUpdateToSend{update, source, config_.home_address}};
  if (source == config_.home_address) out.send->home_address_option.reset();
  out.unanswered = transmission_.count() > kUpdatesToOneHomeAgent;
  return out;
}

Output BindingUpdater::accepted(const BindingAck& ack) {
  const BindingUpdateTransmission::Sent& sent = *transmission_.sent();
  if (state_ == State::Deregistering) {
    forget_binding();
    return {.deregistered = Deregistered::Acknowledged};
  }
  if (config_.mobile_router && !ack.mobile_router) {
    state_ = State::Idle;
    return {.no_mobile_router_support = true};
  }
  // RFC 6275 §11.7.3: the lifetime granted counts down from when the update was sent, not from now.
  const Duration granted = std::min(ack.lifetime, sent.lifetime);
  if (granted < kLifetimeUnit) return rejected(sent.at, kReasonUnspecified);  // accepted for no time at all
  state_ = State::Registered;
  binding_ = Binding{care_of_->address, sent.at + granted};
  deadlines_[kExpiry] = binding_->expires;
  const bool discovery = ack.status == kAcceptedPrefixDiscoveryNecessary;
  // §11.7.1: with status 1, not again before the validity of the home prefixes is known.
  if (!discovery) {
    Duration refresh = granted * config_.refresh_percent / 100;
    if (ack.refresh_interval) refresh = std::min(refresh, *ack.refresh_interval);
    deadlines_[kRefresh] = sent.at + refresh;
  }
  return {.bound = binding_, .prefix_discovery_needed = discovery};
}

Output BindingUpdater::rejected(Time now, std::uint8_t status) {
  if (state_ == State::Deregistering && status == kNotHomeAgentForThisMobileNode) {
    forget_binding();
    return {.deregistered = Deregistered::NothingRegistered};
  }
  if (state_ == State::Registering) state_ = State::Idle;
  address_refused_ = status == kDuplicateAddressDetectionFailed;
  // RFC 4285 §5.3: SHOULD stop. RFC 3963 §5.4: the home agent has no binding, and is not asked again in the same way.
  if (address_refused_ || status == kAuthFail) return {.rejected = status};
  if (status >= kMobileRouterOperationNotPermitted && status <= kForwardingSetupFailed) {
    forget_binding();
    return {.rejected = status};
  }
  // RFC 4285 §6: the clock has been set by this acknowledgement.
  deadlines_[kRetry] = status == kMesgIdMismatch ? now : now + config_.retry_after_rejection;
  return {.rejected = status};
}

void BindingUpdater::forget_binding() {
  state_ = State::Idle;
  binding_.reset();
  may_be_bound_until_.reset();
  deadlines_ = {};
}

bool BindingUpdater::take_due(Time now, Deadline deadline) {
  auto& at = deadlines_[deadline];
  if (!at || now < *at) return false;
  at.reset();
  return true;
}

}  // namespace kamesim
