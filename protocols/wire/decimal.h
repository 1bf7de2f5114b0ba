// Decimal numbers in the text forms of addresses and prefixes.
#pragma once

#include <charconv>
#include <optional>
#include <string_view>

namespace kamesim {

// A number that fills the whole text, without sign or superfluous zeros.
inline std::optional<unsigned> parse_decimal(std::string_view text, unsigned max) {
  if (text.empty() || (text[0] == '0' && text.size() > 1)) return std::nullopt;
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value > max) return std::nullopt;
  return value;
}

}  // namespace kamesim
