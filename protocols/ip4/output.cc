// The output path of IPv4 (RFC 791 §3.2, RFC 1122 §3.3).
#include <algorithm>
#include <array>

#include "protocols/ip4/drops.h"
#include "protocols/ip4/stack.h"
#include "protocols/wire/checksum.h"

namespace kamesim {

namespace {

constexpr std::uint8_t kDefaultTtl = 64;  // RFC 1122 §3.2.1.7, RFC 1700

Ipv4Bits destination_of(const Packet& packet) { return Ipv4HeaderView::check_quoted(packet.bytes())->destination(); }

// RFC 791 §3.1: the header of every fragment but the first has the options only that say they are to be copied.
std::size_t write_header_of_later_fragment(Bytes header, std::uint8_t* out) {
  std::memcpy(out, header.data(), kIpv4HeaderSize);
  std::size_t size = kIpv4HeaderSize;
  Ipv4OptionWalk walk(header.subspan(kIpv4HeaderSize));
  while (const auto option = walk.next()) {
    if ((option->front() & kIpv4OptionCopied) == 0) continue;
    std::memcpy(out + size, option->data(), option->size());
    size += option->size();
  }
  while (size % 4 != 0) out[size++] = kIpv4EndOfOptions;
  out[0] = static_cast<std::uint8_t>(0x40 | size / 4);
  return size;
}

}  // namespace

SendError Ip4Stack::output(Packet payload, const OutputRequest& request) {
  const Ipv4Bits destination = ipv4_of(request.destination);
  Destination to;
  if (destination == kIpv4LimitedBroadcast) {
    const auto first = std::ranges::find_if(interfaces_, [](const auto& i) { return i->arp != nullptr && i->link->up(); });
    to.interface = request.interface != nullptr       ? request.interface
                   : first != interfaces_.end() ? (*first)->link
                                                : nullptr;
    to.next_hop = request.destination;
    to.kind = RouteKind::Unicast;
    to.mtu = to.link_mtu = to.interface != nullptr ? to.interface->mtu() : 0;
  } else if (!ipv4_is_multicast(destination)) {
    const bool by_neighbor = request.next_hop.is_v4_mapped() && !(request.next_hop == kV4MappedAny);
    to = common_.route_to(by_neighbor ? request.next_hop : request.destination, request.interface);
  }
  Ipv6Address source = request.source;
  if (source.is_unspecified() || source == kV4MappedAny) {
    const InterfaceAddress* chosen = select_source(request.destination, to.interface);
    if (chosen != nullptr) source = chosen->address;
  }
  if (!source.is_v4_mapped() || source == kV4MappedAny) {
    drop(kIp4NoSourceAddress, payload.bytes());
    return SendError::NoSourceAddress;
  }
  if (payload.size() > kIpv4MaxPacket - kIpv4HeaderSize) {
    drop(kIp4TooLong, payload.bytes());
    return SendError::MessageTooLong;
  }
  if (request.checksum_offset >= 0) {
    if (request.next_header == NextHeader::Icmp4) {
      fill_icmp4_checksum(payload.mutable_bytes());
    } else {
      // The pseudo-headers of IPv4 and of IPv6 with v4-mapped addresses have the same sum (RFC 768, RFC 8200 §8.1).
      fill_upper_layer_checksum(source, request.destination, request.next_header, payload.mutable_bytes(),
                                static_cast<std::size_t>(request.checksum_offset));
    }
  }
  // RFC 1191 §6.1: TCP's segments are sized by the path's MTU, and are not to be fragmented.
  const bool dont_fragment = request.next_header == NextHeader::Tcp || request.dont_fragment;
  const auto total = static_cast<std::uint16_t>(payload.size() + kIpv4HeaderSize);
  Ipv4Header{.type_of_service = request.traffic_class, .total_length = total,
             .identification = static_cast<std::uint16_t>(identifications_.next_u32()),
             .dont_fragment = dont_fragment, .ttl = request.hop_limit.value_or(kDefaultTtl),
             .protocol = request.next_header, .source = ipv4_of(source), .destination = destination}
      .write(payload.prepend(kIpv4HeaderSize));
  common_.count(Ip6Stack::Counted::Sent);
  if (IpsecHooks* ipsec = common_.ipsec_hooks(); ipsec != nullptr) [[unlikely]] {
    switch (ipsec->on_output({payload, source, request.destination, request.interface, dont_fragment, request.ipsec})) {
      case IpsecHooks::Output::GoOn: break;
      case IpsecHooks::Output::Sent: return SendError::None;
      case IpsecHooks::Output::Refused: return SendError::Unreachable;
      case IpsecHooks::Output::TooLong: return SendError::MessageTooLong;
    }
  }
  if (to.multipath) common_.use_path_of_flow(payload.bytes(), to);
  return send_to(to, std::move(payload));
}

SendError Ip4Stack::output_packet(Packet packet, Ip6Interface* zone) {
  Destination to = common_.route_to(v4_mapped(destination_of(packet)), zone);
  if (to.multipath) common_.use_path_of_flow(packet.bytes(), to);
  return send_to(to, std::move(packet));
}

SendError Ip4Stack::send_to(const Destination& to, Packet packet) {
  if (to.interface == nullptr || to.kind == RouteKind::Reject) {
    drop(to.interface == nullptr ? kIp4NoRoute : kIp4RejectRoute, packet.bytes());
    return SendError::NoRoute;
  }
  if (to.kind == RouteKind::Blackhole) {
    drop(kIp4Blackhole, packet.bytes());
    return SendError::None;
  }
  if (to.kind == RouteKind::Local) {
    common_.loop_back(std::move(packet));
    return SendError::None;
  }
  if (packet.size() <= to.mtu) {
    hand_over(*to.interface, std::move(packet), to.next_hop);
    return SendError::None;
  }
  if (Ipv4HeaderView::check_quoted(packet.bytes())->dont_fragment()) {
    drop(kIp4FragmentationNeeded, packet.bytes());
    return SendError::MessageTooLong;
  }
  return fragment(*to.interface, std::move(packet), to.mtu, to.next_hop);
}

void Ip4Stack::hand_over(Ip6Interface& interface, Packet packet, const Ipv6Address& next_hop) {
  interface.send(std::move(packet), next_hop);
}

SendError Ip4Stack::fragment(Ip6Interface& interface, Packet packet, std::uint32_t mtu, const Ipv6Address& next_hop) {
  const Ipv4HeaderView header = *Ipv4HeaderView::check_quoted(packet.bytes());
  const Bytes whole = packet.bytes();
  std::array<std::uint8_t, kIpv4MaxHeaderSize> later{};
  const std::size_t first_size = header.header_size();
  const std::size_t later_size = write_header_of_later_fragment(whole.first(first_size), later.data());
  if (mtu < first_size + 8) {
    drop(kIp4FragmentationNeeded, whole);
    return SendError::MessageTooLong;
  }
  const Bytes data = whole.subspan(first_size);
  // RFC 791 §3.2: a fragment may be cut again, and keeps its place in the whole.
  const std::size_t base = header.fragment_offset();
  for (std::size_t offset = 0; offset < data.size();) {
    const Bytes own_header = offset == 0 ? whole.first(first_size) : Bytes(later.data(), later_size);
    const std::size_t size = std::min((mtu - own_header.size()) / 8 * 8, data.size() - offset);
    const bool last = offset + size == data.size();
    Packet piece = common_.allocate(own_header.size() + size);
    std::uint8_t* out = piece.mutable_data();
    std::memcpy(out, own_header.data(), own_header.size());
    std::memcpy(out + own_header.size(), data.data() + offset, size);
    Ipv4HeaderEditor(out).set_extent(static_cast<std::uint16_t>(piece.size()), static_cast<std::uint16_t>(base + offset),
                                     !last || header.more_fragments());
    hand_over(interface, std::move(piece), next_hop);
    offset += size;
  }
  return SendError::None;
}

}  // namespace kamesim
