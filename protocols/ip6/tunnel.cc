#include "protocols/ip6/tunnel.h"

#include <algorithm>

#include "protocols/ip6/ip4_part.h"
#include "protocols/ip6/source_tunnels.h"
#include "protocols/ip6/tunnel_probe.h"
#include "protocols/wire/extension_headers.h"
#include "protocols/wire/icmp6.h"
#include "protocols/wire/ipv4_header.h"
#include "protocols/wire/ipv6_header.h"
#include "protocols/wire/options_header.h"
#include "protocols/wire/udp.h"

namespace kamesim {

namespace {

constexpr unsigned kMaxNesting = 4;  // tunnels whose MTUs are looked at, one in the other

struct InnerLimit {
  std::uint8_t value;
  std::size_t offset;  // of the option's value, for a Parameter Problem
};

// RFC 2473 §4.1.1 a: from left to right, up to the limit, another IP header, or what is no extension header.
std::optional<InnerLimit> inner_encapsulation_limit(const Ipv6HeaderView& header) {
  ExtensionHeaderWalk walk(header);
  for (auto step = walk.next(); step && *step; step = walk.next()) {
    if ((*step)->type != NextHeader::DestinationOptions) continue;
    const auto options = OptionsHeaderView::check((*step)->bytes);
    if (!options) return std::nullopt;
    for (const Tlv& option : options->options()) {
      if (const auto limit = tunnel_encapsulation_limit(option)) {
        return InnerLimit{*limit, (*step)->offset + option.offset + kTlvHeaderSize};
      }
    }
  }
  return std::nullopt;
}

struct Ends {
  Ipv6Address source, destination;
};

Ends ends_of(Bytes packet) {
  if (is_ip4(packet)) {
    const auto header = *Ipv4HeaderView::check_quoted(packet);
    return {v4_mapped(header.source()), v4_mapped(header.destination())};
  }
  const auto header = *Ipv6HeaderView::check(packet);
  return {header.source(), header.destination()};
}

}  // namespace

TunnelInterface::TunnelInterface(Ip6Stack& stack, std::uint32_t index, std::string name, const Ipv6Address& local,
                                 const Ipv6Address& remote)
    : Ip6Interface(stack, index), name_(std::move(name)), local_(local), remote_(remote) {}

TunnelInterface::~TunnelInterface() = default;

bool TunnelInterface::reachable() const { return probe_ == nullptr || !probe_->silent(); }

std::vector<Route> TunnelInterface::withdrawn_routes() const {
  return probe_ != nullptr ? probe_->withdrawn() : std::vector<Route>();
}

void TunnelInterface::set_end_points(const Ipv6Address& local, const Ipv6Address& remote) {
  local_ = local;
  remote_ = remote;
  if (probe_ != nullptr) probe_->reset();
  stack().invalidate_destinations();
}

void TunnelInterface::set_parameters(const TunnelParameters& parameters) {
  if (parameters.neighbor != parameters_.neighbor) {
    if (probe_ != nullptr) probe_->reset();
    probe_ = parameters.neighbor ? std::make_unique<TunnelProbe>(*this, *parameters.neighbor) : nullptr;
  }
  parameters_ = parameters;
  stack().invalidate_destinations();
}

void TunnelInterface::set_udp(const std::optional<TunnelPorts>& ports) {
  if (udp_ == ports) return;
  udp_ = ports;
  stack().invalidate_destinations();
}

void TunnelInterface::set_up(bool up) {
  if (up == up_) return;
  up_ = up;
  if (probe_ != nullptr) probe_->reset();
  stack().invalidate_destinations();
  stack().notify({up ? RoutingMessage::Kind::LinkUp : RoutingMessage::Kind::LinkDown, this, {}});
}

std::size_t TunnelInterface::overhead() const {
  if (over_ip4()) return kIpv4HeaderSize + (udp_ ? kUdpHeaderSize : 0);
  return kIpv6HeaderSize + (parameters_.encapsulation_limit ? kTunnelEncapsulationLimitHeaderSize : 0);
}

// Of the tunnel packets: the path's, which may lead through another tunnel.
std::uint32_t TunnelInterface::path_mtu(unsigned depth) const {
  std::uint32_t path = Nic::kDefaultMtu;
  if (const auto route = stack().routes().lookup(remote_); route && route->interface != this) {
    if (!route->interface->is_tunnel()) {
      path = route->interface->mtu();
    } else if (depth < kMaxNesting) {
      const auto& outer = static_cast<const TunnelInterface&>(*route->interface);
      path = outer.parameters_.mtu.value_or(outer.path_mtu(depth + 1) - static_cast<std::uint32_t>(outer.overhead()));
    }
  }
  if (const auto learned = stack().learned_path_mtu(remote_)) path = std::min(path, learned->mtu);
  // RFC 5380 §11: in the tunnel to the MAP once more.
  const Ip6Interface* outer = tunnel_of_source(stack(), local_).tunnel;
  if (outer != nullptr && outer != this) path = std::min(path, outer->mtu());
  return path;
}

std::uint32_t TunnelInterface::mtu() const {
  const std::uint32_t path =
      std::max(static_cast<std::uint32_t>(kIpv6MinimumMtu), path_mtu(0) - static_cast<std::uint32_t>(overhead()));
  return std::min(path, parameters_.mtu.value_or(path));
}

std::uint8_t TunnelInterface::outer_hop_limit() const {
  if (parameters_.hop_limit) return *parameters_.hop_limit;
  if (over_ip4() || stack().forwarding()) return stack().config().hop_limit;
  const Ip6Interface* out = stack().route_to(remote_, nullptr).interface;
  return out != nullptr ? out->cur_hop_limit : stack().config().hop_limit;
}

void TunnelInterface::send(Packet packet, const Ipv6Address&) {
  if (!up_) return stack().drop(kTunnelDown, packet.bytes());
  if (probe_ != nullptr) probe_->on_packet_sent();
  const bool inner_ip4 = is_ip4(packet.bytes());
  if (const Ends inner = ends_of(packet.bytes()); inner.source == local_ && inner.destination == remote_) [[unlikely]] {
    return stack().drop(kTunnelLoopback, packet.bytes());  // RFC 2473 §4.1.2
  }
  std::optional<std::uint8_t> limit = parameters_.encapsulation_limit;
  std::uint8_t inner_class = 0;
  if (inner_ip4) {
    inner_class = Ipv4HeaderView::check_quoted(packet.bytes())->type_of_service();
  } else {
    const Ipv6HeaderView header = *Ipv6HeaderView::check(packet.bytes());
    inner_class = header.traffic_class();
    if (const auto inner = inner_encapsulation_limit(header)) {
      if (inner->value == 0) {  // RFC 2473 §4.1.1 b
        stack().icmp6_error(Icmp6Error::parameter_problem(ParameterProblemCode::ErroneousHeaderField,
                                                          static_cast<std::uint32_t>(inner->offset), packet.bytes()),
                            nullptr);
        return stack().drop(kTunnelLimitExceeded, packet.bytes());
      }
      limit = static_cast<std::uint8_t>(inner->value - 1);
    }
  }
  ++counters_.sent_packets;
  counters_.sent_bytes += packet.size();
  const std::uint8_t traffic_class = traffic_class_into_tunnel(inner_class, parameters_.traffic_class, parameters_.ecn);
  const NextHeader protocol = inner_ip4 ? NextHeader::Ipv4 : NextHeader::Ipv6;
  if (over_ip4()) return send_over_ip4(std::move(packet), traffic_class, protocol);
  send_over_ip6(std::move(packet), traffic_class, protocol, limit);
}

void TunnelInterface::send_over_ip6(Packet packet, std::uint8_t traffic_class, NextHeader next_header,
                                    std::optional<std::uint8_t> limit) {
  if (packet.size() > kIpv6MaxPayload - kTunnelEncapsulationLimitHeaderSize) [[unlikely]] {
    return stack().drop(kTunnelTooLong, packet.bytes());
  }
  const std::uint8_t hop_limit = outer_hop_limit();
  if (limit) {
    write_tunnel_encapsulation_limit_header(packet.prepend(kTunnelEncapsulationLimitHeaderSize), next_header, *limit);
    next_header = NextHeader::DestinationOptions;
  }
  const auto payload = static_cast<std::uint16_t>(packet.size());
  Ipv6Header{.traffic_class = traffic_class, .flow_label = parameters_.flow_label, .payload_length = payload,
             .next_header = next_header, .hop_limit = hop_limit, .source = local_,
             .destination = remote_}
      .write(packet.prepend(kIpv6HeaderSize));
  stack().output_packet(std::move(packet));
}

void TunnelInterface::send_over_ip4(Packet packet, std::uint8_t traffic_class, NextHeader protocol) {
  if (packet.size() > kIpv4MaxPacket - overhead()) return stack().drop(kTunnelTooLong, packet.bytes());
  // RFC 4213 §3.2.2: what IPv6 cannot make shorter may be cut on the way; of the rest the path's MTU is found out. RFC
  // 2003 §3.1: a Don't Fragment bit is kept.
  const bool dont_fragment = is_ip4(packet.bytes()) ? Ipv4HeaderView::check_quoted(packet.bytes())->dont_fragment()
                                                    : packet.size() > kIpv6MinimumMtu;
  if (udp_) [[unlikely]] {
    const auto length = static_cast<std::uint16_t>(packet.size() + kUdpHeaderSize);
    UdpHeader{.source_port = udp_->local, .destination_port = udp_->remote, .length = length}.write(
        packet.prepend(kUdpHeaderSize));
    fill_udp_checksum(local_, remote_, packet.mutable_bytes());
    protocol = NextHeader::Udp;
  }
  const auto total = static_cast<std::uint16_t>(packet.size() + kIpv4HeaderSize);
  const auto identification = static_cast<std::uint16_t>(stack().next_fragment_id());
  Ipv4Header{.type_of_service = traffic_class, .total_length = total, .identification = identification,
             .dont_fragment = dont_fragment, .ttl = outer_hop_limit(),
             .protocol = protocol, .source = ipv4_of(local_), .destination = ipv4_of(remote_)}
      .write(packet.prepend(kIpv4HeaderSize));
  stack().output_packet(std::move(packet));
}

}  // namespace kamesim
