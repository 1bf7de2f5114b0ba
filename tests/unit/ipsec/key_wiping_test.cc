// Memory that held keys is wiped before it goes back to the heap: all that is freed, by us and by OpenSSL, is looked
// through for the key first.
#include <gtest/gtest.h>
#include <malloc.h>
#include <openssl/crypto.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <new>

#include "protocols/ipsec/cipher.h"
#include "protocols/ipsec/integrity.h"
#include "protocols/ipsec/sad.h"

namespace {

// No 16 octets in a row that anything else would hold.
constexpr std::array<std::uint8_t, 64> kKey = [] {
  std::array<std::uint8_t, 64> key{};
  for (std::size_t i = 0; i < key.size(); ++i) key[i] = static_cast<std::uint8_t>(0xa7 * (i + 1) ^ 0x5c);
  return key;
}();
bool watching = false;
unsigned seen = 0;

void look_through(void* block) {
  if (!watching || block == nullptr) return;
  const auto* bytes = static_cast<const std::uint8_t*>(block);
  const std::size_t size = malloc_usable_size(block);
  if (std::search(bytes, bytes + size, kKey.begin(), kKey.begin() + 16) != bytes + size) ++seen;
}

void* openssl_malloc(std::size_t size, const char*, int) { return std::malloc(size); }
void* openssl_realloc(void* block, std::size_t size, const char*, int) { return std::realloc(block, size); }
void openssl_free(void* block, const char*, int) {
  look_through(block);
  std::free(block);
}
// Before OpenSSL allocates anything.
const bool hooked = CRYPTO_set_mem_functions(openssl_malloc, openssl_realloc, openssl_free) == 1;

}  // namespace

void* operator new(std::size_t size) {
  if (void* block = std::malloc(size)) return block;
  throw std::bad_alloc();
}
void operator delete(void* block) noexcept {
  look_through(block);
  std::free(block);
}
void operator delete(void* block, std::size_t) noexcept {
  look_through(block);
  std::free(block);
}

namespace kamesim::ipsec {
namespace {

Bytes key_of(std::size_t size) { return Bytes(kKey).first(size); }

class Keys : public testing::Test {
 public:
  Keys() {
    seen = 0;
    watching = true;
  }
  ~Keys() { watching = false; }
};

TEST_F(Keys, AreFoundWhereTheyAreNotWiped) {   // the test can fail
  { std::vector<std::uint8_t> careless(kKey.begin(), kKey.end()); }
  EXPECT_EQ(seen, 1u);
}

TEST_F(Keys, GoWithTheirSecret) {
  {
    Secret one(key_of(32));
    Secret copied = one, moved = std::move(one);
    copied = Secret(key_of(16));
    moved = Secret();
  }
  EXPECT_EQ(seen, 0u);
}

TEST_F(Keys, GoWithEveryCipher) {
  ASSERT_TRUE(hooked);
  for (const EncryptionAlgorithm& a : encryption_algorithms()) {
    const std::size_t size = a.key.max_bits / 8u + a.salt_bytes;
    if (size < 16 || size > kKey.size()) continue;
    std::array<std::uint8_t, 64> data{};
    std::array<std::uint8_t, 16> iv{}, icv{};
    {
      Cipher cipher(a, key_of(size), Cipher::Direction::Encrypt);
      if (a.combined()) {
        cipher.seal(iv.data(), Bytes(data).first(8), MutableBytes(data).first(32), icv.data());
      } else {
        cipher.run(iv.data(), MutableBytes(data).first(32));
      }
    }
    EXPECT_EQ(seen, 0u) << a.name;
  }
}

TEST_F(Keys, GoWithEveryIntegrityCheck) {
  for (const IntegrityAlgorithm& a : integrity_algorithms()) {
    const std::size_t size = a.key.max_bits / 8u + a.salt_bytes;
    if (size < 16 || size > kKey.size()) continue;
    std::array<std::uint8_t, 64> icv{};
    const std::array<std::uint8_t, 16> iv{};
    {
      IntegrityCheck check(a, key_of(size));
      check.begin(iv.data());
      check.update(key_of(0));
      check.finish(icv.data());
    }
    EXPECT_EQ(seen, 0u) << a.name;
  }
}

TEST_F(Keys, GoWithTheirAssociation) {
  {
    Sad sad;
    for (Spi spi : {1000u, 1001u, 1002u}) {
      SaParameters p;
      p.address = {spi, Protocol::Esp, "2001:db8::1"_ip6, "2001:db8::2"_ip6};
      p.encryption_key = Secret(key_of(16));
      p.integrity_key = Secret(key_of(32));
      p.hard.since_added = 5_s;
      (void)sad.add(p, Time());
    }
    sad.remove(*sad.in_order()[0]);
    (void)sad.on_timeout(Time() + 6_s);
    EXPECT_EQ(sad.size(), 0u);
  }
  EXPECT_EQ(seen, 0u);
}

}  // namespace
}  // namespace kamesim::ipsec
