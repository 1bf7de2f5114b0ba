#include "protocols/ip6/route_table.h"

#include <gtest/gtest.h>

#include <array>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "protocols/ip6/interface_address.h"
#include "sim/random.h"

namespace kamesim {
namespace {

// Interfaces are only compared here; any distinct addresses will do.
Ip6Interface* interface(int i) { return reinterpret_cast<Ip6Interface*>(static_cast<std::uintptr_t>(i)); }

Route route(const char* prefix, int out, std::uint32_t metric = 0) {
  return {.prefix = *Ipv6Prefix::parse(prefix), .interface = interface(out), .metric = metric};
}

int egress(const RouteTable& table, const char* destination) {
  const auto found = table.lookup(*Ipv6Address::parse(destination));
  return !found ? 0 : static_cast<int>(reinterpret_cast<std::uintptr_t>(found->interface));
}

TEST(RouteTable, TheLongestPrefixWins) {
  RouteTable table;
  table.add(route("::/0", 1));
  table.add(route("2001:db8::/32", 2));
  table.add(route("2001:db8:1::/48", 3));
  table.add(route("2001:db8:1::1/128", 4));
  EXPECT_EQ(egress(table, "2001:db9::1"), 1);
  EXPECT_EQ(egress(table, "2001:db8:2::1"), 2);
  EXPECT_EQ(egress(table, "2001:db8:1::2"), 3);
  EXPECT_EQ(egress(table, "2001:db8:1::1"), 4);
}

TEST(RouteTable, OfOnePrefixTheLowestMetricWins) {
  RouteTable table;
  table.add(route("2001:db8::/32", 1, 20));
  table.add(route("2001:db8::/32", 2, 10));
  EXPECT_EQ(egress(table, "2001:db8::1"), 2);
  table.remove(*Ipv6Prefix::parse("2001:db8::/32"), interface(2), {});
  EXPECT_EQ(egress(table, "2001:db8::1"), 1);
}

TEST(RouteTable, AZoneLimitsTheSearchToItsInterface) {
  RouteTable table;
  table.add(route("2001:db8::/64", 1));
  table.add(route("::/0", 2));
  EXPECT_EQ(table.lookup(*Ipv6Address::parse("2001:db8::1"), interface(2))->prefix.length(), 0u);
  EXPECT_FALSE(table.lookup(*Ipv6Address::parse("2001:db8::1"), interface(3)));
}

TEST(RouteTable, RoutesThatAreAsGoodAreToldOneByOne) {
  for (const int others : {0, 20, 2000}) {  // looked through, sorted, indexed
    RouteTable table;
    for (int i = 0; i < others; ++i) {
      table.add({.prefix = Ipv6Prefix(Ipv6Address::from_halves(0x2001'0db9'0000'0000 | static_cast<std::uint64_t>(i), 0), 64),
                 .interface = interface(100 + i)});
    }
    table.add(route("2001:db8::/32", 1, 10));
    table.add(route("2001:db8::/32", 2, 10));
    table.add(route("2001:db8::/32", 3, 20));
    table.add({.prefix = *Ipv6Prefix::parse("2001:db8::/32"), .interface = interface(4),
               .next_hop = *Ipv6Address::parse("fe80::1"), .metric = 10, .mtu = 1400});
    const auto best = table.lookup(*Ipv6Address::parse("2001:db8::1"));
    ASSERT_TRUE(best);
    EXPECT_EQ(table.equal_cost(*best, 0), best);
    EXPECT_EQ(table.equal_cost(*best, 1)->interface, interface(2));
    EXPECT_EQ(table.equal_cost(*best, 2)->mtu, 1400u);
    EXPECT_EQ(table.equal_cost(*best, 2)->next_hop, *Ipv6Address::parse("fe80::1"));
    EXPECT_FALSE(table.equal_cost(*best, 3));
  }
}

TEST(RouteTable, ARouteIsReplacedByOneToTheSameNextHop) {
  RouteTable table;
  Route given = route("2001:db8::/32", 1, 10);
  given.next_hop = *Ipv6Address::parse("fe80::1");
  table.add(given);
  given.metric = 5;
  given.mtu = 1300;
  table.add(given);
  EXPECT_EQ(table.size(), 1u);
  EXPECT_EQ(table.lookup(*Ipv6Address::parse("2001:db8::1")), given);
  EXPECT_EQ(table.all(), std::vector<Route>{given});
}

TEST(RouteTable, DefaultRoutesHaveTheirNextHops) {
  RouteTable table;
  const auto by = [](int out, const char* next_hop, std::uint32_t metric = 0) {
    Route r = route("::/0", out, metric);
    r.next_hop = *Ipv6Address::parse(next_hop);
    return r;
  };
  const Ipv6Address far = *Ipv6Address::parse("2001:db9::1");
  const Route first = by(1, "fe80::1"), second = by(1, "fe80::2"), worse = by(2, "fe80::3", 5);
  const Route to_some = [&] {
    Route r = by(3, "fe80::1");
    r.prefix = *Ipv6Prefix::parse("2001:db8::/32");
    return r;
  }();
  for (const Route& r : {worse, first, to_some, second}) table.add(r);
  EXPECT_EQ(table.size(), 4u);
  EXPECT_EQ(table.lookup(far), first);
  EXPECT_EQ(table.equal_cost(first, 1), second);
  EXPECT_EQ(table.lookup(*Ipv6Address::parse("2001:db8::1")), to_some);
  EXPECT_EQ(table.all(), (std::vector{first, second, worse, to_some}));
  table.add(first);
  EXPECT_EQ(table.size(), 4u);
  EXPECT_EQ(table.remove(first.prefix, interface(1), first.next_hop), 1u);
  EXPECT_EQ(table.lookup(far), second);
  EXPECT_EQ(table.remove(second.prefix, interface(1), second.next_hop), 1u);
  EXPECT_EQ(table.lookup(far), worse);
}

TEST(RouteTable, AChangeMovesTheGeneration) {
  RouteTable table;
  const auto before = table.generation();
  table.add(route("::/0", 1));
  EXPECT_NE(table.generation(), before);
  const auto between = table.generation();
  EXPECT_EQ(table.remove_if([](const Route&) { return false; }), 0u);
  EXPECT_EQ(table.generation(), between);
}

// Adds and removes routes at random, as many as so many prefixes allow, and compares each look-up with a linear search.
void compare_with_a_linear_search(std::uint64_t networks, double removals, int steps) {
  RandomStream random(7, 0, "test");
  RouteTable table;
  std::map<Ipv6Prefix, int> reference;
  for (int step = 0; step < steps; ++step) {
    // A small part of the address space, so that prefixes nest and destinations hit.
    const auto high = 0x2001'0db8'0000'0000 | random.below(networks) << 20;
    const std::uint64_t kind = random.below(20);
    const auto length = static_cast<unsigned>(kind == 0 ? 0 : kind < 3 ? 128 : kind < 6 ? 60 + random.below(10)
                                                                              : 32 + random.below(20));
    const Ipv6Prefix prefix(Ipv6Address::from_halves(high, 1), length);
    if (random.chance(removals)) {
      const std::size_t removed = step % 2 == 0 ? table.remove(prefix, interface(reference[prefix]), {})
                                                : table.remove_if([&](const Route& r) { return r.prefix == prefix; });
      EXPECT_LE(removed, 1u);
      reference.erase(prefix);
    } else if (!reference.contains(prefix)) {
      table.add({.prefix = prefix, .interface = interface(step + 1)});
      reference.emplace(prefix, step + 1);
    }
    const auto destination = Ipv6Address::from_halves(0x2001'0db8'0000'0000 | random.below(networks) << 20, 1);
    const std::pair<const Ipv6Prefix, int>* best = nullptr;
    for (const auto& entry : reference) {
      if (!entry.first.contains(destination)) continue;
      if (best == nullptr || entry.first.length() > best->first.length()) best = &entry;
    }
    const auto found = table.lookup(destination);
    ASSERT_EQ(found.has_value(), best != nullptr) << step;
    if (best != nullptr) {
      ASSERT_EQ(found->interface, interface(best->second)) << step;
    }
    ASSERT_EQ(table.size(), reference.size()) << step;
  }
}

TEST(RouteTable, AgreesWithALinearSearchOverRandomTables) { compare_with_a_linear_search(1 << 12, 0.3, 5000); }

TEST(RouteTable, AgreesWithALinearSearchWhereItGrowsAndShrinks) { compare_with_a_linear_search(4, 0.5, 20'000); }

struct Recorded final : RouteObserver {
  void on_route_change(RouteChange change, const Route& route) override { told.emplace_back(change, route); }
  std::vector<std::pair<RouteChange, Route>> told;
};

// Addresses of some interfaces, whose prefixes are few, so that several routes lead to one; a table that refers to the
// addresses, and one that does not.
class RoutesOfAddresses : public testing::Test {
 protected:
  RoutesOfAddresses() {
    table.set_observer(&recorded);
    plain.set_observer(&expected);
  }
  static Ip6Interface& on(std::size_t i) { return *interface(static_cast<int>(i + 1) * 8); }
  static Ipv6Address address(std::uint64_t i) { return Ipv6Address::from_halves(0x2001'0db8'0000'0000 | i % 3, i % 4); }
  void add(const Route& route) { table.add(route), plain.add(route); }
  void add_of(const InterfaceAddress& a, RouteKind kind) {
    table.add_of(a, kind);
    const Ipv6Prefix prefix = kind == RouteKind::Unicast ? a.prefix() : Ipv6Prefix(a.address, 128);
    plain.add({.prefix = prefix, .interface = &a.interface(), .kind = kind, .origin = RouteOrigin::Connected});
  }
  void compare() {
    ASSERT_EQ(table.all(), plain.all());
    ASSERT_EQ(table.size(), plain.size());
    ASSERT_EQ(recorded.told, expected.told);
    for (std::uint64_t i = 0; i < 12; ++i) {
      ASSERT_EQ(table.lookup(address(i)), plain.lookup(address(i)));
      for (std::size_t zone = 0; zone < lists.size(); ++zone) {
        ASSERT_EQ(table.lookup(address(i), &on(zone)), plain.lookup(address(i), &on(zone)));
      }
    }
  }
  std::array<InterfaceAddresses, 3> lists;
  RouteTable table, plain;
  Recorded recorded, expected;
};

TEST_F(RoutesOfAddresses, AreLikeThoseThatAreGiven) {
  RandomStream random(11, 0, "test");
  for (int step = 0; step < 4000; ++step) {
    const std::size_t i = random.below(lists.size());
    const std::uint64_t what = random.below(10);
    const auto place = [&] {
      auto at = lists[i].begin();
      for (std::uint64_t n = random.below(lists[i].size()); n > 0; --n) ++at;
      return *at;
    };
    if (what < 2 && lists[i].size() < 4) {
      auto made = std::make_unique<InterfaceAddress>();
      made->address = address(random.below(12));
      if (random.chance(0.5)) made->set_lifetimes(Time() + 1_s, Time() + 2_s);
      lists[i].add(std::move(made), on(i));
    } else if (what < 7 && !lists[i].empty()) {
      constexpr RouteKind kKinds[] = {RouteKind::Local, RouteKind::Blackhole, RouteKind::Unicast};
      add_of(*place(), kKinds[random.below(3)]);
    } else if (what == 7) {
      const Ipv6Prefix prefix(address(random.below(12)), random.chance(0.5) ? 64 : 128);
      add({.prefix = prefix, .interface = &on(i), .kind = RouteKind::Unicast,
           .origin = random.chance(0.5) ? RouteOrigin::Connected : RouteOrigin::Static,
           .metric = static_cast<std::uint32_t>(random.below(2))});
    } else if (what == 8) {
      const Ipv6Prefix prefix(address(random.below(12)), random.chance(0.5) ? 64 : 128);
      const auto goes = [&](const Route& r) { return r.prefix == prefix; };
      ASSERT_EQ(table.remove_if(goes), plain.remove_if(goes));
    } else if (!lists[i].empty()) {
      InterfaceAddress& gone = *place();
      table.detach_from(gone);
      lists[i].remove(gone);
    }
    compare();
  }
}

TEST_F(RoutesOfAddresses, AreLikeThoseThatAreGivenAmongMany) {
  for (std::uint64_t n = 0; n < 1100; ++n) {  // looked through, sorted, indexed
    auto made = std::make_unique<InterfaceAddress>();
    made->address = Ipv6Address::from_halves(0x2001'0db8'0001'0000 | n, 1);
    const InterfaceAddress& a = lists[0].add(std::move(made), on(0));
    add_of(a, RouteKind::Blackhole);
    add_of(a, RouteKind::Unicast);
    add_of(a, RouteKind::Local);
    const Ipv6Address beside = Ipv6Address::from_halves(a.address.high(), 2);
    ASSERT_EQ(table.lookup(a.address), plain.lookup(a.address));
    ASSERT_EQ(table.lookup(beside), plain.lookup(beside));
  }
  compare();
}

TEST(RouteTable, IsEmptyAgainWhenAllIsRemoved) {
  RouteTable table;
  for (int i = 0; i < 100; ++i) {
    table.add({.prefix = Ipv6Prefix(Ipv6Address::from_halves(0x2001'0db8'0000'0000 | static_cast<std::uint64_t>(i), 0), 64),
               .interface = interface(i + 1)});
  }
  EXPECT_EQ(table.remove_if([](const Route&) { return true; }), 100u);
  EXPECT_EQ(table.size(), 0u);
  EXPECT_FALSE(table.lookup(*Ipv6Address::parse("2001:db8::1")));
  EXPECT_TRUE(table.all().empty());
}

TEST(RouteTable, TellsWhatChanged) {
  struct Recorder final : RouteObserver {
    void on_route_change(RouteChange change, const Route& r) override {
      told.emplace_back(change, r.prefix.to_string() + " " + std::to_string(r.metric));
    }
    std::vector<std::pair<RouteChange, std::string>> told;
  };
  Recorder recorder;
  RouteTable table;
  table.add(route("2001:db8::/32", 1));  // nobody listens yet
  table.set_observer(&recorder);
  table.add(route("2001:db8::/32", 1));      // the same
  table.add(route("2001:db8::/32", 1, 10));  // another metric
  table.add(route("2001:db8::/32", 2, 10));  // a second way
  table.add(route("2001:db8:1::/48", 1));
  table.remove_if([](const Route& r) { return r.interface == interface(1); });
  const std::vector<std::pair<RouteChange, std::string>> expected = {
      {RouteChange::Changed, "2001:db8::/32 10"},  {RouteChange::Added, "2001:db8::/32 10"},
      {RouteChange::Added, "2001:db8:1::/48 0"},   {RouteChange::Removed, "2001:db8::/32 10"},
      {RouteChange::Removed, "2001:db8:1::/48 0"},
  };
  EXPECT_EQ(recorder.told, expected);
}

}  // namespace
}  // namespace kamesim
