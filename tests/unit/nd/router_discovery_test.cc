// A host and Router Advertisements, packet by packet (RFC 4861 §6.3.4 to §6.3.6, RFC 4862 §5.5.3, §5.5.4).
#include <algorithm>
#include <set>

#include "protocols/ip6/nd_drops.h"
#include "protocols/ip6/nd_trace.h"
#include "protocols/ip6/tunnel.h"
#include "tests/unit/nd/exchange.h"

namespace kamesim {
namespace {

using namespace testing;
using Kind = RoutingMessage::Kind;

const Ipv6Prefix kOtherPrefix = "2001:db8:2::/64"_ip6net;
const Ipv6Address kOtherRouter = "fe80::99:2"_ip6;
const Ipv6Address kFar = "2001:db8:ffff::1"_ip6;

class Listener final : public RoutingListener {
 public:
  void on_routing_message(const RoutingMessage& message) override { messages.push_back(message); }
  int count(Kind kind, const Ipv6Address& address) const {
    return static_cast<int>(std::count_if(messages.begin(), messages.end(), [&](const RoutingMessage& m) {
      return m.kind == kind && m.address == address;
    }));
  }
  std::vector<RoutingMessage> messages;
};

class AutoconfiguredHost : public ::testing::Test {
 protected:
  AutoconfiguredHost() {
    x.stack.add_listener(listener);
    x.settle();
  }
  template <typename... Options>
  void advertise(const RouterAdvertisement& ra, const Options&... options) {
    advertise_from(kTester, kTesterMac, ra, options...);
  }
  template <typename... Options>
  void advertise_from(const Ipv6Address& router, MacAddress mac, const RouterAdvertisement& ra,
                      const Options&... options) {
    x.send_nd({router, kAllNodesLinkLocal}, ra, SourceLinkLayerAddress{mac}, options...);
  }
  Ipv6Address formed(const Ipv6Prefix& prefix = kPrefix) const {
    return with_interface_id(prefix, InterfaceId::eui64(x.nic.mac()));
  }
  const InterfaceAddress* address(const Ipv6Prefix& prefix = kPrefix) const {
    return x.interface.find_address(formed(prefix));
  }
  Ipv6Address next_hop(const Ipv6Address& destination) { return x.stack.route_to(destination, nullptr).next_hop; }
  bool has_route(const Ipv6Address& destination) {
    return x.stack.route_to(destination, nullptr).interface != nullptr;
  }

  Exchange x;
  Listener listener;
};

TEST_F(AutoconfiguredHost, LearnsRouterPrefixAndAddress) {
  advertise(kRouter, prefix_option(kPrefix));
  EXPECT_EQ(listener.count(Kind::DefaultRouterAdded, kTester), 1);
  EXPECT_EQ(next_hop(kFar), kTester);
  EXPECT_EQ(next_hop(kTesterGlobal), kTesterGlobal);  // on-link
  ASSERT_NE(address(), nullptr);
  EXPECT_EQ(address()->state, AddressState::Tentative);
  const auto ns = x.recv<NeighborSolicitationView>(1_s);  // RFC 4862 §5.4.2: delayed, the advertisement was multicast
  ASSERT_TRUE(ns);
  EXPECT_GT(ns->time, at(3_s));
  EXPECT_EQ(ns->view().target(), formed());
  x.run(1_s);
  EXPECT_EQ(address()->state, AddressState::Preferred);
  EXPECT_EQ(x.traced(kTraceRaReceived), 1u);
  EXPECT_TRUE(x.nd().cache().find(kTester)->is_router);
}

TEST_F(AutoconfiguredHost, TakesTheParametersThatAreSpecified) {  // RFC 4861 §6.3.4
  RouterAdvertisement ra = kRouter;
  ra.cur_hop_limit = 17;
  ra.reachable_time = 10_s;
  ra.retrans_timer = 250_ms;
  advertise(ra, Mtu{1400});
  EXPECT_EQ(x.interface.cur_hop_limit, 17);
  EXPECT_EQ(x.nd().base_reachable_time(), 10_s);
  EXPECT_EQ(x.nd().retrans_timer(), 250_ms);
  EXPECT_EQ(x.interface.mtu(), 1400u);
  advertise(kRouter);  // unspecified
  EXPECT_EQ(x.interface.cur_hop_limit, 17);
  EXPECT_EQ(x.nd().retrans_timer(), 250_ms);
  for (const std::uint32_t bad : {1279u, 1501u}) advertise(kRouter, Mtu{bad});
  EXPECT_EQ(x.interface.mtu(), 1400u);
  EXPECT_EQ(x.drops(kNdBadMtu), 2u);
}

TEST_F(AutoconfiguredHost, ForgetsTheParametersOfTheOldLink) {  // §6.3.2
  RouterAdvertisement ra = kRouter;
  ra.cur_hop_limit = 17;
  ra.retrans_timer = 100000_s;
  advertise(ra, Mtu{1400});
  x.lan.detach(x.nic);
  x.lan.attach(x.nic);
  EXPECT_EQ(x.interface.cur_hop_limit, 64);
  EXPECT_EQ(x.nd().retrans_timer(), 1_s);
  EXPECT_EQ(x.interface.mtu(), 1500u);
}

TEST_F(AutoconfiguredHost, ForgetsTheRouterWithItsLifetime) {  // §6.3.5
  advertise({.router_lifetime = 10_s});
  x.run(10_s);
  EXPECT_FALSE(has_route(kFar));
  EXPECT_EQ(listener.count(Kind::DefaultRouterRemoved, kTester), 1);
  advertise({.router_lifetime = 10_s});
  EXPECT_TRUE(has_route(kFar));
  advertise({});  // zero
  EXPECT_FALSE(has_route(kFar));
  EXPECT_EQ(listener.count(Kind::DefaultRouterRemoved, kTester), 2);
}

TEST_F(AutoconfiguredHost, ForgetsTheRouterThatBecameAHost) {  // §7.2.5
  advertise(kRouter);
  x.send_nd({kTester, x.link_local()}, NeighborAdvertisement{kTester, false, true, true},
            TargetLinkLayerAddress{kTesterMac});
  EXPECT_FALSE(has_route(kFar));
  EXPECT_EQ(listener.count(Kind::DefaultRouterRemoved, kTester), 1);
}

TEST_F(AutoconfiguredHost, ForgetsTheOnLinkPrefixWithItsLifetime) {  // §6.3.5
  PrefixInformation option = prefix_option(kPrefix, 10_s, 5_s);
  option.autonomous = false;
  advertise(kRouter, option);
  EXPECT_EQ(next_hop(kTesterGlobal), kTesterGlobal);
  EXPECT_EQ(address(), nullptr);
  x.run(10_s);
  EXPECT_EQ(next_hop(kTesterGlobal), kTester);
  advertise(kRouter, option);
  option.valid_lifetime = option.preferred_lifetime = 0_s;
  advertise(kRouter, option);
  x.run(1_ns);
  EXPECT_EQ(next_hop(kTesterGlobal), kTester);
}

TEST_F(AutoconfiguredHost, DeprecatesAndRemovesTheAddress) {  // RFC 4862 §5.5.4
  advertise(kRouter, prefix_option(kPrefix, 20_s, 10_s));
  x.run(5_s);
  EXPECT_EQ(address()->state, AddressState::Preferred);
  x.run(5_s);
  EXPECT_EQ(address()->state, AddressState::Deprecated);
  EXPECT_EQ(listener.count(Kind::AddressChanged, formed()), 1);
  advertise(kRouter, prefix_option(kPrefix, 20_s, 10_s));
  x.run(1_ns);
  EXPECT_EQ(address()->state, AddressState::Preferred);  // renewed
  x.run(20_s);
  EXPECT_EQ(address(), nullptr);
  EXPECT_EQ(listener.count(Kind::AddressRemoved, formed()), 1);
}

TEST_F(AutoconfiguredHost, ShortensALifetimeToTwoHoursAtMost) {  // §5.5.3 e
  advertise(kRouter, prefix_option(kPrefix, 86400_s, 3600_s));
  advertise(kRouter, prefix_option(kPrefix, 60_s, 60_s));
  EXPECT_EQ(address()->valid_until(), x.now() + 7200_s);
  EXPECT_EQ(address()->preferred_until(), x.now() + 60_s);
}

TEST_F(AutoconfiguredHost, PrefersTheReachableRouterAndThenThePreference) {  // §6.3.6, RFC 4191 §3.2
  RouterAdvertisement high = kRouter;
  high.preference = RouterPreference::High;
  advertise(kRouter);
  advertise_from(kOtherRouter, kOtherMac, high);
  EXPECT_EQ(next_hop(kFar), kOtherRouter);
  // The preferred one does not answer: Delay and three probes.
  x.stack.output_packet(x.empty_packet(x.link_local(), kFar));
  for (int i = 0; i < 9; ++i) {
    x.run(1_s);
    x.send_nd({kTester, x.link_local()}, NeighborAdvertisement{kTester, true, true, true},
              TargetLinkLayerAddress{kTesterMac});
  }
  EXPECT_EQ(listener.count(Kind::DefaultRouterUnreachable, kOtherRouter), 1);
  EXPECT_EQ(next_hop(kFar), kTester);
  advertise_from(kOtherRouter, kOtherMac, high);
  EXPECT_EQ(next_hop(kFar), kOtherRouter);
}

TEST_F(AutoconfiguredHost, TriesTheRoutersInTurnWhenNoneAnswers) {  // §6.3.6
  x.send_nd({kTester, kAllNodesLinkLocal}, kRouter);
  x.send_nd({kOtherRouter, kAllNodesLinkLocal}, kRouter);
  std::vector<Ipv6Address> tried;
  for (int i = 0; i < 4; ++i) {
    tried.push_back(next_hop(kFar));
    x.stack.output_packet(x.empty_packet(x.link_local(), kFar));
    x.run(4_s);
  }
  EXPECT_EQ(tried, (std::vector{kTester, kOtherRouter, kTester, kOtherRouter}));
}

TEST_F(AutoconfiguredHost, OnANewLinkDetachesWhatBelongsToTheOldOne) {
  advertise(kRouter, prefix_option(kPrefix));
  x.run(3_s);
  x.lan.detach(x.nic);
  x.run(100_ms);
  x.lan.attach(x.nic);
  x.run(100_ms);
  EXPECT_FALSE(address()->detached);  // no sign yet where it is
  advertise_from(kOtherRouter, kOtherMac, kRouter, prefix_option(kOtherPrefix));
  EXPECT_TRUE(address()->detached);
  EXPECT_EQ(listener.count(Kind::AddressChanged, formed()), 1);
  EXPECT_EQ(next_hop(kFar), kOtherRouter);
  EXPECT_EQ(next_hop(kTesterGlobal), kOtherRouter);  // the old prefix is no longer on-link
  x.run(3_s);
  EXPECT_EQ(x.stack.select_source(kFar, &x.interface)->address, formed(kOtherPrefix));
  // Back on the old link.
  x.lan.detach(x.nic);
  x.lan.attach(x.nic);
  advertise(kRouter, prefix_option(kPrefix));
  EXPECT_FALSE(address()->detached);
  EXPECT_EQ(address()->state, AddressState::Tentative);  // another may have taken it
  EXPECT_TRUE(address(kOtherPrefix)->detached);
  EXPECT_EQ(next_hop(kFar), kTester);
  EXPECT_EQ(next_hop(kTesterGlobal), kTesterGlobal);
  x.run(3_s);
  EXPECT_EQ(x.stack.select_source(kFar, &x.interface)->address, formed());
}

TEST_F(AutoconfiguredHost, TellsLinksApartWhoseRoutersHaveOneAddress) {
  advertise(kRouter, prefix_option(kPrefix));
  x.run(3_s);
  x.lan.detach(x.nic);
  x.lan.attach(x.nic);
  advertise_from(kTester, kOtherMac, kRouter, prefix_option(kOtherPrefix));
  EXPECT_TRUE(address()->detached);
  EXPECT_FALSE(address(kOtherPrefix)->detached);
}

TEST_F(AutoconfiguredHost, AsksWhetherTheOldRouterIsStillThere) {
  advertise(kRouter, prefix_option(kPrefix));
  x.run(3_s);
  x.lan.detach(x.nic);
  x.lan.attach(x.nic);
  x.run(3_s);
  x.tester.clear();
  advertise_from(kOtherRouter, kOtherMac, kRouter, prefix_option(kOtherPrefix));
  const auto ns = x.recv<NeighborSolicitationView>(0_s);
  ASSERT_TRUE(ns);
  EXPECT_EQ(ns->view().target(), kTester);
  // It is: both are routers of one link.
  x.send_nd({kTester, x.link_local()}, NeighborAdvertisement{kTester, true, true, true},
            TargetLinkLayerAddress{kTesterMac});
  EXPECT_FALSE(address()->detached);
  EXPECT_FALSE(address(kOtherPrefix)->detached);
}

TEST_F(AutoconfiguredHost, DetachesOnceTheOldRouterIsFoundGone) {  // two routers on one link; one dies
  advertise(kRouter, prefix_option(kPrefix));
  advertise_from(kOtherRouter, kOtherMac, kRouter, prefix_option(kOtherPrefix));
  x.run(3_s);
  EXPECT_FALSE(address()->detached);
  x.stack.output_packet(x.empty_packet(formed(), kFar));
  x.run(8_s);  // the router in use, kTester, does not answer its probes
  EXPECT_TRUE(address()->detached);
  EXPECT_FALSE(address(kOtherPrefix)->detached);
  EXPECT_EQ(next_hop(kFar), kOtherRouter);
}

TEST_F(AutoconfiguredHost, KeepsItsBoundsUnderForgedAdvertisements) {
  for (std::uint64_t i = 0; i < 500; ++i) {
    const Ipv6Address router = Ipv6Address::from_halves(0xfe80ull << 48, 0x1000 + i);
    advertise_from(router, kOtherMac, kRouter,
                   prefix_option(Ipv6Prefix(Ipv6Address::from_halves(0x2001'0db8'9000'0000 + i, 0), 64)));
  }
  const RouterDiscovery& routers = x.nd().routers();
  EXPECT_EQ(routers.default_routers().routers().size(), x.stack.config().max_default_routers);
  EXPECT_EQ(routers.prefixes().entries().size(), x.stack.config().max_prefixes);
  EXPECT_LE(x.interface.addresses().size(), x.stack.config().max_autoconfigured_addresses + 1);
  EXPECT_GT(x.drops(kNdTooManyRouters), 0u);
  EXPECT_GT(x.drops(kNdTooManyPrefixes) + x.drops(kNdTooManyAddresses), 0u);
}

TEST_F(AutoconfiguredHost, ManyLinksLaterStillConfiguresItself) {
  for (std::uint64_t i = 0; i < 100; ++i) {
    x.lan.detach(x.nic);
    x.lan.attach(x.nic);
    const Ipv6Prefix prefix(Ipv6Address::from_halves(0x2001'0db8'9000'0000 + i, 0), 64);
    const Ipv6Address router = Ipv6Address::from_halves(0xfe80ull << 48, 0x1000 + i);
    advertise_from(router, kOtherMac, kRouter, prefix_option(prefix));
    ASSERT_NE(address(prefix), nullptr) << i;
    EXPECT_FALSE(address(prefix)->detached) << i;
    EXPECT_EQ(next_hop(kFar), router) << i;
    x.run(3_s);
  }
}

TEST_F(AutoconfiguredHost, FormsNoAddressThatIsItsHomeAddressElsewhere) {  // RFC 6275 §11.5.5
  TunnelInterface& tunnel = x.stack.add_tunnel("mip0", "2001:db8:2::1"_ip6, "2001:db8:1::1"_ip6);
  x.stack.add_address(tunnel, {.address = formed(), .prefix_length = 128, .origin = AddressOrigin::Home,
                               .home_address = true, .skip_dad = true, .on_link_prefix = false});
  advertise(kRouter, prefix_option(kPrefix));
  EXPECT_EQ(address(), nullptr);
  EXPECT_EQ(next_hop(kTesterGlobal), kTesterGlobal);  // on-link nevertheless
}

TEST_F(AutoconfiguredHost, DrawsReachableTimeAnewEveryFewHours) {  // RFC 4861 §6.3.2
  const Ipv6Address own = x.link_local();
  std::set<Duration> lengths;
  for (int i = 0; i < 6; ++i) {
    x.send_nd({kTester, solicited_node(own)}, NeighborSolicitation{own}, SourceLinkLayerAddress{kTesterMac});
    x.send_nd({kTester, own}, NeighborAdvertisement{kTester, false, true, true}, TargetLinkLayerAddress{kTesterMac});
    const Duration length = x.nd().cache().find(kTester)->until - x.now();
    EXPECT_GE(length, 15_s);
    EXPECT_LE(length, 45_s);
    lengths.insert(length);
    x.run(3600_s);
  }
  EXPECT_EQ(lengths.size(), 3u);
}

TEST_F(AutoconfiguredHost, IgnoresInvalidAdvertisements) {  // RFC 4861 §6.1.2
  x.send_nd({"2001:db8:1::5"_ip6, kAllNodesLinkLocal}, kRouter);
  EXPECT_EQ(x.drops(kNdSourceNotLinkLocal), 1u);
  x.send_nd_with_hop_limit(64, {kTester, kAllNodesLinkLocal}, kRouter);
  EXPECT_EQ(x.drops(kNdBadHopLimit), 1u);
  EXPECT_FALSE(has_route(kFar));
}

TEST(Router, TakesNoAdviceFromAdvertisements) {  // §6.2.7
  Exchange x({.forwarding = true});
  x.settle();
  x.send_nd({kTester, kAllNodesLinkLocal}, kRouter, SourceLinkLayerAddress{kTesterMac}, prefix_option(kPrefix));
  EXPECT_EQ(x.stack.route_to(kFar, nullptr).interface, nullptr);
  EXPECT_EQ(x.interface.addresses().size(), 1u);
}

TEST(Router, LearnsFromSolicitationsAndAHostDoesNot) {  // §6.2.6
  for (const bool forwarding : {false, true}) {
    Exchange x({.forwarding = forwarding});
    x.settle();
    if (!forwarding) x.interface.join_group(kAllRoutersLinkLocal);
    x.send_nd({kTester, kAllRoutersLinkLocal}, RouterSolicitation{}, SourceLinkLayerAddress{kTesterMac});
    EXPECT_EQ(x.state(kTester), forwarding ? Neighbor::State::Stale : Neighbor::State::None);
    EXPECT_EQ(x.drops(kNdSolicitationToHost), forwarding ? 0u : 1u);
  }
}

}  // namespace
}  // namespace kamesim
