// Redirects of a host and a router, packet by packet (RFC 4861 §8).
#include "protocols/ip6/nd_drops.h"
#include "tests/unit/nd/exchange.h"

namespace kamesim {
namespace {

using namespace testing;

const Ipv6Address kBetter = "fe80::99:2"_ip6;
const Ipv6Address kFar = "2001:db8:ffff::1"_ip6;

class RedirectedHost : public ::testing::Test {
 protected:
  RedirectedHost() {
    x.settle();
    x.send_nd({kTester, kAllNodesLinkLocal}, kRouter, SourceLinkLayerAddress{kTesterMac}, prefix_option(kPrefix));
    x.run(3_s);
    x.tester.clear();
  }
  void redirect(const Ipv6Address& source, const Ipv6Address& target, const Ipv6Address& destination) {
    x.send_nd({source, own()}, Redirect{target, destination}, TargetLinkLayerAddress{kOtherMac});
  }
  Ipv6Address own() const { return with_interface_id(kPrefix, InterfaceId::eui64(x.nic.mac())); }
  MacAddress first_hop(const Ipv6Address& destination) {
    x.stack.output_packet(x.empty_packet(own(), destination));
    const auto frame = x.tester.recv(0_s);
    return frame ? EthernetHeaderView::check(frame->bytes)->destination() : MacAddress();
  }
  Exchange x;
};

TEST_F(RedirectedHost, UsesTheBetterRouter) {  // §8.3
  EXPECT_EQ(first_hop(kFar), kTesterMac);
  redirect(kTester, kBetter, kFar);
  EXPECT_EQ(first_hop(kFar), kOtherMac);
  EXPECT_EQ(first_hop("2001:db8:ffff::2"_ip6), kTesterMac);
  EXPECT_TRUE(x.nd().cache().find(kBetter)->is_router);
}

TEST_F(RedirectedHost, TakesTheDestinationForANeighbour) {  // §8.3
  redirect(kTester, kFar, kFar);
  EXPECT_EQ(first_hop(kFar), kOtherMac);
  EXPECT_FALSE(x.nd().cache().find(kFar)->is_router);
}

TEST_F(RedirectedHost, ReturnsToTheRouterWhenTheTargetIsUnreachable) {  // §7.3.3
  redirect(kTester, kBetter, kFar);
  first_hop(kFar);
  x.run(9_s);  // Delay, and three probes
  x.tester.clear();
  EXPECT_TRUE(x.nd().redirects()->entries().empty());
  x.send_nd({kTester, own()}, NeighborAdvertisement{kTester, true, true, true}, TargetLinkLayerAddress{kTesterMac});
  EXPECT_EQ(first_hop(kFar), kTesterMac);
}

TEST_F(RedirectedHost, BelievesTheFirstHopOnly) {  // §8.1
  redirect("fe80::66"_ip6, kBetter, kFar);
  EXPECT_EQ(x.drops(kNdNotFirstHop), 1u);
  redirect("2001:db8:1::66"_ip6, kBetter, kFar);
  EXPECT_EQ(x.drops(kNdSourceNotLinkLocal), 1u);
  redirect(kTester, "2001:db8:1::2"_ip6, kFar);
  EXPECT_EQ(x.drops(kNdBadRedirectTarget), 1u);
  EXPECT_EQ(first_hop(kFar), kTesterMac);
}

TEST_F(RedirectedHost, RemembersABoundedNumberOfRedirects) {
  for (std::uint64_t i = 0; i < 1000; ++i) {
    redirect(kTester, kBetter, Ipv6Address::from_halves(0x2001'0db8'ffff'0000, i));
  }
  EXPECT_EQ(x.nd().redirects()->entries().size(), RedirectRoutes::kMaxRoutes);
  EXPECT_LT(x.stack.routes().size(), RedirectRoutes::kMaxRoutes + 10);
}

TEST(RedirectingRouter, TellsTheSourceOfABetterFirstHop) {  // §8.2
  Exchange x({.forwarding = true});
  x.settle();
  x.stack.add_address(x.interface, {.address = "2001:db8:1::1"_ip6, .skip_dad = true});
  x.stack.routes().add({.prefix = "2001:db8:ffff::/48"_ip6net, .interface = &x.interface, .next_hop = kBetter});
  x.send_nd({kTesterGlobal, solicited_node("2001:db8:1::1"_ip6)}, NeighborSolicitation{"2001:db8:1::1"_ip6},
            SourceLinkLayerAddress{kTesterMac});
  x.tester.clear();
  x.send_packet("2001:db8:1::1"_ip6, x.empty_packet(kTesterGlobal, kFar), kTesterMac);
  const auto redirect = x.recv<RedirectView>(0_s);
  ASSERT_TRUE(redirect);
  EXPECT_EQ(redirect->source, x.link_local());
  EXPECT_EQ(redirect->destination, kTesterGlobal);
  EXPECT_EQ(redirect->view().target(), kBetter);
  EXPECT_EQ(redirect->view().destination(), kFar);
  EXPECT_EQ(redirect->option<RedirectedHeader>()->packet.size(), kIpv6HeaderSize);
  EXPECT_FALSE(redirect->option<TargetLinkLayerAddress>());  // not known yet
  // The packet itself goes on to the better router.
  x.send_nd({kBetter, x.link_local()}, NeighborAdvertisement{kBetter, true, true, true},
            TargetLinkLayerAddress{kOtherMac});
  EXPECT_EQ(x.count_packets_to(kFar, 0_s), 1u);
  // Rate limited.
  int redirects = 1;
  for (int i = 0; i < 100; ++i) x.send_packet("2001:db8:1::1"_ip6, x.empty_packet(kTesterGlobal, kFar), kTesterMac);
  while (x.recv<RedirectView>(0_s)) ++redirects;
  EXPECT_EQ(redirects, 10);
}

TEST(RedirectedRouter, ChangesNothing) {  // §8.2
  Exchange x({.forwarding = true});
  x.settle();
  x.send_nd({kTester, x.link_local()}, Redirect{kBetter, kFar});
  EXPECT_EQ(x.drops(kNdRedirectToRouter), 1u);
}

}  // namespace
}  // namespace kamesim
