// F-RTO (RFC 5682): whether a retransmission timeout was spurious, told by the two acknowledgments that follow it. If the
// second one is for what was not sent again, the originals are arriving, late: nothing more is sent again, and the window
// is what it was (RFC 4015 §3.2).
#include <algorithm>

#include "protocols/tcp/sender.h"

namespace kamesim {

namespace {

constexpr unsigned kNewSegments = 2;           // RFC 5682 §2.1, step 2 b
constexpr std::uint64_t kWindowAfterLoss = 3;  // step 3 a, in segments

}  // namespace

// Step 1, before the window shrinks. Not in the recovery from an earlier loss.
void TcpSender::begin_frto() {
  frto_ = Frto::Off;
  if (!config_.frto || phase_ != Phase::Open || timeouts_in_a_row_ != 1) return;
  frto_ = Frto::FirstAck;
  frto_retransmitted_end_ = 0;
  frto_new_segments_ = 0;
  before_timeout_ = {.cwnd = control_->cwnd(), .ssthresh = control_->ssthresh(), .reduced_until = reduced_until_,
                     .newest_sent_at = newest_delivered_sent_at_, .newest_end = newest_delivered_end_,
                     .rack_rtt = rack_rtt_, .cwr_due = cwr_due_};
  control_->remember();
}

// Steps 2 and 3. `acked`: octets that were acknowledged cumulatively.
void TcpSender::step_frto(Time now, std::uint64_t acked, const Delivery& delivery, bool congestion) {
  if (una_ >= recovery_point_ || (acked != 0 && una_ < frto_retransmitted_end_)) {  // 2 a
    frto_ = Frto::Off;
    return;
  }
  if (frto_ == Frto::FirstAck) {
    if (acked == 0) {
      // Without SACK it tells of a loss; with it, §3.1 waits for what the retransmission does.
      if (!features_.sack) frto_ = Frto::Off;
      return;
    }
    const bool new_data_may_go = max_ < data_end() && max_ < window_end();
    frto_ = new_data_may_go ? Frto::SecondAck : Frto::Off;  // 2 b
    frto_new_segments_ = kNewSegments;
    return;
  }
  frto_ = Frto::Off;
  if (acked != 0 || delivery.original_sacked) return undo_timeout(now, acked, delivery, congestion);  // 3 b
  control_->set_cwnd(kWindowAfterLoss * config_.mss);  // 3 a: two round trips have passed
}

// RFC 4015 §3.2, step 5 on; RFC 9438 §4.9.1.
void TcpSender::undo_timeout(Time now, std::uint64_t acked, const Delivery& delivery, bool congestion) {
  ++spurious_timeouts_;
  sent_.forget_losses();
  phase_ = Phase::Open;
  recovery_point_ = una_;
  retransmit_first_ = false;
  // What was taken for the delivery of the retransmission was that of the original (RFC 8985 §6.2, step 2).
  newest_delivered_sent_at_ = before_timeout_.newest_sent_at;
  newest_delivered_end_ = before_timeout_.newest_end;
  rack_rtt_ = delivery.rtt.value_or(before_timeout_.rack_rtt);
  reordering_at_.reset();
  rtt_.forgive();
  retransmission_at_ = outstanding() ? std::optional(now + rtt_.rto()) : std::nullopt;
  if (congestion) return;  // RFC 4015 §3.2: ECN-Echo says that the window was too large
  reduced_until_ = before_timeout_.reduced_until;
  cwr_due_ = before_timeout_.cwr_due;
  control_->restore(before_timeout_.cwnd, before_timeout_.ssthresh);
  // No burst after the silence.
  const std::uint64_t gently = max_ - una_ + std::min(acked, tcp_initial_window(config_.mss));
  control_->set_cwnd(std::min(before_timeout_.cwnd, std::max<std::uint64_t>(gently, config_.mss)));
}

}  // namespace kamesim
