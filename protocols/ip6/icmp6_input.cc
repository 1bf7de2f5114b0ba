#include "protocols/ip6/icmp6_input.h"

#include <algorithm>
#include <cstdint>

#include "protocols/ip6/ip6_drops.h"
#include "protocols/ip6/nd_drops.h"
#include "protocols/ip6/neighbor_discovery.h"
#include "protocols/ip6/node_information.h"
#include "protocols/ip6/tunnel.h"
#include "protocols/ip6/tunnel_probe.h"
#include "protocols/wire/checksum.h"
#include "protocols/wire/extension_headers.h"
#include "protocols/wire/icmp6.h"
#include "protocols/wire/ipv6_header.h"
#include "protocols/wire/options_header.h"
#include "protocols/wire/routing_header.h"

namespace kamesim {

namespace {

// The packet that an error quotes, as its sender meant it: from where, and where it was to go in the end.
struct Quoted {
  Ipv6Address wire_source;
  Ipv6Address source;                     // the home address where there is a Home Address option (RFC 6275 §6.3)
  Ipv6Address destination;                // the end of a source route (RFC 8201 §5.2)
  std::optional<Ipv6Address> type2_home;  // the home address in a type 2 routing header
  std::optional<UpperLayer> upper;        // empty: the quotation ends before
};

void look_at_routing_header(Bytes bytes, Quoted& quoted) {
  const auto routing = RoutingHeaderView::check(bytes);
  if (!routing || routing->segments_left() == 0) return;
  if (routing->routing_type() == kType2RoutingType) {
    if (const auto type2 = Type2RoutingHeaderView::check(*routing)) {
      quoted.type2_home = quoted.destination = type2->home_address();
    }
  } else if (routing->routing_type() == kSourceRouteType) {
    const auto route = SourceRouteView::check(*routing);
    if (route && route->address_count() > 0) quoted.destination = route->address(route->address_count() - 1);
  }
}

void look_at_destination_options(Bytes bytes, Quoted& quoted) {
  const auto options = OptionsHeaderView::check(bytes);
  if (!options) return;
  if (const auto option = options->options().find(kHomeAddressOption)) {
    if (const auto home = home_address(*option)) quoted.source = *home;
  }
}

std::optional<Quoted> parse_quoted(Bytes bytes) {
  const auto header = Ipv6HeaderView::check_quoted(bytes);
  if (!header) return std::nullopt;
  Quoted quoted{header->source(), header->source(), header->destination(), std::nullopt, std::nullopt};
  ExtensionHeaderWalk walk(*header);
  for (auto step = walk.next(); step && *step; step = walk.next()) {
    if ((*step)->type == NextHeader::Routing) look_at_routing_header((*step)->bytes, quoted);
    if ((*step)->type == NextHeader::DestinationOptions) look_at_destination_options((*step)->bytes, quoted);
  }
  if (const auto upper = find_upper_layer(*header); upper && !upper->in_non_first_fragment) quoted.upper = *upper;
  return quoted;
}

// RFC 4443 §4.2: a reply to what was sent to a group or an anycast address comes from the interface that it came by.
// Null: the interface has no address that will do.
const InterfaceAddress* reply_source(Ip6Stack& stack, const InputPacket& in) {
  const bool zoned = in.source.is_link_local() || in.destination.is_link_local();
  const Destination& to = stack.route_to(in.source, zoned ? in.interface : nullptr);
  const InterfaceAddress* chosen = stack.select_source(in.source, in.interface, {},
                                                       to.interface == in.interface ? &to.next_hop : nullptr);
  if (chosen != nullptr && in.interface->find_address(chosen->address) == chosen) return chosen;
  for (const auto& a : in.interface->addresses()) {
    if (a->usable_as_source() && (!a->address.is_link_local() || in.source.is_link_local())) return a;
  }
  return nullptr;
}

// Without a trace in the Destination and Neighbor Caches, which an error should not fill. No limit where it is not known
// by which interface packets go, as to a group.
std::uint32_t first_link_mtu(Ip6Stack& stack, const Icmp6ErrorReport& report) {
  constexpr std::uint32_t kUnknown = UINT32_MAX;
  if (report.destination.is_multicast()) return kUnknown;
  if (report.destination.is_link_local()) return report.interface->mtu();
  const auto route = stack.routes().lookup(report.destination);
  if (!route || route->interface == nullptr) return kUnknown;
  return route->mtu != 0 ? std::min(route->mtu, route->interface->mtu()) : route->interface->mtu();
}

// Router Renumbering (RFC 2894 §3.1), Inverse Neighbor Discovery (RFC 3122 §2) and fast handovers (RFC 5568 §6.1): raw
// sockets' matter alone.
bool is_for_daemons(Icmp6Type type) {
  const auto value = static_cast<std::uint8_t>(type);
  return value == 138 || value == 141 || value == 142 || value == 154;
}

}  // namespace

Icmp6Input::Icmp6Input(Ip6Stack& stack) : stack_(stack) {}

Icmp6Input::~Icmp6Input() = default;

bool Icmp6Input::may_originate_error(const Ipv6Address& destination) {
  const Ip6Config& config = stack_.config();
  return !limits_destination(destination) &&
         error_limit_.take(stack_.now(), config.icmp6_error_rate, config.icmp6_error_burst);
}

bool Icmp6Input::limits_destination(const Ipv6Address& destination) {
  const Ip6Config& config = stack_.config();
  if (config.icmp6_error_rate_per_destination <= 0) return false;
  if (by_destination_ == nullptr) by_destination_ = std::make_unique<Icmp6RateLimitByDestination>();
  return !by_destination_->take(destination, stack_.now(), config.icmp6_error_rate_per_destination,
                                config.icmp6_error_burst_per_destination);
}

void Icmp6Input::on_packet(InputPacket& in) {
  const Bytes message = in.upper();
  if (message.size() < kIcmp6HeaderSize) return stack_.drop(kIcmp6Truncated, in.packet.bytes());
  if (!upper_layer_checksum_ok(in.source, in.destination, NextHeader::Icmp6, message)) {
    return stack_.drop(kIcmp6BadChecksum, in.packet.bytes());
  }
  PacketHandler* sockets = stack_.upper_layer_in_use(NextHeader::Icmp6);  // raw ones
  const auto type = static_cast<Icmp6Type>(message[0]);
  if (is_error(type)) {
    error(in);
  } else if (type == Icmp6Type::EchoRequest) {
    reply_to_echo(in);
  } else if (type == Icmp6Type::NodeInformationQuery) {
    if (stack_.config().node_information) {
      if (node_information_ == nullptr) node_information_ = std::make_unique<NodeInformation>(stack_);
      node_information_->query(in);
    }
  } else if (type >= Icmp6Type::RouterSolicitation && type <= Icmp6Type::Redirect) {
    // RFC 6980 §5: fragmentation has no place in Neighbor Discovery; the daemons do not hear of it either.
    if (in.fragmented) return stack_.drop(kNdFragmented, in.packet.bytes());
    const bool neighbor_message = type == Icmp6Type::NeighborSolicitation || type == Icmp6Type::NeighborAdvertisement;
    if (in.interface->nd() != nullptr) {
      in.interface->nd()->input(in);
    } else if (neighbor_message && in.interface->is_tunnel()) {
      tunnel_neighbor_input(static_cast<TunnelInterface&>(*in.interface), in);
    }
  } else if (!is_known(type) && !is_for_daemons(type)) {  // RFC 4443 §2.4 b
    return stack_.drop(kIcmp6UnknownType, in.packet.bytes());
  }
  if (sockets != nullptr) sockets->on_packet(in);
}

void Icmp6Input::reply_to_echo(const InputPacket& in) {
  const InterfaceAddress* asked =
      in.destination.is_multicast() ? nullptr : stack_.find_own_address(in.destination, in.interface);
  const bool unicast = asked != nullptr && !asked->anycast;
  if (in.destination.is_multicast() &&
      !multicast_echo_limit_.take(stack_.now(), stack_.config().multicast_echo_rate,
                                  std::max<std::int64_t>(1, std::int64_t(stack_.config().multicast_echo_rate)))) {
    return stack_.drop(kIcmp6EchoLimited, in.packet.bytes());
  }
  const Bytes request = in.upper();
  Packet reply = stack_.node().packets().copy_of(request);
  std::uint8_t* bytes = reply.mutable_data();
  bytes[0] = static_cast<std::uint8_t>(Icmp6Type::EchoReply);
  bytes[1] = 0;
  OutputRequest out{.destination = in.source, .next_header = NextHeader::Icmp6,
                    .checksum_offset = static_cast<int>(kIcmp6ChecksumOffset)};
  // RFC 4443 §4.2: from the address that was asked, unless that is a group or anycast.
  if (unicast) {
    out.source = in.destination;
  } else if (const InterfaceAddress* source = reply_source(stack_, in)) {
    out.source = source->address;
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
  if (!quoted || stack_.find_own_address(quoted->wire_source, in.interface) == nullptr) {
    return stack_.drop(kIcmp6ErrorNotOurs, in.packet.bytes());
  }
  PacketHandler* upper = quoted->upper ? stack_.upper_layer(quoted->upper->protocol) : nullptr;
  const Icmp6ErrorReport report{
      .error = error, .source = quoted->source, .destination = quoted->destination, .interface = in.interface,
      .from = in.source, .protocol = quoted->upper ? quoted->upper->protocol : NextHeader::NoNextHeader,
      .offset = quoted->upper ? quoted->upper->offset : error.invoking_packet.size()};
  if (error.type == Icmp6Type::PacketTooBig && !packet_too_big(report, upper, in.packet.bytes())) return;
  if (error.type == Icmp6Type::DestinationUnreachable && quoted->type2_home && stack_.mobility_hooks() != nullptr) {
    stack_.mobility_hooks()->on_care_of_unreachable(*quoted->type2_home);
  }
  if (upper != nullptr) upper->on_icmp6_error_report(report);  // RFC 4443 §2.4 d
}

// RFC 8201 §4. False: the message is not to be believed, by anyone.
bool Icmp6Input::packet_too_big(const Icmp6ErrorReport& report, PacketHandler* upper, Bytes packet) {
  using enum PathMtuTable::Update;
  auto refuse = [&](const DropInfo& reason) {
    stack_.drop(reason, packet);
    return false;
  };
  const std::uint32_t mtu = report.error.parameter;
  const bool below_minimum = mtu < kIpv6MinimumMtu;
  if (below_minimum && !stack_.config().rules.atomic_fragments_below_minimum_mtu) {
    return refuse(kIcmp6PacketTooBigInvalid);
  }
  constexpr std::uint32_t kNoLink = 56;  // KAME: less than an IPv6 header and 16 octets is no link's MTU
  if (mtu < kNoLink) return refuse(kIcmp6PacketTooBigInvalid);
  const Quotation quotation = upper != nullptr ? upper->verify(report) : Quotation::Unverified;
  if (quotation == Quotation::Forged) return refuse(kIcmp6PacketTooBigForged);
  const bool verified = quotation == Quotation::Verified;
  PathMtuTable& table = stack_.path_mtu();
  // RFC 8201 §4: the estimate is not increased. As long as nothing was learned it is the MTU of the first link.
  if (mtu >= first_link_mtu(stack_, report) && !table.find(report.destination, stack_.now())) return true;
  const auto update = below_minimum ? table.require_fragment_header(report.destination, stack_.now(), verified)
                                    : table.update(report.destination, mtu, stack_.now(), verified);
  if (update == Refused) return refuse(kIcmp6PacketTooBigLimit);
  if (update == Lowered) stack_.invalidate_destinations();
  return true;
}

}  // namespace kamesim
