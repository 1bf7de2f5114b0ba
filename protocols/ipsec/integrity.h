// The integrity algorithms of ESP and AH. The key is scheduled when one is made. What is covered comes in pieces,
// between begin and finish or matches.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "protocols/ipsec/algorithms.h"
#include "protocols/ipsec/crypto_library.h"
#include "sim/bytes.h"

namespace kamesim::ipsec {

class IntegrityCheck {
 public:
  // `keying_material`: the key and behind it the salt, of a length that the algorithm takes (takes_key_of).
  IntegrityCheck(const IntegrityAlgorithm& algorithm, Bytes keying_material);

  const IntegrityAlgorithm& algorithm() const { return *algorithm_; }

  // `iv`: of an algorithm that has one (RFC 4543 §4).
  void begin(const std::uint8_t* iv = nullptr);
  void update(Bytes covered);
  // Writes the ICV, of the algorithm's length.
  void finish(std::uint8_t* icv);
  // Ends as well, and compares in constant time.
  [[nodiscard]] bool matches(const std::uint8_t* icv);

 private:
  using Block = std::array<std::uint8_t, 16>;
  void update_xcbc(Bytes covered);
  Block finish_xcbc();
  void chain(Bytes blocks, Block& last);

  MacContext mac_;         // HMAC, CMAC
  CipherContext cipher_;   // of GMAC, and of XCBC's chain
  const IntegrityAlgorithm* algorithm_;
  std::array<std::uint8_t, 4> salt_{};
  struct Xcbc {            // RFC 3566 §4
    Block k2{}, k3{}, pending{};
    std::size_t pending_size = 0;
    ~Xcbc();
  };
  std::unique_ptr<Xcbc> xcbc_;
};

}  // namespace kamesim::ipsec
