// Unsolicited Neighbor Advertisements, sent and received (RFC 4861 §7.2.6, RFC 9131).
#include "protocols/ip6/nd_drops.h"
#include "tests/unit/nd/exchange.h"

namespace kamesim {
namespace {

using namespace testing;

const Ipv6Address kAddress = "2001:db8:1::1"_ip6;

TEST(Unsolicited, AreSentThreeTimesRetransTimerApartIfWanted) {  // RFC 4861 §7.2.6: MAX_NEIGHBOR_ADVERTISEMENT
  Exchange x({.nd = {.unsolicited_advertisements = 200}});
  x.stack.add_address(x.interface, {.address = kAddress, .skip_dad = true});
  x.settle();
  x.nd().send_unsolicited_advertisement(kAddress, true);
  for (int n = 0; n < 3; ++n) {
    const auto na = x.recv<NeighborAdvertisementView>(2_s);
    ASSERT_TRUE(na);
    EXPECT_EQ(na->time, at(3_s) + n * 1_s);
    EXPECT_EQ(na->destination, kAllNodesLinkLocal);
    EXPECT_FALSE(na->view().solicited());
  }
  EXPECT_FALSE(x.recv<NeighborAdvertisementView>(5_s));
}

TEST(Unsolicited, AreSentOnceOtherwise) {
  Exchange x;
  x.stack.add_address(x.interface, {.address = kAddress, .skip_dad = true});
  x.settle();
  x.nd().send_unsolicited_advertisement(kAddress, true);
  EXPECT_TRUE(x.recv<NeighborAdvertisementView>(1_s));
  EXPECT_FALSE(x.recv<NeighborAdvertisementView>(5_s));
}

TEST(Unsolicited, EndWithTheProxy) {  // RFC 6275 §10.4.1: the mobile node is back
  Exchange x({.forwarding = true, .nd = {.unsolicited_advertisements = 3}});
  x.settle();
  x.nd().add_proxy(kAddress);
  x.nd().send_unsolicited_advertisement(kAddress, true);
  EXPECT_TRUE(x.recv<NeighborAdvertisementView>(1_s));
  x.nd().remove_proxy(kAddress);
  EXPECT_FALSE(x.recv<NeighborAdvertisementView>(5_s));
}

TEST(Unsolicited, TellANewLinkLayerAddress) {  // RFC 4861 §7.2.6
  Exchange x;
  x.stack.add_address(x.interface, {.address = kAddress, .skip_dad = true});
  x.stack.add_address(x.interface, {.address = "2001:db8:1::a"_ip6, .anycast = true});
  x.settle();
  const Ipv6Address link_local = x.link_local();
  const MacAddress mac({0x02, 0, 0, 0, 0x77, 0x01});
  x.interface.set_mac(mac);
  std::vector<std::pair<Ipv6Address, bool>> told;
  while (const auto na = x.recv<NeighborAdvertisementView>(500_ms)) {
    EXPECT_EQ(na->destination, kAllNodesLinkLocal);
    EXPECT_EQ(na->option<TargetLinkLayerAddress>()->address, mac);
    told.emplace_back(na->view().target(), na->view().override());
  }
  const std::vector<std::pair<Ipv6Address, bool>> expected{
      {link_local, true}, {kAddress, true}, {"2001:db8:1::a"_ip6, false}};
  EXPECT_EQ(told.size(), 3u);
  EXPECT_TRUE(std::ranges::is_permutation(told, expected));
}

TEST(Unsolicited, ANewAddressIsToldToTheRoutersIfWanted) {  // RFC 9131 §6.1.2
  Exchange x({.nd = {.announce_addresses = true}});
  x.settle();
  x.stack.add_address(x.interface, {.address = kAddress});
  for (int n = 0; n < 3; ++n) {
    const auto na = x.recv<NeighborAdvertisementView>(2_s);
    ASSERT_TRUE(na);
    EXPECT_EQ(na->time, at(4_s) + n * 1_s);  // "changes the state from tentative to preferred"
    EXPECT_EQ(na->destination, kAllRoutersLinkLocal);
    EXPECT_EQ(na->view().target(), kAddress);
    EXPECT_FALSE(na->view().override());
    EXPECT_FALSE(na->view().solicited());
    EXPECT_EQ(na->option<TargetLinkLayerAddress>()->address, x.nic.mac());
  }
  EXPECT_FALSE(x.recv<NeighborAdvertisementView>(5_s));
}

TEST(Unsolicited, ANewAddressIsNotToldOtherwise) {
  Exchange x;
  x.settle();
  x.stack.add_address(x.interface, {.address = kAddress});
  EXPECT_FALSE(x.recv<NeighborAdvertisementView>(5_s));
}

class Heard : public ::testing::TestWithParam<bool> {};  // forwarding

TEST_P(Heard, MakeAStaleEntryOnARouterOnly) {  // RFC 9131 §6.1.1
  Exchange x({.forwarding = GetParam()});
  x.settle();
  x.send_nd({kTesterGlobal, kAllNodesLinkLocal}, NeighborAdvertisement{kTesterGlobal, false, false, false});
  EXPECT_EQ(x.nd().cache().find(kTesterGlobal), nullptr);  // "SHOULD be silently discarded": no address in it
  x.send_nd({kTesterGlobal, kAllNodesLinkLocal}, NeighborAdvertisement{kTesterGlobal, false, false, false},
            TargetLinkLayerAddress{kTesterMac});
  EXPECT_EQ(x.state(kTesterGlobal), GetParam() ? Neighbor::State::Stale : Neighbor::State::None);
  EXPECT_EQ(x.drops(kNdNoEntry), GetParam() ? 1u : 2u);
  if (GetParam()) {
    EXPECT_EQ(x.nd().cache().find(kTesterGlobal)->mac, kTesterMac);
  }
}
INSTANTIATE_TEST_SUITE_P(HostAndRouter, Heard, ::testing::Bool());

TEST(HeardFlood, KeepsTheBoundAndAReachableNeighbour) {  // RFC 9131 §10
  Exchange x({.forwarding = true, .max_neighbors = 16});
  x.stack.add_address(x.interface, {.address = kAddress, .skip_dad = true});
  x.settle();
  x.interface.send(x.empty_packet(kAddress, kTesterGlobal), kTesterGlobal);
  x.send_nd({kTesterGlobal, kAddress}, NeighborAdvertisement{kTesterGlobal, false, true, true},
            TargetLinkLayerAddress{kTesterMac});
  for (std::uint64_t n = 0; n < 1000; ++n) {
    const Ipv6Address forged = kPrefix.host(0x1000 + n);
    x.send_nd({forged, kAllNodesLinkLocal}, NeighborAdvertisement{forged, false, false, false},
              TargetLinkLayerAddress{kOtherMac});
  }
  EXPECT_LE(x.nd().cache().size(), 16u);
  EXPECT_EQ(x.state(kTesterGlobal), Neighbor::State::Reachable);
}

TEST(IncompleteEntries, AreBoundedAsConfigured) {  // RFC 6583 §7.1
  Exchange x({.max_neighbors = 64, .nd = {.max_incomplete_neighbors = 4}});
  x.stack.add_address(x.interface, {.address = kAddress, .skip_dad = true});
  x.settle();
  for (std::uint64_t n = 0; n < 100; ++n) {
    x.interface.send(x.empty_packet(kAddress, kPrefix.host(0x100 + n)), kPrefix.host(0x100 + n));
  }
  EXPECT_EQ(x.nd().cache().size(), 4u);
  EXPECT_EQ(x.drops(kNdCacheFull), 96u);
}

}  // namespace
}  // namespace kamesim
