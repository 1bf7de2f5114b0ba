#include "protocols/dsmip6/udp_encapsulation.h"

#include "protocols/dsmip6/status.h"
#include "protocols/ip6/tunnel_input.h"
#include "protocols/wire/ipv4_address.h"
#include "protocols/wire/ipv6_header.h"
#include "protocols/wire/udp.h"

namespace kamesim::dsmip6 {

UdpEncapsulation::UdpEncapsulation(SocketLayer& sockets, User& user, const std::string& name, const Ipv6Address& local)
    : stack_(sockets.stack()),
      user_(user),
      socket_(sockets, *this),
      signalling_(stack_.add_tunnel(name, kV4MappedAny, kV4MappedAny)) {
  const Ipv6Address address = local.is_unspecified() ? kV4MappedAny : local;
  if (!socket_.bind(kDsmip6Port, address) && !socket_.bind(0, address)) stack_.drop(kDsmip6PortTaken, {});
  signalling_.set_udp(TunnelPorts{socket_.port(), kDsmip6Port});
}

UdpEncapsulation::~UdpEncapsulation() { stack_.remove_interface(signalling_); }

TunnelInterface& UdpEncapsulation::signalling_to(const Ipv6Address& local, const Peer& peer) {
  if (signalling_.local() != local || signalling_.remote() != peer.address) {
    signalling_.set_end_points(local, peer.address);
  }
  signalling_.set_udp(ports_to(peer));
  return signalling_;
}

void UdpEncapsulation::on_datagram(const Datagram& d) {
  const std::uint8_t version = d.payload.empty() ? 0 : d.payload[0] >> 4;
  if (version != 4 && version != 6) return stack_.drop(kEncapsulationMalformed, d.payload);
  const Peer peer{d.source, d.source_port};
  TunnelInterface* tunnel = user_.tunnel_of(peer);
  const bool taken = tunnel != nullptr || (user_.hears_strangers() && may_be_signalling(d.payload));
  if (!taken) return stack_.drop(kEncapsulationNotSignalling, d.payload);
  arriving_ = peer;
  Packet packet = stack_.node().packets().copy_of(d.payload);
  if (tunnel != nullptr) {
    come_out_of_tunnel(stack_, *tunnel, {.packet = std::move(packet), .offset = 0,
                                         .inner = version == 4 ? NextHeader::Ipv4 : NextHeader::Ipv6,
                                         .traffic_class = d.traffic_class});
  } else {
    stack_.input(signalling_, std::move(packet));
  }
  arriving_.reset();
}

// To this node itself: a Mobility Header, or what may hide one.
bool UdpEncapsulation::may_be_signalling(Bytes packet) const {
  const auto header = Ipv6HeaderView::check(packet);
  if (!header || stack_.find_own_address(header->destination(), nullptr) == nullptr) return false;
  const NextHeader next = header->next_header();
  return next == NextHeader::Mobility || next == NextHeader::Esp || next == NextHeader::AuthenticationHeader ||
         next == NextHeader::DestinationOptions;
}

// RFC 2473 §8, for tunnels of UDP alike.
void UdpEncapsulation::on_packet_error(const PacketError& error) {
  const TunnelInterface* tunnel = user_.tunnel_of({error.report.destination, error.destination_port});
  if (tunnel == nullptr || !tunnel->udp() || error.report.upper().size() < kUdpHeaderSize) return;
  Icmp6ErrorReport of_inner = error.report;
  of_inner.offset += kUdpHeaderSize;
  tell_of_tunnel_error(stack_, *tunnel, of_inner);
}

}  // namespace kamesim::dsmip6
