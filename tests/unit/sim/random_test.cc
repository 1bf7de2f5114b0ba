#include "sim/random.h"

#include <cmath>
#include <set>

#include <gtest/gtest.h>

namespace kamesim {
namespace {

TEST(Philox, KnownAnswers) {  // kat_vectors of Random123 (Salmon et al.), philox4x32-10
  using Counter = std::array<std::uint32_t, 4>;
  struct {
    Counter counter;
    std::array<std::uint32_t, 2> key;
    Counter expected;
  } cases[] = {
      {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
      {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
       {0xffffffff, 0xffffffff},
       {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
      {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},  // the digits of pi
       {0xa4093822, 0x299f31d0},
       {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
  };
  for (const auto& c : cases) EXPECT_EQ(philox4x32_10(c.counter, c.key), c.expected);
}

TEST(RandomStream, RepeatsForTheSameSeedOwnerAndPurpose) {
  RandomStream a(1, stable_hash("mn"), "nd.dad"), b(1, stable_hash("mn"), "nd.dad");
  for (int i = 0; i < 100; ++i) EXPECT_EQ(a.next_u64(), b.next_u64());
}

TEST(RandomStream, DiffersWithSeedOwnerAndPurpose) {
  const std::uint64_t mn = stable_hash("mn");
  std::set<std::uint64_t> first;
  for (RandomStream s : {RandomStream(1, mn, "a"), RandomStream(2, mn, "a"), RandomStream(1ull << 32 | 1, mn, "a"),
                         RandomStream(1, stable_hash("ha"), "a"), RandomStream(1, mn, "b")}) {
    first.insert(s.next_u64());
  }
  EXPECT_EQ(first.size(), 5u);
}

TEST(RandomStream, StreamsOfRelatedSeedsAndOwnersAreUnrelated) {
  std::set<std::uint64_t> first;
  for (std::uint64_t seed = 0; seed < 64; ++seed) {
    for (std::uint64_t owner = 0; owner < 64; ++owner) first.insert(RandomStream(seed, owner, "x").next_u64());
  }
  EXPECT_EQ(first.size(), 64u * 64u);
}

TEST(RandomStream, DrawsStayInTheirRanges) {
  RandomStream random(3, 0, "ranges");
  for (int i = 0; i < 10'000; ++i) {
    const double u = random.uniform();
    ASSERT_TRUE(u >= 0 && u < 1);
    const double v = random.uniform(-2.0, 3.0);
    ASSERT_TRUE(v >= -2 && v < 3);
    const Duration d = random.uniform(1_ns, 3_ns);
    ASSERT_TRUE(d >= 1_ns && d <= 3_ns);
    ASSERT_LT(random.below(7), 7u);
    ASSERT_GE(random.exponential(2.0), 0);
  }
  EXPECT_EQ(random.uniform(5_ms, 5_ms), 5_ms);
  EXPECT_EQ(random.below(1), 0u);
  EXPECT_FALSE(random.chance(0));
  EXPECT_TRUE(random.chance(1));
}

TEST(RandomStream, MeansAndDeviationsAreAsNamed) {
  constexpr int kDraws = 200'000;
  RandomStream random(4, 0, "moments");
  double uniform = 0, exponential = 0, normal = 0, normal_squared = 0;
  int heads = 0, threes = 0;
  for (int i = 0; i < kDraws; ++i) {
    uniform += random.uniform();
    exponential += random.exponential(2.0);
    const double n = random.normal();
    normal += n;
    normal_squared += n * n;
    heads += random.chance(0.3);
    threes += random.below(7) == 3;
  }
  EXPECT_NEAR(uniform / kDraws, 0.5, 0.005);
  EXPECT_NEAR(exponential / kDraws, 2.0, 0.03);
  EXPECT_NEAR(normal / kDraws, 0, 0.015);
  EXPECT_NEAR(normal_squared / kDraws, 1, 0.02);
  EXPECT_NEAR(heads / double{kDraws}, 0.3, 0.006);
  EXPECT_NEAR(threes / double{kDraws}, 1.0 / 7, 0.005);
}

TEST(RandomStream, FillsAnyLength) {
  for (std::size_t size : {0, 1, 3, 4, 20}) {
    RandomStream a(5, 0, "fill"), b(5, 0, "fill");
    std::vector<std::uint8_t> x(size + 1, 0xee), y(size);
    a.fill({x.data(), size});
    b.fill(y);
    EXPECT_EQ(x[size], 0xee) << size;
    EXPECT_TRUE(std::equal(y.begin(), y.end(), x.begin())) << size;
  }
}

TEST(StableHash, IsTheSameInEveryBuild) { static_assert(stable_hash("nd.dad") == 0x7faa454945a37ddeull); }

}  // namespace
}  // namespace kamesim
