// ICMP of IPv4 (RFC 792; RFC 1122 §3.2.2; RFC 1812 §4.3).
#include <algorithm>

#include "protocols/ip4/drops.h"
#include "protocols/ip4/stack.h"

namespace kamesim {

namespace {

// RFC 1812 §4.3.2.3: as much of the packet as fits in 576 octets.
constexpr std::size_t kMaxQuoted = kIpv4MinimumReassembly - kIpv4HeaderSize - kIcmp4HeaderSize;
constexpr std::size_t kMaxRedirects = 256;  // routes by redirects, which nothing else bounds
constexpr std::uint8_t kInternetworkControl = 0xc0;  // RFC 1812 §4.3.2.5: the precedence of errors, 6

// RFC 1122 §3.2.2, RFC 1812 §4.3.2.7: what is not answered with an error.
bool unanswerable(const Ipv4HeaderView& about) {
  if (about.fragment_offset() != 0) return true;
  if (!ipv4_identifies_a_host(about.source())) return true;
  if (ipv4_is_multicast(about.destination()) || about.destination() == kIpv4LimitedBroadcast) return true;
  if (about.protocol() != NextHeader::Icmp4 || about.payload().empty()) return false;
  return is_error(static_cast<Icmp4Type>(about.payload()[0]));
}

}  // namespace

void Ip4Stack::icmp_error(const Icmp6Error& error, Ip6Interface* received_on, bool link_layer_broadcast) {
  send_icmp(in_words_of_icmp4(error), error.invoking_packet, received_on, link_layer_broadcast);
}

void Ip4Stack::send_icmp(const Icmp4Error& error, Bytes packet, Ip6Interface* received_on, bool link_layer_broadcast) {
  const auto about = Ipv4HeaderView::check_quoted(packet);
  if (!about || link_layer_broadcast || unanswerable(*about)) return;
  const bool unreachable = error.type == Icmp4Type::DestinationUnreachable;
  if (unreachable && !common_.config().send_destination_unreachable) return;
  if (received_on != nullptr &&
      (is_broadcast_on(*received_on, about->source()) || is_broadcast_on(*received_on, about->destination()))) {
    return;
  }
  const Ipv6Address source = v4_mapped(about->source()), destination = v4_mapped(about->destination());
  if (!common_.may_originate_error(source)) return;
  const Bytes quoted = packet.first(std::min(packet.size(), kMaxQuoted));
  Packet message = common_.allocate(kIcmp4HeaderSize + quoted.size());
  std::uint8_t* out = message.mutable_data();
  out[0] = static_cast<std::uint8_t>(error.type);
  out[1] = error.code;
  store_be32(out + 4, error.rest);
  std::memcpy(out + kIcmp4HeaderSize, quoted.data(), quoted.size());
  OutputRequest to{.destination = source, .next_header = NextHeader::Icmp4,
                   .checksum_offset = static_cast<int>(kIcmp4ChecksumOffset), .traffic_class = kInternetworkControl};
  // RFC 1122 §3.2.2: from the address that the packet was sent to, if it is ours; a router's redirect, from the link
  // that it is about (RFC 1812 §4.3.2.4).
  if (find_address(destination, nullptr) != nullptr) {
    to.source = destination;
  } else if (error.type == Icmp4Type::Redirect && received_on != nullptr) {
    if (const InterfaceAddress* own = select_source(source, received_on)) to.source = own->address;
  }
  common_.count_error_sent();
  output(std::move(message), to);
}

void Ip4Stack::icmp_input(InputPacket& in) {
  const auto message = Icmp4View::check(in.upper());
  if (!message) return drop(*message.error(), in.packet.bytes());
  PacketHandler* sockets = common_.upper_layer(NextHeader::Icmp4);
  switch (message->type()) {
    case Icmp4Type::EchoRequest: reply_to_echo(in, *message); break;
    case Icmp4Type::EchoReply: break;  // for who asked
    case Icmp4Type::Redirect: heed_redirect(in, *message); break;
    case Icmp4Type::DestinationUnreachable:
    case Icmp4Type::TimeExceeded:
    case Icmp4Type::ParameterProblem: heed_error(in, *message); break;
    // RFC 6633 §3: Source Quench is ignored. RFC 1122 §3.2.2: so is what is not known.
    default:
      if (sockets == nullptr) drop(kIcmp4UnknownType, in.packet.bytes());
  }
  if (sockets != nullptr) sockets->on_packet(in);
}

void Ip4Stack::reply_to_echo(const InputPacket& in, const Icmp4View& request) {
  // RFC 1122 §3.2.2.6: requests to all may be left unanswered, and are, lest they multiply.
  if (in.link_layer_multicast) return drop(kIcmp4BroadcastEcho, in.packet.bytes());
  Packet reply = common_.node().packets().copy_of(request.bytes());
  reply.mutable_data()[0] = static_cast<std::uint8_t>(Icmp4Type::EchoReply);
  output(std::move(reply), {.destination = in.source, .source = in.destination, .next_header = NextHeader::Icmp4,
                            .checksum_offset = static_cast<int>(kIcmp4ChecksumOffset),
                            .traffic_class = in.traffic_class});
}

void Ip4Stack::heed_error(const InputPacket& in, const Icmp4View& message) {
  const auto error = in_words_of_icmp6(message);
  const auto quoted = Ipv4HeaderView::check_quoted(message.data());
  // Only what this node may have sent: from one of its addresses.
  if (!quoted || find_address(v4_mapped(quoted->source()), nullptr) == nullptr) {
    return drop(kIcmp4ErrorNotOurs, in.packet.bytes());
  }
  if (!error || quoted->fragment_offset() != 0) return;
  PacketHandler* upper = common_.upper_layer(quoted->protocol());
  const Icmp6ErrorReport report{.error = *error, .source = v4_mapped(quoted->source()),
                                .destination = v4_mapped(quoted->destination()), .interface = in.interface,
                                .from = in.source, .protocol = quoted->protocol(), .offset = quoted->header_size()};
  if (error->type == Icmp6Type::PacketTooBig && !heed_fragmentation_needed(report, upper, in.packet.bytes())) return;
  if (upper != nullptr) upper->on_icmp6_error_report(report);
}

// RFC 1191 §3, with the defence of RFC 5927 §7. False: the message is not to be believed, by anyone.
bool Ip4Stack::heed_fragmentation_needed(const Icmp6ErrorReport& report, PacketHandler* upper, Bytes packet) {
  auto refuse = [&](const DropInfo& reason) {
    drop(reason, packet);
    return false;
  };
  const auto quoted = Ipv4HeaderView::check_quoted(report.error.invoking_packet);
  std::uint32_t mtu = report.error.parameter;
  if (mtu == 0) mtu = plateau_below(quoted->total_length());
  if (mtu < kIpv4MinimumMtu || mtu >= quoted->total_length()) return refuse(kIcmp4TooBigInvalid);
  const Quotation quotation = upper != nullptr ? upper->verify(report) : Quotation::Unverified;
  if (quotation == Quotation::Forged) return refuse(kIcmp4TooBigForged);
  const bool verified = quotation == Quotation::Verified;
  if (common_.path_mtu().update(report.destination, mtu, common_.now(), verified) == PathMtuTable::Update::Lowered) {
    common_.invalidate_destinations();
  }
  return true;
}

// RFC 1122 §3.2.2.2, §3.3.1.2: from the very router that the packet went by, to a neighbour.
void Ip4Stack::heed_redirect(const InputPacket& in, const Icmp4View& message) {
  const auto quoted = Ipv4HeaderView::check_quoted(message.data());
  const Ipv6Address gateway = v4_mapped(message.rest());
  const bool believed = [&] {
    if (!quoted || common_.forwarding() || !common_.config().accept_redirects || message.code() > 3) return false;
    if (find_address(v4_mapped(quoted->source()), nullptr) == nullptr) return false;
    const Destination now = common_.route_to(v4_mapped(quoted->destination()), nullptr);
    if (now.interface != in.interface || now.next_hop != in.source || now.kind != RouteKind::Unicast) return false;
    return !is_own_on(*in.interface, ipv4_of(gateway)) &&
           std::ranges::any_of(addresses(*in.interface), [&](const auto& a) { return a->prefix().contains(gateway); });
  }();
  if (!believed) return drop(kIcmp4RedirectRefused, in.packet.bytes());
  const Ipv6Prefix host(v4_mapped(quoted->destination()), 128);
  auto is_ours = [](const Route& r) { return r.origin == RouteOrigin::Redirect && r.prefix.address().is_v4_mapped(); };
  common_.routes().remove_if([&](const Route& r) { return is_ours(r) && r.prefix == host; });
  const std::vector<Route> all = common_.routes().all();
  if (static_cast<std::size_t>(std::ranges::count_if(all, is_ours)) >= kMaxRedirects) {
    return drop(kIcmp4RedirectRefused, in.packet.bytes());
  }
  common_.routes().add({.prefix = host, .interface = in.interface, .next_hop = gateway, .origin = RouteOrigin::Redirect});
}

}  // namespace kamesim
