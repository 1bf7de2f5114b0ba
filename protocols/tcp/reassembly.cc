#include "protocols/tcp/reassembly.h"

#include <algorithm>

namespace kamesim {

TcpReassembly::Insertion TcpReassembly::insert(SackBlock arrived) {
  Insertion result;
  // The first piece that ends at or behind the left edge, and the first one that begins behind the right edge.
  const auto first = std::ranges::partition_point(
      pieces_, [&](const SackBlock& p) { return p.right.before(arrived.left); });
  auto last = first;
  SackBlock merged = arrived;
  while (last != pieces_.end() && !arrived.right.before(last->left)) {
    const SeqNum32 left = last->left.before(arrived.left) ? arrived.left : last->left;
    const SeqNum32 right = arrived.right.before(last->right) ? arrived.right : last->right;
    if (!result.duplicate && left.before(right)) result.duplicate = SackBlock{left, right};
    if (last->left.before(merged.left)) merged.left = last->left;
    if (merged.right.before(last->right)) merged.right = last->right;
    ++last;
  }
  if (first == last) {
    if (pieces_.size() >= kMaxPieces) {
      result.kept = false;
      return result;
    }
    pieces_.insert(first, merged);
  } else {
    *first = merged;
    pieces_.erase(first + 1, last);
  }
  remember(merged);
  return result;
}

SeqNum32 TcpReassembly::advance(SeqNum32 next) {
  std::size_t n = 0;
  while (n < pieces_.size() && !next.before(pieces_[n].left)) {
    if (next.before(pieces_[n].right)) next = pieces_[n].right;
    ++n;
  }
  pieces_.erase(pieces_.begin(), pieces_.begin() + static_cast<std::ptrdiff_t>(n));
  std::size_t kept = 0;
  for (std::size_t i = 0; i < recent_count_; ++i) {
    if (next.before(recent_[i].right)) recent_[kept++] = recent_[i];
  }
  recent_count_ = kept;
  return next;
}

void TcpReassembly::remember(SackBlock piece) {
  // Pieces that have become part of this one are told with it.
  std::array<SackBlock, kMaxSackBlocks> next{piece};
  std::size_t count = 1;
  for (std::size_t i = 0; i < recent_count_ && count < kMaxSackBlocks; ++i) {
    const SackBlock& r = recent_[i];
    if (r.left.before(piece.left) || piece.right.before(r.right)) next[count++] = r;
  }
  recent_ = next;
  recent_count_ = count;
}

void TcpReassembly::report(SackBlocks& out, std::size_t room) const {
  const auto add = [&](const SackBlock& piece) {
    if (std::ranges::find(out.view(), piece) == out.view().end()) out.add(piece);
  };
  for (std::size_t i = 0; i < recent_count_ && out.count < room; ++i) add(recent_[i]);
  // Pieces not reported lately fill what room is left: RFC 2018 §4, "as many distinct SACK blocks as possible".
  for (std::size_t i = 0; i < pieces_.size() && out.count < room; ++i) add(pieces_[i]);
}

std::optional<SackBlock> TcpReassembly::enclosing(SackBlock block) const {
  for (const SackBlock& p : pieces_) {
    if (!block.left.before(p.left) && !p.right.before(block.right)) return p;
  }
  return std::nullopt;
}

}  // namespace kamesim
