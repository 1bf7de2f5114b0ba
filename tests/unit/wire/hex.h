// Packets as tests write them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sim/bytes.h"

namespace kamesim {

inline unsigned hex_digit(char c) {
  return static_cast<unsigned>(c <= '9' ? c - '0' : c - 'a' + 10);
}

// "60 00 00ff": pairs of lower-case hexadecimal digits; spaces are for the reader.
inline std::vector<std::uint8_t> hex(std::string_view text) {
  std::string digits;
  for (char c : text) {
    if (c != ' ') digits += c;
  }
  std::vector<std::uint8_t> out;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
    out.push_back(static_cast<std::uint8_t>(hex_digit(digits[i]) << 4 | hex_digit(digits[i + 1])));
  }
  return out;
}

inline std::string to_hex(Bytes bytes) {
  std::string out;
  for (std::uint8_t b : bytes) {
    out += "0123456789abcdef"[b >> 4];
    out += "0123456789abcdef"[b & 0xf];
  }
  return out;
}

// Calls f with every proper prefix of the message, each in memory of exactly that size: a read behind its end is
// then an error that AddressSanitizer sees.
template <typename F>
void for_each_truncation(Bytes message, F f) {
  for (std::size_t n = 0; n < message.size(); ++n) {
    const std::vector<std::uint8_t> cut(message.begin(), message.begin() + static_cast<std::ptrdiff_t>(n));
    f(Bytes(cut));
  }
}

}  // namespace kamesim
