#include "sim/name.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "sim/random.h"

namespace kamesim {

NameParts split_name(std::string_view text) {
  std::size_t begin = text.size();
  while (begin > 0 && text[begin - 1] >= '0' && text[begin - 1] <= '9') --begin;
  while (begin + 1 < text.size() && text[begin] == '0') ++begin;  // zeros before a number belong to the word
  std::uint32_t number = Name::kNoNumber;
  const auto [end, error] = std::from_chars(text.data() + begin, text.data() + text.size(), number);
  const bool whole = error == std::errc() && end == text.data() + text.size() && number != Name::kNoNumber;
  if (!whole) return {text, Name::kNoNumber};
  return {text.substr(0, begin), number};
}

Name Words::name(std::string_view text) {
  const NameParts parts = split_name(text);
  if (const auto known = numbers_.find(parts.word); known != numbers_.end()) return {known->second, parts.number};
  const auto word = static_cast<std::uint32_t>(in_order_.size());
  in_order_.push_back(&numbers_.emplace(parts.word, word).first->first);
  return {word, parts.number};
}

std::string Words::text(const Name& name) const {
  return name.number() == Name::kNoNumber ? word(name) : word(name) + std::to_string(name.number());
}

std::uint64_t Words::stable_hash(const Name& name) const {
  if (name.number() == Name::kNoNumber) return kamesim::stable_hash(word(name));
  std::array<char, 16> digits;
  const auto [end, error] = std::to_chars(digits.begin(), digits.end(), name.number());
  return kamesim::stable_hash(word(name), std::string_view(digits.begin(), end));
}

namespace {

constexpr std::size_t kNodeOverhead = 48;  // of a hash table's node with a string that is short

}  // namespace

std::size_t Words::heap_bytes() const {
  return numbers_.size() * (kNodeOverhead + sizeof(std::string)) + numbers_.bucket_count() * sizeof(void*) +
         in_order_.capacity() * sizeof(void*);
}

std::uint32_t NameIndex::find(std::string_view text) const {
  const NameParts parts = split_name(text);
  if (parts.number == Name::kNoNumber) {
    const auto it = plain_.find(std::string(text));
    return it == plain_.end() ? kNone : it->second;
  }
  const auto it = numbered_.find(std::string(parts.word));
  if (it == numbered_.end()) return kNone;
  const Numbered& series = it->second;
  if (parts.number < series.dense.size()) return series.dense[parts.number];
  const auto sparse = series.sparse.find(parts.number);
  return sparse == series.sparse.end() ? kNone : sparse->second;
}

void NameIndex::add(std::string_view text, std::uint32_t thing) {
  const NameParts parts = split_name(text);
  if (parts.number == Name::kNoNumber) {
    plain_.emplace(text, thing);
    return;
  }
  constexpr std::size_t kGap = 64;  // numbers that may be missing in a row
  Numbered& series = numbered_[std::string(parts.word)];
  if (parts.number < series.dense.size()) {
    series.dense[parts.number] = thing;
  } else if (parts.number < series.dense.size() + kGap && series.sparse.empty()) {
    series.dense.resize(parts.number + std::size_t{1}, kNone);
    series.dense.back() = thing;
  } else {
    series.sparse.emplace(parts.number, thing);
  }
}

std::size_t NameIndex::heap_bytes() const {
  std::size_t bytes = plain_.size() * (kNodeOverhead + sizeof(std::string));
  for (const auto& [word, series] : numbered_) {
    bytes += kNodeOverhead + sizeof(series) + series.dense.capacity() * sizeof(std::uint32_t) +
             series.sparse.size() * kNodeOverhead;
  }
  return bytes;
}

}  // namespace kamesim
