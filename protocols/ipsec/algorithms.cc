#include "protocols/ipsec/algorithms.h"

#include <algorithm>
#include <array>
#include <utility>

namespace kamesim::ipsec {

namespace {

constexpr KeyLengths kAesKeys{128, 256, 64};

// PF_KEY's numbers: RFC 2367 §3.5, KAME's and, for the modes that came later, those that Linux and FreeBSD took from
// the registry of RFC 2407 §4.4.4. FreeBSD's alone: ChaCha20-Poly1305.
constexpr std::array<EncryptionAlgorithm, 16> kEncryption = {{
    // id, name, setkey, Wireshark, rule, mode, sadb, ikev2, key, salt, block, iv, icv
    {Encryption::Null, "null", "null", "NULL", "RFC 2410", CipherMode::Null, 11, 11, {0, 2048, 8}, 0, 1, 0, 0},
    {Encryption::DesCbc, "des-cbc", "des-cbc", "DES-CBC [RFC2405]", "RFC 2405", CipherMode::Cbc, 2, 2,
     {64, 64, 8}, 0, 8, 8, 0},
    {Encryption::TripleDesCbc, "3des-cbc", "3des-cbc", "TripleDES-CBC [RFC2451]", "RFC 2451", CipherMode::Cbc, 3, 3,
     {192, 192, 8}, 0, 8, 8, 0},
    {Encryption::BlowfishCbc, "blowfish-cbc", "blowfish-cbc", "BLOWFISH-CBC [RFC2451]", "RFC 2451", CipherMode::Cbc, 7,
     7, {40, 448, 8}, 0, 8, 8, 0},
    {Encryption::Cast128Cbc, "cast128-cbc", "cast128-cbc", "CAST5-CBC [RFC2144]", "RFC 2451", CipherMode::Cbc, 6, 6,
     {40, 128, 8}, 0, 8, 8, 0},
    {Encryption::AesCbc, "aes-cbc", "rijndael-cbc", "AES-CBC [RFC3602]", "RFC 3602", CipherMode::Cbc, 12, 12,
     kAesKeys, 0, 16, 16, 0},
    {Encryption::AesCtr, "aes-ctr", "aes-ctr", "AES-CTR [RFC3686]", "RFC 3686", CipherMode::Ctr, 13, 13,
     kAesKeys, 4, 1, 8, 0},
    {Encryption::AesCcm8, "aes-ccm-8", "aes-ccm-8", "", "RFC 4309", CipherMode::Ccm, 14, 14, kAesKeys, 3, 1, 8, 8},
    {Encryption::AesCcm12, "aes-ccm-12", "aes-ccm-12", "", "RFC 4309", CipherMode::Ccm, 15, 15, kAesKeys, 3, 1, 8, 12},
    {Encryption::AesCcm16, "aes-ccm-16", "aes-ccm-16", "", "RFC 4309", CipherMode::Ccm, 16, 16, kAesKeys, 3, 1, 8, 16},
    {Encryption::AesGcm8, "aes-gcm-8", "aes-gcm-8", "AES-GCM with 8 octet ICV [RFC4106]", "RFC 4106", CipherMode::Gcm,
     18, 18, kAesKeys, 4, 1, 8, 8},
    {Encryption::AesGcm12, "aes-gcm-12", "aes-gcm-12", "AES-GCM with 12 octet ICV [RFC4106]", "RFC 4106",
     CipherMode::Gcm, 19, 19, kAesKeys, 4, 1, 8, 12},
    {Encryption::AesGcm16, "aes-gcm-16", "aes-gcm-16", "AES-GCM with 16 octet ICV [RFC4106]", "RFC 4106",
     CipherMode::Gcm, 20, 20, kAesKeys, 4, 1, 8, 16},
    {Encryption::ChaCha20Poly1305, "chacha20-poly1305", "chacha20-poly1305", "", "RFC 7634",
     CipherMode::ChaCha20Poly1305, 31, 28, {256, 256, 8}, 4, 1, 8, 16},
    {Encryption::NullAuthAesGmac, "null-auth-aes-gmac", "aes-gmac", "", "RFC 4543", CipherMode::Gmac, 23, 21,
     kAesKeys, 4, 1, 8, 16},
    {Encryption::CamelliaCbc, "camellia-cbc", "camellia-cbc", "", "RFC 4312", CipherMode::Cbc, 22, 23, kAesKeys, 0, 16,
     16, 0},
}};

// AES-CMAC has no number in any PF_KEY: it has one here below KAME's private ones (249 to 252).
constexpr std::array<IntegrityAlgorithm, 12> kIntegrity = {{
    // id, name, setkey, Wireshark, rule, sadb, ikev2, key, salt, iv, icv
    {Integrity::None, "null", "null", "NULL", "RFC 4303 §2.8", 251, 0, {0, 2048, 8}, 0, 0, 0},
    {Integrity::HmacMd5_96, "hmac-md5-96", "hmac-md5", "HMAC-MD5-96 [RFC2403]", "RFC 2403", 2, 1, {128, 128, 8}, 0, 0,
     12},
    {Integrity::HmacSha1_96, "hmac-sha1-96", "hmac-sha1", "HMAC-SHA-1-96 [RFC2404]", "RFC 2404", 3, 2, {160, 160, 8}, 0,
     0, 12},
    {Integrity::HmacSha2_256_128, "hmac-sha2-256-128", "hmac-sha2-256", "HMAC-SHA-256-128 [RFC4868]", "RFC 4868", 5, 12,
     {256, 256, 8}, 0, 0, 16},
    {Integrity::HmacSha2_384_192, "hmac-sha2-384-192", "hmac-sha2-384", "HMAC-SHA-384-192 [RFC4868]", "RFC 4868", 6, 13,
     {384, 384, 8}, 0, 0, 24},
    {Integrity::HmacSha2_512_256, "hmac-sha2-512-256", "hmac-sha2-512", "HMAC-SHA-512-256 [RFC4868]", "RFC 4868", 7, 14,
     {512, 512, 8}, 0, 0, 32},
    {Integrity::HmacRipemd160_96, "hmac-ripemd160-96", "hmac-ripemd160", "MAC-RIPEMD-160-96 [RFC2857]", "RFC 2857", 8,
     0, {160, 160, 8}, 0, 0, 12},
    {Integrity::AesXcbc96, "aes-xcbc-96", "aes-xcbc-mac", "", "RFC 3566", 9, 5, {128, 128, 8}, 0, 0, 12},
    {Integrity::AesCmac96, "aes-cmac-96", "aes-cmac", "", "RFC 4494", 248, 8, {128, 128, 8}, 0, 0, 12},
    {Integrity::Aes128Gmac, "aes-128-gmac", "aes-128-gmac", "", "RFC 4543", 11, 9, {128, 128, 8}, 4, 8, 16, true},
    {Integrity::Aes192Gmac, "aes-192-gmac", "aes-192-gmac", "", "RFC 4543", 12, 10, {192, 192, 8}, 4, 8, 16, true},
    {Integrity::Aes256Gmac, "aes-256-gmac", "aes-256-gmac", "", "RFC 4543", 13, 11, {256, 256, 8}, 4, 8, 16, true},
}};

constexpr std::array<CompressionAlgorithm, 2> kCompression = {{
    {Compression::None, "none", "none", "RFC 3173", 0, 0},
    {Compression::Deflate, "deflate", "deflate", "RFC 2394", 2, 2},
}};

template <typename Table>
constexpr bool in_order(const Table& table) {
  for (std::size_t i = 0; i < table.size(); ++i) {
    if (static_cast<std::size_t>(table[i].id) != i) return false;
  }
  return true;
}
static_assert(in_order(kEncryption) && in_order(kIntegrity) && in_order(kCompression));

// What else the setkeys of the BSDs and Linux call them.
constexpr std::pair<std::string_view, Encryption> kOtherEncryptionNames[] = {
    {"aes", Encryption::AesCbc},
    {"simple", Encryption::Null},  // KAME's, before RFC 2410
    {"3des", Encryption::TripleDesCbc},
    {"des", Encryption::DesCbc},
    {"blowfish", Encryption::BlowfishCbc},
    {"cast128", Encryption::Cast128Cbc},
    {"aes-gcm", Encryption::AesGcm16},
    {"aes-ccm", Encryption::AesCcm8},
};
constexpr std::pair<std::string_view, Integrity> kOtherIntegrityNames[] = {
    {"none", Integrity::None},
    {"hmac-sha", Integrity::HmacSha1_96},
    {"hmac-sha256", Integrity::HmacSha2_256_128},
    {"hmac-sha384", Integrity::HmacSha2_384_192},
    {"hmac-sha512", Integrity::HmacSha2_512_256},
    {"hmac-sha-256", Integrity::HmacSha2_256_128},
    {"hmac-sha-384", Integrity::HmacSha2_384_192},
    {"hmac-sha-512", Integrity::HmacSha2_512_256},
    {"aes-cmac-mac", Integrity::AesCmac96},
    {"aes-gmac", Integrity::Aes128Gmac},
};

template <typename Table>
auto by_name(const Table& table, std::string_view name) {
  const auto found = std::ranges::find_if(table, [&](const auto& a) { return a.name == name || a.setkey == name; });
  return found == table.end() ? nullptr : &*found;
}

template <typename Table, typename Field>
auto by_number(const Table& table, Field field, unsigned number) {
  const auto found = std::ranges::find_if(table, [&](const auto& a) { return a.*field == number; });
  return found == table.end() ? nullptr : &*found;
}

template <typename Table, typename Others>
auto by_any_name(const Table& table, const Others& others, std::string_view name) {
  if (const auto* known = by_name(table, name)) return known;
  for (const auto& [other, id] : others) {
    if (other == name) return &algorithm(id);
  }
  return static_cast<decltype(by_name(table, name))>(nullptr);
}

}  // namespace

std::span<const EncryptionAlgorithm> encryption_algorithms() { return kEncryption; }
std::span<const IntegrityAlgorithm> integrity_algorithms() { return kIntegrity; }
std::span<const CompressionAlgorithm> compression_algorithms() { return kCompression; }

const EncryptionAlgorithm& algorithm(Encryption id) { return kEncryption[static_cast<std::size_t>(id)]; }
const IntegrityAlgorithm& algorithm(Integrity id) { return kIntegrity[static_cast<std::size_t>(id)]; }
const CompressionAlgorithm& algorithm(Compression id) { return kCompression[static_cast<std::size_t>(id)]; }

const EncryptionAlgorithm* find_encryption(std::string_view name) {
  return by_any_name(kEncryption, kOtherEncryptionNames, name);
}
const IntegrityAlgorithm* find_integrity(std::string_view name) {
  return by_any_name(kIntegrity, kOtherIntegrityNames, name);
}
const CompressionAlgorithm* find_compression(std::string_view name) { return by_name(kCompression, name); }

const EncryptionAlgorithm* find_encryption_by_sadb(std::uint8_t number) {
  return by_number(kEncryption, &EncryptionAlgorithm::sadb, number);
}
const IntegrityAlgorithm* find_integrity_by_sadb(std::uint8_t number) {
  return by_number(kIntegrity, &IntegrityAlgorithm::sadb, number);
}
const CompressionAlgorithm* find_compression_by_sadb(std::uint8_t number) {
  return by_number(kCompression, &CompressionAlgorithm::sadb, number);
}

const EncryptionAlgorithm* find_encryption_by_ikev2(std::uint16_t transform) {
  return by_number(kEncryption, &EncryptionAlgorithm::ikev2, transform);
}
const IntegrityAlgorithm* find_integrity_by_ikev2(std::uint16_t transform) {
  if (transform == 0) return &algorithm(Integrity::None);
  return by_number(kIntegrity, &IntegrityAlgorithm::ikev2, transform);
}

}  // namespace kamesim::ipsec
