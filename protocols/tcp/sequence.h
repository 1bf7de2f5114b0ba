// Sequence numbers of TCP (RFC 9293 §3.4): all arithmetic is modulo 2^32.
#pragma once

#include <cstdint>

namespace kamesim {

class SeqNum32 {
 public:
  explicit constexpr SeqNum32(std::uint32_t value) : value_(value) {}
  constexpr std::uint32_t value() const { return value_; }
  // Not operator<: the order is not total.
  constexpr bool before(SeqNum32 o) const { return *this - o < 0; }

  friend constexpr SeqNum32 operator+(SeqNum32 a, std::uint32_t n) { return SeqNum32(a.value_ + n); }
  friend constexpr SeqNum32 operator-(SeqNum32 a, std::uint32_t n) { return SeqNum32(a.value_ - n); }
  friend constexpr std::int32_t operator-(SeqNum32 a, SeqNum32 b) { return static_cast<std::int32_t>(a.value_ - b.value_); }
  friend constexpr bool operator==(SeqNum32, SeqNum32) = default;

 private:
  std::uint32_t value_;
};

struct SackBlock {
  SeqNum32 left{0}, right{0};
  friend constexpr bool operator==(const SackBlock&, const SackBlock&) = default;
};

}  // namespace kamesim
