// UDP (RFC 768) over IPv6 (RFC 8200 §8.1).
#pragma once

#include <cstddef>
#include <cstdint>

#include "protocols/wire/ipv6_address.h"
#include "sim/bytes.h"
#include "sim/drop.h"

namespace kamesim {

inline constexpr DropInfo kUdpTruncated{"udp.truncated", "RFC 768"};
inline constexpr DropInfo kUdpBadLength{"udp.bad_length", "RFC 768"};
inline constexpr DropInfo kUdpZeroChecksum{"udp.zero_checksum", "RFC 8200 §8.1"};
inline constexpr DropInfo kUdpBadChecksum{"udp.bad_checksum", "RFC 8200 §8.1"};

inline constexpr std::size_t kUdpHeaderSize = 8;
inline constexpr std::size_t kUdpChecksumOffset = 6;

// RFC 2675 §4: the Length field for so many octets; 0 if it cannot tell them.
constexpr std::uint16_t udp_length_field(std::size_t length) {
  return length > 65535 ? std::uint16_t{0} : static_cast<std::uint16_t>(length);
}

struct UdpHeader {
  std::uint16_t source_port = 0;
  std::uint16_t destination_port = 0;
  std::uint16_t length = kUdpHeaderSize;  // header and data

  // Writes kUdpHeaderSize bytes, the checksum zero.
  void write(std::uint8_t* out) const {
    store_be16(out, source_port);
    store_be16(out + 2, destination_port);
    store_be16(out + 4, length);
    store_be16(out + kUdpChecksumOffset, 0);
  }
};

class UdpView {
 public:
  // Bytes behind the datagram's own length are left out of the view.
  static Parsed<UdpView> check(Bytes datagram);
  // The same where a zero checksum may be meant, as for some ports (RFC 6935 §5, RFC 6936 §4).
  static Parsed<UdpView> check_allowing_zero_checksum(Bytes datagram);

  std::uint16_t source_port() const { return load_be16(datagram_.data()); }
  std::uint16_t destination_port() const { return load_be16(datagram_.data() + 2); }
  std::size_t length() const { return datagram_.size(); }  // more than 65,535 in a jumbogram
  std::uint16_t checksum() const { return load_be16(datagram_.data() + kUdpChecksumOffset); }
  Bytes data() const { return datagram_.subspan(kUdpHeaderSize); }
  UdpHeader value() const { return {source_port(), destination_port(), udp_length_field(length())}; }
  // The addresses are those of the pseudo-header: the final destination behind a Routing header.
  bool checksum_ok(const Ipv6Address& source, const Ipv6Address& destination) const;

 private:
  explicit UdpView(Bytes datagram) : datagram_(datagram) {}
  Bytes datagram_;
};

// Sets the checksum of a complete datagram.
void fill_udp_checksum(const Ipv6Address& source, const Ipv6Address& destination, MutableBytes datagram);

}  // namespace kamesim
