#include "protocols/ip6/tunnel.h"

#include <algorithm>

#include "protocols/wire/extension_headers.h"
#include "protocols/wire/icmp6.h"
#include "protocols/wire/ipv6_header.h"
#include "protocols/wire/options_header.h"

namespace kamesim {

namespace {

struct InnerLimit {
  std::uint8_t value;
  std::size_t offset;  // of the option's value, for a Parameter Problem
};

// RFC 2473 §4.1.1: the limit stands in a Destination Options header right behind the IPv6 header.
std::optional<InnerLimit> inner_encapsulation_limit(Bytes packet) {
  const auto header = Ipv6HeaderView::check(packet);
  if (!header || header->next_header() != NextHeader::DestinationOptions) return std::nullopt;
  ExtensionHeaderWalk walk(*header);
  const auto step = walk.next();
  if (!step || !*step) return std::nullopt;
  const auto options = OptionsHeaderView::check((*step)->bytes);
  if (!options) return std::nullopt;
  for (const Tlv& option : options->options()) {
    if (const auto limit = tunnel_encapsulation_limit(option)) {
      return InnerLimit{*limit, (*step)->offset + option.offset + kTlvHeaderSize};
    }
  }
  return std::nullopt;
}

}  // namespace

TunnelInterface::TunnelInterface(Ip6Stack& stack, std::uint32_t index, std::string name, const Ipv6Address& local,
                                 const Ipv6Address& remote)
    : Ip6Interface(stack, index, std::move(name)), local_(local), remote_(remote) {}

void TunnelInterface::set_end_points(const Ipv6Address& local, const Ipv6Address& remote) {
  local_ = local;
  remote_ = remote;
  stack().invalidate_destinations();
}

std::uint32_t TunnelInterface::mtu() const {
  std::uint32_t path = Nic::kDefaultMtu;
  if (const Route* route = stack().routes().lookup(remote_); route != nullptr && route->interface != this &&
                                                             !route->interface->is_tunnel()) {
    path = route->interface->mtu();
  }
  if (const auto learned = stack().path_mtu().find(remote_, stack().now())) path = std::min(path, learned->mtu);
  std::size_t overhead = kIpv6HeaderSize;
  if (encapsulation_limit) overhead += kTunnelEncapsulationLimitHeaderSize;
  return std::max(static_cast<std::uint32_t>(kIpv6MinimumMtu), path - static_cast<std::uint32_t>(overhead));
}

void TunnelInterface::send(Packet packet, const Ipv6Address&) {
  std::optional<std::uint8_t> limit = encapsulation_limit;
  if (const auto inner = inner_encapsulation_limit(packet.bytes())) {
    if (inner->value == 0) {  // RFC 2473 §4.1.1
      stack().icmp6_error(Icmp6Error::parameter_problem(ParameterProblemCode::ErroneousHeaderField,
                                                        static_cast<std::uint32_t>(inner->offset), packet.bytes()),
                          nullptr);
      stack().drop(kTunnelLimitExceeded, packet.bytes());
      return;
    }
    limit = static_cast<std::uint8_t>(inner->value - 1);
  }
  // RFC 2473 §6.4: the traffic class is copied from the inner packet.
  const std::uint8_t traffic_class = Ipv6HeaderView::check(packet.bytes())->traffic_class();
  NextHeader next_header = NextHeader::Ipv6;
  if (limit) {
    write_tunnel_encapsulation_limit_header(packet.prepend(kTunnelEncapsulationLimitHeaderSize), next_header, *limit);
    next_header = NextHeader::DestinationOptions;
  }
  const auto payload = static_cast<std::uint16_t>(packet.size());
  Ipv6Header{.traffic_class = traffic_class, .payload_length = payload, .next_header = next_header,
             .hop_limit = stack().config().hop_limit, .source = local_, .destination = remote_}
      .write(packet.prepend(kIpv6HeaderSize));
  stack().output_packet(std::move(packet));
}

}  // namespace kamesim
