// Which segments are lost: by the time when later ones were delivered (RACK, RFC 8985 §6), or by how many later ones were
// (RFC 6675 §4).
#include <algorithm>

#include "protocols/tcp/sender.h"

namespace kamesim {

namespace {

constexpr std::uint32_t kDupThresh = 3;                // RFC 6675 §2, RFC 8985 §6.2 step 4
constexpr unsigned kReorderingWindowPersist = 16;      // RFC 8985 §6.2 step 4: recoveries
constexpr int kReorderingWindowDivisor = 4;            // RFC 8985 §6.2 step 4: min_RTT / 4

}  // namespace

bool TcpSender::detect_losses(Time now) {
  const std::uint64_t lost_before = sent_.lost_octets();
  // Without either, segments were delivered in the order in which they were sent, and none can be missing.
  reordering_at_.reset();
  if (sent_.sacked_segments() != 0 || sent_.any_retransmitted()) {
    if (config_.rack) {
      detect_by_time(now);
    } else {
      detect_by_count();
    }
  }
  return sent_.lost_octets() > lost_before;
}

// RFC 8985 §5.2: RACK_sent_after, of what was delivered.
bool TcpSender::sent_before_newest_delivered(const SentSegment& sent) const {
  return sent.sent_at < newest_delivered_sent_at_ ||
         (sent.sent_at == newest_delivered_sent_at_ && sent.end < newest_delivered_end_);
}

// RFC 8985 §6.2, step 4, a D-SACK option.
void TcpSender::on_duplicate_reported() {
  if (una_ < reordering_round_end_) return;
  reordering_round_end_ = max_;
  ++reordering_multiplier_;
  reordering_persists_ = kReorderingWindowPersist;
}

Duration TcpSender::reordering_window() const {
  if (!reordering_seen_ && (phase_ != Phase::Open || sent_.sacked_segments() >= kDupThresh)) return Duration();
  return std::min(rtt_.min_rtt() * reordering_multiplier_ / kReorderingWindowDivisor, rtt_.srtt());
}

// RFC 8985 §6.2, step 5.
void TcpSender::detect_by_time(Time now) {
  const Duration allowed = rack_rtt_ + reordering_window();
  for (std::size_t i = 0; i < sent_.size(); ++i) {
    SentSegment& sent = sent_[i];
    if (sent.sacked || sent.lost) continue;
    if (!sent_before_newest_delivered(sent)) {
      if (!sent.retransmitted) break;  // those behind it were sent later still
      continue;
    }
    const Time lost_at = sent.sent_at + allowed;
    if (lost_at <= now) {
      sent_.set_lost(sent);
    } else {
      reordering_at_ = std::max(reordering_at_.value_or(lost_at), lost_at);
    }
  }
}

// RFC 6675 §4, IsLost: DupThresh discontiguous sequences, or more than (DupThresh - 1) * SMSS octets, were SACKed above.
void TcpSender::detect_by_count() {
  std::uint64_t octets = 0;
  std::uint32_t sequences = 0;
  bool in_sequence = false;
  for (std::size_t i = sent_.size(); i-- > 0;) {
    SentSegment& sent = sent_[i];
    if (sent.sacked) {
      octets += sent.size();
      if (!in_sequence) ++sequences;
    } else if (!sent.retransmitted &&
               (sequences >= kDupThresh || octets > std::uint64_t{kDupThresh - 1} * config_.mss)) {
      sent_.set_lost(sent);
    }
    in_sequence = sent.sacked;
  }
}

}  // namespace kamesim
