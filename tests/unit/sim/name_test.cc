#include "sim/name.h"

#include <gtest/gtest.h>

namespace kamesim {
namespace {

TEST(Name, IsAWordAndANumber) {
  struct {
    const char* text;
    const char* word;
    std::uint32_t number;
  } cases[] = {
      {"host17", "host", 17},
      {"host0", "host", 0},
      {"host", "host", Name::kNoNumber},
      {"h007", "h00", 7},
      {"h00", "h0", 0},
      {"12", "", 12},
      {"a-b3", "a-b", 3},
      {"x4294967295", "x4294967295", Name::kNoNumber},
      {"x99999999999", "x99999999999", Name::kNoNumber},
      {"", "", Name::kNoNumber},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(split_name(c.text).word, c.word) << c.text;
    EXPECT_EQ(split_name(c.text).number, c.number) << c.text;
    Words words;
    EXPECT_EQ(words.text(words.name(c.text)), c.text);
  }
}

TEST(NameIndex, FindsWhatWasAdded) {
  NameIndex index;
  const char* names[] = {"a", "h0", "h1", "h2", "h70", "h200", "h100", "h3", "r7", "h03", "4"};
  std::uint32_t thing = 0;
  for (const char* name : names) {
    EXPECT_EQ(index.find(name), NameIndex::kNone) << name;
    index.add(name, thing++);
  }
  thing = 0;
  for (const char* name : names) EXPECT_EQ(index.find(name), thing++) << name;
  for (const char* name : {"h4", "h69", "h71", "h101", "b", "r", "h", "r07"}) EXPECT_EQ(index.find(name), NameIndex::kNone) << name;
}

}  // namespace
}  // namespace kamesim
