// A TCP segment (RFC 9293 §3.1) as the machines see it: fields in host order, options in real units. The data is
// viewed, not owned.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "protocols/tcp/sequence.h"
#include "sim/bytes.h"

namespace kamesim {

// RFC 9293 §3.1, the control bits; RFC 3168 §6.1 adds ECE and CWR.
class TcpFlags {
 public:
  static constexpr std::uint8_t kFin = 0x01, kSyn = 0x02, kRst = 0x04, kPsh = 0x08;
  static constexpr std::uint8_t kAck = 0x10, kUrg = 0x20, kEce = 0x40, kCwr = 0x80;

  constexpr TcpFlags() = default;
  constexpr TcpFlags(std::uint8_t bits) : bits_(bits) {}  // NOLINT: an octet of the header, with names

  constexpr bool fin() const { return (bits_ & kFin) != 0; }
  constexpr bool syn() const { return (bits_ & kSyn) != 0; }
  constexpr bool rst() const { return (bits_ & kRst) != 0; }
  constexpr bool psh() const { return (bits_ & kPsh) != 0; }
  constexpr bool ack() const { return (bits_ & kAck) != 0; }
  constexpr bool urg() const { return (bits_ & kUrg) != 0; }
  constexpr bool ece() const { return (bits_ & kEce) != 0; }
  constexpr bool cwr() const { return (bits_ & kCwr) != 0; }
  constexpr std::uint8_t bits() const { return bits_; }
  constexpr void set(std::uint8_t bits) { bits_ |= bits; }
  constexpr void clear(std::uint8_t bits) { bits_ = static_cast<std::uint8_t>(bits_ & ~bits); }

  friend constexpr bool operator==(TcpFlags, TcpFlags) = default;

 private:
  std::uint8_t bits_ = 0;
};

// RFC 7323 §3.2.
struct TcpTimestamps {
  std::uint32_t value = 0;       // TSval
  std::uint32_t echo_reply = 0;  // TSecr
  friend bool operator==(const TcpTimestamps&, const TcpTimestamps&) = default;
};

// RFC 2018 §3: as many as 40 octets of options hold.
inline constexpr std::size_t kMaxSackBlocks = 4;

struct SackBlocks {
  std::uint8_t count = 0;
  std::array<SackBlock, kMaxSackBlocks> block{};

  bool empty() const { return count == 0; }
  std::span<const SackBlock> view() const { return {block.data(), count}; }
  void add(SackBlock b) {
    if (count < kMaxSackBlocks) block[count++] = b;
  }
};

struct TcpOptions {
  std::optional<std::uint16_t> mss;           // RFC 9293 §3.7.1
  std::optional<std::uint8_t> window_scale;   // RFC 7323 §2.2; at most 14
  bool sack_permitted = false;                // RFC 2018 §2
  std::optional<TcpTimestamps> timestamps;
  SackBlocks sack;
};

// RFC 3168 §5: the ECN field of the IP header.
enum class Ecn : std::uint8_t { NotEct = 0, Ect1 = 1, Ect0 = 2, Ce = 3 };

struct TcpSegment {
  std::uint16_t source_port = 0;
  std::uint16_t destination_port = 0;
  SeqNum32 seq{0};   // SEG.SEQ
  SeqNum32 ack{0};   // SEG.ACK; meaningful if the ACK bit is set
  std::uint16_t window = 0;  // as it stands in the header, unscaled
  std::uint16_t urgent_pointer = 0;
  TcpFlags flags;
  Ecn ecn = Ecn::NotEct;  // of the packet that it came in
  TcpOptions options;
  Bytes data;

  // SEG.LEN: SYN and FIN count (RFC 9293 §3.4).
  std::uint32_t length() const {
    return static_cast<std::uint32_t>(data.size()) + (flags.syn() ? 1 : 0) + (flags.fin() ? 1 : 0);
  }
  SeqNum32 end() const { return seq + length(); }
};

// A segment to be sent. Its data is `length` octets of the send buffer from `offset` behind SND.UNA's on.
struct OutgoingSegment {
  SeqNum32 seq{0};
  SeqNum32 ack{0};
  std::uint16_t window = 0;
  std::uint16_t urgent_pointer = 0;
  TcpFlags flags;
  Ecn ecn = Ecn::NotEct;
  TcpOptions options;
  std::uint32_t offset = 0;
  std::uint32_t length = 0;
};

}  // namespace kamesim
