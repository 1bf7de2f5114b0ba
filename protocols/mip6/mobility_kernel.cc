#include "protocols/mip6/mobility_kernel.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "protocols/ip6/neighbor_discovery.h"
#include "protocols/mip6/mobility_header.h"
#include "protocols/wire/icmp6.h"
#include "protocols/wire/ipv6_header.h"

namespace kamesim {

namespace {

Ipv6Address derived_link_local(const Ipv6Address& home) {  // RFC 6275 §10.3.1, the L bit
  return with_interface_id(kLinkLocalPrefix, InterfaceId(home.low()));
}

}  // namespace

MobilityKernel::MobilityKernel(SocketLayer& sockets)
    : sockets_(sockets),
      stack_(sockets.stack()),
      aging_(Timer::to<&MobilityKernel::age_home_addresses>(stack_.node(), *this)) {
  stack_.set_mobility_hooks(this);
  stack_.set_upper_layer(NextHeader::Mobility, this);
}

MobilityKernel::~MobilityKernel() {
  stack_.set_upper_layer(NextHeader::Mobility, nullptr);
  stack_.set_mobility_hooks(nullptr);
}

void MobilityKernel::add_binding(const Ipv6Address& home, const Ipv6Address& care_of,
                                 std::vector<Ipv6Address> other_care_of) {
  bindings_.insert_or_assign(home, Binding{care_of, std::nullopt, std::move(other_care_of)});
}

void MobilityKernel::remove_binding(const Ipv6Address& home) { bindings_.erase(home); }

std::optional<Time> MobilityKernel::binding_last_used(const Ipv6Address& home) const {
  const auto it = bindings_.find(home);
  return it == bindings_.end() ? std::nullopt : it->second.last_used;
}

void MobilityKernel::add_home_binding(const HomeRegistration& r) {
  if (const auto it = home_bindings_.find(r.home); it != home_bindings_.end()) {
    it->second.care_of = r.care_of;
    it->second.other_care_of = r.other_care_of;
    it->second.tunnel->set_end_points(r.home_agent, r.care_of);
    return set_networks(it->second, r.networks);
  }
  TunnelInterface& tunnel = stack_.add_tunnel("mip" + std::to_string(tunnels_made_++), r.home_agent, r.care_of);
  stack_.routes().add({.prefix = Ipv6Prefix(r.home, 128), .interface = &tunnel, .next_hop = {},
                       .kind = RouteKind::Proxied, .origin = RouteOrigin::Mobility});
  HomeBinding& binding =
      home_bindings_
          .emplace(r.home, HomeBinding{r.care_of, r.home_link, &tunnel, r.link_local, r.mobile_router, {}, r.other_care_of})
          .first->second;
  // RFC 6275 §10.4.5, RFC 3963 §9: what comes out of the tunnel must come from the home address or the Mobile Network.
  tunnel.allows_inner_source = [home = r.home, &binding](const Ipv6Address& source) {
    return source == home ||
           std::ranges::any_of(binding.networks, [&](const Ipv6Prefix& p) { return p.contains(source); });
  };
  set_networks(binding, r.networks);
  // §10.4.1: defend the address, and take its place in the neighbours' caches.
  if (NeighborDiscovery* nd = r.home_link != nullptr ? r.home_link->nd() : nullptr) {
    const auto defend = [&](const Ipv6Address& address) {
      nd->add_proxy(address);
      nd->send_unsolicited_advertisement(address, true);
    };
    defend(r.home);
    if (r.link_local) defend(derived_link_local(r.home));
  }
}

// RFC 3963 §6.2: also "the Home Agent MUST disable forwarding" for those that are not among them any more.
void MobilityKernel::set_networks(HomeBinding& binding, const std::vector<Ipv6Prefix>& networks) {
  for (const Ipv6Prefix& old : binding.networks) {
    if (std::ranges::find(networks, old) == networks.end()) stack_.routes().remove(old, binding.tunnel, {});
  }
  for (const Ipv6Prefix& prefix : networks) {
    stack_.routes().add({.prefix = prefix, .interface = binding.tunnel, .next_hop = {},
                         .origin = RouteOrigin::Mobility});
  }
  binding.networks = networks;
}

void MobilityKernel::move_home_binding(const Ipv6Address& home, const Ipv6Address& care_of,
                                       std::vector<Ipv6Address> other_care_of) {
  const auto it = home_bindings_.find(home);
  if (it == home_bindings_.end()) return;
  it->second.other_care_of = std::move(other_care_of);
  if (std::exchange(it->second.care_of, care_of) == care_of) return;
  it->second.tunnel->set_end_points(it->second.tunnel->local(), care_of);
}

void MobilityKernel::remove_home_binding(const Ipv6Address& home) {
  const auto it = home_bindings_.find(home);
  if (it == home_bindings_.end()) return;
  const HomeBinding binding = it->second;
  home_bindings_.erase(it);
  if (NeighborDiscovery* nd = binding.home_link != nullptr ? binding.home_link->nd() : nullptr) {
    nd->remove_proxy(home);
    if (binding.link_local) nd->remove_proxy(derived_link_local(home));
  }
  stack_.remove_interface(*binding.tunnel);  // takes its route along
}

bool MobilityKernel::Binding::has_care_of(const Ipv6Address& address) const {
  return care_of == address || std::ranges::find(other_care_of, address) != other_care_of.end();
}

bool MobilityKernel::HomeBinding::has_care_of(const Ipv6Address& address) const {
  return care_of == address || std::ranges::find(other_care_of, address) != other_care_of.end();
}

TunnelInterface* MobilityKernel::home_binding_tunnel(const Ipv6Address& home) {
  const auto it = home_bindings_.find(home);
  return it == home_bindings_.end() ? nullptr : it->second.tunnel;
}

TunnelInterface* MobilityKernel::home_tunnel(const Ipv6Address& home) {
  const auto it = homes_.find(home);
  return it == homes_.end() ? nullptr : it->second.tunnel;
}

std::optional<Ipv6Address> MobilityKernel::home_binding_care_of(const Ipv6Address& home) const {
  const auto it = home_bindings_.find(home);
  return it == home_bindings_.end() ? std::nullopt : std::optional(it->second.care_of);
}

void MobilityKernel::leave_home(const Ipv6Address& home, const Ipv6Address& care_of, const Ipv6Address& home_agent,
                                Ip6Interface& interface) {
  if (const auto it = homes_.find(home); it != homes_.end()) {
    it->second.care_of = care_of;
    it->second.tunnel->set_end_points(care_of, home_agent);
    return;
  }
  TunnelInterface& tunnel = stack_.add_tunnel("mip" + std::to_string(tunnels_made_++), care_of, home_agent);
  homes_.emplace(home, Home{care_of, &tunnel});
  stack_.remove_address(interface, home);
  stack_.add_address(tunnel, {.address = home, .prefix_length = 128, .origin = AddressOrigin::Home,
                              .home_address = true, .skip_dad = true, .on_link_prefix = false});
}

void MobilityKernel::return_home(const Ipv6Address& home, std::uint8_t prefix_length, Ip6Interface& interface,
                                 Dad dad) {
  if (const auto it = homes_.find(home); it != homes_.end()) {
    TunnelInterface& tunnel = *it->second.tunnel;
    homes_.erase(it);
    stack_.remove_interface(tunnel);
  }
  stack_.add_address(interface, {.address = home, .prefix_length = prefix_length, .origin = AddressOrigin::Home,
                                 .home_address = true, .skip_dad = dad == Dad::Skip, .on_link_prefix = false});
}

void MobilityKernel::set_home_lifetimes(const Ipv6Address& home, Time preferred_until, Time valid_until) {
  const auto it = homes_.find(home);
  if (it == homes_.end()) return;
  stack_.add_address(*it->second.tunnel, {.address = home, .prefix_length = 128, .origin = AddressOrigin::Home,
                                          .home_address = true, .skip_dad = true, .on_link_prefix = false,
                                          .preferred_until = preferred_until, .valid_until = valid_until});
  age_home_addresses();
}

void MobilityKernel::age_home_addresses() {
  const Time now = stack_.now();
  std::optional<Time> next;
  for (const auto& [home, away] : homes_) {
    InterfaceAddress* address = away.tunnel->find_address(home);
    if (address == nullptr) continue;
    if (address->valid_until() <= now) {
      stack_.remove_address(*away.tunnel, home);
      continue;
    }
    const AddressState state = now < address->preferred_until() ? AddressState::Preferred : AddressState::Deprecated;
    if (std::exchange(address->state, state) != state) stack_.address_changed(*away.tunnel, *address);
    const Time due = state == AddressState::Preferred ? address->preferred_until() : address->valid_until();
    if (due != Time::max() && (!next || due < *next)) next = due;
  }
  aging_.arm_at(next);
}

void MobilityKernel::set_regional_care_of(const Ipv6Address& regional, const Ipv6Address& on_link,
                                          const Ipv6Address& map, RegionalUse use) {
  auto it = regions_.find(regional);
  if (it == regions_.end()) {
    TunnelInterface& tunnel = stack_.add_tunnel("map" + std::to_string(tunnels_made_++), on_link, map);
    it = regions_.emplace(regional, Home{on_link, &tunnel}).first;
  }
  it->second.care_of = on_link;
  it->second.tunnel->set_end_points(on_link, map);
  const bool home_address = use == RegionalUse::Applications;
  const InterfaceAddress* address = it->second.tunnel->find_address(regional);
  if (address != nullptr && address->home_address == home_address) return;
  if (address != nullptr) stack_.remove_address(*it->second.tunnel, regional);
  stack_.add_address(*it->second.tunnel, {.address = regional, .prefix_length = 128, .origin = AddressOrigin::Home,
                                          .home_address = home_address, .skip_dad = true, .on_link_prefix = false});
}

void MobilityKernel::remove_regional_care_of(const Ipv6Address& regional) {
  const auto it = regions_.find(regional);
  if (it == regions_.end()) return;
  TunnelInterface& tunnel = *it->second.tunnel;
  regions_.erase(it);
  stack_.remove_interface(tunnel);
}

void MobilityKernel::keep_tunnels_of(const Ipv6Address& on_link) {
  forget_tunnels_of(on_link);
  std::set<Ipv6Address> ends;  // in an order of their own
  for (const auto& [home, away] : homes_) {
    if (away.care_of == on_link) ends.insert(away.tunnel->remote());
  }
  for (const auto& [regional, region] : regions_) {
    if (region.care_of == on_link) ends.insert(region.tunnel->remote());
  }
  std::vector<TunnelInterface*>& kept = kept_[on_link];
  for (const Ipv6Address& end : ends) {
    kept.push_back(&stack_.add_tunnel("old" + std::to_string(tunnels_made_++), on_link, end));
  }
}

void MobilityKernel::forget_tunnels_of(const Ipv6Address& on_link) {
  const auto it = kept_.find(on_link);
  if (it == kept_.end()) return;
  for (TunnelInterface* tunnel : it->second) stack_.remove_interface(*tunnel);
  kept_.erase(it);
}

void MobilityKernel::set_signalling_tunnel(const Ipv6Address& source, const Ipv6Address& destination,
                                           TunnelInterface* tunnel) {
  if (tunnel != nullptr) {
    signalling_tunnels_.insert_or_assign(source, SignallingTunnel{destination, tunnel});
  } else {
    signalling_tunnels_.erase(source);
  }
}

SourceTunnels::SourceTunnel MobilityKernel::tunnel_between(const Ipv6Address& source, const Ipv6Address& destination) {
  if (signalling_tunnels_.empty()) return tunnel_of_source(source);
  const auto it = signalling_tunnels_.find(source);
  if (it == signalling_tunnels_.end()) return tunnel_of_source(source);
  if (it->second.destination == destination) return {.tunnel = it->second.tunnel, .discard = nullptr};
  if (TunnelInterface* own = home_tunnel(source)) return {.tunnel = own, .discard = nullptr};
  return tunnel_of_source(source);
}

SourceTunnels::SourceTunnel MobilityKernel::tunnel_of_source(const Ipv6Address& source) {
  const auto it = regions_.find(source);
  if (it == regions_.end()) return {};
  if (it->second.care_of.is_unspecified()) return {.tunnel = nullptr, .discard = &kNoCareOfAddress};
  return {.tunnel = it->second.tunnel, .discard = nullptr};
}

void MobilityKernel::add_binding_update(const Ipv6Address& home, const Ipv6Address& correspondent,
                                        const Ipv6Address& care_of) {
  const auto it = homes_.find(home);
  if (it != homes_.end()) it->second.updates.insert_or_assign(correspondent, care_of);
}

void MobilityKernel::remove_binding_update(const Ipv6Address& home, const Ipv6Address& correspondent) {
  const auto it = homes_.find(home);
  if (it != homes_.end()) it->second.updates.erase(correspondent);
}

MobilityHooks::OutputActions MobilityKernel::on_output(const Ipv6Address& source, const Ipv6Address& destination,
                                                       NextHeader next_header) {
  OutputActions actions;
  // RFC 6275 §9.3.2; signalling says itself where it goes (§6.1.1, §11.3.1).
  const bool signalling = next_header == NextHeader::Mobility;
  if (!signalling && !bindings_.empty()) {
    if (const auto it = bindings_.find(destination); it != bindings_.end()) {
      it->second.last_used = stack_.now();
      actions.route_to_care_of = it->second.care_of;
    }
  }
  // §10.4.2: for packets of its own the home agent is a correspondent; the tunnel is for those it intercepts.
  if (!signalling && !home_bindings_.empty()) {
    // Of a home binding (RFC 5648 §6.2) the care-of address is the home address: there it goes as it is.
    if (const auto it = home_bindings_.find(destination); it != home_bindings_.end()) {
      // Neither has IPv4 a type 2 routing header (RFC 5555 §4.5.1).
      if (it->second.care_of == destination || it->second.care_of.is_v4_mapped()) {
        actions.tunnel = outlet_of(*it->second.tunnel);
      } else {
        actions.route_to_care_of = it->second.care_of;
      }
    }
  }
  if (mobile_network_ && mobile_network_->contains(destination)) return actions;  // it is behind this node
  const auto home = homes_.find(source);
  if (home == homes_.end()) {
    if (mobile_network_ && mobile_network_->contains(source)) {
      return mobile_network_->on_output(destination, mobile_network_tunnels());
    }
    return actions;
  }
  if (home->second.care_of.is_unspecified()) {
    actions.discard = &kNoCareOfAddress;
    return actions;
  }
  const auto& updates = home->second.updates;
  if (const auto it = updates.find(destination); it != updates.end() && !signalling) {
    actions.home_address_option_from = it->second;
    return actions;
  }
  actions.tunnel = outlet_of(*home->second.tunnel);
  if (!signalling) hint(source, destination);
  return actions;
}

void MobilityKernel::add_mobile_network(const MobileNetworkDescription& network) {
  // What a routing daemon knew of the links on which it was a router is of no use on others (RFC 3963 §8).
  stack_.routes().remove_if([](const Route& r) { return r.origin == RouteOrigin::Daemon; });
  std::vector<bool> were_routers;
  for (const Ip6Interface* egress : network.egress) were_routers.push_back(acts_as_router(*egress));
  mobile_network_.emplace(stack_, network);
  for (std::size_t i = 0; i < network.egress.size(); ++i) egress_changed(*network.egress[i], were_routers[i]);
}

void MobilityKernel::remove_mobile_network() {
  if (!mobile_network_) return;
  const std::vector<Ip6Interface*> egress = mobile_network_->egress();
  std::vector<bool> were_routers;
  for (const Ip6Interface* each : egress) were_routers.push_back(acts_as_router(*each));
  mobile_network_.reset();
  for (std::size_t i = 0; i < egress.size(); ++i) egress_changed(*egress[i], were_routers[i]);
}

void MobilityKernel::set_egress_role(Ip6Interface& egress, EgressRole role) {
  if (!mobile_network_ || mobile_network_->egress_role(egress) == role) return;
  const bool was_router = acts_as_router(egress);
  mobile_network_->set_egress_role(egress, role);
  egress_changed(egress, was_router);
}

void MobilityKernel::egress_changed(Ip6Interface& egress, bool was_router) {
  const bool is_router = acts_as_router(egress);
  if (is_router != was_router) be_in_groups_of_routers(egress, is_router);  // RFC 3963 §5.7
  stack_.notify({RoutingMessage::Kind::ForwardingChanged, &egress, {}});
}

EgressRole MobilityKernel::egress_role(const Ip6Interface& interface) const {
  return mobile_network_ ? mobile_network_->egress_role(interface) : EgressRole::None;
}

// The link-local address that goes with a home address, too.
bool MobilityKernel::proxied_for_router(const Ipv6Address& address) const {
  if (const auto it = home_bindings_.find(address); it != home_bindings_.end()) return it->second.mobile_router;
  if (!address.is_link_local()) return false;
  return std::ranges::any_of(home_bindings_, [&](const auto& b) {
    return b.second.mobile_router && b.second.link_local && derived_link_local(b.first) == address;
  });
}

void MobilityKernel::set_mobile_network_forwarding(bool on) {
  if (mobile_network_) mobile_network_->set_forwarding(on);
}

void MobilityKernel::set_ipv4_mobile_networks(std::vector<Ipv6Prefix> prefixes) {
  if (mobile_network_) mobile_network_->set_ipv4_prefixes(std::move(prefixes));
}

MobileNetwork::Tunnels MobilityKernel::mobile_network_tunnels() const {
  const auto away = homes_.find(mobile_network_->home_address());
  if (away == homes_.end()) return {};
  const auto outlet = outlets_.find(away->second.tunnel);
  return {away->second.tunnel, outlet == outlets_.end() ? nullptr : outlet->second};
}

void MobilityKernel::set_outlet(const TunnelInterface& tunnel, TunnelOutlet* outlet) {
  if (outlet != nullptr) outlets_.insert_or_assign(&tunnel, outlet);
  else outlets_.erase(&tunnel);
}

Ip6Interface* MobilityKernel::outlet_of(Ip6Interface& tunnel) const {
  const auto it = outlets_.find(&tunnel);
  return it == outlets_.end() ? &tunnel : it->second;
}

MobilityHooks::OutputActions MobilityKernel::on_forward(const Ip6Interface& in, const Ip6Interface* out, Bytes packet) {
  const bool ipv4 = packet[0] >> 4 == 4;
  if (ipv4 && (!mobile_network_ || !mobile_network_->has_ipv4())) return {};
  if (!ipv4 && !outlets_.empty() && out != nullptr) {
    if (const auto it = outlets_.find(out); it != outlets_.end()) {
      OutputActions actions;
      actions.tunnel = it->second;
      return actions;
    }
  }
  if (!mobile_network_) return {};
  return mobile_network_->on_forward(in, out, packet, mobile_network_tunnels());
}

bool MobilityKernel::accepts_home_address_option(const Ipv6Address& home, const Ipv6Address& care_of,
                                                 const Ipv6Address& destination, NextHeader upper) {
  // §9.3.1: a Binding Update is checked by other means. What AH or ESP hides is asked about once it can be seen (KAME).
  if (upper == NextHeader::Mobility || upper == NextHeader::Esp || upper == NextHeader::AuthenticationHeader) return true;
  if (const auto it = bindings_.find(home); it != bindings_.end() && it->second.has_care_of(care_of)) {
    it->second.last_used = stack_.now();
    return true;
  }
  if (const auto it = home_bindings_.find(home); it != home_bindings_.end() && it->second.has_care_of(care_of)) {
    return true;
  }
  for (std::size_t i = 0; i < listeners_.size(); ++i) listeners_[i]->on_binding_error_hint(home, care_of, destination);
  return false;
}

bool MobilityKernel::bound_to(const Ipv6Address& home, const Ipv6Address& care_of) const {
  if (const auto it = bindings_.find(home); it != bindings_.end() && it->second.has_care_of(care_of)) return true;
  const auto it = home_bindings_.find(home);
  return it != home_bindings_.end() && it->second.has_care_of(care_of);
}

void MobilityKernel::on_reverse_tunnelled(const Ipv6Address& source, const Ipv6Address& destination,
                                          NextHeader next_header) {
  if (next_header != NextHeader::Mobility && homes_.contains(destination)) hint(destination, source);
}

void MobilityKernel::hint(const Ipv6Address& home, const Ipv6Address& correspondent) {
  for (std::size_t i = 0; i < listeners_.size(); ++i) listeners_[i]->on_route_optimization_hint(home, correspondent);
}

void MobilityKernel::on_care_of_unreachable(const Ipv6Address& home) {
  for (std::size_t i = 0; i < listeners_.size(); ++i) listeners_[i]->on_care_of_unreachable(home);
}

// RFC 3775 §9.3.1: of what has a Home Address option only a Binding Update needs no binding.
bool MobilityKernel::bound_as_rfc3775_asks(const InputPacket& in) {
  const Bytes header = in.upper();
  const bool update = header.size() > kMhTypeOffset &&
                      static_cast<MhType>(header[kMhTypeOffset]) == MhType::BindingUpdate;
  if (!in.home_address_care_of || update || bound_to(in.source, *in.home_address_care_of)) return true;
  stack_.drop(kMhNoBinding, in.packet.bytes());
  for (std::size_t i = 0; i < listeners_.size(); ++i) {
    listeners_[i]->on_binding_error_hint(in.source, *in.home_address_care_of, in.destination);
  }
  return false;
}

void MobilityKernel::on_packet(InputPacket& in) {
  if (!rules.any_message_with_home_address && !bound_as_rfc3775_asks(in)) return;
  const auto header = MobilityHeaderView::check(in.upper(), in.source, in.destination, understood_);
  if (header) return sockets_.on_packet(in);
  const DropReason reason = header.error();
  stack_.drop(*reason, in.packet.bytes());
  // RFC 6275 §9.2 has two mistakes answered by a Parameter Problem that points to the field, and one by a Binding
  // Error.
  auto point_to = [&](std::size_t field) {
    stack_.icmp6_error(Icmp6Error::parameter_problem(ParameterProblemCode::ErroneousHeaderField,
                                                     static_cast<std::uint32_t>(in.offset + field), in.packet.bytes()),
                       in.interface, in.link_layer_multicast);
  };
  if (reason == &kMhBadPayloadProto) point_to(kMhPayloadProtoOffset);
  if (reason == &kMhHeaderLenTooSmall) point_to(kMhHeaderLenOffset);
  if (reason == &kMhUnknownType) {
    for (std::size_t i = 0; i < listeners_.size(); ++i) {
      listeners_[i]->on_unknown_message(in.source, in.destination, in.home_address_care_of);
    }
  }
}

void MobilityKernel::on_icmp6_error(const Icmp6Error& error, std::size_t) {
  const bool unknown_header = error.type == Icmp6Type::ParameterProblem &&
                              error.code == static_cast<std::uint8_t>(ParameterProblemCode::UnrecognizedNextHeader);
  if (!unknown_header) return;
  const Ipv6Address correspondent = Ipv6HeaderView::check_quoted(error.invoking_packet)->destination();
  for (std::size_t i = 0; i < listeners_.size(); ++i) listeners_[i]->on_mobility_header_unsupported(correspondent);
}

}  // namespace kamesim
