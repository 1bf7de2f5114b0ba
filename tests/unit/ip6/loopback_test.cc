// The loopback interface, which a node has from the start, though it is made when it is first needed.
#include <gtest/gtest.h>

#include <vector>

#include "protocols/ip6/stack.h"
#include "sim/node.h"
#include "sim/simulation.h"

namespace kamesim {
namespace {

constexpr Ipv6Prefix kItself(kLoopback, 128);

struct Told final : RoutingListener {
  void on_routing_message(const RoutingMessage& message) override { kinds.push_back(message.kind); }
  std::vector<RoutingMessage::Kind> kinds;
};

struct Machine {
  Simulation simulation;
  Ip6Stack stack{simulation.add_node("n")};
  EthernetInterface& link{stack.add_interface(stack.node().add_nic())};
};

TEST(Loopback, IsTheFirstInterfaceAndHasItsAddress) {
  Machine m;
  EXPECT_EQ(m.link.index(), 2u);
  ASSERT_EQ(m.stack.interfaces().size(), 2u);
  EXPECT_EQ(m.stack.interfaces()[0].get(), &m.stack.loopback());
  EXPECT_EQ(m.stack.interfaces()[1].get(), &m.link);
  EXPECT_EQ(m.stack.loopback().index(), 1u);
  EXPECT_EQ(m.stack.find_interface("lo"), &m.stack.loopback());
  ASSERT_EQ(m.stack.loopback().addresses().size(), 1u);
  EXPECT_TRUE(m.stack.loopback().addresses().back()->assigned());
}

TEST(Loopback, TakesWhatGoesToItsAddressFromTheFirstPacketOn) {
  Machine m;
  m.stack.add_route({.prefix = {}, .interface = &m.link, .next_hop = "fe80::1"_ip6});
  const Destination& to = m.stack.route_to(kLoopback, nullptr);
  EXPECT_EQ(to.kind, RouteKind::Local);
  EXPECT_TRUE(to.interface->is_loopback());
  const InterfaceAddress* source = m.stack.select_source(kLoopback, to.interface);
  ASSERT_NE(source, nullptr);
  EXPECT_EQ(source->address, kLoopback);
}

TEST(Loopback, ItsAddressIsTheNodesOwn) {
  Machine m;
  ASSERT_NE(m.stack.find_own_address(kLoopback, nullptr), nullptr);
  EXPECT_EQ(m.stack.find_own_address(kLoopback, &m.link), m.stack.loopback().addresses().back());
}

TEST(Loopback, ItsRouteIsInTheTable) {
  Machine m;
  const auto route = m.stack.routes().lookup(kLoopback);
  ASSERT_TRUE(route);
  EXPECT_EQ(route->prefix, kItself);
  EXPECT_EQ(route->kind, RouteKind::Local);
  EXPECT_EQ(route->origin, RouteOrigin::Connected);
  EXPECT_EQ(route->interface, &m.stack.loopback());
}

TEST(Loopback, WhatIsKnownOfDestinationsOutlivesItsMaking) {
  Machine m;
  const Ipv6Address far = "2001:db8:2::1"_ip6;
  m.stack.add_route({.prefix = {}, .interface = &m.link, .next_hop = "fe80::1"_ip6});
  m.stack.route_to(far, nullptr);
  ASSERT_EQ(m.stack.destinations().size(), 1u);
  m.stack.loopback();
  ASSERT_EQ(m.stack.destinations().size(), 1u);
  EXPECT_EQ(m.stack.destinations()[0].address, far);
}

TEST(Loopback, NobodyIsToldOfItsMaking) {
  Machine m;
  Told told;
  m.stack.add_listener(told);
  m.stack.loopback();
  EXPECT_TRUE(told.kinds.empty());
  m.stack.add_route({.prefix = {}, .interface = &m.link, .next_hop = "fe80::1"_ip6});
  EXPECT_EQ(told.kinds, std::vector{RoutingMessage::Kind::RouteAdded});
  m.stack.remove_listener(told);
}

TEST(Loopback, OtherLinksAreListedWithoutIt) {
  Machine m;
  ASSERT_EQ(m.stack.links().size(), 1u);
  EXPECT_EQ(m.stack.links()[0].get(), &m.link);
}

}  // namespace
}  // namespace kamesim
