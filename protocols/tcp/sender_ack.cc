// What an acknowledgment does: the window, round-trip times (RFC 6298), what was delivered (RFC 2018, 2883), losses and
// the way out of them (RFC 5681 §3.2, RFC 6582, RFC 6675 §5, RFC 6937), congestion that is signalled (RFC 3168 §6.1.2).
#include <algorithm>

#include "protocols/tcp/sender.h"

namespace kamesim {

namespace {

constexpr std::uint32_t kDupThresh = 3;  // RFC 5681 §3.2, RFC 6675 §2

}  // namespace

TcpSender::AckResult TcpSender::on_ack(Time now, const Ack& ack) {
  AckResult result;
  const std::int32_t advance = ack.ack - number(una_);
  if (advance < 0) {
    result.kind = AckResult::Kind::Old;
    return result;
  }
  const Position position_acked = una_ + static_cast<std::uint32_t>(advance);
  if (position_acked > max_) {
    result.kind = AckResult::Kind::NotSent;
    return result;
  }
  const bool window_changed = ack.window != window_;
  const bool reopened = window_ == 0 && ack.window != 0 && started();
  set_window(ack.window);

  const Position una_before = una_;
  const std::uint64_t flight_before = max_ - una_;
  Delivery delivery{.highest_before = highest_delivered_};
  if (features_.sack && !ack.sack.empty()) take_sack(now, ack, delivery);
  if (advance > 0) take_cumulative(now, position_acked, delivery);
  // RFC 5681 §2; the probe of a loss may have been answered when nothing is outstanding any more. Answers to probes of a
  // closed window say nothing of losses.
  const bool bare = advance == 0 && window_ != 0 && !ack.carries_data && !window_changed && ack.sack.empty();
  const bool duplicate = flight_before != 0 && (bare || (advance == 0 && delivery.sacked));

  if (advance > 0) {
    result.kind = AckResult::Kind::New;
    result.syn_acked = una_before == kSyn;
    const auto data_position = [&](Position p) { return std::clamp<Position>(p, 1, data_end()); };
    result.newly_acked = static_cast<std::uint32_t>(data_position(una_) - data_position(una_before));
    result.fin_acked = fin_written_ && una_ == end();
  } else {
    result.kind = duplicate ? AckResult::Kind::Duplicate : AckResult::Kind::Same;
  }

  // Round-trip time and timers. RFC 6298 §3: Karn's algorithm; §5.2, §5.3: the timer begins anew.
  if (const auto rtt = delivery.rtt ? delivery.rtt : delivery.sack_rtt) {
    rtt_.add(*rtt);
    measured_since_probe_ = true;
  } else if (advance > 0) {
    rtt_.forgive();
  }
  if (advance > 0 || window_ == 0) {
    // RFC 9293 §3.8.6.1 (MUST-37): a peer that keeps its window closed, and says so, is there.
    timeouts_in_a_row_ = 0;
    unanswered_since_.reset();
  }
  if (advance > 0) {
    persist_backoff_ = 0;
    probe_timer_stale_ = true;
    if (result.syn_acked && syn_timed_out_) rtt_.distrust_after_syn();
    retransmission_at_ = outstanding() ? std::optional(now + rtt_.rto()) : std::nullopt;
  }
  if (result.syn_acked) {
    highest_delivered_ = recovery_point_ = reduced_until_ = una_;
    phase_ = Phase::Open;
    return result;
  }

  if (reopened && outstanding()) {
    // What was sent beyond a closed window, a probe, was turned away.
    for (std::size_t i = 0; i < sent_.size(); ++i) sent_.set_lost(sent_[i]);
    retransmit_first_ = true;
    recovery_point_ = std::max(recovery_point_, max_);
    return result;
  }
  if (probe_end_) judge_loss_probe(now, position_acked, delivery, bare);
  if (duplicate && !features_.sack && phase_ != Phase::TimedOut) count_duplicate(delivery);
  const bool congestion_experienced = ack.ece && features_.ecn;
  if (mtu_probe_) judge_mtu_probe();
  if (frto_ != Frto::Off) step_frto(now, static_cast<std::uint64_t>(advance), delivery, congestion_experienced);
  if (congestion_experienced) on_ece(now);
  respond(now, static_cast<std::uint64_t>(advance), flight_before, delivery, !congestion_experienced);
  return result;
}

// RFC 2018 §4, RFC 2883 §4.
void TcpSender::take_sack(Time now, const Ack& ack, Delivery& delivery) {
  for (std::size_t n = 0; n < ack.sack.size(); ++n) {
    const SackBlock& block = ack.sack[n];
    if (!block.left.before(block.right)) continue;
    const bool below = !ack.ack.before(block.right);
    const bool inside_next = n == 0 && ack.sack.size() > 1 && !block.left.before(ack.sack[1].left) &&
                             !ack.sack[1].right.before(block.right);
    if (n == 0 && (below || inside_next)) {
      delivery.duplicate = block;
      on_duplicate_reported();
      continue;
    }
    if (ack.ack - block.left > 0) continue;
    const Position left = position(block.left), right = position(block.right);
    if (left < una_ || right > max_) continue;
    for (std::size_t i = sent_.find(left); i < sent_.size() && sent_[i].begin < right; ++i) {
      SentSegment& sent = sent_[i];
      if (sent.sacked || sent.begin < left || sent.end > right) continue;
      on_delivered(now, sent, delivery);
      if (!sent.retransmitted) {
        delivery.sack_rtt = now - sent.sent_at;
        delivery.original_sacked = delivery.original_sacked || sent.end <= recovery_point_;
      }
      sent_.set_sacked(sent);
      delivery.sacked = true;
    }
  }
}

void TcpSender::take_cumulative(Time now, Position acked, Delivery& delivery) {
  while (!sent_.empty() && sent_[0].end <= acked) {
    const SentSegment sent = sent_.pop_front();
    if (sent.sacked) continue;
    on_delivered(now, sent, delivery);
    if (!delivery.rtt) delivery.rtt = now - sent.sent_at;
  }
  // RFC 6298 §3; and what filled a gap may have let go of segments that had waited behind it.
  if (delivery.retransmitted) delivery.rtt.reset();
  if (!sent_.empty() && sent_[0].begin < acked) {
    if (!sent_[0].sacked) delivery.octets += acked - sent_[0].begin;
    sent_.trim_front(acked);
  }
  if (duplicate_octets_ != 0) {
    // Without SACK, segments that duplicate acknowledgments stood for are among those acknowledged now; the first one
    // is the one that had been missing.
    const std::uint64_t stood_for = acked - una_ > config_.mss ? acked - una_ - config_.mss : 0;
    const std::uint64_t known = std::min(duplicate_octets_, stood_for);
    duplicate_octets_ -= known;
    delivery.octets -= std::min(delivery.octets, known);
  }
  una_ = acked;
  duplicate_acks_ = 0;
  limited_transmit_octets_ = 0;
  if (phase_ == Phase::Open || una_ == max_) duplicate_octets_ = 0;
}

// RFC 8985 §6.2, steps 1 to 3.
void TcpSender::on_delivered(Time now, const SentSegment& sent, Delivery& delivery) {
  delivery.octets += sent.size();
  const Duration rtt = now - sent.sent_at;
  if (sent.retransmitted) {
    delivery.retransmitted = true;
    if (rtt_.measured() && rtt < rtt_.min_rtt()) return;  // the first copy arrived, not this one
  }
  rack_rtt_ = rtt;
  if (!sent_before_newest_delivered(sent)) {
    newest_delivered_sent_at_ = sent.sent_at;
    newest_delivered_end_ = sent.end;
  }
  if (!sent.retransmitted && sent.end < delivery.highest_before) reordering_seen_ = true;
  highest_delivered_ = std::max(highest_delivered_, sent.end);
}

// RFC 5681 §3.2 (2), (4): without SACK, each stands for one full-sized segment that has left the network.
void TcpSender::count_duplicate(Delivery& delivery) {
  ++duplicate_acks_;
  const std::uint64_t most = max_ - una_ - std::min<std::uint64_t>(max_ - una_, config_.mss);
  const std::uint64_t octets = std::min<std::uint64_t>(duplicate_octets_ + config_.mss, most) - duplicate_octets_;
  duplicate_octets_ += octets;
  delivery.octets += octets;
}

// `may_grow`: RFC 3168 §6.1.2, no acknowledgment with ECE opens the window.
void TcpSender::respond(Time now, std::uint64_t acked, std::uint64_t flight_before, const Delivery& delivery,
                        bool may_grow) {
  bool lost = features_.sack && detect_losses(now);
  // RFC 6582 §3.2, step 2: a duplicate of an acknowledgment for what was sent before the last recovery says nothing.
  if (!features_.sack && phase_ == Phase::Open && duplicate_acks_ == kDupThresh && una_ >= recovery_point_) {
    sent_.set_lost(sent_[0]);
    lost = true;
  }
  if (lost && only_mtu_probe_lost()) lost = false;
  switch (phase_) {
    case Phase::Open:
      if (lost) {
        enter_recovery(now, delivery);
      } else if (acked != 0 && control_limited_ && may_grow) {
        control_->on_ack({.now = now, .octets = acked, .smoothed_rtt = rtt_.srtt(), .window_used = flight_before});
      }
      return;
    case Phase::Recovery:
      if (acked != 0 && (una_ >= recovery_point_ || (!features_.sack && !control_->recovers_by_partial_acks()))) {
        return leave_recovery();
      }
      if (acked != 0 && !features_.sack && !sent_.empty()) {
        sent_.set_lost(sent_[0]);  // RFC 6582 §3.2, step 3: a partial acknowledgment
        retransmit_first_ = true;
      }
      return reduce_proportionally(delivery.octets);
    case Phase::TimedOut:
      if (una_ >= recovery_point_) {
        phase_ = Phase::Open;
        on_recovered();
      }
      if (acked != 0 && may_grow) {
        control_->on_ack({.now = now, .octets = acked, .smoothed_rtt = rtt_.srtt(), .window_used = flight_before});
      }
      return;
  }
}

// RFC 6675 §5 (4), RFC 6582 §3.2 step 2, RFC 6937 §3.
void TcpSender::enter_recovery(Time now, const Delivery& delivery) {
  const bool reduced_already = una_ < reduced_until_;  // RFC 3168 §6.1.2: once a window of data
  // RFC 5681 §3.2 (2): what Limited Transmit (RFC 3042) sent does not count.
  const std::uint64_t flight = max_ - una_;
  if (!reduced_already) control_->on_congestion(now, flight - std::min(flight, limited_transmit_octets_));
  phase_ = Phase::Recovery;
  recovery_point_ = reduced_until_ = max_;
  recover_flight_ = std::max<std::uint64_t>(max_ - una_, 1);
  prr_delivered_ = prr_out_ = 0;
  cwr_due_ = features_.ecn;
  retransmit_first_ = true;
  loss_probe_at_.reset();
  reduce_proportionally(delivery.octets);
}

void TcpSender::leave_recovery() {
  phase_ = Phase::Open;
  control_->set_cwnd(control_->ssthresh());
  on_recovered();
}

void TcpSender::on_recovered() {
  duplicate_octets_ = 0;
  if (reordering_persists_ != 0 && --reordering_persists_ == 0) reordering_multiplier_ = 1;  // RFC 8985 §6.2, step 4
}

// RFC 6937 §3.1, with its slow start reduction bound.
void TcpSender::reduce_proportionally(std::uint64_t delivered) {
  prr_delivered_ += delivered;
  const std::uint64_t in_flight = pipe(), ssthresh = control_->ssthresh();
  std::uint64_t may_send;
  if (in_flight > ssthresh) {
    const std::uint64_t earned = (prr_delivered_ * ssthresh + recover_flight_ - 1) / recover_flight_;
    may_send = earned > prr_out_ ? earned - prr_out_ : 0;
  } else {
    const std::uint64_t unspent = prr_delivered_ > prr_out_ ? prr_delivered_ - prr_out_ : 0;
    may_send = std::min(ssthresh - in_flight, std::max(unspent, delivered) + config_.mss);
  }
  control_->set_cwnd(in_flight + may_send);
}

// RFC 3168 §6.1.2: as for a loss, but nothing is retransmitted; and once for a window of data.
void TcpSender::on_ece(Time now) {
  if (phase_ != Phase::Open || una_ < reduced_until_) return;
  control_->on_congestion(now, max_ - una_);
  control_->set_cwnd(control_->ssthresh());
  reduced_until_ = max_;
  cwr_due_ = true;
}

void TcpSender::judge_mtu_probe() {
  if (una_ < mtu_probe_->end) return;
  mtu_probed_ = {static_cast<std::uint32_t>(mtu_probe_->end - mtu_probe_->begin), true};
  mtu_probe_.reset();
}

// RFC 4821 §7.6.2: a lost probe says that it was too large. It goes again in segments of the present size, and if nothing
// else was lost the window stays.
bool TcpSender::only_mtu_probe_lost() {
  if (!mtu_probe_) return false;
  const SentSegment& probe = sent_[sent_.find(std::max(mtu_probe_->begin, una_))];
  if (!probe.lost) return false;
  mtu_probed_ = {static_cast<std::uint32_t>(mtu_probe_->end - mtu_probe_->begin), false};
  mtu_probe_.reset();
  if (sent_.lost_octets() != probe.size() || phase_ != Phase::Open) return false;
  recovery_point_ = std::max(recovery_point_, max_);
  retransmit_first_ = true;
  return true;
}

// RFC 8985 §7.4.2.
void TcpSender::judge_loss_probe(Time now, Position acked, const Delivery& delivery, bool bare_duplicate) {
  if (acked < *probe_end_) return;
  const bool arrived_twice = delivery.duplicate && position(delivery.duplicate->right) == *probe_end_;
  if (!probe_is_retransmission_ || arrived_twice) {
    probe_end_.reset();
  } else if (acked > *probe_end_) {
    // The probe repaired a loss that nothing else tells of.
    probe_end_.reset();
    if (phase_ != Phase::Open || una_ < reduced_until_) return;
    control_->on_congestion(now, max_ - una_);
    control_->set_cwnd(control_->ssthresh());
    reduced_until_ = max_;
    cwr_due_ = features_.ecn;
  } else if (bare_duplicate) {
    probe_end_.reset();
  }
}

}  // namespace kamesim
