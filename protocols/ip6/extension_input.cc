// The extension headers of packets for this node (RFC 8200 §4.2 to §4.5, RFC 6275 §6.3, §6.4).
#include <algorithm>

#include "protocols/ip6/ip6_drops.h"
#include "protocols/ip6/stack.h"
#include "protocols/wire/extension_headers.h"
#include "protocols/wire/fragment_header.h"
#include "protocols/wire/icmp6.h"
#include "protocols/wire/options_header.h"
#include "protocols/wire/routing_header.h"

namespace kamesim {

namespace {

constexpr std::size_t kHeaderLengthOffset = 1, kOptionsOffset = 2;  // RFC 8200 §4.3

// The whole header at in.offset, all of whose kinds here begin with Next Header and Hdr Ext Len.
Bytes header_bytes(const InputPacket& in) {
  const Bytes rest = in.upper();
  if (rest.size() < 8) return {};
  const std::size_t size = 8 * (std::size_t{rest[1]} + 1);
  return size <= rest.size() ? rest.first(size) : Bytes{};
}

void step_behind(InputPacket& in, Bytes header) {
  in.next_header = static_cast<NextHeader>(header[0]);
  in.next_header_field = in.offset;
  in.offset += static_cast<std::uint32_t>(header.size());
}

// RFC 8504 §5.3. Null: within the limits. The options lie inside the header.
const DropInfo* beyond_limits(const OptionLimits& limits, Bytes header) {
  if (limits.header_bytes != 0 && header.size() > limits.header_bytes) return &kIp6OptionsHeaderTooLong;
  unsigned options = 0, pad1_run = 0;
  for (std::size_t at = kOptionsOffset; at < header.size();) {
    if (header[at] == kTlvPad1) {
      ++at;
      if (limits.pad1_run != 0 && ++pad1_run > limits.pad1_run) return &kIp6TooMuchPadding;
      continue;
    }
    pad1_run = 0;
    const std::size_t data = header[at + 1];
    if (header[at] == kTlvPadN) {
      if (limits.padn_bytes != 0 && data > limits.padn_bytes) return &kIp6TooMuchPadding;
    } else if (++options > limits.options && limits.options != 0) {
      return &kIp6TooManyOptions;
    }
    at += kTlvHeaderSize + data;
  }
  return nullptr;
}

// What the upper-layer header of a first fragment must at least hold to be whole (RFC 7112 §3).
std::size_t upper_layer_header_size(NextHeader protocol, Bytes upper) {
  constexpr std::size_t kTcp = 20, kSctp = 12, kUnknown = 1;
  switch (protocol) {
    case NextHeader::NoNextHeader: return 0;  // it ends the chain
    case NextHeader::Tcp: return upper.size() < kTcp ? kTcp : std::max<std::size_t>(kTcp, upper[12] >> 4 << 2);
    case NextHeader::Sctp: return kSctp;
    case NextHeader::Ipv6: return kIpv6HeaderSize;
    case NextHeader::Udp:
    case NextHeader::Icmp6:
    case NextHeader::Esp: return 8;
    default: return kUnknown;
  }
}

bool holds_whole_chain(const Ipv6HeaderView& first_fragment) {
  const auto upper = find_upper_layer(first_fragment);
  if (!upper) return false;
  const Bytes rest = first_fragment.packet().subspan(upper->offset);
  return rest.size() >= upper_layer_header_size(upper->protocol, rest);
}

}  // namespace

Ip6Stack::Walk Ip6Stack::refuse_option(InputPacket& in, std::uint8_t type, std::size_t offset) {
  using enum UnrecognizedOptionAction;
  const auto action = unrecognized_option_action(type);
  if (!config().option_limits.accept_unrecognized) return discard(in, kIp6UnrecognizedOption);  // RFC 8504 §5.3
  if (action == Skip) return Walk::Next;
  drop(kIp6UnrecognizedOption, in.packet.bytes());
  if (action == DiscardAndReport || (action == DiscardAndReportUnlessMulticast && !in.destination.is_multicast())) {
    icmp6_error(Icmp6Error::parameter_problem(ParameterProblemCode::UnrecognizedOption,
                                              static_cast<std::uint32_t>(in.offset + offset), in.packet.bytes()),
                in.interface, in.link_layer_multicast);
  }
  return Walk::Stop;
}

// RFC 4443 §3.4: what cannot be processed is reported by the octet that is wrong. `header` is empty when it reaches
// beyond the packet.
Ip6Stack::Walk Ip6Stack::refuse_header(InputPacket& in, Bytes header, const DropInfo& reason) {
  const std::size_t wrong = TlvOptions::overrun(header, kOptionsOffset).value_or(kHeaderLengthOffset);
  parameter_problem(in, ParameterProblemCode::ErroneousHeaderField, in.offset + wrong, reason);
  return Walk::Stop;
}

Ip6Stack::Walk Ip6Stack::discard(InputPacket& in, const DropInfo& reason) {
  drop(reason, in.packet.bytes());
  return Walk::Stop;
}

Ip6Stack::Walk Ip6Stack::process_hop_by_hop(InputPacket& in, OptionsFor whom) {
  const Bytes bytes = header_bytes(in);
  const auto header = OptionsHeaderView::check(bytes);
  if (!header) return refuse_header(in, bytes, *header.error());
  if (whom == OptionsFor::Destination) {
    if (const DropInfo* reason = beyond_limits(config().option_limits, bytes)) return discard(in, *reason);
  }
  for (const Tlv& option : header->options()) {
    if (const auto value = router_alert(option)) {
      in.router_alert = value;
      continue;
    }
    if (option.type == kJumboPayloadOption && config().jumbograms) {
      if (process_jumbo_payload(in, option) == Walk::Stop) return Walk::Stop;
      continue;
    }
    if (refuse_option(in, option.type, option.offset) == Walk::Stop) return Walk::Stop;
  }
  step_behind(in, bytes);
  return Walk::Next;
}

// RFC 2675 §3: that the option is there where the Payload Length is zero was checked first of all.
Ip6Stack::Walk Ip6Stack::process_jumbo_payload(InputPacket& in, const Tlv& option) {
  auto erroneous = [&](std::size_t offset_in_option) {
    parameter_problem(in, ParameterProblemCode::ErroneousHeaderField, in.offset + option.offset + offset_in_option,
                      kIp6JumboPayload);
    return Walk::Stop;
  };
  if (load_be16(in.packet.data() + kIpv6PayloadLengthOffset) != 0) return erroneous(0);
  const auto length = jumbo_payload_length(option);
  if (!length) return erroneous(1);                        // its own length is wrong
  if (*length <= kIpv6MaxPayload) return erroneous(kTlvHeaderSize);
  if (in.jumbogram) return erroneous(0);                   // a second one (KAME)
  in.jumbogram = true;
  return Walk::Next;
}

Ip6Stack::Walk Ip6Stack::process_destination_options(InputPacket& in) {
  const Bytes bytes = header_bytes(in);
  const auto header = OptionsHeaderView::check(bytes);
  if (!header) return refuse_header(in, bytes, *header.error());
  if (const DropInfo* reason = beyond_limits(config().option_limits, bytes)) return discard(in, *reason);
  for (const Tlv& option : header->options()) {
    if (tunnel_encapsulation_limit(option)) continue;  // RFC 2473 §4.1.1: for tunnel entry points
    if (const auto home = home_address(option); home && mobility_hooks() != nullptr) {
      if (process_home_address(in, *home, header->next_header()) == Walk::Stop) return Walk::Stop;
      continue;
    }
    if (refuse_option(in, option.type, option.offset) == Walk::Stop) return Walk::Stop;
  }
  step_behind(in, bytes);
  return Walk::Next;
}

Ip6Stack::Walk Ip6Stack::process_home_address(InputPacket& in, const Ipv6Address& home, NextHeader upper) {
  // RFC 6275 §9.3.1: a unicast routable address; and one option only.
  const bool routable = !home.is_unspecified() && !home.is_multicast() && !home.is_loopback() &&
                        !home.is_link_local() && !home.is_v4_mapped();
  if (!routable || in.home_address_care_of) {
    drop(kIp6HomeAddressInvalid, in.packet.bytes());
    return Walk::Stop;
  }
  if (!mobility_hooks()->accepts_home_address_option(home, in.source, in.destination, upper)) {
    drop(kIp6HomeAddressRefused, in.packet.bytes());
    return Walk::Stop;
  }
  in.home_address_care_of = in.source;
  in.source = home;
  return Walk::Next;
}

Ip6Stack::Walk Ip6Stack::process_routing_header(InputPacket& in) {
  const Bytes bytes = header_bytes(in);
  const auto header = RoutingHeaderView::check(bytes);
  if (!header) return refuse_header(in, bytes, *header.error());
  if (in.routing_header && config().rules.one_routing_header) return discard(in, kIp6SecondRoutingHeader);
  in.routing_header = true;
  // RFC 6275 §11.3.3: of type 2, Segments Left is 1 on the wire, or the packet is discarded.
  const bool type2_of_ours = header->routing_type() == kType2RoutingType && mobility_hooks() != nullptr;
  if (header->segments_left() == 0 && !type2_of_ours) {
    step_behind(in, bytes);
    return Walk::Next;
  }
  if (header->routing_type() == kSourceRouteType && config().rules.type_0_routing_headers) {
    return follow_source_route(in, *header);
  }
  if (!type2_of_ours) {
    // RFC 8200 §4.4; RFC 5095 §3 wants the same for type 0.
    parameter_problem(in, ParameterProblemCode::ErroneousHeaderField, in.offset + kRoutingTypeOffset,
                      kIp6UnrecognizedRoutingType);
    return Walk::Stop;
  }
  const auto type2 = Type2RoutingHeaderView::check(*header);
  if (!type2) return discard(in, *type2.error());  // RFC 6275 §11.3.3: length 2 and one segment, or it is discarded
  if (!mobility_hooks()->is_home_address(type2->home_address())) return discard(in, kIp6Type2NotHome);
  in.destination = type2->home_address();
  in.type2_routed = true;
  step_behind(in, bytes);
  return Walk::Next;
}

// The algorithm of RFC 2460 §4.4, line by line.
Ip6Stack::Walk Ip6Stack::follow_source_route(InputPacket& in, const RoutingHeaderView& header) {
  auto erroneous = [&](std::size_t offset_in_header, const DropInfo& reason) {
    parameter_problem(in, ParameterProblemCode::ErroneousHeaderField, in.offset + offset_in_header, reason);
    return Walk::Stop;
  };
  const auto route = SourceRouteView::check(header);
  if (!route) {
    const bool odd = route.error() == &kRoutingHeaderOddLength;
    return erroneous(odd ? kRoutingHeaderLengthOffset : kSegmentsLeftOffset, *route.error());
  }
  const std::size_t index = route->address_count() - route->segments_left();
  const Ipv6Address next = route->address(index);
  const Ipv6Address here = Ipv6HeaderView::check(in.packet.bytes())->destination();
  if (next.is_multicast() || here.is_multicast()) return discard(in, kIp6SourceRouteMulticast);
  // KAME: nor addresses that no packet may be sent to, by way of us least of all.
  if (next.is_unspecified() || next.is_loopback() || next.is_v4_mapped() || next.is_v4_compatible()) {
    return discard(in, kIp6SourceRouteInvalid);
  }
  Packet packet = std::move(in.packet);
  std::uint8_t* bytes = packet.mutable_data();
  std::uint8_t* routing = bytes + in.offset;
  --routing[kSegmentsLeftOffset];
  here.copy_to(routing + 8 + index * Ipv6Address::kSize);
  Ipv6HeaderEditor editor(bytes);
  editor.set_destination(next);
  const Destination& to = route_to(next, next.is_link_local() ? in.interface : nullptr);
  if (to.kind != RouteKind::Local || to.interface == nullptr || in.hop_limit <= 1) {
    forward(*in.interface, std::move(packet), to, in.link_layer_multicast, Forwarding::SourceRouted);
    return Walk::Stop;
  }
  editor.set_hop_limit(static_cast<std::uint8_t>(in.hop_limit - 1));  // the next address is ours too
  loop_back(std::move(packet));
  return Walk::Stop;
}

Ip6Stack::Walk Ip6Stack::process_fragment(InputPacket& in) {
  const auto header = FragmentHeaderView::check(in.upper());
  if (!header) return discard(in, *header.error());
  if (in.jumbogram) {  // RFC 2675 §3
    parameter_problem(in, ParameterProblemCode::ErroneousHeaderField, in.offset, kFragmentOfJumbogram);
    return Walk::Stop;
  }
  in.fragmented = true;
  const FragmentHeader f = header->value();
  const std::size_t data = in.packet.size() - in.offset - kFragmentHeaderSize;
  if (header->is_atomic() && config().rules.atomic_fragments_apart) {
    // RFC 8200 §4.5, RFC 6946 §4: a packet of its own, whatever else bears its identification. Nothing is taken out of it:
    // an error quotes it as it came, and points to where things stand in it (RFC 4443 §3.4).
    step_behind(in, in.upper().first(kFragmentHeaderSize));
    return Walk::Next;
  }
  if (f.more_fragments && data % 8 != 0) {
    // RFC 8200 §4.5: pointing to the Payload Length field.
    parameter_problem(in, ParameterProblemCode::ErroneousHeaderField, kIpv6PayloadLengthOffset, kFragmentBadLength);
    return Walk::Stop;
  }
  if (in.offset - kIpv6HeaderSize + f.offset + data > kIpv6MaxPayload) {
    parameter_problem(in, ParameterProblemCode::ErroneousHeaderField, in.offset + kFragmentOffsetFieldOffset,
                      kFragmentTooLong);
    return Walk::Stop;
  }
  const std::uint32_t at = in.offset;
  const Ipv6HeaderView wire = *Ipv6HeaderView::check(in.packet.bytes());
  if (f.offset == 0 && config().rules.whole_chain_in_first_fragment && !holds_whole_chain(wire)) {
    parameter_problem(in, ParameterProblemCode::IncompleteHeaderChain, 0, kFragmentIncompleteChain);
    return Walk::Stop;
  }
  if (data == 0 && f.more_fragments) return discard(in, kFragmentEmpty);
  const IpsecHooks* const ipsec = ipsec_hooks();
  const Reassembler::Arrival arrival{.source = wire.source(), .destination = wire.destination(),
                                     .identification = f.identification, .interface_index = in.interface->index(),
                                     .fragment_header = at, .next_header_field = in.next_header_field,
                                     .offset = f.offset, .more = f.more_fragments,
                                     .traffic_class = in.traffic_class,
                                     .protection = ipsec != nullptr ? ipsec->protection_tag(in.ipsec_depth) : 0};
  const Packet kept = in.packet.share();
  auto result = reassembler().add(now(), arrival, std::move(in.packet));
  reassembly().timer.arm_at(reassembler().next_timeout());
  for (unsigned i = 0; i < result.evicted; ++i) drop(kFragmentEvicted, {});
  if (result.dropped != nullptr) drop(*result.dropped, kept.bytes());
  if (!result.complete) return Walk::Stop;
  in.packet = std::move(result.complete);
  // What stands before the Fragment header is that of the first fragment, whichever came last.
  const Ipv6HeaderView whole = *Ipv6HeaderView::check(in.packet.bytes());
  in.traffic_class = whole.traffic_class();
  in.hop_limit = whole.hop_limit();
  in.next_header_field = result.next_header_field;
  in.next_header = static_cast<NextHeader>(in.packet.data()[in.next_header_field]);
  in.offset = result.unfragmentable;
  return Walk::Next;
}

void Ip6Stack::expire_reassemblies() {
  while (auto expired = reassembler().expire(now())) {
    if (expired->any_fragment) drop(kFragmentTimeout, expired->any_fragment.bytes());
    if (!expired->first_fragment) continue;
    const auto arrived_on = std::ranges::find(interfaces(), expired->interface_index,
                                              [](const auto& interface) { return interface->index(); });
    if (arrived_on == interfaces().end()) continue;  // it is gone, and the way back with it
    icmp6_error(Icmp6Error::time_exceeded(TimeExceededCode::FragmentReassemblyTimeExceeded,
                                          expired->first_fragment.bytes()),
                arrived_on->get());
  }
  reassembly().timer.arm_at(reassembler().next_timeout());
}

}  // namespace kamesim
