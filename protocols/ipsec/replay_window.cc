#include "protocols/ipsec/replay_window.h"

#include <algorithm>
#include <bit>

namespace kamesim::ipsec {

// RFC 6479 §2: one word more than the window needs, so that what the top word still holds of an earlier round never
// stands inside it.
ReplayWindow::ReplayWindow(std::uint32_t size)
    : size_(size),
      mask_(std::bit_ceil((size + kWordBits - 1) / kWordBits + 1) - 1),
      words_(std::make_unique<Word[]>(mask_ + 1)) {}

std::uint64_t ReplayWindow::extend(std::uint32_t low) const {
  const auto top_low = static_cast<std::uint32_t>(highest_);
  std::uint64_t high = highest_ >> 32;
  const std::uint32_t bottom_low = top_low - size_ + 1;  // modulo 2^32
  if (top_low >= size_ - 1) {                            // case A: the window lies in one subspace
    if (low < bottom_low) ++high;
  } else if (low >= bottom_low) {                        // case B: it reaches back into the one before
    // Before the first subspace there is none: what looks so old is taken as new, and fails its ICV.
    if (high > 0) --high;
  }
  return high << 32 | low;
}

ReplayWindow::Verdict ReplayWindow::check(std::uint64_t sequence) const {
  if (sequence > highest_) return Verdict::New;
  if (sequence == 0 || highest_ - sequence >= size_) return Verdict::TooOld;
  return (word(sequence) >> (sequence % kWordBits) & 1) != 0 ? Verdict::Replayed : Verdict::New;
}

void ReplayWindow::accept(std::uint64_t sequence) {
  if (sequence > highest_) {
    const std::uint64_t from = highest_ / kWordBits, to = sequence / kWordBits;
    const std::uint64_t cleared = std::min<std::uint64_t>(to - from, mask_ + 1);
    for (std::uint64_t i = 1; i <= cleared; ++i) words_[(from + i) & mask_] = 0;
    highest_ = sequence;
  }
  word(sequence) |= Word{1} << (sequence % kWordBits);
}

}  // namespace kamesim::ipsec
