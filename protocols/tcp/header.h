// The codec of the TCP header and its options (RFC 9293 §3.1, §3.2; RFC 7323 §2.2, §3.2; RFC 2018 §2, §3).
#pragma once

#include <cstddef>
#include <cstdint>

#include "protocols/tcp/drops.h"
#include "protocols/tcp/segment.h"
#include "protocols/wire/ipv6_address.h"
#include "sim/bytes.h"

namespace kamesim {

inline constexpr std::size_t kTcpHeaderSize = 20;       // without options
inline constexpr std::size_t kTcpMaxOptionsSize = 40;   // the Data Offset has four bits
inline constexpr std::size_t kTcpChecksumOffset = 16;
inline constexpr std::uint8_t kMaxWindowShift = 14;     // RFC 7323 §2.3

enum class TcpOptionKind : std::uint8_t {
  EndOfList = 0,
  NoOperation = 1,
  MaximumSegmentSize = 2,
  WindowScale = 3,
  SackPermitted = 4,
  Sack = 5,
  Timestamps = 8,
};

// Reads a whole segment, its checksum apart. The answer's data views `bytes`.
Parsed<TcpSegment> parse_tcp_segment(Bytes bytes);

// The ports and the sequence number: what an ICMPv6 error surely quotes.
struct TcpPortsAndSequence {
  std::uint16_t source_port;
  std::uint16_t destination_port;
  SeqNum32 seq;
};
Parsed<TcpPortsAndSequence> parse_tcp_quoted(Bytes bytes);

// The octets that the options take in the header, padding included; a multiple of 4.
std::size_t tcp_options_size(const TcpOptions& options);

// As many SACK blocks as fit beside a Timestamps option, or alone (RFC 2018 §3).
constexpr std::size_t max_sack_blocks(bool timestamps) { return timestamps ? 3 : 4; }

// Writes header and options: kTcpHeaderSize + tcp_options_size() octets, the checksum zero. SYN options come in the
// order MSS, SACK permitted, timestamps, window scale, so that each is aligned.
void write_tcp_header(std::uint8_t* out, std::uint16_t source_port, std::uint16_t destination_port,
                      const OutgoingSegment& segment);

}  // namespace kamesim
