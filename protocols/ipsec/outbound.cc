// The way out (RFC 4301 §5.1): policy, associations, and what they make of the packet.
#include <algorithm>
#include <utility>

#include "protocols/ip6/ip4_part.h"
#include "protocols/ipsec/drops.h"
#include "protocols/ipsec/kernel.h"
#include "protocols/ipsec/packet_flow.h"
#include "protocols/ipsec/packet_transform.h"
#include "protocols/ipsec/tunnel_mode.h"
#include "protocols/wire/extension_headers.h"
#include "protocols/wire/icmp6.h"
#include "protocols/wire/ipv4_header.h"
#include "protocols/wire/ipv6_header.h"
#include "protocols/wire/routing_header.h"

namespace kamesim::ipsec {

namespace {

// The least that may become of a packet by a tunnel without its source being told (RFC 8200 §5, RFC 791 §3.2).
std::size_t least_mtu(Bytes packet) { return is_ip4(packet) ? kIpv4MinimumMtu : kIpv6MinimumMtu; }

bool may_be_cut(Bytes packet) { return is_ip4(packet) && !Ipv4HeaderView::check_quoted(packet)->dont_fragment(); }

// RFC 4301 §8.1: whatever the packet says, its tunnel's header says that it may not.
bool is_not_cut_outside(const SecurityAssociation& tunnel, Bytes packet) {
  return tunnel.parameters.dont_fragment == DontFragment::Set && is_ip4(packet) &&
         tunnel.address().destination.is_v4_mapped();
}

void lower_hop_limit(Packet& packet) {
  std::uint8_t* bytes = packet.mutable_data();
  if (is_ip4(packet.bytes())) {
    Ipv4HeaderEditor(bytes).decrement_ttl();
  } else {
    --bytes[kIpv6HopLimitOffset];
  }
}

// RFC 6275 §6.3, §6.4: with a Home Address option or a type 2 routing header; its logical ends are not those of the
// IPv6 header.
bool bears_care_of_address(const IpsecHooks::Outgoing& out) {
  if (is_ip4(out.packet.bytes())) return false;
  const Ipv6HeaderView header = *Ipv6HeaderView::check_quoted(out.packet.bytes());
  if (header.source() != out.source) return true;
  if (header.destination() == out.destination) return false;
  ExtensionHeaderWalk walk(header);
  for (auto step = walk.next(); step && *step; step = walk.next()) {
    if ((*step)->type == NextHeader::Routing) return (*step)->bytes[kRoutingTypeOffset] == kType2RoutingType;
  }
  return false;
}

}  // namespace

bool IpsecKernel::Bundle::empty() const {
  return std::ranges::all_of(associations, [](const auto* sa) { return sa == nullptr; });
}

// Null: no policy speaks of it. `known`: where its associations are remembered; null for a socket's own policy.
const SecurityPolicy* IpsecKernel::policy_for_output(const Flow& flow, const IpsecSocketPolicy* socket,
                                                     KnownFlow*& known) {
  known = nullptr;
  if (socket != nullptr) {
    const SecurityPolicy& own = static_cast<const SocketPolicy*>(socket)->out;
    if (own.action != Action::Entrust) return &own;
  }
  if (spd_.empty()) return nullptr;
  known = &flows_.find(spd_, Direction::Out, flow);
  return known->policy;
}

IpsecKernel::Bundle IpsecKernel::bundle_for(const SecurityPolicy& policy, KnownFlow* known, const Flow& flow,
                                            Bytes packet, std::size_t first) {
  Bundle bundle{.policy = &policy, .first = first};
  Ipv6Address source = flow.source, destination = flow.destination;
  for (std::size_t i = first; i < policy.requests.size(); ++i) {
    const Request& request = policy.requests[i];
    if (request.mode == Mode::Tunnel) source = request.source, destination = request.destination;
    SecurityAssociation* sa = known != nullptr ? FlowCache::association(*known, sad_, i, source, destination)
                                               : sad_.outbound(request, source, destination);
    bundle.take(i, sa);
    if (sa != nullptr) [[likely]] continue;
    keys_.acquire(stack_.now(), policy, request, source, destination, flow, packet);
    // KAME: what does not compress goes uncompressed anyhow.
    if (keys_.level_of(request) != Level::Use && request.protocol != Protocol::IpComp) bundle.missing = &kNoAssociation;
  }
  return bundle;
}

// The longest packet that the bundle makes no longer than `mtu`.
std::size_t IpsecKernel::fits(const Bundle& bundle, std::size_t mtu) {
  for (std::size_t i = bundle.size(); i-- > bundle.first;) {
    if (bundle.associations[i] == nullptr) continue;
    mtu = fits_within(transforms_, *bundle.associations[i], mtu, bundle.policy->requests[i].mode == Mode::Tunnel);
  }
  return mtu;
}

// The longest packet that goes through the bundle's tunnels whole. 0: the way is not known.
std::size_t IpsecKernel::longest_inside(const Bundle& bundle) {
  const Destination& to = stack_.route_to(bundle.outermost_tunnel->address().destination, nullptr);
  return to.interface == nullptr ? 0 : fits(bundle, to.mtu);
}

// A whole packet becomes one of the tunnel's. AH is about the outer header, which has to be there before; ESP is not.
const DropInfo* IpsecKernel::enter_tunnel(SecurityAssociation& sa, Packet& packet) {
  const bool ip4 = sa.address().destination.is_v4_mapped();
  const auto identification = ip4 ? static_cast<std::uint16_t>(random_.next_u32()) : std::uint16_t{0};
  TunnelHeader header = header_for(packet.bytes(), sa.parameters);
  const bool esp = sa.address().protocol == Protocol::Esp;
  if (esp) header.next_header = seal_for_tunnel(transforms_, sa, packet, header.next_header, random_);
  header.write(packet, sa.parameters, identification);
  return esp ? nullptr : protect(transforms_, sa, packet, random_, deflate_.get());
}

// The same of a flow, as long as neither its associations nor the way change.
std::size_t IpsecKernel::longest_inside(const Bundle& bundle, KnownFlow& known) {
  const Destination& to = stack_.route_to(bundle.outermost_tunnel->address().destination, nullptr);
  if (to.interface == nullptr) return 0;
  if (known.way_mtu != to.mtu) [[unlikely]] {
    known.way_mtu = to.mtu;
    known.fits = static_cast<std::uint32_t>(fits(bundle, to.mtu));
  }
  return known.fits;
}

// In the order of the requests: the first is innermost.
const DropInfo* IpsecKernel::apply(const Bundle& bundle, Packet& packet) {
  for (std::size_t i = bundle.first; i < bundle.size(); ++i) {
    SecurityAssociation* sa = bundle.associations[i];
    if (sa == nullptr) continue;
    if (sequence_is_used_up(*sa)) return &kSequenceOverflow;
    const Mode mode = bundle.policy->requests[i].mode;
    if (!charge(*sa, octets_to_protect(packet.bytes(), mode))) return &kLifetimeOver;
    if (sa->address().protocol == Protocol::IpComp && deflate_ == nullptr) deflate_ = std::make_unique<Deflate>();
    const DropInfo* reason = mode == Mode::Tunnel ? enter_tunnel(*sa, packet)
                                                  : protect(transforms_, *sa, packet, random_, deflate_.get());
    if (reason != nullptr) return reason;
  }
  return nullptr;
}

IpsecHooks::Output IpsecKernel::send_tunnelled(const Bundle& bundle, Packet packet, Ip6Interface* zone,
                                               bool dont_fragment) {
  if (const DropInfo* reason = apply(bundle, packet)) {
    stack_.drop(*reason, packet.bytes());
    return Output::Refused;
  }
  const bool link_local = bundle.outermost_tunnel->address().destination.is_link_local();
  if (costs()) [[unlikely]] {
    wait(std::move(packet), link_local ? zone : nullptr, false, dont_fragment);
    return Output::Sent;
  }
  stack_.output_protected(std::move(packet), link_local ? zone : nullptr, dont_fragment);
  return Output::Sent;
}

// RFC 4301 §6.2: an ICMP error that no policy speaks of goes the way of what answers the packet that it is about. Null:
// it has none, or one between other ends than the error's.
KnownFlow* IpsecKernel::way_of_error(Direction direction, Bytes packet, const Flow& flow) {
  KnownFlow* subject = subject_of_error(direction, icmp_message_of(packet));
  if (subject == nullptr || subject->leaving == nullptr || subject->leaving->action != Action::Protect) return nullptr;
  const bool same_ends = subject->flow.source == flow.source && subject->flow.destination == flow.destination;
  const bool own = direction == Direction::Out;
  return asks_for_tunnel(*subject->leaving) || (own && same_ends) ? subject : nullptr;
}

IpsecHooks::Output IpsecKernel::on_output(const Outgoing& out) {
  if (spd_.empty() && out.socket == nullptr) return Output::GoOn;
  auto refuse = [&](const DropInfo& reason) {
    stack_.drop(reason, out.packet.bytes());
    return Output::Refused;
  };
  const Flow flow = flow_of_packet(out.packet.bytes(), out.source, out.destination);
  KnownFlow* known = nullptr;
  const SecurityPolicy* policy = policy_for_output(flow, out.socket, known);
  if (policy == nullptr && is_icmp_error(flow)) [[unlikely]] {
    known = way_of_error(Direction::Out, out.packet.bytes(), flow);
    if (known != nullptr) policy = known->policy;
  }
  if (policy == nullptr) {
    return config.unmatched == Action::Discard && !is_neighbor_discovery(flow) ? refuse(kNoPolicy) : Output::GoOn;
  }
  if (policy->action == Action::Bypass || policy->action == Action::Entrust) return Output::GoOn;
  const bool names_icmp6 = policy->selector.next_layer.is(NextHeader::Icmp6);
  if (config.bypass_neighbor_discovery && !names_icmp6 && is_neighbor_discovery(flow)) return Output::GoOn;
  if (policy->action == Action::Discard) return refuse(kPolicyDiscard);
  // RFC 3776 §4.2, KAME: tunnels protect what goes through them, and this goes past them.
  if (asks_for_tunnel(*policy) && bears_care_of_address(out)) return Output::GoOn;
  // What stays on this node needs no protection.
  if (!out.destination.is_multicast() && stack_.route_to(out.destination, out.zone).kind == RouteKind::Local) {
    return Output::GoOn;
  }
  const Bundle bundle = bundle_for(*policy, known, flow, out.packet.bytes(), 0);
  if (bundle.missing != nullptr) return refuse(*bundle.missing);
  if (bundle.empty()) return Output::GoOn;
  if (bundle.outermost_tunnel == nullptr) {
    if (const DropInfo* reason = apply(bundle, out.packet)) return refuse(*reason);
    if (!costs() || out.destination.is_multicast()) [[likely]] return Output::GoOn;
    wait(std::move(out.packet), out.zone, false, out.dont_fragment);
    return Output::Sent;
  }
  const bool whole = out.dont_fragment || is_not_cut_outside(*bundle.outermost_tunnel, out.packet.bytes());
  if (whole && out.packet.size() > longest_inside(bundle)) {
    stack_.drop(kTooLong, out.packet.bytes());
    return Output::TooLong;
  }
  return send_tunnelled(bundle, std::move(out.packet), out.zone, whole);
}

KnownFlow& IpsecKernel::transit_flow(Bytes packet) {
  if (KnownFlow* known = std::exchange(transit_, nullptr)) return *known;
  return flows_.find(spd_, Direction::Forward, flow_of_packet(packet));
}

IpsecHooks::Output IpsecKernel::on_forward(Ip6Interface& in, Packet& packet) {
  if (spd_.empty()) return Output::GoOn;
  auto refuse = [&](const DropInfo& reason) {
    stack_.drop(reason, packet.bytes());
    return Output::Refused;
  };
  auto prohibit = [&](const DropInfo& reason) {
    refuse(reason);
    if (!config.report_discards) return Output::Refused;
    constexpr auto kCode = DestinationUnreachableCode::AdministrativelyProhibited;
    stack_.icmp6_error(Icmp6Error::destination_unreachable(kCode, packet.bytes()), &in);
    return Output::Refused;
  };
  KnownFlow* known = &transit_flow(packet.bytes());
  const SecurityPolicy* policy = known->leaving;
  if (policy == nullptr && is_icmp_error(known->flow)) [[unlikely]] {
    known = way_of_error(Direction::Forward, packet.bytes(), Flow(known->flow));
    if (known != nullptr) policy = known->leaving;
  }
  if (policy == nullptr) return config.unmatched == Action::Discard ? prohibit(kNoPolicy) : Output::GoOn;
  if (policy->action == Action::Bypass || policy->action == Action::Entrust) return Output::GoOn;
  if (policy->action == Action::Discard) return prohibit(kPolicyDiscard);
  // KAME: of what others send, from the first tunnel on. RFC 4301 §4.1: transport mode is between the ends.
  const auto tunnel = std::ranges::find(policy->requests, Mode::Tunnel, &Request::mode);
  if (tunnel == policy->requests.end()) return refuse(kTransportForTransit);
  const auto first = static_cast<std::size_t>(tunnel - policy->requests.begin());
  const Bundle bundle = bundle_for(*policy, known, known->flow, packet.bytes(), first);
  if (bundle.missing != nullptr) return refuse(*bundle.missing);
  if (bundle.outermost_tunnel == nullptr) return Output::GoOn;
  // RFC 4301 §8.2.1: what is too long for the tunnel is reported with what would fit, but never less than every link
  // carries; what is no longer than that is cut outside.
  const std::size_t fit = std::max(longest_inside(bundle, *known), least_mtu(packet.bytes()));
  const bool whole = !may_be_cut(packet.bytes()) || is_not_cut_outside(*bundle.outermost_tunnel, packet.bytes());
  if (packet.size() > fit && whole) {
    refuse(kTooLong);
    stack_.icmp6_error(Icmp6Error::packet_too_big(static_cast<std::uint32_t>(fit), packet.bytes()), &in);
    return Output::Refused;
  }
  lower_hop_limit(packet);
  stack_.count(Ip6Stack::Counted::Forwarded);
  return send_tunnelled(bundle, std::move(packet), nullptr, false);
}

std::uint32_t IpsecKernel::mtu_within(const Ipv6Address& source, const Ipv6Address& destination, NextHeader protocol,
                                      std::uint16_t source_port, std::uint16_t destination_port, std::uint32_t mtu,
                                      const IpsecSocketPolicy* socket) {
  if (mtu == 0 || (spd_.empty() && socket == nullptr)) return mtu;
  const Flow flow{.source = source, .destination = destination, .next_layer = static_cast<std::uint8_t>(protocol),
                  .source_port = source_port, .destination_port = destination_port};
  KnownFlow* known = nullptr;
  const SecurityPolicy* policy = policy_for_output(flow, socket, known);
  if (policy == nullptr || policy->action != Action::Protect) return mtu;
  Bundle bundle{.policy = policy};
  Ipv6Address from = source, to = destination;
  for (std::size_t i = 0; i < bundle.size(); ++i) {
    const Request& request = policy->requests[i];
    if (request.mode == Mode::Tunnel) from = request.source, to = request.destination;
    bundle.take(i, sad_.outbound(request, from, to));
  }
  if (bundle.empty()) return mtu;
  const std::size_t fit = bundle.outermost_tunnel != nullptr ? longest_inside(bundle) : fits(bundle, mtu);
  // On a link of the least MTU less than that is left, and segments of that size need no fragments. But where the way is
  // not known, or the headers take nearly all of it, a connection shall still get on.
  const std::size_t least = destination.is_v4_mapped() ? kIpv4MinimumMtu : kIpv6MinimumMtu / 2;
  return static_cast<std::uint32_t>(std::max(fit, least));
}

bool IpsecKernel::send_dummy(SecurityAssociation& sa, std::size_t size) {
  if (sa.address().protocol != Protocol::Esp || sequence_is_used_up(sa) || !charge(sa, size)) return false;
  Packet packet = stack_.allocate(size);
  random_.fill(packet.mutable_bytes());
  const auto identification = static_cast<std::uint16_t>(random_.next_u32());
  const NextHeader next_header = seal_for_tunnel(transforms_, sa, packet, NextHeader::NoNextHeader, random_);
  TunnelHeader{next_header, sa.parameters.dscp.value_or(0)}.write(packet, sa.parameters, identification);
  stack_.output_protected(std::move(packet), nullptr, false);
  return true;
}

}  // namespace kamesim::ipsec
