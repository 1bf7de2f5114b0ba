// The input path of IPv4 (RFC 1122 §3.2.1, RFC 1812 §5.2).
#include "protocols/ip4/drops.h"
#include "protocols/ip4/stack.h"

namespace kamesim {

namespace {

// What the common reassembly says of fragments, as it concerns IPv4.
const DropInfo& of_ip4(const DropInfo& reason) {
  constexpr std::pair<const DropInfo*, const DropInfo*> kSame[] = {
      {&kFragmentOverlap, &kIp4FragmentOverlap},     {&kFragmentInconsistentEnd, &kIp4FragmentEnd},
      {&kFragmentTooLong, &kIp4FragmentTooLong},     {&kFragmentLimit, &kIp4FragmentLimit},
      {&kFragmentDuplicate, &kIp4FragmentDuplicate}, {&kFragmentCongestion, &kIp4FragmentCongestion},
  };
  for (const auto& [general, own] : kSame) {
    if (general == &reason) return *own;
  }
  return reason;
}

bool is_ipsec(NextHeader protocol) {
  return protocol == NextHeader::Esp || protocol == NextHeader::AuthenticationHeader || protocol == NextHeader::IpComp;
}

}  // namespace

// Addresses that no packet from a link may bear. Null: none of them.
const DropInfo* Ip4Stack::refuses(const Arrival& in) const {
  if (in.interface.is_loopback()) return nullptr;
  const Ipv4Bits source = in.header.source(), destination = in.header.destination();
  // RFC 1122 §3.2.1.3 a: who looks for an address has none yet, and says so to its own network.
  const bool looking_for_one = source == kIpv4Any && destination == kIpv4LimitedBroadcast;
  if (!looking_for_one && !ipv4_identifies_a_host(source)) return &kIp4BadSource;
  if (is_broadcast_on(in.interface, source)) return &kIp4BadSource;
  if (ipv4_is_multicast(destination)) return &kIp4Multicast;
  const bool reserved = ipv4_is_reserved(destination) && destination != kIpv4LimitedBroadcast;
  if (reserved || ipv4_is_loopback(destination) || ipv4_is_this_network(destination)) return &kIp4BadDestination;
  return nullptr;
}

// RFC 1122 §3.2.1.8: options that a node does not know are passed over. Source routes are not followed (RFC 7126).
bool Ip4Stack::options_in_order(const Arrival& in, Bytes packet) {
  const Bytes options = in.header.options();
  Ipv4OptionWalk walk(options);
  while (const auto option = walk.next()) {
    const std::uint8_t type = option->front();
    if (type == kIpv4LooseSourceRoute || type == kIpv4StrictSourceRoute) {
      drop(kIp4SourceRoute, packet);
      return false;
    }
  }
  if (const auto at = walk.malformed_at()) {
    drop(kIp4BadOptions, packet);
    const auto pointer = static_cast<std::uint32_t>(kIpv4HeaderSize + *at);
    send_icmp({Icmp4Type::ParameterProblem, 0, pointer << 24}, packet, &in.interface, in.link_layer_broadcast);
    return false;
  }
  return true;
}

void Ip4Stack::input(Ip6Interface& interface, Packet packet, bool link_layer_broadcast) {
  common_.count(Ip6Stack::Counted::Received);
  const auto header = Ipv4HeaderView::check(packet.bytes());
  if (!header) return drop(*header.error(), packet.bytes());
  packet.truncate(header->packet().size());  // Ethernet padding
  const Arrival arrival{interface, *header, link_layer_broadcast};
  if (const DropInfo* reason = refuses(arrival)) return drop(*reason, packet.bytes());
  const Ipv4Bits destination = header->destination();
  const bool broadcast = is_broadcast_on(interface, destination);
  if (link_layer_broadcast && !broadcast) return drop(kIp4LinkBroadcast, packet.bytes());
  if (header->header_size() > kIpv4HeaderSize && !options_in_order(arrival, packet.bytes())) return;
  if (broadcast || interface.is_loopback() || find_address(v4_mapped(destination), nullptr) != nullptr) {
    return local_input(interface, std::move(packet), broadcast);
  }
  if (!common_.forwarding()) return drop(kIp4NotForUs, packet.bytes());
  forward(interface, std::move(packet));
}

void Ip4Stack::local_input(Ip6Interface& interface, Packet packet, bool broadcast) {
  if (!passes_filter(interface, nullptr, packet.bytes(), broadcast)) return;
  if (Ipv4HeaderView::check_quoted(packet.bytes())->is_fragment()) {
    return reassemble(interface, std::move(packet), broadcast);
  }
  deliver(interface, std::move(packet), broadcast);
}

void Ip4Stack::reassemble(Ip6Interface& interface, Packet packet, bool broadcast) {
  const Ipv4HeaderView header = *Ipv4HeaderView::check_quoted(packet.bytes());
  const IpsecHooks* ipsec = common_.ipsec_hooks();
  const std::size_t data = packet.size() - header.header_size();
  // RFC 791 §3.2: all fragments but the last are of whole units of 8 octets.
  if (data == 0 || (header.more_fragments() && data % 8 != 0)) return drop(kIp4FragmentLength, packet.bytes());
  if (header.header_size() + header.fragment_offset() + data > kIpv4MaxPacket) {
    return drop(kIp4FragmentTooLong, packet.bytes());
  }
  const Reassembler::Arrival arrival{
      .source = v4_mapped(header.source()), .destination = v4_mapped(header.destination()),
      // RFC 791 §3.2: packets are told apart by protocol too.
      .identification = static_cast<std::uint32_t>(header.protocol()) << 16 | header.identification(),
      .interface_index = interface.index(), .fragment_header = static_cast<std::uint32_t>(header.header_size()),
      .next_header_field = kIpv4ProtocolOffset, .offset = header.fragment_offset(), .more = header.more_fragments(),
      .traffic_class = header.type_of_service(), .ip4 = true,
      .protection = ipsec != nullptr ? ipsec->protection_tag(ipsec->depth()) : 0};
  Packet fragment = packet.share();
  Reassembler::Result result = reassembler_.add(common_.now(), arrival, std::move(packet));
  for (unsigned i = 0; i < result.evicted; ++i) drop(kIp4FragmentEvicted, {});
  if (result.dropped != nullptr) drop(of_ip4(*result.dropped), fragment.bytes());
  reassembly_timer_.arm_at(reassembler_.next_timeout());
  if (result.complete) deliver(interface, std::move(result.complete), broadcast);
}

void Ip4Stack::expire_reassemblies() {
  while (const auto expired = reassembler_.expire(common_.now())) {
    if (expired->any_fragment) drop(kIp4FragmentTimeout, expired->any_fragment.bytes());
    // RFC 1122 §3.3.2: only if the first fragment is there, which tells what it was about.
    if (expired->first_fragment) {
      send_icmp({Icmp4Type::TimeExceeded, static_cast<std::uint8_t>(TimeExceededCode::FragmentReassemblyTimeExceeded)},
                expired->first_fragment.bytes(), nullptr, false);
    }
  }
  reassembly_timer_.arm_at(reassembler_.next_timeout());
}

void Ip4Stack::deliver(Ip6Interface& interface, Packet packet, bool broadcast) {
  const Ipv4HeaderView header = *Ipv4HeaderView::check_quoted(packet.bytes());
  IpsecHooks* ipsec = common_.ipsec_hooks();
  InputPacket in{.packet = std::move(packet), .interface = &interface, .source = v4_mapped(header.source()),
                 .destination = v4_mapped(header.destination()), .link_layer_multicast = broadcast,
                 .ipsec_depth = static_cast<std::uint8_t>(ipsec != nullptr ? ipsec->depth() : 0),
                 .hop_limit = header.ttl(), .traffic_class = header.type_of_service(),
                 .next_header = header.protocol(), .next_header_field = kIpv4ProtocolOffset,
                 .offset = static_cast<std::uint32_t>(header.header_size())};
  while (ipsec != nullptr && is_ipsec(in.next_header)) [[unlikely]] {
    if (!ipsec->on_header(in)) return;
  }
  PacketHandler* handler = common_.upper_layer(in.next_header);
  if (ipsec != nullptr && !ipsec->admits(in, handler != nullptr ? handler->ipsec_policy(in) : nullptr)) [[unlikely]] {
    return;
  }
  if (in.next_header == NextHeader::Icmp4) {
    common_.count(Ip6Stack::Counted::Delivered);
    return icmp_input(in);
  }
  // ICMPv6 and the headers of IPv6 have no place here.
  if (handler == nullptr || in.next_header == NextHeader::Icmp6) {
    drop(kIp4UnrecognizedProtocol, in.packet.bytes());
    return send_icmp({Icmp4Type::DestinationUnreachable, static_cast<std::uint8_t>(Icmp4UnreachableCode::Protocol)},
                     in.packet.bytes(), &interface, broadcast);
  }
  common_.count(Ip6Stack::Counted::Delivered);
  handler->on_packet(in);
}

}  // namespace kamesim
