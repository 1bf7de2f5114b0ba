// The way in (RFC 4301 §5.2): the headers of IPsec, taken off one by one.
#include "protocols/ip6/reassembly.h"
#include "protocols/ip6/tunnel.h"
#include "protocols/ipsec/drops.h"
#include "protocols/ipsec/kernel.h"
#include "protocols/ipsec/packet_flow.h"
#include "protocols/ipsec/packet_transform.h"
#include "protocols/ipsec/tunnel_mode.h"
#include "protocols/wire/checksum.h"
#include "protocols/wire/ipv4_header.h"
#include "protocols/wire/ipv6_header.h"

namespace kamesim::ipsec {

namespace {

constexpr std::size_t kUdpHeaderSize = 8;                                   // RFC 768
constexpr std::size_t kUdpChecksumOffset = 6, kTcpChecksumOffset = 16;      // RFC 768, RFC 9293 §3.1

bool is_ip(NextHeader type) { return type == NextHeader::Ipv6 || type == NextHeader::Ipv4; }

// Whether what the association's header told of is a packet that came through a tunnel.
bool leaves_tunnel(const InputPacket& in, const SecurityAssociation& sa) {
  return is_ip(in.next_header) && sa.parameters.mode != Mode::Transport;
}

// A whole packet of one of the two versions, as its own length tells.
bool is_whole_packet(Bytes packet, NextHeader type) {
  return type == NextHeader::Ipv6 ? Ipv6HeaderView::check(packet).has_value()
                                  : Ipv4HeaderView::check(packet).has_value();
}

// RFC 3948 §3.1.2: a NAT changed addresses that the checksum of TCP and UDP is about; the ICV vouches for the rest.
void renew_checksum(InputPacket& in) {
  const MutableBytes message = in.packet.mutable_bytes().subspan(in.offset);
  if (in.next_header == NextHeader::Udp && message.size() >= kUdpHeaderSize) {
    fill_upper_layer_checksum(in.source, in.destination, in.next_header, message, kUdpChecksumOffset);
  } else if (in.next_header == NextHeader::Tcp && message.size() >= kTcpChecksumOffset + 2) {
    fill_upper_layer_checksum(in.source, in.destination, in.next_header, message, kTcpChecksumOffset);
  }
}

// RFC 4303 §2.7: in transport mode only a next layer that tells its own length can have had padding behind it. The IP
// header tells how long the packet is without: what quotes it, or renews its checksum, goes by that.
void cut_tfc_padding(InputPacket& in) {
  if (in.next_header != NextHeader::Udp || in.upper().size() < kUdpHeaderSize) return;
  const std::size_t told = load_be16(in.upper().data() + 4);
  if (told < kUdpHeaderSize || told >= in.upper().size()) return;
  in.packet.truncate(in.offset + told);
  announce(in.packet, in.next_header_field, in.next_header);
}

// The tunnel of Mobile IPv6 between these ends; null: there is none.
TunnelInterface* mobility_tunnel(Ip6Stack& stack, const Ipv6Address& local, const Ipv6Address& remote) {
  if (stack.mobility_hooks() == nullptr) return nullptr;
  for (const auto& interface : stack.links()) {
    if (!interface->is_tunnel()) continue;
    auto& tunnel = static_cast<TunnelInterface&>(*interface);
    if (tunnel.local() == local && tunnel.remote() == remote) return &tunnel;
  }
  return nullptr;
}

}  // namespace

bool IpsecKernel::refuse(InputPacket& in, const DropInfo& reason) {
  stack_.drop(reason, in.packet.bytes());
  return false;
}

bool IpsecKernel::on_header(InputPacket& in) {
  if (in.ipsec_depth >= kMaxDepth) return refuse(in, kNestedTooDeep);
  if (costs() && in.ipsec_depth == 0 && !worked_on_) [[unlikely]] {
    wait(std::move(in.packet), in.interface, true, in.link_layer_multicast);
    return false;
  }
  remove_atomic_fragment_header(in);
  switch (in.next_header) {
    case NextHeader::Esp: return on_esp(in);
    case NextHeader::AuthenticationHeader: return on_ah(in);
    default: return on_ipcomp(in);
  }
}

// Null: there is none for the packet, which has been refused.
SecurityAssociation* IpsecKernel::association_for(InputPacket& in, Protocol protocol, Spi spi) {
  if (spi < kMinSpi && protocol != Protocol::IpComp) {
    refuse(in, kReservedSpi);
    return nullptr;
  }
  SecurityAssociation* sa = sad_.inbound(spi, protocol, in.source, in.destination);
  if (sa == nullptr) {
    const DropInfo& of_ah_or_ipcomp = protocol == Protocol::Ah ? kAhUnknownSpi : kIpcompUnknownCpi;
    refuse(in, protocol == Protocol::Esp ? kEspUnknownSpi : of_ah_or_ipcomp);
    return nullptr;
  }
  // RFC 4301 §5.2 step 4: it is for what comes from its peer. Behind a NAT the peer is who has the key.
  const Ipv6Address& peer = sa->address().source;
  if (!peer.is_unspecified() && peer != in.source && !sa->parameters.udp.enabled()) {
    ++sa->counters.policy_mismatch;
    refuse(in, kWrongPeer);
    return nullptr;
  }
  return sa;
}

bool IpsecKernel::number_is_new(InputPacket& in, SecurityAssociation& sa, const ArrivedNumber& number) {
  if (number.verdict == ReplayWindow::Verdict::New) return true;
  const bool esp = sa.address().protocol == Protocol::Esp;
  if (number.verdict == ReplayWindow::Verdict::Replayed) {
    ++sa.counters.replayed;
    return refuse(in, esp ? kEspReplayed : kAhReplayed);
  }
  ++sa.counters.too_old;
  return refuse(in, esp ? kEspTooOld : kAhTooOld);
}

bool IpsecKernel::on_esp(InputPacket& in) {
  const auto header = read_esp_header(in.upper());
  if (!header) return refuse(in, *header.error());
  SecurityAssociation* sa = association_for(in, Protocol::Esp, header->spi);
  if (sa == nullptr) return false;
  const ArrivedNumber number = number_of(*sa, header->sequence);
  if (!number_is_new(in, *sa, number)) return false;
  std::uint32_t high = 0;
  EspTransform& esp = *transforms_.of(*sa, Cipher::Direction::Decrypt).esp;
  const auto opened = esp.open(in.packet, in.offset, number.high(high));
  if (!opened) {
    ++(opened.error() == &kEspBadIcv ? sa->counters.bad_icv : sa->counters.malformed);
    return refuse(in, *opened.error());
  }
  accept(*sa, number);
  if (!charge(*sa, in.packet.size() - opened->payload)) return refuse(in, kLifetimeOver);
  if (opened->next_header == NextHeader::NoNextHeader) return refuse(in, kEspDummy);
  in.next_header = opened->next_header;
  if (leaves_tunnel(in, *sa)) {  // with it goes all that stands before it
    in.offset = static_cast<std::uint32_t>(opened->payload);
    return taken_off(in, *sa);
  }
  close_gap(in.packet, in.offset, opened->payload - in.offset);
  announce(in.packet, in.next_header_field, in.next_header);
  return taken_off(in, *sa);
}

bool IpsecKernel::on_ah(InputPacket& in) {
  const auto header = read_ah_header(in.upper());
  if (!header) return refuse(in, *header.error());
  SecurityAssociation* sa = association_for(in, Protocol::Ah, header->spi);
  if (sa == nullptr) return false;
  const ArrivedNumber number = number_of(*sa, header->sequence);
  if (!number_is_new(in, *sa, number)) return false;
  std::uint32_t high = 0;
  AhTransform& ah = *transforms_.of(*sa, Cipher::Direction::Decrypt).ah;
  if (const DropInfo* reason = ah.verify(in.packet.bytes(), in.offset, number.high(high))) {
    ++(reason == &kAhBadIcv ? sa->counters.bad_icv : sa->counters.malformed);
    return refuse(in, *reason);
  }
  accept(*sa, number);
  if (!charge(*sa, in.packet.size() - in.offset - header->size)) return refuse(in, kLifetimeOver);
  in.next_header = header->next_header;
  in.next_header_field = in.offset;
  in.offset += static_cast<std::uint32_t>(header->size);
  return taken_off(in, *sa);
}

bool IpsecKernel::on_ipcomp(InputPacket& in) {
  const auto header = read_ipcomp_header(in.upper());
  if (!header) return refuse(in, *header.error());
  SecurityAssociation* sa = association_for(in, Protocol::IpComp, header->cpi);
  if (sa == nullptr) return false;
  if (deflate_ == nullptr) deflate_ = std::make_unique<Deflate>();
  if (const DropInfo* reason = deflate_->decompress(in.packet, in.offset)) {
    ++sa->counters.malformed;
    return refuse(in, *reason);
  }
  if (!charge(*sa, in.packet.size() - in.offset)) return refuse(in, kLifetimeOver);
  in.next_header = header->next_header;
  announce(in.packet, in.next_header_field, in.next_header);
  return taken_off(in, *sa);
}

// One header is off, and the packet stands behind it.
bool IpsecKernel::taken_off(InputPacket& in, SecurityAssociation& sa) {
  applied_[in.ipsec_depth++] = &sa;
  if (leaves_tunnel(in, sa)) {
    leave_tunnel(in, sa);
    return false;
  }
  if (sa.parameters.mode == Mode::Tunnel && sa.address().protocol != Protocol::IpComp) {
    ++sa.counters.policy_mismatch;
    return refuse(in, kModeMismatch);
  }
  cut_tfc_padding(in);
  if (in_udp_) renew_checksum(in);
  return true;
}

void IpsecKernel::leave_tunnel(InputPacket& in, SecurityAssociation& sa) {
  if (!is_whole_packet(in.upper(), in.next_header)) {
    ++sa.counters.malformed;
    refuse(in, kInnerMalformed);
    return;
  }
  Packet packet = std::move(in.packet);
  packet.trim_front(in.offset);
  if (const DropInfo* reason = decapsulated(packet, in.traffic_class, sa.parameters.ecn)) {
    return stack_.drop(*reason, packet.bytes());
  }
  if (TunnelInterface* tunnel = mobility_tunnel(stack_, in.destination, in.source)) [[unlikely]] {
    return leave_mobility_tunnel(*tunnel, std::move(packet), in.ipsec_depth);
  }
  put_in(*in.interface, std::move(packet), in.ipsec_depth);
}

// RFC 3776 §4.3: ESP in tunnel mode stands for the encapsulation between mobile node and home agent; what holds for what
// comes out of that holds here.
void IpsecKernel::leave_mobility_tunnel(TunnelInterface& tunnel, Packet packet, unsigned depth) {
  const Flow flow = flow_of_packet(packet.bytes());
  if (tunnel.allows_inner_source && !tunnel.allows_inner_source(flow.source)) {
    return stack_.drop(kTunnelInnerSource, packet.bytes());
  }
  ++tunnel.counters().received_packets;
  tunnel.counters().received_bytes += packet.size();
  put_in(tunnel, std::move(packet), depth);
  if (MobilityHooks* hooks = stack_.mobility_hooks()) {
    hooks->on_reverse_tunnelled(flow.source, flow.destination, NextHeader{flow.next_layer});
  }
}

void IpsecKernel::put_in(Ip6Interface& interface, Packet packet, unsigned depth) {
  const unsigned before = std::exchange(depth_, depth);
  stack_.input(interface, std::move(packet));
  depth_ = before;
}

// RFC 3948 §2: what stands behind the UDP header is ESP, a message of IKE behind four zeros, or a keepalive. True: it
// was ESP or a keepalive, and has been dealt with.
bool IpsecKernel::unwrap_udp(InputPacket& in) {
  const Bytes datagram = in.upper();
  if (in.next_header != NextHeader::Udp || datagram.size() <= kUdpHeaderSize) return false;
  if (load_be16(datagram.data() + 2) != config.udp_encapsulation_port) return false;
  const Bytes content = datagram.subspan(kUdpHeaderSize);
  if (content.size() == 1 && content[0] == 0xff) {
    refuse(in, kUdpKeepalive);
    return true;
  }
  if (content.size() < kEspHeaderSize || load_be32(content.data()) == 0) return false;
  Packet packet = std::move(in.packet);
  close_gap(packet, in.offset, kUdpHeaderSize);
  announce(packet, in.next_header_field, NextHeader::Esp);
  const bool before = std::exchange(in_udp_, true);
  put_in(*in.interface, std::move(packet), in.ipsec_depth);
  in_udp_ = before;
  return true;
}

bool IpsecKernel::admits(InputPacket& in, const IpsecSocketPolicy* socket) {
  if (in.interface->is_loopback()) return true;
  if (unwrap_udp(in)) return false;
  auto refused = [&](const DropInfo* reason) {
    if (reason == nullptr) return false;
    refuse(in, *reason);
    return true;
  };
  if (refused(judge_registration(in))) return false;
  if (socket != nullptr) {
    const SecurityPolicy& own = static_cast<const SocketPolicy*>(socket)->in;
    if (own.action != Action::Entrust) return !refused(judge(own, in.ipsec_depth));
  }
  if (spd_.empty()) return true;
  const Flow flow = flow_of_message(in.source, in.destination, in.next_header, in.upper());
  const bool by_care_of = in.type2_routed || in.home_address_care_of.has_value();
  const DropInfo* reason = judge_flow(flows_.find(spd_, Direction::In, flow), in.ipsec_depth,
                                      by_care_of ? Way::ByCareOfAddress : Way::Plain);
  if (is_icmp_error(flow)) {
    if (in.ipsec_depth > 0) {
      const bool questioned = reason != nullptr && reason != &kPolicyDiscard;
      if (questioned && error_is_as_good_as_its_subject(Direction::In, in.upper(), in.ipsec_depth)) return true;
    } else if (reason == nullptr && !config.accept_unprotected_icmp_errors) {
      const KnownFlow* subject = subject_of_error(Direction::In, in.upper());
      const bool unprotected = subject != nullptr && subject->policy != nullptr && judge(*subject->policy, 0) != nullptr;
      if (subject == nullptr || unprotected) reason = &kUnprotectedError;
    }
  }
  return !refused(reason);
}

}  // namespace kamesim::ipsec
