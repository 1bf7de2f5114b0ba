#include "protocols/pmip6/local_mobility_anchor.h"

#include <gtest/gtest.h>

#include "protocols/mip6/binding_status.h"
#include "protocols/pmip6/status.h"

namespace kamesim::pmip6 {
namespace {

const Ipv6Address kAnchor = "2001:db8:1::1"_ip6;
const Ipv6Address kGateway = "2001:db8:a::1"_ip6, kOtherGateway = "2001:db8:b::1"_ip6;
const Ipv6Prefix kPool = "2001:db8:ff00::/56"_ip6net;
const Ipv6Prefix kFirst = "2001:db8:ff00::/64"_ip6net, kSecond = "2001:db8:ff00:1::/64"_ip6net;
const MobileNodeIdentifier kPhone{.identifier = "phone@example.net"}, kLaptop{.identifier = "laptop@example.net"};
const LinkLayerIdentifier kCard = {2, 0, 0, 0, 0, 1}, kOtherCard = {2, 0, 0, 0, 0, 2};
using Kind = LocalMobilityAnchor::Routing::Kind;

constexpr Time at(Duration since_start) { return Time() + since_start; }

AnchorConfig config() { return {.prefix_pool = kPool, .mobile_nodes = {}, .gateways = {}, .clock_offset = {}}; }

// A request as an access gateway sends it at `time`.
ReceivedProxyBindingUpdate request(Time time, const Ipv6Address& from = kGateway, Duration lifetime = 400_s) {
  ReceivedProxyBindingUpdate r{from, kAnchor, {.sequence = SeqNum16(1), .lifetime = lifetime,
                                               .alternate_care_of_address = {}, .options = {}}};
  r.update.options = {.mobile_node = kPhone,
                      .home_network_prefixes = {Ipv6Prefix()},
                      .handoff_indicator = kAttachmentOverNewInterface,
                      .access_technology = kAccessWirelessLan,
                      .timestamp = timestamp_of(time),
                      .link_layer_identifier = kCard,
                      .link_local_address = {}};
  return r;
}

// One exchange at a time: what came of it.
struct Exchange {
  explicit Exchange(const AnchorConfig& c = config()) : machine(c, RandomStream(1, 2, "test")) {}

  Exchange& send(const ReceivedProxyBindingUpdate& r, Time now) {
    out = machine.on_proxy_binding_update(now, r);
    return *this;
  }
  // The same at the time of its timestamp.
  Exchange& send(const ReceivedProxyBindingUpdate& r) { return send(r, time_of(*r.update.options.timestamp) + 1_ms); }
  Exchange& wait_until(Duration t) {
    out = machine.on_timeout(at(t));
    return *this;
  }
  int status() const { return out.acks.size() == 1 ? out.acks[0].ack.status : -1; }
  const Options& answer() const { return out.acks.at(0).ack.options; }
  std::vector<std::pair<Kind, Ipv6Address>> routing() const {
    std::vector<std::pair<Kind, Ipv6Address>> done;
    for (const auto& r : out.routing) done.emplace_back(r.kind, r.session.proxy_care_of);
    return done;
  }
  std::size_t sessions() const { return machine.sessions().size(); }

  LocalMobilityAnchor machine;
  LocalMobilityAnchor::Output out;
};
using Routing = std::vector<std::pair<Kind, Ipv6Address>>;

// ---- §5.3.1, §5.3.2: a new session ----------------------------------------------------------------------------------

TEST(LocalMobilityAnchor, AssignsAPrefixAndForwardsToTheGateway) {
  Exchange x;
  x.send(request(at(1_s)));
  EXPECT_EQ(x.status(), kBindingAccepted);
  EXPECT_EQ(x.answer().home_network_prefixes, std::vector{kFirst});
  EXPECT_EQ(x.out.acks[0].source, kAnchor);
  EXPECT_EQ(x.out.acks[0].destination, kGateway);
  EXPECT_EQ(x.out.acks[0].ack.lifetime, 400_s);
  EXPECT_EQ(x.routing(), (Routing{{Kind::Forward, kGateway}}));
}

TEST(LocalMobilityAnchor, GivesEachMobileNodePrefixesOfItsOwn) {  // §5.2
  Exchange x;
  x.send(request(at(1_s)));
  auto other = request(at(1_s));
  other.update.options.mobile_node = kLaptop;
  EXPECT_EQ(x.send(other).answer().home_network_prefixes, std::vector{kSecond});
}

TEST(LocalMobilityAnchor, GivesEachInterfaceASessionOfItsOwn) {  // §5.4
  Exchange x;
  x.send(request(at(1_s)));
  auto other = request(at(2_s));
  other.update.options.link_layer_identifier = kOtherCard;
  EXPECT_EQ(x.send(other).answer().home_network_prefixes, std::vector{kSecond});
  EXPECT_EQ(x.sessions(), 2u);
}

TEST(LocalMobilityAnchor, AssignsWhatItsPolicySays) {  // §5.3.2 item 1
  AnchorConfig c = config();
  c.mobile_nodes[kPhone].prefixes = {"2001:db8:5::/64"_ip6net, "2001:db8:6::/64"_ip6net};
  c.mobile_nodes[kLaptop].prefix_count = 2;
  Exchange x(c);
  EXPECT_EQ(x.send(request(at(1_s))).answer().home_network_prefixes, c.mobile_nodes[kPhone].prefixes);
  auto laptop = request(at(1_s));
  laptop.update.options.mobile_node = kLaptop;
  EXPECT_EQ(x.send(laptop).answer().home_network_prefixes, (std::vector{kFirst, kSecond}));
}

TEST(LocalMobilityAnchor, HandsOutNoPrefixThatIsAMobileNodesOwn) {
  AnchorConfig c = config();
  c.mobile_nodes[kLaptop].prefixes = {kFirst};
  Exchange x(c);
  EXPECT_EQ(x.send(request(at(1_s))).answer().home_network_prefixes, std::vector{kSecond});
}

TEST(LocalMobilityAnchor, GrantsPrefixesOfThePoolThatAreAskedFor) {  // §5.3.2 item 3
  Exchange x;
  auto r = request(at(1_s));
  r.update.options.home_network_prefixes = {"2001:db8:ff00:7::/64"_ip6net};
  EXPECT_EQ(x.send(r).answer().home_network_prefixes, r.update.options.home_network_prefixes);
}

TEST(LocalMobilityAnchor, RefusesPrefixesThatAreNotTheMobileNodes) {  // §5.3.2 item 3
  AnchorConfig c = config();
  c.mobile_nodes[kPhone].prefixes = {"2001:db8:5::/64"_ip6net};
  c.serve_unknown_mobile_nodes = true;
  for (const Ipv6Prefix& wrong : {"2001:db8:77::/64"_ip6net, "2001:db8:ff00::/60"_ip6net, kFirst}) {
    Exchange x(c);
    auto r = request(at(1_s));
    r.update.options.home_network_prefixes = {wrong};
    x.send(r);
    EXPECT_EQ(x.status(), kNotAuthorizedForHomeNetworkPrefix) << wrong;
    EXPECT_EQ(x.answer().home_network_prefixes, std::vector{wrong}) << "as in the request (§5.3.6)";
    EXPECT_EQ(x.sessions(), 0u);
  }
}

TEST(LocalMobilityAnchor, GivesBackWhatItTookForARequestThatItRejects) {
  Exchange x;
  auto r = request(at(1_s));
  r.update.options.home_network_prefixes = {kFirst, "2001:db8:77::/64"_ip6net};
  EXPECT_EQ(x.send(r).status(), kNotAuthorizedForHomeNetworkPrefix);
  r.update.options.home_network_prefixes = {kFirst};
  EXPECT_EQ(x.send(r).status(), kBindingAccepted);
}

TEST(LocalMobilityAnchor, RejectsWhenItHasNoPrefixLeft) {  // §5.3.2 item 2
  AnchorConfig c = config();
  c.prefix_pool = "2001:db8:ff00::/64"_ip6net;
  Exchange x(c);
  x.send(request(at(1_s)));
  auto other = request(at(1_s));
  other.update.options.mobile_node = kLaptop;
  EXPECT_EQ(x.send(other).status(), kInsufficientResources);
}

TEST(LocalMobilityAnchor, RejectsSessionsBeyondItsBound) {
  AnchorConfig c = config();
  c.max_sessions = 1;
  Exchange x(c);
  x.send(request(at(1_s)));
  auto other = request(at(1_s));
  other.update.options.mobile_node = kLaptop;
  EXPECT_EQ(x.send(other).status(), kInsufficientResources);
  EXPECT_EQ(x.send(request(at(2_s))).status(), kBindingAccepted);
}

TEST(LocalMobilityAnchor, AnswersWithTheStatusOfEachRule) {  // §5.3.1, items 4 to 12
  AnchorConfig c = config();
  c.gateways = {kGateway};
  c.serve_unknown_mobile_nodes = false;
  c.mobile_nodes[kPhone] = {};
  c.mobile_nodes[{.identifier = "off"}].enabled = false;
  c.mobile_nodes[{.identifier = "elsewhere"}].gateways = {kOtherGateway};
  auto named = [](const char* name) {
    return [name](ReceivedProxyBindingUpdate& r) { r.update.options.mobile_node = {.identifier = name}; };
  };
  struct {
    std::function<void(ReceivedProxyBindingUpdate&)> change;
    std::uint8_t status;
  } cases[] = {
      {[](auto& r) { r.update.options.mobile_node.reset(); }, kMissingMnIdentifierOption},
      {[](auto& r) { r.source = kOtherGateway; }, kMagNotAuthorizedForProxyReg},
      {named("elsewhere"), kMagNotAuthorizedForProxyReg},
      {named("nobody"), kNotLmaForThisMobileNode},
      {named("off"), kProxyRegNotEnabled},
      {[](auto& r) { r.update.options.home_network_prefixes.clear(); }, kMissingHomeNetworkPrefixOption},
      {[](auto& r) { r.update.options.handoff_indicator.reset(); }, kMissingHandoffIndicatorOption},
      {[](auto& r) { r.update.options.access_technology.reset(); }, kMissingAccessTechTypeOption},
  };
  for (const auto& each : cases) {
    Exchange x(c);
    auto r = request(at(1_s));
    each.change(r);
    x.send(r);
    EXPECT_EQ(x.status(), each.status);
    // §5.3.6: the mandatory options are there all the same.
    EXPECT_TRUE(x.answer().mobile_node);
    EXPECT_EQ(x.answer().home_network_prefixes.size(), 1u);
    EXPECT_EQ(x.answer().handoff_indicator, r.update.options.handoff_indicator.value_or(0));
    EXPECT_EQ(x.answer().access_technology, r.update.options.access_technology.value_or(0));
    EXPECT_EQ(x.sessions(), 0u);
  }
}

TEST(LocalMobilityAnchor, MissingIdentifierIsAnsweredWithAnEmptyOne) {  // §5.3.1 item 4
  Exchange x;
  auto r = request(at(1_s));
  r.update.options.mobile_node.reset();
  EXPECT_EQ(x.send(r).answer().mobile_node->identifier, "");
}

TEST(LocalMobilityAnchor, TakesTheAlternateCareOfAddressForTheGateway) {  // §5.3.6, §6.9.1.5
  Exchange x;
  auto r = request(at(1_s));
  r.update.alternate_care_of_address = kOtherGateway;
  x.send(r);
  EXPECT_EQ(x.routing(), (Routing{{Kind::Forward, kOtherGateway}}));
  EXPECT_EQ(x.out.acks[0].destination, kGateway);
}

TEST(LocalMobilityAnchor, DiscardsCareOfAddressesThatCannotBeRoutedTo) {
  Exchange x;
  x.send(request(at(1_s), "fe80::1"_ip6));
  EXPECT_EQ(x.out.dropped, &kPbuCareOfNotRoutable);
  EXPECT_TRUE(x.out.acks.empty());
}

// ---- §5.3.3, §5.3.4: extension ------------------------------------------------------------------------------------

TEST(LocalMobilityAnchor, ExtendsTheLifetime) {
  Exchange x;
  x.send(request(at(1_s)));
  auto refresh = request(at(300_s));
  refresh.update.options.home_network_prefixes = {kFirst};
  refresh.update.options.handoff_indicator = kHandoffStateNotChanged;
  EXPECT_EQ(x.send(refresh).status(), kBindingAccepted);
  EXPECT_EQ(x.machine.next_timeout(), at(700_s) + 1_ms);
  EXPECT_EQ(x.sessions(), 1u);
}

TEST(LocalMobilityAnchor, LimitsTheLifetime) {
  AnchorConfig c = config();
  c.max_lifetime = 101_s;
  Exchange x(c);
  EXPECT_EQ(x.send(request(at(1_s))).out.acks[0].ack.lifetime, 100_s);
}

TEST(LocalMobilityAnchor, MovesTheSessionToAnotherGatewayWithItsPrefixes) {  // §5.3.4
  Exchange x;
  x.send(request(at(1_s)));
  auto moved = request(at(5_s), kOtherGateway);
  moved.update.options.handoff_indicator = kHandoffBetweenGateways;
  x.send(moved);
  EXPECT_EQ(x.answer().home_network_prefixes, std::vector{kFirst});
  EXPECT_EQ(x.routing(), (Routing{{Kind::Forward, kOtherGateway}}));
  EXPECT_EQ(x.sessions(), 1u);
}

TEST(LocalMobilityAnchor, EndsASessionWithItsLifetime) {
  Exchange x;
  x.send(request(at(1_s)));
  EXPECT_TRUE(x.wait_until(401_s).routing().empty());
  EXPECT_EQ(x.wait_until(401001_ms).routing(), (Routing{{Kind::Remove, kGateway}}));
  EXPECT_EQ(x.sessions(), 0u);
}

// ---- §5.3.5: de-registration --------------------------------------------------------------------------------------

ReceivedProxyBindingUpdate deregistration(Time time, const Ipv6Address& from = kGateway) {
  auto r = request(time, from, Duration());
  r.update.options.home_network_prefixes = {kFirst};
  r.update.options.handoff_indicator = kHandoffStateUnknown;
  return r;
}

TEST(LocalMobilityAnchor, WaitsBeforeItDeletesADeregisteredSession) {
  Exchange x;
  x.send(request(at(1_s)));
  x.send(deregistration(at(5_s)));
  EXPECT_EQ(x.status(), kBindingAccepted);
  EXPECT_EQ(x.out.acks[0].ack.lifetime, Duration());
  EXPECT_EQ(x.routing(), (Routing{{Kind::Hold, kGateway}}));
  EXPECT_TRUE(x.wait_until(15_s).routing().empty());
  EXPECT_EQ(x.wait_until(15001_ms).routing(), (Routing{{Kind::Remove, kGateway}}));
}

TEST(LocalMobilityAnchor, KeepsADeregisteredSessionThatIsRegisteredInTime) {
  Exchange x;
  x.send(request(at(1_s)));
  x.send(deregistration(at(5_s)));
  x.send(request(at(6_s), kOtherGateway));
  EXPECT_EQ(x.answer().home_network_prefixes, std::vector{kFirst});
  EXPECT_EQ(x.routing(), (Routing{{Kind::Forward, kOtherGateway}}));
  EXPECT_TRUE(x.wait_until(20_s).routing().empty());
}

TEST(LocalMobilityAnchor, IgnoresADeregistrationByAGatewayThatDoesNotServe) {  // §5.3.5 item 1
  Exchange x;
  x.send(request(at(1_s)));
  x.send(request(at(5_s), kOtherGateway));
  x.send(deregistration(at(6_s)));
  EXPECT_EQ(x.out.dropped, &kPbuNotFromServingGateway);
  EXPECT_TRUE(x.out.acks.empty());
  EXPECT_TRUE(x.routing().empty());
}

TEST(LocalMobilityAnchor, AnswersARepeatedDeregistrationWithoutWaitingLonger) {
  Exchange x;
  x.send(request(at(1_s)));
  x.send(deregistration(at(5_s)));
  EXPECT_EQ(x.send(deregistration(at(7_s))).status(), kBindingAccepted);
  EXPECT_EQ(x.wait_until(15001_ms).routing().size(), 1u);
}

TEST(LocalMobilityAnchor, IgnoresADeregistrationOfNothing) {  // §5.4.1.1 item 6
  Exchange x;
  x.send(deregistration(at(1_s)));
  EXPECT_EQ(x.out.dropped, &kPbuNoSessionToEnd);
  EXPECT_TRUE(x.out.acks.empty());
}

TEST(LocalMobilityAnchor, HandsOutADeletedSessionsPrefixAgain) {
  AnchorConfig c = config();
  c.prefix_pool = "2001:db8:ff00::/64"_ip6net;
  Exchange x(c);
  x.send(request(at(1_s)));
  x.send(deregistration(at(5_s)));
  auto other = request(at(20_s));
  other.update.options.mobile_node = kLaptop;
  EXPECT_EQ(x.send(other).answer().home_network_prefixes, std::vector{kFirst});
}

// ---- §5.3.6: link-local addresses ---------------------------------------------------------------------------------

TEST(LocalMobilityAnchor, GeneratesALinkLocalAddressThatLastsAsLongAsTheSession) {
  Exchange x;
  auto r = request(at(1_s));
  r.update.options.link_local_address = Ipv6Address();
  const auto generated = *x.send(r).answer().link_local_address;
  EXPECT_TRUE(generated.is_link_local());
  auto moved = request(at(5_s), kOtherGateway);
  moved.update.options.link_local_address = Ipv6Address();
  EXPECT_EQ(x.send(moved).answer().link_local_address, generated);
  moved = request(at(6_s), kOtherGateway);
  moved.update.options.link_local_address = "fe80::77"_ip6;
  EXPECT_EQ(x.send(moved).answer().link_local_address, "fe80::77"_ip6);
  moved = request(at(7_s), kOtherGateway);
  moved.update.options.link_local_address = Ipv6Address();
  EXPECT_EQ(x.send(moved).answer().link_local_address, "fe80::77"_ip6);
}

TEST(LocalMobilityAnchor, EchoesOnlyOptionsThatWereThere) {
  Exchange x;
  auto r = request(at(1_s));
  r.update.options.link_layer_identifier.reset();
  r.update.options.timestamp.reset();
  x.send(r, at(1_s));
  EXPECT_FALSE(x.answer().link_layer_identifier);
  EXPECT_FALSE(x.answer().timestamp);
  EXPECT_FALSE(x.answer().link_local_address);
}

// ---- §5.5: order --------------------------------------------------------------------------------------------------

TEST(LocalMobilityAnchor, RejectsTimestampsOutsideItsWindow) {
  for (const Duration late : {301_ms, -301_ms}) {
    Exchange x;
    x.send(request(at(10_s)), at(10_s) + late);
    EXPECT_EQ(x.status(), kTimestampMismatch);
    EXPECT_EQ(x.answer().timestamp, timestamp_of(at(10_s) + late)) << "the time of day here";
  }
  for (const Duration late : {299_ms, -299_ms}) {
    Exchange x;
    const auto r = request(at(10_s));
    x.send(r, at(10_s) + late);
    EXPECT_EQ(x.status(), kBindingAccepted);
    EXPECT_EQ(x.answer().timestamp, r.update.options.timestamp) << "as in the request";
  }
}

TEST(LocalMobilityAnchor, RejectsTimestampsLowerThanTheLastOne) {
  Exchange x;
  x.send(request(at(10_s)));
  x.send(request(at(10_s) - 50_ms, kOtherGateway), at(10_s) + 20_ms);
  EXPECT_EQ(x.status(), kTimestampLowerThanPrevAccepted);
  EXPECT_EQ(x.answer().timestamp, timestamp_of(at(10_s) + 20_ms));
  x.send(request(at(10_s), kOtherGateway), at(10_s) + 20_ms);
  EXPECT_EQ(x.status(), kTimestampLowerThanPrevAccepted) << "not greater";
}

TEST(LocalMobilityAnchor, TakesMobileNodesTimestampsFromWheneverTheyAre) {
  AnchorConfig c = config();
  c.mobile_node_generated_timestamps = true;
  Exchange x(c);
  EXPECT_EQ(x.send(request(at(10_s)), at(5000_s)).status(), kBindingAccepted);
  EXPECT_EQ(x.send(request(at(9_s)), at(5001_s)).status(), kTimestampLowerThanPrevAccepted);
}

TEST(LocalMobilityAnchor, HasAClockOfItsOwn) {
  AnchorConfig c = config();
  c.clock_offset = 1_s;
  Exchange x(c);
  EXPECT_EQ(x.send(request(at(10_s)), at(10_s)).status(), kTimestampMismatch);
  EXPECT_EQ(x.send(request(at(11_s)), at(10_s)).status(), kBindingAccepted);
}

TEST(LocalMobilityAnchor, FallsBackToSequenceNumbersWithoutTimestamps) {
  Exchange x;
  auto numbered = [](std::uint16_t sequence) {
    auto r = request(at(1_s));
    r.update.options.timestamp.reset();
    r.update.sequence = SeqNum16(sequence);
    return r;
  };
  EXPECT_EQ(x.send(numbered(10), at(1_s)).status(), kBindingAccepted);
  EXPECT_EQ(x.send(numbered(10), at(2_s)).status(), kSequenceNumberOutOfWindow);
  EXPECT_EQ(x.out.acks[0].ack.sequence, SeqNum16(10)) << "the last one accepted";
  EXPECT_EQ(x.send(numbered(9), at(2_s)).status(), kSequenceNumberOutOfWindow);
  EXPECT_EQ(x.send(numbered(11), at(2_s)).status(), kBindingAccepted);
}

TEST(LocalMobilityAnchor, IgnoresSequenceNumbersBesideTimestamps) {  // §5.5, item 5
  Exchange x;
  auto r = request(at(1_s));
  r.update.sequence = SeqNum16(500);
  x.send(r);
  r = request(at(2_s));
  r.update.sequence = SeqNum16(3);
  EXPECT_EQ(x.send(r).status(), kBindingAccepted);
  EXPECT_EQ(x.out.acks[0].ack.sequence, SeqNum16(3));
}

// ---- §5.4.1.2 item 4, §5.4.1.3 item 3: unknown hand-off state -------------------------------------------------------

ReceivedProxyBindingUpdate unknown(Time time) {
  auto r = request(time, kOtherGateway);
  r.update.options.handoff_indicator = kHandoffStateUnknown;
  r.update.options.link_layer_identifier = kOtherCard;
  return r;
}

TEST(LocalMobilityAnchor, WaitsForTheDeregistrationWhenTheHandoffStateIsUnknown) {
  Exchange x;
  x.send(request(at(1_s)));
  x.send(unknown(at(5_s)));
  EXPECT_TRUE(x.out.acks.empty());
  x.send(deregistration(at(6_s)));
  ASSERT_EQ(x.out.acks.size(), 2u);
  EXPECT_EQ(x.out.acks[0].destination, kGateway);
  EXPECT_EQ(x.out.acks[1].destination, kOtherGateway);
  EXPECT_EQ(x.out.acks[1].ack.options.home_network_prefixes, std::vector{kFirst});
  EXPECT_EQ(x.routing(), (Routing{{Kind::Hold, kGateway}, {Kind::Forward, kOtherGateway}}));
  EXPECT_EQ(x.sessions(), 1u);
}

TEST(LocalMobilityAnchor, MakesANewSessionWhenNoDeregistrationComes) {
  Exchange x;
  x.send(request(at(1_s)));
  x.send(unknown(at(5_s)));
  x.send(unknown(at(6_s)));  // sent again: one answer, at the time of the first
  EXPECT_TRUE(x.wait_until(6500_ms).out.acks.empty());
  x.wait_until(6501_ms);
  EXPECT_EQ(x.status(), kBindingAccepted);
  EXPECT_EQ(x.answer().home_network_prefixes, std::vector{kSecond});
  EXPECT_EQ(x.sessions(), 2u);
}

TEST(LocalMobilityAnchor, NeedNotWait) {
  AnchorConfig c = config();
  c.wait_for_deregistration = false;
  Exchange x(c);
  x.send(request(at(1_s)));
  EXPECT_EQ(x.send(unknown(at(5_s))).answer().home_network_prefixes, std::vector{kSecond});
}

TEST(LocalMobilityAnchor, DoesNotWaitForASessionThatIsDeregisteredAlready) {
  Exchange x;
  x.send(request(at(1_s)));
  x.send(deregistration(at(4_s)));
  EXPECT_EQ(x.send(unknown(at(5_s))).answer().home_network_prefixes, std::vector{kFirst});
}

}  // namespace
}  // namespace kamesim::pmip6
