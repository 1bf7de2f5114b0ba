#include "protocols/wire/ipv6_header.h"

#include <algorithm>

namespace kamesim {

std::size_t jumbo_payload_length_of(Bytes packet) {
  // The Hop-by-Hop Options header: Next Header, length in 8-octet units without the first, options (RFC 8200 §4.3).
  if (packet.size() < kIpv6HeaderSize + 8) return 0;
  const Bytes rest = packet.subspan(kIpv6HeaderSize);
  const Bytes header = rest.first(std::min(rest.size(), 8 * (std::size_t{rest[1]} + 1)));
  for (std::size_t at = 2; at < header.size();) {
    if (header[at] == 0) {  // Pad1 has no length
      ++at;
      continue;
    }
    if (header.size() - at < 2 || header.size() - at < 2u + header[at + 1]) return 0;
    if (header[at] == kJumboPayloadOption && header[at + 1] == 4) return load_be32(header.data() + at + 2);
    at += 2u + header[at + 1];
  }
  return 0;
}

std::size_t Ipv6HeaderView::told_jumbogram_size(Bytes packet) {
  const std::size_t jumbo = jumbo_payload_length_of(packet);
  return jumbo > kIpv6MaxPayload ? kIpv6HeaderSize + jumbo : packet.size();
}

Parsed<Ipv6HeaderView> Ipv6HeaderView::check_quoted(Bytes packet) {
  if (packet.size() < kIpv6HeaderSize) return drop(kIp6Truncated);
  if (packet[0] >> 4 != 6) return drop(kIp6BadVersion);
  return Ipv6HeaderView(packet.first(std::min(packet.size(), told_size(packet))));
}

Ipv6Header Ipv6HeaderView::value() const {
  return {traffic_class(), flow_label(), payload_length(), next_header(), hop_limit(), source(), destination()};
}

}  // namespace kamesim
