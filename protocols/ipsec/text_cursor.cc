#include "protocols/ipsec/text_cursor.h"

#include <algorithm>
#include <charconv>
#include <limits>

namespace kamesim::ipsec {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool in_name(char c) { return is_letter(c) || is_digit(c) || c == '-' || c == '_' || c == '.'; }
bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

constexpr std::size_t kShownOfToken = 40;

}  // namespace

void TextCursor::advance(std::size_t n) {
  for (const char c : text_.substr(0, n)) {
    if (c == '\n') {
      ++here_.line;
      here_.column = 1;
    } else if ((static_cast<unsigned char>(c) & 0xc0) != 0x80) {  // characters, not octets of UTF-8
      ++here_.column;
    }
  }
  text_.remove_prefix(n);
}

void TextCursor::skip() {
  while (!text_.empty()) {
    if (text_.front() == '#') {
      advance(std::min(text_.find('\n'), text_.size()));
    } else if (is_blank(text_.front())) {
      advance(1);
    } else {
      return;
    }
  }
}

bool TextCursor::take(char c) {
  if (peek() != c) return false;
  advance(1);
  return true;
}

bool TextCursor::take_word(std::string_view word) {
  skip();
  if (!text_.starts_with(word) || (text_.size() > word.size() && in_name(text_[word.size()]))) return false;
  advance(word.size());
  return true;
}

template <typename Belongs>
std::string_view TextCursor::token(Belongs belongs) {
  skip();
  const auto end = std::ranges::find_if_not(text_, belongs);
  const std::string_view found = text_.substr(0, static_cast<std::size_t>(end - text_.begin()));
  advance(found.size());
  return found;
}

std::string_view TextCursor::name() { return token(in_name); }

std::string_view TextCursor::address() {
  bool zone = false;
  return token([&zone](char c) {
    zone = zone || c == '%';
    return is_hex(c) || c == ':' || c == '.' || (zone && (c == '%' || is_letter(c)));
  });
}

bool TextCursor::goes_on() const { return !text_.empty() && in_name(text_.front()) && text_.front() != '-'; }

std::string_view TextCursor::digits() {
  skip();
  const bool hex = text_.starts_with("0x") || text_.starts_with("0X");
  if (!hex) return token(is_digit);
  const auto end = std::find_if_not(text_.begin() + 2, text_.end(), is_hex);
  const std::string_view found = text_.substr(0, static_cast<std::size_t>(end - text_.begin()));
  advance(found.size());
  return found;
}

std::string_view TextCursor::quoted(bool& closed) {
  closed = false;
  if (peek() != '"') return {};
  const std::size_t end = text_.find('"', 1);
  if (end == std::string_view::npos) return {};
  closed = true;
  const std::string_view inside = text_.substr(1, end - 1);
  advance(end + 1);
  return inside;
}

Read<std::uint64_t> TextCursor::number(const char* what, std::uint64_t low, std::uint64_t high) {
  const Place at = place();
  const auto described = [&] {
    return std::string(what) + " (a number from " + std::to_string(low) + " to " + std::to_string(high) + ")";
  };
  TextCursor before = *this;
  std::string_view text = digits();
  const std::string shown(text);
  if (text.empty()) return before.expected(described());
  const bool hex = text.size() > 1 && (text[1] == 'x' || text[1] == 'X');
  if (hex) text.remove_prefix(2);
  std::uint64_t value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value, hex ? 16 : 10);
  if (failure != std::errc{} || end != text.data() + text.size() || value < low || value > high ||
      (!text_.empty() && (is_letter(text_.front()) || text_.front() == '_'))) {
    return error(at, "expected " + described() + ", found '" + shown + "'");
  }
  return value;
}

Read<std::int64_t> TextCursor::signed_number(const char* what, std::int64_t low, std::int64_t high) {
  const Place at = place();
  const bool negative = take('-');
  if (!negative) take('+');
  const auto magnitude = number(what, 0, static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()));
  if (!magnitude) return tl::unexpected(magnitude.error());
  const auto value = negative ? -static_cast<std::int64_t>(*magnitude) : static_cast<std::int64_t>(*magnitude);
  if (value < low || value > high) {
    return error(at, std::string("expected ") + what + " (a number from " + std::to_string(low) + " to " +
                         std::to_string(high) + "), found '" + std::to_string(value) + "'");
  }
  return value;
}

tl::unexpected<SyntaxError> TextCursor::expected(std::string_view what) {
  const Place at = place();
  std::string message = "expected " + std::string(what) + ", found ";
  if (text_.empty()) return error(at, message + "the end");
  const auto end = std::ranges::find_if(text_, [](char c) { return is_blank(c) || c == ';'; });
  const auto size = std::clamp<std::size_t>(static_cast<std::size_t>(end - text_.begin()), 1, kShownOfToken);
  std::string found(text_.substr(0, size));
  std::ranges::replace_if(found, [](char c) { return c < ' ' || c > '~'; }, '?');
  message.append("'").append(found).append("'");
  return error(at, std::move(message));
}

}  // namespace kamesim::ipsec
