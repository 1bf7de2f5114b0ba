// Address resolution and Neighbor Unreachability Detection of a node, packet by packet.
#include "protocols/ip6/nd_drops.h"
#include "protocols/ip6/nd_trace.h"
#include "tests/unit/nd/exchange.h"

namespace kamesim {
namespace {

using namespace testing;
using State = Neighbor::State;

class Resolution : public ::testing::Test {
 protected:
  Resolution() {
    x.settle();
    x.stack.add_address(x.interface, {.address = own, .skip_dad = true});
  }
  void send_to_tester(const Ipv6Address& to = kTesterGlobal) { x.stack.output_packet(x.empty_packet(own, to)); }
  void answer(bool solicited = true, bool override = true, bool router = false) {
    x.send_nd({kTesterGlobal, own},
              NeighborAdvertisement{kTesterGlobal, router, solicited, override}, TargetLinkLayerAddress{kTesterMac});
  }
  void become_reachable() {
    send_to_tester();
    answer();
    ASSERT_EQ(x.state(kTesterGlobal), State::Reachable);
    x.tester.clear();
  }

  Exchange x;
  Ipv6Address own = "2001:db8:1::1"_ip6;
};

TEST_F(Resolution, SolicitsWithTheSourceOfThePacketThatWaits) {  // RFC 4861 §7.2.2
  send_to_tester();
  const auto ns = x.recv<NeighborSolicitationView>(0_s);
  ASSERT_TRUE(ns);
  EXPECT_EQ(ns->source, own);
  EXPECT_EQ(ns->destination, solicited_node(kTesterGlobal));
  EXPECT_EQ(ns->to_mac, multicast_mac(solicited_node(kTesterGlobal)));
  EXPECT_EQ(ns->view().target(), kTesterGlobal);
  EXPECT_EQ(ns->option<SourceLinkLayerAddress>()->address, x.nic.mac());
  answer();
  EXPECT_EQ(x.count_packets_to(kTesterGlobal, 0_s), 1u);
  EXPECT_EQ(x.state(kTesterGlobal), State::Reachable);
}

TEST_F(Resolution, GivesUpAfterThreeSolicitationsWithAnErrorForEachPacket) {  // §7.2.2
  const Time start = x.now();
  send_to_tester();
  send_to_tester();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(x.recv<NeighborSolicitationView>(2_s)->time, start + 1_s * i);
  EXPECT_FALSE(x.recv<NeighborSolicitationView>(5_s));
  EXPECT_EQ(x.drops(kNdUnresolved), 2u);
  EXPECT_EQ(x.stack.counters().icmp6_errors_sent, 2u);
  EXPECT_EQ(x.nd().cache().find(kTesterGlobal), nullptr);
  EXPECT_EQ(x.traced(kTraceNeighborUnreachable), 1u);
}

TEST_F(Resolution, QueuesThreePacketsAndDropsTheOldest) {  // §7.2.2
  for (int i = 0; i < 5; ++i) send_to_tester();
  EXPECT_EQ(x.drops(kNdQueueOverflow), 2u);
  answer();
  EXPECT_EQ(x.count_packets_to(kTesterGlobal, 0_s), 3u);
}

TEST_F(Resolution, ProbesAfterReachableTimeAndDelay) {  // §7.3.3
  become_reachable();
  x.run(46_s);  // ReachableTime is at most 45 s
  EXPECT_EQ(x.state(kTesterGlobal), State::Stale);
  const Time sent = x.now();
  send_to_tester();
  EXPECT_EQ(x.state(kTesterGlobal), State::Delay);
  const auto probe = x.recv<NeighborSolicitationView>(10_s);
  ASSERT_TRUE(probe);
  EXPECT_EQ(probe->time, sent + 5_s);
  EXPECT_EQ(probe->destination, kTesterGlobal);
  EXPECT_EQ(probe->to_mac, kTesterMac);
  EXPECT_EQ(x.state(kTesterGlobal), State::Probe);
  answer();
  EXPECT_EQ(x.state(kTesterGlobal), State::Reachable);
  EXPECT_FALSE(x.recv<NeighborSolicitationView>(10_s));
}

TEST_F(Resolution, DeletesTheEntryAfterThreeUnansweredProbes) {  // §7.3.3
  become_reachable();
  x.run(46_s);
  const Time sent = x.now();
  send_to_tester();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(x.recv<NeighborSolicitationView>(10_s)->time, sent + 5_s + 1_s * i);
  EXPECT_FALSE(x.recv<NeighborSolicitationView>(10_s));
  EXPECT_EQ(x.nd().cache().find(kTesterGlobal), nullptr);
}

TEST_F(Resolution, AnUpperLayerConfirmationSavesTheProbe) {  // §7.3.1
  become_reachable();
  x.run(46_s);
  send_to_tester();
  x.nd().confirm_reachable(kTesterGlobal);
  EXPECT_EQ(x.state(kTesterGlobal), State::Reachable);
  EXPECT_FALSE(x.recv<NeighborSolicitationView>(10_s));
}

TEST_F(Resolution, AnswersASolicitationAndLearnsItsSender) {  // §7.2.3, §7.2.4
  x.send_nd({kTester, solicited_node(own)}, NeighborSolicitation{own}, SourceLinkLayerAddress{kTesterMac});
  const auto na = x.recv<NeighborAdvertisementView>(0_s);
  ASSERT_TRUE(na);
  EXPECT_EQ(na->source, own);
  EXPECT_EQ(na->destination, kTester);
  EXPECT_EQ(na->to_mac, kTesterMac);
  EXPECT_EQ(na->option<TargetLinkLayerAddress>()->address, x.nic.mac());
  const NeighborAdvertisement value = na->view().value();
  EXPECT_TRUE(value.solicited && value.override && !value.router);
  EXPECT_EQ(x.state(kTester), State::Delay);  // Stale, then a packet went to it
}

TEST_F(Resolution, AnswersATestOfItsAddressToAllNodes) {  // §7.2.4
  x.send_nd({kUnspecified, solicited_node(own)}, NeighborSolicitation{own});
  const auto na = x.recv<NeighborAdvertisementView>(0_s);
  ASSERT_TRUE(na);
  EXPECT_EQ(na->destination, kAllNodesLinkLocal);
  EXPECT_FALSE(na->view().solicited());
  EXPECT_TRUE(na->view().override());
  EXPECT_EQ(x.nd().cache().size(), 0u);  // §7.2.3: from :: nothing is learned
}

TEST_F(Resolution, ResolvesTheAskerThatToldNoLinkLayerAddress) {  // §7.2.4
  x.send_nd({kTester, own}, NeighborSolicitation{own});
  const auto ns = x.recv<NeighborSolicitationView>(0_s);
  ASSERT_TRUE(ns);
  EXPECT_EQ(ns->view().target(), kTester);
  EXPECT_EQ(ns->source, own);  // of the advertisement that waits
  x.send_nd({kTester, own}, NeighborAdvertisement{kTester, false, true, true}, TargetLinkLayerAddress{kTesterMac});
  EXPECT_TRUE(x.recv<NeighborAdvertisementView>(0_s));
}

TEST_F(Resolution, DelaysTheAnswerForAnAnycastAddress) {  // §7.2.7
  const Ipv6Address anycast = "2001:db8:1::aaaa"_ip6;
  x.stack.add_address(x.interface, {.address = anycast, .anycast = true});
  x.send_nd({kTester, solicited_node(anycast)}, NeighborSolicitation{anycast}, SourceLinkLayerAddress{kTesterMac});
  const Time asked = x.now();
  const auto na = x.recv<NeighborAdvertisementView>(1_s);
  ASSERT_TRUE(na);
  EXPECT_GT(na->time, asked);
  EXPECT_FALSE(na->view().override());
  EXPECT_EQ(na->source, x.link_local());  // an anycast address is no source
}

TEST_F(Resolution, StandsInForAProxiedAddressWithoutOverride) {  // §7.2.8, RFC 6275 §10.4.1
  const Ipv6Address home = "2001:db8:1::cafe"_ip6;
  x.nd().add_proxy(home);
  x.send_nd({kTester, solicited_node(home)}, NeighborSolicitation{home}, SourceLinkLayerAddress{kTesterMac});
  const auto na = x.recv<NeighborAdvertisementView>(0_s);
  ASSERT_TRUE(na);
  EXPECT_EQ(na->source, x.link_local());
  const NeighborAdvertisement value = na->view().value();
  EXPECT_TRUE(value.solicited && !value.override && !value.router);
  EXPECT_EQ(na->option<TargetLinkLayerAddress>()->address, x.nic.mac());
  x.nd().send_unsolicited_advertisement(home, true);
  const auto unsolicited = x.recv<NeighborAdvertisementView>(0_s);
  ASSERT_TRUE(unsolicited);
  EXPECT_EQ(unsolicited->destination, kAllNodesLinkLocal);
  EXPECT_TRUE(unsolicited->view().override() && !unsolicited->view().solicited());
  x.nd().remove_proxy(home);
  x.send_nd({kTester, solicited_node(home)}, NeighborSolicitation{home}, SourceLinkLayerAddress{kTesterMac});
  EXPECT_FALSE(x.recv<NeighborAdvertisementView>(2_s));
}

TEST_F(Resolution, NamesWhatItDiscards) {
  x.send_nd_with_hop_limit(254, {kTester, solicited_node(own)}, NeighborSolicitation{own});
  EXPECT_EQ(x.drops(kNdBadHopLimit), 1u);
  x.send_nd({kTester, own}, NeighborSolicitation{"2001:db8:1::77"_ip6});
  EXPECT_EQ(x.drops(kNdNotOurTarget), 1u);
  x.send_nd({kTester, own}, NeighborAdvertisement{kTester, false, true, true}, TargetLinkLayerAddress{kTesterMac});
  EXPECT_EQ(x.drops(kNdNoEntry), 1u);
  x.send_nd({kTester, own}, NeighborAdvertisement{own, false, false, true}, TargetLinkLayerAddress{kTesterMac});
  EXPECT_EQ(x.drops(kNdOwnTarget), 1u);
  x.send_nd({own, own}, NeighborSolicitation{own}, SourceLinkLayerAddress{kTesterMac});
  EXPECT_EQ(x.drops(kNdOwnSource), 1u);
  x.send_nd({kTester, own}, NeighborSolicitation{own}, SourceLinkLayerAddress{MacAddress::broadcast()});
  EXPECT_EQ(x.drops(kNdGroupLinkLayerAddress), 1u);
}

TEST_F(Resolution, KeepsAReachableNeighbourThroughAFloodOfDestinations) {
  become_reachable();
  for (std::uint64_t i = 0; i < 10000; ++i) send_to_tester(kPrefix.host(0x10000 + i));
  EXPECT_LE(x.nd().cache().size(), x.stack.config().max_neighbors);
  EXPECT_EQ(x.state(kTesterGlobal), State::Reachable);
  EXPECT_GT(x.drops(kNdCacheFull), 0u);
}

TEST_F(Resolution, KeepsAReachableNeighbourThroughAFloodOfSolicitations) {
  become_reachable();
  for (std::uint64_t i = 0; i < 10000; ++i) {
    x.send_nd({kPrefix.host(0x10000 + i), solicited_node(own)}, NeighborSolicitation{own},
              SourceLinkLayerAddress{kOtherMac});
  }
  EXPECT_LE(x.nd().cache().size(), x.stack.config().max_neighbors);
  EXPECT_EQ(x.state(kTesterGlobal), State::Reachable);
}

TEST_F(Resolution, ForgetsTheLinkWhenItGoesDown) {
  become_reachable();
  send_to_tester("2001:db8:1::98"_ip6);
  x.lan.set_up(false);
  EXPECT_EQ(x.nd().cache().size(), 0u);
  EXPECT_EQ(x.drops(kNdLinkDown), 1u);
}

}  // namespace
}  // namespace kamesim
