#include "sim/random.h"

#include <set>
#include <vector>

#include <gtest/gtest.h>

namespace kamesim {
namespace {

// The known answers of Random123 (kat_vectors, philox4x32 with 10 rounds).
TEST(Philox4x32, GivesThePublishedAnswers) {
  struct {
    std::array<std::uint32_t, 4> counter;
    std::array<std::uint32_t, 2> key;
    std::array<std::uint32_t, 4> answer;
  } cases[] = {
      {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
      {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
       {0xffffffff, 0xffffffff},
       {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
      {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
       {0xa4093822, 0x299f31d0},
       {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
  };
  for (const auto& c : cases) EXPECT_EQ(philox4x32_10(c.counter, c.key), c.answer);
}

std::vector<std::uint64_t> draws(RandomStream stream) {
  std::vector<std::uint64_t> result;
  for (int i = 0; i < 16; ++i) result.push_back(stream.next_u64());
  return result;
}

TEST(RandomStream, DependsOnSeedOwnerAndPurposeOnly) {
  const auto reference = draws(RandomStream(1, stable_hash("a"), "nd.dad"));
  EXPECT_EQ(draws(RandomStream(1, stable_hash("a"), "nd.dad")), reference);
  EXPECT_NE(draws(RandomStream(2, stable_hash("a"), "nd.dad")), reference);
  EXPECT_NE(draws(RandomStream(1, stable_hash("b"), "nd.dad")), reference);
  EXPECT_NE(draws(RandomStream(1, stable_hash("a"), "nd.rs")), reference);
}

TEST(RandomStream, DrawsStayInTheirRanges) {
  RandomStream stream(1, stable_hash("a"), "ranges");
  std::set<std::uint64_t> below_three;
  std::set<std::int64_t> nanoseconds;
  for (int i = 0; i < 10'000; ++i) {
    const double unit = stream.uniform();
    ASSERT_TRUE(unit >= 0 && unit < 1) << unit;
    below_three.insert(stream.below(3));
    nanoseconds.insert(stream.uniform(5_ns, 7_ns).ns());
    ASSERT_FALSE(stream.chance(0));
    ASSERT_TRUE(stream.chance(1));
    ASSERT_GE(stream.exponential(1.0), 0);
  }
  EXPECT_EQ(below_three, (std::set<std::uint64_t>{0, 1, 2}));
  EXPECT_EQ(nanoseconds, (std::set<std::int64_t>{5, 6, 7}));
  EXPECT_EQ(stream.uniform(4_ms, 4_ms), 4_ms);
}

TEST(RandomStream, HasTheMeansOfItsDistributions) {
  RandomStream stream(1, stable_hash("a"), "means");
  constexpr int kDraws = 100'000;
  double uniform = 0, exponential = 0, normal = 0, squares = 0;
  for (int i = 0; i < kDraws; ++i) {
    uniform += stream.uniform();
    exponential += stream.exponential(2.0);
    const double n = stream.normal();
    normal += n;
    squares += n * n;
  }
  // About five standard deviations of each mean.
  EXPECT_NEAR(uniform / kDraws, 0.5, 0.005);
  EXPECT_NEAR(exponential / kDraws, 2.0, 0.032);
  EXPECT_NEAR(normal / kDraws, 0.0, 0.016);
  EXPECT_NEAR(squares / kDraws, 1.0, 0.023);
}

TEST(RandomStream, FillsAnyLength) {
  for (std::size_t size : {0u, 1u, 3u, 4u, 17u, 20u}) {
    std::vector<std::uint8_t> bytes(size + 1, 0);
    RandomStream(1, stable_hash("a"), "keys").fill(MutableBytes(bytes.data(), size));
    EXPECT_EQ(bytes.back(), 0) << size;
  }
}

}  // namespace
}  // namespace kamesim
