// Links whose ends have no link-layer addresses, as PPP's (RFC 5072): nothing is resolved, reachability is found out.
#include "protocols/ip6/nd_drops.h"
#include "protocols/ip6/nd_trace.h"
#include "tests/unit/nd/exchange.h"

namespace kamesim {
namespace {

using namespace testing;
using State = Neighbor::State;

const Ipv6Address kAddress = "2001:db8:1::1"_ip6;

class PointToPoint : public ::testing::Test {
 protected:
  PointToPoint() {
    x.interface.set_link_layer_addresses(false);
    x.stack.add_address(x.interface, {.address = kAddress, .skip_dad = true});
    x.settle();
  }
  Exchange x;
};

TEST(PointToPointLink, HasNoTestOfNegotiatedIdentifiers) {  // RFC 5072 §5
  Exchange x;
  x.nic.set_enabled(false);
  x.stack.remove_address(x.interface, x.link_local());
  x.interface.set_link_layer_addresses(false);
  x.tester.clear();
  x.nic.set_enabled(true);
  x.simulation.run_until(x.simulation.now());
  ASSERT_NE(x.interface.find_address(x.link_local()), nullptr);
  EXPECT_EQ(x.interface.find_address(x.link_local())->state, AddressState::Preferred);
  EXPECT_FALSE(x.recv<NeighborSolicitationView>(5_s));
  x.stack.add_address(x.interface, {.address = kAddress});  // by hand: tested as ever
  EXPECT_TRUE(x.recv<NeighborSolicitationView>(5_s));
}

TEST_F(PointToPoint, PacketsGoAtOnceAndNeighboursAreProbed) {  // RFC 4861 §7.2, §7.3.3
  x.stack.output_packet(x.empty_packet(kAddress, kTesterGlobal));
  EXPECT_EQ(x.count_packets_to(kTesterGlobal, 1_s), 1u);
  EXPECT_EQ(x.state(kTesterGlobal), State::Delay);
  const auto probe = x.recv<NeighborSolicitationView>(5_s);  // DELAY_FIRST_PROBE_TIME
  ASSERT_TRUE(probe);
  EXPECT_EQ(probe->destination, kTesterGlobal);
  EXPECT_FALSE(probe->option<SourceLinkLayerAddress>());  // §4.3: "on link layers that have addresses"
  x.send_nd({kTesterGlobal, probe->source}, NeighborAdvertisement{.target = kTesterGlobal, .solicited = true});
  EXPECT_EQ(x.state(kTesterGlobal), State::Reachable);
}

TEST_F(PointToPoint, ASilentNeighbourIsFoundUnreachable) {  // RFC 4861 §7.3.3
  x.stack.output_packet(x.empty_packet(kAddress, kTesterGlobal));
  x.run(9_s);
  EXPECT_EQ(x.state(kTesterGlobal), State::None);
  EXPECT_EQ(x.traced(kTraceNeighborUnreachable), 1u);
}

TEST_F(PointToPoint, AnswersTellNoLinkLayerAddress) {  // RFC 4861 §4.4
  x.send_nd({kTesterGlobal, kAddress}, NeighborSolicitation{kAddress});
  const auto na = x.recv<NeighborAdvertisementView>(1_s);
  ASSERT_TRUE(na);
  EXPECT_TRUE(na->view().solicited());
  EXPECT_FALSE(na->view().override());  // §7.2.4
  EXPECT_FALSE(na->option<TargetLinkLayerAddress>());
}

TEST_F(PointToPoint, ARouterIsUsedThoughItTellsNoAddress) {  // RFC 4861 §6.3.4
  x.send_nd({kTester, kAllNodesLinkLocal}, kRouter, prefix_option("2001:db8:2::/64"_ip6net));
  EXPECT_EQ(x.stack.route_to("2001:db8:ffff::1"_ip6, nullptr).next_hop, kTester);
  const Ipv6Address formed = with_interface_id("2001:db8:2::/64"_ip6net, InterfaceId::eui64(x.nic.mac()));
  ASSERT_NE(x.interface.find_address(formed), nullptr);
  EXPECT_EQ(x.interface.find_address(formed)->state, AddressState::Preferred);
  EXPECT_FALSE(x.interface.find_address(formed)->detached);
}

}  // namespace
}  // namespace kamesim
