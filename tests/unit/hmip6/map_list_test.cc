#include "protocols/hmip6/map_list.h"

#include <gtest/gtest.h>

#include "tests/unit/mip6/test_values.h"

namespace kamesim {
namespace {

const Ipv6Address kRouter = "fe80::b"_ip6;
const Ipv6Prefix kPrefix("2001:db8:2::"_ip6, 64);
const Ipv6Prefix kOtherPrefix("2001:db8:3::"_ip6, 64);
const Ipv6Address kMap = "2001:db8:5::1"_ip6;
const Ipv6Address kOtherMap = "2001:db8:6::1"_ip6;

MapOption map(const Ipv6Address& address, std::uint8_t distance = 2, std::uint8_t preference = 10,
              Duration lifetime = 600_s) {
  return {.distance = distance, .preference = preference, .rcoa_allocated = false, .valid_lifetime = lifetime,
          .address = address};
}

class MapListTest : public ::testing::Test {
 protected:
  void hear(Duration when, std::vector<MapOption> options, std::vector<Ipv6Prefix> prefixes = {kPrefix},
            Ipv6Address router = kRouter) {
    list.on_router_advertisement(at(when), router, prefixes, options);
  }
  std::vector<Ipv6Address> known(Duration when, Ipv6Address on_link = kCareOf) {
    std::vector<Ipv6Address> addresses;
    for (const StoredMap& m : list.of_link(at(when), on_link)) addresses.push_back(m.option.address);
    return addresses;
  }
  using Addresses = std::vector<Ipv6Address>;
  MapList list;
};

TEST_F(MapListTest, KeepsAnOptionForItsValidLifetime) {  // RFC 5380 §5, §7.1
  hear(0_s, {map(kMap)});
  EXPECT_EQ(known(599_s), Addresses{kMap});
  EXPECT_EQ(known(600_s), Addresses{});
  EXPECT_EQ(list.next_expiry(at(1_s)), at(600_s));
}

TEST_F(MapListTest, TellsTheMapsOfTheLinkOfACareOfAddress) {
  hear(0_s, {map(kMap)});
  hear(0_s, {map(kOtherMap)}, {kOtherPrefix}, "fe80::c"_ip6);
  EXPECT_EQ(known(1_s), Addresses{kMap});
  EXPECT_EQ(known(1_s, kNewCareOf), Addresses{kOtherMap});
}

TEST_F(MapListTest, TellsRoutersWithTheSameLinkLocalAddressApart) {  // RFC 6275 §11.5.1
  hear(0_s, {map(kMap)});
  hear(1_s, {map(kOtherMap)}, {kOtherPrefix});
  EXPECT_EQ(known(2_s), Addresses{});
  EXPECT_EQ(known(2_s, kNewCareOf), Addresses{kOtherMap});
}

TEST_F(MapListTest, KeepsOptionsThatComeInSeveralAdvertisements) {  // RFC 4861 §6.2.3
  hear(0_s, {map(kMap)});
  hear(0_s, {map(kOtherMap)}, {});
  EXPECT_EQ(known(1_s), (Addresses{kMap, kOtherMap}));
}

TEST_F(MapListTest, ForgetsWhatIsNoLongerReceived) {  // §9
  hear(0_s, {map(kMap)});
  hear(1_s, {});
  hear(2_s, {});
  EXPECT_EQ(known(2_s), Addresses{kMap});
  hear(3_s, {});
  EXPECT_EQ(known(3_s), Addresses{});
}

TEST_F(MapListTest, TellsOfAFailedMap) {  // §7.1: a valid lifetime of zero
  hear(0_s, {map(kMap)});
  hear(1_s, {map(kMap, 2, 10, 0_s)});
  ASSERT_EQ(known(1_s), Addresses{kMap});
  EXPECT_EQ(list.of_link(at(1_s), kCareOf).front().option.valid_lifetime, 0_s);
}

TEST_F(MapListTest, IsBounded) {
  for (std::uint16_t i = 0; i < 50; ++i) {
    hear(0_s, {map(Ipv6Address::from_groups({0x2001, 0xdb8, i, 0, 0, 0, 0, 1}))});
  }
  EXPECT_LE(known(0_s).size(), MapList::kMaxMaps);
  for (std::uint16_t i = 0; i < 50; ++i) {
    hear(1_s, {map(kMap)}, {Ipv6Prefix(Ipv6Address::from_groups({0x2001, 0xdb9, i, 0, 0, 0, 0, 0}), 64)},
         Ipv6Address::from_groups({0xfe80, 0, 0, 0, 0, 0, 1, i}));
  }
  EXPECT_EQ(known(1_s, "2001:db9::5"_ip6), Addresses{}) << "the router heard first was forgotten";
  EXPECT_EQ(known(1_s, "2001:db9:31::5"_ip6), Addresses{kMap});
}

TEST(MapSelection, PutsTheFurthestFirstAndBreaksTiesByPreference) {  // §5, §9.1
  const auto f = MapSelection::Furthest;
  EXPECT_TRUE(comes_before(f, map(kMap, 3, 1), map(kOtherMap, 2, 15)));
  EXPECT_TRUE(comes_before(f, map(kMap, 2, 9), map(kOtherMap, 2, 8)));
  EXPECT_FALSE(comes_before(f, map(kMap, 2, 8), map(kOtherMap, 2, 9)));
}

TEST(MapSelection, PutsTheHighestPreferenceFirstIfSoConfigured) {  // §7.1
  const auto p = MapSelection::HighestPreference;
  EXPECT_TRUE(comes_before(p, map(kMap, 1, 15), map(kOtherMap, 9, 14)));
  EXPECT_TRUE(comes_before(p, map(kMap, 3, 9), map(kOtherMap, 2, 9)));
}

}  // namespace
}  // namespace kamesim
