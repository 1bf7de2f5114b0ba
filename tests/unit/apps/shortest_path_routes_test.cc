#include "protocols/host/shortest_path_routes.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "protocols/host/host.h"
#include "sim/node.h"
#include "sim/simulation.h"

namespace kamesim {
namespace {

// Routers and subnets; `attach` joins the two.
class Map {
 public:
  Host& router(const char* name) { return add(name, true); }
  Host& host(const char* name) { return add(name, false); }
  Subnet& subnet(const char* prefix, Duration delay) {
    subnets_.push_back({.prefixes = {*Ipv6Prefix::parse(prefix)}, .delay = delay, .routers = {}, .default_hosts = {}});
    return subnets_.back();
  }
  EthernetInterface& attach(Host& host) { return host.add_interface(host.node().add_nic()); }
  void join(Subnet& subnet, Host& router) { subnet.routers.push_back(&attach(router)); }
  std::size_t install() { return install_shortest_path_routes(subnets_); }

 private:
  Host& add(const char* name, bool forwarding) {
    hosts_.push_back(std::make_unique<Host>(simulation_.add_node(name), Ip6Config{.forwarding = forwarding}));
    return *hosts_.back();
  }
  Simulation simulation_;
  std::vector<std::unique_ptr<Host>> hosts_;
  std::vector<Subnet> subnets_ = [] {
    std::vector<Subnet> reserved;
    reserved.reserve(16);  // so that references stay good
    return reserved;
  }();
};

const Route* route(Host& host, const char* destination) {
  return host.stack().routes().lookup(*Ipv6Address::parse(destination));
}

TEST(ShortestPathRoutes, GoByTheLeastSumOfDelays) {
  Map map;
  Host &left = map.router("left"), &middle = map.router("middle"), &right = map.router("right");
  Subnet &direct = map.subnet("2001:db8:1::/64", 10_ms), &near = map.subnet("2001:db8:2::/64", 4_ms);
  Subnet &far = map.subnet("2001:db8:3::/64", 4_ms), &edge = map.subnet("2001:db8:4::/64", 1_ms);
  for (auto [subnet, router] : {std::pair{&direct, &left}, {&direct, &right}, {&near, &left}, {&near, &middle},
                                {&far, &middle}, {&far, &right}, {&edge, &right}}) {
    map.join(*subnet, *router);
  }
  // To a subnet that a router is on it has a connected route; to every other, one of these.
  EXPECT_EQ(map.install(), 2u + 2u + 1u);
  const Route* r = route(left, "2001:db8:4::1");
  ASSERT_NE(r, nullptr);
  EXPECT_EQ(r->interface, near.routers[0]);
  EXPECT_EQ(r->next_hop, with_interface_id(kLinkLocalPrefix, InterfaceId::eui64(near.routers[1]->nic()->mac())));
  EXPECT_EQ(r->origin, RouteOrigin::Daemon);
  EXPECT_EQ(route(left, "2001:db8:1::1"), nullptr);
}

TEST(ShortestPathRoutes, ReplaceThoseOfAnEarlierCallAndLeaveOthers) {
  Map map;
  Host &one = map.router("one"), &two = map.router("two");
  Subnet &between = map.subnet("2001:db8:1::/64", 1_ms), &behind = map.subnet("2001:db8:2::/64", 1_ms);
  map.join(between, one);
  map.join(between, two);
  map.join(behind, two);
  one.stack().routes().add({.prefix = {}, .interface = between.routers[0], .origin = RouteOrigin::Static});
  EXPECT_EQ(map.install(), 1u);
  EXPECT_EQ(map.install(), 1u);
  EXPECT_EQ(route(one, "2001:db8:2::1")->origin, RouteOrigin::Daemon);
  behind.prefixes = {*Ipv6Prefix::parse("2001:db8:3::/64")};
  map.install();
  EXPECT_EQ(route(one, "2001:db8:2::1")->origin, RouteOrigin::Static);
  EXPECT_EQ(route(one, "2001:db8:3::1")->origin, RouteOrigin::Daemon);
}

TEST(ShortestPathRoutes, LeaveOutWhatCannotBeReached) {
  Map map;
  Host &one = map.router("one"), &two = map.router("two");
  Subnet &here = map.subnet("2001:db8:1::/64", 1_ms), &there = map.subnet("2001:db8:2::/64", 1_ms);
  map.join(here, one);
  map.join(there, two);
  EXPECT_EQ(map.install(), 0u);
}

TEST(ShortestPathRoutes, GiveHostsADefaultRoute) {
  Map map;
  Host &router = map.router("router"), &host = map.host("host");
  Subnet& link = map.subnet("2001:db8:1::/64", 1_ms);
  map.join(link, router);
  link.default_hosts.push_back(&map.attach(host));
  EXPECT_EQ(map.install(), 1u);
  const Route* r = route(host, "2001:db8:99::1");
  ASSERT_NE(r, nullptr);
  EXPECT_EQ(r->prefix.length(), 0u);
  EXPECT_EQ(r->interface, link.default_hosts[0]);
}

}  // namespace
}  // namespace kamesim
