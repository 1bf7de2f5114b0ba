#include "protocols/ip6/destination_cache.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>

namespace kamesim {
namespace {

Ipv6Address address(std::uint64_t i) { return Ipv6Address::from_halves(0x2001'0db8'0000'0000 | i, 2); }

// Looks an address up as a stack does; whether it was there.
bool look_up(DestinationCache& cache, std::uint64_t i, std::uint64_t generation) {
  if (const Destination* const d = cache.peek(address(i)); d != nullptr && d->address == address(i)) {
    if (d->generation == generation) return true;
  }
  cache.slot(address(i), nullptr, generation) = {.address = address(i), .generation = generation};
  return false;
}

std::size_t found(DestinationCache& cache, std::uint64_t count, std::uint64_t generation) {
  std::size_t there = 0;
  for (std::uint64_t i = 0; i < count; ++i) there += look_up(cache, i, generation);
  return there;
}

class DestinationCaches : public ::testing::TestWithParam<std::uint64_t> {};
INSTANTIATE_TEST_SUITE_P(Destinations, DestinationCaches, ::testing::Values(1, 2, 3, 7, 20, 100, 1000));

TEST_P(DestinationCaches, KeepAllThatIsInUseInLittleMoreThanItTakes) {
  DestinationCache cache;
  EXPECT_EQ(found(cache, GetParam(), 1), 0u);
  EXPECT_EQ(found(cache, GetParam(), 1), GetParam());
  EXPECT_LE(cache.slots().size(), GetParam() <= 2 ? GetParam() : 5 * GetParam());
}

TEST_P(DestinationCaches, ReplaceWhatIsNotGoodAnyMore) {
  DestinationCache cache;
  found(cache, GetParam(), 1);
  const std::size_t slots = cache.slots().size();
  for (std::uint64_t generation = 2; generation < 6; ++generation) {
    EXPECT_EQ(found(cache, GetParam(), generation), 0u);
    EXPECT_EQ(found(cache, GetParam(), generation), GetParam());
  }
  EXPECT_EQ(cache.slots().size(), slots);
}

TEST(DestinationCache, EvictsWhereItMayNotGrow) {
  DestinationCache cache;
  found(cache, 100'000, 1);
  EXPECT_EQ(cache.slots().size(), DestinationCache::kMaxSlots);
  look_up(cache, 7, 1);
  EXPECT_TRUE(look_up(cache, 7, 1));
}

TEST(DestinationCache, TellsZonesApart) {
  DestinationCache cache;
  const auto* const zone = reinterpret_cast<const Ip6Interface*>(&cache);
  cache.slot(address(1), zone, 1) = {.address = address(1), .zone = zone, .generation = 1};
  EXPECT_NE(cache.peek(address(1))->zone, nullptr);
  cache.slot(address(1), nullptr, 1) = {.address = address(1), .generation = 1};
  EXPECT_EQ(cache.peek(address(1))->zone, nullptr);
  EXPECT_EQ(cache.peek(address(1), zone)->zone, zone);
}

}  // namespace
}  // namespace kamesim
