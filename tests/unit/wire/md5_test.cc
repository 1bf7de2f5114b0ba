#include "protocols/wire/md5.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "tests/unit/wire/hex.h"

namespace kamesim {
namespace {

std::vector<std::uint8_t> digest_of(std::string_view text) {
  const Md5Digest digest = md5(Bytes(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()));
  return {digest.begin(), digest.end()};
}

TEST(Md5, GivesTheDigestsOfRfc1321) {  // RFC 1321 §A.5
  EXPECT_EQ(digest_of(""), hex("d41d8cd98f00b204e9800998ecf8427e"));
  EXPECT_EQ(digest_of("a"), hex("0cc175b9c0f1b6a831c399e269772661"));
  EXPECT_EQ(digest_of("abc"), hex("900150983cd24fb0d6963f7d28e17f72"));
  EXPECT_EQ(digest_of("message digest"), hex("f96b697d7cb7938d525a2f31aaf161d0"));
  EXPECT_EQ(digest_of("abcdefghijklmnopqrstuvwxyz"), hex("c3fcd3d76192e4007dfb496cca67e13b"));
  EXPECT_EQ(digest_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"),
            hex("d174ab98d277d9f5a5611c2c9f419d9f"));
  EXPECT_EQ(digest_of("12345678901234567890123456789012345678901234567890123456789012345678901234567890"),
            hex("57edf4a22be3c955ac49da2e2107b67a"));
}

// Around the sizes at which the padding takes a block more; from another implementation.
TEST(Md5, PadsMessagesOfEachLength) {
  EXPECT_EQ(digest_of(std::string(55, 'x')), hex("04364420e25c512fd958a70738aa8f72"));
  EXPECT_EQ(digest_of(std::string(56, 'x')), hex("668a72d5ba17f08e62dabcafad6db14b"));
  EXPECT_EQ(digest_of(std::string(63, 'x')), hex("7dc2ca208106a2f703567bdff99d8981"));
  EXPECT_EQ(digest_of(std::string(64, 'x')), hex("c1bb4f81d892b2d57947682aeb252456"));
  EXPECT_EQ(digest_of(std::string(119, 'x')), hex("ab347a5f68c8a443cfcddc633f12c24f"));
  EXPECT_EQ(digest_of(std::string(120, 'x')), hex("fb98667f98096de92620b64f46e1c5b5"));
}

}  // namespace
}  // namespace kamesim
