#include "protocols/mip6/correspondent_updater.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "protocols/mip6/binding_status.h"
#include "protocols/wire/byte_writer.h"
#include "tests/unit/mip6/test_values.h"

namespace kamesim {
namespace {

using Output = CorrespondentUpdater::Output;
using State = CorrespondentUpdater::State;
using Tokens = ReturnRoutability::Tokens;

constexpr BindingManagementKey kKbm = {1, 2, 3};

class Exchange {
 public:
  explicit Exchange(CorrespondentUpdaterConfig config = {}) : machine_(with_addresses(config)) {}
  Exchange& at(Duration t) {
    now_ = kamesim::at(t);
    return *this;
  }
  Exchange& registers_at_home(const Ipv6Address& care_of = kCareOf, Duration lifetime = 420_s) {
    return took(machine_.on_home_registration(now_, {care_of, now_ + lifetime}));
  }
  Exchange& detach() { return took(machine_.on_detach(now_)); }
  Exchange& returns_home() { return took(machine_.on_return_home(now_)); }
  Exchange& hears_through_the_tunnel() { return took(machine_.on_tunnelled_packet(now_)); }
  Exchange& is_authorized(Duration for_how_long = kMaxTokenLifetime) {  // for what was asked last
    return took(machine_.on_authorized(now_, {request_, kKbm, {5, 6}, now_ + for_how_long}));
  }
  Exchange& return_routability_fails() { return took(machine_.on_return_routability_failed(now_)); }
  Exchange& receives_unsigned(std::uint16_t sequence, std::uint8_t status) {
    const BindingAck ack{.status = status, .sequence = SeqNum16(sequence)};
    return took(machine_.on_binding_ack(now_, {ack, to_bytes(ack)}));
  }
  Exchange& receives(std::uint16_t sequence, std::uint8_t status = kBindingAccepted, Duration lifetime = 420_s,
                     const Ipv6Address& authenticated = kCareOf) {
    BindingAck ack{.status = status,
                   .sequence = SeqNum16(sequence),
                   .lifetime = lifetime,
                   .authenticator = Authenticator{}};
    std::vector<std::uint8_t> message = to_bytes(ack);
    ack.authenticator = compute_authenticator(kKbm, authenticated, kCorrespondent, message);
    std::copy(ack.authenticator->begin(), ack.authenticator->end(), message.end() - 12);
    return took(machine_.on_binding_ack(now_, {ack, message}));
  }
  Exchange& receives(const BindingError& error) { return took(machine_.on_binding_error(now_, error)); }
  Exchange& receives(const BindingRefreshRequest&) { return took(machine_.on_binding_refresh_request(now_)); }
  Exchange& receives_parameter_problem() { return took(machine_.on_mobility_header_unsupported(now_)); }
  Exchange& times_out() { return took(machine_.on_timeout(now_)); }

  Exchange& tests(const Ipv6Address& care_of = kCareOf) {
    EXPECT_TRUE(out_.return_routability);
    EXPECT_EQ(request_.purpose, CorrespondentRequest::CacheBinding);
    EXPECT_EQ(request_.care_of, care_of);
    return *this;
  }
  Exchange& tests_nothing() {
    EXPECT_FALSE(out_.return_routability);
    return *this;
  }
  Exchange& sends(std::uint16_t sequence, const Ipv6Address& care_of = kCareOf, Duration lifetime = 420_s) {
    EXPECT_TRUE(out_.send);
    if (!out_.send) return *this;
    EXPECT_EQ(out_.send->update.sequence, SeqNum16(sequence));
    EXPECT_EQ(out_.send->source, care_of);
    EXPECT_EQ(out_.send->update.lifetime, lifetime);
    EXPECT_EQ(out_.send->update.nonce_indices, (NonceIndices{5, 6}));
    EXPECT_EQ(out_.send->update.authenticator, Authenticator{});
    return *this;
  }
  Exchange& sends_nothing() {
    EXPECT_FALSE(out_.send);
    return *this;
  }
  Exchange& bound_until(Duration t) {
    EXPECT_TRUE(out_.bound);
    EXPECT_EQ(out_.bound.value_or(Binding{}).expires, kamesim::at(t));
    return *this;
  }
  Exchange& not_bound() {
    EXPECT_FALSE(out_.bound);
    return *this;
  }
  Exchange& unbound() {
    EXPECT_TRUE(out_.unbound);
    return *this;
  }
  Exchange& avoids() {
    EXPECT_EQ(machine_.state(), State::Avoiding);
    EXPECT_FALSE(machine_.binding());
    return tests_nothing().sends_nothing();
  }
  Exchange& drops(const DropInfo& reason) {
    EXPECT_EQ(out_.dropped, &reason);
    return sends_nothing();
  }
  const Output& out() const { return out_; }
  const CorrespondentUpdater& machine() const { return machine_; }

 private:
  static CorrespondentUpdaterConfig with_addresses(CorrespondentUpdaterConfig config) {
    config.home_address = kHome;
    config.correspondent = kCorrespondent;
    return config;
  }
  Exchange& took(const Output& out) {
    out_ = out;
    if (out.return_routability) request_ = *out.return_routability;
    return *this;
  }

  CorrespondentUpdater machine_;
  Time now_;
  ReturnRoutabilityRequest request_;
  Output out_;
};

TEST(CorrespondentUpdater, BindsAfterHomeRegistrationAndReturnRoutability) {  // RFC 6275 §11.7.2
  Exchange x;
  x.at(0_s).registers_at_home().tests().sends_nothing();
  x.at(100_ms).is_authorized().sends(1, kCareOf, 416_s).bound_until(416'100_ms);  // not beyond the home registration
  const CorrespondentUpdateToSend& sent = *x.out().send;
  EXPECT_EQ(sent.home_address_option, kHome);
  EXPECT_FALSE(sent.update.home_registration);
  EXPECT_FALSE(sent.update.acknowledge);
  EXPECT_EQ(sent.kbm, kKbm);
  EXPECT_EQ(sent.authenticated_address, kCareOf);
}

TEST(CorrespondentUpdater, AsksForNoMoreThanMaxRrBindingLifetime) {  // RFC 6275 §5.2.6
  Exchange x({.lifetime = 9000_s});
  x.at(0_s).registers_at_home(kCareOf, 9000_s).is_authorized().sends(1, kCareOf, 420_s);
}

TEST(CorrespondentUpdater, WaitsForTheAcknowledgementItAskedFor) {  // RFC 6275 §11.3.1, §11.8
  Exchange x({.acknowledge = true});
  x.at(0_s).registers_at_home(kCareOf, 900_s).is_authorized().sends(1).not_bound();
  x.at(1_s).times_out().sends(2).not_bound();
  x.at(1100_ms).receives(1).drops(kBackUnmatched);
  x.at(1200_ms).receives(2, kBindingAccepted, 100_s).bound_until(101_s);
  EXPECT_EQ(x.machine().state(), State::Bound);
}

TEST(CorrespondentUpdater, AvoidsACorrespondentThatDoesNotAcknowledge) {  // RFC 6275 §11.8, §5.2.9
  Exchange x({.acknowledge = true});
  x.at(0_s).registers_at_home(kCareOf, 900_s).is_authorized().sends(1);
  x.at(1_s).times_out().sends(2);
  x.at(3_s).times_out().sends(3);
  x.at(7_s).times_out().sends(4);
  x.at(15_s).times_out().avoids();
}

TEST(CorrespondentUpdater, TestsAgainWhenItsTokensAreTooOldToRetransmit) {  // RFC 6275 §5.2.7
  Exchange x({.acknowledge = true});
  x.at(0_s).registers_at_home(kCareOf, 900_s).is_authorized(2_s).sends(1);
  x.at(1_s).times_out().sends(2);
  x.at(3_s).times_out().tests().sends_nothing();
}

TEST(CorrespondentUpdater, AcceptsOnlyAuthenticatedAcknowledgements) {  // RFC 6275 §11.7.3
  Exchange x({.acknowledge = true});
  x.at(0_s).registers_at_home(kCareOf, 900_s).receives(0).drops(kBackUnmatched);
  x.is_authorized().sends(1);
  x.receives_unsigned(1, kBindingAccepted).drops(kBackBadAuthenticator);
  x.receives_unsigned(9, kSequenceNumberOutOfWindow).drops(kBackBadAuthenticator);
  x.receives(1, kBindingAccepted, 420_s, kNewCareOf).drops(kBackBadAuthenticator);
  x.receives(1).bound_until(420_s);
}

TEST(CorrespondentUpdater, GoesOnFromTheSequenceNumberItIsTold) {  // RFC 6275 §11.7.3, status 135
  Exchange x;
  x.at(0_s).registers_at_home(kCareOf, 900_s).is_authorized().sends(1);
  x.at(50_ms).receives(300, kSequenceNumberOutOfWindow).sends(301).bound_until(420'050_ms);
}

TEST(CorrespondentUpdater, RenewsExpiredTokens) {  // RFC 6275 §5.2.7, status 136 to 138
  const struct {
    std::uint8_t status;
    Tokens expired;
  } cases[] = {{kExpiredHomeNonceIndex, Tokens::Home},
               {kExpiredCareOfNonceIndex, Tokens::CareOf},
               {kExpiredNonces, Tokens::Both}};
  for (const auto& c : cases) {
    SCOPED_TRACE(int{c.status});
    Exchange x;
    x.at(0_s).registers_at_home(kCareOf, 900_s).is_authorized().sends(1);
    x.at(50_ms).receives_unsigned(1, c.status).tests().unbound();
    EXPECT_EQ(x.out().discard_tokens, c.expired);
    x.at(100_ms).is_authorized().sends(2).bound_until(420'100_ms);
  }
}

TEST(CorrespondentUpdater, RenewsTokensOnlySoOften) {  // RFC 6275 §5.2.9, MAX_RO_FAILURE
  Exchange x;
  x.at(0_s).registers_at_home(kCareOf, 900_s);
  x.at(0_s).is_authorized().sends(1).receives_unsigned(1, kExpiredNonces).tests();
  x.at(2_s).is_authorized().sends(2).receives_unsigned(2, kExpiredNonces).tests();
  x.at(4_s).is_authorized().sends(3).receives_unsigned(3, kExpiredNonces).tests();
  x.at(6_s).is_authorized().sends(4).receives_unsigned(4, kExpiredNonces).avoids();
}

TEST(CorrespondentUpdater, AvoidsACorrespondentThatRefuses) {  // RFC 6275 §11.7.3
  for (const std::uint8_t status : {kReasonUnspecified, kAdministrativelyProhibited, kInsufficientResources,
                                    kRegistrationTypeChangeDisallowed, kInvalidCareOfAddress}) {
    SCOPED_TRACE(int{status});
    Exchange x;
    x.at(0_s).registers_at_home(kCareOf, 900_s).is_authorized().sends(1);
    x.at(1_s).receives(1, status).unbound().avoids();
    EXPECT_EQ(int{x.out().rejected.value_or(0)}, int{status});
    x.at(2_s).hears_through_the_tunnel().tests_nothing();
    x.at(3_s).registers_at_home(kNewCareOf).tests_nothing();
    x.at(61_s).times_out();  // after a while it may be tried again
    x.at(62_s).hears_through_the_tunnel().tests(kNewCareOf);
  }
}

TEST(CorrespondentUpdater, GoesThroughTheHomeAgentWhenReturnRoutabilityFails) {  // RFC 6275 §5.2.9
  Exchange x;
  x.at(0_s).registers_at_home().tests();
  x.at(15_s).return_routability_fails().avoids();
  x.at(16_s).return_routability_fails();
  EXPECT_EQ(x.machine().next_timeout(), at(75_s)) << "told once";
}

TEST(CorrespondentUpdater, UsesNoBindingOfAnAddressItHasLeft) {  // RFC 6275 §11.3.1
  Exchange x;
  x.at(0_s).registers_at_home(kCareOf, 900_s).is_authorized().sends(1);
  x.at(10_s).detach().unbound();
  EXPECT_FALSE(x.machine().binding());
  x.at(11_s).hears_through_the_tunnel().tests_nothing();  // not before the home registration
  x.at(12_s).registers_at_home(kNewCareOf, 900_s).tests(kNewCareOf);
  x.at(13_s).is_authorized().sends(2, kNewCareOf).bound_until(433_s);
}

TEST(CorrespondentUpdater, MovesWithTheHomeRegistration) {  // RFC 6275 §11.7.2
  Exchange x;
  x.at(0_s).registers_at_home(kCareOf, 900_s).is_authorized().sends(1);
  x.at(5_s).registers_at_home(kCareOf, 900_s).tests_nothing();  // a refresh
  x.at(9_s).registers_at_home(kNewCareOf, 900_s).unbound().tests(kNewCareOf);
}

TEST(CorrespondentUpdater, TakesNoAuthorizationForAnotherAddress) {  // RFC 6275 §5.2.6
  Exchange x;
  x.at(0_s).registers_at_home(kCareOf, 900_s).tests();
  CorrespondentUpdater machine = x.machine();
  const ReturnRoutabilityRequest other{CorrespondentRequest::CacheBinding, kNewCareOf};
  EXPECT_FALSE(machine.on_authorized(at(1_s), {other, kKbm, {5, 6}, at(100_s)}).send);
  const ReturnRoutabilityRequest deletion{CorrespondentRequest::DeleteBinding, kHome};
  EXPECT_FALSE(machine.on_authorized(at(1_s), {deletion, kKbm, {5, 0}, at(100_s)}).send);
}

TEST(CorrespondentUpdater, RefreshesBeforeTheBindingExpires) {  // RFC 6275 §11.7.3, §11.7.4
  Exchange x;
  x.at(0_s).registers_at_home(kCareOf, 9000_s).is_authorized().sends(1).bound_until(420_s);
  EXPECT_EQ(x.machine().next_timeout(), at(315_s));
  x.at(315_s).times_out().tests();
  EXPECT_TRUE(x.machine().binding()) << "it is good until it expires";
  x.at(316_s).is_authorized().sends(2).bound_until(736_s);
}

TEST(CorrespondentUpdater, RefreshesWhenAsked) {  // RFC 6275 §11.7.4
  Exchange x({.refresh = CorrespondentUpdaterConfig::Refresh::OnRequest});
  x.at(0_s).receives(BindingRefreshRequest{}).tests_nothing();  // no binding of ours
  x.at(0_s).registers_at_home(kCareOf, 9000_s).is_authorized().sends(1);
  EXPECT_EQ(x.machine().next_timeout(), at(420_s));
  x.at(360_s).receives(BindingRefreshRequest{}).tests();
  x.at(361_s).receives(BindingRefreshRequest{}).tests_nothing();  // under way
  x.at(420_s).times_out().unbound();
  x.at(421_s).is_authorized().sends(2).bound_until(841_s);
}

TEST(CorrespondentUpdater, GoesThroughTheHomeAgentAfterExpiry) {  // RFC 6275 §11.1, §11.3.1
  Exchange x({.refresh = CorrespondentUpdaterConfig::Refresh::OnRequest});
  x.at(0_s).registers_at_home(kCareOf, 9000_s).is_authorized();
  x.at(420_s).times_out().unbound().tests_nothing();
  x.at(500_s).hears_through_the_tunnel().tests();  // §11.7.2
}

TEST(CorrespondentUpdater, StartsAnewOnABindingError) {  // RFC 6275 §11.3.6, status 1
  Exchange x;
  x.at(0_s).receives(BindingError{kUnknownBindingForHomeAddress, kHome}).tests_nothing();  // no entry: ignored
  x.at(0_s).registers_at_home(kCareOf, 900_s).is_authorized();
  x.at(1_s).receives(BindingError{kUnknownBindingForHomeAddress, kCareOf}).tests_nothing();
  x.at(2_s).receives(BindingError{kUnknownBindingForHomeAddress, kHome}).unbound().tests();
}

TEST(CorrespondentUpdater, CeasesRouteOptimizationIfMessagesAreUnknown) {  // RFC 6275 §11.3.6, status 2
  Exchange x;
  x.at(0_s).registers_at_home(kCareOf, 900_s).tests();
  x.at(1_s).receives(BindingError{kUnrecognizedMhType, kHome}).avoids();
  EXPECT_TRUE(x.out().stop_return_routability);
  Exchange bound;
  bound.at(0_s).registers_at_home(kCareOf, 900_s).is_authorized();
  bound.at(1_s).receives(BindingError{kUnrecognizedMhType, kHome});  // no answer is expected: ignored
  EXPECT_TRUE(bound.machine().binding());
}

TEST(CorrespondentUpdater, CeasesRouteOptimizationOnAParameterProblem) {  // RFC 6275 §11.3.5, §11.6.2
  Exchange x;
  x.at(0_s).receives_parameter_problem();
  EXPECT_EQ(x.machine().state(), State::Idle) << "no entry is made by an ICMP error";
  x.at(0_s).registers_at_home().tests();
  x.at(1_s).receives_parameter_problem().avoids();
  EXPECT_TRUE(x.out().stop_return_routability);
}

TEST(CorrespondentUpdater, DeletesItsBindingOnReturningHome) {  // RFC 6275 §11.7.2, §5.2.5
  Exchange x;
  x.at(0_s).registers_at_home(kCareOf, 900_s).is_authorized().sends(1);
  x.at(50_s).returns_home().unbound();
  ASSERT_TRUE(x.out().return_routability);
  EXPECT_EQ(x.out().return_routability->purpose, CorrespondentRequest::DeleteBinding);
  x.at(51_s).is_authorized().sends(2, kHome, 0_s);
  EXPECT_FALSE(x.out().send->home_address_option);
  EXPECT_TRUE(x.out().send->update.acknowledge);
  EXPECT_EQ(x.out().send->authenticated_address, kHome);  // §6.2.7
  x.at(52_s).times_out().sends(3, kHome, 0_s);
  x.at(53_s).receives(3, kBindingAccepted, 0_s, kHome);
  EXPECT_TRUE(x.out().finished);
  EXPECT_FALSE(x.machine().next_timeout());
}

TEST(CorrespondentUpdater, HasNothingToDeleteWhenAllHasExpired) {  // RFC 6275 §11.7.2
  Exchange x;
  x.at(0_s).registers_at_home(kCareOf, 900_s).is_authorized();
  x.at(420_s).times_out();
  x.at(421_s).returns_home().tests_nothing();
  EXPECT_TRUE(x.out().finished);
}

TEST(CorrespondentUpdater, LeavesToExpireWhatItCannotDelete) {  // RFC 6275 §5.2.9
  Exchange x;
  x.at(0_s).registers_at_home(kCareOf, 900_s).is_authorized();
  x.at(50_s).returns_home();
  x.at(65_s).return_routability_fails();
  EXPECT_TRUE(x.out().finished);
  EXPECT_FALSE(x.machine().next_timeout());
}

}  // namespace
}  // namespace kamesim
