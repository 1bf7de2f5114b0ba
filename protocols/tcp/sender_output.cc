// What goes next: retransmissions first, then probes, then new data (RFC 9293 §3.7.4, §3.8.6.2.1; RFC 6675 §4's NextSeg).
#include <algorithm>

#include "protocols/tcp/sender.h"

namespace kamesim {

namespace {

// RFC 9293 §3.8.6.2.1: Fs, "1/2 is recommended"; the override timeout is 0.1 to 1 second.
constexpr std::uint32_t kFsDivisor = 2;
constexpr Duration kSwsOverride = 500_ms;
constexpr std::uint64_t kSegmentsBehindMtuProbe = 3;  // RFC 4821 §7.4: as many as duplicate acknowledgments are wanted
// By how much a paced sender is faster than a window in each round trip, in percent: in slow start, so that it can double,
// and beyond, so that it is the window that decides.
constexpr std::uint64_t kSlowStartPace = 200, kSteadyPace = 120;

}  // namespace

TcpSender::TcpSender(const Config& config)
    : config_(config), features_{.mss = config.mss}, control_(make_congestion_control(config.congestion_control)),
      rtt_(config.rto) {
  control_->start(config_.mss, tcp_initial_window(config_.mss));
}

void TcpSender::written(std::uint64_t total, bool fin) {
  written_ = total;
  fin_written_ = fin;
}

void TcpSender::agree(const Features& features) {
  features_ = features;
  config_.mss = features.mss;
  // RFC 5681 §3.1: "If the SYN or SYN/ACK is lost, the initial window [...] MUST be one segment".
  control_->start(features.mss, syn_timed_out_ ? features.mss : tcp_initial_window(features.mss));
}

void TcpSender::assume_syn_sent(SeqNum32 iss, Time now) {
  config_.iss = iss;
  sent_.push({.begin = kSyn, .end = kSyn + 1, .sent_at = now, .retransmitted = true});  // no round trip is known by it
  max_ = kSyn + 1;
}

void TcpSender::set_window(std::uint32_t window) {
  window_ = window;
  max_window_ = std::max(max_window_, window);
}

void TcpSender::set_mss(std::uint32_t mss) {
  const bool smaller = mss < config_.mss;
  config_.mss = mss;
  control_->set_mss(mss);
  if (!smaller || !started()) return;
  // What does not fit the path cannot have arrived. RFC 8201 §5.4: no sign of congestion, so the window stays.
  for (std::size_t i = 0; i < sent_.size(); ++i) {
    if (sent_[i].size() > mss + (sent_[i].fin ? 1u : 0u)) sent_.set_lost(sent_[i]);
  }
  if (sent_.lost_octets() != 0) recovery_point_ = std::max(recovery_point_, max_);
}

std::uint64_t TcpSender::pipe() const {
  const std::uint64_t sent = max_ - una_;
  const std::uint64_t gone = sent_.sacked_octets() + sent_.lost_octets() + duplicate_octets_;
  return sent > gone ? sent - gone : 0;
}

std::optional<TcpSender::Segment> TcpSender::next_segment(Time now) {
  if (held_by_pacing(now)) [[unlikely]] return std::nullopt;
  std::optional<Segment> segment = retransmit(now);
  if (!segment && probe_due_) segment = probe_for_loss(now);
  if (!segment && persist_due_) segment = probe_window(now);
  if (!segment) segment = new_data(now);
  if (!segment) arm_timers(now);
  return segment;
}

std::optional<TcpSender::Segment> TcpSender::retransmit(Time now) {
  if (sent_.lost_octets() == 0) [[likely]] return std::nullopt;
  if (window_blocks()) return std::nullopt;  // probe_window's task
  if (frto_ != Frto::Off && !retransmit_first_) return std::nullopt;
  std::size_t i = 0;
  while (!sent_[i].lost) ++i;
  const std::uint64_t in_flight = pipe();
  const std::uint64_t size = std::min<std::uint64_t>(sent_[i].size(), config_.mss);
  if (started() && !retransmit_first_ && in_flight != 0 && in_flight + size > control_->cwnd()) {
    control_limited_ = true;
    return std::nullopt;
  }
  return transmit_again(now, i);
}

// RFC 8985 §7.3: "a new segment if there is new data to be sent and the receive window allows", else the last one.
std::optional<TcpSender::Segment> TcpSender::probe_for_loss(Time now) {
  probe_due_ = false;
  if (sent_.empty()) return std::nullopt;
  const Position limit = std::min(window_end(), data_end());
  std::optional<Segment> segment;
  if (max_ < limit) {
    const auto length = static_cast<std::uint32_t>(std::min<std::uint64_t>(limit - max_, config_.mss));
    segment = transmit_new(now, length, false);
    probe_is_retransmission_ = false;
  } else {
    segment = transmit_again(now, sent_.size() - 1);
    probe_is_retransmission_ = true;
  }
  probe_end_ = max_;
  retransmission_at_ = now + rtt_.rto();
  return segment;
}

// RFC 9293 §3.8.6.1: one octet beyond a closed window, again and again until it opens.
std::optional<TcpSender::Segment> TcpSender::probe_window(Time now) {
  persist_due_ = false;
  if (!window_blocks()) return std::nullopt;
  Segment segment;
  if (!outstanding()) {
    segment = max_ < data_end() ? transmit_new(now, 1, false) : transmit_new(now, 0, true);
  } else {
    if (sent_[0].size() > 1) sent_.split(0, sent_[0].begin + 1);
    segment = transmit_again(now, 0);
  }
  segment.probe = true;
  return segment;
}

std::optional<TcpSender::Segment> TcpSender::new_data(Time now) {
  if (!started()) {
    if (max_ != kSyn) return std::nullopt;
    Segment syn{.seq = number(kSyn), .syn = true};
    sent_.push({.begin = kSyn, .end = kSyn + 1, .sent_at = now});
    max_ = kSyn + 1;
    last_sent_ = now;
    retransmission_at_ = now + rtt_.rto();
    return syn;
  }
  control_limited_ = false;
  if (max_ >= end()) return std::nullopt;
  if (!outstanding() && now - last_sent_ > rtt_.rto()) {
    // RFC 5681 §4.1, and RFC 6928 §2's window: what was known of the path is old.
    control_->on_idle(tcp_initial_window(config_.mss));
  }
  const std::uint64_t data = max_ < data_end() ? data_end() - max_ : 0;
  const std::uint64_t usable = window_end() > max_ ? window_end() - max_ : 0;
  const auto length = static_cast<std::uint32_t>(std::min<std::uint64_t>({data, usable, config_.mss}));
  if (mtu_probe_wanted_ != 0 && may_probe_mtu(data, usable)) [[unlikely]] {
    const Segment segment = transmit_new(now, mtu_probe_wanted_, false);
    mtu_probe_ = {max_ - mtu_probe_wanted_, max_};
    mtu_probe_wanted_ = 0;
    return segment;
  }
  const bool fin = fin_written_ && length == data && usable > length;
  if (length == 0 && !fin) return std::nullopt;
  if (frto_ != Frto::Off) [[unlikely]] {
    if (frto_new_segments_ == 0) return std::nullopt;
    --frto_new_segments_;
    return transmit_new(now, length, fin);
  }
  const std::uint64_t in_flight = pipe();
  if (in_flight != 0 && in_flight + length > control_->cwnd()) {
    control_limited_ = true;
    return std::nullopt;
  }
  if (length < config_.mss && !fin && !may_send_small(data, usable)) {
    // What the peer's window alone holds back goes in the end all the same.
    if (!outstanding() && !config_.cork && !override_at_) override_at_ = now + kSwsOverride;
    return std::nullopt;
  }
  return transmit_new(now, length, fin);
}

// RFC 4821 §7.4: nothing else is the matter, the window takes it, and enough follows that its loss shows.
bool TcpSender::may_probe_mtu(std::uint64_t data, std::uint64_t usable) const {
  const std::uint64_t behind = kSegmentsBehindMtuProbe * config_.mss;
  const bool quiet = phase_ == Phase::Open && !mtu_probe_ && sent_.lost_octets() == 0 && sent_.sacked_segments() == 0 &&
                     duplicate_acks_ == 0;
  return quiet && mtu_probe_wanted_ > config_.mss && data >= mtu_probe_wanted_ + behind &&
         usable >= mtu_probe_wanted_ + behind && pipe() + mtu_probe_wanted_ <= control_->cwnd();
}

std::uint64_t TcpSender::pacing_rate() const {
  if (const std::uint64_t own = control_->pacing_rate(rtt_.srtt())) return own;
  const std::int64_t ns = rtt_.srtt().ns();
  if (!config_.pacing || ns <= 0) return 0;
  const std::uint64_t percent = control_->in_slow_start() ? kSlowStartPace : kSteadyPace;
  return static_cast<std::uint64_t>(static_cast<double>(control_->cwnd()) * static_cast<double>(percent) * 1e7 /
                                    static_cast<double>(ns));
}

bool TcpSender::held_by_pacing(Time now) {
  if (now >= paced_until_) return false;
  arm_timers(now);
  pacing_at_ = paced_until_;
  return true;
}

void TcpSender::pace(Time now, std::uint64_t octets) {
  const std::uint64_t rate = pacing_rate();
  if (rate == 0) return;
  paced_until_ = now + Duration::nanoseconds(static_cast<std::int64_t>(octets * 1'000'000'000 / rate));
}

// RFC 9293 §3.8.6.2.1 (MUST-38) with §3.7.4's Nagle algorithm in brackets; all data counts as pushed.
bool TcpSender::may_send_small(std::uint64_t data, std::uint64_t usable) const {
  if (override_due_) return true;
  if (config_.cork) return false;
  if (outstanding() && !config_.nodelay) return false;
  return data <= usable || std::min(data, usable) >= max_window_ / kFsDivisor;
}

TcpSender::Segment TcpSender::transmit_new(Time now, std::uint32_t length, bool fin) {
  Segment segment{.seq = number(max_), .length = length, .fin = fin};
  segment.psh = length != 0 && max_ + length == data_end();  // RFC 9293 §3.9.1.2 (MUST-60, SHLD-27)
  if (length != 0) segment.cwr = std::exchange(cwr_due_, false);
  const std::uint32_t size = length + (fin ? 1 : 0);
  sent_.push({.begin = max_, .end = max_ + size, .sent_at = now, .fin = fin});
  max_ += size;
  if (phase_ == Phase::Recovery) prr_out_ += size;
  if (sent_.sacked_segments() != 0 || duplicate_octets_ != 0) limited_transmit_octets_ += size;
  last_sent_ = now;
  pace(now, size);
  override_due_ = false;
  override_at_.reset();
  probe_timer_stale_ = true;
  if (!retransmission_at_) retransmission_at_ = now + rtt_.rto();  // RFC 6298 §5.1
  return segment;
}

TcpSender::Segment TcpSender::transmit_again(Time now, std::size_t index) {
  const std::uint32_t fin = sent_[index].fin ? 1 : 0;
  if (sent_[index].size() - fin > config_.mss) sent_.split(index, sent_[index].begin + config_.mss);
  SentSegment& sent = sent_[index];
  sent_.set_sent_again(sent, now);
  ++retransmissions_;
  if (phase_ == Phase::Recovery) prr_out_ += sent.size();
  if (frto_ == Frto::FirstAck) frto_retransmitted_end_ = std::max(frto_retransmitted_end_, sent.end);
  retransmit_first_ = false;
  last_sent_ = now;
  pace(now, sent.size());
  // RFC 6298 §5.1; RFC 6675 §6: anew when the oldest segment goes again, lest the timer outruns its recovery.
  if (!retransmission_at_ || index == 0) retransmission_at_ = now + rtt_.rto();
  Segment segment{.seq = number(sent.begin), .retransmission = true};
  if (sent.begin == kSyn) {
    segment.syn = true;
    return segment;
  }
  segment.fin = sent.fin;
  segment.length = static_cast<std::uint32_t>(sent.size()) - (sent.fin ? 1 : 0);
  segment.psh = segment.length != 0 && sent.begin + segment.length == data_end();
  return segment;
}

TcpSender::Info TcpSender::info() const {
  return {.congestion_window = control_->cwnd(),
          .slow_start_threshold = control_->ssthresh(),
          .in_flight = pipe(),
          .smoothed_rtt = rtt_.srtt(),
          .rtt_variance = rtt_.rttvar(),
          .retransmission_timeout = rtt_.rto(),
          .retransmissions = retransmissions_,
          .timeouts = timeouts_,
          .spurious_timeouts = spurious_timeouts_,
          .bytes_acknowledged = una_ == kSyn ? 0 : std::min(una_ - 1, written_),
          .in_recovery = phase_ != Phase::Open};
}

}  // namespace kamesim
