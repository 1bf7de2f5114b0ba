#include "protocols/fmip6/new_access_router.h"

#include <set>

#include <gtest/gtest.h>

#include "tests/unit/mip6/test_values.h"

namespace kamesim {
namespace {

const MacAddress kMac = *MacAddress::parse("02:00:00:00:00:01");
const MacAddress kOtherMac = *MacAddress::parse("02:00:00:00:00:02");
const Ipv6Address kPar = "2001:db8:2::1"_ip6;
const Ipv6Prefix kPrefix("2001:db8:3::"_ip6, 64);

using Keep = NewAccessRouter::Keep;
using Output = NewAccessRouter::Output;

class NewAccessRouterTest : public ::testing::Test {
 protected:
  NewAccessRouter make(NewAccessRouterConfig config = {.test_addresses = false}) {
    config.prefix = kPrefix;
    return NewAccessRouter(config, [this](const Ipv6Address& a, const MacAddress&) { return used.contains(a); },
                           [] { return std::uint64_t{0x99}; });
  }
  static HandoverInitiate initiate(std::uint8_t code = 0, const Ipv6Address& address = kNewCareOf) {
    return {.sequence = 3, .buffer = true, .code = code, .mobile_node = kMac, .previous_care_of = kCareOf,
            .new_care_of = address};
  }
  static int code(const Output& out) { return out.ack ? out.ack->message.code : -1; }
  std::set<Ipv6Address> used;
  const Ipv6Address assigned = "2001:db8:3::99"_ip6;
};

TEST_F(NewAccessRouterTest, AcceptsProxiesAndKeeps) {  // RFC 5568 §4
  NewAccessRouter nar = make();
  const Output out = nar.on_handover_initiate(at(0_s), kPar, initiate());
  EXPECT_EQ(code(out), HandoverAck::Accepted);
  EXPECT_EQ(out.ack->message.sequence, 3);
  EXPECT_EQ(out.ack->destination, kPar);
  EXPECT_EQ(out.proxy, std::pair(kNewCareOf, Keep::Yes));
}

TEST_F(NewAccessRouterTest, KeepsNothingWithoutTheUFlag) {
  NewAccessRouter nar = make();
  HandoverInitiate hi = initiate();
  hi.buffer = false;
  EXPECT_EQ(nar.on_handover_initiate(at(0_s), kPar, hi).proxy->second, Keep::No);
}

TEST_F(NewAccessRouterTest, TestsTheAddressBeforeItDefendsIt) {  // §4: DAD
  NewAccessRouter nar = make({.test_addresses = true});
  const Output first = nar.on_handover_initiate(at(0_s), kPar, initiate());
  EXPECT_EQ(first.test, kNewCareOf);
  EXPECT_FALSE(first.ack || first.proxy);
  EXPECT_FALSE(nar.on_handover_initiate(at(100_ms), kPar, initiate()).ack) << "the HI was sent again";
  const Output out = nar.on_dad_result(at(1_s), kNewCareOf, NewAccessRouter::DadResult::Unique);
  EXPECT_EQ(code(out), HandoverAck::Accepted);
  EXPECT_TRUE(out.proxy);
}

TEST_F(NewAccessRouterTest, AssignsAnotherAddressForADuplicate) {  // §5.2
  NewAccessRouter nar = make({.test_addresses = true});
  nar.on_handover_initiate(at(0_s), kPar, initiate());
  const Output again = nar.on_dad_result(at(1_s), kNewCareOf, NewAccessRouter::DadResult::Duplicate);
  EXPECT_EQ(again.test, assigned);
  const Output out = nar.on_dad_result(at(2_s), assigned, NewAccessRouter::DadResult::Unique);
  EXPECT_EQ(code(out), HandoverAck::AcceptedNcoaAssigned);
  EXPECT_EQ(out.ack->message.new_care_of, assigned);
}

TEST_F(NewAccessRouterTest, AssignsAnotherAddressForOneInUse) {
  NewAccessRouter nar = make();
  used.insert(kNewCareOf);
  const Output out = nar.on_handover_initiate(at(0_s), kPar, initiate());
  EXPECT_EQ(out.ack->message.new_care_of, assigned);
  EXPECT_EQ(out.proxy->first, assigned);
}

TEST_F(NewAccessRouterTest, AssignsAnotherAddressForOneOfAnotherLink) {
  NewAccessRouter nar = make();
  EXPECT_EQ(nar.on_handover_initiate(at(0_s), kPar, initiate(0, kCareOf)).ack->message.new_care_of, assigned);
}

TEST_F(NewAccessRouterTest, SuppliesAnAddressWhenAsked) {  // §6.2.1.2: the S flag
  NewAccessRouter nar = make();
  HandoverInitiate hi = initiate();
  hi.assigned_address = true;
  const Output out = nar.on_handover_initiate(at(0_s), kPar, hi);
  EXPECT_EQ(code(out), HandoverAck::AcceptedNcoaAssigned);
  EXPECT_EQ(out.ack->message.new_care_of, kNewCareOf) << "it MAY be the one proposed";
}

TEST_F(NewAccessRouterTest, TellsMobileNodesWithOneAddressApart) {
  NewAccessRouter nar = make();
  nar.on_handover_initiate(at(0_s), kPar, initiate());
  HandoverInitiate other = initiate();
  other.mobile_node = kOtherMac;
  EXPECT_EQ(nar.on_handover_initiate(at(1_ms), kPar, other).ack->message.new_care_of, assigned);
}

TEST_F(NewAccessRouterTest, AnswersCode1WithoutAnyOfThis) {  // §4: "MUST skip the above operations"
  NewAccessRouter nar = make({.test_addresses = true});
  const Output out = nar.on_handover_initiate(at(0_s), kPar, initiate(1));
  EXPECT_EQ(code(out), HandoverAck::Accepted);
  EXPECT_FALSE(out.test || out.proxy);
  EXPECT_EQ(code(nar.on_handover_initiate(at(0_s), kPar, initiate(1, kCareOf))), HandoverAck::ReasonUnspecified);
}

TEST_F(NewAccessRouterTest, SendsOnWhenTheMobileNodeAnnouncesItself) {  // §6.3
  NewAccessRouter nar = make();
  nar.on_handover_initiate(at(0_s), kPar, initiate());
  EXPECT_FALSE(nar.on_unsolicited_advertisement(at(1_s), kNewCareOf, kOtherMac).arrived) << "another's LLA";
  EXPECT_FALSE(nar.on_unsolicited_advertisement(at(1_s), kCareOf, kMac).arrived);
  const Output out = nar.on_unsolicited_advertisement(at(1_s), kNewCareOf, kMac);
  ASSERT_TRUE(out.arrived);
  EXPECT_EQ(out.arrived->mobile_node, kMac);
  EXPECT_FALSE(nar.next_timeout());
}

TEST_F(NewAccessRouterTest, GivesUpAfterProxyNdLifetime) {  // §9
  NewAccessRouter nar = make();
  nar.on_handover_initiate(at(0_s), kPar, initiate());
  EXPECT_EQ(nar.next_timeout(), at(1500_ms));
  EXPECT_FALSE(nar.on_timeout(at(1499_ms)).gave_up);
  EXPECT_EQ(nar.on_timeout(at(1500_ms)).gave_up, kNewCareOf);
  EXPECT_FALSE(nar.on_unsolicited_advertisement(at(1600_ms), kNewCareOf, kMac).arrived);
}

TEST_F(NewAccessRouterTest, ProxiesLongerIfInitiatedAgain) {
  NewAccessRouter nar = make();
  nar.on_handover_initiate(at(0_s), kPar, initiate());
  EXPECT_EQ(code(nar.on_handover_initiate(at(1_s), kPar, initiate())), HandoverAck::Accepted);
  EXPECT_EQ(nar.next_timeout(), at(2500_ms));
}

TEST_F(NewAccessRouterTest, RefusesWhatCannotBeServed) {  // §6.2.1.2
  NewAccessRouter nar = make({.routers = {kPar}, .test_addresses = false});
  const auto refused = [](const Output& out, const DropInfo& reason, std::uint8_t with) {
    return out.dropped == &reason && code(out) == with && !out.test && !out.proxy;
  };
  EXPECT_TRUE(refused(nar.on_handover_initiate(at(0_s), kHomeAgent, initiate()), kHiUnknownRouter,
                      HandoverAck::AdministrativelyProhibited));
  HandoverInitiate hi = initiate();
  hi.mobile_node.reset();
  EXPECT_TRUE(refused(nar.on_handover_initiate(at(0_s), kPar, hi), kHiNoMobileNode, HandoverAck::ReasonUnspecified));
  hi = initiate();
  hi.new_care_of.reset();
  EXPECT_TRUE(refused(nar.on_handover_initiate(at(0_s), kPar, hi), kHiNoNewCareOf, HandoverAck::ReasonUnspecified));
}

TEST_F(NewAccessRouterTest, IsBounded) {  // §10
  NewAccessRouter nar = make({.test_addresses = false, .max_handovers = 1});
  nar.on_handover_initiate(at(0_s), kPar, initiate());
  const Output out = nar.on_handover_initiate(at(0_s), kPar, initiate(0, "2001:db8:3::7"_ip6));
  EXPECT_EQ(code(out), HandoverAck::InsufficientResources);
}

}  // namespace
}  // namespace kamesim
