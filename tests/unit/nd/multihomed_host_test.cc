// A host with two routers on its link: more-specific routes and better routers (RFC 4191), first hops by source (RFC
// 8028), and what becomes of it all when the host becomes a router or its settings change.
#include <algorithm>

#include "protocols/ip6/nd_drops.h"
#include "protocols/wire/checksum.h"
#include "tests/unit/nd/exchange.h"

namespace kamesim {
namespace {

using namespace testing;

const Ipv6Address kR1 = "fe80::99:1"_ip6, kR2 = "fe80::99:2"_ip6;
const Ipv6Prefix kOther = "2001:db8:2::/64"_ip6net, kSite = "2001:db8:a::/48"_ip6net;
const Ipv6Address kFar = "2001:db8:ffff::1"_ip6, kInSite = "2001:db8:a::1"_ip6;

class Multihomed : public ::testing::Test {
 protected:
  Multihomed() { x.settle(); }
  template <typename... Options>
  void advertise(const Ipv6Address& router, const RouterAdvertisement& ra, const Options&... options) {
    x.send_nd({router, kAllNodesLinkLocal}, ra, SourceLinkLayerAddress{mac_of(router)}, options...);
  }
  static MacAddress mac_of(const Ipv6Address& router) { return router == kR1 ? kTesterMac : kOtherMac; }
  Ipv6Address next_hop(const Ipv6Address& destination) { return x.stack.route_to(destination, nullptr).next_hop; }
  Ipv6Address formed(const Ipv6Prefix& prefix) const {
    return with_interface_id(prefix, InterfaceId::eui64(x.nic.mac()));
  }
  // The router that a packet from the source to a far destination goes by.
  MacAddress goes_by(const Ipv6Address& source) {
    x.tester.clear();
    x.stack.output_packet(x.empty_packet(source, kFar));
    while (const auto frame = x.tester.recv(1_ms)) {
      const auto ethernet = EthernetHeaderView::check(frame->bytes);
      if (Ipv6HeaderView::check(ethernet->payload())->destination() == kFar) return ethernet->destination();
    }
    return {};
  }
  static PrefixInformation prefix(const Ipv6Prefix& p) {
    return {.address = p.address(), .prefix_length = 64, .on_link = true, .autonomous = true, .valid_lifetime = 600_s,
            .preferred_lifetime = 600_s};
  }
  Ipv6Address source(const Ipv6Address& destination) {
    const Destination& to = x.stack.route_to(destination, nullptr);
    return x.stack.select_source(destination, to.interface, {}, &to.next_hop)->address;
  }
  // The source of a packet of the host's own, on the wire.
  Ipv6Address sent_from(const Ipv6Address& destination) {
    x.tester.clear();
    x.stack.output(x.simulation.packets().allocate(0),
                   {.destination = destination, .next_header = NextHeader::NoNextHeader});
    while (const auto frame = x.tester.recv(1_ms)) {
      const auto ip = Ipv6HeaderView::check(EthernetHeaderView::check(frame->bytes)->payload());
      if (ip && ip->destination() == destination) return ip->source();
    }
    return {};
  }
  // The source of the Echo Reply to a request for all nodes of the link.
  Ipv6Address answer_to(const Ipv6Address& asker) {
    Packet packet = x.simulation.packets().allocate(8);
    std::ranges::fill(packet.mutable_bytes(), std::uint8_t{});
    packet.mutable_data()[0] = static_cast<std::uint8_t>(Icmp6Type::EchoRequest);
    fill_upper_layer_checksum(asker, kAllNodesLinkLocal, NextHeader::Icmp6, packet.mutable_bytes(), 2);
    Ipv6Header{.payload_length = 8, .next_header = NextHeader::Icmp6, .hop_limit = 64, .source = asker,
               .destination = kAllNodesLinkLocal}.write(packet.prepend(kIpv6HeaderSize));
    x.tester.clear();
    x.send_packet(kAllNodesLinkLocal, std::move(packet), kTesterMac);
    while (const auto frame = x.tester.recv(1_ms)) {
      const auto ip = Ipv6HeaderView::check(EthernetHeaderView::check(frame->bytes)->payload());
      if (ip && ip->destination() == asker) return ip->source();
    }
    return {};
  }
  Exchange x;
};

TEST_F(Multihomed, ASourceOfThePrefixThatTheNextHopAdvertisesIsPreferred) {  // RFC 6724 §5, rule 5.5
  advertise(kR1, kRouter, prefix(kPrefix));
  advertise(kR2, {}, prefix(kOther), RouteInformation{kSite, RouterPreference::Medium, 600_s});
  x.run(3_s);
  EXPECT_EQ(source(kFar), formed(kPrefix));
  EXPECT_EQ(source(kInSite), formed(kOther));
  // RFC 3484 has no such rule: the longest prefix decides, and of equal ones the first.
  x.stack.mutable_config().address_selection = AddressSelection::Rfc3484;
  EXPECT_EQ(source(kFar), source(kInSite));
}

// RFC 6724 §5, rule 5.5: what nobody advertised is no worse than what the next hop did, and rule 8 decides. What another
// router advertised is worse, though it has more bits in common than both.
TEST_F(Multihomed, APrefixThatNobodyAdvertisesIsNotAnotherNextHops) {
  const Ipv6Prefix nearest = "2001:db8:ff00::/64"_ip6net;  // 40 bits in common with kFar
  const Ipv6Address by_hand = "2001:db8:f000::7"_ip6;      // 36; kPrefix has 32
  const auto configure = [&] {
    x.stack.add_address(x.interface, {.address = by_hand, .skip_dad = true, .on_link_prefix = false});
  };
  configure();
  advertise(kR1, kRouter, prefix(kPrefix));
  advertise(kR2, {}, prefix(nearest), RouteInformation{kSite, RouterPreference::Medium, 600_s});
  x.run(3_s);
  EXPECT_EQ(source(kFar), by_hand);
  x.stack.remove_address(x.interface, by_hand);
  EXPECT_EQ(source(kFar), formed(kPrefix));
  configure();  // the order of configuration has no part in it
  EXPECT_EQ(source(kFar), by_hand);
  x.stack.remove_address(x.interface, formed(kPrefix));
  EXPECT_EQ(source(kFar), formed(nearest));  // no address is of the next hop: the rule says nothing
}

// The choice stays with the destination. None of these changes is one of routes or addresses.
TEST_F(Multihomed, ASourceThatWasChosenIsKeptOnlyUntilWhatItDependsOnChanges) {
  const Ipv6Prefix nearest = "2001:db8:ff00::/64"_ip6net;
  const Ipv6Address by_hand = "2001:db8:ff00::7"_ip6;
  x.stack.add_address(x.interface, {.address = by_hand, .skip_dad = true, .on_link_prefix = false});
  advertise(kR1, kRouter, prefix(kPrefix));
  x.nd().add_static_neighbor({kR1, kTesterMac, true});  // it answers no probe
  x.run(3_s);
  for (int n = 0; n < 2; ++n) EXPECT_EQ(sent_from(kFar), by_hand);  // rule 8
  advertise(kR2, {}, PrefixInformation{.address = nearest.address(), .prefix_length = 64, .valid_lifetime = 60_s,
                                       .preferred_lifetime = 60_s});
  for (int n = 0; n < 2; ++n) EXPECT_EQ(sent_from(kFar), formed(kPrefix));  // rule 5.5: by_hand is of another router
  x.stack.mutable_config().address_selection = AddressSelection::Rfc3484;
  EXPECT_EQ(sent_from(kFar), by_hand);  // has no rule 5.5
  x.stack.mutable_config().address_selection = AddressSelection::Rfc6724;
  EXPECT_EQ(sent_from(kFar), formed(kPrefix));
  x.run(61_s);
  EXPECT_EQ(sent_from(kFar), by_hand);  // what R2 advertised has run out
}

// RFC 4443 §4.2 with rule 5.5: the answer to what was sent to a group is from where a packet of the node's own would be.
TEST_F(Multihomed, TheAnswerToAGroupIsFromThePrefixOfTheNextHop) {
  advertise(kR1, kRouter, prefix(kPrefix));
  advertise(kR2, {}, prefix(kOther), RouteInformation{kSite, RouterPreference::Medium, 600_s});
  x.run(3_s);
  EXPECT_EQ(answer_to(kFar), formed(kPrefix));
  EXPECT_EQ(answer_to(kInSite), formed(kOther));
}

TEST_F(Multihomed, AMoreSpecificRouteIsBeforeTheDefaultRoute) {  // RFC 4191 §3.2
  advertise(kR1, kRouter);
  advertise(kR2, {}, RouteInformation{kSite, RouterPreference::Low, 60_s});
  EXPECT_EQ(next_hop(kInSite), kR2);
  EXPECT_EQ(next_hop(kFar), kR1);
  x.run(61_s);
  EXPECT_EQ(next_hop(kInSite), kR1);
}

TEST_F(Multihomed, ARouteForTheDefaultPrefixSpeaksForTheRouter) {  // RFC 4191 §3.1: overrides header's values
  advertise(kR1, kRouter);
  RouterAdvertisement ra = kRouter;
  ra.preference = RouterPreference::Low;
  advertise(kR2, ra, RouteInformation{Ipv6Prefix(), RouterPreference::High, 60_s});
  EXPECT_EQ(next_hop(kFar), kR2);
}

TEST_F(Multihomed, AHostOfTypeBIgnoresRoutes) {  // RFC 4191 §3
  x.stack.mutable_config().nd.accept_route_information = false;
  advertise(kR1, kRouter);
  advertise(kR2, {}, RouteInformation{kSite, RouterPreference::High, 60_s});
  EXPECT_EQ(next_hop(kInSite), kR1);
}

TEST_F(Multihomed, TurningRoutesOffTakesThemAway) {
  advertise(kR1, kRouter);
  advertise(kR2, {}, RouteInformation{kSite, RouterPreference::High, 60_s});
  x.stack.mutable_config().nd.accept_route_information = false;
  x.stack.on_settings_changed();
  EXPECT_EQ(next_hop(kInSite), kR1);
  EXPECT_EQ(x.nd().routers().more_specific_routes(), nullptr);
}

TEST_F(Multihomed, ARouterKeepsNoneOfThem) {  // RFC 4861 §6.3: for hosts
  advertise(kR1, kRouter, RecursiveDnsServers{600_s, {"2001:db8::53"_ip6}});
  advertise(kR2, {}, RouteInformation{kSite, RouterPreference::High, 60_s});
  x.stack.set_forwarding(true);
  EXPECT_EQ(x.stack.route_to(kInSite, nullptr).interface, nullptr);
  EXPECT_EQ(x.nd().routers().more_specific_routes(), nullptr);
  EXPECT_EQ(x.nd().routers().information(), nullptr);
}

TEST_F(Multihomed, TheNumberOfRoutesIsBounded) {
  x.stack.mutable_config().nd.max_route_information = 4;
  x.stack.on_settings_changed();
  for (std::uint8_t n = 0; n < 10; ++n) {
    auto bytes = kSite.address().bytes();
    bytes[5] = n;
    advertise(kR1, kRouter, RouteInformation{Ipv6Prefix(Ipv6Address(bytes), 48), RouterPreference::Medium, 60_s});
  }
  EXPECT_EQ(x.nd().routers().more_specific_routes()->routes().size(), 4u);
  EXPECT_EQ(x.drops(kNdTooManyRoutes), 6u);
}

TEST_F(Multihomed, ABetterRouterIsAskedForOnceAMinuteWhileThereIsTraffic) {  // RFC 4191 §3.5
  const Ipv6Address source = "2001:db8:1::5"_ip6;
  x.stack.add_address(x.interface, {.address = source, .skip_dad = true});
  advertise(kR1, kRouter);
  x.nd().add_static_neighbor({kR1, kTesterMac, true});
  RouterAdvertisement better = kRouter;
  better.preference = RouterPreference::High;
  advertise(kR2, better);
  auto traffic = [&](int seconds) {
    for (int n = 0; n < seconds; ++n) {
      x.stack.output_packet(x.empty_packet(source, kFar));
      x.run(1_s);
    }
  };
  auto asked_for_r2 = [&] {
    int asked = 0;
    while (const auto ns = x.recv<NeighborSolicitationView>(Duration())) asked += ns->view().target() == kR2 ? 1 : 0;
    return asked;
  };
  EXPECT_EQ(next_hop(kFar), kR2);
  traffic(15);  // it does not answer: Delay, Probe
  EXPECT_EQ(next_hop(kFar), kR1);
  x.run(100_s);
  x.tester.clear();
  traffic(119);
  EXPECT_EQ(asked_for_r2(), 2);  // "no more than one probe per minute per router"
  x.run(300_s);
  EXPECT_EQ(asked_for_r2(), 0);  // without traffic nobody asks
  x.stack.output_packet(x.empty_packet(source, kFar));
  const auto ns = x.recv<NeighborSolicitationView>(1_s);
  ASSERT_TRUE(ns);
  x.send_nd({kR2, ns->source}, NeighborAdvertisement{.target = kR2, .router = true, .solicited = true, .override = true},
            TargetLinkLayerAddress{kOtherMac});
  EXPECT_EQ(next_hop(kFar), kR2);
}

TEST_F(Multihomed, PacketsGoByTheRouterOfTheirSourcesPrefix) {  // RFC 8028 §3.2
  advertise(kR1, kRouter, prefix_option(kPrefix));
  advertise(kR2, kRouter, prefix_option(kOther));
  x.run(3_s);
  EXPECT_EQ(goes_by(formed(kPrefix)), kTesterMac);
  EXPECT_EQ(goes_by(formed(kOther)), kOtherMac);
  x.stack.mutable_config().nd.first_hop_by_source = false;
  x.stack.on_settings_changed();
  EXPECT_EQ(goes_by(formed(kPrefix)), goes_by(formed(kOther)));
}

TEST_F(Multihomed, APrefixWithoutFlagsTellsAFirstHopToo) {  // RFC 8028 §3.1
  advertise(kR1, kRouter, prefix_option(kPrefix));
  PrefixInformation plain = prefix_option(kOther);
  plain.on_link = plain.autonomous = false;
  advertise(kR2, kRouter, plain);
  x.stack.add_address(x.interface, {.address = "2001:db8:2::77"_ip6, .skip_dad = true, .on_link_prefix = false});
  x.run(3_s);
  EXPECT_EQ(goes_by("2001:db8:2::77"_ip6), kOtherMac);
  plain.valid_lifetime = plain.preferred_lifetime = Duration();  // withdrawn
  advertise(kR2, kRouter, plain);
  x.run(1_s);
  EXPECT_EQ(goes_by("2001:db8:2::77"_ip6), goes_by(formed(kPrefix)));
}

TEST_F(Multihomed, ARedirectIsForThePairThatItQuotes) {  // RFC 8028 §3.4
  advertise(kR1, kRouter, prefix_option(kPrefix));
  advertise(kR2, kRouter, prefix_option(kOther));
  x.run(3_s);
  const Ipv6Address present = next_hop(kFar);
  const Ipv6Address better = present == kR1 ? kR2 : kR1;
  const Ipv6Address source = present == kR1 ? formed(kPrefix) : formed(kOther);
  const Packet quoted = x.empty_packet(source, kFar);
  x.send_nd({present, source}, Redirect{.target = better, .destination = kFar}, RedirectedHeader{quoted.bytes()});
  EXPECT_EQ(goes_by(source), mac_of(better));
  EXPECT_EQ(goes_by(present == kR1 ? formed(kOther) : formed(kPrefix)), mac_of(better));  // its prefix's own router
}

TEST(SubnetRouterAnycast, IsOfRoutersAndFollowsTheSetting) {  // RFC 4291 §2.6.1
  Exchange x({.forwarding = true});
  x.stack.add_address(x.interface, {.address = "2001:db8:1::1"_ip6, .skip_dad = true});
  x.settle();
  const Ipv6Address anycast = "2001:db8:1::"_ip6;
  ASSERT_NE(x.interface.find_address(anycast), nullptr);
  EXPECT_TRUE(x.interface.find_address(anycast)->anycast);
  x.stack.mutable_config().nd.subnet_router_anycast = false;
  x.stack.on_settings_changed();
  EXPECT_EQ(x.interface.find_address(anycast), nullptr);
  x.stack.mutable_config().nd.subnet_router_anycast = true;
  x.stack.on_settings_changed();
  EXPECT_NE(x.interface.find_address(anycast), nullptr);
  x.stack.set_forwarding(false);
  EXPECT_EQ(x.interface.find_address(anycast), nullptr);
}

TEST(TemporaryAddressesOnALink, AreBoundedUnderForgedPrefixesAndStopWhenTurnedOff) {  // RFC 8981 §3.7
  Exchange x({.dup_addr_detect_transmits = 0, .nd = {.temporary_addresses = true, .temp_valid_lifetime = 600_s,
                                                     .temp_preferred_lifetime = 300_s}});
  x.settle();
  auto count = [&] {
    return std::ranges::count_if(x.interface.addresses(), [](const auto& a) { return a->temporary; });
  };
  x.send_nd({kR1, kAllNodesLinkLocal}, kRouter, SourceLinkLayerAddress{kTesterMac}, prefix_option(kPrefix));
  EXPECT_EQ(count(), 1);
  x.stack.mutable_config().nd.temporary_addresses = false;
  x.stack.on_settings_changed();
  x.run(700_s);
  EXPECT_EQ(count(), 0);
  x.stack.mutable_config().nd.temporary_addresses = true;
  for (std::uint8_t n = 0; n < 200; ++n) {
    auto bytes = kSite.address().bytes();
    bytes[7] = n;
    x.send_nd({kR1, kAllNodesLinkLocal}, kRouter, SourceLinkLayerAddress{kTesterMac},
              prefix_option(Ipv6Prefix(Ipv6Address(bytes), 64)));
  }
  EXPECT_LE(x.interface.addresses().size(), 1 + x.stack.config().max_autoconfigured_addresses);
}

TEST(TemporaryAddressesOnALink, GoWithTheLink) {  // RFC 8981 §3.6
  Exchange x({.dup_addr_detect_transmits = 0, .nd = {.temporary_addresses = true}});
  x.settle();
  x.send_nd({kR1, kAllNodesLinkLocal}, kRouter, SourceLinkLayerAddress{kTesterMac}, prefix_option(kPrefix));
  auto temporary_in = [&](const Ipv6Prefix& prefix) {
    return std::ranges::count_if(x.interface.addresses(),
                                 [&](const auto& a) { return a->temporary && prefix.contains(a->address); });
  };
  EXPECT_EQ(temporary_in(kPrefix), 1);
  x.nic.set_enabled(false);
  x.nic.set_enabled(true);
  x.send_nd({kR2, kAllNodesLinkLocal}, kRouter, SourceLinkLayerAddress{kOtherMac}, prefix_option(kOther));
  EXPECT_EQ(temporary_in(kPrefix), 0);
  EXPECT_EQ(temporary_in(kOther), 1);
}

TEST(StablePrivacyOnALink, ADuplicateIsReplacedByAnother) {  // RFC 7217 §6
  Exchange x({.nd = {.stable_privacy = true}});
  x.settle();
  EXPECT_EQ(x.interface.find_address(x.link_local()), nullptr);  // not the modified EUI-64 one
  ASSERT_NE(x.interface.link_local(), nullptr);
  x.send_nd({kR1, kAllNodesLinkLocal}, kRouter, SourceLinkLayerAddress{kTesterMac}, prefix_option(kPrefix));
  std::vector<Ipv6Address> tried;
  for (int n = 0; n <= 3; ++n) {  // the first, and IDGEN_RETRIES others, each after up to IDGEN_DELAY
    const auto ns = x.recv<NeighborSolicitationView>(2500_ms);
    ASSERT_TRUE(ns) << n;
    const Ipv6Address target = ns->view().target();
    EXPECT_TRUE(kPrefix.contains(target));
    EXPECT_EQ(std::ranges::count(tried, target), 0);
    tried.push_back(target);
    x.send_nd({target, kAllNodesLinkLocal}, NeighborAdvertisement{.target = target, .override = true},
              TargetLinkLayerAddress{kOtherMac});
  }
  EXPECT_FALSE(x.recv<NeighborSolicitationView>(5_s));
  EXPECT_TRUE(x.interface.up());  // RFC 4862 §5.4.5 is about addresses of the hardware's
  for (std::size_t n = 0; n < 3; ++n) EXPECT_EQ(x.interface.find_address(tried[n]), nullptr);
}

}  // namespace
}  // namespace kamesim
