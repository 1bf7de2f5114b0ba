#include "protocols/tcp/connection.h"

#include <algorithm>

#include "protocols/tcp/drops.h"
#include "protocols/tcp/header.h"

namespace kamesim {

namespace {

constexpr std::size_t kTimestampsSize = 12;  // with the octets that align them
// How often the peer may fail to answer before the segments are taken to be too large for the path (RFC 2923 §2.1).
constexpr unsigned kBlackHoleTimeouts = 2;
// RFC 3168 §6.1.1.1: a SYN that asks for ECN and is not answered goes without from then on.
constexpr unsigned kEcnSynRetransmissions = 2;
// A writer that waits is told when so much is free, or a quarter of a smaller buffer.
constexpr std::uint32_t kEnoughRoom = 1 << 16;

std::optional<Time> earlier(std::optional<Time> a, std::optional<Time> b) {
  if (!a) return b;
  if (!b) return a;
  return std::min(*a, *b);
}

}  // namespace

SynOffer offer_of_syn(const TcpSegment& syn, const TcpSocketOptions& options, std::uint16_t default_mss) {
  const TcpOptions& o = syn.options;
  return {.mss = o.mss.value_or(default_mss),  // RFC 9293 §3.7.1 (MUST-15)
          .window_scale = options.window_scaling ? o.window_scale : std::nullopt,
          .sack_permitted = options.sack && o.sack_permitted,
          // RFC 3168 §6.1.1: an ECN-setup SYN has both; an ECN-setup SYN-ACK has ECE alone.
          .ecn = options.ecn != EcnMode::Off && syn.flags.ece() && syn.flags.cwr() != syn.flags.ack(),
          .timestamps = options.timestamps && o.timestamps.has_value()};
}

OutgoingSegment reset_for(const TcpSegment& segment) {
  OutgoingSegment reset{.flags = TcpFlags::kRst};
  if (segment.flags.ack()) {
    reset.seq = segment.ack;
  } else {
    reset.ack = segment.end();
    reset.flags.set(TcpFlags::kAck);
  }
  if (segment.options.timestamps) reset.options.timestamps = TcpTimestamps{0, segment.options.timestamps->value};
  return reset;
}

namespace {

TcpSender::Config sender_config(const TcpSocketOptions& options, const TcpConnection::Opening& opening) {
  return {.iss = opening.iss,
          .mss = opening.path_mss,
          .congestion_control = options.congestion_control,
          .rto = {.min_rto = options.min_rto},
          .nodelay = options.nodelay,
          .cork = options.cork,
          .pacing = options.pacing,
          .rack = options.rack,
          .frto = options.frto};
}

}  // namespace

TcpConnection::TcpConnection(const TcpSocketOptions& options, const TcpConfig& config, const Opening& opening)
    : options_(options),
      config_(config),
      path_mss_(opening.path_mss),
      announced_mss_(opening.announced_mss),
      default_mss_(opening.default_mss),
      peer_mss_(opening.default_mss),
      iss_(opening.iss),
      timestamp_offset_(opening.timestamp_offset),
      receiver_({.buffer = options.receive_buffer, .delayed_ack = options.delayed_ack}),
      sender_(sender_config(options, opening)) {}

TcpConnection::~TcpConnection() = default;

// ---- Opening ------------------------------------------------------------------------------------------------------

void TcpConnection::open(Time now) {
  state_ = TcpState::SynSent;
  last_heard_ = user_timeout_from_ = now;
}

void TcpConnection::open_passive(Time now, const TcpSegment& syn) {
  passive_ = true;
  state_ = TcpState::SynReceived;
  last_heard_ = user_timeout_from_ = now;
  negotiate(offer_of_syn(syn, options_, default_mss_));
  start_receiver(syn.seq);
  if (timestamps_) {
    ts_recent_ = syn.options.timestamps->value;
    ts_recent_at_ = now;
  }
  keep_syn_text(syn);
}

void TcpConnection::open_from_cookie(Time now, const SynOffer& offer, const TcpSegment& ack) {
  passive_ = true;
  state_ = TcpState::SynReceived;
  iss_ = ack.ack - 1;
  last_heard_ = user_timeout_from_ = now;
  negotiate(offer);
  sender_.assume_syn_sent(iss_, now);
  start_receiver(ack.seq - 1);
  if (timestamps_) {
    ts_recent_ = ack.options.timestamps->value;
    ts_recent_at_ = now;
  }
}

void TcpConnection::negotiate(const SynOffer& offer) {
  peer_mss_ = std::max<std::uint16_t>(offer.mss, 1);
  timestamps_ = offer.timestamps;
  sack_ = offer.sack_permitted;
  ecn_ = offer.ecn;
  window_scaling_ = offer.window_scale.has_value();
  snd_wind_shift_ = offer.window_scale.value_or(0);
  rcv_wind_shift_ = window_scaling_ ? receiver_.window_shift_for_buffer() : 0;
  sender_.agree({.mss = effective_mss(), .sack = sack_, .ecn = ecn_});
}

void TcpConnection::start_receiver(SeqNum32 irs) {
  receiver_.start(irs, {.window_shift = rcv_wind_shift_, .sack = sack_, .ecn = ecn_, .rmss = mss_to_announce()});
}

void TcpConnection::keep_syn_text(const TcpSegment& syn) {
  // RFC 9293 §3.10.7.2, §3.10.7.3: what else came with the SYN waits until the connection is established.
  if (syn.data.empty() && !syn.flags.fin()) return;
  syn_text_ = std::make_unique<SynText>();
  syn_text_->data.assign(syn.data.begin(), syn.data.end());
  syn_text_->fin = syn.flags.fin();
}

void TcpConnection::establish(Time now) {
  state_ = TcpState::Established;
  syn_ack_now_ = false;
  events_.connected = true;
  if (shut_down_) state_ = TcpState::FinWait1;
  if (config_.path_mtu_search) mtu_search_.start(default_mss_, largest_mss());
  sender_.set_mss(effective_mss());
  if (syn_text_ != nullptr) {
    TcpSegment text{.seq = receiver_.irs() + 1, .flags = syn_text_->fin ? TcpFlags::kFin : 0, .data = syn_text_->data};
    Arrival arrival;
    process_text_and_fin(now, text, arrival);
    syn_text_.reset();
  }
}

// ---- The user's calls ---------------------------------------------------------------------------------------------

bool TcpConnection::can_write() const {
  return !shut_down_ && (state_ == TcpState::SynSent || state_ == TcpState::SynReceived ||
                         state_ == TcpState::Established || state_ == TcpState::CloseWait);
}

std::size_t TcpConnection::write_space() const {
  if (!can_write() || send_buffer_.size() >= options_.send_buffer) return 0;
  return options_.send_buffer - send_buffer_.size();
}

std::size_t TcpConnection::write(Bytes data) {
  const std::size_t n = std::min(data.size(), write_space());
  if (n < data.size() && can_write()) wants_room_ = true;
  if (n == 0) return 0;
  send_buffer_.append(data.first(n));
  stream_written_ += n;
  sender_.written(stream_written_, false);
  return n;
}

MutableBytes TcpConnection::write_room(std::size_t n) {
  const std::size_t space = write_space();
  if (n > space && can_write()) wants_room_ = true;
  return send_buffer_.room(std::min(n, space));
}

void TcpConnection::commit(std::size_t n) {
  send_buffer_.extend(n);
  stream_written_ += n;
  sender_.written(stream_written_, false);
}

void TcpConnection::mark_urgent() {
  // RFC 9293 §3.8.5 (MUST-62): the octet behind the urgent data.
  if (can_write()) snd_up_ = iss_ + 1 + static_cast<std::uint32_t>(stream_written_);
}

void TcpConnection::shutdown(Time) {
  if (shut_down_) return;
  switch (state_) {
    case TcpState::SynSent: return finish(std::nullopt);  // RFC 9293 §3.10.4: delete the TCB
    case TcpState::SynReceived: break;                    // queued until ESTABLISHED
    case TcpState::Established: state_ = TcpState::FinWait1; break;
    case TcpState::CloseWait: state_ = TcpState::LastAck; break;
    default: return;
  }
  shut_down_ = true;
  sender_.written(stream_written_, true);
}

void TcpConnection::close(Time now) {
  user_gone_ = true;
  if (receiver_.readable() != 0 && state_ != TcpState::TimeWait) {
    return abort();  // RFC 9293 §3.6.1 (SHLD-3)
  }
  shutdown(now);
  if (state_ == TcpState::FinWait2) fin_wait_2_until_ = now + config_.fin_wait_2_timeout;
}

void TcpConnection::abort() {
  switch (state_) {
    case TcpState::SynReceived:
    case TcpState::Established:
    case TcpState::FinWait1:
    case TcpState::FinWait2:
    case TcpState::CloseWait: {
      // RFC 9293 §3.10.5: <SEQ=SND.NXT><CTL=RST>; with an ACK, as all stacks do, for middleboxes and for the peer's
      // RFC 5961 check, which looks at SEQ alone.
      reset_ = OutgoingSegment{.seq = acceptable_sequence(), .ack = receiver_.rcv_nxt(),
                               .flags = TcpFlags::kRst | TcpFlags::kAck};
      if (timestamps_) reset_->options.timestamps = TcpTimestamps{0, ts_recent_};  // RFC 7323 §5.2
      break;
    }
    default: break;
  }
  finish(TcpCloseReason::Aborted);
}

void TcpConnection::set_options(const TcpSocketOptions& options, Time now) {
  options_ = options;
  receiver_.set_buffer(options.receive_buffer);
  sender_.set_nodelay(options.nodelay);
  sender_.set_cork(options.cork);
  last_heard_ = std::max(last_heard_, options.keepalive ? last_heard_ : now);
  sender_.set_mss(effective_mss());
}

// SND.UNA moved: the octets that it went over make room for others.
void TcpConnection::forget_acknowledged(SeqNum32 una_before) {
  const SeqNum32 data_begin = iss_ + 1;
  const SeqNum32 data_end = data_begin + static_cast<std::uint32_t>(stream_written_);
  const SeqNum32 from = una_before == iss_ ? data_begin : una_before;
  const SeqNum32 to = data_end.before(sender_.snd_una()) ? data_end : sender_.snd_una();
  if (from.before(to)) send_buffer_.pop_front(static_cast<std::size_t>(to - from));
  if (wants_room_ && write_space() >= std::min(options_.send_buffer / 4, kEnoughRoom)) {
    wants_room_ = false;
    events_.writable = true;
  }
}

// ---- Events -------------------------------------------------------------------------------------------------------

void TcpConnection::enter_time_wait(Time now) {
  state_ = TcpState::TimeWait;
  time_wait_until_ = now + 2 * config_.msl;  // RFC 9293 §3.6.1 (MUST-13)
  fin_wait_2_until_.reset();
  send_buffer_.reset();
}

void TcpConnection::finish(std::optional<TcpCloseReason> reason) {
  events_.was_opening = state_ == TcpState::SynSent || state_ == TcpState::SynReceived;
  events_.was_established = (state_ == TcpState::Established || state_ == TcpState::CloseWait);
  state_ = TcpState::Closed;
  events_.closed = true;
  events_.reason = close_reason_ = reason;
  send_buffer_.reset();
  time_wait_until_.reset();
  fin_wait_2_until_.reset();
  syn_ack_now_ = false;
}

std::optional<Time> TcpConnection::keepalive_deadline() const {
  if (!options_.keepalive || !is_synchronized(state_) || state_ == TcpState::TimeWait) return std::nullopt;
  if (sender_.outstanding() || sender_.has_data_to_send()) return std::nullopt;  // RFC 9293 §3.8.4 (MUST-26)
  return last_heard_ + options_.keepalive_idle + keepalive_probes_sent_ * options_.keepalive_interval;
}

std::optional<Time> TcpConnection::user_timeout_deadline() const {
  if (!options_.user_timeout || state_ == TcpState::Closed || state_ == TcpState::TimeWait) return std::nullopt;
  if (!sender_.outstanding() && !sender_.has_data_to_send()) return std::nullopt;
  return user_timeout_from_ + *options_.user_timeout;
}

std::optional<Time> TcpConnection::next_timeout() const {
  if (state_ == TcpState::Closed) return std::nullopt;
  if (state_ == TcpState::TimeWait) return time_wait_until_;
  std::optional<Time> next = earlier(sender_.next_timeout(), receiver_.ack_deadline());
  if (fin_wait_2_until_) next = earlier(next, fin_wait_2_until_);
  if (options_.keepalive) next = earlier(next, keepalive_deadline());
  if (options_.user_timeout) next = earlier(next, user_timeout_deadline());
  return next;
}

void TcpConnection::on_timeout(Time now) {
  const auto due = [&](std::optional<Time> at) { return at && now >= *at; };
  if (state_ == TcpState::Closed) return;
  if (due(time_wait_until_)) return finish(TcpCloseReason::Finished);
  if (state_ == TcpState::TimeWait) return;
  if (due(fin_wait_2_until_)) return finish(TcpCloseReason::Finished);
  if (due(user_timeout_deadline())) return finish(TcpCloseReason::TimedOut);  // §3.10.8
  if (due(keepalive_deadline())) {
    if (keepalive_probes_sent_ >= options_.keepalive_probes) return finish(TcpCloseReason::TimedOut);
    ++keepalive_probes_sent_;
    keepalive_probe_now_ = true;
  }
  if (due(sender_.next_timeout())) {
    const auto outcome = sender_.on_timeout(now);
    if (outcome.give_up) return finish(TcpCloseReason::TimedOut);
    if (outcome.r1_reached) events_.delivery_problem = true;
    detect_black_hole();
    take_mtu_probe(now);
  }
}

// RFC 2923 §2.1: segments that are never answered may be larger than the path takes, while nobody says so.
void TcpConnection::detect_black_hole() {
  if (!config_.path_mtu_black_hole_detection || !is_synchronized(state_)) return;
  if (sender_.timeouts_in_a_row() < kBlackHoleTimeouts || path_mss_ <= default_mss_) return;
  if (mtu_search_.active() && mtu_search_.size() <= default_mss_) return;
  mtu_search_.start(default_mss_, largest_mss());
  sender_.set_mss(effective_mss());
}

void TcpConnection::offer_mtu_probe(Time now) {
  const auto size = sender_.mtu_probe_under_way() ? std::nullopt : mtu_search_.next_probe(now);
  sender_.probe_mtu(size ? less_options(*size) : 0);
}

// RFC 4821 §7.6: what the probe says of the path.
void TcpConnection::take_mtu_probe(Time now) {
  const auto probed = sender_.take_mtu_probed();
  if (!probed || !mtu_search_.active()) return;
  const std::uint32_t size = probed->size + (timestamps_ ? kTimestampsSize : 0);
  if (!probed->delivered) return mtu_search_.on_lost(size, now, sender_.info().retransmission_timeout);
  mtu_search_.on_delivered(size, now);
  sender_.set_mss(effective_mss());
}

void TcpConnection::set_path_mss(std::uint16_t mss) {
  path_mss_ = mss;
  if (mtu_search_.active()) mtu_search_.limit(largest_mss());
  if (is_synchronized(state_)) sender_.set_mss(effective_mss());
}

bool TcpConnection::in_flight(SeqNum32 quoted) const {
  return state_ != TcpState::Closed && state_ != TcpState::TimeWait && !quoted.before(sender_.snd_una()) &&
         quoted.before(sender_.snd_max());
}

std::uint16_t TcpConnection::mss_to_announce() const {
  return options_.max_segment != 0 ? std::min(options_.max_segment, announced_mss_) : announced_mss_;
}

// RFC 9293 §3.7.1 (MUST-16): Eff.snd.MSS, less the options that every segment has (RFC 6691 §3).
std::uint16_t TcpConnection::effective_mss() const {
  return less_options(mtu_search_.active() ? std::min<std::uint32_t>(mtu_search_.size(), largest_mss()) : largest_mss());
}

std::uint16_t TcpConnection::largest_mss() const {
  const std::uint16_t mss = std::min(peer_mss_, path_mss_);
  return options_.max_segment != 0 ? std::min(options_.max_segment, mss) : mss;
}

std::uint16_t TcpConnection::less_options(std::uint32_t mss) const {
  const std::uint32_t taken = timestamps_ ? kTimestampsSize : 0;
  return static_cast<std::uint16_t>(mss > taken ? mss - taken : 1);
}

// ---- Output -------------------------------------------------------------------------------------------------------

bool TcpConnection::next_segment(Time now, OutgoingSegment& out) {
  out = {};
  if (reset_) {
    out = *reset_;
    reset_.reset();
    ++segments_sent_;
    return true;
  }
  if (state_ == TcpState::Closed) return false;
  if (syn_ack_now_) {
    syn_ack_now_ = false;
    out.seq = iss_;
    fill_syn(now, out);
    ++segments_sent_;
    return true;
  }
  // A gap is told at once, in a segment of its own: full-sized segments have no room for SACK blocks.
  const bool tell_gap = receiver_.has_sack_blocks() && receiver_.ack_due(now);
  if (!tell_gap && state_ != TcpState::TimeWait) {
    if (mtu_search_.active()) [[unlikely]] offer_mtu_probe(now);
    if (const auto segment = sender_.next_segment(now)) {
      fill_data(now, out, *segment);
      return true;
    }
  }
  const bool synchronized = is_synchronized(state_);
  if (!synchronized) return false;
  if (receiver_.ack_due(now) || receiver_.window_update_due() || keepalive_probe_now_) {
    out.seq = acceptable_sequence();
    // RFC 9293 §3.8.4 (SHLD-12): SEG.SEQ = SND.NXT-1 and no data.
    if (std::exchange(keepalive_probe_now_, false)) out.seq = sender_.snd_max() - 1;
    fill(now, out, kTcpMaxOptionsSize);
    ++segments_sent_;
    return true;
  }
  return false;
}

void TcpConnection::fill_data(Time now, OutgoingSegment& out, const TcpSender::Segment& segment) {
  out.seq = segment.seq;
  out.length = segment.length;
  ++segments_sent_;
  if (segment.syn) return fill_syn(now, out);
  out.offset = static_cast<std::uint32_t>(segment.seq - send_buffer_front());
  if (segment.psh) out.flags.set(TcpFlags::kPsh);
  if (segment.fin) out.flags.set(TcpFlags::kFin);
  if (segment.cwr) out.flags.set(TcpFlags::kCwr);
  // RFC 3168 §6.1.1, §6.1.5, §6.1.6: ECT on new data only; neither on retransmissions nor on window probes.
  if (ecn_ && segment.length != 0 && !segment.retransmission && !segment.probe) out.ecn = Ecn::Ect0;
  if (snd_up_) {
    // RFC 9293 §3.8.5: as long as there is urgent data that the peer may not know of.
    if (out.seq.before(*snd_up_)) {
      out.flags.set(TcpFlags::kUrg);
      out.urgent_pointer = static_cast<std::uint16_t>(std::min<std::int32_t>(*snd_up_ - out.seq, 65535));
    } else if (!sender_.snd_una().before(*snd_up_)) {
      snd_up_.reset();
    }
  }
  bytes_sent_ += segment.length;
  const std::size_t mss = effective_mss();
  fill(now, out, mss > segment.length ? mss - segment.length + (timestamps_ ? kTimestampsSize : 0) : 0);
}

// Acknowledgment, window, timestamps and, in `option_room` octets, SACK blocks.
void TcpConnection::fill(Time now, OutgoingSegment& out, std::size_t option_room) {
  std::size_t room = std::min(option_room, kTcpMaxOptionsSize);
  if (timestamps_) {
    out.options.timestamps =
        TcpTimestamps{TcpSecrets::timestamp_clock(now) + timestamp_offset_, ts_recent_};
    room = room > kTimestampsSize ? room - kTimestampsSize : 0;
  }
  receiver_.acknowledge(out, room > 4 ? (room - 4) / 8 : 0);
}

void TcpConnection::fill_syn(Time now, OutgoingSegment& out) {
  const bool answer = state_ == TcpState::SynReceived;
  out.flags.set(TcpFlags::kSyn);
  out.options.mss = mss_to_announce();  // RFC 9293 §3.7.1 (MUST-14, MAY-3)
  const bool scale = answer ? window_scaling_ : options_.window_scaling;
  if (scale) out.options.window_scale = receiver_.window_shift_for_buffer();
  out.options.sack_permitted = answer ? sack_ : options_.sack;
  if (answer ? timestamps_ : options_.timestamps) {
    out.options.timestamps =
        TcpTimestamps{TcpSecrets::timestamp_clock(now) + timestamp_offset_, answer ? ts_recent_ : 0};
  }
  if (answer) {
    receiver_.acknowledge(out, 0);
    if (ecn_) out.flags.set(TcpFlags::kEce);  // RFC 3168 §6.1.1: an ECN-setup SYN-ACK
  } else {
    out.window = receiver_.syn_window();
    if (options_.ecn == EcnMode::Request && sender_.timeouts_in_a_row() < kEcnSynRetransmissions) {
      out.flags.set(TcpFlags::kEce | TcpFlags::kCwr);
    }
  }
}

// SND.NXT; but a peer that took back its window would find that outside of it, and our acknowledgment with it.
SeqNum32 TcpConnection::acceptable_sequence() const {
  const SeqNum32 edge = sender_.snd_una() + sender_.window();
  return edge.before(sender_.snd_max()) ? edge : sender_.snd_max();
}

// The sequence number of the first octet in the send buffer: SND.UNA's, our SYN apart.
SeqNum32 TcpConnection::send_buffer_front() const {
  const SeqNum32 una = sender_.snd_una();
  return una == iss_ ? iss_ + 1 : una;
}

TcpInfo TcpConnection::info() const {
  TcpInfo info{.state = state_, .timestamps = timestamps_, .sack = sack_, .ecn = ecn_,
               .window_scaling = window_scaling_, .send_window_shift = snd_wind_shift_,
               .receive_window_shift = rcv_wind_shift_, .mss = effective_mss()};
  info.send_window = sender_.window();
  info.receive_window = receiver_.rcv_wnd();
  info.send_queue = static_cast<std::uint32_t>(send_buffer_.size());
  info.receive_queue = static_cast<std::uint32_t>(receiver_.readable());
  const TcpSender::Info sender = sender_.info();
  const auto octets = [](std::uint64_t n) { return static_cast<std::uint32_t>(std::min<std::uint64_t>(n, UINT32_MAX)); };
  info.congestion_window = octets(sender.congestion_window);
  info.slow_start_threshold = octets(sender.slow_start_threshold);
  info.bytes_in_flight = octets(sender.in_flight);
  info.smoothed_rtt = sender.smoothed_rtt;
  info.rtt_variance = sender.rtt_variance;
  info.retransmission_timeout = sender.retransmission_timeout;
  info.timeouts = sender.timeouts;
  info.segments_sent = segments_sent_;
  info.segments_received = segments_received_;
  info.bytes_sent = bytes_sent_;
  info.bytes_acknowledged = sender.bytes_acknowledged;
  info.bytes_received = bytes_received_;
  info.retransmissions = sender.retransmissions;
  info.duplicates_received = receiver_.duplicates();
  info.out_of_order_received = receiver_.out_of_order();
  return info;
}

}  // namespace kamesim
