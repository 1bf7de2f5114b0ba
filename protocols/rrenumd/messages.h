// Router Renumbering messages (RFC 2894 §3).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "protocols/wire/ipv6_address.h"
#include "sim/bytes.h"
#include "sim/time.h"

namespace kamesim {

inline constexpr std::uint8_t kRouterRenumbering = 138;  // the ICMPv6 type

enum class RenumberingCode : std::uint8_t { Command = 0, Result = 1, SequenceNumberReset = 255 };

struct RenumberingHeader {  // §3.1
  static constexpr std::size_t kSize = 16;
  // The message is of 16 bytes at least (§4.1).
  static RenumberingHeader parse(Bytes message);

  std::uint8_t code = 0;
  std::uint32_t sequence_number = 0;
  std::uint8_t segment_number = 0;
  bool test = false, result_requested = false, all_interfaces = false, site_specific = false;  // T, R, A, S
  bool processed_previously = false;                                                           // P
  Duration max_delay;  // whole milliseconds, to 65.535 s
};

// §3.2.1.
struct UsePrefix {
  std::uint8_t use_len = 0, keep_len = 0;
  std::uint8_t flag_mask = 0, ra_flags = 0;  // L is 0x80, A 0x40
  Duration valid_lifetime, preferred_lifetime;
  bool decrement_valid = false, decrement_preferred = false;  // V, P
  Ipv6Address prefix;
};

struct PrefixControlOperation {
  enum class OpCode : std::uint8_t { Add = 1, Change = 2, SetGlobal = 3 };
  OpCode op_code = OpCode::Add;
  std::uint8_t ordinal = 0;
  std::uint8_t match_len = 0, min_len = 0, max_len = 128;
  Ipv6Address match_prefix;
  std::vector<UsePrefix> use;
};

// One operation of a body, or, where it is out of bounds (§4.2), its Ordinal only.
struct ParsedOperation {
  std::optional<PrefixControlOperation> operation;
  std::uint8_t ordinal = 0;
};
// An OpLength that does not fit into the body ends it: what follows cannot be found.
std::vector<ParsedOperation> parse_operations(Bytes body);

struct MatchReport {  // §3.3
  bool out_of_bounds = false;  // B
  bool forbidden = false;      // F
  std::uint8_t ordinal = 0;
  Ipv6Prefix matched;
  std::uint32_t interface_index = 0;
};

// Messages, with zero checksums.
std::vector<std::uint8_t> to_bytes(const RenumberingHeader& header, const std::vector<PrefixControlOperation>& operations);
std::vector<std::uint8_t> to_bytes(const RenumberingHeader& header, const std::vector<MatchReport>& reports);

}  // namespace kamesim
