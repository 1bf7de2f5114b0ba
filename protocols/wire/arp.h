// ARP for IPv4 over Ethernet (RFC 826).
#pragma once

#include <cstddef>
#include <cstdint>

#include "protocols/wire/ipv4_address.h"
#include "sim/bytes.h"
#include "sim/drop.h"
#include "sim/mac_address.h"

namespace kamesim {

inline constexpr DropInfo kArpTruncated{"arp.truncated", "RFC 826"};
inline constexpr DropInfo kArpUnknownKind{"arp.unknown_kind", "RFC 826"};  // other hardware, protocol or operation

inline constexpr std::size_t kArpSize = 28;

enum class ArpOperation : std::uint16_t { Request = 1, Reply = 2 };

struct ArpMessage {
  ArpOperation operation = ArpOperation::Request;
  MacAddress sender_mac;
  Ipv4Bits sender = kIpv4Any;
  MacAddress target_mac;
  Ipv4Bits target = kIpv4Any;

  static Parsed<ArpMessage> parse(Bytes message);
  // Writes kArpSize octets.
  void write(std::uint8_t* out) const;
};

}  // namespace kamesim
