// The sending half of a connection: what to send when, given what came back. It owns the send sequence space (SYN, data,
// FIN), the round-trip time, loss detection and recovery, congestion control, and the retransmission, persist and probe
// timers. A machine: it has no clock, no packets and no data, only lengths.
//
//   sender_output.cc     what goes next: retransmissions, probes, new data (RFC 9293 §3.7.4, §3.8.6)
//   sender_ack.cc        acknowledgments: windows, round-trip times, recovery (RFC 5681, 6582, 6675, 6937, 3168)
//   loss_detection.cc    which segments are lost (RFC 8985; RFC 6675 without it)
//   sender_frto.cc       timeouts that were spurious (RFC 5682)
//   sender_timeout.cc    the timers (RFC 6298, RFC 8985 §7, RFC 9293 §3.8.3, §3.8.6.1)
//
// Positions are counted from the SYN in 64 bits: the SYN is 0, octet n of the stream n + 1, the FIN behind the last.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "protocols/tcp/congestion_control.h"
#include "protocols/tcp/rtt_estimator.h"
#include "protocols/tcp/sent_segments.h"
#include "protocols/tcp/sequence.h"
#include "sim/time.h"

namespace kamesim {

// RFC 9293 §3.8.3: R1 and R2.
inline constexpr unsigned kTcpR1Retransmissions = 3;     // at least
inline constexpr Duration kTcpR2 = 100_s;                // at least (SHLD-11)
inline constexpr Duration kTcpR2ForSyn = 180_s;          // at least (MUST-23)
// RFC 6928 §2: min(10*MSS, max(2*MSS, 14600)).
constexpr std::uint64_t tcp_initial_window(std::uint32_t mss) {
  const std::uint64_t two = 2 * std::uint64_t{mss}, ten = 10 * std::uint64_t{mss};
  return ten < 14600 ? ten : two > 14600 ? two : 14600;
}

class TcpSender {
 public:
  struct Config {
    SeqNum32 iss{0};
    std::uint32_t mss = 1220;                        // octets of data in a full segment; set_mss changes it
    std::string_view congestion_control = "cubic";   // see make_congestion_control
    RttEstimatorConfig rto;
    bool nodelay = false;                            // no Nagle algorithm
    bool cork = false;                               // only full segments
    bool pacing = false;                             // segments are spread over the round trip
    bool rack = true;                                // RFC 8985 with SACK; otherwise RFC 6675
    bool frto = true;                                // RFC 5682
    Duration r2 = kTcpR2, r2_for_syn = kTcpR2ForSyn;
  };
  // What the handshake agreed on.
  struct Features {
    std::uint32_t mss;
    bool sack = false;
    bool ecn = false;
  };
  // Throws std::invalid_argument if there is no such congestion control.
  explicit TcpSender(const Config& config);

  // ---- The stream -------------------------------------------------------------------------------------------
  // So many octets have been written since the beginning; `fin`: they were the last.
  void written(std::uint64_t total, bool fin);
  void set_nodelay(bool nodelay) { config_.nodelay = nodelay; }
  void set_cork(bool cork) { config_.cork = cork; }
  // The path takes larger, or only smaller segments now; what is under way is cut anew where it must be.
  void set_mss(std::uint32_t mss);
  // RFC 4821 §7: as soon as there is data and window for it, one segment of that size, which is more than the MSS, and
  // others behind it. 0: none. What became of the last one is told once.
  void probe_mtu(std::uint32_t size) { mtu_probe_wanted_ = size; }
  bool mtu_probe_under_way() const { return mtu_probe_.has_value(); }
  struct MtuProbed {
    std::uint32_t size;
    bool delivered;
  };
  std::optional<MtuProbed> take_mtu_probed() { return std::exchange(mtu_probed_, std::nullopt); }

  // ---- The handshake ------------------------------------------------------------------------------------------
  // Once both SYNs are known, before the acknowledgment of ours is taken.
  void agree(const Features& features);
  // The SYN went in a cookie (RFC 4987 §3.6): `iss` was its number.
  void assume_syn_sent(SeqNum32 iss, Time now);
  // A window that came without an acknowledgment: on the SYN of a simultaneous open.
  void set_window(std::uint32_t window);

  // ---- Acknowledgments ------------------------------------------------------------------------------------------
  struct Ack {
    SeqNum32 ack;
    std::uint32_t window = 0;                  // octets, scaled; the present one where the segment tells none
    std::span<const SackBlock> sack;           // empty without SACK
    std::optional<std::uint32_t> ts_ecr;
    bool ece = false;                          // and ECN was agreed on
    bool carries_data = false;                 // the segment has SEG.LEN above 0: no duplicate acknowledgment
  };
  struct AckResult {
    enum class Kind : std::uint8_t { New, Duplicate, Same, Old, NotSent };
    Kind kind = Kind::Same;
    std::uint32_t newly_acked = 0;  // octets of data: SYN and FIN do not count
    bool syn_acked = false;         // by this one
    bool fin_acked = false;
  };
  AckResult on_ack(Time now, const Ack& ack);

  // ---- Output -----------------------------------------------------------------------------------------------
  struct Segment {
    SeqNum32 seq{0};
    std::uint32_t length = 0;  // octets of data
    bool syn = false, fin = false, psh = false;
    bool retransmission = false;
    bool cwr = false;          // RFC 3168 §6.1.2: the first new data since the window was reduced
    bool probe = false;        // of a closed window
  };
  // The next segment that may go now; to be called until empty. It counts as sent.
  std::optional<Segment> next_segment(Time now);

  // ---- Timers -----------------------------------------------------------------------------------------------
  struct TimeoutResult {
    bool give_up = false;      // R2
    bool r1_reached = false;   // for the first time since something was acknowledged
  };
  TimeoutResult on_timeout(Time now);
  std::optional<Time> next_timeout() const;

  // ---- State --------------------------------------------------------------------------------------------------
  SeqNum32 snd_una() const { return number(una_); }
  SeqNum32 snd_max() const { return number(max_); }  // RFC 9293's SND.NXT, which never goes back
  std::uint32_t window() const { return window_; }   // SND.WND
  bool outstanding() const { return una_ != max_; }
  bool has_data_to_send() const { return max_ < end(); }
  unsigned timeouts_in_a_row() const { return timeouts_in_a_row_; }

  struct Info {
    std::uint64_t congestion_window, slow_start_threshold;  // octets
    std::uint64_t in_flight;                                // octets thought to be in the network: RFC 6675's pipe
    Duration smoothed_rtt, rtt_variance, retransmission_timeout;
    std::uint64_t retransmissions, timeouts, spurious_timeouts, bytes_acknowledged;
    bool in_recovery;
  };
  Info info() const;
  const CongestionControl& congestion_control() const { return *control_; }

 private:
  using Position = std::uint64_t;
  static constexpr Position kSyn = 0;
  enum class Phase : std::uint8_t {
    Open,
    Recovery,     // RFC 6675 §5, RFC 6582 §3: until recovery_point_ is acknowledged
    TimedOut,     // the same after a retransmission timeout: slow start over what is lost
  };
  SeqNum32 number(Position p) const { return config_.iss + static_cast<std::uint32_t>(p); }
  Position position(SeqNum32 n) const { return una_ + static_cast<std::uint64_t>(std::int64_t{n - number(una_)}); }
  Position data_end() const { return 1 + written_; }
  Position end() const { return 1 + written_ + (fin_written_ ? 1 : 0); }
  Position window_end() const { return una_ + window_; }
  std::uint64_t pipe() const;
  bool started() const { return una_ > kSyn; }

  // sender_output.cc
  std::optional<Segment> retransmit(Time now);
  std::optional<Segment> new_data(Time now);
  std::optional<Segment> probe_for_loss(Time now);
  bool may_probe_mtu(std::uint64_t data, std::uint64_t usable) const;
  std::optional<Segment> probe_window(Time now);
  Segment transmit_new(Time now, std::uint32_t length, bool fin);
  Segment transmit_again(Time now, std::size_t index);
  bool may_send_small(std::uint64_t data, std::uint64_t usable) const;
  std::uint64_t pacing_rate() const;
  bool held_by_pacing(Time now);
  void pace(Time now, std::uint64_t octets);

  // sender_ack.cc
  struct Delivery {
    std::uint64_t octets = 0;           // newly known to have left the network for the receiver
    std::optional<Duration> rtt;        // of the oldest segment acknowledged, if all were sent once
    std::optional<Duration> sack_rtt;   // of the newest one SACKed that was sent once
    bool retransmitted = false;         // a segment among them was sent more than once
    std::optional<SackBlock> duplicate;  // D-SACK (RFC 2883)
    bool sacked = false;                // SACK told something new
    bool original_sacked = false;       // that was sent once, and before the recovery began
    Position highest_before = 0;        // highest_delivered_ before this acknowledgment
  };
  void take_sack(Time now, const Ack& ack, Delivery& delivery);
  void take_cumulative(Time now, Position ack, Delivery& delivery);
  void on_delivered(Time now, const SentSegment& sent, Delivery& delivery);
  void count_duplicate(Delivery& delivery);
  void respond(Time now, std::uint64_t acked, std::uint64_t flight_before, const Delivery& delivery, bool may_grow);
  void on_ece(Time now);
  void enter_recovery(Time now, const Delivery& delivery);
  void leave_recovery();
  void on_recovered();
  void reduce_proportionally(std::uint64_t delivered);
  void judge_mtu_probe();
  bool only_mtu_probe_lost();
  void judge_loss_probe(Time now, Position ack, const Delivery& delivery, bool bare_duplicate);

  // loss_detection.cc
  bool detect_losses(Time now);  // true: some were found
  void detect_by_time(Time now);
  void detect_by_count();
  void on_duplicate_reported();
  Duration reordering_window() const;
  bool sent_before_newest_delivered(const SentSegment& sent) const;

  // sender_frto.cc
  void begin_frto();
  void step_frto(Time now, std::uint64_t acked, const Delivery& delivery, bool congestion);
  void undo_timeout(Time now, std::uint64_t acked, const Delivery& delivery, bool congestion);

  // sender_timeout.cc
  bool window_blocks() const;
  void arm_timers(Time now);
  void arm_loss_probe(Time now);
  bool has_given_up(Time now);
  void on_retransmission_timeout(Time now, TimeoutResult& result);
  void on_persist_timeout(Time now, TimeoutResult& result);

  Config config_;
  Features features_;
  std::unique_ptr<CongestionControl> control_;
  RttEstimator rtt_;
  SentSegments sent_;                 // from una_ to max_
  Position una_ = 0, max_ = 0;        // SND.UNA, SND.NXT
  std::uint64_t written_ = 0;
  bool fin_written_ = false;
  std::uint32_t window_ = 0;          // SND.WND
  std::uint32_t max_window_ = 0;      // the largest that was ever told (RFC 9293 §3.8.6.2.1)

  Phase phase_ = Phase::Open;
  Position recovery_point_ = 0;       // HighData when the loss was seen
  std::uint32_t duplicate_acks_ = 0;  // without SACK
  std::uint64_t duplicate_octets_ = 0;  // without SACK: what they say has left the network
  std::uint64_t limited_transmit_octets_ = 0;  // RFC 3042: new data sent since the first duplicate
  bool retransmit_first_ = false;     // whatever the window says: the fast retransmit
  bool control_limited_ = false;      // the congestion window was what held data back
  // RFC 6937.
  std::uint64_t prr_delivered_ = 0, prr_out_ = 0, recover_flight_ = 1;
  // RFC 8985 §5.2: RACK.xmit_ts, RACK.end_seq, RACK.rtt, RACK.fack and what widens the reordering window.
  Time newest_delivered_sent_at_;
  Position newest_delivered_end_ = 0;
  Duration rack_rtt_;
  Position highest_delivered_ = 0;
  bool reordering_seen_ = false;
  std::uint32_t reordering_multiplier_ = 1;
  unsigned reordering_persists_ = 0;      // recoveries until the multiplier falls back
  Position reordering_round_end_ = 0;     // one step a round trip
  // RFC 8985 §7.
  std::optional<Position> probe_end_;     // TLP.end_seq
  bool probe_is_retransmission_ = false;  // TLP.is_retrans
  bool probe_due_ = false;
  bool measured_since_probe_ = true;
  bool probe_timer_stale_ = false;        // something was sent or acknowledged since it was armed
  // RFC 5682: which acknowledgment is waited for, and what the window and RACK were before the timeout.
  enum class Frto : std::uint8_t { Off, FirstAck, SecondAck };
  Frto frto_ = Frto::Off;
  unsigned frto_new_segments_ = 0;        // that may still be sent before the second
  Position frto_retransmitted_end_ = 0;
  struct BeforeTimeout {
    std::uint64_t cwnd = 0, ssthresh = 0;
    Position reduced_until = 0;
    Time newest_sent_at;
    Position newest_end = 0;
    Duration rack_rtt;
    bool cwr_due = false;
  };
  BeforeTimeout before_timeout_;
  // RFC 4821.
  std::uint32_t mtu_probe_wanted_ = 0;
  struct MtuProbe {
    Position begin, end;
  };
  std::optional<MtuProbe> mtu_probe_;
  std::optional<MtuProbed> mtu_probed_;
  // RFC 3168 §6.1.2.
  Position reduced_until_ = 0;            // once a window
  bool cwr_due_ = false;

  // The timers.
  std::optional<Time> retransmission_at_;  // RFC 6298 §5
  std::optional<Time> loss_probe_at_;      // RFC 8985 §7.2
  std::optional<Time> reordering_at_;      // RFC 8985 §6.3
  std::optional<Time> persist_at_;         // RFC 9293 §3.8.6.1
  std::optional<Time> override_at_;        // RFC 9293 §3.8.6.2.1
  std::optional<Time> pacing_at_;          // when the next segment may go
  Time paced_until_;
  Time last_sent_;
  unsigned timeouts_in_a_row_ = 0;
  std::optional<Time> unanswered_since_;
  bool syn_timed_out_ = false;
  unsigned persist_backoff_ = 0;
  bool persist_due_ = false, override_due_ = false;
  std::uint64_t retransmissions_ = 0, timeouts_ = 0, spurious_timeouts_ = 0;
};

}  // namespace kamesim
