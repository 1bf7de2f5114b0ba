// The sender's timers: retransmission (RFC 6298), loss probe and reordering (RFC 8985 §7.2, §6.3), persist and override
// (RFC 9293 §3.8.6.1, §3.8.6.2.1).
#include <algorithm>

#include "protocols/tcp/sender.h"

namespace kamesim {

namespace {

constexpr Duration kMaxAckDelay = 200_ms;        // RFC 8985 §7.2: TLP.max_ack_delay
constexpr Duration kLossProbeWithoutRtt = 1_s;   // RFC 8985 §7.2
// Links without delay exist here: a probe that leaves in the moment of the segment itself would say nothing. RFC 8985 has
// no such bound, because clocks have one.
constexpr Duration kLeastLossProbe = 10_ms;
constexpr unsigned kMaxBackoffShift = 12;        // beyond it the bound of the RTO decides

}  // namespace

std::optional<Time> TcpSender::next_timeout() const {
  std::optional<Time> next = retransmission_at_;
  for (const auto& at : {loss_probe_at_, reordering_at_, persist_at_, override_at_, pacing_at_}) {
    if (at && (!next || *at < *next)) next = at;
  }
  return next;
}

// A window of zero; what is sent into it is a probe.
bool TcpSender::window_blocks() const { return window_ == 0 && started() && una_ != end(); }

// After a burst: the timers that the state as it is now asks for.
void TcpSender::arm_timers(Time now) {
  if (!outstanding()) {
    retransmission_at_.reset();
    reordering_at_.reset();
    loss_probe_at_.reset();
  }
  if (window_blocks()) [[unlikely]] {
    retransmission_at_.reset();
    loss_probe_at_.reset();
    override_at_.reset();
    if (!persist_at_) {
      // RFC 9293 §3.8.6.1 (SHLD-29, SHLD-30): first after the retransmission timeout, then ever later.
      const Duration wait = rtt_.rto() * (std::int64_t{1} << std::min(persist_backoff_, kMaxBackoffShift));
      persist_at_ = now + std::min(wait, config_.rto.max_rto);
    }
    return;
  }
  persist_at_.reset();
  persist_due_ = false;
  if (outstanding() && !retransmission_at_) retransmission_at_ = now + rtt_.rto();
  if (probe_timer_stale_) arm_loss_probe(now);
}

// RFC 8985 §7.2.
void TcpSender::arm_loss_probe(Time now) {
  probe_timer_stale_ = false;
  loss_probe_at_.reset();
  const bool excluded = phase_ != Phase::Open || sent_.sacked_segments() != 0 || sent_.lost_octets() != 0;
  if (!features_.sack || !config_.rack || excluded || probe_end_ || !started() || !outstanding()) return;
  Duration wait = kLossProbeWithoutRtt;
  if (rtt_.measured()) {
    wait = std::max(2 * rtt_.srtt(), kLeastLossProbe);
    if (sent_.size() == 1) wait = wait + kMaxAckDelay;
  }
  loss_probe_at_ = retransmission_at_ ? std::min(now + wait, *retransmission_at_) : now + wait;
}

TcpSender::TimeoutResult TcpSender::on_timeout(Time now) {
  TimeoutResult result;
  const auto take = [&](std::optional<Time>& timer) {
    if (!timer || now < *timer) return false;
    timer.reset();
    return true;
  };
  take(pacing_at_);  // next_segment goes on
  if (take(override_at_)) override_due_ = true;
  if (take(reordering_at_) && outstanding()) {
    if (detect_losses(now) && !only_mtu_probe_lost() && phase_ == Phase::Open) enter_recovery(now, {});
  }
  if (take(loss_probe_at_) && outstanding()) {
    // RFC 8985 §7.3: one probe at a time, and a round-trip time was measured since the last; in any case the RTO anew.
    retransmission_at_ = now + rtt_.rto();
    if (!probe_end_ && measured_since_probe_) {
      probe_due_ = true;
      measured_since_probe_ = false;
    }
  }
  if (take(persist_at_)) on_persist_timeout(now, result);
  if (take(retransmission_at_) && outstanding()) on_retransmission_timeout(now, result);
  return result;
}

// RFC 9293 §3.8.3, R2.
bool TcpSender::has_given_up(Time now) {
  if (!unanswered_since_) unanswered_since_ = sent_.empty() ? now : sent_[0].sent_at;
  return now - *unanswered_since_ >= (started() ? config_.r2 : config_.r2_for_syn);
}

void TcpSender::on_persist_timeout(Time now, TimeoutResult& result) {
  if (persist_backoff_ != 0 && has_given_up(now)) {
    result.give_up = true;  // no answer at all: the peer is gone
    return;
  }
  ++persist_backoff_;
  persist_due_ = true;
}

// RFC 6298 §5.4 to §5.7, RFC 5681 §3.1, RFC 8985 §6.3, RFC 2018 §8.
void TcpSender::on_retransmission_timeout(Time now, TimeoutResult& result) {
  if (has_given_up(now)) {
    result.give_up = true;
    return;
  }
  ++timeouts_;
  ++timeouts_in_a_row_;
  result.r1_reached = timeouts_in_a_row_ == kTcpR1Retransmissions;
  rtt_.back_off();
  if (!started()) {
    syn_timed_out_ = true;
    sent_.set_lost(sent_[0]);
    return;
  }
  begin_frto();
  if (mtu_probe_) {
    mtu_probed_ = {static_cast<std::uint32_t>(mtu_probe_->end - mtu_probe_->begin), false};
    mtu_probe_.reset();
  }
  // RFC 5681 §3.1: the threshold is that of the first timeout when the same segment times out again.
  control_->on_timeout(now, std::min(max_ - una_, control_->cwnd()), timeouts_in_a_row_ > 1);
  const bool reneged = sent_[0].sacked;
  if (reneged) frto_ = Frto::Off;
  if (reneged || timeouts_in_a_row_ > 1) sent_.forget_sacks();
  const Duration allowed = rack_rtt_ + reordering_window();
  for (std::size_t i = 0; i < sent_.size(); ++i) {
    const bool by_time = !config_.rack || !features_.sack || sent_[i].sent_at + allowed <= now;
    if (i == 0 || by_time) sent_.set_lost(sent_[i]);
  }
  phase_ = Phase::TimedOut;
  recovery_point_ = reduced_until_ = max_;
  duplicate_acks_ = 0;
  duplicate_octets_ = 0;
  probe_end_.reset();
  probe_due_ = false;
  loss_probe_at_.reset();
  reordering_at_.reset();
  cwr_due_ = features_.ecn;
  retransmit_first_ = true;
}

}  // namespace kamesim
