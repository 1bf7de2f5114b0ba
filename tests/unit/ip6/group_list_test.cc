#include "protocols/ip6/group_list.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "protocols/wire/ipv6_address.h"
#include "sim/random.h"

namespace kamesim {
namespace {

Ipv6Address group(const char* text) { return *Ipv6Address::parse(text); }

constexpr const char* kGroups[] = {"ff01::1",          "ff02::1",         "ff05::2",        "ff02::1:ff00:1",
                                   "ff02::2:ff12:3456", "ff02::1:2",       "ff3e::8000:1",   "ff0e::1234",
                                   "ff15::1",          "ff02::1:ff12:3456"};

TEST(GroupList, HoldsGroupsOfAnyKindInTheOrderOfTheirFirstJoins) {
  GroupList list;
  for (const char* text : kGroups) {
    EXPECT_FALSE(list.contains(group(text))) << text;
    EXPECT_TRUE(list.join(group(text))) << text;
    EXPECT_FALSE(list.join(group(text))) << text;
    EXPECT_TRUE(list.contains(group(text))) << text;
  }
  const auto all = list.all();
  ASSERT_EQ(all.size(), std::size(kGroups));
  for (std::size_t i = 0; i < all.size(); ++i) {
    EXPECT_EQ(all[i].group, group(kGroups[i]));
    EXPECT_EQ(all[i].joins, 2u);
  }
  for (const char* text : kGroups) {
    EXPECT_FALSE(list.leave(group(text))) << text;
    EXPECT_TRUE(list.leave(group(text))) << text;
    EXPECT_FALSE(list.leave(group(text))) << text;
    EXPECT_FALSE(list.contains(group(text))) << text;
  }
  EXPECT_TRUE(list.all().empty());
}

TEST(GroupList, TellsWhichLinkLayerAddressesItsGroupsHave) {
  for (const char* text : kGroups) {
    GroupList list;
    const MacAddress mac = multicast_mac(group(text));
    EXPECT_FALSE(list.any_maps_to(mac)) << text;
    list.join(group(text));
    EXPECT_TRUE(list.any_maps_to(mac)) << text;
    EXPECT_FALSE(list.any_maps_to(multicast_mac(group("ff02::77")))) << text;
    EXPECT_FALSE(list.any_maps_to(MacAddress({0x01, 0x00, 0x5e, 0, 0, 1}))) << text;
  }
}

// Those of RFC 4291 §2.8, which are joined one behind the other and may be left and joined again.
TEST(GroupList, KeepsGroupsOfNodesAndRoutersInTheOrderOfTheirJoins) {
  constexpr const char* kOfRouters[] = {"ff01::1", "ff02::1", "ff01::2", "ff02::2", "ff05::2"};
  GroupList list;
  for (const char* text : kOfRouters) EXPECT_TRUE(list.join(group(text)));
  EXPECT_EQ(list.heap_bytes(), 0u);
  EXPECT_TRUE(list.join(group("ff02::1:ff00:1")));
  EXPECT_FALSE(list.join(group("ff02::2")));
  EXPECT_TRUE(list.leave(group("ff02::1")));
  EXPECT_FALSE(list.contains(group("ff02::1")));
  EXPECT_TRUE(list.any_maps_to(multicast_mac(group("ff02::1"))));  // ff01::1 has the same
  EXPECT_TRUE(list.join(group("ff02::1")));
  constexpr const char* kWanted[] = {"ff01::1", "ff01::2", "ff02::2", "ff05::2", "ff02::1:ff00:1", "ff02::1"};
  const auto all = list.all();
  ASSERT_EQ(all.size(), std::size(kWanted));
  for (std::size_t i = 0; i < all.size(); ++i) {
    EXPECT_EQ(all[i].group, group(kWanted[i]));
    EXPECT_EQ(all[i].joins, all[i].group == group("ff02::2") ? 2u : 1u);
  }
  for (const char* text : {"ff01::2", "ff05::2", "ff02::2"}) list.leave(group(text));
  EXPECT_TRUE(list.any_maps_to(multicast_mac(group("ff02::2"))));  // it was joined twice
  EXPECT_TRUE(list.leave(group("ff02::2")));
  EXPECT_FALSE(list.any_maps_to(multicast_mac(group("ff02::2"))));
}

TEST(GroupList, GroupsOfOneLinkLayerAddressAreHeardUntilTheLastIsLeft) {
  GroupList list;
  list.join(group("ff01::1"));
  list.join(group("ff02::1"));
  list.leave(group("ff01::1"));
  EXPECT_TRUE(list.any_maps_to(multicast_mac(group("ff01::1"))));
  list.leave(group("ff02::1"));
  EXPECT_FALSE(list.any_maps_to(multicast_mac(group("ff01::1"))));
}

// Groups of all kinds, as many as have room in the list itself and more.
TEST(GroupList, AgreesWithAPlainListOverRandomJoins) {
  RandomStream random(3, 0, "test");
  GroupList list;
  std::vector<std::pair<Ipv6Address, unsigned>> reference;
  for (int step = 0; step < 5000; ++step) {
    const Ipv6Address joined = group(kGroups[random.below(std::size(kGroups))]);
    const auto known = std::ranges::find(reference, joined, &std::pair<Ipv6Address, unsigned>::first);
    if (random.chance(step % 1000 < 500 ? 0.6 : 0.35)) {
      ASSERT_EQ(list.join(joined), known == reference.end());
      if (known == reference.end()) {
        reference.emplace_back(joined, 1);
      } else {
        ++known->second;
      }
    } else {
      ASSERT_EQ(list.leave(joined), known != reference.end() && known->second == 1);
      if (known != reference.end() && --known->second == 0) reference.erase(known);
    }
    const auto all = list.all();
    ASSERT_EQ(all.size(), reference.size()) << step;
    for (const auto& [wanted, joins] : reference) {
      const auto found = std::ranges::find(all, wanted, &GroupList::Entry::group);
      ASSERT_NE(found, all.end()) << step;
      ASSERT_EQ(found->joins, joins) << step;
    }
  }
}

}  // namespace
}  // namespace kamesim
