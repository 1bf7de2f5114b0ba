#include <algorithm>

#include "protocols/ip6/socket.h"
#include "protocols/wire/udp.h"

namespace kamesim {

UdpSocket::UdpSocket(SocketLayer& layer, DatagramHandler& handler) : Ip6Socket(layer, handler) {}

UdpSocket::~UdpSocket() {
  if (local().port != 0) layer_.remove(*this);
}

std::errc UdpSocket::bind_to(const SocketAddress& address) {
  if (local().port != 0) return std::errc::invalid_argument;
  if (const std::errc no = layer_.may_bind(*this, address); no != std::errc{}) return no;
  SocketAddress chosen = address;
  if (chosen.port == 0) {
    const auto port = layer_.ephemeral_port();
    if (!port) return std::errc::address_not_available;
    chosen.port = *port;
  }
  choose().local = chosen;
  layer_.add(*this);
  return {};
}

std::errc UdpSocket::connect(const SocketAddress& peer) {
  if (local().port == 0) {
    if (const std::errc no = bind_to({}); no != std::errc{}) return no;
  }
  if (!peer.address.is_unspecified()) {
    // 4.4BSD: two sockets cannot be the same two ends.
    const bool taken = std::ranges::any_of(layer_.udp_on(local().port), [&](const auto& bound) {
      const UdpSocket* const s = bound.socket;
      return s != this && s->local().address == local().address && s->peer().address == peer.address &&
             s->peer().port == peer.port && s->peer().zone == peer.zone;
    });
    if (taken) return std::errc::address_in_use;
  }
  choose().peer = peer;
  return {};
}

SendError UdpSocket::send_to(Bytes data, const Ipv6Address& destination, std::uint16_t port, OutputRequest options) {
  return send_to(layer_.stack_.node().packets().copy_of(data), destination, port, options);
}

SendError UdpSocket::send_to(Packet data, const Ipv6Address& destination, std::uint16_t port, OutputRequest options) {
  options.destination = destination;
  return send(std::move(data), port, options);
}

SendError UdpSocket::send(Packet data, std::uint16_t port, OutputRequest& request) {
  if (local().port == 0 && !bind(0)) return SendError::Unreachable;
  const std::size_t length = kUdpHeaderSize + data.size();
  if (length > 65535) return SendError::MessageTooLong;
  UdpHeader{local().port, port, static_cast<std::uint16_t>(length)}.write(data.prepend(kUdpHeaderSize));
  request.next_header = NextHeader::Udp;
  request.ipsec = ipsec();
  request.checksum_offset = send_zero_checksum ? -1 : static_cast<int>(kUdpChecksumOffset);
  // A socket bound to a group hears it, and sends from an address of the node (RFC 3493 §5.2).
  if (request.source.is_unspecified() && !local().address.is_multicast()) request.source = local().address;
  return layer_.stack_.output(std::move(data), request);
}

}  // namespace kamesim
