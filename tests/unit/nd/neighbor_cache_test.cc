#include "protocols/ip6/neighbor_cache.h"

#include <gtest/gtest.h>

namespace kamesim {
namespace {

using State = Neighbor::State;

Ipv6Address address(std::uint64_t i) { return Ipv6Address::from_halves(0xfe80'0000'0000'0000, i); }

// A cache of 8 entries: 2 unresolved and 6 resolved ones.
class NeighborCacheTest : public testing::Test {
 protected:
  Neighbor& add(std::uint64_t i, State state) {
    Neighbor* victim = cache.victim_for_new(kBounds);
    if (victim != nullptr) cache.remove(*victim);
    Neighbor& n = cache.add(address(i));
    n.state = state;
    victim = cache.victim_for(n, kBounds);
    if (victim != nullptr) cache.remove(*victim);
    cache.refile(n);
    return n;
  }
  bool has(std::uint64_t i) const { return cache.find(address(i)) != nullptr; }

  NeighborCache cache;
  const NeighborCache::Bounds kBounds{8};
};

TEST_F(NeighborCacheTest, UnresolvedEntriesDriveOutTheOldestOfTheirOwnOnly) {
  for (std::uint64_t i = 1; i <= 6; ++i) add(i, State::Reachable);
  for (std::uint64_t i = 11; i <= 20; ++i) add(i, State::Incomplete);
  for (std::uint64_t i = 1; i <= 6; ++i) EXPECT_TRUE(has(i)) << i;
  EXPECT_FALSE(has(18));
  EXPECT_TRUE(has(19) && has(20));
  EXPECT_EQ(cache.size(), 8u);
}

TEST_F(NeighborCacheTest, UnconfirmedEntriesGoBeforeConfirmedOnes) {
  for (std::uint64_t i = 1; i <= 3; ++i) add(i, State::Reachable);
  for (std::uint64_t i = 11; i <= 30; ++i) add(i, State::Stale);
  for (std::uint64_t i = 1; i <= 3; ++i) EXPECT_TRUE(has(i)) << i;
  EXPECT_TRUE(has(28) && has(29) && has(30));
  EXPECT_EQ(cache.size(), 6u);
}

TEST_F(NeighborCacheTest, AmongConfirmedOnesTheLeastRecentlyConfirmedGoes) {
  for (std::uint64_t i = 1; i <= 6; ++i) add(i, State::Reachable);
  cache.refile(*cache.find(address(1)));  // confirmed again
  add(7, State::Reachable);
  EXPECT_TRUE(has(1));
  EXPECT_FALSE(has(2));
}

TEST_F(NeighborCacheTest, PinnedEntriesStay) {
  Neighbor& router = add(1, State::Stale);
  router.pinned = true;
  cache.refile(router);
  for (std::uint64_t i = 11; i <= 40; ++i) add(i, State::Reachable);
  EXPECT_TRUE(has(1));
}

TEST_F(NeighborCacheTest, EntriesKeepTheirPlace) {
  Neighbor& first = add(1, State::Incomplete);
  first.state = State::Reachable;
  cache.refile(first);
  EXPECT_EQ(&first, cache.find(address(1)));
}

TEST_F(NeighborCacheTest, DeadlinesComeInOrderOfTimeAndThenOfArming) {
  const Time t = Time::from_seconds(1);
  for (std::uint64_t i : {1, 2}) {
    Neighbor& n = add(i, State::Probe);
    n.until = i == 1 ? t + 1_s : t;
    cache.refile(n);
  }
  Neighbor& third = add(3, State::Delay);
  third.until = t;
  cache.refile(third);
  EXPECT_EQ(cache.next_deadline(), t);
  EXPECT_EQ(cache.take_expired(t), cache.find(address(2)));
  EXPECT_EQ(cache.take_expired(t), &third);
  EXPECT_EQ(cache.take_expired(t), nullptr);
  cache.remove(*cache.find(address(1)));
  EXPECT_FALSE(cache.next_deadline());
}

}  // namespace
}  // namespace kamesim
