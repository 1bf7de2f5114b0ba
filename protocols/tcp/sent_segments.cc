#include "protocols/tcp/sent_segments.h"

namespace kamesim {

void SentSegments::uncount(const SentSegment& segment) {
  if (segment.sacked) {
    sacked_ -= segment.size();
    --sacked_segments_;
  }
  if (segment.lost) lost_ -= segment.size();
  if (segment.retransmitted) --retransmitted_;
}

SentSegment SentSegments::pop_front() {
  const SentSegment first = ring_.pop_front();
  uncount(first);
  return first;
}

void SentSegments::trim_front(std::uint64_t position) {
  SentSegment& first = ring_.front();
  if (first.sacked) sacked_ -= position - first.begin;
  if (first.lost) lost_ -= position - first.begin;
  first.begin = position;
}

void SentSegments::split(std::size_t index, std::uint64_t position) {
  ring_.push_back({});
  for (std::size_t i = ring_.size() - 1; i > index + 1; --i) ring_[i] = ring_[i - 1];
  SentSegment& first = ring_[index];
  SentSegment& second = ring_[index + 1];
  second = first;
  second.begin = first.end = position;
  first.fin = false;
  if (first.retransmitted) ++retransmitted_;
  if (first.sacked) ++sacked_segments_;
}

std::size_t SentSegments::find(std::uint64_t position) const {
  std::size_t low = 0, high = ring_.size();
  while (high - low > 1) {
    const std::size_t middle = (low + high) / 2;
    (ring_[middle].begin <= position ? low : high) = middle;
  }
  return low;
}

void SentSegments::set_sacked(SentSegment& segment) {
  if (segment.lost) lost_ -= segment.size();
  segment.lost = false;
  segment.sacked = true;
  sacked_ += segment.size();
  ++sacked_segments_;
}

void SentSegments::set_lost(SentSegment& segment) {
  if (segment.lost || segment.sacked) return;
  segment.lost = true;
  lost_ += segment.size();
}

void SentSegments::set_sent_again(SentSegment& segment, Time now) {
  if (segment.lost) lost_ -= segment.size();
  segment.lost = false;
  if (!segment.retransmitted) ++retransmitted_;
  segment.retransmitted = true;
  segment.sent_at = now;
}

void SentSegments::forget_losses() {
  for (std::size_t i = 0; i < ring_.size(); ++i) ring_[i].lost = false;
  lost_ = 0;
}

void SentSegments::forget_sacks() {
  for (std::size_t i = 0; i < ring_.size(); ++i) ring_[i].sacked = false;
  sacked_ = 0;
  sacked_segments_ = 0;
}

}  // namespace kamesim
