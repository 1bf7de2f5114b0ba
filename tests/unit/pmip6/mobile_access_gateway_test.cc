#include "protocols/pmip6/mobile_access_gateway.h"

#include <gtest/gtest.h>

#include "protocols/mip6/binding_status.h"
#include "protocols/pmip6/status.h"

namespace kamesim::pmip6 {
namespace {

const MacAddress kPhone = *MacAddress::parse("02:00:00:00:00:01"), kStranger = *MacAddress::parse("02:00:00:00:00:99");
const Ipv6Address kAnchor = "2001:db8:1::1"_ip6;
const Ipv6Prefix kPrefix = "2001:db8:ff00::/64"_ip6net, kOther = "2001:db8:ff00:9::/64"_ip6net, kAny;
const MobileNodeIdentifier kName{.identifier = "phone@example.net"};
using State = Binding::State;
using Kind = MobileAccessGateway::Change::Kind;

constexpr Time at(Duration since_start) { return Time() + since_start; }

GatewayConfig config() {
  GatewayConfig c{.mobile_nodes = {}, .lifetime = 400_s, .clock_offset = {}};
  c.mobile_nodes[kPhone] = {.mobile_node = kName, .anchor = kAnchor, .prefixes = {}, .local_routing = {}};
  return c;
}

struct Exchange {
  explicit Exchange(const GatewayConfig& c = config()) : machine(c, RandomStream(1, 2, "test")) {}

  Exchange& attach(Duration t, Attachment how = Attachment::New, MacAddress station = kPhone) {
    return take(machine.on_attached(at(t), station, how));
  }
  Exchange& detach(Duration t) { return take(machine.on_detached(at(t), kPhone)); }
  Exchange& wait_until(Duration t) { return take(machine.on_timeout(at(t))); }
  Exchange& receive(Duration t, const ProxyBindingAck& ack, const Ipv6Address& from = kAnchor) {
    return take(machine.on_proxy_binding_ack(at(t), from, ack));
  }
  // Attached and bound at one second.
  Exchange& bind(Attachment how = Attachment::New) {
    attach(1_s, how);
    return receive(1_s, ack());
  }
  // What an anchor answers to the last update.
  ProxyBindingAck ack(std::uint8_t status = kBindingAccepted, std::vector<Ipv6Prefix> prefixes = {kPrefix}) const {
    ProxyBindingAck a{.status = status, .sequence = last.sequence, .lifetime = last.lifetime,
                      .options = last.options};
    a.options.home_network_prefixes = std::move(prefixes);
    return a;
  }
  Exchange& take(MobileAccessGateway::Output o) {
    out = std::move(o);
    if (!out.updates.empty()) last = out.updates.back().update;
    return *this;
  }
  std::size_t sent() const { return out.updates.size(); }
  std::vector<Kind> changes() const {
    std::vector<Kind> kinds;
    for (const auto& change : out.changes) kinds.push_back(change.kind);
    return kinds;
  }
  State state() const { return machine.find(kPhone)->state; }

  MobileAccessGateway machine;
  MobileAccessGateway::Output out;
  ProxyBindingUpdate last;
};

// ---- §6.9.1.1: attachment -----------------------------------------------------------------------------------------

TEST(MobileAccessGateway, RegistersAMobileNodeThatAttaches) {
  Exchange x;
  x.attach(1_s);
  ASSERT_EQ(x.sent(), 1u);
  EXPECT_EQ(x.out.updates[0].anchor, kAnchor);
  EXPECT_TRUE(x.last.acknowledge);
  EXPECT_EQ(x.last.lifetime, 400_s);
  EXPECT_EQ(x.last.options, (Options{.mobile_node = kName,
                                     .home_network_prefixes = {kAny},
                                     .handoff_indicator = kAttachmentOverNewInterface,
                                     .access_technology = kAccessWirelessLan,
                                     .timestamp = timestamp_of(at(1_s)),
                                     .link_layer_identifier = link_layer_identifier(kPhone),
                                     .link_local_address = {}}));
  EXPECT_EQ(x.state(), State::Registering);
}

TEST(MobileAccessGateway, SaysWhatItKnowsOfTheHandoff) {  // items 4 and 5
  for (const auto& [how, hint] : {std::pair{Attachment::New, kAttachmentOverNewInterface},
                                  std::pair{Attachment::Moved, kHandoffBetweenGateways},
                                  std::pair{Attachment::Unknown, kHandoffStateUnknown}}) {
    Exchange x;
    x.attach(1_s, how);
    EXPECT_EQ(x.last.options.handoff_indicator, hint);
  }
}

TEST(MobileAccessGateway, AsksForThePrefixesOfTheProfile) {  // item 3
  GatewayConfig c = config();
  c.mobile_nodes[kPhone].prefixes = {kPrefix, kOther};
  Exchange x(c);
  x.attach(1_s);
  EXPECT_EQ(x.last.options.home_network_prefixes, (std::vector{kPrefix, kOther}));
}

TEST(MobileAccessGateway, DoesNothingForStationsWithoutAProfile) {  // §6.14
  Exchange x;
  x.attach(1_s, Attachment::New, kStranger);
  EXPECT_EQ(x.sent(), 0u);
  EXPECT_EQ(x.machine.find(kStranger), nullptr);
}

TEST(MobileAccessGateway, AsksForALinkLocalAddressIfThereIsNoFixedOne) {  // item 9
  GatewayConfig c = config();
  c.fixed_link_local = {};
  Exchange x(c);
  x.attach(1_s);
  EXPECT_EQ(x.last.options.link_local_address, Ipv6Address());
  auto ack = x.ack();
  ack.options.link_local_address = "fe80::5"_ip6;
  x.receive(1_s, ack);
  EXPECT_EQ(x.machine.find(kPhone)->link_local_address, "fe80::5"_ip6);
}

TEST(MobileAccessGateway, ChoosesAnotherLinkLocalAddressIfTheMobileNodeHasThat) {  // §6.9.1.2, item 15
  GatewayConfig c = config();
  c.fixed_link_local = {};
  Exchange x(c);
  x.attach(1_s);
  auto ack = x.ack();
  ack.options.link_local_address = "fe80::5"_ip6;
  x.receive(1_s, ack);
  x.take(x.machine.on_link_local_in_use(at(2_s), kPhone));
  ASSERT_EQ(x.sent(), 1u);
  const Ipv6Address chosen = *x.last.options.link_local_address;
  EXPECT_TRUE(chosen.is_link_local());
  EXPECT_NE(chosen, "fe80::5"_ip6);
  EXPECT_EQ(x.last.options.handoff_indicator, kHandoffStateNotChanged);
  x.receive(2_s, x.ack());
  EXPECT_EQ(x.machine.find(kPhone)->link_local_address, chosen);
}

TEST(MobileAccessGateway, CountsItsUpdatesBesideTimestamps) {  // item 6
  Exchange x;
  x.attach(1_s);
  const auto first = x.last;
  x.wait_until(2_s);
  EXPECT_EQ(x.last.sequence, first.sequence.next());
  EXPECT_GT(*x.last.options.timestamp, *first.options.timestamp);
}

TEST(MobileAccessGateway, NeverSendsATimestampTwice) {
  Exchange x;
  x.attach(1_s);
  const Timestamp first = *x.last.options.timestamp;
  x.detach(1_s);
  EXPECT_GT(*x.last.options.timestamp, first);
}

// ---- §6.9.4: retransmission ---------------------------------------------------------------------------------------

TEST(MobileAccessGateway, BacksOffUntilItIsAnswered) {
  Exchange x;
  x.attach(1_s);
  for (const int seconds : {2, 4, 8, 16, 32, 64, 96, 128}) {
    EXPECT_EQ(x.machine.next_timeout(), at(1_s + Duration::seconds(seconds - 1))) << seconds;
    x.wait_until(1_s + Duration::seconds(seconds - 1));
    EXPECT_EQ(x.sent(), 1u) << seconds;
  }
  x.receive(129_s, x.ack());
  EXPECT_EQ(x.state(), State::Bound);
}

TEST(MobileAccessGateway, SendsNoMoreThanThreeUpdatesASecond) {  // RFC 6275 §11.8, MAX_UPDATE_RATE
  Exchange x;
  x.attach(1_s);
  x.detach(1100_ms);
  x.attach(1200_ms);
  EXPECT_EQ(x.sent(), 1u);
  x.detach(1300_ms);
  EXPECT_EQ(x.sent(), 0u);
  x.wait_until(2_s);
  ASSERT_EQ(x.sent(), 1u);
  EXPECT_EQ(x.last.lifetime, Duration());
}

// ---- §6.9.1.2: acknowledgements -----------------------------------------------------------------------------------

TEST(MobileAccessGateway, ForwardsOnceItIsAccepted) {
  Exchange x;
  x.attach(1_s);
  x.receive(1500_ms, x.ack());
  EXPECT_EQ(x.changes(), std::vector{Kind::Bound});
  const Binding& binding = x.out.changes[0].binding;
  EXPECT_EQ(binding.prefixes, std::vector{kPrefix});
  EXPECT_TRUE(binding.established);
  EXPECT_EQ(binding.expires, at(401_s)) << "from when the update was sent";
  EXPECT_EQ(binding.link_local_address, kFixedLinkLocalAddress);
}

TEST(MobileAccessGateway, IgnoresWhatMatchesNoUpdate) {  // item 5
  Exchange x;
  x.attach(1_s);
  auto other = x.ack();
  other.sequence = other.sequence.next();
  EXPECT_EQ(x.receive(1_s, other).out.dropped, &kPbaUnmatched);
  EXPECT_EQ(x.receive(1_s, x.ack(), "2001:db8:66::1"_ip6).out.dropped, &kPbaUnmatched);
  other = x.ack();
  other.options.mobile_node = MobileNodeIdentifier{.identifier = "laptop"};
  EXPECT_EQ(x.receive(1_s, other).out.dropped, &kPbaUnmatched);
  x.receive(1_s, x.ack());
  EXPECT_EQ(x.receive(1_s, x.ack()).out.dropped, &kPbaUnmatched) << "the second time";
}

TEST(MobileAccessGateway, IgnoresAnswersWithOtherOptionsForGood) {  // item 6
  std::function<void(Options&)> changes[] = {
      [](Options& o) { o.handoff_indicator = kHandoffStateUnknown; },
      [](Options& o) { o.access_technology = kAccessEthernet; },
      [](Options& o) { o.link_layer_identifier.reset(); },
  };
  for (const auto& change : changes) {
    Exchange x;
    x.attach(1_s);
    auto ack = x.ack();
    change(ack.options);
    EXPECT_EQ(x.receive(1_s, ack).out.dropped, &kPbaOptionsDiffer);
    EXPECT_EQ(x.machine.next_timeout(), std::nullopt) << "not sent again";
  }
}

TEST(MobileAccessGateway, DeniesTheServiceWhenItIsRejected) {  // items 7, 9, 11
  for (const std::uint8_t status : {kReasonUnspecified, kAdministrativelyProhibited, kInsufficientResources,
                                    kProxyRegNotEnabled, kNotLmaForThisMobileNode, kMagNotAuthorizedForProxyReg,
                                    kTimestampMismatch, kMissingHandoffIndicatorOption}) {
    Exchange x;
    x.attach(1_s);
    x.receive(1_s, x.ack(status));
    EXPECT_EQ(x.state(), State::Denied) << int{status};
    EXPECT_EQ(x.sent(), 0u);
    EXPECT_TRUE(x.changes().empty());
    EXPECT_EQ(x.machine.next_timeout(), std::nullopt);
    EXPECT_EQ(x.attach(2_s, Attachment::Unknown).sent(), 0u) << "for a solicitation";
    EXPECT_EQ(x.detach(3_s).sent(), 0u) << "there is nothing to take back";
    EXPECT_EQ(x.machine.find(kPhone), nullptr);
  }
}

TEST(MobileAccessGateway, WithdrawsWhatWasGrantedBefore) {  // item 11
  Exchange x;
  x.bind();
  x.wait_until(301_s);
  x.receive(301_s, x.ack(kAdministrativelyProhibited));
  EXPECT_EQ(x.changes(), std::vector{Kind::Denied});
  EXPECT_EQ(x.out.changes[0].binding.prefixes, std::vector{kPrefix}) << "what to withdraw";
}

TEST(MobileAccessGateway, RegistersAgainWhenItsTimestampIsLowerThanTheLast) {  // item 8
  Exchange x;
  x.attach(1_s);
  const Timestamp first = *x.last.options.timestamp;
  x.receive(1010_ms, x.ack(kTimestampLowerThanPrevAccepted));
  ASSERT_EQ(x.sent(), 1u);
  EXPECT_GT(*x.last.options.timestamp, first);
}

TEST(MobileAccessGateway, AsksForAnyPrefixWhenItsOwnIsRefused) {  // item 10
  GatewayConfig c = config();
  c.mobile_nodes[kPhone].prefixes = {kOther};
  Exchange x(c);
  x.attach(1_s);
  x.receive(1_s, x.ack(kNotAuthorizedForHomeNetworkPrefix));
  EXPECT_EQ(x.last.options.home_network_prefixes, std::vector{kAny});
  x.receive(1_s, x.ack(kNotAuthorizedForHomeNetworkPrefix));
  EXPECT_EQ(x.state(), State::Denied);
}

TEST(MobileAccessGateway, TakesTheAnchorsSequenceNumberWhereTheyCount) {  // RFC 6275 §11.7.3
  GatewayConfig c = config();
  c.timestamps = false;
  Exchange x(c);
  x.attach(1_s);
  EXPECT_FALSE(x.last.options.timestamp);
  auto ack = x.ack(kSequenceNumberOutOfWindow);
  ack.sequence = SeqNum16(900);
  x.receive(1_s, ack);
  EXPECT_EQ(x.last.sequence, SeqNum16(901));
}

TEST(MobileAccessGateway, AcceptsNothingWithoutAPrefix) {
  Exchange x;
  x.attach(1_s);
  EXPECT_EQ(x.receive(1_s, x.ack(kBindingAccepted, {kAny})).out.dropped, &kPbaWithoutPrefix);
  EXPECT_EQ(x.state(), State::Registering);
}

// ---- §6.9.1.3: extension ------------------------------------------------------------------------------------------

TEST(MobileAccessGateway, RefreshesInTime) {
  Exchange x;
  x.bind();
  EXPECT_EQ(x.machine.next_timeout(), at(301_s));
  x.wait_until(301_s);
  ASSERT_EQ(x.sent(), 1u);
  EXPECT_EQ(x.last.options.handoff_indicator, kHandoffStateNotChanged);
  EXPECT_EQ(x.last.options.home_network_prefixes, std::vector{kPrefix});
  x.receive(301_s, x.ack());
  EXPECT_EQ(x.machine.find(kPhone)->expires, at(701_s));
}

TEST(MobileAccessGateway, RefreshesWhenTheAnchorAdvisesIt) {  // RFC 6275 §6.2.4
  Exchange x;
  x.attach(1_s);
  auto ack = x.ack();
  ack.refresh_interval = 100_s;
  x.receive(1_s, ack);
  EXPECT_EQ(x.machine.next_timeout(), at(101_s));
}

TEST(MobileAccessGateway, CeasesToForwardWhenTheLifetimeIsOver) {
  Exchange x;
  x.bind();
  x.wait_until(301_s);
  Duration t = 301_s;
  while (x.machine.find(kPhone)->established) {
    t = *x.machine.next_timeout() - Time();
    x.wait_until(t);
  }
  EXPECT_EQ(t, 401_s);
  EXPECT_EQ(x.changes(), std::vector{Kind::Denied});
  EXPECT_EQ(x.state(), State::Registering) << "goes on to ask";
  x.wait_until(440_s);
  EXPECT_EQ(x.last.options.handoff_indicator, kHandoffStateUnknown);
  x.receive(441_s, x.ack());
  EXPECT_EQ(x.changes(), std::vector{Kind::Bound});
}

// ---- §6.9.1.4: detachment -----------------------------------------------------------------------------------------

TEST(MobileAccessGateway, DeregistersAMobileNodeThatLeaves) {
  Exchange x;
  x.bind();
  x.detach(50_s);
  ASSERT_EQ(x.sent(), 1u);
  EXPECT_EQ(x.last.lifetime, Duration());
  EXPECT_EQ(x.last.options.handoff_indicator, kHandoffStateUnknown);
  EXPECT_EQ(x.last.options.home_network_prefixes, std::vector{kPrefix});
  EXPECT_TRUE(x.changes().empty()) << "until it is answered";
  x.receive(51_s, x.ack());
  EXPECT_EQ(x.changes(), std::vector{Kind::Gone});
  EXPECT_EQ(x.machine.find(kPhone), nullptr);
}

TEST(MobileAccessGateway, ForgetsAMobileNodeThatLeftAfterASecond) {
  Exchange x;
  x.bind();
  x.detach(50_s);
  EXPECT_TRUE(x.wait_until(50999_ms).changes().empty());
  x.wait_until(51_s);
  EXPECT_EQ(x.changes(), std::vector{Kind::Gone});
  EXPECT_EQ(x.sent(), 0u);
}

TEST(MobileAccessGateway, RegistersAMobileNodeThatTurnsRound) {
  Exchange x;
  x.bind();
  x.detach(50_s);
  x.attach(50100_ms, Attachment::Moved);
  ASSERT_EQ(x.sent(), 1u);
  EXPECT_EQ(x.last.lifetime, 400_s);
  x.receive(50200_ms, x.ack());
  EXPECT_EQ(x.changes(), std::vector{Kind::Bound});
  EXPECT_TRUE(x.wait_until(60_s).changes().empty());
}

TEST(MobileAccessGateway, DeregistersOnceWhenToldTwice) {
  Exchange x;
  x.bind();
  x.detach(50_s);
  EXPECT_EQ(x.detach(50100_ms).sent(), 0u);
  EXPECT_EQ(x.attach(3_s, Attachment::New, kStranger).sent(), 0u);
}

TEST(MobileAccessGateway, SendsNothingMoreForAMobileNodeThatIsThere) {
  Exchange x;
  x.bind();
  EXPECT_EQ(x.attach(5_s, Attachment::Unknown).sent(), 0u);
  EXPECT_EQ(x.attach(5_s, Attachment::New).sent(), 0u);
}

}  // namespace
}  // namespace kamesim::pmip6
