// ICMP for IPv4 (RFC 792, RFC 1122 §3.2.2, RFC 1812 §4.3): the general format, errors, echo. What is told of an error to
// upper layers is said in ICMPv6's words, which they know.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "protocols/wire/icmp6.h"
#include "sim/bytes.h"
#include "sim/drop.h"

namespace kamesim {

inline constexpr DropInfo kIcmp4Truncated{"icmp4.truncated", "RFC 792"};
inline constexpr DropInfo kIcmp4BadChecksum{"icmp4.bad_checksum", "RFC 1122 §3.2.2"};

enum class Icmp4Type : std::uint8_t {
  EchoReply = 0,
  DestinationUnreachable = 3,
  SourceQuench = 4,  // deprecated (RFC 6633)
  Redirect = 5,
  EchoRequest = 8,
  TimeExceeded = 11,
  ParameterProblem = 12,
};

enum class Icmp4UnreachableCode : std::uint8_t {  // RFC 792, RFC 1122 §3.2.2.1, RFC 1812 §5.2.7.1
  Network = 0,
  Host = 1,
  Protocol = 2,
  Port = 3,
  FragmentationNeeded = 4,
  SourceRouteFailed = 5,
  AdministrativelyProhibited = 13,
};

inline constexpr std::size_t kIcmp4HeaderSize = 8;
inline constexpr std::size_t kIcmp4ChecksumOffset = 2;
inline constexpr std::uint8_t kIcmp4RedirectForHost = 1;  // RFC 1812 §5.2.7.2: the only code to send

constexpr bool is_error(Icmp4Type type) {
  switch (type) {
    case Icmp4Type::DestinationUnreachable:
    case Icmp4Type::SourceQuench:
    case Icmp4Type::Redirect:
    case Icmp4Type::TimeExceeded:
    case Icmp4Type::ParameterProblem: return true;
    default: return false;
  }
}

class Icmp4View {
 public:
  static Parsed<Icmp4View> check(Bytes message);

  Icmp4Type type() const { return static_cast<Icmp4Type>(message_[0]); }
  std::uint8_t code() const { return message_[1]; }
  std::uint32_t rest() const { return load_be32(message_.data() + 4); }  // by type: gateway, identifier, pointer ...
  Bytes bytes() const { return message_; }
  Bytes data() const { return message_.subspan(kIcmp4HeaderSize); }      // of an error: the packet that it is about

 private:
  explicit Icmp4View(Bytes message) : message_(message) {}
  Bytes message_;
};

// An error, or a redirect, to be sent.
struct Icmp4Error {
  Icmp4Type type;
  std::uint8_t code;
  std::uint32_t rest = 0;
};

// The nearest in ICMP of what ICMPv6 says (RFC 7915 §5.2, with the MTU as it is).
Icmp4Error in_words_of_icmp4(const Icmp6Error& error);
// The nearest in ICMPv6 (RFC 7915 §4.2). Empty: nothing that an upper layer could use. An MTU of 0 stays 0: it is of a
// router that knows no RFC 1191.
std::optional<Icmp6Error> in_words_of_icmp6(const Icmp4View& message);

// RFC 1191 §7.1: what to take for the MTU when a router does not tell: the next lower of those that links have.
std::uint32_t plateau_below(std::uint32_t total_length);

// Sets the checksum of a whole message.
void fill_icmp4_checksum(MutableBytes message);

}  // namespace kamesim
