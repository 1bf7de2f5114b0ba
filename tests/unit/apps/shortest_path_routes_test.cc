#include "protocols/host/shortest_path_routes.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <numeric>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "protocols/host/host.h"
#include "sim/node.h"
#include "sim/simulation.h"
#include "sim/topology/shortest_paths.h"

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
    reserved.reserve(128);  // so that references stay good
    return reserved;
  }();
};

std::optional<Route> route(Host& host, const char* destination) {
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
  const auto r = route(left, "2001:db8:4::1");
  ASSERT_TRUE(r);
  EXPECT_EQ(r->interface, near.routers[0]);
  EXPECT_EQ(r->next_hop, with_interface_id(kLinkLocalPrefix, InterfaceId::eui64(near.routers[1]->nic()->mac())));
  EXPECT_EQ(r->origin, RouteOrigin::Daemon);
  EXPECT_FALSE(route(left, "2001:db8:1::1"));
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
  const auto r = route(host, "2001:db8:99::1");
  ASSERT_TRUE(r);
  EXPECT_EQ(r->prefix.length(), 0u);
  EXPECT_EQ(r->interface, link.default_hosts[0]);
}

TEST(ShortestPathRoutes, JoinNeighbouringPrefixesOfOneWay) {
  Map map;
  Host &one = map.router("one"), &two = map.router("two");
  Subnet& between = map.subnet("2001:db8:ffff::/64", 1_ms);
  map.join(between, one);
  map.join(between, two);
  for (const char* prefix : {"2001:db8:0:0::/64", "2001:db8:0:1::/64", "2001:db8:0:2::/64", "2001:db8:0:3::/64",
                             "2001:db8:0:4::/64", "2001:db8:0:6::/64"}) {
    map.join(map.subnet(prefix, 1_ms), two);
  }
  EXPECT_EQ(map.install(), 3u);
  EXPECT_EQ(route(one, "2001:db8:0:2::1")->prefix, *Ipv6Prefix::parse("2001:db8::/62"));
  EXPECT_EQ(route(one, "2001:db8:0:4::1")->prefix, *Ipv6Prefix::parse("2001:db8:0:4::/64"));
  EXPECT_FALSE(route(one, "2001:db8:0:5::1"));
}

TEST(ShortestPathRoutes, LeaveOutAPartThatIsElsewhere) {
  Map map;
  Host &one = map.router("one"), &left = map.router("left"), &right = map.router("right");
  Subnet &to_left = map.subnet("2001:db8:ffff::/64", 1_ms), &to_right = map.subnet("2001:db8:fffe::/64", 1_ms);
  for (auto [subnet, router] : {std::pair{&to_left, &one}, {&to_left, &left}, {&to_right, &one}, {&to_right, &right}}) {
    map.join(*subnet, *router);
  }
  map.join(map.subnet("2001:db8::/48", 1_ms), left);
  map.join(map.subnet("2001:db8:0:1::/64", 1_ms), right);
  map.join(map.subnet("2001:db8:0:2::/64", 1_ms), left);
  map.install();
  EXPECT_EQ(route(one, "2001:db8:0:1::1")->interface, to_right.routers[0]);
  EXPECT_EQ(route(one, "2001:db8:0:2::1")->interface, to_left.routers[0]);
  EXPECT_EQ(route(one, "2001:db8:0:3::1")->interface, to_left.routers[0]);
}

// Any map, a tree with some more links: each router's next hop to each subnet is the one of that subnet's own tree of
// shortest paths, made without regard to what hangs on what, and no route leads where no subnet is.
class ShortestPathRoutesOfAnyMap : public testing::TestWithParam<unsigned> {};

TEST_P(ShortestPathRoutesOfAnyMap, AreThoseOfTheTreesOfItsSubnets) {
  std::mt19937 random(GetParam());
  const auto below = [&random](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  constexpr std::size_t kRouters = 24, kParts = 2;  // two parts without a link between them
  Map map;
  std::vector<Host*> routers;
  for (std::size_t i = 0; i < kRouters; ++i) routers.push_back(&map.router(("r" + std::to_string(i)).c_str()));
  std::vector<std::vector<std::size_t>> members;  // routers of each subnet
  for (std::size_t i = kParts; i < kRouters; ++i) members.push_back({i, i % kParts + kParts * below(i / kParts)});
  for (std::size_t i = 0; i < GetParam() % 4; ++i) {
    const std::size_t part = below(kParts);
    members.push_back({part + kParts * below(kRouters / kParts), part + kParts * below(kRouters / kParts)});
    if (members.back()[0] == members.back()[1]) members.pop_back();
  }
  for (std::size_t i = 0; i < 5; ++i) {  // LANs, a third router on each
    const std::size_t subnet = below(members.size());
    const std::size_t part = members[subnet][0] % kParts;
    const std::size_t third = part + kParts * below(kRouters / kParts);
    if (std::ranges::find(members[subnet], third) == members[subnet].end()) members[subnet].push_back(third);
  }
  for (std::size_t i = 0; i < 40; ++i) members.push_back({below(kRouters)});  // networks of one router
  std::ranges::shuffle(members, random);

  std::vector<std::size_t> numbers(2 * members.size());  // of prefixes, half of which nobody has
  std::iota(numbers.begin(), numbers.end(), 0);
  if (GetParam() % 2 == 0) std::ranges::shuffle(numbers, random);
  const auto prefix = [](std::size_t n) {
    return Ipv6Prefix(Ipv6Address::from_halves(0x2001'0db8'0000'0000 | n, 0), 64);
  };
  Topology graph;
  for (std::size_t i = 0; i < members.size() + kRouters; ++i) graph.add_vertex({.name = {}, .place = {}});
  std::vector<VertexId> vertex(kRouters, kNoVertex);  // in the order in which subnets name them
  auto next = static_cast<VertexId>(members.size());
  std::vector<EthernetInterface*> interfaces;  // by edge
  for (std::size_t i = 0; i < members.size(); ++i) {
    const Duration delay = Duration::milliseconds(static_cast<std::int64_t>(below(3)));
    Subnet& subnet = map.subnet(prefix(numbers[i]).to_string().c_str(), delay);
    for (const std::size_t router : members[i]) {
      map.join(subnet, *routers[router]);
      if (vertex[router] == kNoVertex) vertex[router] = next++;
      graph.add_edge(vertex[router], static_cast<VertexId>(i), {.delay = delay});
      interfaces.push_back(subnet.routers.back());
    }
  }
  map.install();

  for (std::size_t i = 0; i < members.size(); ++i) {
    const DestinationTree tree = shortest_paths_from(graph, static_cast<VertexId>(i));
    for (std::size_t router = 0; router < kRouters; ++router) {
      SCOPED_TRACE(testing::Message() << "router " << router << ", " << prefix(numbers[i]).to_string());
      const auto found = routers[router]->stack().routes().lookup(prefix(numbers[i]).host(1));
      const VertexId by = vertex[router] == kNoVertex ? kNoVertex : tree.next_hop[vertex[router]];
      if (by == kNoVertex || by == i) {
        EXPECT_FALSE(found);
        continue;
      }
      ASSERT_TRUE(found);
      EXPECT_EQ(found->interface, interfaces[tree.next_edge[vertex[router]]]);
      const EthernetInterface& neighbor = *interfaces[tree.next_edge[by]];
      EXPECT_EQ(found->next_hop, with_interface_id(kLinkLocalPrefix, InterfaceId::eui64(neighbor.nic()->mac())));
    }
  }
  for (std::size_t i = members.size(); i < numbers.size(); ++i) {
    for (Host* router : routers) EXPECT_FALSE(router->stack().routes().lookup(prefix(numbers[i]).host(1)));
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, ShortestPathRoutesOfAnyMap, testing::Range(0u, 200u));

}  // namespace
}  // namespace kamesim
