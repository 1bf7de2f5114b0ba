#include "protocols/ipsec/replay_window.h"

#include <gtest/gtest.h>

#include <set>
#include <vector>

#include "sim/random.h"

namespace kamesim::ipsec {
namespace {

using enum ReplayWindow::Verdict;

TEST(ReplayWindow, TakesEachNumberOnce) {  // RFC 4303 §3.4.3
  ReplayWindow window(64);
  EXPECT_EQ(window.check(0), TooOld);  // never sent (§3.3.3)
  for (std::uint64_t n : {1, 3, 2, 70, 7, 69}) {
    EXPECT_EQ(window.check(n), New) << n;
    window.accept(n);
    EXPECT_EQ(window.check(n), Replayed) << n;
  }
  EXPECT_EQ(window.highest(), 70u);
}

TEST(ReplayWindow, EndsWhereItsSizeSays) {
  for (std::uint32_t size : {32u, 64u, 100u, 128u, 4096u}) {
    ReplayWindow window(size);
    window.accept(10'000);
    EXPECT_EQ(window.check(10'000 - size + 1), New) << size;   // the left edge
    EXPECT_EQ(window.check(10'000 - size), TooOld) << size;
    window.accept(10'000 - size + 1);
    EXPECT_EQ(window.check(10'000 - size + 1), Replayed) << size;
    window.accept(10'001);
    EXPECT_EQ(window.check(10'000 - size + 1), TooOld) << size;
  }
}

TEST(ReplayWindow, AgreesWithASetOfWhatCame) {
  RandomStream random(7, 7, "test");
  for (std::uint32_t size : {32u, 33u, 64u, 65u, 127u, 1000u, 4096u}) {
    ReplayWindow window(size);
    std::set<std::uint64_t> came;
    std::uint64_t highest = 0;
    for (int i = 0; i < 20'000; ++i) {
      const std::uint64_t jump = random.chance(0.01) ? 3 * size : 3;
      const std::uint64_t back = random.below(size + size / 4);
      const std::uint64_t n = random.chance(0.4) ? highest + random.below(jump) : highest > back ? highest - back : 1;
      const auto expected = n == 0 ? TooOld : n > highest ? New : highest - n >= size ? TooOld
                            : came.contains(n)            ? Replayed
                                                          : New;
      ASSERT_EQ(window.check(n), expected) << size << " " << n << " " << highest;
      if (expected != New) continue;
      window.accept(n);
      came.insert(n);
      highest = std::max(highest, n);
    }
  }
}

TEST(ReplayWindow, DeducesTheHighBits) {  // RFC 4303 appendix A2.2
  struct {
    std::uint64_t highest;
    std::uint32_t low;
    std::uint64_t whole;
    const char* why;
  } cases[] = {
      {0x1'0000'1000, 0x0000'1001, 0x1'0000'1001, "case A, ahead"},
      {0x1'0000'1000, 0x0000'0fc1, 0x1'0000'0fc1, "case A, the left edge"},
      {0x1'0000'1000, 0x0000'0fc0, 0x2'0000'0fc0, "case A, before the edge: the next subspace"},
      {0x1'0000'1000, 0xffff'ffff, 0x1'ffff'ffff, "case A, far ahead"},
      {0x1'0000'0010, 0xffff'fff0, 0x0'ffff'fff0, "case B, inside the window, the subspace before"},
      {0x1'0000'0010, 0xffff'ffd1, 0x0'ffff'ffd1, "case B, the left edge"},
      {0x1'0000'0010, 0xffff'ffd0, 0x1'ffff'ffd0, "case B, before the edge"},
      {0x1'0000'0010, 0x0000'0005, 0x1'0000'0005, "case B, inside"},
      {0x0'ffff'fff0, 0x0000'0003, 0x1'0000'0003, "over the end of a subspace"},
      {0x0'0000'0000, 0x0000'0001, 0x0'0000'0001, "the first packet"},
      {0x0'0000'0005, 0xffff'fff0, 0x0'ffff'fff0, "there is no subspace before the first"},
  };
  for (const auto& c : cases) {
    ReplayWindow window(64);
    if (c.highest > 0) window.accept(c.highest);
    EXPECT_EQ(window.extend(c.low), c.whole) << c.why;
  }
}

}  // namespace
}  // namespace kamesim::ipsec
