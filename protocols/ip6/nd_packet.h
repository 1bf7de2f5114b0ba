// Complete packets of Neighbor Discovery: a message and its options behind an IPv6 header with hop limit 255.
#pragma once

#include <vector>

#include "protocols/wire/byte_writer.h"
#include "protocols/wire/icmp6.h"
#include "protocols/wire/ipv6_header.h"
#include "protocols/wire/nd.h"
#include "sim/packet.h"

namespace kamesim {

struct NdEndPoints {
  Ipv6Address source, destination;
};

// `parts`: the message, then its options.
template <typename... Parts>
Packet nd_packet(PacketPool& pool, const NdEndPoints& between, const Parts&... parts) {
  std::vector<std::uint8_t> message;
  message.reserve(64);
  ByteWriter out(message);
  (emit(out, parts), ...);
  fill_icmp6_checksum(between.source, between.destination, message);
  Packet packet = pool.copy_of(message);
  Ipv6Header{.payload_length = static_cast<std::uint16_t>(message.size()), .next_header = NextHeader::Icmp6,
             .hop_limit = kNdHopLimit, .source = between.source, .destination = between.destination}
      .write(packet.prepend(kIpv6HeaderSize));
  return packet;
}

}  // namespace kamesim
