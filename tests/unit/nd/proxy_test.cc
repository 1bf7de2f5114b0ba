// Speaking for other nodes, by hand (RFC 4861 §7.2.8).
#include "tests/unit/nd/exchange.h"

namespace kamesim {
namespace {

using namespace testing;

const Ipv6Address kElsewhere = "2001:db8:1::77"_ip6;

class Proxy : public ::testing::Test {
 protected:
  Proxy() { x.settle(); }
  Exchange x{{.forwarding = true}};
};

TEST_F(Proxy, AnnouncesItselfWithoutOverride) {
  EXPECT_TRUE(x.nd().add_given_proxy(kElsewhere));
  EXPECT_FALSE(x.nd().add_given_proxy(kElsewhere));
  const auto na = x.recv<NeighborAdvertisementView>(1_s);
  ASSERT_TRUE(na);
  EXPECT_EQ(na->destination, kAllNodesLinkLocal);
  EXPECT_EQ(na->view().target(), kElsewhere);
  EXPECT_FALSE(na->view().override() || na->view().solicited());
  EXPECT_TRUE(na->view().router());
}

TEST_F(Proxy, AnswersInTheGroupOfTheAddress) {
  x.nd().add_given_proxy(kElsewhere);
  EXPECT_TRUE(x.interface.in_group(solicited_node(kElsewhere)));
  x.run(1_s);
  x.tester.clear();
  x.send_nd({kTester, solicited_node(kElsewhere)}, NeighborSolicitation{kElsewhere}, SourceLinkLayerAddress{kTesterMac});
  const auto na = x.recv<NeighborAdvertisementView>(1_s);
  ASSERT_TRUE(na);
  EXPECT_TRUE(na->view().solicited());
  EXPECT_FALSE(na->view().override());
  EXPECT_EQ(na->option<TargetLinkLayerAddress>()->address, x.nic.mac());
}

TEST_F(Proxy, AnswersAtRandomWithinASecond) {  // §7.2.8: other proxies answer too
  x.nd().add_given_proxy(kElsewhere);
  x.run(1_s);
  x.tester.clear();
  Duration shortest = 10_s, longest;
  for (int i = 0; i < 8; ++i) {  // within 8 s, before the node gives up probing the silent tester (§7.3.3)
    const Time asked = x.simulation.now();
    x.send_nd({kTester, solicited_node(kElsewhere)}, NeighborSolicitation{kElsewhere}, SourceLinkLayerAddress{kTesterMac});
    ASSERT_TRUE(x.recv<NeighborAdvertisementView>(1100_ms));
    const Duration delay = x.simulation.now() - asked;
    shortest = std::min(shortest, delay);
    longest = std::max(longest, delay);
  }
  EXPECT_LE(longest, 1001_ms);
  EXPECT_GE(longest - shortest, 500_ms);
}

TEST_F(Proxy, DefendsTheAddressAgainstTests) {  // RFC 4862 §5.4.3: the owner may be there
  x.nd().add_given_proxy(kElsewhere);
  x.run(1_s);
  x.tester.clear();
  x.send_nd({kUnspecified, solicited_node(kElsewhere)}, NeighborSolicitation{kElsewhere});
  EXPECT_EQ(x.recv<NeighborAdvertisementView>(1_s)->destination, kAllNodesLinkLocal);
}

TEST_F(Proxy, EndsAndLeavesTheGroup) {
  x.nd().add_given_proxy(kElsewhere);
  EXPECT_TRUE(x.nd().remove_given_proxy(kElsewhere));
  EXPECT_FALSE(x.nd().remove_given_proxy(kElsewhere));
  EXPECT_FALSE(x.interface.in_group(solicited_node(kElsewhere)));
  x.run(1_s);
  x.tester.clear();
  x.send_nd({kTester, solicited_node(kElsewhere)}, NeighborSolicitation{kElsewhere}, SourceLinkLayerAddress{kTesterMac});
  EXPECT_FALSE(x.recv<NeighborAdvertisementView>(1_s));
}

TEST_F(Proxy, OfAHomeAgentAndByHandDoNotDisturbEachOther) {
  x.nd().add_given_proxy(kElsewhere);
  x.nd().add_proxy(kElsewhere);
  x.nd().remove_proxy(kElsewhere);
  EXPECT_TRUE(x.nd().proxies(kElsewhere));
  EXPECT_TRUE(x.interface.in_group(solicited_node(kElsewhere)));
}

TEST_F(Proxy, TellsANewLinkLayerAddress) {  // §7.2.8: "when its link-layer address changes"
  x.nd().add_given_proxy(kElsewhere);
  x.run(1_s);
  x.tester.clear();
  const MacAddress mac({0x02, 0, 0, 0, 0x77, 0x01});
  x.interface.set_mac(mac);
  bool told = false;
  while (const auto na = x.recv<NeighborAdvertisementView>(100_ms)) {
    if (na->view().target() != kElsewhere) continue;
    told = true;
    EXPECT_FALSE(na->view().override());
    EXPECT_EQ(na->option<TargetLinkLayerAddress>()->address, mac);
  }
  EXPECT_TRUE(told);
}

}  // namespace
}  // namespace kamesim
