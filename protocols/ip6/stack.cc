#include "protocols/ip6/stack.h"

#include <algorithm>
#include <array>

#include "protocols/ip6/icmp6_input.h"
#include "protocols/ip6/ip4_part.h"
#include "protocols/ip6/multicast_forwarding.h"
#include "protocols/ip6/neighbor_discovery.h"
#include "protocols/ip6/node_information.h"
#include "protocols/ip6/tunnel.h"
#include "protocols/wire/ipv4_address.h"
#include "sim/medium.h"
#include "sim/simulation.h"

namespace kamesim {

namespace {

using Kind = RoutingMessage::Kind;

// ::1, for packets of the node to itself.
class LoopbackInterface final : public Ip6Interface {
 public:
  LoopbackInterface(Ip6Stack& stack, std::uint32_t index) : Ip6Interface(stack, index, "lo") {}
  bool up() const override { return true; }
  bool is_loopback() const override { return true; }
  std::uint32_t mtu() const override { return 65535; }
  void send(Packet packet, const Ipv6Address&) override { stack().output_packet(std::move(packet)); }
};

// RFC 4291 §2.7.1, §2.8: those of a router. That of interface-local scope never comes from a link.
constexpr std::array kRouterGroups = {kAllRoutersLinkLocal, kAllRoutersSiteLocal};

void join_router_groups(EthernetInterface& interface) {
  for (const Ipv6Address& group : kRouterGroups) interface.join_group(group);
}

void leave_router_groups(EthernetInterface& interface) {
  for (const Ipv6Address& group : kRouterGroups) interface.leave_group(group);
}

}  // namespace

Ip6Stack::Ip6Stack(Node& node, Ip6Config config)
    : node_(node),
      config_(config),
      path_mtu_(config_.path_mtu),
      reassembler_(config_.reassembly, config_.rules),
      icmp6_(std::make_unique<Icmp6Input>(*this)),
      fragment_ids_(node.stream("ip6.fragment_id")),
      flow_label_secret_(node.stream("ip6.flow_label").next_u64()) {
  interfaces_.push_back(std::make_unique<LoopbackInterface>(*this, next_interface_index_++));
  add_address(*interfaces_.front(), {.address = kLoopback, .prefix_length = 128, .on_link_prefix = false});
}

Ip6Stack::~Ip6Stack() {
  for (EthernetInterface* interface : interface_by_nic_) {
    if (interface != nullptr) interface->nic()->set_receiver(nullptr);
  }
}

EthernetInterface& Ip6Stack::add_interface(Nic& nic) {
  auto owned = std::make_unique<EthernetInterface>(*this, next_interface_index_++, nic);
  EthernetInterface& interface = *owned;
  interfaces_.push_back(std::move(owned));
  if (interface_by_nic_.size() <= nic.index()) interface_by_nic_.resize(nic.index() + 1);
  interface_by_nic_[nic.index()] = &interface;
  nic.set_receiver(this);
  interface.join_group(kAllNodesLinkLocal);  // RFC 4291 §2.8
  if (config_.forwarding) join_router_groups(interface);
  if (config_.node_information) {
    const Ipv6Address group = node_information_group(node_.name());
    if (!group.is_unspecified()) interface.join_group(group);  // RFC 4620 §5
  }
  if (multicast_ != nullptr) on_multicast_forwarding_changed();
  if (nic.up()) on_link_change(nic, true);
  return interface;
}

TunnelInterface& Ip6Stack::add_tunnel(const std::string& name, const Ipv6Address& local, const Ipv6Address& remote) {
  auto owned = std::make_unique<TunnelInterface>(*this, next_interface_index_++, name, local, remote);
  TunnelInterface& tunnel = *owned;
  interfaces_.push_back(std::move(owned));
  return tunnel;
}

void Ip6Stack::remove_interface(Ip6Interface& interface) {
  notify({Kind::InterfaceRemoved, &interface, {}});
  if (ip4_ != nullptr) ip4_->on_interface_removed(interface);
  if (multicast_ != nullptr) multicast_->on_interface_removed(interface);
  while (!interface.addresses().empty()) remove_address(interface, interface.addresses().back()->address);
  routes_.remove_if([&](const Route& r) { return r.interface == &interface; });
  invalidate_destinations();
  const auto it = std::ranges::find(interfaces_, &interface, &std::unique_ptr<Ip6Interface>::get);
  if (it == interfaces_.end()) return;
  if (Nic* nic = interface.nic(); nic != nullptr) {
    nic->set_receiver(nullptr);
    interface_by_nic_[nic->index()] = nullptr;
  }
  retired_interfaces_.push_back(std::move(*it));
  interfaces_.erase(it);
  if (!loopback_timer_.armed()) loopback_timer_.arm_in(Duration{});
}

MulticastForwarding& Ip6Stack::multicast_forwarding() {
  if (multicast_ == nullptr) multicast_ = std::make_unique<MulticastForwarding>(*this);
  return *multicast_;
}

void Ip6Stack::on_multicast_forwarding_changed() {
  const bool hears_all = multicast_ != nullptr && multicast_->in_use();
  for (EthernetInterface* interface : interface_by_nic_) {
    if (interface != nullptr) interface->nic()->set_all_groups(hears_all);
  }
}

Ip6Interface* Ip6Stack::find_interface(std::string_view name) const {
  const auto it = std::ranges::find(interfaces_, name, [](const auto& i) -> std::string_view { return i->name(); });
  return it == interfaces_.end() ? nullptr : it->get();
}

void Ip6Stack::on_link_change(Nic& nic, bool up) {
  EthernetInterface& interface = *interface_by_nic_[nic.index()];
  invalidate_destinations();
  if (up) {
    interface.nd()->on_link_up();
  } else {
    interface.nd()->on_link_down();
  }
  if (ip4_ != nullptr) ip4_->on_link_change(interface, up);
  notify({up ? Kind::LinkUp : Kind::LinkDown, &interface, {}});
}

const Destination& Ip6Stack::route_to(const Ipv6Address& address, Ip6Interface* zone) {
  const std::uint64_t generation = std::uint64_t{generation_} << 32 | routes_.generation();
  Destination& d = destinations_.slot(address, zone, generation);
  if (d.generation == generation && d.address == address && d.zone == zone && now() < d.valid_until) [[likely]] {
    return d;
  }
  d = Destination{.address = address, .next_hop = address, .zone = zone, .generation = generation};
  std::uint32_t route_mtu = 0;
  if (address.is_link_local() || address.is_multicast()) {
    // RFC 4007 §9: the zone decides; an address of ours is in its own zone only.
    d.interface = zone;
    if (zone != nullptr) {
      const InterfaceAddress* own = zone->find_address(address);
      const bool ours = own != nullptr && own->state != AddressState::Duplicated;
      // RFC 4862 §5.4: what is sent to a tentative address is discarded.
      d.kind = !ours ? RouteKind::Unicast : own->assigned() ? RouteKind::Local : RouteKind::Blackhole;
    }
  } else if (const Route* route = routes_.lookup(address, zone);
             // The default route of IPv6 is none of IPv4's: that has ::ffff:0:0/96.
             route != nullptr && (!address.is_v4_mapped() || route->prefix.length() >= kV4MappedLength)) {
    d.interface = route->interface;
    d.kind = route->kind;
    d.origin = route->origin;
    if (!route->on_link()) d.next_hop = route->next_hop;
    const bool learned = d.origin == RouteOrigin::RouterAdvertisement || d.origin == RouteOrigin::Redirect;
    d.by_source = learned && !route->on_link() && chooses_first_hop_by_source();
    d.multipath = zone == nullptr && routes_.equal_cost(*route).size() > 1;
    route_mtu = route->mtu;
  }
  if (d.interface == nullptr) return d;
  d.link_mtu = d.mtu = route_mtu != 0 ? std::min(route_mtu, d.interface->mtu()) : d.interface->mtu();
  if (const auto learned = path_mtu_.find(address, now())) {
    d.mtu = std::min(d.mtu, learned->mtu);
    d.valid_until = learned->expires;
    d.fragment_header = learned->fragment_header;
  }
  if (d.interface->nd() != nullptr && !address.is_multicast() && !address.is_v4_mapped() &&
      (d.kind == RouteKind::Unicast || d.kind == RouteKind::Proxied)) {
    d.neighbor = &d.interface->nd()->neighbor(d.next_hop);
    // Making room for the entry may have evicted another, and with it this generation.
    d.generation = std::uint64_t{generation_} << 32 | routes_.generation();
  }
  return d;
}

void Ip6Stack::set_upper_layer(NextHeader protocol, PacketHandler* handler) {
  std::erase_if(upper_layers_, [&](const auto& entry) { return entry.first == protocol; });
  if (handler != nullptr) upper_layers_.emplace_back(protocol, handler);
}

void Ip6Stack::notify(const RoutingMessage& message) {
  // A listener may register or leave others while it is told.
  for (std::size_t i = 0; i < listeners_.size(); ++i) listeners_[i]->on_routing_message(message);
}

void Ip6Stack::set_forwarding(bool on) {
  if (on == config_.forwarding) return;
  config_.forwarding = on;
  for (EthernetInterface* interface : interface_by_nic_) {
    if (interface == nullptr) continue;
    if (on) {
      join_router_groups(*interface);
      interface->nd()->routers().forget_routers();  // RFC 4861 §6.3 is for hosts
    } else {
      leave_router_groups(*interface);
    }
    review_subnet_router_anycast(*interface);
  }
  for (const auto& interface : interfaces_) {
    if (!interface->is_tunnel() || !static_cast<TunnelInterface&>(*interface).configured) continue;
    if (on) {
      interface->join_group(kAllRoutersLinkLocal);
    } else {
      interface->leave_group(kAllRoutersLinkLocal);
    }
  }
  notify({Kind::ForwardingChanged, nullptr, {}});
}

void Ip6Stack::on_settings_changed() {
  for (EthernetInterface* interface : interface_by_nic_) {
    if (interface == nullptr) continue;
    interface->nd()->on_settings_changed();
    review_subnet_router_anycast(*interface);
  }
  invalidate_destinations();
  notify({Kind::SettingsChanged, nullptr, {}});
}

void Ip6Stack::clear_destination_cache() {
  destinations_.clear();
  for (EthernetInterface* interface : interface_by_nic_) {
    if (interface != nullptr) interface->nd()->forget_redirects();
  }
  invalidate_destinations();
}

std::vector<Destination> Ip6Stack::destinations() const {
  const std::uint64_t generation = std::uint64_t{generation_} << 32 | routes_.generation();
  std::vector<Destination> good;
  for (const Destination& d : destinations_.slots()) {
    if (d.generation == generation && now() < d.valid_until) good.push_back(d);
  }
  return good;
}

}  // namespace kamesim
