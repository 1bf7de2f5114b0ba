#include "protocols/mcoa/multiple_binding_updater.h"

#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "protocols/mcoa/status.h"
#include "protocols/mip6/binding_status.h"
#include "tests/unit/mip6/test_values.h"

namespace kamesim::mcoa {
namespace {

using Bids = std::vector<int>;
using Config = MultipleBindingUpdaterConfig;

Config config(bool bulk) {
  return {.home_address = kHome, .links = {{.bid = 2, .priority = 20}, {.bid = 1, .priority = 10}},
          .bulk_registration = bulk, .previous_sequence = SeqNum16(100)};
}

FlowBinding flow(std::uint16_t fid, std::vector<std::uint16_t> bids) {
  TrafficSelector s;
  s.destination_port = SelectorRange<std::uint16_t>{fid, fid};
  return {.fid = fid, .priority = fid, .selector = s, .bids = std::move(bids)};
}

// A mobile node with two interfaces, of BIDs 1 and 2, and what it sends, step by step.
class Exchange {
 public:
  explicit Exchange(bool bulk = true) : Exchange(config(bulk)) {}
  explicit Exchange(const Config& config) : machine_(config), mobile_router_(config.mobile_router) {}
  Exchange& at(Duration t) {
    now_ = kamesim::at(t);
    return *this;
  }
  Exchange& attach(std::uint16_t bid) { return attach(bid, bid == 1 ? kCareOf : kNewCareOf); }
  Exchange& attach(std::uint16_t bid, const Ipv6Address& care_of) { return keep(machine_.on_attach(now_, bid, {care_of})); }
  Exchange& detach(std::uint16_t bid) { return keep(machine_.on_detach(now_, bid)); }
  Exchange& times_out() { return keep(machine_.on_timeout(now_)); }
  Exchange& returns_home() { return keep(machine_.on_return_home(now_)); }
  Exchange& leaves_home() { return keep(machine_.on_leave_home(now_)); }
  Exchange& bind(const FlowBinding& f) { return keep(machine_.bind_flow(now_, f)); }
  Exchange& refresh_request(const std::vector<std::uint16_t>& bids) {
    return keep(machine_.on_binding_refresh_request(now_, bids));
  }
  // To the last update, with its BIDs.
  Exchange& acknowledged(std::uint8_t status = 0, std::vector<int> of_options = {},
                         std::vector<FlowIdentification> flows = {}) {
    MultipleBindingAck ack;
    ack.ack.status = status;
    ack.ack.sequence = last_.message.update.sequence;
    ack.ack.lifetime = status < 128 ? last_.message.update.lifetime : Duration();
    ack.ack.mobile_router = mobile_router_;
    ack.options.bindings = last_.message.options.bindings;
    for (std::size_t i = 0; i < ack.options.bindings.size(); ++i) {
      ack.options.bindings[i].status = i < of_options.size() ? static_cast<std::uint8_t>(of_options[i]) : 0;
    }
    ack.options.flows = flows.empty() ? last_.message.options.flows : std::move(flows);
    return keep(machine_.on_binding_ack(now_, ack));
  }
  // As by a home agent that serves mobile hosts only.
  Exchange& acknowledged_without_r() {
    const bool was = std::exchange(mobile_router_, false);
    acknowledged();
    mobile_router_ = was;
    return *this;
  }
  Exchange& acknowledged_without_options(std::uint8_t status = 0) {
    MultipleBindingAck ack;
    ack.ack.mobile_router = mobile_router_;
    ack.ack.status = status;
    ack.ack.sequence = last_.message.update.sequence;
    ack.ack.lifetime = last_.message.update.lifetime;
    return keep(machine_.on_binding_ack(now_, ack));
  }
  Exchange& sends(const Bids& bids, const Ipv6Address& source, Duration lifetime = 420_s, bool overwrite = false) {
    EXPECT_TRUE(sent_);
    Bids told;
    for (const auto& b : last_.message.options.bindings) told.push_back(b.bid);
    EXPECT_EQ(told, bids);
    EXPECT_EQ(last_.source, source);
    EXPECT_EQ(last_.message.update.lifetime, lifetime);
    EXPECT_EQ(last_.message.overwrite, overwrite);
    return *this;
  }
  Exchange& sends_nothing() {
    EXPECT_FALSE(sent_);
    return *this;
  }
  Exchange& goes_by(const Bids& bids) {
    Bids ways;
    for (const auto& way : machine_.ways()) ways.push_back(way.bid);
    EXPECT_EQ(ways, bids);
    return *this;
  }
  Exchange& both_registered() {
    attach(1).sends({1}, kCareOf, 420_s, true).acknowledged();
    attach(2).sends({2}, kNewCareOf).acknowledged().goes_by({1, 2});
    return at(10_s);  // RFC 6275 §11.8: no more than three updates a second
  }
  Exchange& starts_over(std::vector<MobileNetworkPrefix> prefixes) {
    return keep(machine_.start_over(now_, std::move(prefixes)));
  }
  Exchange& finds_no_support() {
    EXPECT_TRUE(no_support_);
    return *this;
  }
  MultipleBindingUpdater& machine() { return machine_; }
  const MultipleBindingUpdater::Send& last() const { return last_; }

 private:
  Exchange& keep(const MultipleBindingUpdater::Output& out) {
    no_support_ = out.no_mobile_router_support;
    sent_ = out.send.has_value();
    if (out.send) last_ = *out.send;
    return *this;
  }
  MultipleBindingUpdater machine_;
  Time now_ = kamesim::at(0_s);
  bool mobile_router_, no_support_ = false, sent_ = false;
  MultipleBindingUpdater::Send last_;
};

TEST(MultipleBindingUpdater, FirstRegistrationOverwrites) {  // RFC 5648 §5.9
  Exchange x;
  x.attach(1).sends({1}, kCareOf, 420_s, true).goes_by({});
  EXPECT_EQ(x.last().home_address_option, kHome);
  EXPECT_FALSE(x.last().message.update.alternate_care_of_address);  // §5.2: "MUST NOT be included"
  EXPECT_EQ(x.last().message.options.bindings.front().care_of, kCareOf);
  EXPECT_EQ(x.last().message.options.bindings.front().priority, 10);
  x.acknowledged().goes_by({1}).attach(2).sends({2}, kNewCareOf);
}

TEST(MultipleBindingUpdater, BulkRegistrationHasAllThatIsDue) {  // §5.3
  Exchange x;
  x.attach(2).sends({2}, kNewCareOf, 420_s, true);
  x.at(500_ms).attach(1).sends({1, 2}, kCareOf, 420_s, true).acknowledged().goes_by({1, 2});
  x.at(316_s).times_out().sends({1, 2}, kCareOf);  // refreshed together, after 75 %
}

TEST(MultipleBindingUpdater, OneByOneWithoutBulkRegistration) {  // §5.2
  Exchange x(false);
  x.attach(2).sends({2}, kNewCareOf, 420_s, true).attach(1).sends_nothing();
  x.acknowledged().sends({1}, kCareOf).acknowledged().goes_by({1, 2});
}

TEST(MultipleBindingUpdater, LostLinkIsDeletedByTheOther) {  // §5.4
  Exchange x;
  x.both_registered().detach(1).goes_by({2}).sends({1}, kNewCareOf, Duration());
  EXPECT_EQ(x.last().message.options.bindings.front().form, BindingIdentifier::CareOf::None);
  x.acknowledged().sends_nothing().goes_by({2});
  EXPECT_FALSE(x.machine().links().front().binding);
}

TEST(MultipleBindingUpdater, DeletionGoesBeforeRegistration) {
  Exchange x;
  x.both_registered().at(316_s).times_out().sends({1, 2}, kCareOf);
  x.at(317_s).detach(1).sends({1}, kNewCareOf, Duration()).acknowledged().sends({2}, kNewCareOf);
}

TEST(MultipleBindingUpdater, LinkThatComesBackIsRegisteredAnew) {
  Exchange x;
  x.both_registered().detach(1).attach(1, kCorrespondent).sends_nothing();  // the deletion is under way
  x.acknowledged().sends({1}, kCorrespondent).acknowledged().goes_by({1, 2});
}

TEST(MultipleBindingUpdater, MovedLinkKeepsItsBid) {  // §2
  Exchange x;
  x.both_registered().attach(1, kCorrespondent).goes_by({2}).sends({1}, kCorrespondent);
  x.acknowledged().goes_by({1, 2});
}

TEST(MultipleBindingUpdater, AcknowledgementOfAnOldAddressIsNotForTheNewOne) {
  Exchange x(false);
  x.attach(1).sends({1}, kCareOf, 420_s, true).attach(1, kCorrespondent).sends({1}, kCorrespondent, 420_s, true);
  x.acknowledged().goes_by({1});
  EXPECT_EQ(x.machine().links().front().binding->care_of, kCorrespondent);
}

TEST(MultipleBindingUpdater, OnlyLinkKeepsItsBindingUntilItMoves) {
  Exchange x;
  x.attach(1).acknowledged().detach(1).sends_nothing().goes_by({});
  x.attach(1, kNewCareOf).sends({1}, kNewCareOf);
}

TEST(MultipleBindingUpdater, RetransmitsWithGreaterNumbers) {  // RFC 6275 §11.8
  Exchange x;
  x.attach(1).sends({1}, kCareOf, 420_s, true);
  EXPECT_EQ(x.last().message.update.sequence, SeqNum16(101));
  EXPECT_EQ(x.machine().next_timeout(), kamesim::at(1500_ms));
  x.at(1500_ms).times_out().sends({1}, kCareOf, 420_s, true);
  EXPECT_EQ(x.last().message.update.sequence, SeqNum16(102));
}

TEST(MultipleBindingUpdater, StatusOfTheOptionGoesBeforeThatOfTheMessage) {  // §5.7
  Exchange x;
  x.attach(1).attach(2).acknowledged(kNotComplete, {kInsufficientResources, 0}).goes_by({2});
  x.at(60_s).times_out().sends({1}, kCareOf);
}

TEST(MultipleBindingUpdater, StopsBulkRegistration) {  // §5.7, status 168
  Exchange x;
  x.attach(1).attach(2).sends({1, 2}, kCareOf, 420_s, true).acknowledged(kBulkRegistrationProhibited);
  x.sends({1}, kCareOf, 420_s, true).acknowledged().at(2_s).times_out().sends({2}, kNewCareOf).acknowledged();
  x.goes_by({1, 2});
}

TEST(MultipleBindingUpdater, OverwritesAPlainBinding) {  // §5.7, status 165
  Exchange x;
  x.both_registered().at(316_s).times_out().acknowledged(kNonMcoaBindingExists).sends({1, 2}, kCareOf, 420_s, true);
}

TEST(MultipleBindingUpdater, FallsBackToOneBinding) {  // §5.7: status 166, or no option at all
  for (const bool prohibited : {true, false}) {
    Exchange x;
    x.attach(1).attach(2);
    if (prohibited) x.acknowledged(kProhibited).sends({}, kCareOf).acknowledged_without_options();
    else x.acknowledged_without_options();
    EXPECT_TRUE(x.machine().fallen_back());
    x.goes_by({1}).sends_nothing();
    x.at(2_s).detach(1).sends({}, kNewCareOf);  // the whole registration moves
    EXPECT_EQ(x.last().message.update.alternate_care_of_address, kNewCareOf);
    x.acknowledged_without_options().goes_by({2});
  }
}

TEST(MultipleBindingUpdater, RefusedHomeAddressIsNotUsedAgain) {  // RFC 6275 §11.7.1, status 134
  Exchange x;
  x.attach(1).acknowledged(kDuplicateAddressDetectionFailed).sends_nothing();
  x.attach(2).sends_nothing();
}

TEST(MultipleBindingUpdater, ReturningHomeDeletesAll) {  // §5.5.1
  Exchange x;
  x.both_registered().returns_home().sends({}, kHome, Duration()).goes_by({});
  EXPECT_FALSE(x.last().home_address_option);
  x.acknowledged_without_options().leaves_home().sends({1, 2}, kCareOf, 420_s, true);
}

TEST(MultipleBindingUpdater, RefreshRequestNamesBids) {  // §5.8
  Exchange x;
  x.both_registered().at(1_s).refresh_request({2}).sends({2}, kNewCareOf).acknowledged();
  x.at(3_s).refresh_request({}).sends({1, 2}, kCareOf);
}

TEST(MultipleBindingUpdater, EveryUpdateTellsOfAllFlows) {  // RFC 6089 §5.2
  Exchange x;
  x.attach(1).acknowledged().bind(flow(7, {1})).sends({1}, kCareOf);
  EXPECT_EQ(x.last().message.options.flows.size(), 1u);
  x.acknowledged().at(2_s).attach(2).sends({2}, kNewCareOf);
  EXPECT_TRUE(x.last().message.options.flows.empty());
  EXPECT_EQ(x.last().message.options.flow_summary, (std::vector<std::uint16_t>{7}));
  x.acknowledged().detach(1).sends({1}, kNewCareOf, Duration());
  EXPECT_EQ(x.last().message.options.flow_summary, (std::vector<std::uint16_t>{7}));  // §5.3.3
}

TEST(MultipleBindingUpdater, FlowWaitsForItsBinding) {  // §5.2.2.1: "must be logically registered"
  Exchange x;
  x.attach(1).acknowledged().bind(flow(7, {2})).sends_nothing();
  x.attach(2).sends({2}, kNewCareOf);
  EXPECT_EQ(x.last().message.options.flows.size(), 1u);
}

TEST(MultipleBindingUpdater, FlowThatWasForgottenIsToldAgain) {  // status 132
  Exchange x;
  x.attach(1).acknowledged().bind(flow(7, {1})).acknowledged().at(316_s).times_out();
  EXPECT_EQ(x.last().message.options.flow_summary, (std::vector<std::uint16_t>{7}));
  x.acknowledged(0, {}, {{.fid = 7, .priority = 0, .status = kFlowFidNotFound, .selector = {}, .bids = {}}});
  x.sends({1}, kCareOf);
  EXPECT_EQ(x.last().message.options.flows.size(), 1u);
}

TEST(MultipleBindingUpdater, FlowThatIsRefusedIsNotAskedForAgain) {  // §5.2.6
  Exchange x;
  x.attach(1).acknowledged().bind(flow(7, {1}));
  FlowIdentification refused = x.last().message.options.flows.front();
  refused.status = kFlowAdministrativelyProhibited;
  x.acknowledged(0, {}, {refused}).sends_nothing();
  EXPECT_EQ(x.machine().flows().entries().at(7).refused, kFlowAdministrativelyProhibited);
}

// ---- A mobile router (RFC 3963 §5) ----------------------------------------------------------------------------------

const MobileNetworkPrefix kNetwork{64, "2001:db8:e::"_ip6};

Config mobile_router(std::vector<MobileNetworkPrefix> prefixes = {}) {
  Config made = config(true);
  made.mobile_router = true;
  made.mobile_network_prefixes = std::move(prefixes);
  return made;
}

TEST(MultipleBindingUpdater, MobileRouterTellsItsNetworkWithEachBinding) {  // RFC 3963 §5.2, §5.8
  Exchange x(mobile_router({kNetwork}));
  const std::vector<MobileNetworkPrefix> told{kNetwork};
  x.attach(1).sends({1}, kCareOf, 420_s, true);
  EXPECT_TRUE(x.last().message.update.mobile_router);
  EXPECT_EQ(x.last().message.update.mobile_network_prefixes, told);
  x.acknowledged().attach(2).sends({2}, kNewCareOf);
  EXPECT_EQ(x.last().message.update.mobile_network_prefixes, told);
  x.acknowledged().goes_by({1, 2}).at(10_s).detach(1).sends({1}, kNewCareOf, Duration());
  EXPECT_TRUE(x.last().message.update.mobile_router);
  EXPECT_TRUE(x.last().message.update.mobile_network_prefixes.empty());
}

TEST(MultipleBindingUpdater, MobileRouterRegistersOneBindingWhereNoMoreAreTaken) {
  Exchange x(mobile_router({kNetwork}));
  x.attach(1).acknowledged_without_options().goes_by({1});
  x.at(316_s).times_out();
  EXPECT_TRUE(x.last().plain);
  EXPECT_TRUE(x.last().message.update.mobile_router);
  EXPECT_EQ(x.last().message.update.mobile_network_prefixes.size(), 1u);
}

TEST(MultipleBindingUpdater, MobileRouterWithdrawsWhereItIsNotServed) {  // RFC 3963 §5.3
  Exchange x(mobile_router());
  x.attach(1).acknowledged_without_r().finds_no_support().goes_by({}).sends({}, kCareOf, Duration());
  EXPECT_EQ(x.last().home_address_option, kHome);
  x.attach(2).sends_nothing();
  // An answer that does not come is waited for twice.
  x.at(1_s).times_out().sends({}, kCareOf, Duration()).at(3_s).times_out().sends({}, kCareOf, Duration());
  x.at(7_s).times_out().sends_nothing();
  EXPECT_FALSE(x.machine().next_timeout());
}

TEST(MultipleBindingUpdater, AnyAnswerWithoutTheRBitWithdrawsAll) {
  Exchange x(mobile_router());
  x.attach(1).acknowledged().goes_by({1}).attach(2).acknowledged_without_r().finds_no_support().goes_by({});
}

TEST(MultipleBindingUpdater, RefusedNetworkEndsAllUntilItIsAskedForInAnotherWay) {  // RFC 3963 §5.4
  for (const std::uint8_t status : {kMobileRouterOperationNotPermitted, kInvalidPrefix, kNotAuthorizedForPrefix,
                                    kForwardingSetupFailed}) {
    Exchange x(mobile_router());
    x.attach(2).acknowledged().attach(1).acknowledged(status).sends_nothing().goes_by({});
    x.at(70_s).times_out().sends_nothing().attach(1).sends_nothing();
    x.at(80_s).starts_over({kNetwork}).sends({1, 2}, kCareOf, 420_s, true);
    EXPECT_EQ(x.last().message.update.mobile_network_prefixes.size(), 1u);
  }
}

}  // namespace
}  // namespace kamesim::mcoa
