// Numbers that only this node can foresee: initial sequence numbers (RFC 6528), timestamp offsets (RFC 7323 §7.1) and
// SYN cookies (RFC 4987 §3.6 and Appendix A). All come from one keyed function of the connection's addresses and ports.
#pragma once

#include <cstdint>
#include <optional>

#include "protocols/tcp/four_tuple.h"
#include "protocols/tcp/segment.h"
#include "protocols/tcp/siphash.h"
#include "sim/random.h"
#include "sim/time.h"

namespace kamesim {

// RFC 7323 §5.4: between 1 ms and 1 s a tick.
inline constexpr Duration kTimestampTick = 1_ms;

// What a SYN said that the connection will need; all that a SYN cookie keeps.
struct SynOffer {
  std::uint16_t mss = 0;                        // rounded down to what a cookie can tell
  std::optional<std::uint8_t> window_scale;
  bool sack_permitted = false;
  bool ecn = false;
  bool timestamps = false;
};

class TcpSecrets {
 public:
  explicit TcpSecrets(RandomStream stream);

  // RFC 6528 §3: ISN = M + F(connection-id, secret key), M the 4 microsecond timer.
  SeqNum32 initial_sequence_number(const FourTuple& connection, Time now) const;
  // What to add to the clock for TSval. The same for each incarnation of a connection, so that timestamps of a new one
  // are beyond those of the last (RFC 6191 §2).
  std::uint32_t timestamp_offset(const FourTuple& connection) const;
  static std::uint32_t timestamp_clock(Time now) { return static_cast<std::uint32_t>(now.ns() / kTimestampTick.ns()); }

  // RFC 4987 Appendix A: the sequence number of a <SYN,ACK> that stands for the state of a half-open connection.
  SeqNum32 cookie(const FourTuple& connection, SeqNum32 irs, std::uint16_t mss, Time now) const;
  // With timestamps, TSval carries the options that the sequence number has no room for.
  static std::uint32_t timestamp_with_options(std::uint32_t value, const SynOffer& offer);
  // An <ACK> that no connection awaits: what the SYN said, if we sent the cookie that it acknowledges.
  std::optional<SynOffer> check_cookie(const FourTuple& connection, const TcpSegment& ack, Time now) const;

 private:
  std::uint64_t keyed(const SipKey& key, const FourTuple& connection, std::uint64_t extra) const;
  SipKey sequence_key_;
  SipKey timestamp_key_;
  SipKey cookie_key_;
};

}  // namespace kamesim
