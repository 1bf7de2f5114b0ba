// Reading the text forms of IPsec (setkey's scripts, policy strings) from left to right. What is wrong is an error with
// its place, and with what would have been right.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

namespace kamesim::ipsec {

struct SyntaxError {
  unsigned line = 1, column = 1;  // from 1, of what is wrong
  std::string message;
};

template <typename T>
using Read = tl::expected<T, SyntaxError>;

class TextCursor {
 public:
  struct Place {
    unsigned line = 1, column = 1;
  };

  explicit TextCursor(std::string_view text) : text_(text) {}

  // Where the next token begins: blanks, ends of lines and comments (from # on) are passed over.
  Place place() {
    skip();
    return here_;
  }
  bool at_end() {
    skip();
    return text_.empty();
  }
  // The next character that is not passed over; 0 at the end.
  char peek() { return at_end() ? '\0' : text_.front(); }
  // Takes the character if it is the next.
  bool take(char c);
  // Takes the word if it is the next token, whole: what follows is no letter, digit, hyphen or underscore.
  bool take_word(std::string_view word);

  // The next token; empty: something else stands there. What belongs to each:
  std::string_view name();     // letters, digits, hyphens, underscores, dots
  std::string_view address();  // hexadecimal digits, colons, dots; also a zone
  std::string_view digits();   // decimal digits, or 0x and hexadecimal ones
  // Whether what stands next, without a blank between, belongs to the same word: a letter, a digit, a dot.
  bool goes_on() const;
  // What stands between quotes, over several lines if need be. Empty also if the closing one is missing; `closed` tells.
  std::string_view quoted(bool& closed);

  // An unsigned number from low to high. `what` says what it is: "SPI".
  Read<std::uint64_t> number(const char* what, std::uint64_t low, std::uint64_t high);
  // A signed one, decimal.
  Read<std::int64_t> signed_number(const char* what, std::int64_t low, std::int64_t high);

  // What stands here is wrong: "expected WHAT, found X".
  tl::unexpected<SyntaxError> expected(std::string_view what);
  static tl::unexpected<SyntaxError> error(Place at, std::string message) {
    return tl::unexpected(SyntaxError{at.line, at.column, std::move(message)});
  }

 private:
  void skip();
  void advance(std::size_t n);
  template <typename Belongs>
  std::string_view token(Belongs belongs);

  std::string_view text_;
  Place here_;
};

}  // namespace kamesim::ipsec
