#include "protocols/mcoa/multiple_registration.h"

#include <gtest/gtest.h>

#include "protocols/mcoa/status.h"
#include "protocols/mip6/binding_status.h"
#include "tests/unit/mip6/test_values.h"

namespace kamesim::mcoa {
namespace {

using DadResult = HomeAgentRegistration::DadResult;
using Config = MultipleRegistrationConfig;
using Bids = std::vector<int>;

BindingIdentifier binding(std::uint16_t bid, const Ipv6Address& care_of, std::uint8_t priority = 0) {
  return {.bid = bid, .priority = priority, .form = BindingIdentifier::CareOf::Ipv6, .care_of = care_of};
}

BindingIdentifier home_binding(std::uint16_t bid) {
  BindingIdentifier b = binding(bid, kHome);
  b.home_and_foreign = true;
  return b;
}

MultipleBindingUpdate update(std::uint16_t sequence, std::vector<BindingIdentifier> bindings,
                             Duration lifetime = 420_s, bool overwrite = false) {
  MultipleBindingUpdate m;
  m.update.sequence = SeqNum16(sequence);
  m.update.acknowledge = m.update.home_registration = true;
  m.update.lifetime = lifetime;
  m.overwrite = overwrite;
  m.options.bindings = std::move(bindings);
  return m;
}

// A home agent of 2001:db8:1::/64 and what it answers, step by step.
class Exchange {
 public:
  explicit Exchange(const Config& config = {}) : base_(HomeAgentRegistrationConfig{}, cache_), machine_(config, base_, cache_) {
    base_.on_prefix_list(now_, {HomePrefix{"2001:db8:1::/64"_ip6net}});
  }
  Exchange& at(Duration t) {
    now_ = kamesim::at(t);
    return *this;
  }
  Exchange& receives(const MultipleBindingUpdate& m) {
    ReceivedBindingUpdate r;
    r.source = kCareOf;
    r.destination = kHomeAgent;
    r.home_address_option = kHome;
    r.update = m.update;
    out_ = machine_.on_binding_update(now_, r, m);
    return *this;
  }
  Exchange& dad(DadResult result = DadResult::Unique) {
    out_ = machine_.on_dad_result(now_, kHome, result);
    return *this;
  }
  Exchange& times_out() {
    out_ = machine_.on_timeout(now_);
    return *this;
  }
  // With BIDs 1 and 2, by update 1.
  Exchange& registered() {
    return receives(update(1, {binding(1, kCareOf, 10), binding(2, kNewCareOf, 20)})).dad().acknowledges(0, {0, 0});
  }
  Exchange& acknowledges(std::uint8_t status, const std::vector<int>& of_options) {
    EXPECT_TRUE(out_.ack);
    if (!out_.ack) return *this;
    EXPECT_EQ(int{out_.ack->answer.ack.status}, int{status});
    std::vector<int> statuses;
    for (const auto& option : out_.ack->options.bindings) {
      statuses.push_back(option.status);
      EXPECT_EQ(option.form, BindingIdentifier::CareOf::None);  // RFC 5648 §4.3: only in updates
    }
    EXPECT_EQ(statuses, of_options);
    return *this;
  }
  Exchange& has(const Bids& bids) {
    Bids held;
    for (const auto& b : machine_.bindings().of(kHome)) held.push_back(b.bid);
    EXPECT_EQ(held, bids);
    return *this;
  }
  Exchange& stops_proxying(bool stops = true) {
    EXPECT_EQ(out_.home.stop_proxy.has_value(), stops);
    return *this;
  }
  Exchange& prefers(const Ipv6Address& care_of) {
    EXPECT_EQ(cache_.find(kHome)->care_of, care_of);
    return *this;
  }
  MultipleRegistration& machine() { return machine_; }
  const MultipleRegistration::Output& out() const { return out_; }

 private:
  BindingCache cache_;
  HomeAgentRegistration base_;
  MultipleRegistration machine_;
  Time now_ = kamesim::at(0_s);
  MultipleRegistration::Output out_;
};

TEST(MultipleRegistration, WaitsForDuplicateAddressDetection) {  // RFC 6275 §10.3.1
  Exchange x;
  x.receives(update(1, {binding(1, kCareOf)}));
  EXPECT_TRUE(x.out().home.start_dad);
  EXPECT_FALSE(x.out().ack);
  x.dad(DadResult::Duplicate).acknowledges(kDuplicateAddressDetectionFailed, {0}).has({});
}

TEST(MultipleRegistration, AddsBindingsOneByOne) {  // RFC 5648 §6.2
  Exchange x;
  x.receives(update(1, {binding(1, kCareOf, 20)})).dad().acknowledges(0, {0}).has({1}).prefers(kCareOf);
  x.receives(update(2, {binding(2, kNewCareOf, 10)})).acknowledges(0, {0}).has({2, 1}).prefers(kNewCareOf);
}

TEST(MultipleRegistration, SequenceNumberIsSharedByAll) {  // §4.1
  Exchange x;
  x.registered().receives(update(1, {binding(3, kCareOf)})).acknowledges(kSequenceNumberOutOfWindow, {0}).has({1, 2});
}

TEST(MultipleRegistration, WithoutPrioritiesTheLastVerifiedComesFirst) {  // §3
  Exchange x;
  x.receives(update(1, {binding(1, kCareOf)})).dad();
  x.at(1_s).receives(update(2, {binding(2, kNewCareOf)})).has({2, 1});
  x.at(2_s).receives(update(3, {binding(1, kCareOf)})).has({1, 2}).prefers(kCareOf);
}

TEST(MultipleRegistration, OverwriteReplacesAll) {  // §6.2
  Exchange x;
  x.registered().receives(update(2, {binding(3, kNewCareOf)}, 420_s, true)).acknowledges(0, {0}).has({3});
}

TEST(MultipleRegistration, KnownBidNeedsNoCareOfAddress) {  // §5.1, §6.2
  Exchange x;
  x.registered().at(100_s).receives(update(2, {{.bid = 1, .priority = 10}})).acknowledges(0, {0});
  EXPECT_EQ(x.machine().bindings().find(kHome, 1)->care_of, kCareOf);
  EXPECT_EQ(x.machine().bindings().find(kHome, 1)->expires, kamesim::at(520_s));
}

TEST(MultipleRegistration, StatusOfEachRule) {  // §6.2
  struct {
    const char* what;
    Config config;
    std::vector<BindingIdentifier> options;
    std::uint8_t status;
  } cases[] = {
      {"prohibited", {.policy = Config::Policy::Prohibit}, {binding(1, kCareOf)}, kProhibited},
      {"bulk", {.bulk_registration = false}, {binding(1, kCareOf), binding(2, kNewCareOf)}, kBulkRegistrationProhibited},
      {"unknown", {}, {{.bid = 7}}, kUnknownCareOfAddress},
      {"no unicast", {}, {binding(1, "ff02::1"_ip6)}, kMalformed},
      {"no address", {}, {binding(1, "::"_ip6)}, kMalformed},
      {"BID zero", {}, {binding(0, kCareOf)}, kMalformed},
      {"home binding", {}, {home_binding(1)}, kSimultaneousHomeAndForeignProhibited},
      {"home binding elsewhere", {.home_and_foreign = Config::HomeAndForeign::WithNdp}, {[] {
         BindingIdentifier b = home_binding(1);
         b.care_of = kCareOf;
         return b;
       }()}, kMalformed},
      {"home address without H", {}, {binding(1, kHome)}, kInvalidCareOfAddress},
      {"IPv4", {}, {{.bid = 1, .form = BindingIdentifier::CareOf::Ipv4, .care_of = "::ffff:192.0.2.1"_ip6}}, kReasonUnspecified},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.what);
    Exchange x(c.config);
    x.receives(update(1, c.options)).acknowledges(c.status, Bids(c.options.size(), 0)).has({});
  }
}

TEST(MultipleRegistration, WrongLengthIsMalformed) {  // §6.2
  Exchange x;
  MultipleBindingUpdate m = update(1, {binding(1, kCareOf)});
  m.options.malformed = true;
  x.receives(m).acknowledges(kMalformed, {0}).has({});
}

TEST(MultipleRegistration, BulkRegistrationTellsTheStatusOfEach) {  // §6.2
  Exchange x;
  x.receives(update(1, {binding(1, kCareOf), {.bid = 2}, binding(3, kNewCareOf)})).dad();
  x.acknowledges(kNotComplete, {0, kUnknownCareOfAddress, 0}).has({1, 3});
}

TEST(MultipleRegistration, SameBidTwiceIsMalformed) {  // §2
  Exchange x;
  x.receives(update(1, {binding(1, kCareOf), binding(1, kNewCareOf)})).dad().acknowledges(kNotComplete, {0, kMalformed});
}

TEST(MultipleRegistration, PlainBindingHasToBeOverwritten) {  // §6.2, status 165
  Exchange x;
  x.receives(update(1, {})).dad();
  x.receives(update(2, {binding(1, kCareOf)})).acknowledges(kNonMcoaBindingExists, {0}).has({});
  x.receives(update(3, {binding(1, kCareOf)}, 420_s, true)).acknowledges(0, {0}).has({1});
}

TEST(MultipleRegistration, PlainRegistrationReplacesAll) {  // §6.2
  Exchange x;
  MultipleBindingUpdate plain = update(2, {});
  plain.update.alternate_care_of_address = kNewCareOf;
  x.registered().receives(plain).acknowledges(0, {}).has({}).prefers(kNewCareOf);
}

TEST(MultipleRegistration, PlainDeregistrationDeletesAll) {  // §5.4, §6.2
  Exchange x;
  x.registered().receives(update(2, {}, Duration())).acknowledges(0, {}).has({}).stops_proxying();
}

TEST(MultipleRegistration, DeregistersByBid) {  // §5.4, §6.2
  Exchange x;
  x.registered().receives(update(2, {{.bid = 1}}, Duration())).acknowledges(0, {0}).has({2}).prefers(kNewCareOf);
  x.stops_proxying(false);
  x.receives(update(3, {{.bid = 1}}, Duration())).acknowledges(kNotHomeAgentForThisMobileNode, {0}).has({2});
  x.receives(update(4, {{.bid = 1}, {.bid = 2}}, Duration()))
      .acknowledges(kNotComplete, {kNotHomeAgentForThisMobileNode, 0})
      .has({})
      .stops_proxying();
}

TEST(MultipleRegistration, OverwriteIsIgnoredInADeregistration) {  // §6.2
  Exchange x;
  x.registered().receives(update(2, {{.bid = 1}}, Duration(), true)).acknowledges(0, {0}).has({2});
}

TEST(MultipleRegistration, EachBindingHasItsLifetime) {
  Exchange x;
  x.receives(update(1, {binding(1, kCareOf, 10)}, 100_s)).dad();
  x.receives(update(2, {binding(2, kNewCareOf, 20)}, 200_s));
  EXPECT_EQ(x.machine().next_timeout(), kamesim::at(100_s));
  x.at(100_s).times_out().has({2}).prefers(kNewCareOf).stops_proxying(false);
  x.at(200_s).times_out().has({});
  x.times_out().stops_proxying();
}

TEST(MultipleRegistration, IsNotKnownWhereItIsIgnored) {  // §3: an option that is not known is skipped
  Exchange x(Config{.policy = Config::Policy::Ignore});
  x.receives(update(1, {binding(1, kCareOf)})).dad().acknowledges(0, {}).has({});
}

TEST(MultipleRegistration, HomeBindingWithNeighborDiscovery) {  // §5.6, §6.3
  Exchange x(Config{.home_and_foreign = Config::HomeAndForeign::WithNdp});
  x.registered().receives(update(2, {home_binding(3)})).acknowledges(0, {0}).has({1, 2, 3});
}

TEST(MultipleRegistration, HomeBindingWithoutNeighborDiscovery) {  // §6.3: status 5, by the link-layer address
  Exchange x(Config{.home_and_foreign = Config::HomeAndForeign::WithoutNdp});
  x.registered().receives(update(2, {home_binding(3)})).acknowledges(kReasonUnspecified, {0});
  MultipleBindingUpdate m = update(3, {home_binding(3), binding(1, kCareOf, 10)});
  m.options.link_layer_address = {2, 0, 0, 0, 0, 9};
  x.receives(m).acknowledges(kReturnHomeWithoutNdp, {kReturnHomeWithoutNdp, 0}).has({1, 2, 3});
  EXPECT_NE(x.machine().link_layer_address(kHome), nullptr);
}

TEST(MultipleRegistration, UpdateWithoutHEndsTheHomeBinding) {  // §5.6.5
  Exchange x(Config{.home_and_foreign = Config::HomeAndForeign::WithNdp});
  x.registered().receives(update(2, {home_binding(3)})).has({1, 2, 3});
  x.receives(update(3, {binding(2, kNewCareOf, 20)})).has({1, 2});
}

TEST(MultipleRegistration, BindingsOfAHomeAddressAreBounded) {
  Exchange x(Config{.max_bindings = 2});
  x.registered().receives(update(2, {binding(3, kNewCareOf)})).acknowledges(kInsufficientResources, {0});
  x.receives(update(3, {binding(2, kCareOf)})).acknowledges(0, {0}).has({1, 2});
}

TEST(MultipleRegistration, FlowsLeaveWithTheLastBinding) {  // RFC 6089 §5.3.3
  Exchange x;
  TrafficSelector all;
  MultipleBindingUpdate m = update(1, {binding(1, kCareOf)});
  m.options.flows = {{.fid = 4, .priority = 10, .status = 0,
                      .selector = FlowIdentification::Selector{kIpv6BinarySelector, to_bytes(all)},
                      .bids = std::vector<std::uint16_t>{1}}};
  x.receives(m).dad();
  ASSERT_EQ(x.out().ack->options.flows.size(), 1u);
  EXPECT_EQ(int{x.out().ack->options.flows[0].status}, int{kFlowBindingSuccessful});
  EXPECT_EQ(x.machine().flows().of(kHome).size(), 1u);
  x.receives(update(2, {{.bid = 1}}, Duration()));
  EXPECT_TRUE(x.machine().flows().of(kHome).empty());
}

}  // namespace
}  // namespace kamesim::mcoa
