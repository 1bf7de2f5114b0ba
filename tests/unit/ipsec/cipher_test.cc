// Published vectors of each encryption algorithm, and what holds for all of them.
#include "protocols/ipsec/cipher.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/unit/wire/hex.h"

namespace kamesim::ipsec {
namespace {

using enum Cipher::Direction;
using ByteVector = std::vector<std::uint8_t>;

struct Vector {
  const char* source;
  Encryption id;
  std::string key;  // and salt
  std::string iv;
  std::string plain;
  std::string encrypted;
};

const Vector kVectors[] = {
    {"RFC 3602 §4 case 1", Encryption::AesCbc, "06a9214036b8a15b512e03d534120006", "3dafba429d9eb430b422da802c9fac41",
     "53696e676c6520626c6f636b206d7367", "e353779c1079aeb82708942dbe77181a"},
    {"RFC 3602 §4 case 2", Encryption::AesCbc, "c286696d887c9aa0611bbb3e2025a45a", "562e17996d093d28ddb3ba695a2e6f58",
     "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
     "d296cd94c2cccf8a3a863028b5e1dc0a7586602d253cfff91b8266bea6d61ab1"},
    {"NIST SP 800-38A F.2.3", Encryption::AesCbc, "8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b",
     "000102030405060708090a0b0c0d0e0f", "6bc1bee22e409f96e93d7e117393172a", "4f021db243bc633d7178183a9fa071e8"},
    {"NIST SP 800-38A F.2.5", Encryption::AesCbc, "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4",
     "000102030405060708090a0b0c0d0e0f", "6bc1bee22e409f96e93d7e117393172a", "f58c4c04d6e5f1ba779eabfb5f7bfbd6"},
    {"RFC 3686 §6 vector 1", Encryption::AesCtr, "ae6852f8121067cc4bf7a5765577f39e 00000030", "0000000000000000",
     "53696e676c6520626c6f636b206d7367", "e4095d4fb7a7b3792d6175a3261311b8"},
    {"RFC 3686 §6 vector 3", Encryption::AesCtr, "7691be035e5020a8ac6e618529f9a0dc 00e0017b", "27777f3f4a1786f0",
     "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20212223",
     "c1cf48a89f2ffdd9cf4652e9efdb72d74540a42bde6d7836d59a5ceaaef3105325b2072f"},
    {"RFC 3686 §6 vector 5", Encryption::AesCtr, "7c5cb2401b3dc33c19e7340819e0f69c678c3db8e6f6a91a 0096b03b",
     "020c6eadc2cb500d", "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
     "453243fc609b23327edfaafa7131cd9f8490701c5ad4a79cfc1fe0ff42f4fb00"},
    {"RFC 3686 §6 vector 9", Encryption::AesCtr,
     "ff7a617ce69148e4f1726e2f43581de2aa62d9f805532edff1eed687fb54153d 001cc5b7", "51a51d70a1c11148",
     "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20212223",
     "eb6c52821d0bbbf7ce7594462aca4faab407df866569fd07f48cc0b583d6071f1ec0e6b8"},
    {"FIPS 81 table C1", Encryption::DesCbc, "0123456789abcdef", "1234567890abcdef",
     "4e6f77206973207468652074696d6520666f7220616c6c20", "e5c7cdde872bf27c43e934008c389c0f683788499a7c05f6"},
    {"NIST SP 800-67 B.1, first block", Encryption::TripleDesCbc,
     "0123456789abcdef 23456789abcdef01 456789abcdef0123", "0000000000000000", "5468652071756663", "a826fd8ce53b855f"},
    {"Schneier's CBC vector", Encryption::BlowfishCbc, "0123456789abcdeff0e1d2c3b4a59687", "fedcba9876543210",
     "37363534333231204e6f77206973207468652074696d6520666f722000000000",
     "6b77b4d63006dee605b156e27403979358deb9e7154616d959f1652bd5ff92cc"},
    {"RFC 3713 appendix A, 128 bits", Encryption::CamelliaCbc, "0123456789abcdeffedcba9876543210",
     "00000000000000000000000000000000", "0123456789abcdeffedcba9876543210", "67673138549669730857065648eabe43"},
    {"RFC 3713 appendix A, 192 bits", Encryption::CamelliaCbc, "0123456789abcdeffedcba98765432100011223344556677",
     "00000000000000000000000000000000", "0123456789abcdeffedcba9876543210", "b4993401b3e996f84ee5cee7d79b09b9"},
    {"RFC 3713 appendix A, 256 bits", Encryption::CamelliaCbc,
     "0123456789abcdeffedcba987654321000112233445566778899aabbccddeeff", "00000000000000000000000000000000",
     "0123456789abcdeffedcba9876543210", "9acc237dff16d76c20ef7c919e3a7509"},
    {"RFC 2144 B.1, 128 bits", Encryption::Cast128Cbc, "0123456712345678234567893456789a", "0000000000000000",
     "0123456789abcdef", "238b4fe5847e44b2"},
    {"RFC 2144 B.1, 80 bits: 12 rounds", Encryption::Cast128Cbc, "01234567123456782345", "0000000000000000",
     "0123456789abcdef", "eb6a711a2c02271b"},
    {"RFC 2144 B.1, 40 bits", Encryption::Cast128Cbc, "0123456712", "0000000000000000", "0123456789abcdef",
     "7ac816d16e9b302e"},
};

class Encrypts : public testing::TestWithParam<Vector> {};

TEST_P(Encrypts, AsPublished) {
  const Vector& v = GetParam();
  const ByteVector key = hex(v.key), iv = hex(v.iv);
  ASSERT_TRUE(algorithm(v.id).takes_key_of(key.size()));
  ByteVector data = hex(v.plain);
  Cipher encrypt(algorithm(v.id), key, Encrypt);
  Cipher decrypt(algorithm(v.id), key, Decrypt);
  for (int again = 0; again < 2; ++again) {  // the key stays, the IV does not
    encrypt.run(iv.data(), data);
    EXPECT_EQ(to_hex(data), to_hex(hex(v.encrypted)));
    decrypt.run(iv.data(), data);
    EXPECT_EQ(to_hex(data), to_hex(hex(v.plain)));
  }
}

std::string name(const std::string& source) {
  std::string out;
  for (char c : source) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0) out += c;
  }
  return out;
}
INSTANTIATE_TEST_SUITE_P(Cipher, Encrypts, testing::ValuesIn(kVectors),
                         [](const auto& info) { return name(info.param.source); });

TEST(Cipher, AgreesWithSchneiersBlowfishForKeysOfAnyLength) {  // his "set_key" test: one block, ECB
  struct {
    std::size_t bytes;
    const char* encrypted;
  } cases[] = {{8, "e87a244e2cc85e82"}, {16, "93142887ee3be15c"}, {24, "05044b62fa52d080"}};
  const ByteVector key = hex("f0e1d2c3b4a5968778695a4b3c2d1e0f0011223344556677"), iv = hex("0000000000000000");
  for (const auto& c : cases) {
    ByteVector data = hex("fedcba9876543210");
    Cipher(algorithm(Encryption::BlowfishCbc), Bytes(key).first(c.bytes), Encrypt).run(iv.data(), data);
    EXPECT_EQ(to_hex(data), c.encrypted) << c.bytes;
  }
}

TEST(Cipher, NullChangesNothing) {  // RFC 2410 §2
  ByteVector data = hex("00112233");
  Cipher(algorithm(Encryption::Null), {}, Encrypt).run(nullptr, data);
  EXPECT_EQ(to_hex(data), "00112233");
}

struct CombinedVector {
  const char* source;
  Encryption id;
  std::string key, iv, authenticated, plain, encrypted, icv;
};

const CombinedVector kCombinedVectors[] = {
    {"draft-mcgrew-gcm-test-01 case 1, ESN", Encryption::AesGcm16, "4c80cdefbb5d10da906ac73c3613a634 2e443b68",
     "4956ed7e3b244cfe", "00004321 8765432100000000",
     "45000048699a000080114db7c0a80102c0a801010a9bf15638d301000001000000000000045f736970045f75647003736970096379626572"
     "636974790264 6b000021000101020201",
     "fecf537e729d5b07dc30df528dd22b768d1b98736696a6fd348509fa13ceac34cfa2436f14a3f3cf65925bf1f4a13c5d15b21e1884f5ff62"
     "47aeabb786b93bce61bc17d768fd9732",
     "459018148f6cbe722fd04796562dfdb4"},
    {"draft-mcgrew-gcm-test-01 case 2, 192 bits", Encryption::AesGcm16,
     "feffe9928665731c6d6a8f9467308308feffe9928665731c cafebabe", "facedbaddecaf888", "0000a5f80000000a",
     "45000028a4ad4000400678800a01038f0a010612802306b8cb712602dd6bb03e501016d075680001",
     "a5b1f8066029aea40e598b8122de02420938b3ab33f828e687b8858b5bfbdbd0315b27452144cc77",
     "95457b9652037f5318027b5b4cd7a636"},
    {"draft-mcgrew-gcm-test-01 case 3, 256 bits", Encryption::AesGcm16,
     "abbccddef00112233445566778899aababbccddef00112233445566778899aab 11223344", "0102030405060708",
     "4a2cbfe300000002",
     "4500003069a6400080062690c0a801029389155e0a9e008b2dc57ee0000000007002400020bf0000020405b40101040201020201",
     "ff425c9b724599df7a3bcd510194e00d6a78107f1b0b1cbf06efae9d65a5d763748a637985771d347f0545659f14e99def842d8e",
     "b335f4eecfdbf831824b4c4915956c96"},
    {"draft-mcgrew-gcm-test-01 case 3, 12 octets of its ICV", Encryption::AesGcm12,
     "abbccddef00112233445566778899aababbccddef00112233445566778899aab 11223344", "0102030405060708",
     "4a2cbfe300000002",
     "4500003069a6400080062690c0a801029389155e0a9e008b2dc57ee0000000007002400020bf0000020405b40101040201020201",
     "ff425c9b724599df7a3bcd510194e00d6a78107f1b0b1cbf06efae9d65a5d763748a637985771d347f0545659f14e99def842d8e",
     "b335f4eecfdbf831824b4c49"},
    {"draft-mcgrew-gcm-test-01, dummy packet, 8 octets of its ICV", Encryption::AesGcm8,
     "7d773d00c144c525ac619d18c84a3f47 d9664267", "43457e9182443bc6", "335467aeffffffff", "01020201", "437f866b",
     "cb3f699fe9b0822b"},
    {"draft-mcgrew-gcm-test-01, GMAC", Encryption::NullAuthAesGmac, "4c80cdefbb5d10da906ac73c3613a634 22433c64",
     "0000000000000000", "0000432100000007",
     "45000030da3a00008001df3bc0a80005c0a800010800c6cd020007006162636465666768696a6b6c6d6e6f707172737401020201",
     "45000030da3a00008001df3bc0a80005c0a800010800c6cd020007006162636465666768696a6b6c6d6e6f707172737401020201",
     "f2a9a836e155106aa8dcd618e4099aaa"},
    {"NIST CAVP CCM VNT192, nonces of 11", Encryption::AesCcm16,
     "7a182e4e3367194662d614bb11da11e86596f724204f48ff d3284d", "1de51559c1ddbfe6",
     "21214ac2314fdfe07bc4d066245a97b1a10470df2a6d6b926cdcbff07f5b61ef",
     "88a5c1c2ae4eb463a3283dc5c81f665b0f6d54495f6cc9d43aa8ee179d3950f8",
     "65ed1e3919d208e9e5267370b9cf9b1431ef0c584dd2cf057d243a03523ca756", "2a18840cac2199030c008741d74fb220"},
    {"RFC 7634 appendix A", Encryption::ChaCha20Poly1305,
     "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f a0a1a2a3"
     "", "1011121314151617",
     "0102030400000005",
     "45000054a6f200004001e778c6336405c000020508005b7a3a080000553bec100007362708090a0b0c0d0e0f101112131415161718191a1b"
     "1c1d1e1f202122232425262728292a2b2c2d2e2f303132333435363701020204",
     "24039428b97f417e3c13753a4f05087b67c352e6a7fab1b982d466ef407ae5c614ee8099d52844eb61aa95dfab4c02f72aa71e7c4c4f64c9"
     "befe2facc638e8f3cbec163fac469b502773f6fb94e664da9165b82829f641e0",
     "76aaa8266b7fb0f7b11b369907e1ad43"},
};

class Seals : public testing::TestWithParam<CombinedVector> {};

TEST_P(Seals, AsPublished) {
  const CombinedVector& v = GetParam();
  const ByteVector key = hex(v.key), iv = hex(v.iv), authenticated = hex(v.authenticated);
  ASSERT_TRUE(algorithm(v.id).takes_key_of(key.size()));
  ByteVector data = hex(v.plain), icv(algorithm(v.id).icv_bytes);
  Cipher seal(algorithm(v.id), key, Encrypt);
  Cipher open(algorithm(v.id), key, Decrypt);
  for (int again = 0; again < 2; ++again) {
    seal.seal(iv.data(), authenticated, data, icv.data());
    EXPECT_EQ(to_hex(data), v.encrypted);
    EXPECT_EQ(to_hex(icv), v.icv);
    EXPECT_TRUE(open.open(iv.data(), authenticated, data, icv.data()));
    EXPECT_EQ(to_hex(data), to_hex(hex(v.plain)));
  }
}

TEST_P(Seals, SoThatNoBitMayChange) {
  const CombinedVector& v = GetParam();
  const ByteVector key = hex(v.key), sealed = hex(v.encrypted);
  Cipher open(algorithm(v.id), key, Decrypt);
  auto opens = [&](std::size_t piece, std::size_t bit) {
    ByteVector parts[] = {hex(v.iv), hex(v.authenticated), hex(v.encrypted), hex(v.icv)};
    parts[piece][bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
    return open.open(parts[0].data(), parts[1], parts[2], parts[3].data());
  };
  const std::size_t sizes[] = {v.iv.size() / 2, hex(v.authenticated).size(), sealed.size(), v.icv.size() / 2};
  for (std::size_t piece = 0; piece < 4; ++piece) {
    for (std::size_t bit = 0; bit < 8 * sizes[piece]; ++bit) EXPECT_FALSE(opens(piece, bit)) << piece << " " << bit;
  }
  ByteVector data = hex(v.encrypted), icv = hex(v.icv), iv = hex(v.iv);  // and afterwards the good one still opens
  EXPECT_TRUE(open.open(iv.data(), hex(v.authenticated), data, icv.data()));
}

INSTANTIATE_TEST_SUITE_P(Cipher, Seals, testing::ValuesIn(kCombinedVectors),
                         [](const auto& info) { return name(info.param.source); });

TEST(Cipher, OfEveryAlgorithmAndKeyLengthGivesBackWhatItTook) {
  for (const auto& a : encryption_algorithms()) {
    const std::size_t longest = std::min<std::size_t>(a.key.max_bits, 448);
    for (std::size_t bits = a.key.min_bits; bits <= longest; bits += a.key.step_bits) {
      ByteVector key(bits / 8 + a.salt_bytes), iv(16, 7), icv(16), header(8, 9);
      for (std::size_t i = 0; i < key.size(); ++i) key[i] = static_cast<std::uint8_t>(37 * i + 1);
      Cipher forth(a, key, Encrypt), back(a, key, Decrypt);
      ByteVector data(64);
      for (std::size_t i = 0; i < data.size(); ++i) data[i] = static_cast<std::uint8_t>(i);
      const ByteVector before = data;
      if (a.combined()) {
        forth.seal(iv.data(), header, data, icv.data());
        EXPECT_EQ(data == before, a.mode == CipherMode::Gmac) << a.name;
        EXPECT_TRUE(back.open(iv.data(), header, data, icv.data())) << a.name << " " << bits;
      } else {
        forth.run(iv.data(), data);
        EXPECT_EQ(data == before, a.mode == CipherMode::Null) << a.name;
        back.run(iv.data(), data);
      }
      EXPECT_EQ(data, before) << a.name << " " << bits;
    }
  }
}

}  // namespace
}  // namespace kamesim::ipsec
