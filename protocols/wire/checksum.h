// The Internet checksum (RFC 1071) and its use by upper layers over IPv6 (RFC 8200 §8.1).
#pragma once

#include <cstddef>
#include <cstdint>

#include "protocols/wire/ipv6_address.h"
#include "protocols/wire/next_header.h"
#include "sim/bytes.h"

namespace kamesim {

// A one's complement sum under way. Sums of parts add up, whatever their order (RFC 1071 §2 A).
class InternetSum {
 public:
  constexpr InternetSum() = default;

  // The bytes of every part but the last must be even in number.
  InternetSum& add(Bytes bytes);
  InternetSum& add(const Ipv6Address& a) {
    add_lanes(load_native64(a.data()));
    add_lanes(load_native64(a.data() + 8));
    return *this;
  }
  InternetSum& add(const InternetSum& other) {
    sum_ += other.sum_;
    return *this;
  }
  constexpr InternetSum& add_be16(std::uint16_t value) {
    sum_ += __builtin_bswap16(value);
    return *this;
  }
  constexpr InternetSum& add_be32(std::uint32_t value) {
    sum_ += __builtin_bswap32(value);
    return *this;
  }

  // The 16-bit sum; 0xffff over a message whose checksum field is correct.
  constexpr std::uint16_t folded() const {
    std::uint64_t s = (sum_ & 0xffff'ffff) + (sum_ >> 32);
    s = (s & 0xffff) + (s >> 16 & 0xffff) + (s >> 32);
    s = (s & 0xffff) + (s >> 16);
    s = (s & 0xffff) + (s >> 16);
    return __builtin_bswap16(static_cast<std::uint16_t>(s));
  }
  // The value for the checksum field.
  constexpr std::uint16_t checksum() const { return static_cast<std::uint16_t>(~folded()); }

 private:
  static std::uint64_t load_native64(const std::uint8_t* p) {
    std::uint64_t v;
    std::memcpy(&v, p, sizeof v);
    return v;
  }
  constexpr void add_lanes(std::uint64_t v) { sum_ += (v & 0xffff'ffff) + (v >> 32); }

  // Sum of 32-bit lanes in host order: byte order cancels out (RFC 1071 §2 B), and 64 bits cannot overflow before
  // 16 GiB have been added.
  std::uint64_t sum_ = 0;
};

// The checksum of the bytes alone, without a pseudo-header.
std::uint16_t internet_checksum(Bytes bytes);

// RFC 8200 §8.1. `destination` is the final destination, `length` that of the upper-layer header and data.
InternetSum pseudo_header_sum(const Ipv6Address& source, const Ipv6Address& destination, std::uint32_t length,
                              NextHeader next_header);

// The checksum of a message over IPv6 as it stands; its checksum field must be zero for the value to send.
std::uint16_t upper_layer_checksum(const Ipv6Address& source, const Ipv6Address& destination, NextHeader next_header,
                                   Bytes message);

// Whether the checksum field that is part of the message is correct.
bool upper_layer_checksum_ok(const Ipv6Address& source, const Ipv6Address& destination, NextHeader next_header,
                             Bytes message);

// Computes the checksum and stores it at `checksum_offset` of the message, whatever was there before.
// UDP sends 0xffff for a computed zero, which would mean "no checksum" (RFC 8200 §8.1).
void fill_upper_layer_checksum(const Ipv6Address& source, const Ipv6Address& destination, NextHeader next_header,
                               MutableBytes message, std::size_t checksum_offset);

// RFC 1624 §3, equation 3: the checksum after a 16-bit word of the message has changed.
constexpr std::uint16_t updated_checksum(std::uint16_t checksum, std::uint16_t old_word, std::uint16_t new_word) {
  return InternetSum()
      .add_be16(static_cast<std::uint16_t>(~checksum))
      .add_be16(static_cast<std::uint16_t>(~old_word))
      .add_be16(new_word)
      .checksum();
}

}  // namespace kamesim
