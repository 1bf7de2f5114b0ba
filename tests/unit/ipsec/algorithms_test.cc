#include "protocols/ipsec/algorithms.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace kamesim::ipsec {
namespace {

TEST(Algorithms, AreFoundByEachOfTheirNamesAndNumbers) {
  for (const auto& a : encryption_algorithms()) {
    EXPECT_EQ(find_encryption(a.name), &a);
    EXPECT_EQ(find_encryption(a.setkey), &a);
    EXPECT_EQ(find_encryption_by_sadb(a.sadb), &a);
    EXPECT_EQ(find_encryption_by_ikev2(a.ikev2), &a);
    EXPECT_EQ(&algorithm(a.id), &a);
  }
  for (const auto& a : integrity_algorithms()) {
    EXPECT_EQ(find_integrity(a.name), &a);
    EXPECT_EQ(find_integrity(a.setkey), &a);
    EXPECT_EQ(find_integrity_by_sadb(a.sadb), &a);
    EXPECT_EQ(&algorithm(a.id), &a);
    if (a.ikev2 != 0) {
      EXPECT_EQ(find_integrity_by_ikev2(a.ikev2), &a);
    }
  }
  EXPECT_EQ(find_encryption("aes"), &algorithm(Encryption::AesCbc));
  EXPECT_EQ(find_integrity("hmac-sha256"), &algorithm(Integrity::HmacSha2_256_128));
  EXPECT_EQ(find_compression("deflate"), &algorithm(Compression::Deflate));
  EXPECT_EQ(find_encryption("rot13"), nullptr);
  EXPECT_EQ(find_integrity(""), nullptr);
  EXPECT_EQ(find_encryption_by_sadb(1), nullptr);
  EXPECT_EQ(find_integrity_by_ikev2(3), nullptr);  // AUTH_DES_MAC
}

TEST(Algorithms, TakeKeysWithTheirSaltsOnly) {
  struct {
    Encryption id;
    std::set<std::size_t> bytes;
  } cases[] = {
      {Encryption::DesCbc, {8}},                  // RFC 2405 §2: 64 bits with the parity
      {Encryption::TripleDesCbc, {24}},           // RFC 2451 §2.3
      {Encryption::AesCbc, {16, 24, 32}},         // RFC 3602 §2.1
      {Encryption::AesCtr, {20, 28, 36}},         // RFC 3686 §5.1
      {Encryption::AesGcm16, {20, 28, 36}},       // RFC 4106 §8.1
      {Encryption::AesCcm8, {19, 27, 35}},        // RFC 4309 §7.1
      {Encryption::ChaCha20Poly1305, {36}},       // RFC 7634 §2
      {Encryption::NullAuthAesGmac, {20, 28, 36}},
  };
  for (const auto& c : cases) {
    for (std::size_t n = 0; n < 64; ++n) {
      EXPECT_EQ(algorithm(c.id).takes_key_of(n), c.bytes.contains(n)) << algorithm(c.id).name << " " << n;
    }
  }
  for (std::size_t n = 0; n < 64; ++n) {
    EXPECT_EQ(algorithm(Encryption::BlowfishCbc).takes_key_of(n), n >= 5 && n <= 56) << n;  // RFC 2451 §2.2
    EXPECT_EQ(algorithm(Encryption::Cast128Cbc).takes_key_of(n), n >= 5 && n <= 16) << n;
    EXPECT_EQ(algorithm(Integrity::HmacSha1_96).takes_key_of(n), n == 20) << n;             // RFC 2404 §3
    EXPECT_EQ(algorithm(Integrity::HmacSha2_512_256).takes_key_of(n), n == 64) << n;        // RFC 4868 §2.1.1
    EXPECT_EQ(algorithm(Integrity::Aes256Gmac).takes_key_of(n), n == 36) << n;              // RFC 4543 §5
  }
}

TEST(Algorithms, OfRfc8221AreAllThere) {  // §5, §6: whatever the RFC says of them
  for (std::uint16_t transform : {2, 3, 6, 7, 11, 12, 13, 14, 20, 28}) {
    EXPECT_NE(find_encryption_by_ikev2(transform), nullptr) << transform;
  }
  for (std::uint16_t transform : {0, 1, 2, 5, 8, 9, 10, 11, 12, 13, 14}) {
    EXPECT_NE(find_integrity_by_ikev2(transform), nullptr) << transform;
  }
}

}  // namespace
}  // namespace kamesim::ipsec
