// Duplicate Address Detection of a node, packet by packet (RFC 4862 §5.4, RFC 4429).
#include "protocols/ip6/nd_drops.h"
#include "protocols/ip6/nd_trace.h"
#include "tests/unit/nd/exchange.h"

namespace kamesim {
namespace {

using namespace testing;

AddressState state_of(const Exchange& x, const Ipv6Address& address) {
  return x.interface.find_address(address)->state;
}

TEST(Dad, TestsTheLinkLocalAddressAfterARandomDelay) {  // §5.4.2
  Exchange x;
  EXPECT_EQ(state_of(x, x.link_local()), AddressState::Tentative);
  const auto ns = x.recv<NeighborSolicitationView>(1_s);
  ASSERT_TRUE(ns);
  EXPECT_GT(ns->time, at(0_s));
  EXPECT_EQ(ns->source, kUnspecified);
  EXPECT_EQ(ns->destination, solicited_node(x.link_local()));
  EXPECT_EQ(ns->view().target(), x.link_local());
  EXPECT_FALSE(ns->option<SourceLinkLayerAddress>());
  x.simulation.run_until(ns->time + 999_ms);
  EXPECT_EQ(state_of(x, x.link_local()), AddressState::Tentative);
  x.simulation.run_until(ns->time + 1_s);  // RetransTimer
  EXPECT_EQ(state_of(x, x.link_local()), AddressState::Preferred);
  EXPECT_EQ(x.traced(kTraceDadDone), 1u);
}

TEST(Dad, SendsDupAddrDetectTransmitsSolicitations) {  // §5.1
  Exchange x({.dup_addr_detect_transmits = 3});
  const auto first = x.recv<NeighborSolicitationView>(1_s);
  EXPECT_EQ(x.recv<NeighborSolicitationView>(2_s)->time, first->time + 1_s);
  EXPECT_EQ(x.recv<NeighborSolicitationView>(2_s)->time, first->time + 2_s);
  EXPECT_FALSE(x.recv<NeighborSolicitationView>(5_s));
}

TEST(Dad, IsOffWithZeroTransmits) {
  Exchange x({.dup_addr_detect_transmits = 0});
  EXPECT_EQ(state_of(x, x.link_local()), AddressState::Preferred);
  EXPECT_FALSE(x.recv<NeighborSolicitationView>(5_s));
}

TEST(Dad, DoesNotDelayForAnAddressGivenLater) {  // §5.4.2
  Exchange x;
  x.settle();
  x.stack.add_address(x.interface, {.address = "2001:db8:1::1"_ip6});
  EXPECT_EQ(x.recv<NeighborSolicitationView>(1_s)->time, at(3_s));
}

TEST(Dad, AnAdvertisementFromTheOwnerEndsIt) {  // §5.4.4
  Exchange x;
  x.settle();
  const Ipv6Address address = "2001:db8:1::1"_ip6;
  x.stack.add_address(x.interface, {.address = address});
  x.run(100_ms);
  x.send_nd({kTester, kAllNodesLinkLocal}, NeighborAdvertisement{address, false, false, true},
            TargetLinkLayerAddress{kTesterMac});
  EXPECT_EQ(state_of(x, address), AddressState::Duplicated);
  EXPECT_TRUE(x.interface.up());
  // §5.4.3: it answers for that address no more than for one of others.
  x.send_nd({kTester, solicited_node(address)}, NeighborSolicitation{address}, SourceLinkLayerAddress{kTesterMac});
  EXPECT_FALSE(x.recv<NeighborAdvertisementView>(2_s));
}

TEST(Dad, AnotherTestOfTheAddressEndsIt) {  // §5.4.3
  Exchange x;
  x.settle();
  const Ipv6Address address = "2001:db8:1::1"_ip6;
  x.stack.add_address(x.interface, {.address = address});
  x.send_nd({kUnspecified, solicited_node(address)}, NeighborSolicitation{address});
  EXPECT_EQ(state_of(x, address), AddressState::Duplicated);
  EXPECT_FALSE(x.recv<NeighborAdvertisementView>(2_s));
}

TEST(Dad, AResolutionOfTheTentativeAddressIsIgnored) {  // §5.4.3
  Exchange x;
  x.settle();
  const Ipv6Address address = "2001:db8:1::1"_ip6;
  x.stack.add_address(x.interface, {.address = address});
  x.send_nd({kTester, solicited_node(address)}, NeighborSolicitation{address}, SourceLinkLayerAddress{kTesterMac});
  EXPECT_FALSE(x.recv<NeighborAdvertisementView>(900_ms));
  EXPECT_EQ(x.drops(kNdTentativeTarget), 1u);
  x.run(200_ms);
  EXPECT_EQ(state_of(x, address), AddressState::Preferred);
}

TEST(Dad, ADuplicateOfTheHardwareAddressDisablesTheInterface) {  // §5.4.5
  Exchange x;
  x.send_nd({kTester, kAllNodesLinkLocal}, NeighborAdvertisement{x.link_local(), false, false, true},
            TargetLinkLayerAddress{kTesterMac});
  EXPECT_EQ(state_of(x, x.link_local()), AddressState::Duplicated);
  EXPECT_FALSE(x.interface.up());
  EXPECT_FALSE(x.tester.recv(10_s));
  // Attached to another link it tries again.
  x.lan.detach(x.nic);
  x.lan.attach(x.nic);
  x.run(3_s);
  EXPECT_EQ(state_of(x, x.link_local()), AddressState::Preferred);
  EXPECT_TRUE(x.interface.up());
}

TEST(Dad, IsRepeatedForTheLinkLocalAddressOnANewLink) {  // §5.3
  Exchange x;
  x.settle();
  x.lan.detach(x.nic);
  x.run(1_s);
  x.lan.attach(x.nic);
  EXPECT_EQ(state_of(x, x.link_local()), AddressState::Tentative);
  EXPECT_TRUE(x.recv<NeighborSolicitationView>(1_s));
  x.run(1_s);
  EXPECT_EQ(state_of(x, x.link_local()), AddressState::Preferred);
}

TEST(Dad, ForAnotherNodeTellsTheResult) {  // RFC 6275 §10.3.1
  Exchange x;
  x.settle();
  const Ipv6Address home = "2001:db8:1::cafe"_ip6;
  std::vector<bool> results;
  auto done = [&](bool unique) { results.push_back(unique); };
  x.nd().start_proxy_dad(home, done);
  const auto ns = x.recv<NeighborSolicitationView>(1_s);
  ASSERT_TRUE(ns);
  EXPECT_EQ(ns->source, kUnspecified);
  EXPECT_EQ(ns->view().target(), home);
  x.run(1_s);
  EXPECT_EQ(results, std::vector{true});

  x.nd().start_proxy_dad(home, done);
  x.run(500_ms);
  x.send_nd({kTester, kAllNodesLinkLocal}, NeighborAdvertisement{home, false, false, true},
            TargetLinkLayerAddress{kTesterMac});
  EXPECT_EQ(results, (std::vector{true, false}));
  EXPECT_FALSE(x.interface.in_group(solicited_node(home)));

  x.nd().start_proxy_dad(home, done);
  x.nd().cancel_proxy_dad(home);
  x.run(5_s);
  EXPECT_EQ(results.size(), 2u);
}

TEST(Dad, NothingGoesToATentativeAddressOfTheNodeItself) {  // §5.4
  Exchange x({.forwarding = true});
  x.settle();
  const Ipv6Address address = "2001:db8:1::1"_ip6;
  x.stack.add_address(x.interface, {.address = address});
  x.run(1_ms);
  x.tester.clear();
  x.send_packet(address, x.empty_packet(kTesterGlobal, address), kTesterMac);
  EXPECT_FALSE(x.tester.recv(500_ms));
  EXPECT_EQ(x.node.drops("ip6.blackhole_route"), 1u);
  x.run(1_s);
  x.send_packet(address, x.empty_packet(kTesterGlobal, address), kTesterMac);
  EXPECT_EQ(x.node.drops("ip6.no_next_header"), 1u);  // it arrived
}

// RFC 6275 §11.5.5: a mobile node back home, before its link-local address is tested, asks who defends its home
// address, and sends its Binding Update to that node.
TEST(ReturningHome, AsksTheHomeAgentFromTheUnspecifiedAddress) {
  Exchange x;
  const Ipv6Address home = "2001:db8:1::cafe"_ip6, home_agent = "2001:db8:1::1"_ip6;
  x.stack.add_address(x.interface, {.address = home, .origin = AddressOrigin::Home, .home_address = true,
                                    .skip_dad = true});
  Packet update = x.simulation.packets().allocate(8);
  Ipv6Header{.payload_length = 8, .next_header = NextHeader::Mobility, .source = home, .destination = home_agent}
      .write(update.prepend(kIpv6HeaderSize));
  x.nd().send(std::move(update), home_agent);
  const auto ns = x.recv<NeighborSolicitationView>(0_s);
  ASSERT_TRUE(ns);
  EXPECT_EQ(ns->source, kUnspecified);
  EXPECT_EQ(ns->destination, solicited_node(home));
  EXPECT_EQ(ns->view().target(), home);
  x.send_nd({"fe80::1"_ip6, kAllNodesLinkLocal}, NeighborAdvertisement{home, false, false, false},
            TargetLinkLayerAddress{kTesterMac});
  EXPECT_EQ(x.count_packets_to(home_agent, 0_s), 1u);
  EXPECT_EQ(x.state(home_agent), Neighbor::State::Reachable);
}

// A host that has formed an optimistic address.
class Optimistic : public ::testing::Test {
 protected:
  Optimistic() : x({.optimistic_dad = true}) {
    x.settle();
    x.send_nd({kTester, kAllNodesLinkLocal}, kRouter, SourceLinkLayerAddress{kTesterMac}, prefix_option(kPrefix));
    own = with_interface_id(kPrefix, InterfaceId::eui64(x.nic.mac()));
  }
  Exchange x;
  Ipv6Address own;
};

TEST_F(Optimistic, IsTestedWithoutDelayAndUsableAtOnce) {  // RFC 4429 §3.3
  EXPECT_EQ(state_of(x, own), AddressState::Optimistic);
  EXPECT_EQ(x.recv<NeighborSolicitationView>(1_s)->time, at(3_s));
  x.stack.output_packet(x.empty_packet(own, "2001:db8:ffff::1"_ip6));
  EXPECT_EQ(x.count_packets_to("2001:db8:ffff::1"_ip6, 0_s), 1u);
  x.run(1_s);
  EXPECT_EQ(state_of(x, own), AddressState::Preferred);
}

TEST_F(Optimistic, AnswersWithoutOverride) {  // RFC 4429 §3.3
  x.send_nd({kTester, solicited_node(own)}, NeighborSolicitation{own}, SourceLinkLayerAddress{kTesterMac});
  const auto na = x.recv<NeighborAdvertisementView>(0_s);
  ASSERT_TRUE(na);
  EXPECT_FALSE(na->view().override());
}

TEST_F(Optimistic, IsADuplicateWhenAnotherTestsIt) {  // RFC 4429 §3.3
  x.send_nd({kUnspecified, solicited_node(own)}, NeighborSolicitation{own});
  EXPECT_FALSE(x.recv<NeighborAdvertisementView>(0_s));
  EXPECT_EQ(state_of(x, own), AddressState::Duplicated);
}

TEST_F(Optimistic, SendsByTheRouterInsteadOfResolving) {  // RFC 4429 §3.2
  x.tester.clear();
  const Ipv6Address neighbour = "2001:db8:1::55"_ip6;
  x.stack.output_packet(x.empty_packet(own, neighbour));
  const auto frame = x.tester.recv(0_s);
  ASSERT_TRUE(frame);
  EXPECT_EQ(EthernetHeaderView::check(frame->bytes)->destination(), kTesterMac);
  EXPECT_EQ(Ipv6HeaderView::check(EthernetHeaderView::check(frame->bytes)->payload())->destination(), neighbour);
}

TEST_F(Optimistic, WaitsForTheTestWhereItMustNotResolve) {  // RFC 4429 §3.2
  x.send_nd({kTester, kAllNodesLinkLocal}, RouterAdvertisement{});  // no default router any more
  x.tester.clear();
  const Ipv6Address neighbour = "2001:db8:1::55"_ip6;
  x.stack.output_packet(x.empty_packet(own, neighbour));
  while (const auto ns = x.recv<NeighborSolicitationView>(999_ms)) EXPECT_NE(ns->view().target(), neighbour);
  const auto ns = x.recv<NeighborSolicitationView>(1_ms);
  ASSERT_TRUE(ns);
  EXPECT_EQ(ns->view().target(), neighbour);
  EXPECT_EQ(ns->source, own);  // no longer optimistic
}

TEST_F(Optimistic, IsNoSourceOfSolicitations) {  // RFC 4429 §3.2
  x.tester.clear();
  Packet packet = x.empty_packet(x.link_local(), "2001:db8:1::55"_ip6);
  x.stack.output_packet(std::move(packet));
  const auto ns = x.recv<NeighborSolicitationView>(0_s);
  ASSERT_TRUE(ns);
  EXPECT_EQ(ns->source, x.link_local());
}

TEST_F(Optimistic, IsNotWhatAManualAddressIs) {  // RFC 4429 §3.1
  x.stack.add_address(x.interface, {.address = "2001:db8:1::1"_ip6});
  EXPECT_EQ(state_of(x, "2001:db8:1::1"_ip6), AddressState::Tentative);
}

TEST(OptimisticWithoutRouter, IsNotChosen) {  // RFC 4429 §3.3
  Exchange x({.optimistic_dad = true});
  EXPECT_EQ(state_of(x, x.link_local()), AddressState::Tentative);
  x.settle();
  x.send_nd({kTester, kAllNodesLinkLocal}, kRouter, prefix_option(kPrefix));  // no link-layer address
  EXPECT_EQ(state_of(x, with_interface_id(kPrefix, InterfaceId::eui64(x.nic.mac()))), AddressState::Tentative);
}

}  // namespace
}  // namespace kamesim
