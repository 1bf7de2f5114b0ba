#include "protocols/mip6/correspondent_updater.h"

#include <algorithm>

#include "protocols/mip6/binding_status.h"

namespace kamesim {

using Output = CorrespondentUpdater::Output;
using Match = BindingUpdateTransmission::Match;
using Tokens = ReturnRoutability::Tokens;
using Acknowledgement = BindingUpdateTransmission::Acknowledgement;

namespace {

// RFC 6275 §9.5.4: acknowledgements of these have no authenticator.
std::optional<Tokens> expired_tokens(std::uint8_t status) {
  switch (status) {
    case kExpiredHomeNonceIndex: return Tokens::Home;
    case kExpiredCareOfNonceIndex: return Tokens::CareOf;
    case kExpiredNonces: return Tokens::Both;
    default: return std::nullopt;
  }
}

}  // namespace

Output CorrespondentUpdater::on_home_registration(Time, const Binding& home_registration) {
  const bool moved = !home_registration_ || home_registration_->care_of != home_registration.care_of;
  home_registration_ = home_registration;
  purpose_ = CorrespondentRequest::CacheBinding;
  if (state_ == State::Avoiding) return {};
  if (!moved && state_ != State::Idle) return {};  // refreshed
  disowned_ = 0;
  return start(drop_binding());
}

Output CorrespondentUpdater::on_detach(Time) {
  home_registration_.reset();
  Output out = drop_binding();
  out.stop_return_routability = state_ == State::Testing;
  if (state_ != State::Avoiding) state_ = State::Idle;
  return out;
}

Output CorrespondentUpdater::on_tunnelled_packet(Time) {
  if (state_ != State::Idle || !home_registration_) return {};
  return start({});
}

Output CorrespondentUpdater::on_authorized(Time now, const Authorization& authorization) {
  if (state_ != State::Testing || authorization.request.purpose != purpose_) return {};
  if (!deleting() && authorization.request.care_of != home_registration_->care_of) return {};
  authorization_ = authorization;
  state_ = State::Registering;
  transmission_.start(now, kInitialBindackTimeout);
  return send_if_due(now);
}

Output CorrespondentUpdater::on_return_routability_failed(Time now) {
  return state_ == State::Testing ? fail(now) : Output{};
}

Output CorrespondentUpdater::on_return_home(Time now) {
  home_registration_.reset();
  Output out = drop_binding();
  deadlines_[kRetry].reset();
  purpose_ = CorrespondentRequest::DeleteBinding;
  disowned_ = 0;
  if (may_be_bound_until_ && now < *may_be_bound_until_) return start(out);
  out.stop_return_routability = state_ == State::Testing;
  out.finished = true;
  state_ = State::Idle;
  return out;
}

Output CorrespondentUpdater::on_binding_ack(Time now, const ReceivedBindingAck& received) {
  if (!authorization_) return {.dropped = &kBackUnmatched};
  const BindingAck& ack = received.ack;
  if (!expired_tokens(ack.status) && !authentic(received)) return {.dropped = &kBackBadAuthenticator};
  switch (transmission_.match(now, ack)) {
    case Match::Unmatched: return {.dropped = &kBackUnmatched};
    case Match::Renumbered: return send_if_due(now);
    case Match::Answered: break;
  }
  if (!ack.accepted()) return rejected(now, ack.status);
  disowned_ = 0;
  return accepted(ack.lifetime);
}

Output CorrespondentUpdater::on_binding_refresh_request(Time) {
  // RFC 6275 §11.7.4: only for a binding of ours, and not while it is being renewed already.
  return state_ == State::Bound ? start({}) : Output{};
}

Output CorrespondentUpdater::on_binding_error(Time now, const BindingError& error) {
  if (error.status == kUnrecognizedMhType) {
    // RFC 6275 §11.3.6: of interest only if an answer is expected.
    const bool expecting = state_ == State::Testing || state_ == State::Registering;
    return expecting ? fail(now) : Output{};
  }
  if (error.status != kUnknownBindingForHomeAddress || error.home_address != config_.home_address) return {};
  if (!binding_ || state_ != State::Bound) return {};
  if (++disowned_ > kMaxRoFailure) return fail(now);
  may_be_bound_until_.reset();
  return start(drop_binding());
}

Output CorrespondentUpdater::on_mobility_header_unsupported(Time now) {
  // RFC 6275 §11.3.5: in response to the return routability procedure or a Binding Update of ours.
  return state_ == State::Testing || state_ == State::Registering || state_ == State::Bound ? fail(now) : Output{};
}

Output CorrespondentUpdater::on_timeout(Time now) {
  if (take_due(now, kExpiry)) {  // RFC 6275 §11.1: the entry is deleted
    binding_.reset();
    deadlines_[kRefresh].reset();
    if (state_ == State::Bound) state_ = State::Idle;
    return {.unbound = true};
  }
  if (take_due(now, kRetry)) {
    state_ = State::Idle;
    return {};
  }
  if (take_due(now, kRefresh)) {
    disowned_ = 0;
    return start({});
  }
  return send_if_due(now);
}

std::optional<Time> CorrespondentUpdater::next_timeout() const {
  std::optional<Time> next = transmission_.next_timeout();
  for (const auto& deadline : deadlines_) {
    if (deadline && (!next || *deadline < *next)) next = deadline;
  }
  return next;
}

Output CorrespondentUpdater::start(Output out) {
  state_ = State::Testing;
  transmission_.stop();
  deadlines_[kRefresh].reset();
  const Ipv6Address care_of = deleting() ? config_.home_address : home_registration_->care_of;
  out.return_routability = ReturnRoutabilityRequest{purpose_, care_of};
  return out;
}

Output CorrespondentUpdater::fail(Time now) {
  const bool testing = state_ == State::Testing;
  Output out = drop_binding();
  out.stop_return_routability = testing;
  disowned_ = 0;
  if (deleting()) {  // what could not be deleted expires
    state_ = State::Idle;
    out.finished = true;
    return out;
  }
  state_ = State::Avoiding;  // RFC 6275 §11.3.5, §11.7.3
  deadlines_[kRetry] = now + config_.avoid_for;
  return out;
}

Output CorrespondentUpdater::send_if_due(Time now) {
  if (!transmission_.due(now)) return {};
  if (config_.rules.gives_up_route_optimization && transmission_.count() > kMaxRoFailure) return fail(now);
  if (now >= authorization_->expires) return start({});  // §5.2.7: the tokens are too old
  BindingUpdate update{.acknowledge = config_.acknowledge || deleting(),
                       .nonce_indices = authorization_->nonces,
                       .authenticator = Authenticator{}};
  Ipv6Address source = config_.home_address;
  if (!deleting()) {
    source = home_registration_->care_of;
    // RFC 6275 §11.7.2, §5.2.6.
    update.lifetime = whole_lifetime_units(
        std::min({config_.lifetime, kMaxRrBindingLifetime, home_registration_->expires - now}));
    if (update.lifetime <= Duration()) return on_detach(now);
  }
  const auto acknowledgement = update.acknowledge ? Acknowledgement::Requested : Acknowledgement::NotRequested;
  const auto sequence = transmission_.send(now, update.lifetime, acknowledgement);
  if (!sequence) return {};  // put off
  update.sequence = *sequence;
  if (!deleting()) may_be_bound_until_ = now + update.lifetime;

  Output out;
  if (acknowledgement == Acknowledgement::NotRequested) out = accepted(update.lifetime);
  out.send = CorrespondentUpdateToSend{.update = update,
                                       .source = source,
                                       .kbm = authorization_->kbm,
                                       .authenticated_address = source};
  if (source != config_.home_address) out.send->home_address_option = config_.home_address;
  return out;
}

Output CorrespondentUpdater::accepted(Duration granted) {
  if (deleting()) {
    state_ = State::Idle;
    may_be_bound_until_.reset();
    return {.finished = true};
  }
  // RFC 6275 §11.7.3: the lifetime granted counts down from when the update was sent. A Binding Refresh Advice of
  // a correspondent is ignored.
  const BindingUpdateTransmission::Sent& sent = *transmission_.sent();
  granted = std::min(granted, sent.lifetime);
  state_ = State::Bound;
  binding_ = Binding{home_registration_->care_of, sent.at + granted};
  deadlines_[kExpiry] = binding_->expires;
  deadlines_[kRefresh].reset();
  if (config_.refresh == CorrespondentUpdaterConfig::Refresh::BeforeExpiry) {
    deadlines_[kRefresh] = sent.at + granted * config_.refresh_percent / 100;
  }
  return {.bound = binding_};
}

Output CorrespondentUpdater::rejected(Time now, std::uint8_t status) {
  const auto expired = expired_tokens(status);
  const bool again = expired && ++disowned_ <= kMaxRoFailure;
  Output out = again ? start(drop_binding()) : fail(now);
  if (again) out.discard_tokens = expired;
  out.rejected = status;
  return out;
}

bool CorrespondentUpdater::authentic(const ReceivedBindingAck& received) const {
  // RFC 6275 §6.2.7: in a de-registration the home address stands for the care-of address.
  const Ipv6Address address = deleting() ? config_.home_address : authorization_->request.care_of;
  return received.ack.authenticator &&
         authenticator_valid(authorization_->kbm, address, config_.correspondent, received.mobility_header);
}

Output CorrespondentUpdater::drop_binding() {
  Output out;
  out.unbound = binding_.has_value();
  binding_.reset();
  transmission_.stop();
  deadlines_[kRefresh].reset();
  deadlines_[kExpiry].reset();
  return out;
}

bool CorrespondentUpdater::take_due(Time now, Deadline deadline) {
  auto& at = deadlines_[deadline];
  if (!at || now < *at) return false;
  at.reset();
  return true;
}

}  // namespace kamesim
