// The router advertisement and solicitation daemons, packet by packet (RFC 4861 §6.2, §6.3.7).
#include "protocols/ip6/nd_trace.h"
#include "protocols/rtadvd/rtadvd.h"
#include "protocols/rtsold/rtsold.h"
#include "tests/unit/nd/exchange.h"

namespace kamesim {
namespace {

using namespace testing;

class AdvertisingRouter : public ::testing::Test {
 protected:
  AdvertisingRouter() : x({.forwarding = true}), daemon(x.sockets) {
    x.stack.add_address(x.interface, {.address = "2001:db8:1::1"_ip6});
  }
  void solicit(const Ipv6Address& source = kTester) {
    x.send_nd({source, kAllRoutersLinkLocal}, RouterSolicitation{}, SourceLinkLayerAddress{kTesterMac});
  }
  // Past the three initial advertisements.
  void pass_initial() {
    for (int i = 0; i < 3; ++i) x.recv<RouterAdvertisementView>(20_s);
  }
  Exchange x;
  RouterAdvertisementDaemon daemon;
};

TEST_F(AdvertisingRouter, BeginsWhenItsLinkLocalAddressIsAssigned) {  // §6.2.2
  daemon.advertise(x.interface);
  const auto ra = x.recv<RouterAdvertisementView>(5_s);
  ASSERT_TRUE(ra);
  EXPECT_GT(ra->time, at(1_s));  // after Duplicate Address Detection
  EXPECT_EQ(ra->source, x.link_local());
  EXPECT_EQ(ra->destination, kAllNodesLinkLocal);
  EXPECT_EQ(ra->hop_limit, 255);
  EXPECT_EQ(ra->option<PrefixInformation>()->prefix(), kPrefix);  // AdvPrefixList's default
  EXPECT_EQ(ra->option<SourceLinkLayerAddress>()->address, x.nic.mac());
  EXPECT_EQ(x.recv<RouterAdvertisementView>(20_s)->time, ra->time + 16_s);
}

TEST_F(AdvertisingRouter, AnswersASolicitationSoon) {  // §6.2.6
  daemon.advertise(x.interface);
  pass_initial();
  x.run(10_s);
  const Time asked = x.now();
  solicit();
  const auto ra = x.recv<RouterAdvertisementView>(1_s);
  ASSERT_TRUE(ra);
  EXPECT_LE(ra->time - asked, 500_ms);
  EXPECT_EQ(ra->destination, kAllNodesLinkLocal);
}

TEST_F(AdvertisingRouter, AnswersByUnicastIfTold) {  // §6.2.6
  daemon.advertise(x.interface, {.unicast_answers = true});
  pass_initial();
  x.run(10_s);
  solicit();
  const auto ra = x.recv<RouterAdvertisementView>(1_s);
  ASSERT_TRUE(ra);
  EXPECT_EQ(ra->destination, kTester);
  EXPECT_EQ(ra->to_mac, kTesterMac);
  EXPECT_EQ(daemon.counters().unicast_sent, 1u);
}

TEST_F(AdvertisingRouter, CeasesWithZeroLifetime) {  // §6.2.5
  daemon.advertise(x.interface);
  pass_initial();
  x.run(10_s);
  daemon.cease(x.interface);
  for (int i = 0; i < 3; ++i) {
    const auto ra = x.recv<RouterAdvertisementView>(5_s);
    ASSERT_TRUE(ra);
    EXPECT_EQ(ra->view().value().router_lifetime, 0_s);
  }
  solicit();
  EXPECT_FALSE(x.recv<RouterAdvertisementView>(1000_s));
}

TEST_F(AdvertisingRouter, AdvertisesAgainAfterTheLinkCameBack) {
  daemon.advertise(x.interface);
  pass_initial();
  x.lan.set_up(false);
  x.run(100_s);
  x.lan.set_up(true);
  EXPECT_TRUE(x.recv<RouterAdvertisementView>(5_s));
}

TEST_F(AdvertisingRouter, UsesItsVariablesItself) {  // §6.2.1
  daemon.advertise(x.interface, {.adv_link_mtu = 1400, .adv_retrans_timer = 250_ms, .adv_cur_hop_limit = 17});
  EXPECT_EQ(x.interface.mtu(), 1400u);
  EXPECT_EQ(x.interface.cur_hop_limit, 17);
  EXPECT_EQ(x.nd().retrans_timer(), 250_ms);
  EXPECT_THROW(daemon.advertise(x.interface, {.adv_link_mtu = 1000}), SimulationError);
  EXPECT_EQ(daemon.config(x.interface)->adv_link_mtu, 1400u);
}

TEST_F(AdvertisingRouter, CountsContradictionsOfOtherRouters) {  // §6.2.7
  daemon.advertise(x.interface);
  pass_initial();
  RouterAdvertisement other = kRouter;
  other.managed = true;
  other.cur_hop_limit = 32;
  x.send_nd({kTester, kAllNodesLinkLocal}, other);
  EXPECT_EQ(daemon.counters().inconsistent, 2u);
  EXPECT_EQ(x.traced(kTraceInconsistentRouter), 2u);
}

class SolicitingHost : public ::testing::Test {
 protected:
  void run_daemon(const RouterSolicitorConfig& config = {}) {
    daemon.emplace(x.stack, config);
    daemon->run_on(x.interface);
  }
  void advertise() { x.send_nd({kTester, kAllNodesLinkLocal}, kRouter); }
  Exchange x;
  std::optional<RouterSolicitationDaemon> daemon;
};

TEST_F(SolicitingHost, AsksThreeTimesFourSecondsApart) {  // §6.3.7, without RFC 7559
  run_daemon({.resilient = false});
  const auto first = x.recv<RouterSolicitationView>(1_s);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->destination, kAllRoutersLinkLocal);
  EXPECT_EQ(first->source, kUnspecified);  // the link-local address is tentative
  EXPECT_FALSE(first->option<SourceLinkLayerAddress>());
  const auto second = x.recv<RouterSolicitationView>(5_s);
  EXPECT_EQ(second->time, first->time + 4_s);
  EXPECT_EQ(second->source, x.link_local());
  EXPECT_EQ(second->option<SourceLinkLayerAddress>()->address, x.nic.mac());
  EXPECT_EQ(x.recv<RouterSolicitationView>(5_s)->time, first->time + 8_s);
  EXPECT_FALSE(x.recv<RouterSolicitationView>(60_s));
  EXPECT_EQ(x.traced(kTraceRsSent), 3u);
}

TEST_F(SolicitingHost, GoesOnAtIntervalsThatDoubleUpToAnHour) {  // RFC 7559 §2
  run_daemon();
  Time last = x.recv<RouterSolicitationView>(1_s)->time;
  Duration interval = 2_s;
  for (int n = 0; n < 14; ++n) {
    const auto next = x.recv<RouterSolicitationView>(4000_s);
    ASSERT_TRUE(next);
    const Duration now = next->time - last;
    EXPECT_GE(now, std::min(2 * interval, 3600_s)) << n;
    EXPECT_LE(now, std::min((2 * interval).scaled(1.1), 3960_s)) << n;
    interval = now;
    last = next->time;
  }
  EXPECT_GE(interval, 3600_s);
  RouterAdvertisement no_default_router = kRouter;
  no_default_router.router_lifetime = Duration();
  x.send_nd({kTester, kAllNodesLinkLocal}, no_default_router);  // §2.1: "it does not result in a default route"
  EXPECT_TRUE(x.recv<RouterSolicitationView>(4000_s));
  advertise();
  EXPECT_FALSE(x.recv<RouterSolicitationView>(8000_s));
}

TEST_F(SolicitingHost, LeavesAnInterfaceAloneWhereAMobileNodeSolicits) {  // RFC 6275 §11.5.1
  run_daemon();
  x.interface.routers_solicited_elsewhere = true;
  EXPECT_FALSE(x.recv<RouterSolicitationView>(60_s));
}

TEST_F(SolicitingHost, ForgetsAnInterfaceThatIsRemoved) {
  run_daemon();
  RouterAdvertisementDaemon rtadvd(x.sockets);
  rtadvd.advertise(x.interface);
  x.stack.remove_interface(x.interface);
  x.run(60_s);  // nothing refers to it any more
  EXPECT_EQ(x.traced(kTraceRsSent), 0u);
  EXPECT_EQ(x.traced(kTraceRaSent), 0u);
}

TEST_F(SolicitingHost, DesistsOnceAnswered) {  // §6.3.7
  run_daemon();
  ASSERT_TRUE(x.recv<RouterSolicitationView>(1_s));
  advertise();
  EXPECT_FALSE(x.recv<RouterSolicitationView>(60_s));
}

TEST_F(SolicitingHost, AsksOnceThoughItHeardARouterBefore) {  // §6.3.7
  run_daemon();
  advertise();
  EXPECT_TRUE(x.recv<RouterSolicitationView>(1_s));
}

TEST_F(SolicitingHost, AsksAtOnceOnANewLinkIfTold) {  // §6.3.7
  run_daemon({.immediate_on_handoff = true});
  x.settle(60_s);
  x.lan.detach(x.nic);
  Lan& other = x.simulation.add_medium<Lan>("other", LinkConfig{});
  TesterPort there(other);
  other.attach(x.nic);
  const auto frame = there.recv(1_s);
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame->time, at(60_s));
  EXPECT_EQ(Ipv6HeaderView::check(EthernetHeaderView::check(frame->bytes)->payload())->destination(),
            kAllRoutersLinkLocal);
}

TEST_F(SolicitingHost, DoesNotSpeakAsAnOptimisticAddress) {  // RFC 4429 §3.2
  run_daemon();
  x.settle(60_s);
  x.interface.link_local()->state = AddressState::Optimistic;
  daemon->solicit(x.interface);
  const auto rs = x.recv<RouterSolicitationView>(1_s);
  ASSERT_TRUE(rs);
  EXPECT_EQ(rs->source, kUnspecified);
  EXPECT_FALSE(rs->option<SourceLinkLayerAddress>());
}

TEST_F(SolicitingHost, AsksWhenAsked) {
  run_daemon();
  x.settle(60_s);
  daemon->solicit(x.interface);
  EXPECT_EQ(x.recv<RouterSolicitationView>(1_s)->time, at(60_s));
  x.lan.set_up(false);
  daemon->solicit(x.interface);
  EXPECT_FALSE(x.recv<RouterSolicitationView>(60_s));
}

TEST(HostAndRouter, ConfigureTheHostWithinAFewSeconds) {
  Exchange router({.forwarding = true});
  router.stack.add_address(router.interface, {.address = "2001:db8:1::1"_ip6});
  RouterAdvertisementDaemon rtadvd(router.sockets);
  rtadvd.advertise(router.interface);
  Node& node = router.simulation.add_node("host");
  Ip6Stack stack(node);
  RouterSolicitationDaemon rtsold(stack);
  Nic& nic = node.add_nic();
  EthernetInterface& interface = stack.add_interface(nic);
  rtsold.run_on(interface);
  router.lan.attach(nic);
  router.simulation.run_until(at(6_s));
  const InterfaceAddress* source = stack.select_source("2001:db8:ffff::1"_ip6, &interface);
  ASSERT_NE(source, nullptr);
  EXPECT_EQ(source->address, with_interface_id(kPrefix, InterfaceId::eui64(nic.mac())));
  EXPECT_EQ(stack.route_to("2001:db8:ffff::1"_ip6, nullptr).next_hop, router.link_local());
}

}  // namespace
}  // namespace kamesim
