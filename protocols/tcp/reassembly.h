// Which octets beyond RCV.NXT have arrived: the receiver's book of out-of-order data (RFC 9293 §3.10.7.4, SHLD-31),
// and from it the blocks of SACK options (RFC 2018 §4). The octets themselves are in the receive buffer.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <vector>

#include "protocols/tcp/segment.h"
#include "protocols/tcp/sequence.h"

namespace kamesim {

class TcpReassembly {
 public:
  // More separate pieces than this are not kept: the segment is dropped and comes again.
  static constexpr std::size_t kMaxPieces = 1024;

  bool empty() const { return pieces_.empty(); }
  std::size_t pieces() const { return pieces_.size(); }
  // Where the last piece ends; only if not empty.
  SeqNum32 end() const { return pieces_.back().right; }

  struct Insertion {
    bool kept = true;                       // false: no room for another piece
    std::optional<SackBlock> duplicate;     // what had arrived before, or the first stretch of it
  };
  // Octets [left, right) arrived, all beyond RCV.NXT.
  Insertion insert(SackBlock arrived);
  // RCV.NXT has come to `next`: what is contiguous with it leaves the book. Returns the new RCV.NXT.
  SeqNum32 advance(SeqNum32 next);

  // RFC 2018 §4: the piece that the latest segment fell into, then those most recently reported. At most `room`.
  void report(SackBlocks& out, std::size_t room) const;
  // The piece that holds `block` (RFC 2883 §4: told behind a D-SACK block), if any.
  std::optional<SackBlock> enclosing(SackBlock block) const;
  void clear() {
    pieces_.clear();
    recent_count_ = 0;
  }

 private:
  void remember(SackBlock piece);

  std::vector<SackBlock> pieces_;  // in order, neither touching nor overlapping
  std::array<SackBlock, kMaxSackBlocks> recent_{};  // the most recently changed first
  std::size_t recent_count_ = 0;
};

}  // namespace kamesim
