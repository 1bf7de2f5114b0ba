// A power cycle at the level of C++: what a host keeps, what it loses, and who is told.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "protocols/apps/udp_flow.h"
#include "protocols/host/host.h"
#include "protocols/ip6/neighbor_discovery.h"
#include "sim/lan.h"
#include "sim/node.h"
#include "sim/simulation.h"

namespace kamesim {
namespace {

class TwoNodes : public ::testing::Test {
 protected:
  TwoNodes() {
    for (Host* each : {&host, &router}) {
      Nic& nic = each->node().add_nic();
      lan.attach(nic);
      each->add_interface(nic);
    }
    router.stack().add_address(on(router), {.address = kRouter});
    router.router_advertisements().advertise(on(router), {.max_rtr_adv_interval = 10_s});
  }

  static EthernetInterface& on(Host& host) { return *host.stack().interface_on(*host.node().nics().front()); }
  void run(Duration d) { simulation.run_until(simulation.now() + d); }
  static std::vector<std::string> manual(Host& host) {
    std::vector<std::string> texts;
    for (const auto& a : on(host).addresses()) {
      if (a->origin == AddressOrigin::Manual) texts.push_back(a->address.to_string());
    }
    return texts;
  }

  const Ipv6Address kRouter = *Ipv6Address::parse("2001:db8:1::1");
  const Ipv6Address kHost = *Ipv6Address::parse("2001:db8:1::77");
  Simulation simulation{3};
  Lan& lan = simulation.add_medium<Lan>("lan", LinkConfig{.delay = 10_us});
  Host host{simulation.add_node("host")};
  Host router{simulation.add_node("router"), Ip6Config{.forwarding = true, .accept_router_advertisements = false}};
};

TEST_F(TwoNodes, CountsGoFarAndStayOverAReboot) {
  using Counted = Ip6Stack::Counted;
  constexpr std::uint64_t kBeyond = std::uint64_t{1} << 32;
  host.stack().set_counters({.received = 7, .delivered = kBeyond - 1, .forwarded = 3 * kBeyond, .sent = 2 * kBeyond - 1});
  for (const Counted what : {Counted::Received, Counted::Delivered, Counted::Forwarded, Counted::Sent}) {
    host.stack().count(what);
  }
  host.reboot();
  const Ip6Stack::Counters counters = host.stack().counters();
  EXPECT_EQ(counters.received, 8u);
  EXPECT_EQ(counters.delivered, kBeyond);
  EXPECT_EQ(counters.forwarded, 3 * kBeyond + 1);
  EXPECT_EQ(counters.sent, 2 * kBeyond);
  host.stack().set_counters({});
  EXPECT_EQ(host.stack().counters().forwarded, 0u);
}

TEST_F(TwoNodes, StateIsLostAndConfigurationKept) {
  host.stack().add_address(on(host), {.address = kHost});
  host.stack().routes().add({.prefix = *Ipv6Prefix::parse("2001:db8:9::/64"), .interface = &on(host),
                             .next_hop = kRouter, .origin = RouteOrigin::Static});
  host.stack().mutable_config().multicast_hop_limit = 7;
  run(20_s);
  ASSERT_EQ(on(host).nd()->routers().default_routers().routers().size(), 1u);
  ASSERT_GT(on(host).nd()->cache().size(), 0u);
  const Ip6Stack* const stack = &host.stack();
  const auto sent = host.stack().counters().sent;

  host.reboot();
  EXPECT_EQ(&host.stack(), stack);  // whoever holds a reference may go on
  EXPECT_EQ(host.boots(), 2u);
  EXPECT_TRUE(on(host).nd()->routers().default_routers().routers().empty());
  EXPECT_EQ(on(host).nd()->cache().size(), 0u);
  EXPECT_EQ(manual(host), std::vector<std::string>{"2001:db8:1::77"});
  EXPECT_EQ(on(host).find_address(kHost)->state, AddressState::Tentative);
  EXPECT_TRUE(host.stack().routes().lookup(*Ipv6Address::parse("2001:db8:9::5")));
  EXPECT_EQ(host.stack().config().multicast_hop_limit, 7);
  EXPECT_GE(host.stack().counters().sent, sent);
  EXPECT_FALSE(host.quiet_from());
  run(20_s);
  EXPECT_TRUE(on(host).find_address(kHost)->assigned());
  EXPECT_EQ(on(host).nd()->routers().default_routers().routers().size(), 1u);
  EXPECT_EQ(host.quiet_from(), simulation.now());
}

TEST_F(TwoNodes, TheNicLeavesTheGroupsOfTheFormerStack) {
  run(10_s);
  const auto group = multicast_mac(*Ipv6Address::parse("ff02::1:ff00:77"));
  host.stack().add_address(on(host), {.address = kHost});
  const Nic& nic = *host.node().nics().front();
  EXPECT_TRUE(nic.accepts(group.data()));
  host.stack().remove_address(on(host), kHost);
  host.stack().add_address(on(host), {.address = kHost, .valid_until = simulation.now() + 1_s});
  run(500_ms);
  host.reboot();
  EXPECT_TRUE(nic.accepts(group.data()));  // still its address
  run(1_s);
  EXPECT_FALSE(nic.accepts(group.data()));
}

TEST_F(TwoNodes, ListenersAndBootStepsAreTold) {
  struct Listener final : PowerListener {
    explicit Listener(Host& h) : host(h) { host.add_power_listener(*this); }
    ~Listener() { host.remove_power_listener(*this); }
    void on_power_off() override { said += "off "; }
    void on_power_on() override { said += "on "; }
    Host& host;
    std::string said;
  } listener(host);
  host.at_boot([&](Host&) { listener.said += "boot "; });
  host.reboot();
  host.reboot();
  EXPECT_EQ(listener.said, "off boot on off boot on ");
}

TEST_F(TwoNodes, APingEndsAndAFlowGoesOn) {
  run(10_s);
  UdpFlowReceiver receiver(router.sockets(), 1, 9000);
  struct Sender final : PowerListener {
    Sender(Host& h, const UdpFlowConfig& config) : host(h), flow(h.sockets(), config) { host.add_power_listener(*this); }
    ~Sender() { host.remove_power_listener(*this); }
    void on_power_off() override { flow.power_off(); }
    void on_power_on() override { flow.power_on(host.sockets()); }
    Host& host;
    UdpFlowSender flow;
  } sender(host, {.flow_id = 1, .destination = kRouter, .destination_port = 9000, .rate = 10});
  const Ping& ping = host.ping({.destination = kRouter, .count = 1000, .interval = 100_ms});
  run(2_s);
  const auto answered = ping.received();
  const auto port = sender.flow.source_port();
  EXPECT_GT(answered, 0u);
  host.reboot();
  run(10_s);
  EXPECT_EQ(ping.received(), answered);
  EXPECT_FALSE(ping.sending());
  EXPECT_EQ(sender.flow.sent(), 121u);
  EXPECT_EQ(sender.flow.source_port(), port);
  EXPECT_GT(receiver.arrivals().size(), 70u);
}

TEST_F(TwoNodes, DecrementingLifetimesGoOn) {  // RFC 4861 §6.2.1, AdvPrefixList
  const Ipv6Prefix prefix = *Ipv6Prefix::parse("2001:db8:1::/64");
  router.router_advertisements().advertise(
      on(router), {.max_rtr_adv_interval = 10_s,
                   .adv_prefix_list = std::vector{AdvertisedPrefix{.prefix = prefix,
                                                                   .adv_valid_lifetime = 1000_s,
                                                                   .adv_preferred_lifetime = 500_s,
                                                                   .lifetimes_decrement = true}}});
  run(100_s);
  router.reboot();
  run(100_s);
  router.reboot();
  const RouterAdvertisementConfig* config = router.router_advertisements().config(on(router));
  ASSERT_NE(config, nullptr);
  EXPECT_EQ(config->adv_prefix_list->front().adv_valid_lifetime, 800_s);
  EXPECT_EQ(config->adv_prefix_list->front().adv_preferred_lifetime, 300_s);
}

TEST_F(TwoNodes, EachBootDrawsOtherNumbers) {
  const auto first = host.node().stream("x").next_u64();
  EXPECT_EQ(host.node().stream("x").next_u64(), first);
  host.reboot();
  EXPECT_NE(host.node().stream("x").next_u64(), first);
}

TEST_F(TwoNodes, AHostThatBecomesARouterForgetsItsRouters) {
  run(20_s);
  ASSERT_FALSE(on(host).nd()->routers().default_routers().routers().empty());
  host.set_forwarding(true);
  EXPECT_TRUE(on(host).nd()->routers().default_routers().routers().empty());
  EXPECT_TRUE(on(host).in_group(kAllRoutersLinkLocal));
  EXPECT_FALSE(host.stack().routes().lookup(*Ipv6Address::parse("2001:db8:9::5")));
  run(40_s);  // advertisements come, and are not for it
  EXPECT_TRUE(on(host).nd()->routers().default_routers().routers().empty());
  host.set_forwarding(false);
  EXPECT_FALSE(on(host).in_group(kAllRoutersLinkLocal));
  run(20_s);
  EXPECT_FALSE(on(host).nd()->routers().default_routers().routers().empty());
}

TEST_F(TwoNodes, AStaticNeighborStaysAsItWasGiven) {
  run(10_s);
  const MacAddress wrong = *MacAddress::parse("02:00:00:00:00:99");
  on(host).nd()->add_static_neighbor({kRouter, wrong, true});
  const Ping& ping = host.ping({.destination = kRouter, .count = 1});
  run(60_s);
  EXPECT_EQ(ping.received(), 0u);
  router.ping({.destination = on(host).addresses().back()->address, .count = 2});  // its solicitation tells the truth
  run(10_s);
  EXPECT_EQ(on(host).nd()->cache().find(kRouter)->mac, wrong);
  host.reboot();
  EXPECT_EQ(on(host).nd()->cache().find(kRouter)->mac, wrong);
  EXPECT_TRUE(on(host).nd()->remove_neighbor(kRouter));
  EXPECT_FALSE(on(host).nd()->remove_neighbor(kRouter));
  run(10_s);
  const Ping& again = host.ping({.destination = kRouter, .count = 1});
  run(5_s);
  EXPECT_EQ(again.received(), 1u);
}

TEST_F(TwoNodes, PacketsThatWaitGoToANewStaticNeighbor) {
  run(10_s);
  const Ipv6Address absent = *Ipv6Address::parse("2001:db8:1::dead");
  host.ping({.destination = absent, .count = 1});
  run(100_ms);
  ASSERT_EQ(on(host).nd()->cache().find(absent)->queue.size(), 1u);
  const auto sent = host.node().nics().front()->counters().sent_frames;
  on(host).nd()->add_static_neighbor({absent, router.node().nics().front()->mac()});
  EXPECT_EQ(host.node().nics().front()->counters().sent_frames, sent + 1);
  EXPECT_TRUE(on(host).nd()->cache().find(absent)->queue.empty());
}

TEST_F(TwoNodes, ADefaultRouterByHand) {
  run(20_s);
  RouterDiscovery& routers = on(host).nd()->routers();
  const Ipv6Address other = *Ipv6Address::parse("fe80::99");
  EXPECT_TRUE(routers.set_router(other, 30_s, RouterPreference::High));
  EXPECT_EQ(routers.selected(), other);  // RFC 4191 §3.2
  run(29_s);
  EXPECT_TRUE(routers.is_default_router(other));
  run(2_s);
  EXPECT_FALSE(routers.is_default_router(other));
  EXPECT_TRUE(routers.set_router(other, Duration::max(), RouterPreference::Low));
  EXPECT_TRUE(routers.is_default_router(other));
  EXPECT_NE(routers.selected(), other);
  routers.set_router(other, Duration(), RouterPreference::Low);
  EXPECT_FALSE(routers.is_default_router(other));
}

TEST_F(TwoNodes, AnAddressWithoutDadExpiresToo) {  // RFC 4862 §5.5.4
  run(10_s);
  host.stack().add_address(on(host), {.address = kHost, .skip_dad = true, .preferred_until = simulation.now() + 5_s,
                                      .valid_until = simulation.now() + 9_s});
  EXPECT_EQ(on(host).find_address(kHost)->state, AddressState::Preferred);
  run(6_s);
  EXPECT_EQ(on(host).find_address(kHost)->state, AddressState::Deprecated);
  run(4_s);
  EXPECT_EQ(on(host).find_address(kHost), nullptr);
}

TEST_F(TwoNodes, TheDestinationCacheFollowsTheMtu) {
  run(10_s);
  host.stack().add_address(on(host), {.address = kHost, .skip_dad = true});
  EXPECT_EQ(host.stack().route_to(kRouter, nullptr).mtu, 1500u);
  lan.set_config({.delay = 10_us, .mtu = 1400});
  EXPECT_EQ(host.stack().route_to(kRouter, nullptr).mtu, 1400u);
  on(host).set_configured_mtu(1300);
  EXPECT_EQ(host.stack().route_to(kRouter, nullptr).mtu, 1300u);
  EXPECT_FALSE(host.stack().destinations().empty());
  host.stack().clear_destination_cache();
  EXPECT_TRUE(host.stack().destinations().empty());
}

}  // namespace
}  // namespace kamesim
