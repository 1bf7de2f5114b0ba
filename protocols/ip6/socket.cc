#include "protocols/ip6/socket.h"

#include <algorithm>

#include "protocols/ip6/ip6_drops.h"
#include "protocols/wire/checksum.h"
#include "protocols/wire/icmp6.h"
#include "protocols/wire/udp.h"

namespace kamesim {

namespace {

constexpr std::uint16_t kFirstEphemeralPort = 49152;  // RFC 6335 §6
constexpr std::size_t kMobilityChecksumOffset = 4;    // RFC 6275 §6.1.1

Datagram datagram_from(const InputPacket& in, Bytes payload) {
  return {.payload = payload, .source = in.source, .destination = in.destination, .interface = in.interface,
          .hop_limit = in.hop_limit, .traffic_class = in.traffic_class, .care_of = in.home_address_care_of,
          .type2_routed = in.type2_routed};
}

}  // namespace

SocketLayer::SocketLayer(Ip6Stack& stack) : stack_(stack) {
  stack_.set_upper_layer(NextHeader::Udp, this);
  stack_.set_upper_layer(NextHeader::Icmp6, this);
}

SocketLayer::~SocketLayer() {
  stack_.set_upper_layer(NextHeader::Udp, nullptr);
  stack_.set_upper_layer(NextHeader::Icmp6, nullptr);
}

void SocketLayer::on_packet(InputPacket& in) {
  if (in.next_header == NextHeader::Udp) {
    udp_input(in);
  } else {
    raw_input(in);
  }
}

void SocketLayer::udp_input(InputPacket& in) {
  const auto udp = UdpView::check(in.upper());
  if (!udp) return stack_.drop(*udp.error(), in.packet.bytes());
  if (!udp->checksum_ok(in.source, in.destination)) {
    return stack_.drop(kUdpBadChecksum, in.packet.bytes());
  }
  Datagram datagram = datagram_from(in, udp->data());
  datagram.source_port = udp->source_port();
  datagram.destination_port = udp->destination_port();
  const auto it = udp_by_port_.find(udp->destination_port());
  UdpSocket* found = nullptr;
  if (it != udp_by_port_.end()) {
    // The socket bound to this very address goes before one bound to any.
    for (UdpSocket* socket : it->second) {
      if (socket->address_ == in.destination) found = socket;
      if (socket->address_.is_unspecified() && found == nullptr) found = socket;
    }
  }
  if (found != nullptr) return found->handler_.on_datagram(datagram);
  stack_.drop(kUdpNoPort, in.packet.bytes());
  stack_.icmp6_error(
      Icmp6Error::destination_unreachable(DestinationUnreachableCode::PortUnreachable, in.packet.bytes()),
      in.interface, in.link_layer_multicast);
}

void SocketLayer::raw_input(InputPacket& in) {
  const Datagram datagram = datagram_from(in, in.upper());
  // A handler may open or close sockets.
  for (std::size_t i = 0; i < raw_.size(); ++i) {
    RawSocket* socket = raw_[i];
    if (socket->protocol_ != in.next_header) continue;
    if (socket->filtered_ && !socket->pass_[datagram.payload[0]]) continue;
    socket->handler_.on_datagram(datagram);
  }
}

RawSocket::RawSocket(SocketLayer& layer, NextHeader protocol, DatagramHandler& handler)
    : layer_(layer), protocol_(protocol), handler_(handler) {
  layer_.raw_.push_back(this);
}

RawSocket::~RawSocket() { std::erase(layer_.raw_, this); }

void RawSocket::pass_only(std::initializer_list<std::uint8_t> types) {
  filtered_ = true;
  pass_.reset();
  for (const std::uint8_t type : types) pass_.set(type);
}

SendError RawSocket::send(Bytes message, OutputRequest request) {
  request.next_header = protocol_;
  if (protocol_ == NextHeader::Icmp6) request.checksum_offset = static_cast<int>(kIcmp6ChecksumOffset);
  if (protocol_ == NextHeader::Mobility) request.checksum_offset = static_cast<int>(kMobilityChecksumOffset);
  return layer_.stack_.output(layer_.stack_.node().packets().copy_of(message), request);
}

UdpSocket::UdpSocket(SocketLayer& layer, DatagramHandler& handler) : layer_(layer), handler_(handler) {}

UdpSocket::~UdpSocket() {
  if (port_ == 0) return;
  auto& sockets = layer_.udp_by_port_[port_];
  std::erase(sockets, this);
  if (sockets.empty()) layer_.udp_by_port_.erase(port_);
}

bool UdpSocket::bind(std::uint16_t port, const Ipv6Address& address) {
  auto& by_port = layer_.udp_by_port_;
  if (port == 0) {
    for (std::uint32_t tries = 0; tries <= 65535u - kFirstEphemeralPort && port == 0; ++tries) {
      const std::uint16_t candidate = layer_.next_ephemeral_;
      layer_.next_ephemeral_ = candidate == 65535 ? kFirstEphemeralPort : static_cast<std::uint16_t>(candidate + 1);
      if (!by_port.contains(candidate)) port = candidate;
    }
    if (port == 0) return false;
  }
  auto& sockets = by_port[port];
  if (std::ranges::any_of(sockets, [&](const UdpSocket* s) { return s->address_ == address; })) return false;
  port_ = port;
  address_ = address;
  sockets.push_back(this);
  return true;
}

SendError UdpSocket::send_to(Bytes data, const Ipv6Address& destination, std::uint16_t port, OutputRequest options) {
  return send_to(layer_.stack_.node().packets().copy_of(data), destination, port, options);
}

SendError UdpSocket::send_to(Packet data, const Ipv6Address& destination, std::uint16_t port, OutputRequest options) {
  if (port_ == 0 && !bind(0)) return SendError::Unreachable;
  const std::size_t length = kUdpHeaderSize + data.size();
  if (length > 65535) return SendError::MessageTooLong;
  UdpHeader{port_, port, static_cast<std::uint16_t>(length)}.write(data.prepend(kUdpHeaderSize));
  options.destination = destination;
  options.next_header = NextHeader::Udp;
  options.checksum_offset = static_cast<int>(kUdpChecksumOffset);
  if (options.source.is_unspecified()) options.source = address_;
  return layer_.stack_.output(std::move(data), options);
}

}  // namespace kamesim
