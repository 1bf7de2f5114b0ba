// The upper end of the stack: which sockets a packet, or an error about one, is for.
#include "protocols/ip6/socket.h"

#include <algorithm>

#include "protocols/ip6/ip6_drops.h"
#include "protocols/wire/checksum.h"
#include "protocols/wire/icmp6.h"
#include "protocols/wire/ipv4_address.h"
#include "protocols/wire/udp.h"

namespace kamesim {

namespace {

Datagram datagram_from(const InputPacket& in, Bytes payload) {
  const bool ip4 = in.source.is_v4_mapped();
  return {.payload = payload, .source = in.source, .destination = in.destination, .interface = in.interface,
          .hop_limit = in.hop_limit, .traffic_class = in.traffic_class,
          .flow_label = ip4 ? 0 : Ipv6HeaderView::check_quoted(in.packet.bytes())->flow_label(),
          .care_of = in.home_address_care_of, .type2_routed = in.type2_routed,
          .headers = ip4 ? Bytes{} : in.packet.bytes().first(in.offset)};
}

// RFC 4007 §6: the same address in another zone is another address. 0 on either side: it was not said.
bool same_end(const SocketAddress& end, const Ipv6Address& address, const Ip6Interface* zone) {
  if (end.address != address) return false;
  const bool zoned = address.is_link_local() || (address.is_multicast() && address.scope() <= Scope::LinkLocal);
  return !zoned || end.zone == 0 || zone == nullptr || zone->is_loopback() || end.zone == zone->index();
}

constexpr std::size_t kUdpPorts = 4;  // octets of a UDP header that tell the ports

}  // namespace

const Ip6Socket::Chosen Ip6Socket::kNothingChosen{};

SocketGroups& Ip6Socket::groups() {
  auto& groups = choose().groups;
  if (groups == nullptr) groups = std::make_unique<SocketGroups>(layer_.stack());
  return *groups;
}

bool Ip6Socket::hears(const InputPacket& in) const {
  const bool ip4 = in.source.is_v4_mapped();
  if (ip4 && v6_only) return false;
  const Chosen& mine = chosen();
  const bool any = mine.local.address.is_unspecified() || (ip4 && mine.local.address == kV4MappedAny);
  if (!any && !same_end(mine.local, in.destination, in.interface)) return false;
  if (!mine.peer.address.is_unspecified() && !same_end(mine.peer, in.source, in.interface)) return false;
  if (!in.destination.is_multicast() || mine.groups == nullptr || mine.groups->empty()) return true;
  return mine.groups->passes(*in.interface, in.destination, in.source);  // RFC 3678 §3
}

SocketLayer::SocketLayer(Ip6Stack& stack) : stack_(stack) {
  stack_.set_upper_layer(NextHeader::Udp, this);
  stack_.set_upper_layer(NextHeader::Icmp6, this);
}

SocketLayer::~SocketLayer() {
  stack_.set_upper_layer(NextHeader::Udp, nullptr);
  stack_.set_upper_layer(NextHeader::Icmp6, nullptr);
}

Ip6Interface* SocketLayer::interface(std::uint32_t index) const {
  for (const auto& interface : stack_.interfaces()) {
    if (interface->index() == index) return interface.get();
  }
  return nullptr;
}

void SocketLayer::on_packet(InputPacket& in) {
  if (in.next_header == NextHeader::Udp) {
    udp_input(in);
  } else {
    raw_input(in);
  }
}

void SocketLayer::udp_input(InputPacket& in) {
  const auto udp = UdpView::check_allowing_zero_checksum(in.upper());
  if (!udp) return stack_.drop(*udp.error(), in.packet.bytes());
  if (udp->checksum() == 0 && in.source.is_v4_mapped()) {
    // RFC 768: the sender made none.
  } else if (udp->checksum() == 0) [[unlikely]] {  // RFC 8200 §8.1, RFC 6936 §4: refused, but by who asked for it
    const UdpSocket* tunnel = find_udp(in, udp->source_port(), udp->destination_port());
    if (tunnel == nullptr || !tunnel->accept_zero_checksum) return stack_.drop(kUdpZeroChecksum, in.packet.bytes());
  } else if (!udp->checksum_ok(in.source, in.destination)) {
    return stack_.drop(kUdpBadChecksum, in.packet.bytes());
  }
  Datagram datagram = datagram_from(in, udp->data());
  datagram.source_port = udp->source_port();
  datagram.destination_port = udp->destination_port();
  // RFC 1122 §4.1.3: what came for all on a link of IPv4 goes to all sockets, like what came for a group.
  const bool broadcast = in.source.is_v4_mapped() && in.link_layer_multicast;
  if (in.destination.is_multicast() || broadcast) return udp_multicast_input(in, datagram);
  if (UdpSocket* found = find_udp(in, udp->source_port(), udp->destination_port())) {
    return found->handler_.on_datagram(datagram);
  }
  stack_.drop(kUdpNoPort, in.packet.bytes());
  stack_.icmp6_error(
      Icmp6Error::destination_unreachable(DestinationUnreachableCode::PortUnreachable, in.packet.bytes()),
      in.interface, in.link_layer_multicast);
}

const IpsecSocketPolicy* SocketLayer::ipsec_policy(const InputPacket& in) const {
  if (in.next_header == NextHeader::Udp) {
    if (in.destination.is_multicast() || in.upper().size() < kUdpHeaderSize) return nullptr;
    const UdpSocket* socket = find_udp(in, load_be16(in.upper().data()), load_be16(in.upper().data() + 2));
    return socket != nullptr ? socket->ipsec() : nullptr;
  }
  for (const RawSocket* socket : raw_) {
    if (socket->ipsec() != nullptr && socket->protocol() == in.next_header && socket->hears(in)) return socket->ipsec();
  }
  return nullptr;
}

// The socket that knows most of both ends: a connected one, then one of this very address, then any (4.4BSD).
UdpSocket* SocketLayer::find_udp(const InputPacket& in, std::uint16_t source_port,
                                 std::uint16_t destination_port) const {
  UdpSocket* found = nullptr;
  int best = -1;
  for (const auto& [socket, port] : udp_on(destination_port)) {
    if (!socket->hears(in) || (socket->connected() && socket->peer().port != source_port)) continue;
    const int known = (socket->connected() ? 2 : 0) + (socket->local().address.is_unspecified() ? 0 : 1);
    if (known > best) found = socket, best = known;
  }
  return found;
}

// Each socket that would have it gets it (RFC 3493 §5.2, as 4.4BSD does). A handler may open or close sockets.
void SocketLayer::udp_multicast_input(InputPacket& in, const Datagram& datagram) {
  bool heard = false;
  for (std::size_t i = 0;; ++i) {
    const auto bound = udp_on(datagram.destination_port);
    if (i >= bound.size()) break;
    UdpSocket* const socket = bound[i].socket;
    if (!socket->hears(in) || (socket->connected() && socket->peer().port != datagram.source_port)) continue;
    heard = true;
    socket->handler_.on_datagram(datagram);
  }
  // RFC 4443 §2.4 e.3: no error about what came for a group.
  if (!heard) stack_.drop(kUdpNoPort, in.packet.bytes());
}

void SocketLayer::raw_input(InputPacket& in) {
  const Datagram datagram = datagram_from(in, in.upper());
  // A handler may open or close sockets.
  for (std::size_t i = 0; i < raw_.size(); ++i) {
    RawSocket* socket = raw_[i];
    if (socket->protocol_ != in.next_header || !socket->hears(in)) continue;
    const bool all = socket->passes_ == RawSocket::Passes::All;
    if (!all && (datagram.payload.empty() || !socket->passes(datagram.payload[0]))) continue;
    if (const int at = socket->checksum_offset_; at >= 0) {  // RFC 3542 §3.1
      const bool whole = datagram.payload.size() >= static_cast<std::size_t>(at) + 2;
      if (!whole || !upper_layer_checksum_ok(in.source, in.destination, in.next_header, datagram.payload)) {
        stack_.drop(kRawBadChecksum, in.packet.bytes());
        continue;
      }
    }
    socket->handler_.on_datagram(datagram);
  }
}

// RFC 8201 §4: a packet that no socket can have sent was not sent. What the node answers by itself, echo replies and
// the like, has no socket.
Quotation SocketLayer::verify(const Icmp6ErrorReport& report) {
  if (report.protocol != NextHeader::Udp) {
    const bool known = std::ranges::any_of(raw_, [&](const RawSocket* s) {
      return s->protocol_ == report.protocol && s->connected() && s->peer().address == report.destination;
    });
    return known ? Quotation::Verified : Quotation::Unverified;
  }
  const Bytes header = report.upper();
  if (header.size() < kUdpPorts) return Quotation::Unverified;
  Quotation best = Quotation::Forged;
  for (const auto& [s, port] : udp_on(load_be16(header.data()))) {
    if (!s->local().address.is_unspecified() && s->local().address != report.source) continue;
    if (!s->connected()) {
      best = Quotation::Unverified;
    } else if (s->peer().address == report.destination && s->peer().port == load_be16(header.data() + 2)) {
      return Quotation::Verified;
    }
  }
  return best;
}

void SocketLayer::on_icmp6_error_report(const Icmp6ErrorReport& report) {
  auto concerns = [&](const Ip6Socket& s) {
    return (s.local().address.is_unspecified() || same_end(s.local(), report.source, report.interface)) &&
           (!s.connected() || same_end(s.peer(), report.destination, report.interface));
  };
  const Bytes upper = report.upper();
  PacketError error{.report = report, .from = report.from};
  if (report.protocol != NextHeader::Udp) {
    error.payload = upper;
    for (std::size_t i = 0; i < raw_.size(); ++i) {
      RawSocket* socket = raw_[i];
      if (socket->protocol_ == report.protocol && concerns(*socket)) socket->handler_.on_packet_error(error);
    }
    return;
  }
  if (upper.size() < kUdpPorts) return;  // it cannot be told whose it was
  const std::uint16_t port = load_be16(upper.data());
  error.destination_port = load_be16(upper.data() + 2);
  error.payload = upper.subspan(std::min(upper.size(), kUdpHeaderSize));
  for (std::size_t i = 0;; ++i) {
    const auto bound = udp_on(port);
    if (i >= bound.size()) break;
    UdpSocket* const socket = bound[i].socket;
    if (!concerns(*socket) || (socket->connected() && socket->peer().port != error.destination_port)) continue;
    socket->handler_.on_packet_error(error);
  }
}

void SocketLayer::add(RawSocket& socket) {
  raw_.push_back(&socket);
  // A protocol that the node does not know otherwise is now known to it (RFC 8200 §4: no Parameter Problem).
  if (stack_.upper_layer(socket.protocol_) == nullptr) stack_.set_upper_layer(socket.protocol_, this);
}

void SocketLayer::remove(RawSocket& socket) {
  raw_.erase(std::ranges::find(raw_, &socket));
  const NextHeader protocol = socket.protocol_;
  if (protocol == NextHeader::Icmp6 || protocol == NextHeader::Udp || stack_.upper_layer(protocol) != this) return;
  const bool others = std::ranges::any_of(raw_, [&](const RawSocket* s) { return s->protocol_ == protocol; });
  if (!others) stack_.set_upper_layer(protocol, nullptr);
}

}  // namespace kamesim
