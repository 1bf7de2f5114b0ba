#include "protocols/ip6/group_list.h"

#include <gtest/gtest.h>

#include "protocols/wire/ipv6_address.h"

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

TEST(GroupList, GroupsOfOneLinkLayerAddressAreHeardUntilTheLastIsLeft) {
  GroupList list;
  list.join(group("ff01::1"));
  list.join(group("ff02::1"));
  list.leave(group("ff01::1"));
  EXPECT_TRUE(list.any_maps_to(multicast_mac(group("ff01::1"))));
  list.leave(group("ff02::1"));
  EXPECT_FALSE(list.any_maps_to(multicast_mac(group("ff01::1"))));
}

}  // namespace
}  // namespace kamesim
