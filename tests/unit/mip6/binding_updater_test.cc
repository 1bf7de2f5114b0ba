#include "protocols/mip6/binding_updater.h"

#include <gtest/gtest.h>

#include "protocols/mip6/binding_status.h"
#include "tests/unit/mip6/test_values.h"

namespace kamesim {
namespace {

using Deregistered = BindingUpdater::Deregistered;
using Output = BindingUpdater::Output;
using State = BindingUpdater::State;

BindingAck ack(std::uint16_t sequence, Duration lifetime = 420_s, std::uint8_t status = kBindingAccepted) {
  return {.status = status, .sequence = SeqNum16(sequence), .lifetime = lifetime};
}

BindingAck rejection(std::uint16_t sequence, std::uint8_t status) { return ack(sequence, 0_s, status); }

class Exchange {
 public:
  explicit Exchange(BindingUpdaterConfig config = {}) : machine_(with_addresses(config)) {}
  Exchange& at(Duration t) {
    now_ = kamesim::at(t);
    return *this;
  }
  Exchange& attach(const Ipv6Address& care_of = kCareOf, Duration valid = 90'000_s) {
    out_ = machine_.on_attach(now_, {care_of, now_ + valid});
    return *this;
  }
  Exchange& detach() {
    out_ = machine_.on_detach(now_);
    return *this;
  }
  Exchange& returns_home() {
    out_ = machine_.on_return_home(now_);
    return *this;
  }
  Exchange& withdraws() {
    out_ = machine_.on_withdraw(now_);
    return *this;
  }
  Exchange& receives(const BindingAck& ack) {
    out_ = machine_.on_binding_ack(now_, ack);
    return *this;
  }
  Exchange& receives(const BindingError& error) {
    out_ = machine_.on_binding_error(now_, error);
    return *this;
  }
  Exchange& receives(const BindingRefreshRequest&) {
    out_ = machine_.on_binding_refresh_request(now_);
    return *this;
  }
  Exchange& prefixes_confirmed() {
    out_ = machine_.on_prefixes_confirmed(now_);
    return *this;
  }
  Exchange& times_out() {
    out_ = machine_.on_timeout(now_);
    return *this;
  }
  Exchange& sends(std::uint16_t sequence, const Ipv6Address& care_of = kCareOf, Duration lifetime = 420_s) {
    EXPECT_TRUE(out_.send);
    if (!out_.send) return *this;
    EXPECT_EQ(out_.send->update.sequence, SeqNum16(sequence));
    EXPECT_EQ(out_.send->source, care_of);
    EXPECT_EQ(out_.send->update.alternate_care_of_address, care_of);
    EXPECT_EQ(out_.send->update.lifetime, lifetime);
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
  Exchange& drops(const DropInfo& reason) {
    EXPECT_EQ(out_.dropped, &reason);
    return sends_nothing();
  }
  Exchange& rejected(std::uint8_t status) {
    EXPECT_EQ(int{out_.rejected.value_or(0)}, int{status});
    return *this;
  }
  Exchange& deregistered(Deregistered how) {
    EXPECT_EQ(out_.deregistered, how);
    return *this;
  }
  const Output& out() const { return out_; }
  const BindingUpdater& machine() const { return machine_; }

 private:
  static BindingUpdaterConfig with_addresses(BindingUpdaterConfig config) {
    config.home_address = kHome;
    return config;
  }

  BindingUpdater machine_;
  Time now_;
  Output out_;
};

TEST(BindingUpdater, AsksForAHomeRegistration) {  // RFC 6275 §11.7.1
  Exchange x({.link_local_address_compatibility = true, .key_management_mobility = true});
  x.at(0_s).attach().sends(1);
  const HomeUpdateToSend& sent = *x.out().send;
  EXPECT_TRUE(sent.update.home_registration);
  EXPECT_TRUE(sent.update.acknowledge);
  EXPECT_TRUE(sent.update.link_local_address_compatibility);
  EXPECT_TRUE(sent.update.key_management_mobility);
  EXPECT_EQ(sent.home_address_option, kHome);
  EXPECT_FALSE(sent.update.nonce_indices);
  EXPECT_FALSE(sent.update.authenticator);
}

TEST(BindingUpdater, BacksOffAndRenumbersUntilAcknowledged) {  // RFC 6275 §11.8
  Exchange x;
  x.at(0_ms).attach().sends(1);
  x.at(1499_ms).times_out().sends_nothing();
  x.at(1500_ms).times_out().sends(2);
  x.at(4500_ms).times_out().sends(3);                     // 1.5 s, doubled
  x.at(4600_ms).receives(ack(2)).drops(kBackUnmatched);
  x.at(4700_ms).receives(ack(3)).bound_until(424'500_ms);  // 420 s from update 3 (§11.7.3)
  x.at(4800_ms).receives(ack(3)).drops(kBackUnmatched);    // once
}

TEST(BindingUpdater, WaitsLongerForTheFirstRegistrationOnly) {  // RFC 6275 §11.8, §13
  Exchange x({.initial_bindack_timeout_first_reg = 2_s});
  x.at(0_s).attach().sends(1);
  EXPECT_EQ(x.machine().next_timeout(), at(2_s));
  x.at(1_s).receives(ack(1));
  x.at(10_s).attach(kNewCareOf).sends(2, kNewCareOf);
  EXPECT_EQ(x.machine().next_timeout(), at(11_s));
}

TEST(BindingUpdater, RetransmitsAtTheSlowestRateForEver) {  // RFC 6275 §11.7.1, MAX_BINDACK_TIMEOUT
  Exchange x;
  x.at(0_s).attach().sends(1);
  std::uint16_t sequence = 1;
  Duration t = 1500_ms;
  for (const Duration timeout : {3_s, 6_s, 12_s, 24_s, 32_s, 32_s, 32_s}) {
    x.at(t).times_out().sends(++sequence);
    EXPECT_EQ(x.out().unanswered, sequence > kUpdatesToOneHomeAgent) << "another home agent may be tried";
    t += timeout;
    ASSERT_EQ(x.machine().next_timeout(), at(t));
  }
}

TEST(BindingUpdater, TakesTheShorterLifetimeGranted) {  // RFC 6275 §11.7.3
  Exchange x;
  x.at(0_s).attach();
  x.at(1_s).receives(ack(1, 100_s)).bound_until(100_s);
  Exchange y;
  y.at(0_s).attach();
  y.at(1_s).receives(ack(1, 9000_s)).bound_until(420_s);  // never longer than asked for
}

TEST(BindingUpdater, AsksForNoMoreThanTheCareOfAddressLasts) {  // RFC 6275 §11.7.1
  Exchange x;
  x.at(0_s).attach(kCareOf, 103_s).sends(1, kCareOf, 100_s);
  Exchange y;
  y.at(0_s).attach(kCareOf, 3_s).sends_nothing();
  EXPECT_FALSE(y.machine().next_timeout());
}

TEST(BindingUpdater, RefreshesWellBeforeTheBindingExpires) {  // RFC 6275 §11.7.1, §11.7.3
  Exchange x;
  x.at(0_s).attach();
  x.at(1_s).receives(ack(1, 400_s));
  x.at(299_s).times_out().sends_nothing();
  x.at(300_s).times_out().sends(2);
  x.at(301_s).receives(ack(2)).bound_until(720_s);
}

TEST(BindingUpdater, HeedsTheHomeAgentsRefreshAdvice) {  // RFC 6275 §11.7.3, §6.2.4
  Exchange x;
  x.at(0_s).attach();
  BindingAck advice = ack(1);
  advice.refresh_interval = 40_s;
  x.at(1_s).receives(advice);
  EXPECT_EQ(x.machine().next_timeout(), at(40_s));
}

TEST(BindingUpdater, WaitsForPrefixDiscoveryAfterStatus1) {  // RFC 6275 §11.7.1, §11.7.3
  Exchange x;
  x.at(0_s).attach();
  x.at(1_s).receives(ack(1, 400_s, kAcceptedPrefixDiscoveryNecessary)).bound_until(400_s);
  EXPECT_TRUE(x.out().prefix_discovery_needed);
  EXPECT_EQ(x.machine().next_timeout(), at(400_s)) << "no refresh before";
  x.at(200_s).prefixes_confirmed();
  EXPECT_EQ(x.machine().next_timeout(), at(350_s));
}

TEST(BindingUpdater, RegistersAnewWhenTheBindingHasExpired) {  // RFC 6275 §11.1, §11.8
  Exchange x;
  x.at(0_s).attach();
  x.at(1_s).receives(ack(1, 100_s, kAcceptedPrefixDiscoveryNecessary));
  x.at(100_s).times_out().sends(2);
  EXPECT_TRUE(x.out().expired);
  EXPECT_EQ(x.machine().next_timeout(), at(101'500_ms)) << "as a first registration";
}

TEST(BindingUpdater, KeepsTryingWhileARefreshIsUnanswered) {  // RFC 6275 §11.7.1
  Exchange x;
  x.at(0_s).attach();
  x.at(0_s).receives(ack(1, 8_s));
  x.at(6_s).times_out().sends(2);
  x.at(7_s).times_out().sends(3);
  x.at(8_s).times_out().sends_nothing();
  EXPECT_TRUE(x.out().expired);
  x.at(9_s).times_out().sends(4);
}

TEST(BindingUpdater, ANewCareOfAddressReplacesAnOutstandingUpdate) {  // RFC 6275 §11.1, §11.8
  Exchange x;
  x.at(0_s).attach().sends(1);
  x.at(1_s).attach(kNewCareOf).sends(2, kNewCareOf);
  EXPECT_EQ(x.machine().next_timeout(), at(2500_ms)) << "its back-off begins anew";
  x.at(1100_ms).receives(ack(1)).drops(kBackUnmatched);
  x.at(1200_ms).receives(ack(2)).bound_until(421_s);
  EXPECT_EQ(x.out().bound->care_of, kNewCareOf);
}

TEST(BindingUpdater, SendsNoMoreThanThreeUpdatesWithinASecond) {  // RFC 6275 §11.8, §11.5.3, MAX_UPDATE_RATE
  Exchange x;
  x.at(0_ms).attach(kCareOf).sends(1);
  x.at(100_ms).attach(kNewCareOf).sends(2, kNewCareOf);
  x.at(200_ms).attach(kCareOf).sends(3);
  x.at(300_ms).attach(kNewCareOf).sends_nothing();
  EXPECT_EQ(x.machine().next_timeout(), at(1000_ms));
  x.at(1000_ms).times_out().sends(4, kNewCareOf);
  EXPECT_EQ(x.machine().next_timeout(), at(2500_ms));
}

TEST(BindingUpdater, GoesOnFromTheSequenceNumberTheHomeAgentTells) {  // RFC 6275 §11.7.1, §11.7.3, status 135
  Exchange x;
  x.at(0_s).attach().sends(1);
  x.at(50_ms).receives(rejection(4711, kSequenceNumberOutOfWindow)).sends(4712);
  x.at(100_ms).receives(ack(4712)).bound_until(420'050_ms);
  Exchange wrapped({.previous_sequence = SeqNum16(65535)});
  wrapped.at(0_s).attach().sends(0);
}

TEST(BindingUpdater, ReusesNoSequenceNumberAfterAnOvertakenUpdate) {  // RFC 6275 §11.7.2
  Exchange x;
  x.at(0_ms).attach().sends(1);
  x.at(1500_ms).times_out().sends(2);
  // Update 2 was accepted, and update 1, which came later, is answered: 2 was the last.
  x.at(1600_ms).receives(rejection(1, kSequenceNumberOutOfWindow)).drops(kBackUnmatched);
  x.at(1700_ms).receives(rejection(2, kSequenceNumberOutOfWindow)).sends(3);
}

TEST(BindingUpdater, HandlesRejections) {  // RFC 6275 §11.7.3
  for (const std::uint8_t status :
       {kReasonUnspecified, kAdministrativelyProhibited, kInsufficientResources, kHomeRegistrationNotSupported,
        kNotHomeSubnet, kRegistrationTypeChangeDisallowed, kInvalidCareOfAddress}) {
    SCOPED_TRACE(int{status});
    Exchange x;
    x.at(0_s).attach();
    x.at(1_s).receives(rejection(1, status)).rejected(status).sends_nothing();
    EXPECT_EQ(x.machine().state(), State::Idle);
    EXPECT_EQ(x.machine().next_timeout(), at(61_s));
    x.at(61_s).times_out().sends(2);
    x.at(62_s).receives(rejection(2, status));
    x.at(63_s).attach(kNewCareOf).sends(3, kNewCareOf);  // another address may do better
  }
}

TEST(BindingUpdater, NeverUsesADuplicateHomeAddressAgain) {  // RFC 6275 §11.7.1, status 134
  Exchange x;
  x.at(0_s).attach();
  x.at(1_s).receives(rejection(1, kDuplicateAddressDetectionFailed)).rejected(kDuplicateAddressDetectionFailed);
  EXPECT_FALSE(x.machine().next_timeout());
  x.at(2_s).attach(kNewCareOf).rejected(kDuplicateAddressDetectionFailed).sends_nothing();
}

TEST(BindingUpdater, TakesARegistrationForNoTimeAsRejected) {
  Exchange x;
  x.at(0_s).attach();
  x.at(1_s).receives(ack(1, 0_s)).rejected(kReasonUnspecified);
  EXPECT_FALSE(x.out().bound);
}

TEST(BindingUpdater, DeregistersFromTheHomeAddress) {  // RFC 6275 §11.5.5
  Exchange x;
  x.at(0_s).attach();
  x.at(1_s).receives(ack(1));
  x.at(20_s).returns_home().sends(2, kHome, 0_s);
  EXPECT_TRUE(x.out().send->update.home_registration);
  EXPECT_TRUE(x.out().send->update.acknowledge);
  EXPECT_FALSE(x.out().send->home_address_option) << "the source is the home address";
  x.at(21_s).times_out().sends(3, kHome, 0_s);
  x.at(22_s).receives(ack(3, 0_s)).deregistered(Deregistered::Acknowledged);
  EXPECT_FALSE(x.machine().binding());
  EXPECT_FALSE(x.machine().next_timeout());
}

TEST(BindingUpdater, HasNothingToDeregisterWithoutABinding) {  // RFC 6275 §11.5.5: then DAD is due
  Exchange never;
  never.at(0_s).returns_home().sends_nothing().deregistered(Deregistered::NothingRegistered);
  Exchange expired;
  expired.at(0_s).attach();
  expired.at(1_s).receives(ack(1)).detach();
  expired.at(420_s).times_out();
  EXPECT_TRUE(expired.out().expired);
  expired.at(421_s).returns_home().sends_nothing().deregistered(Deregistered::NothingRegistered);
}

TEST(BindingUpdater, DeregistersWhatMayHaveBeenRegistered) {  // RFC 6275 §11.5.5: an acknowledgement can be lost
  Exchange x;
  x.at(0_s).attach().sends(1);
  x.at(1_s).returns_home().sends(2, kHome, 0_s);
  x.at(2_s).receives(rejection(2, kNotHomeAgentForThisMobileNode)).deregistered(Deregistered::NothingRegistered);
}

TEST(BindingUpdater, AsksAgainWhenADeregistrationIsRejected) {  // RFC 6275 §11.7.3
  Exchange x;
  x.at(0_s).attach();
  x.at(1_s).receives(ack(1));
  x.at(20_s).returns_home();
  x.at(21_s).receives(rejection(2, kInsufficientResources)).rejected(kInsufficientResources);
  EXPECT_FALSE(x.out().deregistered);
  x.at(81_s).times_out().sends(3, kHome, 0_s);
}

TEST(BindingUpdater, LeavesHomeAgainDuringADeregistration) {  // RFC 6275 §11.5.1
  Exchange x;
  x.at(0_s).attach();
  x.at(1_s).receives(ack(1));
  x.at(20_s).returns_home().sends(2, kHome, 0_s);
  x.at(20'500_ms).attach(kNewCareOf).sends(3, kNewCareOf);
  x.at(20'600_ms).receives(ack(2, 0_s)).drops(kBackUnmatched);
  x.at(20'700_ms).receives(ack(3)).bound_until(440'500_ms);
}

TEST(BindingUpdater, WithdrawsFromTheCareOfAddress) {  // RFC 6275 §10.3.2
  Exchange x;
  x.at(0_s).attach();
  x.at(1_s).receives(ack(1));
  x.at(2_s).withdraws().sends(2, kCareOf, 0_s);
  EXPECT_EQ(x.out().send->home_address_option, kHome);
}

TEST(BindingUpdater, SendsNothingWithoutACareOfAddress) {  // RFC 6275 §11.7.2
  Exchange x;
  x.at(0_s).attach().sends(1);
  x.at(1_s).detach();
  EXPECT_FALSE(x.machine().next_timeout());
  x.at(2_s).receives(ack(1)).drops(kBackUnmatched);
  x.at(3_s).withdraws().sends_nothing();
}

TEST(BindingUpdater, AnswersABindingRefreshRequest) {  // RFC 6275 §8.5, §11.7.4
  Exchange x;
  x.at(0_s).receives(BindingRefreshRequest{}).sends_nothing();  // no binding of ours
  x.at(0_s).attach();
  x.at(1_s).receives(ack(1));
  x.at(9_s).receives(BindingRefreshRequest{}).sends(2);
  x.at(9_s).receives(BindingRefreshRequest{}).sends_nothing();  // under way
}

TEST(BindingUpdater, RegistersAgainWhenTheHomeAgentLostTheBinding) {  // RFC 6275 §11.3.6
  Exchange x;
  x.at(0_s).receives(BindingError{kUnknownBindingForHomeAddress, kHome}).sends_nothing();
  x.at(0_s).attach();
  x.at(1_s).receives(ack(1));
  x.at(2_s).receives(BindingError{kUnknownBindingForHomeAddress, kCareOf}).sends_nothing();  // not our home address
  x.at(3_s).receives(BindingError{kUnrecognizedMhType, kHome}).sends_nothing();
  x.at(4_s).receives(BindingError{kUnknownBindingForHomeAddress, kHome}).sends(2);
}

TEST(BindingUpdater, RegistersAsAMobileRouter) {  // RFC 3963 §5.2
  Exchange x({.mobile_router = true, .mobile_network_prefixes = {{64, "2001:db8:a::"_ip6}}});
  x.at(0_s).attach().sends(1);
  EXPECT_TRUE(x.out().send->update.mobile_router);
  EXPECT_TRUE(x.out().send->update.home_registration);
  EXPECT_EQ(x.out().send->update.mobile_network_prefixes.size(), 1u);
  BindingAck accepted = ack(1);
  accepted.mobile_router = true;
  x.at(1_s).receives(accepted).bound_until(420_s);
  x.at(315_s).times_out().sends(2);  // a refresh tells them too
  EXPECT_EQ(x.out().send->update.mobile_network_prefixes.size(), 1u);
  EXPECT_TRUE(x.out().send->update.mobile_router);
  accepted.sequence = SeqNum16(2);
  x.at(316_s).receives(accepted);
  x.at(317_s).returns_home();
  ASSERT_TRUE(x.out().send);
  EXPECT_TRUE(x.out().send->update.mobile_network_prefixes.empty());  // RFC 3963 §5.8
}

TEST(BindingUpdater, IsNotBoundByAnAcknowledgementWithoutTheRBit) {  // RFC 3963 §5.3
  Exchange x({.mobile_router = true});
  x.at(0_s).attach().sends(1);
  x.at(1_s).receives(ack(1));
  EXPECT_FALSE(x.out().bound);
  EXPECT_TRUE(x.out().no_mobile_router_support);
  x.withdraws().sends(2, kCareOf, 0_s);  // "MUST also de-register with the Home Agent"
  x.at(2_s).receives(ack(2, 0_s)).deregistered(Deregistered::Acknowledged);
}

TEST(BindingUpdater, DoesNotRepeatWhatWasRefusedToAMobileRouter) {  // RFC 3963 §5.4
  for (const std::uint8_t status : {140, 141, 142, 143}) {
    Exchange x({.mobile_router = true});
    x.at(0_s).attach().sends(1);
    x.at(1_s).receives(rejection(1, status)).rejected(status);
    EXPECT_FALSE(x.machine().next_timeout()) << int{status};
    EXPECT_FALSE(x.machine().binding());
  }
}

}  // namespace
}  // namespace kamesim
