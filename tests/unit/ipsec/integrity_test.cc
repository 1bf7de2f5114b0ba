// Published vectors of each integrity algorithm.
#include "protocols/ipsec/integrity.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/unit/wire/hex.h"

namespace kamesim::ipsec {
namespace {

using ByteVector = std::vector<std::uint8_t>;

std::string times(std::size_t n, const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < n; ++i) out += text;
  return out;
}
std::string ascii(std::string_view text) {
  return to_hex(Bytes(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()));
}

struct Vector {
  const char* source;
  Integrity id;
  std::string key, data, icv;
  std::string iv = {};
};

const std::string kUpTo20 = "0102030405060708090a0b0c0d0e0f1011121314";
const std::string kXcbcKey = "000102030405060708090a0b0c0d0e0f";
const std::string kCmacKey = "2b7e151628aed2a6abf7158809cf4f3c";
const std::string kNist = "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411";

const Vector kVectors[] = {
    {"RFC 2202 MD5 1", Integrity::HmacMd5_96, times(16, "0b"), ascii("Hi There"), "9294727a3638bb1c13f48ef8"},
    {"RFC 2202 MD5 3", Integrity::HmacMd5_96, times(16, "aa"), times(50, "dd"), "56be34521d144c88dbb8c733"},
    {"RFC 2202 SHA1 1", Integrity::HmacSha1_96, times(20, "0b"), ascii("Hi There"), "b617318655057264e28bc0b6"},
    {"RFC 2202 SHA1 3", Integrity::HmacSha1_96, times(20, "aa"), times(50, "dd"), "125d7342b9ac11cd91a39af4"},
    {"RFC 4868 2721 1", Integrity::HmacSha2_256_128, times(32, "0b"), ascii("Hi There"),
     "198a607eb44bfbc69903a0f1cf2bbdc5"},
    {"RFC 4868 2721 3", Integrity::HmacSha2_256_128, times(32, "aa"), times(50, "dd"),
     "cdcb1220d1ecccea91e53aba3092f962"},
    {"RFC 4868 2722 1", Integrity::HmacSha2_384_192, times(48, "0b"), ascii("Hi There"),
     "b6a8d5636f5c6a7224f9977dcf7ee6c7fb6d0c48cbdee973"},
    {"RFC 4868 2722 3", Integrity::HmacSha2_384_192, times(48, "aa"), times(50, "dd"),
     "809f439be00274321d4a538652164b53554a508184a0c316"},
    {"RFC 4868 2723 1", Integrity::HmacSha2_512_256, times(64, "0b"), ascii("Hi There"),
     "637edc6e01dce7e6742a99451aae82df23da3e92439e590e43e761b33e910fb8"},
    {"RFC 4868 2723 3", Integrity::HmacSha2_512_256, times(64, "aa"), times(50, "dd"),
     "2ee7acd783624ca9398710f3ee05ae41b9f9b0510c87e49e586cc9bf961733d8"},
    {"RFC 2286 RIPEMD160 1", Integrity::HmacRipemd160_96, times(20, "0b"), ascii("Hi There"),
     "24cb4bd67d20fc1a5d2ed773"},
    {"RFC 2286 RIPEMD160 3", Integrity::HmacRipemd160_96, times(20, "aa"), times(50, "dd"),
     "b0b105360de759960ab4f352"},
    {"RFC 3566 46 1", Integrity::AesXcbc96, kXcbcKey, "", "75f0251d528ac01c4573dfd5"},
    {"RFC 3566 46 2", Integrity::AesXcbc96, kXcbcKey, "000102", "5b376580ae2f19afe7219cee"},
    {"RFC 3566 46 3", Integrity::AesXcbc96, kXcbcKey, "000102030405060708090a0b0c0d0e0f", "d2a246fa349b68a79998a439"},
    {"RFC 3566 46 4", Integrity::AesXcbc96, kXcbcKey, "000102030405060708090a0b0c0d0e0f10111213",
     "47f51b4564966215b8985c63"},
    {"RFC 3566 46 5", Integrity::AesXcbc96, kXcbcKey,
     "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", "f54f0ec8d2b9f3d36807734b"},
    {"RFC 3566 46 6", Integrity::AesXcbc96, kXcbcKey,
     "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f2021", "becbb3bccdb518a30677d548"},
    {"RFC 3566 46 7", Integrity::AesXcbc96, kXcbcKey, times(1000, "00"), "f0dafee895db30253761103b"},
    {"RFC 4493 4 1", Integrity::AesCmac96, kCmacKey, "", "bb1d6929e95937287fa37d12"},
    {"RFC 4493 4 2", Integrity::AesCmac96, kCmacKey, kNist.substr(0, 32), "070a16b46b4d4144f79bdd9d"},
    {"RFC 4493 4 3", Integrity::AesCmac96, kCmacKey, kNist, "dfa66747de9ae63030ca3261"},
    {"draft mcgrew gcm test 01 GMAC", Integrity::Aes128Gmac, "4c80cdefbb5d10da906ac73c3613a634 22433c64",
     "0000432100000007 0000000000000000 45000030da3a00008001df3bc0a80005c0a800010800c6cd0200070061626364656667"
     "68696a6b6c6d6e6f707172737401020201",
     "f2a9a836e155106aa8dcd618e4099aaa", "0000000000000000"},
};

class Computes : public testing::TestWithParam<Vector> {};

// Whatever pieces the message comes in.
TEST_P(Computes, AsPublished) {
  const Vector& v = GetParam();
  const ByteVector key = hex(v.key), data = hex(v.data), iv = hex(v.iv);
  ASSERT_TRUE(algorithm(v.id).takes_key_of(key.size()));
  IntegrityCheck check(algorithm(v.id), key);
  ByteVector icv(algorithm(v.id).icv_bytes);
  for (std::size_t piece : {1ul, 3ul, 15ul, 16ul, 17ul, 600ul, 4096ul}) {
    check.begin(iv.data());
    for (std::size_t at = 0; at < data.size(); at += piece) {
      check.update(Bytes(data).subspan(at, std::min(piece, data.size() - at)));
    }
    check.finish(icv.data());
    EXPECT_EQ(to_hex(icv), v.icv) << piece;
  }
}

TEST_P(Computes, WhatNoChangedBitMatches) {
  const Vector& v = GetParam();
  const ByteVector key = hex(v.key), iv = hex(v.iv);
  IntegrityCheck check(algorithm(v.id), key);
  ByteVector data = hex(v.data), icv = hex(v.icv);
  auto matches = [&] {
    check.begin(iv.data());
    check.update(data);
    return check.matches(icv.data());
  };
  EXPECT_TRUE(matches());
  for (ByteVector* bytes : {&data, &icv}) {
    for (std::size_t bit = 0; bit < 8 * std::min<std::size_t>(bytes->size(), 100); ++bit) {
      (*bytes)[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
      EXPECT_FALSE(matches()) << bit;
      (*bytes)[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
    }
  }
  EXPECT_TRUE(matches());
}

INSTANTIATE_TEST_SUITE_P(IntegrityCheck, Computes, testing::ValuesIn(kVectors), [](const auto& info) {
  std::string out;
  for (char c : std::string(info.param.source)) out += c == ' ' ? '_' : c;
  return out;
});

TEST(Secret, ComparesAndMoves) {
  const ByteVector bytes = hex("00112233");
  Secret a{Bytes(bytes)}, b{Bytes(bytes)};
  EXPECT_TRUE(a == b);
  Secret c = std::move(a);
  EXPECT_TRUE(a.empty());
  EXPECT_TRUE(c == b);
  c = Secret(Bytes(bytes).first(2));
  EXPECT_FALSE(c == b);
}

}  // namespace
}  // namespace kamesim::ipsec
