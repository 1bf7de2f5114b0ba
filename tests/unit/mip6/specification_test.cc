// Where RFC 3775 differs from RFC 6275 (docs/protocols/mip6.md, "RFC 3775 by switch"): each rule by both.
#include "protocols/mip6/specification.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "protocols/mip6/binding_status.h"
#include "protocols/mip6/binding_updater.h"
#include "protocols/mip6/correspondent_registration.h"
#include "protocols/mip6/correspondent_updater.h"
#include "protocols/mip6/home_agent_registration.h"
#include "protocols/mip6/return_routability.h"
#include "protocols/wire/byte_writer.h"
#include "tests/unit/mip6/test_values.h"

namespace kamesim {
namespace {

const MobilityRules kOld = rules_of(MobilitySpecification::Rfc3775);
const MobilityRules kNew = rules_of(MobilitySpecification::Rfc6275);

const Ipv6Address kOtherHome = "2001:db8:1::200"_ip6;

// A home agent that has one binding, of kHome at kCareOf.
struct Home {
  explicit Home(const MobilityRules& rules) : machine({.rules = rules}, cache) {
    machine.on_prefix_list(Time(), {HomePrefix{"2001:db8:1::/64"_ip6net}});
    registers(1, kHome, kCareOf);
    machine.on_dad_result(Time(), kHome, HomeAgentRegistration::DadResult::Unique);
  }
  HomeAgentRegistration::Output registers(std::uint16_t sequence, const Ipv6Address& home, const Ipv6Address& care_of,
                                          Duration lifetime = 420_s) {
    ReceivedBindingUpdate r;
    r.source = care_of;
    r.destination = kHomeAgent;
    if (care_of != home) r.home_address_option = home;
    r.update.sequence = SeqNum16(sequence);
    r.update.acknowledge = r.update.home_registration = true;
    r.update.lifetime = lifetime;
    return machine.on_binding_update(Time(), r);
  }
  BindingCache cache;
  HomeAgentRegistration machine;
};

TEST(HomeAgentOfRfc3775, TakesTheHomeAddressAsCareOfAddressForADeletion) {  // RFC 3775 §9.5.1
  EXPECT_EQ(Home(kNew).registers(2, kHome, kHome).ack->ack.status, kInvalidCareOfAddress);
  const auto out = Home(kOld).registers(2, kHome, kHome);
  EXPECT_EQ(out.ack->ack.status, kBindingAccepted);
  EXPECT_EQ(out.ack->ack.lifetime, Duration());
  EXPECT_EQ(out.stop_proxy->home_address, kHome);
}

TEST(HomeAgentOfRfc3775, DiscardsOnlyWhatLeadsBack) {  // RFC 3775 §6.1.7
  EXPECT_EQ(Home(kNew).registers(2, kOtherHome, kHome).ack->ack.status, kInvalidCareOfAddress);
  Home old(kOld);
  EXPECT_TRUE(old.registers(1, kOtherHome, kHome).start_dad) << "it leads on to kCareOf";
  old.machine.on_dad_result(Time(), kOtherHome, HomeAgentRegistration::DadResult::Unique);
  const auto out = old.registers(2, kHome, kOtherHome);
  EXPECT_EQ(out.dropped, &kBuCircularReference);
  EXPECT_FALSE(out.ack);
}

TEST(HomeAgentOfRfc3775, ForgetsADeletedBindingAtOnce) {  // RFC 6275 §10.3.2, Appendix B, issue 19
  Home now(kNew), old(kOld);
  for (Home* h : {&now, &old}) h->registers(5, kHome, kHome, 0_s);
  EXPECT_EQ(now.registers(4, kHome, kCareOf).ack->ack.status, kSequenceNumberOutOfWindow);
  EXPECT_EQ(old.cache.size(), 0u);
  EXPECT_TRUE(old.registers(4, kHome, kCareOf).start_dad) << "the delayed update makes a binding";
}

TEST(MobileNodeOfRfc3775, IgnoresAnAcknowledgementWithAnotherSequenceNumber) {  // RFC 3775 §11.7.3
  const auto answered = [](const MobilityRules& rules) {
    BindingUpdater updater({.home_address = kHome, .previous_sequence = SeqNum16(7), .rules = rules});
    updater.on_attach(Time(), {kCareOf});
    return updater.on_binding_ack(at(100_ms), {.status = kSequenceNumberOutOfWindow, .sequence = SeqNum16(99)});
  };
  EXPECT_EQ(answered(kNew).send->update.sequence, SeqNum16(100));
  EXPECT_FALSE(answered(kOld).send);
  EXPECT_EQ(answered(kOld).dropped, &kBackUnmatched);
}

TEST(MobileNodeOfRfc3775, NeverGivesUpReturnRoutability) {  // RFC 3775 §11.8, RFC 6275 §5.2.9
  const auto inits_within_ten_minutes = [](const MobilityRules& rules) {
    ReturnRoutability rr({.home_address = kHome, .rules = rules}, CountingBytes());
    int sent = rr.start(Time(), {CorrespondentRequest::CacheBinding, kCareOf}).send_home_test_init.has_value();
    while (rr.next_timeout() && *rr.next_timeout() < at(600_s)) {
      sent += rr.on_timeout(*rr.next_timeout()).send_home_test_init.has_value();
    }
    return sent;
  };
  EXPECT_EQ(inits_within_ten_minutes(kNew), 1 + kMaxRoFailure);
  EXPECT_EQ(inits_within_ten_minutes(kOld), 23) << "after 1, 2, 4, 8, 16 seconds, then every 32";
}

TEST(MobileNodeOfRfc3775, NeverGivesUpACorrespondentRegistration) {  // RFC 3775 §11.8
  const auto updates_within_a_minute = [](const MobilityRules& rules) {
    CorrespondentUpdater updater(
        {.home_address = kHome, .correspondent = kCorrespondent, .acknowledge = true, .rules = rules});
    updater.on_home_registration(Time(), {kCareOf, at(900_s)});
    const Authorization authorized{.request = {CorrespondentRequest::CacheBinding, kCareOf}, .expires = at(210_s)};
    int sent = updater.on_authorized(Time(), authorized).send.has_value();
    while (updater.next_timeout() && *updater.next_timeout() < at(60_s)) {
      sent += updater.on_timeout(*updater.next_timeout()).send.has_value();
    }
    return sent;
  };
  EXPECT_EQ(updates_within_a_minute(kNew), 1 + kMaxRoFailure);
  EXPECT_EQ(updates_within_a_minute(kOld), 6) << "at 0, 1, 3, 7, 15 and 31 s";
}

// An authorized update to a correspondent that has `bound` as a binding before it.
CorrespondentRegistration::Output update_correspondent(const MobilityRules& rules, const Ipv6Address& home,
                                                       const Ipv6Address& care_of, const BindingCacheEntry& bound) {
  BindingCache cache;
  cache.put(bound);
  CorrespondentRegistration machine({.rules = rules}, cache, CountingBytes());
  const HomeTest test = *machine.on_home_test_init(Time(), {home}, {}).home_test;
  const CareOfTest care_of_test = *machine.on_care_of_test_init(Time(), {care_of}, {}).care_of_test;
  const bool deletion = care_of == home && rules.care_of_home_address_deletes;
  const BindingManagementKey kbm =
      deletion ? binding_management_key_for_deletion(test.home_keygen_token)
               : binding_management_key(test.home_keygen_token, care_of_test.care_of_keygen_token);
  ReceivedBindingUpdate r;
  r.source = care_of;
  r.destination = kCorrespondent;
  if (care_of != home) r.home_address_option = home;
  r.update.sequence = SeqNum16(9);
  r.update.acknowledge = true;
  r.update.lifetime = 400_s;
  r.update.nonce_indices = NonceIndices{test.home_nonce_index, care_of_test.care_of_nonce_index};
  r.update.authenticator = Authenticator{};
  std::vector<std::uint8_t> message = to_bytes(r.update);
  const Authenticator authenticator = compute_authenticator(kbm, care_of, kCorrespondent, message);
  std::ranges::copy(authenticator, message.end() - authenticator.size());
  r.mobility_header = message;
  return machine.on_binding_update(at(1_s), r);
}

BindingCacheEntry binding(const Ipv6Address& home, const Ipv6Address& care_of) {
  BindingCacheEntry entry;
  entry.home_address = home;
  entry.care_of = care_of;
  entry.sequence = SeqNum16(1);
  entry.expires = entry.deadline = at(400_s);
  return entry;
}

TEST(CorrespondentOfRfc3775, TakesTheHomeAddressAsCareOfAddressForADeletion) {  // RFC 3775 §9.5.1
  const auto bound = binding(kHome, kCareOf);
  EXPECT_EQ(update_correspondent(kNew, kHome, kHome, bound).ack->ack.status, kInvalidCareOfAddress);
  const auto out = update_correspondent(kOld, kHome, kHome, bound);
  EXPECT_EQ(out.unbound, kHome);
  EXPECT_EQ(out.ack->ack.status, kBindingAccepted);
}

TEST(CorrespondentOfRfc3775, DiscardsOnlyWhatLeadsBack) {  // RFC 3775 §6.1.7
  const auto back = binding(kOtherHome, kHome), on = binding(kOtherHome, kCareOf);
  EXPECT_EQ(update_correspondent(kNew, kHome, kOtherHome, back).ack->ack.status, kInvalidCareOfAddress);
  EXPECT_EQ(update_correspondent(kNew, kHome, kOtherHome, on).ack->ack.status, kInvalidCareOfAddress);
  EXPECT_EQ(update_correspondent(kOld, kHome, kOtherHome, back).dropped, &kBuCircularReference);
  EXPECT_EQ(update_correspondent(kOld, kHome, kOtherHome, on).bound->care_of, kOtherHome);
}

}  // namespace
}  // namespace kamesim
