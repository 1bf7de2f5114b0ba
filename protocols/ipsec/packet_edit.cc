#include "protocols/ipsec/packet_edit.h"

#include <cstring>

#include "protocols/wire/checksum.h"
#include "protocols/wire/extension_headers.h"
#include "protocols/wire/ipv4_header.h"
#include "protocols/wire/ipv6_header.h"
#include "protocols/wire/options_header.h"

namespace kamesim::ipsec {

namespace {

constexpr std::size_t kIpv4TotalLengthOffset = 2, kIpv4ChecksumOffset = 10;  // RFC 791 §3.1

bool holds_home_address(Bytes header) {
  const auto options = OptionsHeaderView::check(header);
  return options && options->options().find(kHomeAddressOption).has_value();
}

}  // namespace

HeaderPlace end_to_end_place(Bytes packet) {
  if (packet[0] >> 4 == 4) return {std::size_t{packet[0] & 0x0fu} * 4, kIpv4ProtocolOffset};
  HeaderPlace place{kIpv6HeaderSize, kIpv6NextHeaderOffset};
  const auto header = Ipv6HeaderView::check(packet);
  if (!header) return place;
  ExtensionHeaderWalk walk(*header);
  for (auto step = walk.next(); step && *step; step = walk.next()) {
    const ExtensionHeader& h = **step;
    const bool on_the_way = h.type == NextHeader::HopByHopOptions || h.type == NextHeader::Routing ||
                            (h.type == NextHeader::DestinationOptions && holds_home_address(h.bytes));
    if (on_the_way) place = {walk.offset(), h.offset};
  }
  return place;
}

std::uint8_t* open_gap(Packet& packet, std::size_t offset, std::size_t size) {
  std::uint8_t* front = packet.prepend(size);
  if (offset != 0) std::memmove(front, front + size, offset);
  return front + offset;
}

void close_gap(Packet& packet, std::size_t offset, std::size_t size) {
  std::uint8_t* front = packet.mutable_data();
  std::memmove(front + size, front, offset);
  packet.trim_front(size);
}

void announce(Packet& packet, std::size_t next_header_field, NextHeader type) {
  std::uint8_t* bytes = packet.mutable_data();
  bytes[next_header_field] = static_cast<std::uint8_t>(type);
  if (bytes[0] >> 4 == 4) {
    const std::size_t header = std::size_t{bytes[0] & 0x0fu} * 4;
    store_be16(bytes + kIpv4TotalLengthOffset, static_cast<std::uint16_t>(packet.size()));
    store_be16(bytes + kIpv4ChecksumOffset, 0);
    store_be16(bytes + kIpv4ChecksumOffset, internet_checksum({bytes, header}));
    return;
  }
  // RFC 2675 §3: a jumbogram's length stands in its option.
  if (!says_jumbogram(bytes)) {
    Ipv6HeaderEditor(bytes).set_payload_length(static_cast<std::uint16_t>(packet.size() - kIpv6HeaderSize));
  }
}

}  // namespace kamesim::ipsec
