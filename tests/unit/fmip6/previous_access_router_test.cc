#include "protocols/fmip6/previous_access_router.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "tests/unit/mip6/test_values.h"

namespace kamesim {
namespace {

const MacAddress kMac = *MacAddress::parse("02:00:00:00:00:01");
const MacAddress kAccessPoint = *MacAddress::parse("02:00:00:00:00:aa");
const Ipv6Address kPar = "2001:db8:2::1"_ip6;
const Ipv6Address kNar = "2001:db8:3::1"_ip6;
const Ipv6Address kAssigned = "2001:db8:3::99"_ip6;
const BindingManagementKey kKey{1, 2, 3};

using Output = PreviousAccessRouter::Output;

struct Fbu {
  Ipv6Address source = kCareOf;
  Ipv6Address new_care_of = kNewCareOf;
  std::uint16_t sequence = 1;
  Duration lifetime = 20_s;
  bool flags = true;
  bool home_address_option = true;
  BindingManagementKey key = kKey;
};

class PreviousAccessRouterTest : public ::testing::Test {
 protected:
  PreviousAccessRouterTest() : par(config()) {}
  static PreviousAccessRouterConfig config() {
    return {.prefix = Ipv6Prefix(kPar, 64),
            .neighbors = {{kAccessPoint, kMac, kNar, Ipv6Prefix(kNar, 64), true},
                          {kAccessPoint, kMac, kHomeAgent, Ipv6Prefix(kHomeAgent, 64), false}},
            .key = kKey,
            .max_handovers = 2};
  }
  Output receives(Duration when, const Fbu& f = {}) {
    FastBindingUpdate update{.sequence = SeqNum16(f.sequence), .acknowledge = f.flags, .home_registration = f.flags,
                             .lifetime = f.lifetime, .mobile_node = kMac,
                             .authorization = BindingAuthorizationDataFmip6{}};
    if (f.source == kCareOf && f.lifetime > 0_s) update.alternate_care_of_address = f.new_care_of;
    std::vector<std::uint8_t> bytes = to_bytes(update);
    const Ipv6Address care_of = f.lifetime == 0_s ? kCareOf : f.new_care_of;
    const Authenticator value = compute_authenticator(f.key, care_of, kPar, bytes);
    std::ranges::copy(value, bytes.end() - static_cast<std::ptrdiff_t>(value.size()));
    update.authorization->authenticator = value;
    return par.on_fast_binding_update(at(when), {f.source, kPar,
                                                 f.home_address_option ? std::optional(kCareOf) : std::nullopt, update,
                                                 bytes});
  }
  Output acknowledged(Duration when, std::uint8_t code = HandoverAck::Accepted,
                      std::optional<Ipv6Address> address = {}, std::uint16_t sequence = 1) {
    return par.on_handover_ack(at(when), kNar, {.sequence = sequence, .code = code, .new_care_of = address});
  }
  static int status(const Output& out) { return out.acks.empty() ? -1 : out.acks.front().ack.status; }
  PreviousAccessRouter par;
};

TEST_F(PreviousAccessRouterTest, InitiatesTheHandover) {  // RFC 5568 §4, §6.2.1.1
  const Output out = receives(0_s);
  ASSERT_TRUE(out.initiate);
  EXPECT_EQ(out.initiate->destination, kNar);
  const HandoverInitiate& hi = out.initiate->message;
  EXPECT_EQ(hi.code, 0);
  EXPECT_TRUE(hi.buffer);
  EXPECT_EQ(hi.mobile_node, kMac);
  EXPECT_EQ(hi.previous_care_of, kCareOf);
  EXPECT_EQ(hi.new_care_of, kNewCareOf);
  EXPECT_TRUE(out.acks.empty() && !out.redirect) << "not before the HAck";
}

TEST_F(PreviousAccessRouterTest, SaysThatTheMobileNodeIsThereAlready) {  // Code 1, without U
  const HandoverInitiate hi = receives(0_s, {.source = kNewCareOf}).initiate->message;
  EXPECT_EQ(hi.code, 1);
  EXPECT_FALSE(hi.buffer);
}

TEST_F(PreviousAccessRouterTest, AcknowledgesOnBothLinksAndRedirects) {  // §6.2.3
  receives(0_s);
  const Output out = acknowledged(50_ms);
  ASSERT_EQ(out.acks.size(), 2u);
  EXPECT_EQ(out.acks[0].destination, kCareOf);
  EXPECT_EQ(out.acks[1].destination, kNewCareOf);
  EXPECT_EQ(out.acks[0].ack.sequence, SeqNum16(1));
  EXPECT_EQ(out.acks[0].ack.lifetime, 20_s);
  EXPECT_TRUE(out.acks[0].ack.authorization);
  EXPECT_EQ(out.redirect->to, kNewCareOf);
  EXPECT_EQ(out.redirect->our_address, kPar);
}

TEST_F(PreviousAccessRouterTest, AcknowledgesOnTheNewLinkAlone) {
  receives(0_s, {.source = kNewCareOf});
  const Output out = acknowledged(50_ms);
  ASSERT_EQ(out.acks.size(), 1u);
  EXPECT_EQ(out.acks[0].destination, kNewCareOf);
}

TEST_F(PreviousAccessRouterTest, TellsAnAddressThatWasAssigned) {  // §4
  receives(0_s);
  const Output out = acknowledged(50_ms, HandoverAck::AcceptedNcoaAssigned, kAssigned);
  EXPECT_EQ(status(out), FastBindingAck::AcceptedUseSupplied);
  EXPECT_EQ(out.acks[0].ack.alternate_care_of_address, kAssigned);
  EXPECT_EQ(out.acks[1].destination, kAssigned);
  EXPECT_EQ(out.redirect->to, kAssigned);
}

TEST_F(PreviousAccessRouterTest, SendsToTheNewRouterWhereItTakesThePcoa) {  // HAck Code 3
  receives(0_s);
  EXPECT_EQ(acknowledged(50_ms, HandoverAck::AcceptedUsePcoa).redirect->to, kNar);
}

TEST_F(PreviousAccessRouterTest, TellsARefusal) {  // HAck Codes 128 to 130
  for (const std::uint8_t code : {128, 129, 130}) {
    const auto n = static_cast<std::uint16_t>(code - 127);
    receives(1_s * n, {.sequence = n});
    const Output out = acknowledged(1_s * n, code, {}, n);
    EXPECT_EQ(status(out), code);
    EXPECT_FALSE(out.redirect);
  }
  EXPECT_FALSE(par.next_timeout());
}

TEST_F(PreviousAccessRouterTest, BindsNoAddressThatIsNotValid) {  // HAck Code 1 without another one
  receives(0_s);
  const Output out = acknowledged(50_ms, HandoverAck::AcceptedNcoaInvalid);
  EXPECT_EQ(status(out), FastBindingAck::ReasonUnspecified);
  EXPECT_FALSE(out.redirect);
}

TEST_F(PreviousAccessRouterTest, SendsAnUnansweredHiThreeTimesMore) {  // §6.2.1.1: HI_RETRIES, doubled timeouts
  receives(0_s);
  for (const Duration t : {100_ms, 300_ms, 700_ms}) {
    EXPECT_EQ(par.next_timeout(), at(t));
    EXPECT_TRUE(par.on_timeout(at(t)).initiate);
  }
  const Output out = par.on_timeout(at(1500_ms));
  EXPECT_EQ(status(out), FastBindingAck::ReasonUnspecified);
  EXPECT_FALSE(par.next_timeout());
}

TEST_F(PreviousAccessRouterTest, EndsTheBindingWithItsLifetime) {
  receives(0_s);
  acknowledged(1_s);
  EXPECT_EQ(par.next_timeout(), at(21_s));
  EXPECT_EQ(par.on_timeout(at(21_s)).restore, kCareOf);
}

TEST_F(PreviousAccessRouterTest, EndsTheBindingWhenAsked) {  // §5.6
  receives(0_s);
  acknowledged(50_ms);
  const Output out = receives(2_s, {.sequence = 2, .lifetime = 0_s});
  EXPECT_EQ(out.restore, kCareOf);
  EXPECT_EQ(status(out), FastBindingAck::Accepted);
  EXPECT_EQ(out.acks[0].destination, kCareOf);
}

TEST_F(PreviousAccessRouterTest, LetsANewUpdateSupersedeTheBinding) {  // §5.6: erroneous movement
  receives(0_s);
  acknowledged(50_ms);
  const Ipv6Address elsewhere = "2001:db8:3::7"_ip6;
  EXPECT_TRUE(receives(1_s, {.source = elsewhere, .new_care_of = elsewhere, .sequence = 2}).initiate);
  const Output out = acknowledged(1100_ms, HandoverAck::Accepted, {}, 2);
  EXPECT_EQ(out.redirect->to, elsewhere);
}

TEST_F(PreviousAccessRouterTest, RefusesAnAddressOfNoNeighbour) {  // §10
  EXPECT_EQ(status(receives(0_s, {.new_care_of = "2001:db8:7::7"_ip6})), FastBindingAck::ReasonUnspecified);
  EXPECT_EQ(status(receives(0_s, {.new_care_of = "2001:db8:1::7"_ip6})), FastBindingAck::ReasonUnspecified)
      << "the neighbour has no fast handovers";
}

TEST_F(PreviousAccessRouterTest, DiscardsWhatIsNotAuthorized) {
  EXPECT_EQ(receives(0_s, {.key = BindingManagementKey{9}}).dropped, &kFbuBadAuthenticator);
  EXPECT_EQ(receives(0_s, {.flags = false}).dropped, &kFbuFlagsMissing);
  EXPECT_EQ(receives(0_s, {.home_address_option = false}).dropped, &kFbuNoHomeAddressOption);
  EXPECT_EQ(receives(0_s, {.new_care_of = kCareOf}).dropped, &kFbuNoNewCareOf);
  EXPECT_TRUE(par.entries().empty());
}

TEST_F(PreviousAccessRouterTest, DiscardsOldSequenceNumbers) {
  receives(0_s, {.sequence = 5});
  EXPECT_EQ(receives(1_s, {.sequence = 5}).dropped, &kFbuStaleSequence);
  EXPECT_EQ(receives(1_s, {.sequence = 4}).dropped, &kFbuStaleSequence);
}

TEST_F(PreviousAccessRouterTest, BelievesTheNewRouterAlone) {
  receives(0_s);
  EXPECT_EQ(par.on_handover_ack(at(0_s), kHomeAgent, {.sequence = 1}).dropped, &kHackUnmatched);
  EXPECT_EQ(acknowledged(0_s, HandoverAck::Accepted, {}, 9).dropped, &kHackUnmatched);
  EXPECT_TRUE(acknowledged(0_s).redirect);
  EXPECT_EQ(acknowledged(0_s).dropped, &kHackUnmatched) << "answered already";
}

}  // namespace
}  // namespace kamesim
