// The IPv4 header (RFC 791 §3.1).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "protocols/wire/ipv4_address.h"
#include "protocols/wire/next_header.h"
#include "sim/bytes.h"
#include "sim/drop.h"

namespace kamesim {

inline constexpr DropInfo kIp4Truncated{"ip4.truncated", "RFC 791 §3.1"};
inline constexpr DropInfo kIp4BadVersion{"ip4.bad_version", "RFC 1122 §3.2.1.1"};
inline constexpr DropInfo kIp4BadHeaderLength{"ip4.bad_header_length", "RFC 791 §3.1"};
inline constexpr DropInfo kIp4BadTotalLength{"ip4.bad_total_length", "RFC 791 §3.1"};
inline constexpr DropInfo kIp4BadChecksum{"ip4.bad_checksum", "RFC 1122 §3.2.1.2"};

inline constexpr std::size_t kIpv4HeaderSize = 20;  // without options
inline constexpr std::size_t kIpv4MaxHeaderSize = 60;
inline constexpr std::size_t kIpv4MaxPacket = 65535;
inline constexpr std::uint32_t kIpv4MinimumMtu = 68;           // RFC 791 §3.2
inline constexpr std::uint32_t kIpv4MinimumReassembly = 576;   // RFC 791 §3.1: every host takes packets so long
inline constexpr std::size_t kIpv4TtlOffset = 8, kIpv4ProtocolOffset = 9;

// RFC 791 §3.1: the options' first octet is copied flag, class and number.
inline constexpr std::uint8_t kIpv4EndOfOptions = 0, kIpv4NoOperation = 1;
inline constexpr std::uint8_t kIpv4LooseSourceRoute = 0x83, kIpv4StrictSourceRoute = 0x89;
inline constexpr std::uint8_t kIpv4OptionCopied = 0x80;

struct Ipv4Header {
  std::uint8_t type_of_service = 0;  // DSCP and ECN (RFC 2474, RFC 3168)
  std::uint16_t total_length = kIpv4HeaderSize;
  std::uint16_t identification = 0;
  bool dont_fragment = false;
  bool more_fragments = false;
  std::uint16_t fragment_offset = 0;  // in octets, a multiple of 8
  std::uint8_t ttl = 64;
  NextHeader protocol = NextHeader::NoNextHeader;
  Ipv4Bits source = kIpv4Any;
  Ipv4Bits destination = kIpv4Any;

  // Writes kIpv4HeaderSize octets, without options, the checksum right.
  void write(std::uint8_t* out) const;
};

class Ipv4HeaderView {
 public:
  // A packet as received. Bytes behind its total length, such as Ethernet padding, are left out of the view.
  static Parsed<Ipv4HeaderView> check(Bytes packet);
  // The start of a packet, as an ICMP error quotes it: the payload may be cut off, and routers may have changed what
  // the checksum was about.
  static Parsed<Ipv4HeaderView> check_quoted(Bytes packet);

  std::size_t header_size() const { return std::size_t{packet_[0] & 0x0fu} * 4; }
  std::uint8_t type_of_service() const { return packet_[1]; }
  std::uint16_t total_length() const { return load_be16(packet_.data() + 2); }
  std::uint16_t identification() const { return load_be16(packet_.data() + 4); }
  bool dont_fragment() const { return (packet_[6] & 0x40) != 0; }
  bool more_fragments() const { return (packet_[6] & 0x20) != 0; }
  std::uint16_t fragment_offset() const {
    return static_cast<std::uint16_t>((load_be16(packet_.data() + 6) & 0x1fff) * 8);
  }
  bool is_fragment() const { return (load_be16(packet_.data() + 6) & 0x3fff) != 0; }
  std::uint8_t ttl() const { return packet_[kIpv4TtlOffset]; }
  NextHeader protocol() const { return static_cast<NextHeader>(packet_[kIpv4ProtocolOffset]); }
  Ipv4Bits source() const { return load_be32(packet_.data() + 12); }
  Ipv4Bits destination() const { return load_be32(packet_.data() + 16); }
  Bytes options() const { return packet_.subspan(kIpv4HeaderSize, header_size() - kIpv4HeaderSize); }
  Bytes packet() const { return packet_; }
  Bytes payload() const { return packet_.subspan(header_size()); }

 private:
  explicit Ipv4HeaderView(Bytes packet) : packet_(packet) {}
  Bytes packet_;
};

// Changes fields where they are, and keeps the checksum right (RFC 1624 §3). `header` holds a whole header.
class Ipv4HeaderEditor {
 public:
  explicit Ipv4HeaderEditor(std::uint8_t* header) : header_(header) {}

  void set_type_of_service(std::uint8_t v);
  void decrement_ttl();
  // Of a packet or a fragment of it; the checksum is made anew, as options may have changed too.
  void set_extent(std::uint16_t total_length, std::uint16_t fragment_offset, bool more_fragments);

 private:
  void replace_word(std::size_t offset, std::uint16_t value);
  std::uint8_t* header_;
};

// Goes through the options of a header (RFC 791 §3.1).
class Ipv4OptionWalk {
 public:
  explicit Ipv4OptionWalk(Bytes options) : options_(options) {}
  // The next option but No Operation, whole; empty at the end, and where the rest cannot be read.
  std::optional<Bytes> next();
  // Where it cannot be read, an offset into the options.
  std::optional<std::size_t> malformed_at() const { return malformed_; }

 private:
  Bytes options_;
  std::size_t at_ = 0;
  std::optional<std::size_t> malformed_;
};

}  // namespace kamesim
