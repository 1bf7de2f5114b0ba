#include "protocols/mip6/nonces.h"

#include <gtest/gtest.h>

#include "tests/unit/mip6/test_values.h"

namespace kamesim {
namespace {

TEST(NonceList, UsesANonceForThirtySeconds) {  // RFC 6275 §5.2.7
  NonceList nonces{CountingBytes()};
  const std::uint16_t first = nonces.current(at(0_s)).index;
  EXPECT_EQ(nonces.current(at(29'999_ms)).index, first);
  const std::uint16_t second = nonces.current(at(30_s)).index;
  EXPECT_NE(second, first);
  EXPECT_EQ(nonces.current(at(59'999_ms)).index, second);
}

TEST(NonceList, AcceptsANonceUntilMaxNonceLifetimeAfterItsFirstUse) {  // RFC 6275 §5.2.7
  NonceList nonces{CountingBytes()};
  const std::uint16_t index = nonces.current(at(100_s)).index;
  EXPECT_NE(nonces.find(at(339'999_ms), index), nullptr);
  EXPECT_EQ(nonces.find(at(340_s), index), nullptr);
}

TEST(NonceList, KeepsATokenGoodForMaxTokenLifetimeUnderSteadyUse) {  // RFC 6275 §5.2.7
  NonceList nonces{CountingBytes()};
  for (Duration t; t < 3000_s; t += 1_s) {
    const NonceGeneration handed_out = nonces.current(at(t));
    NonceList later = nonces;
    for (Duration u; u < kMaxTokenLifetime; u += 10_s) later.current(at(t + u));
    const NonceGeneration* found = later.find(at(t + kMaxTokenLifetime - 1_ms), handed_out.index);
    ASSERT_NE(found, nullptr) << t.to_seconds();
    ASSERT_EQ(found->nonce, handed_out.nonce);
    ASSERT_EQ(found->kcn, handed_out.kcn);
  }
}

TEST(NonceList, ChangesTheNodeKeyWithTheNonce) {  // RFC 6275 §5.2.7
  NonceList nonces{CountingBytes()};
  const NonceGeneration first = nonces.current(at(0_s));
  const NonceGeneration second = nonces.current(at(30_s));
  EXPECT_NE(first.kcn, second.kcn);
  EXPECT_EQ(nonces.find(at(31_s), first.index)->kcn, first.kcn);
}

TEST(NonceList, KnowsNoIndexItHasNotHandedOut) {  // RFC 6275 §5.2.2
  NonceList nonces{CountingBytes()};
  EXPECT_EQ(nonces.find(at(0_s), 0), nullptr);
  const std::uint16_t index = nonces.current(at(0_s)).index;
  EXPECT_EQ(nonces.find(at(0_s), static_cast<std::uint16_t>(index + 1)), nullptr);
}

TEST(NonceList, SupersedesTheCurrentNonceOnly) {  // RFC 6275 §9.5.3
  NonceList nonces{CountingBytes()};
  const std::uint16_t first = nonces.current(at(0_s)).index;
  nonces.supersede(at(1_s), first);
  const std::uint16_t second = nonces.current(at(2_s)).index;
  EXPECT_NE(second, first);
  EXPECT_NE(nonces.find(at(2_s), first), nullptr) << "still accepted";
  nonces.supersede(at(3_s), first);
  EXPECT_EQ(nonces.current(at(3_s)).index, second);
}

TEST(NonceList, GivesUpNoValidNonceForSuperseding) {  // RFC 6275 §5.2.7
  NonceList nonces{CountingBytes()};
  const std::uint16_t first = nonces.current(at(0_s)).index;
  for (Duration t; t < kMaxNonceLifetime; t += 100_ms) {
    nonces.supersede(at(t), nonces.current(at(t)).index);
    ASSERT_NE(nonces.find(at(t), first), nullptr) << t.to_seconds();
  }
}

TEST(NonceList, InvalidatesAllAsTheLastMeasure) {  // RFC 6275 §5.2.8
  NonceList nonces{CountingBytes()};
  const std::uint16_t first = nonces.current(at(0_s)).index;
  nonces.invalidate_all();
  EXPECT_EQ(nonces.find(at(0_s), first), nullptr);
  EXPECT_NE(nonces.current(at(0_s)).index, first);
}

}  // namespace
}  // namespace kamesim
