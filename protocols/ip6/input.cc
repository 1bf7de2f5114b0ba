// The input path: validity, scope and destination, then the headers of packets for this node (RFC 8200 §4).
#include "protocols/ip6/icmp6_input.h"
#include "protocols/ip6/ip4_part.h"
#include "protocols/ip6/ip6_drops.h"
#include "protocols/ip6/multicast_forwarding.h"
#include "protocols/ip6/neighbor_discovery.h"
#include "protocols/ip6/stack.h"
#include "protocols/wire/ethernet.h"
#include "protocols/wire/extension_headers.h"
#include "protocols/wire/icmp6.h"
#include "protocols/wire/ipv6_header.h"

namespace kamesim {

namespace {

constexpr std::size_t kHeadersOfLinkAndIp6 = kEthernetHeaderSize + kIpv6HeaderSize;

// Of a frame that is that long.
Ipv6Address destination_of(const Packet& frame) {
  return Ipv6Address::from_bytes(frame.data() + kEthernetHeaderSize + kIpv6DestinationOffset);
}

// RFC 4291 §2.7: scope 0 is reserved, and treated like the interface's own.
bool is_of_the_interface_only(const Ipv6Address& destination) {
  return destination.is_multicast() && destination.scope() <= Scope::InterfaceLocal;
}

// Addresses that no packet on a link may bear. Null: none of them.
const DropInfo* invalid_on_wire(const Ipv6Address& source, const Ipv6Address& destination) {
  // All of them are groups, or begin with 64 zero bits.
  const bool suspect = source.high() == 0 || destination.high() == 0 || source.is_multicast() || destination.is_multicast();
  if (!suspect) [[likely]] return nullptr;
  if (source.is_multicast()) return &kIp6MulticastSource;
  if (destination.is_unspecified()) return &kIp6UnspecifiedDestination;
  if (source.is_loopback() || destination.is_loopback()) return &kIp6LoopbackOnWire;
  if (is_of_the_interface_only(destination)) return &kIp6InterfaceLocalOnWire;
  if (source.is_v4_mapped() || destination.is_v4_mapped()) return &kIp6MappedOnWire;
  return nullptr;
}

// RFC 6275 §10.4.1: of the packets for a home address that this home agent stands in for, it takes the Neighbor
// Solicitations; the rest goes on to the mobile node.
bool is_neighbor_solicitation(Bytes packet) {
  return packet.size() > kIpv6HeaderSize &&
         packet[kIpv6NextHeaderOffset] == static_cast<std::uint8_t>(NextHeader::Icmp6) &&
         packet[kIpv6HeaderSize] == static_cast<std::uint8_t>(Icmp6Type::NeighborSolicitation);
}

// A packet that was checked, and cut to its size.
[[gnu::noinline]] InputPacket going_up(Ip6Interface& interface, Packet&& packet, bool link_layer_multicast,
                                       const IpsecHooks* ipsec) {
  const Ipv6HeaderView header = Ipv6HeaderView::of_checked(packet.bytes());
  return {.packet = std::move(packet), .interface = &interface, .source = header.source(),
          .destination = header.destination(), .link_layer_multicast = link_layer_multicast,
          .ipsec_depth = static_cast<std::uint8_t>(ipsec != nullptr ? ipsec->depth() : 0),
          .hop_limit = header.hop_limit(), .traffic_class = header.traffic_class(),
          .next_header = header.next_header(), .next_header_field = kIpv6NextHeaderOffset,
          .offset = kIpv6HeaderSize};
}

}  // namespace

// The common way of a packet through a router, from one link to another: what input() and forward() ask of it is asked
// here at once, or was when the destination was looked up. False: they are to see it, and nothing was done.
inline bool Ip6Stack::forward_plainly(const Nic& nic, Packet& frame) {
  if (closer_look_ || hooks_ != nullptr || frame.size() < kHeadersOfLinkAndIp6) return false;
  const std::uint8_t* const data = frame.data();
  const std::uint8_t* const header = data + kEthernetHeaderSize;
  const bool is_ip6 = load_be16(data + kEtherTypeOffset) == static_cast<std::uint16_t>(EtherType::Ipv6);
  const bool whole = load_be16(header + kIpv6PayloadLengthOffset) + kHeadersOfLinkAndIp6 == frame.size();  // and without padding
  if ((data[0] & 1) != 0 || !is_ip6 || header[0] >> 4 != 6 || !whole) return false;
  if (header[kIpv6NextHeaderOffset] == static_cast<std::uint8_t>(NextHeader::HopByHopOptions)) return false;
  const std::uint8_t hop_limit = header[kIpv6HopLimitOffset];
  const auto source = Ipv6Address::from_bytes(header + kIpv6SourceOffset);
  if (hop_limit <= 1 || source.high() == 0 || source.is_multicast() || source.is_link_local()) return false;

  const auto destination = Ipv6Address::from_bytes(header + kIpv6DestinationOffset);
  const Destination* to = destinations_.at(prepared_, destination);
  if (to == nullptr) to = destinations_.peek(destination);
  if (to == nullptr || to->address != destination || to->generation != destination_generation()) return false;
  if (to->plain == nullptr || to->plain == &nic || frame.size() > to->link_mtu + kEthernetHeaderSize) return false;
  to->plain->prepare_pipe();
  const Time now = node_.now();
  if (to->valid_until <= now || !to->neighbor->ready(now)) return false;
  count(Counted::Received);
  count(Counted::Forwarded);
  std::uint8_t* const out = frame.mutable_data();
  to->neighbor->mac.copy_to(out);
  to->plain->mac().copy_to(out + MacAddress::kSize);
  out[kEthernetHeaderSize + kIpv6HopLimitOffset] = static_cast<std::uint8_t>(hop_limit - 1);
  to->plain->send(std::move(frame));
  return true;
}

void Ip6Stack::on_frame(Nic& nic, Packet frame) {
  if (some_plain_ && forward_plainly(nic, frame)) return;
  const auto header = EthernetHeaderView::check(frame.bytes());
  if (!header) return drop(*header.error(), frame.bytes());
  EthernetInterface& interface = *interface_by_nic_[nic.index()];
  if (header->ethertype() != EtherType::Ipv6) [[unlikely]] return other_frame(interface, std::move(frame));
  if (interface.disabled()) [[unlikely]] return drop(kIp6Disabled, frame.bytes());
  const bool group = (frame.data()[0] & 1) != 0 && interface.has_link_layer_addresses();
  frame.trim_front(kEthernetHeaderSize);
  input(interface, std::move(frame), group);
}

// What a packet that is forwarded waits for, one after the other: the entry of its destination, and what that refers to.
void Ip6Stack::prepare(const Packet& frame) {
  if (!some_plain_) return frame.prefetch_whole();  // it will be read to its end, for its checksum
  if (destinations_.slots().empty() || frame.size() < kHeadersOfLinkAndIp6) return;
  prepared_ = static_cast<std::uint16_t>(destinations_.likely_place(destination_of(frame)));
  __builtin_prefetch(&destinations_.slots()[prepared_]);
}

inline void Ip6Stack::prepare_for(const Destination& to, const Packet& frame) const {
  if (to.plain == nullptr) return frame.prefetch_whole();
  __builtin_prefetch(to.neighbor);
  to.plain->prepare_to_send();
}

void Ip6Stack::prepare_further(const Packet& frame) {
  if (!some_plain_ || frame.size() < kHeadersOfLinkAndIp6) return;
  const Destination* const to = destinations_.at(prepared_, destination_of(frame));
  if (to == nullptr) return prepare_elsewhere(frame);
  prepare_for(*to, frame);
}

// It is in another slot, or there is none for it yet.
void Ip6Stack::prepare_elsewhere(const Packet& frame) {
  const Destination* const to = destinations_.peek(destination_of(frame));
  if (to == nullptr) return;
  prepared_ = static_cast<std::uint16_t>(to - destinations_.slots().data());
  prepare_for(*to, frame);
}

void Ip6Stack::other_frame(EthernetInterface& interface, Packet frame) {
  const EtherType type = EthernetHeaderView::check(frame.bytes())->ethertype();
  if (ip4() == nullptr || (type != EtherType::Ipv4 && type != EtherType::Arp)) {
    return drop(kIp6UnknownEtherType, frame.bytes());
  }
  const bool group = (frame.data()[0] & 1) != 0;
  frame.trim_front(kEthernetHeaderSize);
  ip4()->on_frame(interface, type, std::move(frame), group);
}

void Ip6Stack::input(Ip6Interface& interface, Packet&& packet, bool link_layer_multicast) {
  const auto header = Ipv6HeaderView::check(packet.bytes());
  if (!header && is_ip4(packet.bytes()) && ip4() != nullptr) {
    return ip4()->input(interface, std::move(packet), link_layer_multicast);
  }
  count(Counted::Received);
  if (!header) return drop(*header.error(), packet.bytes());
  packet.truncate(header->packet().size());  // Ethernet padding
  const Ipv6Address source = header->source();
  const Ipv6Address destination = header->destination();
  const bool own_group = looping_back_ && is_of_the_interface_only(destination);  // RFC 4291 §2.7
  if (!interface.is_loopback() && !own_group) {
    if (const DropInfo* reason = invalid_on_wire(source, destination)) return drop(*reason, packet.bytes());
  }
  auto up = [&] { return going_up(interface, std::move(packet), link_layer_multicast, ipsec_hooks()); };
  if (says_jumbogram(packet.data())) [[unlikely]] {
    InputPacket look = up();
    if (!length_is_told(look)) return;
    packet = std::move(look.packet);
  }
  if (destination.is_multicast()) {
    const bool forwarded = multicast() != nullptr && config().forwarding && multicast()->in_use() && !looping_back_;
    if (forwarded) [[unlikely]] {
      InputPacket look = up();
      packet = look.packet.share();
      forward_multicast(look);
    }
    if (interface.in_group(destination)) return local_input(up());
    if (!forwarded) drop(kIp6GroupNotJoined, packet.bytes());
    return;
  }
  const Destination& to = route_to(destination, destination.is_link_local() ? &interface : nullptr);
  if (to.kind == RouteKind::Local && to.interface != nullptr) return local_input(up());
  if (to.kind == RouteKind::Proxied && is_neighbor_solicitation(packet.bytes())) return local_input(up());
  if (!config().forwarding) return drop(kIp6NotForUs, packet.bytes());
  if (header->next_header() == NextHeader::HopByHopOptions && config().rules.hop_by_hop_on_path) [[unlikely]] {
    // RFC 8200 §4.3: the options are for every node of the path that is to process them; the copy keeps the packet as
    // it came.
    InputPacket look = up();
    packet = look.packet.share();
    if (process_hop_by_hop(look, OptionsFor::Path) == Walk::Stop) return;
    if (look.router_alert && heeds_router_alert(look)) return;
    const Destination again = route_to(destination, destination.is_link_local() ? &interface : nullptr);
    return forward_by_flow(interface, std::move(packet), again, link_layer_multicast);
  }
  if (to.multipath) [[unlikely]] return forward_by_flow(interface, std::move(packet), to, link_layer_multicast);
  forward(interface, std::move(packet), to, link_layer_multicast);
}

void Ip6Stack::forward_by_flow(Ip6Interface& interface, Packet&& packet, const Destination& routed,
                               bool link_layer_multicast) {
  Destination to = routed;
  if (to.multipath) use_path_of_flow(packet.bytes(), to);
  forward(interface, std::move(packet), to, link_layer_multicast);
}

// RFC 8200 §4.3: hop-by-hop options are for routers on the way of packets for groups as well.
void Ip6Stack::forward_multicast(const InputPacket& in) {
  if (in.next_header == NextHeader::HopByHopOptions && config().rules.hop_by_hop_on_path) {
    InputPacket look{.packet = in.packet.share(), .interface = in.interface, .source = in.source,
                     .destination = in.destination, .link_layer_multicast = in.link_layer_multicast,
                     .hop_limit = in.hop_limit, .traffic_class = in.traffic_class, .next_header = in.next_header,
                     .next_header_field = in.next_header_field, .offset = in.offset};
    // A member hears of bad options as it takes the packet in.
    if (in.interface->in_group(in.destination)) return multicast()->forward(in);
    if (process_hop_by_hop(look, OptionsFor::Path) == Walk::Stop) return;
    if (look.router_alert && heeds_router_alert(look)) return;
  }
  if (filter() != nullptr && !passes_filter(*in.interface, nullptr, in.packet.bytes(), in.link_layer_multicast)) return;
  multicast()->forward(in);
}

// RFC 2675 §3: the Payload Length is zero and hop-by-hop options follow. They have to tell the length, to every node
// on the way. False: the packet was refused.
bool Ip6Stack::length_is_told(InputPacket& in) {
  if (config().jumbograms && jumbo_payload_length_of(in.packet.bytes()) != 0) return true;
  parameter_problem(in, ParameterProblemCode::ErroneousHeaderField, kIpv6PayloadLengthOffset, kIp6JumboPayload);
  return false;
}

// RFC 2711 §2.2: a router looks closer at what is marked for it. True: who asked for such packets has taken this one.
bool Ip6Stack::heeds_router_alert(InputPacket& in) {
  const auto header = *Ipv6HeaderView::check(in.packet.bytes());
  const auto upper = find_upper_layer(header);
  if (!upper || upper->in_non_first_fragment) return false;
  in.next_header = upper->protocol;
  in.next_header_field = static_cast<std::uint32_t>(upper->next_header_offset);
  in.offset = static_cast<std::uint32_t>(upper->offset);
  bool taken = false;
  if (rare_ == nullptr) return taken;
  for (std::size_t i = 0; i < rare_->router_alert_listeners.size(); ++i) {
    taken |= rare_->router_alert_listeners[i]->on_router_alert(in, *in.router_alert);
  }
  return taken;
}

void Ip6Stack::local_input(InputPacket in) {
  if (filter() != nullptr && !passes_filter(*in.interface, nullptr, in.packet.bytes(), in.link_layer_multicast)) return;
  for (unsigned headers = 0; headers <= config().max_extension_headers; ++headers) {
    Walk walk = Walk::Stop;
    switch (in.next_header) {
      case NextHeader::HopByHopOptions:
        if (in.next_header_field != kIpv6NextHeaderOffset) {
          return parameter_problem(in, ParameterProblemCode::UnrecognizedNextHeader, in.next_header_field, kIp6HopByHopNotFirst);
        }
        walk = process_hop_by_hop(in, OptionsFor::Destination);
        break;
      case NextHeader::DestinationOptions: walk = process_destination_options(in); break;
      case NextHeader::Routing: walk = process_routing_header(in); break;
      case NextHeader::Fragment: walk = process_fragment(in); break;
      case NextHeader::Esp:
      case NextHeader::AuthenticationHeader:
      case NextHeader::IpComp:
        if (ipsec_hooks() == nullptr) return deliver(in);
        walk = ipsec_hooks()->on_header(in) ? Walk::Next : Walk::Stop;
        break;
      case NextHeader::NoNextHeader: return drop(kIp6NoNextHeader, in.packet.bytes());
      default: return deliver(in);
    }
    if (walk == Walk::Stop) return;
  }
  drop(kIp6TooManyHeaders, in.packet.bytes());
}

void Ip6Stack::deliver(InputPacket& in) {
  // RFC 6275 §9.3.1: the option was let through for what AH or ESP hid.
  if (in.home_address_care_of && in.ipsec_depth > 0 &&
      !mobility_hooks()->accepts_home_address_option(in.source, *in.home_address_care_of, in.destination,
                                                     in.next_header)) {
    return drop(kIp6HomeAddressRefused, in.packet.bytes());
  }
  PacketHandler* handler = in.next_header == NextHeader::Icmp6 ? &icmp6() : upper_layer(in.next_header);
  IpsecHooks* const ipsec = ipsec_hooks();
  if (ipsec != nullptr && !ipsec->admits(in, handler != nullptr ? handler->ipsec_policy(in) : nullptr)) [[unlikely]] {
    return;
  }
  if (handler == nullptr) {
    return parameter_problem(in, ParameterProblemCode::UnrecognizedNextHeader, in.next_header_field, kIp6UnrecognizedNextHeader);
  }
  count(Counted::Delivered);
  handler->on_packet(in);
}

void Ip6Stack::parameter_problem(InputPacket& in, ParameterProblemCode code, std::size_t pointer, const DropInfo& reason) {
  drop(reason, in.packet.bytes());
  icmp6_error(Icmp6Error::parameter_problem(code, static_cast<std::uint32_t>(pointer), in.packet.bytes()), in.interface,
              in.link_layer_multicast);
}

}  // namespace kamesim
