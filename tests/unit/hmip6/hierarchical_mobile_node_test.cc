#include "protocols/hmip6/hierarchical_mobile_node.h"

#include <algorithm>
#include <map>

#include <gtest/gtest.h>

#include "protocols/mip6/binding_status.h"
#include "tests/unit/mip6/test_values.h"

namespace kamesim {
namespace {

const Ipv6Address kMap = "2001:db8:5::1"_ip6;
const Ipv6Address kOtherMap = "2001:db8:6::1"_ip6;
const Ipv6Address kRcoa = "2001:db8:5::42"_ip6;
const Ipv6Address kOtherRcoa = "2001:db8:6::42"_ip6;
const Ipv6Address kRouter = "fe80::b"_ip6;
const Ipv6Address kNewRouter = "fe80::c"_ip6;

using Addresses = std::vector<Ipv6Address>;
using Routed = HierarchicalMobileNode::RoutedByType2;

MapOption map(const Ipv6Address& address, std::uint8_t distance = 2, std::uint8_t preference = 10,
              Duration lifetime = 9000_s) {
  return {.distance = distance, .preference = preference, .rcoa_allocated = false, .valid_lifetime = lifetime,
          .address = address};
}

// A mobile node whose MAPs see the sequence numbers that it draws: 101, 201, ... before the first.
class Exchange {
 public:
  explicit Exchange(HierarchicalMobileNodeConfig config = {}) : machine_(with_id(config), [this] { return draw(); }) {}
  Exchange& at(Duration t) {
    now_ = kamesim::at(t);
    return *this;
  }
  Exchange& hears(std::vector<MapOption> options) { return hears_from(kRouter, kCareOf, options); }
  Exchange& hears_elsewhere(std::vector<MapOption> options) { return hears_from(kNewRouter, kNewCareOf, options); }
  Exchange& attach(const Ipv6Address& lcoa = kCareOf) {
    out_ = machine_.on_attach(now_, {lcoa});
    note();
    return *this;
  }
  Exchange& detach() {
    out_ = machine_.on_detach(now_);
    return *this;
  }
  Exchange& withdraws() {
    out_ = machine_.on_withdraw(now_);
    return *this;
  }
  // The last update to that MAP is acknowledged.
  Exchange& acknowledged(const Ipv6Address& map = kMap, Duration lifetime = 420_s, std::uint8_t status = 0,
                         Routed routed = Routed::Yes) {
    const BindingAck ack{.status = status, .sequence = last_.at(map).sequence, .lifetime = lifetime};
    out_ = machine_.on_binding_ack(now_, map, map == kMap ? kRcoa : kOtherRcoa, routed, ack);
    note();
    return *this;
  }
  Exchange& times_out() {
    out_ = machine_.on_timeout(now_);
    note();
    return *this;
  }
  Exchange& sends_to(const Ipv6Address& map, const Ipv6Address& lcoa = kCareOf, Duration lifetime = 420_s) {
    const auto it = std::ranges::find(out_.send, map, &LocalUpdateToSend::map);
    EXPECT_NE(it, out_.send.end()) << map.to_string();
    if (it == out_.send.end()) return *this;
    EXPECT_EQ(it->source, lcoa);
    EXPECT_EQ(it->home_address_option, map == kMap ? kRcoa : kOtherRcoa);
    EXPECT_TRUE(it->update.map_registration && it->update.acknowledge);
    EXPECT_FALSE(it->update.home_registration);
    EXPECT_FALSE(it->update.alternate_care_of_address);
    EXPECT_EQ(it->update.lifetime, lifetime);
    return *this;
  }
  Exchange& sends_nothing() {
    EXPECT_TRUE(out_.send.empty());
    return *this;
  }
  Exchange& tells(const Ipv6Address& care_of) {
    EXPECT_TRUE(out_.care_of);
    if (out_.care_of) {
      EXPECT_EQ(out_.care_of->address, care_of);
    }
    return *this;
  }
  Exchange& tells_until(Duration t) {
    EXPECT_EQ(out_.care_of.value_or(CareOfAddress{}).valid_until, kamesim::at(t));
    return *this;
  }
  Exchange& tells_nothing() {
    EXPECT_FALSE(out_.care_of) << out_.care_of->address;
    return *this;
  }
  Exchange& closes(const Addresses& rcoas) {
    EXPECT_EQ(out_.closed, rcoas);
    return *this;
  }
  Exchange& drops(const DropInfo& reason) {
    EXPECT_EQ(out_.dropped, &reason);
    return *this;
  }
  Exchange& failed(const Ipv6Address& map) {
    EXPECT_EQ(out_.failed, map);
    return *this;
  }
  Exchange& sets(const Region& region) {
    EXPECT_NE(std::ranges::find(out_.regions, region), out_.regions.end());
    return *this;
  }
  Exchange& due_at(Duration t) {
    EXPECT_EQ(machine_.next_timeout(), kamesim::at(t));
    return *this;
  }
  // Bound with kMap, at 0.1 s.
  Exchange& bound() {
    return at(0_s).hears({map(kMap)}).attach().sends_to(kMap).at(100_ms).acknowledged().tells(kRcoa);
  }
  HierarchicalMobileNode& machine() { return machine_; }

 private:
  static HierarchicalMobileNodeConfig with_id(HierarchicalMobileNodeConfig config) {
    config.interface_id = InterfaceId(0x42);
    return config;
  }
  SeqNum16 draw() { return SeqNum16(static_cast<std::uint16_t>(100 * ++drawn_)); }
  Exchange& hears_from(const Ipv6Address& router, const Ipv6Address& on_link, const std::vector<MapOption>& options) {
    const Ipv6Prefix prefix(on_link, 64);
    out_ = machine_.on_router_advertisement(now_, router, {&prefix, 1}, options);
    note();
    return *this;
  }
  void note() {
    for (const LocalUpdateToSend& u : out_.send) last_.insert_or_assign(u.map, u.update);
  }

  int drawn_ = 0;
  HierarchicalMobileNode machine_;
  HierarchicalMobileNode::Output out_;
  std::map<Ipv6Address, BindingUpdate> last_;
  Time now_;
};

// ---- Registration (RFC 5380 §6.1) ---------------------------------------------------------------------------------

TEST(HierarchicalMobileNode, BindsTheRcoaToTheLcoaWithMAndA) {  // §4, §6.1
  Exchange().hears({map(kMap)}).attach().sends_to(kMap);
}

TEST(HierarchicalMobileNode, TellsOthersTheRcoaAfterTheAcknowledgement) {  // §6.1, "SHOULD wait"
  Exchange x;
  x.hears({map(kMap)}).attach().tells_nothing();
  x.at(100_ms).acknowledged().tells(kRcoa).sets({kRcoa, kCareOf, kMap, true});
}

TEST(HierarchicalMobileNode, BindingsWithOthersLastNoLongerThanTheMaps) {  // §6.1
  Exchange x;
  x.hears({map(kMap)}).attach().sends_to(kMap).at(100_ms).acknowledged(kMap, 200_s).tells_until(200_s);
}

TEST(HierarchicalMobileNode, UpdatesItsMapOnlyWithinTheDomain) {  // §6.1
  Exchange x;
  x.bound();
  x.at(10_s).detach().sets({kRcoa, kUnspecified, kMap, true}).sends_nothing().closes({});
  x.at(11_s).hears_elsewhere({map(kMap, 3)}).sends_nothing();
  x.attach(kNewCareOf).sends_to(kMap, kNewCareOf).tells_nothing().sets({kRcoa, kNewCareOf, kMap, true});
  x.at(11100_ms).acknowledged().tells(kRcoa).tells_until(431_s);
}

TEST(HierarchicalMobileNode, IgnoresAcknowledgementsWithoutARoutingHeader) {  // §6.1
  Exchange x;
  x.hears({map(kMap)}).attach().sends_to(kMap);
  x.acknowledged(kMap, 420_s, 0, Routed::No).drops(kBackWithoutRcoaRoute).tells_nothing();
  x.acknowledged().tells(kRcoa);
}

TEST(HierarchicalMobileNode, IgnoresAcknowledgementsOfOthers) {
  Exchange x;
  x.hears({map(kMap)}).attach().sends_to(kMap);
  const BindingAck ack{.sequence = SeqNum16(101), .lifetime = 420_s};
  EXPECT_EQ(x.machine().on_binding_ack(at(1_s), kOtherMap, kRcoa, Routed::Yes, ack).dropped, &kBackNotFromMap);
}

TEST(HierarchicalMobileNode, RetransmitsAsToAHomeAgent) {  // RFC 6275 §11.8
  Exchange x;
  x.hears({map(kMap)}).attach().sends_to(kMap).due_at(1500_ms);
  x.at(1500_ms).times_out().sends_to(kMap).due_at(4500_ms);
}

TEST(HierarchicalMobileNode, RefreshesBeforeWhatDependsOnIt) {
  Exchange x;
  x.bound().due_at(252_s);
  x.at(252_s).times_out().sends_to(kMap).tells_nothing();
  x.at(252100_ms).acknowledged().tells(kRcoa).tells_until(672_s);
}

TEST(HierarchicalMobileNode, NeedsNoPrefixDiscoveryOfItsMap) {  // status 1 of RFC 6275 §11.7.3
  Exchange x;
  x.hears({map(kMap)}).attach().sends_to(kMap);
  x.at(100_ms).acknowledged(kMap, 420_s, kAcceptedPrefixDiscoveryNecessary).tells(kRcoa);
  EXPECT_LT(*x.machine().next_timeout(), at(420_s));
}

// ---- Without a MAP (§7.1) -----------------------------------------------------------------------------------------

TEST(HierarchicalMobileNode, TellsTheLcoaWhereNoMapIsAdvertised) {
  Exchange().hears({}).attach().sends_nothing().tells(kCareOf);
}

TEST(HierarchicalMobileNode, FallsBackToTheLcoaIfTheMapRefuses) {
  Exchange x;
  x.hears({map(kMap)}).attach().sends_to(kMap);
  x.at(100_ms).acknowledged(kMap, 0_s, kAdministrativelyProhibited).failed(kMap).closes({kRcoa}).tells(kCareOf);
}

TEST(HierarchicalMobileNode, FallsBackToTheLcoaIfTheMapDoesNotAnswer) {
  Exchange x;
  x.hears({map(kMap)}).attach().sends_to(kMap);
  for (const Duration t : {1500_ms, 4500_ms}) x.at(t).times_out().sends_to(kMap).tells_nothing();
  x.at(10500_ms).times_out().failed(kMap).tells(kCareOf).sends_nothing();
}

TEST(HierarchicalMobileNode, TriesAMapThatRefusedAgainAfterAWhile) {
  Exchange x;
  x.hears({map(kMap)}).attach().sends_to(kMap).acknowledged(kMap, 0_s, kInsufficientResources).due_at(60_s);
  x.at(30_s).hears({map(kMap)}).sends_nothing();
  x.at(60_s).times_out().sends_to(kMap).tells_nothing();
}

TEST(HierarchicalMobileNode, BindsNothingWhereTheRcoaWouldBeTheLcoa) {
  Exchange().hears({map("2001:db8:2::1"_ip6, 1)}).attach().sends_nothing().tells(kCareOf);
}

// ---- Selection (§7.1, §9.1) ---------------------------------------------------------------------------------------

TEST(HierarchicalMobileNode, SelectsTheFurthest) {
  Exchange().hears({map(kMap, 1, 15), map(kOtherMap, 4, 1)}).attach().sends_to(kOtherMap);
}

TEST(HierarchicalMobileNode, SelectsTheHighestPreferenceIfSoConfigured) {
  Exchange({.selection = MapSelection::HighestPreference})
      .hears({map(kMap, 1, 15), map(kOtherMap, 4, 1)})
      .attach()
      .sends_to(kMap);
}

TEST(HierarchicalMobileNode, SkipsAPreferenceOfZero) {  // §7.1, §9.1 step 4
  Exchange().hears({map(kMap, 1), map(kOtherMap, 4, 0)}).attach().sends_to(kMap);
}

TEST(HierarchicalMobileNode, KeepsABindingWhosePreferenceFallsToZero) {  // §7.1
  Exchange x;
  x.bound().at(1_s).hears({map(kMap, 2, 0)}).sends_nothing().tells_nothing().closes({});
  x.at(252_s).times_out().sends_to(kMap);
}

TEST(HierarchicalMobileNode, SkipsALifetimeOfZero) {  // §9.1 step 4
  Exchange().hears({map(kMap, 1), map(kOtherMap, 4, 15, 0_s)}).attach().sends_to(kMap);
}

TEST(HierarchicalMobileNode, IsEagerToBindWithABetterMapAndLazyToReleaseTheOther) {  // §9
  Exchange x;
  x.bound().at(1_s).hears({map(kMap, 2), map(kOtherMap, 3)}).sends_to(kOtherMap).tells_nothing().closes({});
  x.at(1100_ms).acknowledged(kOtherMap).tells(kOtherRcoa).closes({});
  x.at(61100_ms).times_out().closes({kRcoa});
}

TEST(HierarchicalMobileNode, TriesTheNextIfOneRefuses) {
  Exchange x;
  x.hears({map(kMap, 1), map(kOtherMap, 4)}).attach().sends_to(kOtherMap);
  x.acknowledged(kOtherMap, 0_s, kInsufficientResources).failed(kOtherMap).sends_to(kMap).tells_nothing();
}

// ---- Another domain (§6.1, §8) ------------------------------------------------------------------------------------

TEST(HierarchicalMobileNode, AsksThePreviousMapToForward) {
  Exchange x;
  x.bound().at(10_s).detach().hears_elsewhere({map(kOtherMap)}).attach(kNewCareOf);
  x.sends_to(kOtherMap, kNewCareOf).sends_to(kMap, kNewCareOf, 60_s).tells_nothing();
  x.at(10100_ms).acknowledged(kMap, 60_s).tells(kRcoa).sends_nothing();
  x.at(11_s).acknowledged(kOtherMap).tells(kOtherRcoa).closes({});
  x.at(71_s).times_out().closes({kRcoa});
}

TEST(HierarchicalMobileNode, LeavesThePreviousMapAloneIfSoConfigured) {
  Exchange x({.update_previous_map = false});
  x.bound().at(10_s).detach().hears_elsewhere({map(kOtherMap)}).attach(kNewCareOf).sends_to(kOtherMap, kNewCareOf);
  EXPECT_FALSE(x.machine().active()->lcoa.is_unspecified());
}

TEST(HierarchicalMobileNode, ForwardsToAPlaceWithoutMaps) {
  Exchange x;
  x.bound().at(10_s).detach().hears_elsewhere({}).attach(kNewCareOf);
  x.sends_to(kMap, kNewCareOf, 60_s).tells(kNewCareOf).closes({});
}

TEST(HierarchicalMobileNode, TakesItsOldBindingUpAgainOnComingBack) {
  Exchange x;
  x.bound().at(10_s).detach().hears_elsewhere({map(kOtherMap)}).attach(kNewCareOf);
  x.sends_to(kOtherMap, kNewCareOf).at(11_s).acknowledged(kOtherMap).tells(kOtherRcoa);
  x.at(20_s).detach().hears({map(kMap)}).attach().sends_to(kMap).tells_nothing().closes({});
  x.at(20100_ms).acknowledged(kMap).tells(kRcoa).closes({});
}

// ---- Failure of a MAP (§7.1, §10) ---------------------------------------------------------------------------------

TEST(HierarchicalMobileNode, LeavesAMapWithALifetimeOfZeroForAnother) {
  Exchange x;
  x.at(0_s).hears({map(kMap, 3), map(kOtherMap, 2)}).attach().sends_to(kMap).at(100_ms).acknowledged();
  x.at(5_s).hears({map(kMap, 3, 10, 0_s), map(kOtherMap, 2)}).sends_to(kOtherMap).closes({kRcoa}).tells(kCareOf);
  x.at(5100_ms).acknowledged(kOtherMap).tells(kOtherRcoa);
}

TEST(HierarchicalMobileNode, UsesNoMapIfTheOnlyOneFails) {
  Exchange x;
  x.bound().at(5_s).hears({map(kMap, 2, 10, 0_s)}).sends_nothing().closes({kRcoa}).tells(kCareOf);
}

TEST(HierarchicalMobileNode, BindsAgainWhenTheMapIsBack) {
  Exchange x;
  x.bound().at(5_s).hears({map(kMap, 2, 10, 0_s)}).at(9_s).hears({map(kMap)}).sends_to(kMap).tells_nothing();
  x.at(9100_ms).acknowledged().tells(kRcoa);
}

TEST(HierarchicalMobileNode, LeavesAMapWhoseOptionIsNoLongerReceived) {  // §9
  Exchange x;
  x.bound().at(1_s).hears({}).tells_nothing().at(2_s).hears({}).tells_nothing();
  x.at(3_s).hears({}).tells(kCareOf).closes({});
}

TEST(HierarchicalMobileNode, LeavesAMapWhoseOptionRunsOut) {
  Exchange x;
  x.at(0_s).hears({map(kMap, 2, 10, 50_s)}).attach().sends_to(kMap).at(100_ms).acknowledged().due_at(50_s);
  x.at(50_s).times_out().tells(kCareOf);
}

TEST(HierarchicalMobileNode, ReleasesAllAtHome) {
  Exchange x;
  x.bound().at(10_s).withdraws().closes({kRcoa}).sends_nothing();
  EXPECT_FALSE(x.machine().active());
}

}  // namespace
}  // namespace kamesim
