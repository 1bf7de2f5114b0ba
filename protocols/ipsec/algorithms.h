// The algorithms of IPsec (RFC 8221): their names in setkey and in Wireshark, their numbers in PF_KEY and IKEv2, and
// the lengths of their keys and fields. One row an algorithm, in algorithms.cc; cipher.h and integrity.h compute them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace kamesim::ipsec {

enum class Encryption : std::uint8_t {
  Null,              // RFC 2410
  DesCbc,            // RFC 2405
  TripleDesCbc,      // RFC 2451
  BlowfishCbc,       // RFC 2451
  Cast128Cbc,        // RFC 2451
  AesCbc,            // RFC 3602
  AesCtr,            // RFC 3686
  AesCcm8,           // RFC 4309; the numbers are the octets of the ICV
  AesCcm12,
  AesCcm16,
  AesGcm8,           // RFC 4106
  AesGcm12,
  AesGcm16,
  ChaCha20Poly1305,  // RFC 7634
  NullAuthAesGmac,   // RFC 4543 §3: in ESP, integrity alone
  CamelliaCbc,       // RFC 4312
};

enum class Integrity : std::uint8_t {
  None,
  HmacMd5_96,        // RFC 2403
  HmacSha1_96,       // RFC 2404
  HmacSha2_256_128,  // RFC 4868
  HmacSha2_384_192,
  HmacSha2_512_256,
  HmacRipemd160_96,  // RFC 2857
  AesXcbc96,         // RFC 3566
  AesCmac96,         // RFC 4494
  Aes128Gmac,        // RFC 4543 §4: in AH
  Aes192Gmac,
  Aes256Gmac,
};

enum class Compression : std::uint8_t {
  None,
  Deflate,           // RFC 2394
};

// How an encryption algorithm is run.
enum class CipherMode : std::uint8_t { Null, Cbc, Ctr, Ccm, Gcm, ChaCha20Poly1305, Gmac };

// Which lengths a key may have, in bits: from min to max in steps. A salt (or nonce) behind it is not counted.
struct KeyLengths {
  std::uint16_t min_bits = 0, max_bits = 0, step_bits = 8;
  constexpr bool contains(std::size_t bits) const {
    return bits >= min_bits && bits <= max_bits && (bits - min_bits) % step_bits == 0;
  }
};

struct EncryptionAlgorithm {
  Encryption id;
  std::string_view name;       // as the IKEv2 registry's, in lower case: "aes-gcm-16"
  std::string_view setkey;     // as in setkey's grammar: "rijndael-cbc"
  std::string_view wireshark;  // in its table of ESP SAs; empty: it does not know the algorithm
  std::string_view rule;       // the RFC
  CipherMode mode;
  std::uint8_t sadb;           // SADB_EALG_*, SADB_X_EALG_*
  std::uint8_t ikev2;          // transform type 1
  KeyLengths key;
  std::uint8_t salt_bytes;     // at the end of the keying material
  std::uint8_t block_bytes;    // to which the plaintext is padded; ESP asks for 4 at least
  std::uint8_t iv_bytes;       // in each packet
  std::uint8_t icv_bytes;      // of a combined mode; 0: integrity is another algorithm's matter

  constexpr bool combined() const { return icv_bytes != 0; }
  // What setkey and PF_KEY call the key: with the salt.
  constexpr bool takes_key_of(std::size_t bytes) const {
    return bytes >= salt_bytes && key.contains(8 * (bytes - salt_bytes));
  }
};

struct IntegrityAlgorithm {
  Integrity id;
  std::string_view name;       // "hmac-sha2-256-128"
  std::string_view setkey;
  std::string_view wireshark;
  std::string_view rule;
  std::uint8_t sadb;           // SADB_AALG_*, SADB_X_AALG_*
  std::uint8_t ikev2;          // transform type 3; 0: none
  KeyLengths key;
  std::uint8_t salt_bytes;     // at the end of the keying material
  std::uint8_t iv_bytes;       // before the ICV, in AH's ICV field (RFC 4543 §4)
  std::uint8_t icv_bytes;
  bool ah_only = false;

  constexpr bool takes_key_of(std::size_t bytes) const {
    return bytes >= salt_bytes && key.contains(8 * (bytes - salt_bytes));
  }
};

struct CompressionAlgorithm {
  Compression id;
  std::string_view name;
  std::string_view setkey;
  std::string_view rule;
  std::uint8_t sadb;           // SADB_X_CALG_*
  std::uint16_t cpi;           // the well-known one (RFC 3173 §3.3)
};

// All of them, in the order of the enumerations.
std::span<const EncryptionAlgorithm> encryption_algorithms();
std::span<const IntegrityAlgorithm> integrity_algorithms();
std::span<const CompressionAlgorithm> compression_algorithms();

const EncryptionAlgorithm& algorithm(Encryption id);
const IntegrityAlgorithm& algorithm(Integrity id);
const CompressionAlgorithm& algorithm(Compression id);

// By `name`, `setkey` or a name that other versions of setkey have for it. Null: there is none.
const EncryptionAlgorithm* find_encryption(std::string_view name);
const IntegrityAlgorithm* find_integrity(std::string_view name);
const CompressionAlgorithm* find_compression(std::string_view name);

// By number in PF_KEY. Null: there is none.
const EncryptionAlgorithm* find_encryption_by_sadb(std::uint8_t number);
const IntegrityAlgorithm* find_integrity_by_sadb(std::uint8_t number);
const CompressionAlgorithm* find_compression_by_sadb(std::uint8_t number);

// By transform id in IKEv2 (RFC 7296 §3.3.2). Null: there is none.
const EncryptionAlgorithm* find_encryption_by_ikev2(std::uint16_t transform);
const IntegrityAlgorithm* find_integrity_by_ikev2(std::uint16_t transform);

}  // namespace kamesim::ipsec
