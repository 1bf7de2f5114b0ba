// The packets of ESP (RFC 4303 §2): sealing and opening, in place. Which association, whether its number is new and
// what becomes of the packet are others' matters.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "protocols/ipsec/cipher.h"
#include "protocols/ipsec/drops.h"
#include "protocols/ipsec/integrity.h"
#include "protocols/wire/next_header.h"
#include "sim/packet.h"

namespace kamesim::ipsec {

inline constexpr std::size_t kEspHeaderSize = 8;    // SPI and sequence number (§2)
inline constexpr std::size_t kEspTrailerSize = 2;   // pad length and next header (§2.5, §2.6)
inline constexpr std::size_t kMaxEspIv = 16;
inline constexpr std::size_t kMaxEspPadding = 255;  // §2.4

// What the fixed part of a header says.
struct EspHeader {
  std::uint32_t spi;
  std::uint32_t sequence;  // the low 32 bits of an extended one
};
// `esp`: from the header on.
Parsed<EspHeader> read_esp_header(Bytes esp);

class EspTransform {
 public:
  // A combined algorithm goes without integrity algorithm. Keys are of lengths that the algorithms take.
  EspTransform(const EncryptionAlgorithm& encryption, Bytes encryption_key, const IntegrityAlgorithm& integrity,
               Bytes integrity_key, Cipher::Direction direction);

  // The octets of header and IV, and of the ICV.
  std::size_t front_size() const { return front_size_; }
  std::size_t icv_size() const { return icv_size_; }
  // How long `payload` octets become.
  std::size_t sealed_size(std::size_t payload) const;
  // The most octets of payload that become no longer than `room`; 0: none do.
  std::size_t payload_that_fits(std::size_t room) const;
  const EncryptionAlgorithm& encryption() const { return cipher_.algorithm(); }
  const IntegrityAlgorithm& integrity() const { return integrity_.algorithm(); }
  bool protects_integrity() const { return icv_size() != 0; }

  struct ToSeal {
    std::uint32_t spi = 0;
    std::uint64_t sequence = 0;
    bool extended_sequence = false;    // its high half is covered by the ICV (§2.2.1)
    NextHeader next_header = NextHeader::NoNextHeader;
    std::array<std::uint8_t, kMaxEspIv> iv{};
    std::size_t tfc_padding = 0;       // octets behind the payload (§2.7)
    // What to pad with up to the algorithm's block; empty: 1, 2, 3 ... (§2.4).
    std::optional<std::array<std::uint8_t, 16>> padding;
  };
  // Seals all that stands behind `offset`. The IP header is not looked at.
  void seal(Packet& packet, std::size_t offset, const ToSeal& parameters);

  struct Opened {
    std::size_t payload = 0;  // where it now begins; it ends with the packet
    NextHeader next_header = NextHeader::NoNextHeader;
  };
  // Opens the ESP packet that begins at `offset`, in place, and cuts its trailer off. `sequence_high`: of an extended
  // number, else nothing. The packet's content is undefined after a failure.
  Parsed<Opened> open(Packet& packet, std::size_t offset, const std::uint32_t* sequence_high);
  // Whether the padding must be 1, 2, 3 ... (§2.4): of the sender a MUST, of the receiver a SHOULD.
  bool checks_padding = true;

 private:
  std::size_t padding_for(std::size_t payload) const { return (0 - (payload + kEspTrailerSize)) & unaligned_; }

  Cipher cipher_;
  IntegrityCheck integrity_;
  std::size_t front_size_, icv_size_;
  std::size_t unaligned_;  // what of a length goes beyond a multiple of the alignment, a power of 2
};

}  // namespace kamesim::ipsec
