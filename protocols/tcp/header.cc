#include "protocols/tcp/header.h"

#include <algorithm>

namespace kamesim {
namespace {

constexpr std::uint8_t kEnd = 0, kNop = 1;  // the options of one octet

// The layout that every current stack uses for a segment with nothing but timestamps (RFC 7323 Appendix A).
constexpr std::uint32_t kNopNopTimestamps = 0x0101'080a;

DropReason parse_options(Bytes options, bool syn, TcpOptions& out) {
  if (options.size() == 12 && load_be32(options.data()) == kNopNopTimestamps) [[likely]] {
    out.timestamps = TcpTimestamps{load_be32(options.data() + 4), load_be32(options.data() + 8)};
    return nullptr;
  }
  std::size_t at = 0;
  while (at < options.size()) {
    const std::uint8_t kind = options[at];
    if (kind == kEnd) return nullptr;
    if (kind == kNop) {
      ++at;
      continue;
    }
    // RFC 9293 §3.2 (MUST-7): an illegal length must be survived. What follows it cannot be found, so the segment goes.
    if (options.size() - at < 2) return &kTcpBadOption;
    const std::size_t length = options[at + 1];
    if (length < 2 || length > options.size() - at) return &kTcpBadOption;
    const std::uint8_t* const value = options.data() + at + 2;
    switch (static_cast<TcpOptionKind>(kind)) {
      case TcpOptionKind::MaximumSegmentSize:  // RFC 9293 §3.2: only in segments with the SYN bit
        if (length != 4) return &kTcpBadOption;
        if (syn) out.mss = load_be16(value);
        break;
      case TcpOptionKind::WindowScale:  // RFC 7323 §2.2
        if (length != 3) return &kTcpBadOption;
        // RFC 7323 §2.3: a shift beyond 14 is used as 14.
        if (syn) out.window_scale = std::min(*value, kMaxWindowShift);
        break;
      case TcpOptionKind::SackPermitted:  // RFC 2018 §2
        if (length != 2) return &kTcpBadOption;
        if (syn) out.sack_permitted = true;
        break;
      case TcpOptionKind::Sack:  // RFC 2018 §3
        if (length < 10 || (length - 2) % 8 != 0) return &kTcpBadOption;
        for (std::size_t i = 0; i < (length - 2) / 8; ++i) {
          out.sack.add({SeqNum32(load_be32(value + 8 * i)), SeqNum32(load_be32(value + 8 * i + 4))});
        }
        break;
      case TcpOptionKind::Timestamps:  // RFC 7323 §3.2
        if (length != 10) return &kTcpBadOption;
        out.timestamps = TcpTimestamps{load_be32(value), load_be32(value + 4)};
        break;
      default: break;  // RFC 9293 §3.2 (MUST-6): without an error
    }
    at += length;
  }
  return nullptr;
}

}  // namespace

Parsed<TcpSegment> parse_tcp_segment(Bytes bytes) {
  if (bytes.size() < kTcpHeaderSize) return drop(kTcpTruncated);
  const std::uint8_t* const p = bytes.data();
  const std::size_t header = std::size_t{p[12]} >> 4 << 2;
  if (header < kTcpHeaderSize) return drop(kTcpBadDataOffset);
  if (header > bytes.size()) return drop(kTcpTruncated);
  Parsed<TcpSegment> parsed{TcpSegment{.source_port = load_be16(p),
                                       .destination_port = load_be16(p + 2),
                                       .seq = SeqNum32(load_be32(p + 4)),
                                       .ack = SeqNum32(load_be32(p + 8)),
                                       .window = load_be16(p + 14),
                                       .urgent_pointer = load_be16(p + 18),
                                       .flags = TcpFlags(p[13]),
                                       .data = bytes.subspan(header)}};
  if (header != kTcpHeaderSize) {
    const Bytes options = bytes.subspan(kTcpHeaderSize, header - kTcpHeaderSize);
    if (DropReason bad = parse_options(options, parsed->flags.syn(), parsed->options)) return drop(*bad);
  }
  return parsed;
}

Parsed<TcpPortsAndSequence> parse_tcp_quoted(Bytes bytes) {
  if (bytes.size() < 8) return drop(kTcpTruncated);
  return TcpPortsAndSequence{load_be16(bytes.data()), load_be16(bytes.data() + 2),
                             SeqNum32(load_be32(bytes.data() + 4))};
}

std::size_t tcp_options_size(const TcpOptions& options) {
  std::size_t size = 0;
  if (options.mss) size += 4;
  if (options.window_scale) size += 4;
  if (options.timestamps) {
    size += options.sack_permitted ? 10 : 12;
  }
  if (options.sack_permitted) size += options.timestamps ? 2 : 4;
  if (!options.sack.empty()) size += 4 + 8 * std::size_t{options.sack.count};
  return size;
}

void write_tcp_header(std::uint8_t* out, std::uint16_t source_port, std::uint16_t destination_port,
                      const OutgoingSegment& segment) {
  const TcpOptions& options = segment.options;
  const std::size_t header = kTcpHeaderSize + tcp_options_size(options);
  store_be16(out, source_port);
  store_be16(out + 2, destination_port);
  store_be32(out + 4, segment.seq.value());
  store_be32(out + 8, segment.ack.value());
  out[12] = static_cast<std::uint8_t>(header / 4 << 4);
  out[13] = segment.flags.bits();
  store_be16(out + 14, segment.window);
  store_be16(out + kTcpChecksumOffset, 0);
  store_be16(out + 18, segment.urgent_pointer);
  std::uint8_t* p = out + kTcpHeaderSize;
  if (options.mss) {
    *p++ = static_cast<std::uint8_t>(TcpOptionKind::MaximumSegmentSize);
    *p++ = 4;
    store_be16(p, *options.mss);
    p += 2;
  }
  if (options.sack_permitted) {  // takes the place of the two octets that would align the timestamps
    if (!options.timestamps) {
      *p++ = kNop;
      *p++ = kNop;
    }
    *p++ = static_cast<std::uint8_t>(TcpOptionKind::SackPermitted);
    *p++ = 2;
  }
  if (options.timestamps) {
    if (!options.sack_permitted) {
      *p++ = kNop;
      *p++ = kNop;
    }
    *p++ = static_cast<std::uint8_t>(TcpOptionKind::Timestamps);
    *p++ = 10;
    store_be32(p, options.timestamps->value);
    store_be32(p + 4, options.timestamps->echo_reply);
    p += 8;
  }
  if (options.window_scale) {
    *p++ = kNop;
    *p++ = static_cast<std::uint8_t>(TcpOptionKind::WindowScale);
    *p++ = 3;
    *p++ = *options.window_scale;
  }
  if (!options.sack.empty()) {
    *p++ = kNop;
    *p++ = kNop;
    *p++ = static_cast<std::uint8_t>(TcpOptionKind::Sack);
    *p++ = static_cast<std::uint8_t>(2 + 8 * options.sack.count);
    for (const SackBlock& block : options.sack.view()) {
      store_be32(p, block.left.value());
      store_be32(p + 4, block.right.value());
      p += 8;
    }
  }
}

}  // namespace kamesim
