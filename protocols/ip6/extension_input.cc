// The extension headers of packets for this node (RFC 8200 §4.2 to §4.5, RFC 6275 §6.3, §6.4).
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

}  // namespace

Ip6Stack::Walk Ip6Stack::refuse_option(InputPacket& in, std::uint8_t type, std::size_t offset) {
  using enum UnrecognizedOptionAction;
  const auto action = unrecognized_option_action(type);
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

Ip6Stack::Walk Ip6Stack::process_hop_by_hop(InputPacket& in) {
  const Bytes bytes = header_bytes(in);
  const auto header = OptionsHeaderView::check(bytes);
  if (!header) return refuse_header(in, bytes, *header.error());
  for (const Tlv& option : header->options()) {
    if (router_alert(option)) continue;
    if (refuse_option(in, option.type, option.offset) == Walk::Stop) return Walk::Stop;
  }
  step_behind(in, bytes);
  return Walk::Next;
}

Ip6Stack::Walk Ip6Stack::process_destination_options(InputPacket& in) {
  const Bytes bytes = header_bytes(in);
  const auto header = OptionsHeaderView::check(bytes);
  if (!header) return refuse_header(in, bytes, *header.error());
  for (const Tlv& option : header->options()) {
    if (tunnel_encapsulation_limit(option)) continue;  // RFC 2473 §4.1.1: for tunnel entry points
    if (const auto home = home_address(option); home && mobility_ != nullptr) {
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
  if (!mobility_->accepts_home_address_option(home, in.source, in.destination, upper)) {
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
  if (header->segments_left() == 0) {
    step_behind(in, bytes);
    return Walk::Next;
  }
  if (header->routing_type() != kType2RoutingType || mobility_ == nullptr) {
    // RFC 8200 §4.4; RFC 5095 §3 wants the same for type 0.
    parameter_problem(in, ParameterProblemCode::ErroneousHeaderField, in.offset + kRoutingTypeOffset, kIp6UnrecognizedRoutingType);
    return Walk::Stop;
  }
  const auto type2 = Type2RoutingHeaderView::check(*header);
  if (!type2) {  // RFC 6275 §11.3.3: length 2 and one segment, or it is discarded
    drop(*type2.error(), in.packet.bytes());
    return Walk::Stop;
  }
  if (!mobility_->is_home_address(type2->home_address())) {
    drop(kIp6Type2NotHome, in.packet.bytes());
    return Walk::Stop;
  }
  in.destination = type2->home_address();
  in.type2_routed = true;
  step_behind(in, bytes);
  return Walk::Next;
}

Ip6Stack::Walk Ip6Stack::process_fragment(InputPacket& in) {
  const auto header = FragmentHeaderView::check(in.upper());
  if (!header) {
    drop(*header.error(), in.packet.bytes());
    return Walk::Stop;
  }
  const FragmentHeader f = header->value();
  const std::size_t data = in.packet.size() - in.offset - kFragmentHeaderSize;
  if (header->is_atomic()) {  // RFC 6946 §4: a packet of its own, whatever else bears its identification
    in.next_header = f.next_header;
    in.next_header_field = in.offset;
    in.offset += kFragmentHeaderSize;
    return Walk::Next;
  }
  if (f.more_fragments && data % 8 != 0) {
    // RFC 8200 §4.5: pointing to the Payload Length field.
    parameter_problem(in, ParameterProblemCode::ErroneousHeaderField, 4, kFragmentBadLength);
    return Walk::Stop;
  }
  if (in.offset - kIpv6HeaderSize + f.offset + data > 65535) {
    parameter_problem(in, ParameterProblemCode::ErroneousHeaderField, in.offset + 2, kFragmentTooLong);
    return Walk::Stop;
  }
  const std::uint32_t at = in.offset;
  const Ipv6HeaderView wire = *Ipv6HeaderView::check(in.packet.bytes());
  if (f.offset == 0) {
    // RFC 7112 §5: the first fragment holds all headers, the upper layer's included.
    const auto upper = find_upper_layer(wire);
    if (!upper || upper->offset >= in.packet.size()) {
      parameter_problem(in, ParameterProblemCode::IncompleteHeaderChain, 0, kFragmentIncompleteChain);
      return Walk::Stop;
    }
  }
  const Reassembler::Arrival arrival{.source = wire.source(), .destination = wire.destination(),
                                     .identification = f.identification, .fragment_header = at,
                                     .next_header_field = in.next_header_field, .offset = f.offset,
                                     .more = f.more_fragments};
  const Packet kept = in.packet.share();
  auto result = reassembler_.add(now(), arrival, std::move(in.packet));
  reassembly_timer_.arm_at(reassembler_.next_timeout());
  if (result.dropped != nullptr) drop(*result.dropped, kept.bytes());
  if (!result.complete) return Walk::Stop;
  in.packet = std::move(result.complete);
  in.next_header = static_cast<NextHeader>(in.packet.data()[in.next_header_field]);
  in.offset = at;
  return Walk::Next;
}

void Ip6Stack::expire_reassemblies() {
  while (auto expired = reassembler_.expire(now())) {
    if (expired->any_fragment) drop(kFragmentTimeout, expired->any_fragment.bytes());
    if (expired->first_fragment) {
      icmp6_error(Icmp6Error::time_exceeded(TimeExceededCode::FragmentReassemblyTimeExceeded,
                                            expired->first_fragment.bytes()),
                  nullptr);
    }
  }
  reassembly_timer_.arm_at(reassembler_.next_timeout());
}

}  // namespace kamesim
