#include "protocols/ip6/icmp6_input.h"

#include "protocols/ip6/ip6_drops.h"
#include "protocols/ip6/neighbor_discovery.h"
#include "protocols/wire/checksum.h"
#include "protocols/wire/extension_headers.h"
#include "protocols/wire/icmp6.h"
#include "protocols/wire/ipv6_header.h"
#include "protocols/wire/routing_header.h"

namespace kamesim {

namespace {

// The packet that an error quotes, as its sender meant it: where it was to go in the end.
struct Quoted {
  Ipv6Address source;
  Ipv6Address wire_destination;
  std::optional<Ipv6Address> type2_home;  // the home address in a type 2 routing header
  UpperLayer upper;
};

std::optional<Quoted> parse_quoted(Bytes bytes) {
  const auto header = Ipv6HeaderView::check_quoted(bytes);
  if (!header) return std::nullopt;
  const auto upper = find_upper_layer(*header);
  if (!upper) return std::nullopt;
  Quoted quoted{header->source(), header->destination(), std::nullopt, *upper};
  ExtensionHeaderWalk walk(*header);
  for (auto step = walk.next(); step && *step; step = walk.next()) {
    if ((*step)->type != NextHeader::Routing) continue;
    const auto routing = RoutingHeaderView::check((*step)->bytes);
    if (!routing || routing->routing_type() != kType2RoutingType) continue;
    if (const auto type2 = Type2RoutingHeaderView::check(*routing)) quoted.type2_home = type2->home_address();
  }
  return quoted;
}

}  // namespace

void Icmp6Input::on_packet(InputPacket& in) {
  const Bytes message = in.upper();
  if (message.size() < kIcmp6HeaderSize) return stack_.drop(kIcmp6Truncated, in.packet.bytes());
  if (!upper_layer_checksum_ok(in.source, in.destination, NextHeader::Icmp6, message)) {
    return stack_.drop(kIcmp6BadChecksum, in.packet.bytes());
  }
  PacketHandler* sockets = stack_.upper_layer(NextHeader::Icmp6);
  const auto type = static_cast<Icmp6Type>(message[0]);
  if (is_error(type)) {
    error(in);
  } else if (type == Icmp6Type::EchoRequest) {
    reply_to_echo(in);
  } else if (type >= Icmp6Type::RouterSolicitation && type <= Icmp6Type::Redirect) {
    if (in.interface->nd() != nullptr) in.interface->nd()->input(in);
  } else if (!is_known(type)) {  // RFC 4443 §2.4 b
    return stack_.drop(kIcmp6UnknownType, in.packet.bytes());
  }
  if (sockets != nullptr) sockets->on_packet(in);
}

void Icmp6Input::reply_to_echo(const InputPacket& in) {
  const Bytes request = in.upper();
  Packet reply = stack_.node().packets().copy_of(request);
  std::uint8_t* bytes = reply.mutable_data();
  bytes[0] = static_cast<std::uint8_t>(Icmp6Type::EchoReply);
  bytes[1] = 0;
  OutputRequest out{.destination = in.source, .next_header = NextHeader::Icmp6,
                    .checksum_offset = static_cast<int>(kIcmp6ChecksumOffset)};
  // RFC 4443 §4.2: from the address that was asked, unless that is a group or anycast.
  if (!in.destination.is_multicast()) {
    const InterfaceAddress* own = stack_.find_own_address(in.destination, in.interface);
    if (own != nullptr && !own->anycast) out.source = in.destination;
  }
  if (in.source.is_link_local() || in.destination.is_link_local()) out.interface = in.interface;
  stack_.output(std::move(reply), out);
}

void Icmp6Input::error(const InputPacket& in) {
  const auto message = Icmp6ErrorView::check(in.upper());
  if (!message) return stack_.drop(*message.error(), in.packet.bytes());
  const Icmp6Error error = message->value();
  const auto quoted = parse_quoted(error.invoking_packet);
  // Only what this node may have sent: from one of its addresses.
  if (!quoted || stack_.find_own_address(quoted->source, in.interface) == nullptr) {
    return stack_.drop(kIcmp6ErrorNotOurs, in.packet.bytes());
  }
  if (error.type == Icmp6Type::PacketTooBig) {
    // RFC 8201 §4: less than 1280 is not a path; nor is more than the link.
    if (error.parameter < kIpv6MinimumMtu) return stack_.drop(kIcmp6PacketTooBigInvalid, in.packet.bytes());
    if (stack_.path_mtu().update(quoted->wire_destination, error.parameter, stack_.now())) stack_.invalidate_destinations();
  }
  if (error.type == Icmp6Type::DestinationUnreachable && quoted->type2_home && stack_.mobility_hooks() != nullptr) {
    stack_.mobility_hooks()->on_care_of_unreachable(*quoted->type2_home);
  }
  if (quoted->upper.in_non_first_fragment) return;
  if (PacketHandler* handler = stack_.upper_layer(quoted->upper.protocol)) {
    handler->on_icmp6_error(error, quoted->upper.offset);
  }
}

}  // namespace kamesim
