// The receiving side of a connection: RCV.NXT and the receive window, the receive buffer with its out-of-order data,
// when to acknowledge, what the acknowledgments say. A machine: no clock, no I/O.
//
//   RFC 9293 §3.8.6    the window, and when to move its right edge (silly window syndrome avoidance)
//   RFC 9293 §3.8.6.3, RFC 5681 §4.2   delayed acknowledgments
//   RFC 2018, RFC 2883 SACK and D-SACK blocks
//   RFC 3168 §6.1.3    ECN-Echo
//   RFC 9293 §3.8.5    the urgent pointer
#pragma once

#include <cstdint>
#include <optional>

#include "protocols/tcp/byte_ring.h"
#include "protocols/tcp/reassembly.h"
#include "protocols/tcp/segment.h"
#include "sim/drop.h"
#include "sim/time.h"

namespace kamesim {

struct TcpReceiverConfig {
  std::uint32_t buffer = 1 << 20;      // RCV.BUFF, octets
  Duration delayed_ack = 100_ms;       // RFC 9293 §3.8.6.3: less than 0.5 s (MUST-40)
};

class TcpReceiver {
 public:
  explicit TcpReceiver(const TcpReceiverConfig& config) : config_(config) {}

  // ---- Set-up -----------------------------------------------------------------------------------------------
  // The peer's SYN: IRS. What was negotiated comes with it. `rmss` is the MSS that we announced.
  struct Negotiated {
    std::uint8_t window_shift = 0;  // Rcv.Wind.Shift
    bool sack = false;
    bool ecn = false;
    std::uint16_t rmss = 0;
  };
  void start(SeqNum32 irs, const Negotiated& negotiated);
  // RFC 7323 §2.3: the least shift with which the whole buffer can be offered.
  std::uint8_t window_shift_for_buffer() const;
  // RFC 7323 §2.2: the window of a SYN is never scaled.
  std::uint16_t syn_window() const;
  // RFC 9293 §3.8.6 (SHLD-14): a smaller buffer does not move the edge that has been offered.
  void set_buffer(std::uint32_t octets) { config_.buffer = octets; }
  std::uint32_t buffer() const { return config_.buffer; }

  // ---- Arrivals ---------------------------------------------------------------------------------------------
  // RFC 9293 §3.10.7.4, Table 6.
  bool acceptable(const TcpSegment& segment) const;
  // Text and FIN of an acceptable segment.
  struct Arrival {
    bool readable = false;   // octets became ready to be read
    bool fin = false;        // RCV.NXT went over the FIN
    bool advanced = false;   // RCV.NXT moved
    DropReason dropped = nullptr;
  };
  Arrival on_text(Time now, const TcpSegment& segment);
  // A segment that is not acceptable: tells the sender what it sent twice (RFC 2883 §4).
  void on_unacceptable(const TcpSegment& segment);
  // RFC 3168 §6.1.3, for a segment in the window.
  void on_ecn(const TcpSegment& segment);
  // RFC 9293 §3.10.7.4, sixth step. True if the user is to be told (MUST-32).
  bool on_urgent(const TcpSegment& segment);

  // ---- The user ---------------------------------------------------------------------------------------------
  std::size_t readable() const { return buffer_.size(); }
  Bytes peek() const { return buffer_.front(); }  // the first of what is readable, in one piece
  std::size_t read(MutableBytes out);
  void consume(std::size_t n);
  bool at_end() const { return fin_received_ && buffer_.empty(); }
  bool fin_received() const { return fin_received_; }
  // RFC 9293 §3.8.5 (MUST-33): urgent octets that remain to be read; zero: normal mode.
  std::uint32_t urgent_remaining() const;

  // ---- Acknowledgments --------------------------------------------------------------------------------------
  void ack_now() { ack_now_ = true; }
  bool ack_due(Time now) const { return ack_now_ || (ack_at_ && now >= *ack_at_); }
  // An acknowledgment is delayed until then.
  std::optional<Time> ack_deadline() const { return ack_at_; }
  // A window update is worth a segment of its own.
  bool window_update_due() const;
  // Fills in ACK, window, ECE and, where there is room for them, SACK blocks. The segment is on its way.
  void acknowledge(OutgoingSegment& segment, std::size_t max_sack_blocks);
  bool has_sack_blocks() const { return sack_ && (dsack_ || !reassembly_.empty()); }

  SeqNum32 rcv_nxt() const { return rcv_nxt_; }
  SeqNum32 irs() const { return irs_; }
  std::uint32_t rcv_wnd() const;                          // what has been offered and not used
  SeqNum32 last_ack_sent() const { return last_ack_sent_; }  // RFC 7323 §4.3
  std::size_t out_of_order_pieces() const { return reassembly_.pieces(); }
  std::uint32_t duplicates() const { return duplicates_; }
  std::uint32_t out_of_order() const { return out_of_order_; }
  // Nothing more will be read or arrive: gives the memory back.
  void release();

 private:
  SeqNum32 front() const { return rcv_nxt_ - static_cast<std::uint32_t>(buffer_.size() + (fin_received_ ? 1 : 0)); }
  SeqNum32 edge_to_offer() const;
  std::uint32_t largest_window() const { return std::uint32_t{65535} << shift_; }
  void count_for_delayed_ack(Time now, std::uint32_t length);
  void report_duplicate(SackBlock block);

  TcpReceiverConfig config_;
  ByteRing buffer_;
  TcpReassembly reassembly_;
  SeqNum32 irs_{0};
  SeqNum32 rcv_nxt_{0};
  SeqNum32 edge_{0};          // RCV.NXT + RCV.WND as last offered
  SeqNum32 furthest_edge_{0}; // the furthest ever offered (RFC 7323 §2.4)
  SeqNum32 last_ack_sent_{0};
  SeqNum32 rcv_up_{0};
  std::optional<SeqNum32> fin_at_;    // a FIN that waits for what is before it
  std::optional<SackBlock> dsack_;    // to be told once (RFC 2883 §4)
  std::optional<Time> ack_at_;
  std::uint32_t unacknowledged_ = 0;  // octets that arrived since the last acknowledgment
  std::uint32_t largest_segment_ = 0; // what the peer's full-sized segments hold, as far as seen
  std::uint32_t duplicates_ = 0, out_of_order_ = 0;
  std::uint16_t rmss_ = 0;
  std::uint8_t shift_ = 0;
  bool sack_ = false;
  bool ecn_ = false;
  bool ecn_echo_ = false;
  bool consumed_ = false;             // octets were read since the last acknowledgment
  bool ack_now_ = false;
  bool fin_received_ = false;
  bool urgent_ = false;       // urgent mode
};

}  // namespace kamesim
