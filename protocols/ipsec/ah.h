// The packets of AH (RFC 4302 §2): what is covered of an IP packet, and the ICV put in and compared.
#pragma once

#include <array>
#include <cstdint>

#include "protocols/ipsec/drops.h"
#include "protocols/ipsec/integrity.h"
#include "protocols/ipsec/packet_edit.h"
#include "sim/packet.h"

namespace kamesim::ipsec {

inline constexpr std::size_t kAhFixedSize = 12;  // up to the ICV field (§2)
// The headers that may stand before AH; of those that nodes on the way make longer there is no such packet.
inline constexpr std::size_t kMaxHeadersBeforeAh = 2048;

struct AhHeader {
  NextHeader next_header;
  std::size_t size;        // whole
  std::uint32_t spi;
  std::uint32_t sequence;  // the low 32 bits of an extended one
};
// `ah`: from the header on.
Parsed<AhHeader> read_ah_header(Bytes ah);

class AhTransform {
 public:
  AhTransform(const IntegrityAlgorithm& integrity, Bytes key) : integrity_(integrity, key) {}

  const IntegrityAlgorithm& integrity() const { return integrity_.algorithm(); }
  // §3.3.3.2.1: padded to 8 octets in IPv6, to 4 in IPv4.
  std::size_t header_size(bool ip4) const;

  struct ToSeal {
    std::uint32_t spi = 0;
    std::uint64_t sequence = 0;
    bool extended_sequence = false;
    std::array<std::uint8_t, 8> iv{};  // of an algorithm that has one
  };
  // Puts the header into a packet that is otherwise as it will be sent. False, and nothing done: the headers before it
  // are too long.
  bool seal(Packet& packet, const HeaderPlace& place, const ToSeal& parameters);

  // Compares the ICV of the header at `offset` of a packet as it came. Null: it is right.
  const DropInfo* verify(Bytes packet, std::size_t offset, const std::uint32_t* sequence_high);

 private:
  bool cover(Bytes packet, std::size_t offset, std::size_t size, const std::uint32_t* sequence_high);

  IntegrityCheck integrity_;
};

}  // namespace kamesim::ipsec
