// The encryption algorithms of ESP, in place over the bytes of a packet. The key is scheduled when a Cipher is made; a
// packet costs its bytes and nothing else.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "protocols/ipsec/algorithms.h"
#include "protocols/ipsec/crypto_library.h"
#include "sim/bytes.h"

namespace kamesim::ipsec {

class Cipher {
 public:
  enum class Direction : std::uint8_t { Encrypt, Decrypt };
  // `keying_material`: the key and behind it the salt, of a length that the algorithm takes (takes_key_of).
  Cipher(const EncryptionAlgorithm& algorithm, Bytes keying_material, Direction direction);

  const EncryptionAlgorithm& algorithm() const { return *algorithm_; }

  // Encrypts or decrypts `data`, whose size is a multiple of the block. `iv`: the packet's, of the algorithm's length.
  // For algorithms that are not combined.
  void run(const std::uint8_t* iv, MutableBytes data);

  // Combined modes. `authenticated`: what is protected but not encrypted, SPI and sequence number.
  // Encrypts `data` and writes the ICV.
  void seal(const std::uint8_t* iv, Bytes authenticated, MutableBytes data, std::uint8_t* icv);
  // Decrypts `data`. False, whatever `data` then holds: the ICV is not that of the packet.
  [[nodiscard]] bool open(const std::uint8_t* iv, Bytes authenticated, MutableBytes data, const std::uint8_t* icv);

 private:
  using Nonce = std::array<std::uint8_t, 16>;  // what OpenSSL calls the IV
  Nonce nonce(const std::uint8_t* iv) const;
  void fix_nonce(const std::uint8_t* iv);
  void begin(const std::uint8_t* iv);
  void begin_to_seal(const std::uint8_t* iv);
  void begin_to_open(const std::uint8_t* iv, const std::uint8_t* icv);
  void take_icv(std::uint8_t* icv);
  void authenticate(Bytes bytes);

  CipherContext context_;
  const EncryptionAlgorithm* algorithm_;
  std::array<std::uint8_t, 4> salt_{};
  // GCM's nonce is made as in TLS (RFC 4106 §4, RFC 5288 §3): a salt, and 8 octets that count. OpenSSL counts by itself,
  // in the same call that hands out the ICV; to begin with a nonce costs several times as much.
  bool counts_ = false;
  std::optional<std::uint64_t> begun_with_;  // sealing: the IV that the context has moved on to
};

}  // namespace kamesim::ipsec
