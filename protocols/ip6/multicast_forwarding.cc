#include "protocols/ip6/multicast_forwarding.h"

#include <algorithm>
#include <tuple>

#include "protocols/ip6/ip6_drops.h"
#include "protocols/ip6/stack.h"
#include "protocols/wire/icmp6.h"
#include "protocols/wire/ipv6_header.h"

namespace kamesim {

namespace {

// RFC 4301 §5: policies are about packets, not interfaces, so they are asked once. What a tunnel takes goes nowhere else.
bool passes_ipsec(Ip6Stack& stack, const InputPacket& in) {
  IpsecHooks* ipsec = stack.ipsec_hooks();
  if (ipsec == nullptr) [[likely]] return true;
  if (!ipsec->admits_transit(*in.interface, in.packet.bytes())) return false;
  Packet copy = in.packet.share();
  return ipsec->on_forward(*in.interface, copy) == IpsecHooks::Output::GoOn;
}

}  // namespace

void MulticastForwarding::add(MulticastRoute route) {
  const auto known = std::ranges::find_if(
      routes_, [&](const MulticastRoute& r) { return r.groups == route.groups && r.source == route.source; });
  if (known != routes_.end()) {
    known->in = route.in;
    known->out = std::move(route.out);
  } else {
    routes_.push_back(std::move(route));
  }
}

bool MulticastForwarding::remove(const Ipv6Prefix& groups, const std::optional<Ipv6Address>& source) {
  return std::erase_if(routes_, [&](const MulticastRoute& r) { return r.groups == groups && r.source == source; }) != 0;
}

void MulticastForwarding::on_interface_removed(const Ip6Interface& interface) {
  std::erase_if(routes_, [&](const MulticastRoute& r) { return r.in == &interface; });
  for (MulticastRoute& r : routes_) std::erase(r.out, &interface);
}

MulticastRoute* MulticastForwarding::find(const Ipv6Address& source, const Ipv6Address& group) {
  MulticastRoute* best = nullptr;
  const auto rank = [](const MulticastRoute& r) { return std::tuple(r.source.has_value(), r.groups.length()); };
  for (MulticastRoute& r : routes_) {
    if (!r.groups.contains(group) || (r.source && *r.source != source)) continue;
    if (best == nullptr || rank(r) > rank(*best)) best = &r;
  }
  return best;
}

void MulticastForwarding::forward(const InputPacket& in) {
  const Bytes packet = in.packet.bytes();
  // RFC 4291 §2.7: what is of a link or less stays there. RFC 4007 §9: so does what comes from a link-local source.
  if (in.destination.scope() <= Scope::LinkLocal) return;
  if (in.source.is_link_local() || in.source.is_unspecified()) return stack_.drop(kIp6MulticastSourceScope, packet);
  MulticastRoute* route = find(in.source, in.destination);
  if (route == nullptr && !flood) return;
  const bool right_way = route != nullptr ? route->in == in.interface
                                          : stack_.route_to(in.source, nullptr).interface == in.interface;
  if (!right_way) {
    if (route != nullptr) ++route->wrong_interface;
    return stack_.drop(kIp6MulticastWrongInterface, packet);
  }
  // RFC 4443 §2.4 e.3: nothing is reported of packets for groups but that they are too big, or an option.
  if (in.hop_limit <= 1) return stack_.drop(kIp6MulticastHopLimit, packet);
  if (!passes_ipsec(stack_, in)) return;
  if (route != nullptr) {
    ++route->packets;
    route->bytes += packet.size();
    for (std::size_t i = 0; i < route->out.size(); ++i) send(*route->out[i], in);
    return;
  }
  for (const auto& interface : stack_.links()) {
    if (interface.get() != in.interface && !interface->is_loopback()) send(*interface, in);
  }
}

void MulticastForwarding::send(Ip6Interface& out, const InputPacket& in) {
  const Bytes packet = in.packet.bytes();
  if (!out.up()) return;
  // RFC 4007 §9: the packet does not leave its group's zone, whose boundary this interface may be.
  if (in.destination.scope() <= std::max(out.multicast_scope_boundary, in.interface->multicast_scope_boundary)) {
    return stack_.drop(kIp6MulticastBoundary, packet);
  }
  if (in.hop_limit <= out.multicast_hop_threshold) return stack_.drop(kIp6MulticastThreshold, packet);
  if (packet.size() > out.mtu()) {  // RFC 4443 §3.2: also for groups
    stack_.drop(kIp6PacketTooBig, packet);
    return stack_.icmp6_error(Icmp6Error::packet_too_big(out.mtu(), packet), in.interface, in.link_layer_multicast);
  }
  Packet copy = in.packet.share();
  Ipv6HeaderEditor(copy.mutable_data()).set_hop_limit(static_cast<std::uint8_t>(in.hop_limit - 1));
  stack_.count(Ip6Stack::Counted::Forwarded);
  out.send(std::move(copy), in.destination);
}

}  // namespace kamesim
