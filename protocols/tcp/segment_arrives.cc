// RFC 9293 §3.10.7.3 and §3.10.7.4, SEGMENT ARRIVES, in its order; with RFC 7323's PAWS, RFC 5961's checks and
// RFC 6191's way out of TIME-WAIT where they belong.
#include <algorithm>

#include "protocols/tcp/connection.h"
#include "protocols/tcp/drops.h"

namespace kamesim {

namespace {

// RFC 7323 §5.5: TS.Recent is good for 24 days.
constexpr Duration kTimestampLifetime = 24 * 86400_s;

bool older(std::uint32_t a, std::uint32_t b) { return static_cast<std::int32_t>(a - b) < 0; }  // RFC 7323 §5.2

}  // namespace

TcpConnection::Arrival TcpConnection::on_segment(Time now, const TcpSegment& segment) {
  ++segments_received_;
  last_heard_ = now;
  keepalive_probes_sent_ = 0;
  switch (state_) {
    case TcpState::Closed:
    case TcpState::Listen: return {};
    case TcpState::SynSent: return syn_sent_arrives(now, segment);
    default: return segment_arrives(now, segment);
  }
}

// ---- RFC 9293 §3.10.7.3 -------------------------------------------------------------------------------------------

TcpConnection::Arrival TcpConnection::syn_sent_arrives(Time now, const TcpSegment& s) {
  Arrival arrival;
  // First: the ACK.
  if (s.flags.ack() && (!iss_.before(s.ack) || sender_.snd_max().before(s.ack))) {
    if (!s.flags.rst()) reset_unacceptable_ack(s);
    arrival.dropped = &kTcpBadAckInSynSent;
    return arrival;
  }
  // Second: RST.
  if (s.flags.rst()) {
    arrival.dropped = &kTcpResetInSynSent;
    if (s.flags.ack()) {
      finish(TcpCloseReason::Refused);
      arrival.dropped = nullptr;
    }
    return arrival;
  }
  // Fourth: SYN. Fifth: neither.
  if (!s.flags.syn()) {
    arrival.dropped = &kTcpNoSynInSynSent;
    return arrival;
  }
  negotiate(offer_of_syn(s, options_, default_mss_));
  start_receiver(s.seq);
  if (s.options.timestamps && timestamps_) {
    ts_recent_ = s.options.timestamps->value;
    ts_recent_at_ = now;
  }
  if (!s.flags.ack()) {  // simultaneous open (§3.5)
    state_ = TcpState::SynReceived;
    syn_ack_now_ = true;
    sender_.set_window(s.window);
    max_snd_wnd_ = s.window;
    snd_wl1_ = s.seq;
    snd_wl2_ = s.ack;
    keep_syn_text(s);
    return arrival;
  }
  TcpSender::Ack ack{.ack = s.ack, .window = s.window, .ece = false};  // RFC 7323 §2.2: not scaled
  if (timestamps_ && s.options.timestamps) ack.ts_ecr = s.options.timestamps->echo_reply;
  max_snd_wnd_ = s.window;
  snd_wl1_ = s.seq;
  snd_wl2_ = s.ack;
  sender_.on_ack(now, ack);
  user_timeout_from_ = now;
  arrival.forward_progress = true;
  establish(now);
  ack_now();
  TcpSegment rest = s;
  rest.seq = s.seq + 1;
  rest.flags.clear(TcpFlags::kSyn);
  process_text_and_fin(now, rest, arrival);
  return arrival;
}

// ---- RFC 9293 §3.10.7.4 -------------------------------------------------------------------------------------------

TcpConnection::Arrival TcpConnection::segment_arrives(Time now, const TcpSegment& s) {
  Arrival arrival;
  if (state_ == TcpState::TimeWait && s.flags.syn() && !s.flags.rst() && !s.flags.ack() && may_reopen(s)) {
    arrival.disposition = Disposition::Reopen;
    return arrival;
  }
  const auto drop_with = [&](const DropInfo& reason) {
    arrival.dropped = &reason;
    return arrival;
  };
  // §3.5, figure 7: who opens at the same time acknowledges our SYN with the SYN that has arrived before.
  if (state_ == TcpState::SynReceived && !passive_ && s.flags.syn() && s.flags.ack() && !s.flags.rst() &&
      s.seq == receiver_.irs()) {
    TcpSegment acknowledgment = s;
    acknowledgment.seq = s.seq + 1;
    acknowledgment.flags.clear(TcpFlags::kSyn | TcpFlags::kEce);  // RFC 3168 §6.1.1: ECE is an offer here
    // RFC 7323 §2.2: that of a SYN is not scaled. What the shift cuts off comes back below.
    acknowledgment.window = static_cast<std::uint16_t>(s.window >> snd_wind_shift_);
    arrival = segment_arrives(now, acknowledgment);
    if (is_synchronized(state_)) sender_.set_window(s.window);
    return arrival;
  }
  // RFC 7323 §3.2: once timestamps are agreed on, each segment must have them, resets apart.
  if (timestamps_ && !s.options.timestamps && !s.flags.rst() && !s.flags.syn()) return drop_with(kTcpNoTimestamp);
  if (paws_rejects(now, s)) {  // RFC 7323 §5.3 R1
    if (s.data.empty() ? take_challenge_ack(now) : true) ack_now();
    receiver_.on_unacceptable(s);
    return drop_with(kTcpPaws);
  }

  // First: the sequence number.
  TcpSegment trimmed;
  const TcpSegment* segment = &s;
  if (!receiver_.acceptable(s)) [[unlikely]] {
    // "If the RCV.WND is zero, [...] special allowance should be made to accept valid ACKs, URGs, and RSTs."
    const bool closed_window = s.seq == receiver_.rcv_nxt() && receiver_.rcv_wnd() == 0;
    if (s.flags.rst()) {
      arrival.dropped = closed_window ? process_reset(now, s) : &kTcpOutOfWindow;  // a reset may have text (SHLD-2)
      return arrival;
    }
    if (state_ == TcpState::SynReceived && s.flags.syn() && s.seq == receiver_.irs()) {
      // Our <SYN,ACK> got lost, or is late. An acknowledgment is due, and only one with SYN helps.
      if (take_challenge_ack(now)) syn_ack_now_ = true;
      return drop_with(kTcpOutOfWindow);
    }
    receiver_.on_unacceptable(s);
    // Acknowledgments of acknowledgments could go on for ever (RFC 5961 §5.2, §7): those are limited.
    if (s.length() != 0 && !s.flags.syn() ? true : take_challenge_ack(now)) ack_now();
    if (state_ == TcpState::TimeWait && s.flags.fin() && s.end() == receiver_.rcv_nxt()) {
      enter_time_wait(now);  // fifth step: the FIN again; 2 MSL begin anew
    }
    if (s.flags.syn() || !closed_window) return drop_with(kTcpOutOfWindow);
    trimmed = s;
    trimmed.data = {};
    trimmed.flags.clear(TcpFlags::kFin);
    segment = &trimmed;
  }
  if (segment->options.timestamps && !s.flags.rst()) record_timestamp(now, *segment);  // RFC 7323 §5.3 R3

  // Second: RST.
  if (s.flags.rst()) {
    arrival.dropped = process_reset(now, *segment);
    return arrival;
  }
  // Fourth: SYN.
  if (s.flags.syn()) {
    if (state_ == TcpState::SynReceived && passive_) {
      finish(std::nullopt);  // back to LISTEN
    } else if (take_challenge_ack(now)) {
      ack_now();  // RFC 5961 §4.2
    }
    return drop_with(kTcpSynOnConnection);
  }
  // Fifth: ACK.
  if (!s.flags.ack()) return drop_with(kTcpNoAck);
  arrival.dropped = process_ack(now, *segment, arrival);
  if (arrival.dropped != nullptr || state_ == TcpState::Closed || state_ == TcpState::TimeWait) return arrival;
  // Sixth to eighth.
  process_text_and_fin(now, *segment, arrival);
  return arrival;
}

// RFC 6191 §2, and RFC 9293 §3.6.1 (MAY-2) where there are no timestamps.
bool TcpConnection::may_reopen(const TcpSegment& syn) const {
  const bool newer_sequence = receiver_.rcv_nxt().before(syn.seq) || receiver_.rcv_nxt() == syn.seq;
  if (timestamps_ && syn.options.timestamps) {
    const std::uint32_t value = syn.options.timestamps->value;
    return older(ts_recent_, value) || (value == ts_recent_ && newer_sequence);
  }
  if (!timestamps_ && syn.options.timestamps) return true;
  return newer_sequence;
}

bool TcpConnection::paws_rejects(Time now, const TcpSegment& s) const {
  return timestamps_ && s.options.timestamps && !s.flags.rst() && older(s.options.timestamps->value, ts_recent_) &&
         now < ts_recent_at_ + kTimestampLifetime;
}

// RFC 7323 §4.3 (2), §5.3 R3.
void TcpConnection::record_timestamp(Time now, const TcpSegment& s) {
  if (!timestamps_ || receiver_.last_ack_sent().before(s.seq)) return;
  ts_recent_ = s.options.timestamps->value;
  ts_recent_at_ = now;
}

DropReason TcpConnection::process_reset(Time now, const TcpSegment& s) {
  // RFC 5961 §3.2: only the very next sequence number resets; another in the window is asked back.
  if (s.seq != receiver_.rcv_nxt()) {
    if (take_challenge_ack(now)) ack_now();
    return &kTcpResetNotNext;
  }
  switch (state_) {
    case TcpState::SynReceived:
      // Passive: back to LISTEN, and nobody is told.
      finish(passive_ ? std::nullopt : std::optional(TcpCloseReason::Refused));
      break;
    case TcpState::Closing:
    case TcpState::LastAck:
    case TcpState::TimeWait: finish(TcpCloseReason::Finished); break;
    default: finish(TcpCloseReason::Reset); break;
  }
  return nullptr;
}

DropReason TcpConnection::process_ack(Time now, const TcpSegment& s, Arrival& arrival) {
  const SeqNum32 una = sender_.snd_una();
  if (state_ == TcpState::SynReceived) {
    if (!una.before(s.ack) || sender_.snd_max().before(s.ack)) {
      reset_unacceptable_ack(s);
      return &kTcpAckOutOfRange;
    }
  } else if (s.ack.before(una - max_snd_wnd_) || sender_.snd_max().before(s.ack)) {
    // RFC 5961 §5.2 (MAY-12).
    if (take_challenge_ack(now)) ack_now();
    return &kTcpAckOutOfRange;
  }

  const bool opening = state_ == TcpState::SynReceived;
  const std::uint32_t window = std::uint32_t{s.window} << snd_wind_shift_;
  TcpSender::Ack ack{.ack = s.ack, .window = sender_.window(), .ece = ecn_ && s.flags.ece(),
                     .carries_data = s.length() != 0};
  // The window, unless the segment is older than the one that told it last.
  if (opening || (!s.ack.before(una) &&
                  (snd_wl1_.before(s.seq) || (snd_wl1_ == s.seq && !s.ack.before(snd_wl2_))))) {
    ack.window = window;
    snd_wl1_ = s.seq;
    snd_wl2_ = s.ack;
    max_snd_wnd_ = std::max(max_snd_wnd_, window);
  }
  if (sack_) ack.sack = s.options.sack.view();
  if (timestamps_) ack.ts_ecr = s.options.timestamps->echo_reply;
  const TcpSender::AckResult result = sender_.on_ack(now, ack);
  take_mtu_probe(now);
  if (result.newly_acked != 0) {
    user_timeout_from_ = now;
    forget_acknowledged(una);
  }
  arrival.forward_progress = result.newly_acked != 0 || opening;
  if (result.fin_acked) fin_acked_ = true;

  switch (state_) {
    case TcpState::SynReceived: establish(now); break;
    case TcpState::FinWait1:
      if (fin_acked_) {
        state_ = TcpState::FinWait2;
        if (user_gone_) fin_wait_2_until_ = now + config_.fin_wait_2_timeout;
      }
      break;
    case TcpState::Closing:
      if (fin_acked_) enter_time_wait(now);
      break;
    case TcpState::LastAck:
      if (fin_acked_) finish(TcpCloseReason::Finished);
      break;
    default: break;
  }
  return nullptr;
}

void TcpConnection::process_text_and_fin(Time now, const TcpSegment& s, Arrival& arrival) {
  // Sixth: URG. §3.10.7.4: not once a FIN has come.
  const bool may_bring_text =
      state_ == TcpState::Established || state_ == TcpState::FinWait1 || state_ == TcpState::FinWait2;
  if (may_bring_text && s.flags.urg() && receiver_.on_urgent(s)) events_.urgent = true;
  receiver_.on_ecn(s);

  // Seventh: the text.
  if (s.data.empty() && !s.flags.fin()) [[likely]] {
    // A segment before RCV.NXT is a probe, of the window or of our being there (§3.8.4): it gets an answer.
    return;
  }
  if (!may_bring_text) {
    ack_now();
    return;
  }
  if (user_gone_ && !s.data.empty() && receiver_.rcv_nxt().before(s.seq + static_cast<std::uint32_t>(s.data.size()))) {
    // §3.6.1 (SHLD-3): nobody will read it, and the peer is to know.
    arrival.dropped = &kTcpDataAfterClose;
    abort();
    return;
  }
  const TcpReceiver::Arrival text = receiver_.on_text(now, s);
  arrival.dropped = text.dropped;
  if (text.readable) {
    events_.readable = true;
    arrival.forward_progress = true;  // RFC 4861 §7.3.1: new data shows that acknowledgments arrive
  }
  // Eighth: the FIN.
  if (text.fin) process_fin(now);
}

void TcpConnection::process_fin(Time now) {
  events_.readable = true;  // the end of the stream
  switch (state_) {
    case TcpState::Established: state_ = TcpState::CloseWait; break;
    case TcpState::FinWait1: state_ = TcpState::Closing; break;  // our FIN has not been acknowledged: process_ack
    case TcpState::FinWait2: enter_time_wait(now); break;
    default: break;
  }
}

// <SEQ=SEG.ACK><CTL=RST>
void TcpConnection::reset_unacceptable_ack(const TcpSegment& segment) { reset_ = reset_for(segment); }

// RFC 5961 §7. The count is the connection's own: one that connections shared could be watched from outside.
bool TcpConnection::take_challenge_ack(Time now) {
  if (challenge_acks_sent_ == 0 || now >= challenge_since_ + config_.challenge_ack_interval) {
    challenge_since_ = now;
    challenge_acks_sent_ = 0;
  }
  if (challenge_acks_sent_ >= config_.challenge_acks) return false;
  ++challenge_acks_sent_;
  return true;
}

}  // namespace kamesim
