// Names of nodes, links and LANs. Most are a word with a number, "host17": of those only the number is kept, beside
// that of the word, which the simulation has once.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace kamesim {

class Name {
 public:
  static constexpr std::uint32_t kNoNumber = UINT32_MAX;

  Name(std::uint32_t word, std::uint32_t number) : word_(word), number_(number) {}
  std::uint32_t word() const { return word_; }  // Words says which
  std::uint32_t number() const { return number_; }

 private:
  std::uint32_t word_, number_;
};

// What a name is made of: the digits at its end are a number if they are written as std::to_string does.
struct NameParts {
  std::string_view word;
  std::uint32_t number;
};
NameParts split_name(std::string_view text);

// The words of a simulation's names.
class Words {
 public:
  Name name(std::string_view text);
  const std::string& word(const Name& name) const { return *in_order_[name.word()]; }
  std::string text(const Name& name) const;
  std::uint64_t stable_hash(const Name& name) const;  // that of the text
  std::size_t heap_bytes() const;

 private:
  struct Hash {  // so that a part of a text is looked up without a copy
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  std::unordered_map<std::string, std::uint32_t, Hash, std::equal_to<>> numbers_;
  std::vector<const std::string*> in_order_;
};

// Numbers of things by their names.
class NameIndex {
 public:
  static constexpr std::uint32_t kNone = UINT32_MAX;

  // kNone: there is nothing of that name.
  std::uint32_t find(std::string_view text) const;
  void add(std::string_view text, std::uint32_t thing);
  std::size_t heap_bytes() const;

 private:
  struct Numbered {
    std::vector<std::uint32_t> dense;  // by number
    std::unordered_map<std::uint32_t, std::uint32_t> sparse;
  };
  std::unordered_map<std::string, std::uint32_t> plain_;
  std::unordered_map<std::string, Numbered> numbered_;  // by word
};

}  // namespace kamesim
