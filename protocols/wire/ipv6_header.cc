#include "protocols/wire/ipv6_header.h"

namespace kamesim {

Parsed<Ipv6HeaderView> Ipv6HeaderView::check(Bytes packet) {
  if (packet.size() < kIpv6HeaderSize) return drop(kIp6Truncated);
  if (packet[0] >> 4 != 6) return drop(kIp6BadVersion);
  if (packet.size() - kIpv6HeaderSize < load_be16(packet.data() + 4)) return drop(kIp6PayloadTruncated);
  return Ipv6HeaderView(packet);
}

Parsed<Ipv6HeaderView> Ipv6HeaderView::check_quoted(Bytes packet) {
  if (packet.size() < kIpv6HeaderSize) return drop(kIp6Truncated);
  if (packet[0] >> 4 != 6) return drop(kIp6BadVersion);
  return Ipv6HeaderView(packet);
}

Ipv6Header Ipv6HeaderView::value() const {
  return {traffic_class(), flow_label(), payload_length(), next_header(), hop_limit(), source(), destination()};
}

}  // namespace kamesim
