// ICMPv6 (RFC 4443): the general format, error messages, echo. Neighbor Discovery is in nd.h.
#pragma once

#include <cstddef>
#include <cstdint>

#include "protocols/wire/byte_writer.h"
#include "protocols/wire/ipv6_address.h"
#include "protocols/wire/ipv6_header.h"
#include "sim/bytes.h"
#include "sim/drop.h"

namespace kamesim {

inline constexpr DropInfo kIcmp6Truncated{"icmp6.truncated", "RFC 4443 §2.1"};
inline constexpr DropInfo kIcmp6BadChecksum{"icmp6.bad_checksum", "RFC 4443 §2.3"};

enum class Icmp6Type : std::uint8_t {
  DestinationUnreachable = 1,
  PacketTooBig = 2,
  TimeExceeded = 3,
  ParameterProblem = 4,
  EchoRequest = 128,
  EchoReply = 129,
  MulticastListenerQuery = 130,  // RFC 2710 §3.1
  MulticastListenerReport = 131,
  MulticastListenerDone = 132,
  RouterSolicitation = 133,      // RFC 4861 §4
  RouterAdvertisement = 134,
  NeighborSolicitation = 135,
  NeighborAdvertisement = 136,
  Redirect = 137,
  NodeInformationQuery = 139,              // RFC 4620 §4
  NodeInformationReply = 140,
  MulticastListenerReportV2 = 143,         // RFC 9777 §5.2
  HomeAgentAddressDiscoveryRequest = 144,  // RFC 6275 §6.5 to §6.8
  HomeAgentAddressDiscoveryReply = 145,
  MobilePrefixSolicitation = 146,
  MobilePrefixAdvertisement = 147,
};

constexpr bool is_known(Icmp6Type type) {
  const auto value = static_cast<std::uint8_t>(type);
  return (value >= 1 && value <= 4) || (value >= 128 && value <= 137) || value == 139 || value == 140 ||
         (value >= 143 && value <= 147);
}

// RFC 4443 §2.1: error messages have a zero in the high-order bit of the type.
constexpr bool is_error(Icmp6Type type) { return static_cast<std::uint8_t>(type) < 128; }

enum class DestinationUnreachableCode : std::uint8_t {  // RFC 4443 §3.1
  NoRoute = 0,
  AdministrativelyProhibited = 1,
  BeyondScopeOfSourceAddress = 2,
  AddressUnreachable = 3,
  PortUnreachable = 4,
  SourceAddressFailedPolicy = 5,
  RejectRoute = 6,
};

enum class TimeExceededCode : std::uint8_t {  // RFC 4443 §3.3
  HopLimitExceeded = 0,
  FragmentReassemblyTimeExceeded = 1,
};

enum class ParameterProblemCode : std::uint8_t {  // RFC 4443 §3.4
  ErroneousHeaderField = 0,
  UnrecognizedNextHeader = 1,
  UnrecognizedOption = 2,
  IncompleteHeaderChain = 3,  // RFC 7112 §5: the first fragment lacks part of the header chain
};

inline constexpr std::size_t kIcmp6HeaderSize = 4;
inline constexpr std::size_t kIcmp6ChecksumOffset = 2;
inline constexpr std::size_t kIcmp6ErrorHeaderSize = 8;
// RFC 4443 §2.4 c: "as possible without making the error message packet exceed the minimum IPv6 MTU". This is for a
// message without extension headers.
inline constexpr std::size_t kIcmp6MaxInvokingPacket = kIpv6MinimumMtu - kIpv6HeaderSize - kIcmp6ErrorHeaderSize;

class Icmp6View {
 public:
  static Parsed<Icmp6View> check(Bytes message) {
    if (message.size() < kIcmp6HeaderSize) return drop(kIcmp6Truncated);
    return Icmp6View(message);
  }

  Icmp6Type type() const { return static_cast<Icmp6Type>(message_[0]); }
  std::uint8_t code() const { return message_[1]; }
  std::uint16_t checksum() const { return load_be16(message_.data() + kIcmp6ChecksumOffset); }
  Bytes bytes() const { return message_; }
  // RFC 4443 §2.3. The addresses are those of the pseudo-header: the final destination behind a Routing header.
  bool checksum_ok(const Ipv6Address& source, const Ipv6Address& destination) const;

 private:
  explicit Icmp6View(Bytes message) : message_(message) {}
  Bytes message_;
};

// Every `emit` of an ICMPv6 message leaves the checksum zero; this sets it, once the addresses are known.
void fill_icmp6_checksum(const Ipv6Address& source, const Ipv6Address& destination, MutableBytes message);

// RFC 4443 §3: any error message.
struct Icmp6Error {
  Icmp6Type type;
  std::uint8_t code;
  std::uint32_t parameter;  // MTU or Pointer; unused in the others
  Bytes invoking_packet;    // emitted as it is: the caller cuts it to kIcmp6MaxInvokingPacket

  static Icmp6Error destination_unreachable(DestinationUnreachableCode code, Bytes invoking_packet) {
    return {Icmp6Type::DestinationUnreachable, static_cast<std::uint8_t>(code), 0, invoking_packet};
  }
  static Icmp6Error packet_too_big(std::uint32_t mtu, Bytes invoking_packet) {
    return {Icmp6Type::PacketTooBig, 0, mtu, invoking_packet};
  }
  static Icmp6Error time_exceeded(TimeExceededCode code, Bytes invoking_packet) {
    return {Icmp6Type::TimeExceeded, static_cast<std::uint8_t>(code), 0, invoking_packet};
  }
  // `pointer` is an offset into the invoking packet.
  static Icmp6Error parameter_problem(ParameterProblemCode code, std::uint32_t pointer, Bytes invoking_packet) {
    return {Icmp6Type::ParameterProblem, static_cast<std::uint8_t>(code), pointer, invoking_packet};
  }
};

class Icmp6ErrorView {
 public:
  // `message` is of an error type, known or unknown.
  static Parsed<Icmp6ErrorView> check(Bytes message) {
    if (message.size() < kIcmp6ErrorHeaderSize) return drop(kIcmp6Truncated);
    return Icmp6ErrorView(message);
  }

  Icmp6Type type() const { return static_cast<Icmp6Type>(message_[0]); }
  std::uint8_t code() const { return message_[1]; }
  std::uint32_t parameter() const { return load_be32(message_.data() + 4); }  // MTU or Pointer
  // Possibly cut off: Ipv6HeaderView::check_quoted reads it.
  Bytes invoking_packet() const { return message_.subspan(kIcmp6ErrorHeaderSize); }
  Icmp6Error value() const { return {type(), code(), parameter(), invoking_packet()}; }

 private:
  explicit Icmp6ErrorView(Bytes message) : message_(message) {}
  Bytes message_;
};

// RFC 4443 §4: Echo Request and Echo Reply.
struct Icmp6Echo {
  Icmp6Type type;
  std::uint16_t identifier = 0;
  std::uint16_t sequence_number = 0;
  Bytes data;
};

class Icmp6EchoView {
 public:
  static Parsed<Icmp6EchoView> check(Bytes message) {
    if (message.size() < 8) return drop(kIcmp6Truncated);
    return Icmp6EchoView(message);
  }

  Icmp6Type type() const { return static_cast<Icmp6Type>(message_[0]); }
  std::uint16_t identifier() const { return load_be16(message_.data() + 4); }
  std::uint16_t sequence_number() const { return load_be16(message_.data() + 6); }
  Bytes data() const { return message_.subspan(8); }
  Icmp6Echo value() const { return {type(), identifier(), sequence_number(), data()}; }

 private:
  explicit Icmp6EchoView(Bytes message) : message_(message) {}
  Bytes message_;
};

// Type, code and a zero checksum.
void emit_icmp6_header(ByteWriter& out, Icmp6Type type, std::uint8_t code);
void emit(ByteWriter& out, const Icmp6Error& message);
void emit(ByteWriter& out, const Icmp6Echo& message);

}  // namespace kamesim
