// One connection (RFC 9293): the transmission control block and the event processing of §3.10. A machine: it has no
// clock, no addresses and no packets. What it wants to send is asked from it by next_segment(), when it wants to be
// called by next_timeout(), and what the user is to know by take_events().
//
// The sending half (windows, retransmission, congestion control) is TcpSender, the receiving half TcpReceiver. Here is
// what joins them: states, the handshake and its options, resets, closing, TIME-WAIT, keep-alives.
//
//   connection.cc        the user's calls, what is sent, timeouts
//   segment_arrives.cc   RFC 9293 §3.10.7
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "protocols/tcp/byte_ring.h"
#include "protocols/tcp/initial_sequence.h"
#include "protocols/tcp/mtu_search.h"
#include "protocols/tcp/options.h"
#include "protocols/tcp/receiver.h"
#include "protocols/tcp/segment.h"
#include "protocols/tcp/sender.h"
#include "protocols/tcp/state.h"
#include "sim/drop.h"
#include "sim/time.h"

namespace kamesim {

// RFC 9293 §3.7.1 (MUST-15): the send MSS of a peer that does not tell.
inline constexpr std::uint16_t kDefaultMssIpv6 = 1220;
inline constexpr std::uint16_t kDefaultMssIpv4 = 536;

class TcpConnection {
 public:
  struct Opening {
    SeqNum32 iss{0};
    std::uint32_t timestamp_offset = 0;
    std::uint16_t path_mss = kDefaultMssIpv6;      // what the path takes: its MTU less the fixed headers
    std::uint16_t announced_mss = kDefaultMssIpv6;  // what we can receive: the link's MTU less the fixed headers
    std::uint16_t default_mss = kDefaultMssIpv6;    // the peer's if it does not tell
  };
  TcpConnection(const TcpSocketOptions& options, const TcpConfig& config, const Opening& opening);
  ~TcpConnection();

  // ---- Opening ----------------------------------------------------------------------------------------------
  // Active OPEN: SYN-SENT.
  void open(Time now);
  // A listener takes a SYN (RFC 9293 §3.10.7.2, third step): SYN-RECEIVED.
  void open_passive(Time now, const TcpSegment& syn);
  // A listener takes an ACK that proves our cookie (RFC 4987 §3.6). The ACK goes to on_segment() next.
  void open_from_cookie(Time now, const SynOffer& offer, const TcpSegment& ack);

  // ---- The user's calls (RFC 9293 §3.10.1 to §3.10.6) ---------------------------------------------------------
  std::size_t write(Bytes data);
  MutableBytes write_room(std::size_t n);
  void commit(std::size_t n);
  std::size_t write_space() const;
  bool can_write() const;
  void mark_urgent();
  TcpReceiver& receiver() { return receiver_; }
  const TcpReceiver& receiver() const { return receiver_; }
  void shutdown(Time now);                 // CLOSE; reading goes on
  // CLOSE by a user who reads no more: data that comes, or was left, is answered with a reset (§3.6.1, SHLD-3).
  void close(Time now);
  void abort();                            // ABORT
  void set_options(const TcpSocketOptions& options, Time now);
  const TcpSocketOptions& options() const { return options_; }

  // ---- Events -----------------------------------------------------------------------------------------------
  enum class Disposition : std::uint8_t {
    Done,
    Reopen,  // TIME-WAIT: the SYN may begin a new incarnation (RFC 6191); this one is to be deleted
  };
  struct Arrival {
    Disposition disposition = Disposition::Done;
    DropReason dropped = nullptr;
    bool forward_progress = false;  // the peer has got something new of ours (RFC 4861 §7.3.1)
  };
  Arrival on_segment(Time now, const TcpSegment& segment);
  void on_timeout(Time now);
  std::optional<Time> next_timeout() const;
  // The path's MTU changed: segments become smaller or larger.
  void set_path_mss(std::uint16_t mss);
  std::uint16_t path_mss() const { return path_mss_; }
  // RFC 5927 §4.1: an ICMPv6 error quotes this sequence number. Is it of something under way?
  bool in_flight(SeqNum32 quoted) const;
  // RFC 9293 §3.9.2.2, a hard error; in the states before ESTABLISHED, any (RFC 5461 §4 tells who does so and why).
  void on_hard_error() { finish(TcpCloseReason::Unreachable); }

  // ---- Output -----------------------------------------------------------------------------------------------
  // The next segment to send now, called until false.
  bool next_segment(Time now, OutgoingSegment& out);
  // The data of such a segment.
  void copy_data(const OutgoingSegment& segment, std::uint8_t* out) const {
    send_buffer_.copy_out(segment.offset, out, segment.length);
  }

  struct Events {
    bool connected = false;
    bool readable = false;
    bool writable = false;
    bool urgent = false;
    bool delivery_problem = false;                // R1
    bool closed = false;                          // CLOSED: to be deleted
    bool was_opening = false, was_established = false;  // and before that, in which states (RFC 4022 counts them)
    std::optional<TcpCloseReason> reason;         // empty: the user is not to be told
    bool any() const { return connected || readable || writable || urgent || delivery_problem || closed; }
  };
  bool has_events() const { return events_.any(); }
  Events take_events() { return std::exchange(events_, {}); }

  TcpState state() const { return state_; }
  bool passive() const { return passive_; }
  SeqNum32 snd_max() const { return sender_.snd_max(); }
  std::optional<TcpCloseReason> close_reason() const { return close_reason_; }
  TcpInfo info() const;

 private:
  // segment_arrives.cc
  Arrival syn_sent_arrives(Time now, const TcpSegment& segment);
  Arrival segment_arrives(Time now, const TcpSegment& segment);
  bool may_reopen(const TcpSegment& syn) const;
  bool paws_rejects(Time now, const TcpSegment& segment) const;
  void record_timestamp(Time now, const TcpSegment& segment);
  DropReason process_reset(Time now, const TcpSegment& segment);
  DropReason process_ack(Time now, const TcpSegment& segment, Arrival& arrival);
  void process_text_and_fin(Time now, const TcpSegment& segment, Arrival& arrival);
  void process_fin(Time now);
  void reset_unacceptable_ack(const TcpSegment& segment);
  bool take_challenge_ack(Time now);
  // connection.cc
  void negotiate(const SynOffer& offer);
  void start_receiver(SeqNum32 irs);
  void keep_syn_text(const TcpSegment& syn);
  void establish(Time now);
  void forget_acknowledged(SeqNum32 una_before);
  void enter_time_wait(Time now);
  void finish(std::optional<TcpCloseReason> reason);
  std::uint16_t effective_mss() const;
  std::uint16_t mss_to_announce() const;
  void fill_syn(Time now, OutgoingSegment& out);
  void fill_data(Time now, OutgoingSegment& out, const TcpSender::Segment& segment);
  void fill(Time now, OutgoingSegment& out, std::size_t option_room);
  void ack_now() { receiver_.ack_now(); }
  std::optional<Time> keepalive_deadline() const;
  std::optional<Time> user_timeout_deadline() const;
  void detect_black_hole();
  void offer_mtu_probe(Time now);
  void take_mtu_probe(Time now);
  std::uint16_t largest_mss() const;
  std::uint16_t less_options(std::uint32_t mss) const;
  SeqNum32 send_buffer_front() const;
  SeqNum32 acceptable_sequence() const;

  TcpSocketOptions options_;
  const TcpConfig& config_;
  TcpState state_ = TcpState::Closed;
  bool passive_ = false;
  bool user_gone_ = false;        // reads no more
  bool shut_down_ = false;        // writes no more: a FIN is behind what was written
  bool fin_acked_ = false;
  bool wants_room_ = false;       // a write found too little space
  bool timestamps_ = false, sack_ = false, ecn_ = false, window_scaling_ = false;  // negotiated
  bool syn_ack_now_ = false;
  std::uint8_t snd_wind_shift_ = 0;
  std::uint8_t rcv_wind_shift_ = 0;
  std::uint8_t keepalive_probes_sent_ = 0;
  std::uint8_t challenge_acks_sent_ = 0;
  bool keepalive_probe_now_ = false;
  std::uint16_t path_mss_, announced_mss_, default_mss_, peer_mss_;
  SeqNum32 iss_;
  SeqNum32 snd_wl1_{0}, snd_wl2_{0};
  std::uint32_t max_snd_wnd_ = 0;          // MAX.SND.WND (RFC 5961 §5.2)
  std::optional<SeqNum32> snd_up_;
  std::uint32_t timestamp_offset_;
  std::uint32_t ts_recent_ = 0;            // TS.Recent
  Time ts_recent_at_;
  Time last_heard_;
  Time user_timeout_from_;                 // since when there is no progress
  Time challenge_since_;
  std::optional<Time> time_wait_until_;
  std::optional<Time> fin_wait_2_until_;
  std::optional<OutgoingSegment> reset_;   // waits to be sent
  ByteRing send_buffer_;                   // from SND.UNA on, SYN and FIN apart
  TcpReceiver receiver_;
  TcpSender sender_;
  MtuSearch mtu_search_;
  struct SynText {
    std::vector<std::uint8_t> data;
    bool fin = false;
  };
  std::unique_ptr<SynText> syn_text_;      // what came with the SYN, for after ESTABLISHED
  Events events_;
  std::optional<TcpCloseReason> close_reason_;
  std::uint64_t stream_written_ = 0;
  std::uint64_t segments_sent_ = 0, segments_received_ = 0, bytes_sent_ = 0, bytes_received_ = 0;
};

// What we agree to of what a SYN, or a <SYN,ACK>, offers.
SynOffer offer_of_syn(const TcpSegment& syn, const TcpSocketOptions& options, std::uint16_t default_mss);

// RFC 9293 §3.10.7.1: the reset for a segment that no connection awaits; with the Timestamps option that RFC 7323 §5.2
// recommends. Not for segments with RST.
OutgoingSegment reset_for(const TcpSegment& segment);

}  // namespace kamesim
