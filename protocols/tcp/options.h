// What an application may set on a connection, and an administrator for all of them.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "sim/time.h"

namespace kamesim {

// RFC 3168 §6.1.1.
enum class EcnMode : std::uint8_t {
  Off,      // neither asked for nor granted
  Accept,   // granted to a peer that asks
  Request,  // asked for, and granted
};

class IpsecSocketPolicy;

struct TcpSocketOptions {
  std::uint32_t send_buffer = 1 << 20;       // octets
  std::uint32_t receive_buffer = 1 << 20;    // octets; RCV.BUFF. The window scale comes from it, so set it before
  std::string_view congestion_control = "cubic";  // "reno", "newreno", "cubic"; the text must outlive the socket
  std::shared_ptr<const IpsecSocketPolicy> ipsec;  // null: the policies of the node alone decide (RFC 4301 §5)
  bool nodelay = false;          // RFC 9293 §3.7.4 (MUST-17): no Nagle algorithm
  bool cork = false;             // hold back segments that are not full until it is taken off
  std::uint16_t max_segment = 0;  // an upper bound for the MSS, sent and used; 0: what the path allows
  bool keepalive = false;        // RFC 9293 §3.8.4: off by default (MUST-25)
  Duration keepalive_idle = 7200_s;    // MUST-28: not less than two hours by default
  Duration keepalive_interval = 75_s;  // between probes without answer, as in 4.4BSD
  unsigned keepalive_probes = 8;       // unanswered ones in a row, then the connection is given up (MUST-29)
  // RFC 9293 §3.9.1.2: how long what was sent may stay without acknowledgment. Empty: R2 of §3.8.3 decides.
  std::optional<Duration> user_timeout;
  bool timestamps = true;        // RFC 7323 §3
  bool window_scaling = true;    // RFC 7323 §2
  bool sack = true;              // RFC 2018, with D-SACK (RFC 2883)
  bool pacing = false;           // segments are spread over the round trip
  bool rack = true;              // RFC 8985 with SACK; otherwise losses are told by RFC 6675
  bool frto = true;              // RFC 5682: spurious timeouts are told and taken back
  Duration min_rto = 1_s;        // RFC 6298 §2.4; many stacks have 200 ms
  EcnMode ecn = EcnMode::Accept;
  Duration delayed_ack = 100_ms;  // RFC 9293 §3.8.6.3: less than 0.5 s
  std::uint8_t hop_limit = 0;     // 0: the interface's
  std::uint8_t traffic_class = 0;  // its two low bits are ECN's
  bool v6_only = false;            // RFC 3493 §5.3: no IPv4; to be said before bind and listen
};

struct TcpConfig {
  TcpSocketOptions defaults;
  Duration msl = 120_s;              // RFC 9293 §3.4.2: Maximum Segment Lifetime
  Duration fin_wait_2_timeout = 60_s;  // of connections that no application has a hold of any more
  unsigned challenge_acks = 10;      // RFC 5961 §7: so many
  Duration challenge_ack_interval = 5_s;  // in so long
  unsigned syn_queue = 128;          // half-open connections of a listener (RFC 4987 §3.2)
  bool syn_cookies = true;           // RFC 4987 §3.6: when the queue is full
  unsigned resets = 100;             // RSTs a second to segments that no connection awaits
  bool reject_anycast = true;        // as KAME: no connections to anycast addresses
  bool path_mtu_black_hole_detection = true;  // RFC 2923 §2.1: then RFC 4821's search from below
  bool path_mtu_search = false;      // RFC 4821 from the start, as where no ICMPv6 comes through
  unsigned max_connections = 1 << 16;
};

}  // namespace kamesim
