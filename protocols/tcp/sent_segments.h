// The segments under way, oldest first, without gaps: the scoreboard of RFC 6675 and RFC 8985. Positions count from the
// SYN in 64 bits (sender.h).
#pragma once

#include <cstdint>

#include "sim/ring.h"
#include "sim/time.h"

namespace kamesim {

struct SentSegment {
  std::uint64_t begin = 0, end = 0;
  Time sent_at;              // last
  bool sacked = false;
  bool lost = false;         // and not sent again since
  bool retransmitted = false;
  bool fin = false;
  std::uint64_t size() const { return end - begin; }
};

class SentSegments {
 public:
  std::size_t size() const { return ring_.size(); }
  bool empty() const { return ring_.empty(); }
  SentSegment& operator[](std::size_t i) { return ring_[i]; }
  const SentSegment& operator[](std::size_t i) const { return ring_[i]; }
  SentSegment& back() { return ring_[ring_.size() - 1]; }

  void push(const SentSegment& segment) { ring_.push_back(segment); }
  SentSegment pop_front();
  // Where the cumulative acknowledgment stands inside of the first segment.
  void trim_front(std::uint64_t position);
  // In two, at a position inside.
  void split(std::size_t index, std::uint64_t position);
  // The number of the segment that holds the position, from una to max.
  std::size_t find(std::uint64_t position) const;

  void set_sacked(SentSegment& segment);
  void set_lost(SentSegment& segment);
  void set_sent_again(SentSegment& segment, Time now);
  void forget_sacks();
  void forget_losses();

  std::uint64_t sacked_octets() const { return sacked_; }
  std::size_t sacked_segments() const { return sacked_segments_; }
  std::uint64_t lost_octets() const { return lost_; }  // not sent again since
  bool any_retransmitted() const { return retransmitted_ > 0; }

 private:
  void uncount(const SentSegment& segment);

  Ring<SentSegment> ring_;
  std::uint64_t sacked_ = 0, lost_ = 0;
  std::size_t sacked_segments_ = 0, retransmitted_ = 0;
};

}  // namespace kamesim
