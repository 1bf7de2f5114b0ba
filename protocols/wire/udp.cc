#include "protocols/wire/udp.h"

#include "protocols/wire/checksum.h"

namespace kamesim {

Parsed<UdpView> UdpView::check(Bytes datagram) {
  const auto view = check_allowing_zero_checksum(datagram);
  if (view && view->checksum() == 0) return drop(kUdpZeroChecksum);
  return view;
}

Parsed<UdpView> UdpView::check_allowing_zero_checksum(Bytes datagram) {
  if (datagram.size() < kUdpHeaderSize) return drop(kUdpTruncated);
  std::size_t length = load_be16(datagram.data() + 4);
  if (length == 0) length = datagram.size();  // RFC 2675 §4: in a jumbogram, and in what ought to be one
  if (length < kUdpHeaderSize) return drop(kUdpBadLength);
  if (datagram.size() < length) return drop(kUdpTruncated);
  return UdpView(datagram.first(length));
}

bool UdpView::checksum_ok(const Ipv6Address& source, const Ipv6Address& destination) const {
  return upper_layer_checksum_ok(source, destination, NextHeader::Udp, datagram_);
}

void fill_udp_checksum(const Ipv6Address& source, const Ipv6Address& destination, MutableBytes datagram) {
  fill_upper_layer_checksum(source, destination, NextHeader::Udp, datagram, kUdpChecksumOffset);
}

}  // namespace kamesim
