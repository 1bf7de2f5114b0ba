#include "protocols/sockets/datagram_socket.h"

#include <algorithm>

#include "protocols/sockets/option_names.h"
#include "protocols/wire/icmp6.h"
#include "protocols/wire/ipv4_address.h"
#include "protocols/wire/udp.h"

namespace kamesim {

namespace {

constexpr std::errc kDone{};

// What a datagram takes of the buffer beside its data (4.4BSD counts the address too).
constexpr std::size_t kOverhead = 28;

std::errc error_of(SendError error) {
  switch (error) {
    case SendError::None: return kDone;
    case SendError::NoRoute: return std::errc::network_unreachable;
    case SendError::NoSourceAddress: return std::errc::address_not_available;
    case SendError::MessageTooLong: return std::errc::message_size;
    case SendError::Unreachable: return std::errc::host_unreachable;
  }
  return kDone;
}

}  // namespace

std::errc error_of(const Icmp6Error& error) {
  switch (error.type) {
    case Icmp6Type::DestinationUnreachable:
      switch (static_cast<DestinationUnreachableCode>(error.code)) {
        case DestinationUnreachableCode::NoRoute: return std::errc::network_unreachable;
        case DestinationUnreachableCode::PortUnreachable: return std::errc::connection_refused;
        case DestinationUnreachableCode::AdministrativelyProhibited:
        case DestinationUnreachableCode::SourceAddressFailedPolicy:
        case DestinationUnreachableCode::RejectRoute: return std::errc::permission_denied;
        default: return std::errc::host_unreachable;
      }
    case Icmp6Type::ParameterProblem:
      // KAME: nobody there speaks that protocol.
      return static_cast<ParameterProblemCode>(error.code) == ParameterProblemCode::UnrecognizedNextHeader
                 ? std::errc::connection_refused
                 : std::errc::protocol_error;
    default: return kDone;  // Time Exceeded may pass; Packet Too Big is for Path MTU Discovery
  }
}

DatagramSocket::DatagramSocket(SocketLayer& layer, Type type, NextHeader protocol) {
  auto& handler = static_cast<DatagramHandler&>(*this);
  if (type == Type::Datagram) {
    socket_.emplace<UdpSocket>(layer, handler);
  } else {
    socket_.emplace<RawSocket>(layer, protocol, handler);
  }
}

DatagramSocket::~DatagramSocket() = default;

const Ip6Socket& DatagramSocket::socket() const {
  if (const UdpSocket* u = udp()) return *u;
  return std::get<RawSocket>(socket_);
}

Ip6Socket& DatagramSocket::socket() { return const_cast<Ip6Socket&>(std::as_const(*this).socket()); }

std::errc DatagramSocket::bind(const SocketAddress& address) {
  if (udp() != nullptr) return udp()->bind_to(address);
  const Ipv6Address& a = address.address;
  if (!a.is_unspecified() && a != kV4MappedAny && !a.is_multicast()) {
    const InterfaceAddress* own = layer().stack().find_own_address(a, layer().interface(address.zone));
    if (own == nullptr || own->anycast) return std::errc::address_not_available;
  }
  raw()->bind({a, 0, address.zone});
  return kDone;
}

std::errc DatagramSocket::connect(const SocketAddress& to) {
  SocketAddress peer = to;
  if (peer.address.is_unspecified()) peer.address = kLoopback;  // 4.4BSD: this very node
  if (udp() != nullptr && peer.port == 0) return std::errc::address_not_available;
  OutputRequest request;
  if (const std::errc no = request_for(peer, sticky_, request); no != kDone) return no;
  Ip6Stack& stack = layer().stack();
  const SocketAddress before = local();
  SocketAddress from = before;
  if (before.address.is_unspecified() || before.address == kV4MappedAny || address_by_connect_) {
    const bool group = peer.address.is_multicast();
    const Destination* to = group ? nullptr : &stack.route_to(peer.address, request.interface);
    const Ip6Interface* out = group ? request.interface : to->interface;
    if (out == nullptr) return std::errc::network_unreachable;
    const InterfaceAddress* source =
        stack.select_source(peer.address, out, defaults_.prefer, group ? nullptr : &to->next_hop);
    if (source == nullptr) return std::errc::address_not_available;
    from.address = source->address;
    from.zone = source->address.is_link_local() ? out->index() : 0;
  }
  if (udp() == nullptr) {
    peer.port = 0;
    raw()->connect(peer);
    raw()->bind(from);
  } else {
    if (const std::errc no = udp()->connect(peer); no != kDone) return no;
    udp()->set_local_address(from.address, from.zone);
  }
  address_by_connect_ |= before.address.is_unspecified() || before.address == kV4MappedAny;
  pending_error_ = kDone;
  return kDone;
}

void DatagramSocket::disconnect() {
  if (udp() != nullptr) {
    udp()->connect({});
    if (address_by_connect_) udp()->set_local_address({}, 0);
  } else {
    raw()->connect({});
    if (address_by_connect_) raw()->bind({});
  }
  address_by_connect_ = false;
}

std::errc DatagramSocket::send(Bytes data, const std::optional<SocketAddress>& to,
                               std::span<const ControlMessage> control) {
  if (const std::errc error = take_error(); error != kDone) return error;
  if (to && connected()) return std::errc::already_connected;  // 4.4BSD: EISCONN
  if (!to && !connected()) return std::errc::destination_address_required;
  SocketAddress destination = to ? *to : peer();
  if (destination.address.is_unspecified()) destination.address = kLoopback;
  if (udp() != nullptr && destination.port == 0) return std::errc::address_not_available;
  if (data.size() > send_buffer_) return std::errc::message_size;

  if (control.empty()) return transmit(data, destination, sticky_);
  PacketOptions own;
  std::errc refused;
  for (const ControlMessage& message : control) {
    if (message.level != socket_option::kLevelIpv6) return std::errc::invalid_argument;
    refused = own.set(message.type, message.data);
    if (refused != kDone) return std::errc::invalid_argument;
  }
  return transmit(data, destination, own.over(sticky_));
}

std::errc DatagramSocket::transmit(Bytes data, const SocketAddress& destination, const PacketOptions& options) {
  OutputRequest request;
  if (const std::errc no = request_for(destination, options, request); no != kDone) return no;
  const ExtensionHeadersToSend headers = options.headers();
  request.extension_headers = &headers;
  const std::errc result = hand_down(data, destination, request);
  if (result == std::errc::message_size && defaults_.receive_path_mtu) {  // RFC 3542 §11.3: what would not be too big
    if (const auto mtu = path_mtu(destination)) enqueue_path_mtu(destination, *mtu);
  }
  return result;
}

std::errc DatagramSocket::hand_down(Bytes data, const SocketAddress& destination, const OutputRequest& request) {
  if (udp() != nullptr) {
    if (local().port == 0) {
      if (const std::errc no = udp()->bind_to({}); no != kDone) return no;
    }
    return error_of(udp()->send_to(data, destination.address, destination.port, request));
  }
  const int checksum = raw()->checksum_at();
  if (checksum >= 0 && data.size() < static_cast<std::size_t>(checksum) + 2) return std::errc::invalid_argument;
  return error_of(raw()->send(data, request));
}

std::optional<DatagramSocket::Received> DatagramSocket::receive() {
  if (waiting_.empty()) return std::nullopt;
  Received first = std::move(waiting_.front());
  waiting_.pop_front();
  waiting_bytes_ -= first.data.size() + kOverhead;
  return first;
}

std::optional<DatagramSocket::Reported> DatagramSocket::receive_error() {
  if (errors_.empty()) return std::nullopt;
  Reported first = std::move(errors_.front());
  errors_.pop_front();
  return first;
}

std::errc DatagramSocket::take_error() { return std::exchange(pending_error_, kDone); }

void DatagramSocket::enqueue(Received received) {
  waiting_bytes_ += received.data.size() + kOverhead;
  waiting_.push_back(std::move(received));
  tell_ready();
}

void DatagramSocket::on_datagram(const Datagram& datagram) {
  if (waiting_bytes_ + datagram.payload.size() + kOverhead > receive_buffer_) {
    ++dropped_;
    return layer().stack().drop(kSocketBufferFull, datagram.payload);
  }
  const bool zoned = datagram.source.is_link_local();
  enqueue({.data = {datagram.payload.begin(), datagram.payload.end()},
           .source = {datagram.source, datagram.source_port, zoned ? datagram.interface->index() : 0,
                      defaults_.receive_flow_info ? datagram.flow_label : 0},
           .control = control_messages(datagram, receive_options_),
           .at = layer().stack().now()});
}

void DatagramSocket::on_packet_error(const PacketError& error) {
  const Icmp6Error& icmp6 = error.report.error;
  const std::errc meaning = error_of(icmp6);
  const bool zoned = error.report.destination.is_link_local();
  const SocketAddress destination{error.report.destination, error.destination_port,
                                  zoned ? error.report.interface->index() : 0};
  if (defaults_.receive_error && errors_.size() < kMaxWaitingErrors) {
    errors_.push_back({.at = layer().stack().now(), .error = meaning, .type = icmp6.type, .code = icmp6.code,
                       .parameter = icmp6.parameter, .from = error.from, .destination = destination,
                       .data = {error.payload.begin(), error.payload.end()}});
  }
  // RFC 3542 §11.3: also where nothing can be said to come of it, so that the application makes smaller packets.
  if (icmp6.type == Icmp6Type::PacketTooBig && defaults_.receive_path_mtu) {
    enqueue_path_mtu(destination, icmp6.parameter);
  }
  // 4.4BSD: who talks to anybody is not told, as it could not know whom it is about.
  if (connected() && meaning != kDone) pending_error_ = meaning;
  tell_ready();
}

// A datagram without data that says so in its ancillary data.
void DatagramSocket::enqueue_path_mtu(const SocketAddress& destination, std::uint32_t mtu) {
  if (waiting_bytes_ + kOverhead > receive_buffer_) return;
  enqueue({.data = {}, .source = destination, .control = {path_mtu_message(destination, mtu)},
           .at = layer().stack().now(), .from_path = true});
}

std::optional<std::uint32_t> DatagramSocket::path_mtu(const SocketAddress& destination) const {
  Ip6Stack& stack = layer().stack();
  const Destination& to = stack.route_to(destination.address, layer().interface(destination.zone));
  if (to.interface == nullptr) return std::nullopt;
  return to.kind == RouteKind::Local ? stack.loopback().mtu() : to.mtu;
}

void DatagramSocket::tell_ready() {
  if (ready_) ready_();
}

}  // namespace kamesim
