// The states of a connection (RFC 9293 §3.3.2), why it ended, and what can be learned about it.
#pragma once

#include <cstdint>
#include <string_view>

#include "sim/time.h"

namespace kamesim {

enum class TcpState : std::uint8_t {
  Closed,
  Listen,
  SynSent,
  SynReceived,
  Established,
  FinWait1,
  FinWait2,
  CloseWait,
  Closing,
  LastAck,
  TimeWait,
};

// The RFC's spelling: "FIN-WAIT-1".
std::string_view to_string(TcpState state);

// RFC 9293 §3.3.2: those in which both sides know each other's sequence numbers.
constexpr bool is_synchronized(TcpState s) { return s >= TcpState::Established; }

enum class TcpCloseReason : std::uint8_t {
  Finished,     // both sides have closed
  Refused,      // a reset answered our SYN
  Reset,        // by the peer
  TimedOut,     // no answer: R2 of RFC 9293 §3.8.3, the user timeout, or keep-alives
  Unreachable,  // an ICMPv6 error answered our SYN, or was a hard one (RFC 9293 §3.9.2.2)
  Aborted,      // by the application here, or data came after it had closed
};
std::string_view to_string(TcpCloseReason reason);

// What Linux calls tcp_info.
struct TcpInfo {
  TcpState state = TcpState::Closed;
  bool timestamps = false, sack = false, ecn = false, window_scaling = false;
  std::uint8_t send_window_shift = 0, receive_window_shift = 0;
  std::uint32_t mss = 0;              // of segments sent: Eff.snd.MSS
  std::uint32_t congestion_window = 0;  // octets
  std::uint32_t slow_start_threshold = 0;
  std::uint32_t bytes_in_flight = 0;
  std::uint32_t send_window = 0;
  std::uint32_t receive_window = 0;
  std::uint32_t send_queue = 0;       // octets written and not acknowledged
  std::uint32_t receive_queue = 0;    // octets to be read
  Duration smoothed_rtt, rtt_variance, retransmission_timeout;
  std::uint64_t segments_sent = 0, segments_received = 0;
  std::uint64_t bytes_sent = 0;       // of data, retransmissions included
  std::uint64_t bytes_acknowledged = 0;
  std::uint64_t bytes_received = 0;   // in order
  std::uint64_t retransmissions = 0;  // segments
  std::uint64_t timeouts = 0;
  std::uint64_t duplicates_received = 0, out_of_order_received = 0;
};

}  // namespace kamesim
