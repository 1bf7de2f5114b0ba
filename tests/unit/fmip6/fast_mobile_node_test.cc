#include "protocols/fmip6/fast_mobile_node.h"

#include <gtest/gtest.h>

#include "tests/unit/mip6/test_values.h"

namespace kamesim {
namespace {

const MacAddress kMac = *MacAddress::parse("02:00:00:00:00:01");
const MacAddress kAp = *MacAddress::parse("02:00:00:00:00:aa");
const MacAddress kOtherAp = *MacAddress::parse("02:00:00:00:00:bb");
const Ipv6Address kPar = "2001:db8:2::1"_ip6;
const Ipv6Address kNar = "2001:db8:3::1"_ip6;
const Ipv6Address kNcoa = "2001:db8:3::42"_ip6;
const Ipv6Address kSupplied = "2001:db8:3::99"_ip6;

using Kind = AccessPointInfo::Kind;
using Output = FastMobileNode::Output;

AccessPointInfo known(const MacAddress& ap = kAp) {
  return {.access_point = ap, .kind = Kind::Known, .router_link_layer = kMac, .router = kNar,
          .prefix = Ipv6Prefix(kNar, 64), .new_care_of = {}};
}

class FastMobileNodeTest : public ::testing::Test {
 protected:
  explicit FastMobileNodeTest(bool predictive = true)
      : mn({.interface_id = InterfaceId(0x42), .mac = kMac, .predictive = predictive}, [this] { return ++drawn; }) {}
  // On the previous router's link, with its tuples.
  void attached(std::vector<AccessPointInfo> tuples = {known()}) {
    mn.on_link_up(at(0_s), std::nullopt);
    mn.on_router(at(0_s), kPar);
    const Output asked = mn.on_care_of(at(0_s), kCareOf);
    ASSERT_TRUE(asked.solicit);
    mn.on_proxy_advertisement(at(10_ms), PrRtAdv::Code::Solicited, asked.solicit->identifier, tuples);
  }
  Output acknowledged(Duration when, const Output& sent, std::uint8_t status = 0,
                      std::optional<Ipv6Address> supplied = {}) {
    const FastBindingAck ack{.status = status, .sequence = sent.update->message.sequence, .lifetime = 20_s,
                             .alternate_care_of_address = supplied,
                             .authorization = BindingAuthorizationDataFmip6{}};
    return mn.on_fast_binding_ack(at(when), kPar, ack, [](const Ipv6Address&) { return true; });
  }
  std::uint16_t drawn = 100;
  FastMobileNode mn;
};

class ReactiveOnlyTest : public FastMobileNodeTest {
 protected:
  ReactiveOnlyTest() : FastMobileNodeTest(false) {}
};

// ---- Neighbourhood (RFC 5568 §6.1) --------------------------------------------------------------------------------

TEST_F(FastMobileNodeTest, AsksForTheNeighbourhoodAfterRouterDiscovery) {
  mn.on_link_up(at(0_s), std::nullopt);
  EXPECT_FALSE(mn.on_router(at(1_s), kPar).solicit) << "no address to send from yet";
  const Output out = mn.on_care_of(at(2_s), kCareOf);
  ASSERT_TRUE(out.solicit);
  EXPECT_TRUE(out.solicit->access_points.empty()) << "a wildcard";
}

TEST_F(FastMobileNodeTest, AsksThreeTimesMoreWithBackOff) {  // RTSOLPR_RETRIES
  mn.on_link_up(at(0_s), std::nullopt);
  mn.on_router(at(0_s), kPar);
  mn.on_care_of(at(0_s), kCareOf);
  EXPECT_EQ(mn.next_timeout(), at(100_ms));
  EXPECT_TRUE(mn.on_timeout(at(100_ms)).solicit);
  EXPECT_TRUE(mn.on_timeout(at(300_ms)).solicit);
  EXPECT_FALSE(mn.on_timeout(at(700_ms)).solicit) << "MAX_RTSOLPR_RATE: three a second";
  EXPECT_TRUE(mn.on_timeout(at(1_s)).solicit);
  EXPECT_FALSE(mn.on_timeout(at(1800_ms)).solicit);
  EXPECT_FALSE(mn.next_timeout());
  EXPECT_FALSE(mn.on_anticipated(at(3_s), kAp).solicit) << "§5.1: the router has no fast handovers";
}

TEST_F(FastMobileNodeTest, BelievesAnswersOnly) {
  mn.on_link_up(at(0_s), std::nullopt);
  mn.on_router(at(0_s), kPar);
  const Output asked = mn.on_care_of(at(0_s), kCareOf);
  const auto wrong = static_cast<std::uint16_t>(asked.solicit->identifier + 1);
  EXPECT_EQ(mn.on_proxy_advertisement(at(0_s), PrRtAdv::Code::Solicited, wrong, {known()}).dropped, &kPrRtAdvUnmatched);
  EXPECT_TRUE(mn.neighborhood().empty());
  EXPECT_EQ(mn.on_proxy_advertisement(at(0_s), PrRtAdv::Code::Unsolicited, 0, {known()}).dropped, nullptr);
  EXPECT_EQ(mn.neighborhood().size(), 1u);
}

TEST_F(FastMobileNodeTest, AsksForAnAccessPointThatItDoesNotKnow) {
  attached({});
  const Output asked = mn.on_anticipated(at(1_s), kAp);
  ASSERT_TRUE(asked.solicit);
  EXPECT_EQ(asked.solicit->access_points, std::vector{kAp});
  const Output out =
      mn.on_proxy_advertisement(at(1010_ms), PrRtAdv::Code::Solicited, asked.solicit->identifier, {known()});
  EXPECT_TRUE(out.update) << "and goes on when it is told";
}

// ---- Predictive (§3.2, §4) ----------------------------------------------------------------------------------------

TEST_F(FastMobileNodeTest, UpdatesFromTheOldLink) {  // §6.2.2
  attached();
  const Output out = mn.on_anticipated(at(1_s), kAp);
  ASSERT_TRUE(out.update);
  EXPECT_EQ(out.update->destination, kPar);
  EXPECT_EQ(out.update->source, kCareOf);
  EXPECT_EQ(out.update->home_address_option, kCareOf);
  EXPECT_EQ(out.update->message.alternate_care_of_address, kNcoa);
  EXPECT_EQ(out.update->message.mobile_node, kMac);
  EXPECT_TRUE(out.update->message.acknowledge && out.update->message.home_registration);
  EXPECT_EQ(out.update->care_of, kNcoa);
  EXPECT_FALSE(mn.on_anticipated(at(1100_ms), kAp).update) << "once";
}

TEST_F(FastMobileNodeTest, UsesTheNewAddressAtOnce) {
  attached();
  EXPECT_FALSE(acknowledged(1050_ms, mn.on_anticipated(at(1_s), kAp)).tunnel) << "not on the old link";
  EXPECT_TRUE(mn.prepared());
  mn.on_link_down(at(2_s));
  const Output out = mn.on_link_up(at(2050_ms), kAp);
  ASSERT_TRUE(out.arrived && out.tunnel);
  EXPECT_EQ(out.arrived->new_care_of, kNcoa);
  EXPECT_TRUE(out.arrived->confirmed);
  EXPECT_FALSE(out.update) << "the FBack has come";
  EXPECT_EQ(out.tunnel->previous_care_of, kCareOf);
  EXPECT_EQ(out.tunnel->router, kPar);
}

TEST_F(FastMobileNodeTest, UsesTheAddressThatIsSupplied) {  // §4: MUST
  attached();
  acknowledged(1050_ms, mn.on_anticipated(at(1_s), kAp), FastBindingAck::AcceptedUseSupplied, kSupplied);
  mn.on_link_down(at(2_s));
  EXPECT_EQ(mn.on_link_up(at(2050_ms), kAp).arrived->new_care_of, kSupplied);
}

TEST_F(FastMobileNodeTest, SendsAnUnacknowledgedUpdateThreeTimesMore) {  // FBU_RETRIES
  attached();
  const Output first = mn.on_anticipated(at(1_s), kAp);
  Time due = at(1100_ms);
  for (int i = 1; i <= 3; ++i) {
    EXPECT_EQ(mn.next_timeout(), due);
    const Output again = mn.on_timeout(due);
    ASSERT_TRUE(again.update);
    EXPECT_EQ(again.update->message.sequence.value(), first.update->message.sequence.value() + i);
    due += 100_ms * (1 << i);
  }
  EXPECT_FALSE(mn.on_timeout(due).update);
}

TEST_F(FastMobileNodeTest, TakesTheAcknowledgementOfAnyOutstandingUpdate) {  // RFC 6275 §11.7.3
  attached();
  mn.on_link_down(at(2_s));
  const Output first = mn.on_link_up(at(2050_ms), kAp);
  ASSERT_TRUE(first.update);
  ASSERT_TRUE(mn.on_timeout(at(2150_ms)).update);
  EXPECT_TRUE(acknowledged(2200_ms, first).tunnel);
  EXPECT_FALSE(mn.on_timeout(at(2350_ms)).update);
}

TEST_F(FastMobileNodeTest, PreparesForNothingElse) {
  AccessPointInfo same{.access_point = kAp, .kind = Kind::SameInterface};
  AccessPointInfo unable{.access_point = kOtherAp, .kind = Kind::NoFastHandover};
  attached({same, unable});
  EXPECT_FALSE(mn.on_anticipated(at(1_s), kAp).update);
  EXPECT_FALSE(mn.on_anticipated(at(1_s), kOtherAp).update);
}

TEST_F(FastMobileNodeTest, ObeysTheNetwork) {  // §3.3: PrRtAdv with Code 1
  attached({});
  AccessPointInfo told = known();
  told.new_care_of = kSupplied;
  const Output out = mn.on_proxy_advertisement(at(1_s), PrRtAdv::Code::HandoverTrigger, 0, {told});
  ASSERT_TRUE(out.update);
  EXPECT_EQ(out.update->care_of, kSupplied);
}

TEST_F(FastMobileNodeTest, IgnoresAcknowledgementsThatDoNotBelongToIt) {
  attached();
  const Output sent = mn.on_anticipated(at(1_s), kAp);
  FastBindingAck ack{.sequence = sent.update->message.sequence, .lifetime = 20_s,
                     .authorization = BindingAuthorizationDataFmip6{}};
  const auto right = [](const Ipv6Address&) { return true; };
  EXPECT_EQ(mn.on_fast_binding_ack(at(1_s), kNar, ack, right).dropped, &kFbackUnmatched);
  EXPECT_EQ(mn.on_fast_binding_ack(at(1_s), kPar, ack, [](const Ipv6Address&) { return false; }).dropped,
            &kFbackBadAuthenticator);
  ack.authorization.reset();
  EXPECT_EQ(mn.on_fast_binding_ack(at(1_s), kPar, ack, right).dropped, &kFbackBadAuthenticator);
  ack.sequence = SeqNum16(9);
  EXPECT_EQ(mn.on_fast_binding_ack(at(1_s), kPar, ack, right).dropped, &kFbackUnmatched);
  EXPECT_FALSE(mn.prepared());
}

// ---- Reactive (§3.2, §4) ------------------------------------------------------------------------------------------

TEST_F(ReactiveOnlyTest, UpdatesFromTheNewLinkAfterItsAnnouncement) {
  attached();
  EXPECT_FALSE(mn.on_anticipated(at(1_s), kAp).update);
  mn.on_link_down(at(2_s));
  const Output out = mn.on_link_up(at(2050_ms), kAp);
  ASSERT_TRUE(out.arrived && out.update);
  EXPECT_FALSE(out.arrived->confirmed);
  EXPECT_FALSE(out.tunnel) << "not before the FBack";
  EXPECT_EQ(out.update->source, kNcoa);
  EXPECT_EQ(out.update->destination, kPar);
  EXPECT_FALSE(out.update->message.alternate_care_of_address);
  const Output bound = acknowledged(2070_ms, out);
  ASSERT_TRUE(bound.tunnel);
  EXPECT_EQ(bound.tunnel->new_care_of, kNcoa);
}

TEST_F(FastMobileNodeTest, UpdatesAgainIfTheAcknowledgementDidNotCome) {  // §3.2, mode 2
  attached();
  mn.on_anticipated(at(1_s), kAp);
  mn.on_link_down(at(1010_ms));
  const Output out = mn.on_link_up(at(1060_ms), kAp);
  ASSERT_TRUE(out.update);
  EXPECT_EQ(out.update->source, kNcoa);
}

TEST_F(FastMobileNodeTest, SupersedesAfterErroneousMovement) {  // §5.6
  AccessPointInfo other = known(kOtherAp);
  other.router = "2001:db8:4::1"_ip6;
  other.prefix = Ipv6Prefix(other.router, 64);
  attached({known(), other});
  acknowledged(1050_ms, mn.on_anticipated(at(1_s), kAp));
  mn.on_link_down(at(2_s));
  const Output out = mn.on_link_up(at(2050_ms), kOtherAp);
  ASSERT_TRUE(out.update);
  EXPECT_EQ(out.update->source, "2001:db8:4::42"_ip6);
  EXPECT_EQ(out.update->home_address_option, kCareOf);
}

TEST_F(FastMobileNodeTest, UpdatesOnceConfiguredWhereNothingWasKnown) {  // §6.2.2
  attached({});
  mn.on_link_down(at(2_s));
  EXPECT_FALSE(mn.on_link_up(at(2050_ms), kAp).arrived);
  const Output out = mn.on_care_of(at(4_s), kNewCareOf);
  ASSERT_TRUE(out.update);
  EXPECT_EQ(out.update->source, kNewCareOf);
}

// ---- Afterwards ---------------------------------------------------------------------------------------------------

TEST_F(FastMobileNodeTest, EndsTheTunnelWithItsLifetime) {
  attached();
  acknowledged(1050_ms, mn.on_anticipated(at(1_s), kAp));
  mn.on_link_down(at(2_s));
  mn.on_link_up(at(2050_ms), kAp);
  EXPECT_EQ(mn.on_timeout(at(22050_ms)).tunnel_over, kCareOf);
}

TEST_F(FastMobileNodeTest, EndsTheTunnelOnReturning) {  // §5.6: an FBU with a lifetime of zero
  attached();
  acknowledged(1050_ms, mn.on_anticipated(at(1_s), kAp));
  mn.on_link_down(at(2_s));
  mn.on_link_up(at(2050_ms), kAp);
  mn.on_link_down(at(3_s));
  mn.on_link_up(at(3050_ms), kOtherAp);
  mn.on_router(at(3100_ms), kPar);
  const Output out = mn.on_care_of(at(3200_ms), kCareOf);
  EXPECT_EQ(out.tunnel_over, kCareOf);
  ASSERT_TRUE(out.update);
  EXPECT_EQ(out.update->message.lifetime, 0_s);
  EXPECT_EQ(out.update->destination, kPar);
}

TEST_F(FastMobileNodeTest, TakesTheAddressOfANaack) {  // §6.4.6
  attached();
  mn.on_link_down(at(2_s));
  mn.on_link_up(at(2050_ms), kAp);
  using Naack = NeighborAdvertisementAcknowledgment;
  const Output out = mn.on_naack(at(2100_ms), {Naack::Status::InvalidUseSupplied, kSupplied});
  ASSERT_TRUE(out.arrived && out.update);
  EXPECT_EQ(out.arrived->new_care_of, kSupplied);
  EXPECT_EQ(out.update->source, kSupplied);
  EXPECT_FALSE(mn.on_naack(at(2200_ms), {Naack::Status::PcoaSupplied, std::nullopt}).update) << "no more FBUs";
}

}  // namespace
}  // namespace kamesim
