// The receiver's side of sequence numbers (RFC 4302 and 4303 §3.4.3, with RFC 4303 appendix A2 for extended ones), as a
// ring of words (RFC 6479): moving the window clears whole words and shifts nothing.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

namespace kamesim::ipsec {

inline constexpr std::uint32_t kMinReplayWindow = 32;      // RFC 4303 §3.4.3
inline constexpr std::uint32_t kDefaultReplayWindow = 64;  // the same
inline constexpr std::uint32_t kMaxReplayWindow = 4096;

class ReplayWindow {
 public:
  // `size` in packets, from kMinReplayWindow to kMaxReplayWindow.
  explicit ReplayWindow(std::uint32_t size);

  // The whole number of a packet that says `low`, by appendix A2.2; of an SA without ESN that is `low` itself.
  std::uint64_t extend(std::uint32_t low) const;

  enum class Verdict : std::uint8_t { New, Replayed, TooOld };
  // Before the ICV is looked at, and again after it was found good. Number 0 is never sent (RFC 4303 §3.3.3).
  Verdict check(std::uint64_t sequence) const;
  // The packet was authentic: its number is used up. Only after check() found it New.
  void accept(std::uint64_t sequence);

  std::uint64_t highest() const { return highest_; }
  std::uint32_t size() const { return size_; }

 private:
  using Word = std::uint64_t;
  static constexpr std::uint32_t kWordBits = 64;
  Word& word(std::uint64_t sequence) const { return words_[sequence / kWordBits & mask_]; }

  std::uint64_t highest_ = 0;  // appendix A2: T
  std::uint32_t size_;         // W
  std::uint32_t mask_;         // number of words, a power of 2, less 1: one word more than the window at least
  std::unique_ptr<Word[]> words_;
};

}  // namespace kamesim::ipsec
