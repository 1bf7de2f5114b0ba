#include "protocols/ip6/stack.h"

#include <algorithm>
#include <array>

#include "protocols/ip6/icmp6_input.h"
#include "protocols/ip6/ip4_part.h"
#include "protocols/ip6/mobile_router_hooks.h"
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
  using Ip6Interface::Ip6Interface;
  std::string name() const override { return "lo"; }
  bool up() const override { return true; }
  bool is_loopback() const override { return true; }
  std::uint32_t mtu() const override { return 65535; }
  void send(Packet packet, const Ipv6Address&) override { stack().output_packet(std::move(packet)); }
};

constexpr std::uint32_t kLoopbackIndex = 1;

// RFC 4291 §2.8.
constexpr Ipv6Address kGroupsOfNodes[] = {kAllNodesInterfaceLocal, kAllNodesLinkLocal};
constexpr Ipv6Address kGroupsOfRouters[] = {kAllRoutersInterfaceLocal, kAllRoutersLinkLocal, kAllRoutersSiteLocal};

}  // namespace

void be_in_groups_of_nodes(Ip6Interface& interface) {
  for (const Ipv6Address& group : kGroupsOfNodes) interface.join_group(group);
}

void be_in_groups_of_routers(Ip6Interface& interface, bool in) {
  for (const Ipv6Address& group : kGroupsOfRouters) {
    if (in) {
      interface.join_group(group);
    } else {
      interface.leave_group(group);
    }
  }
}

Ip6Stack::Ip6Stack(Node& node, Ip6Config config)
    : node_(node),
      config_(node.simulation().shared<Ip6Configs>().find(config)) {
  if (config_ == nullptr) {
    rare().own_config = std::make_unique<Ip6Config>(config);
    config_ = rare_->own_config.get();
  }
  interfaces_.push_back({});  // the loopback interface's place
  next_interface_index_ = kLoopbackIndex + 1;
}

// Nobody is told, as it has always been there.
void Ip6Stack::make_loopback() {
  auto made = std::make_unique<LoopbackInterface>(*this, kLoopbackIndex);
  auto own = std::make_unique<InterfaceAddress>();
  own->address = kLoopback;
  own->prefix_length = 128;
  own->state = AddressState::Preferred;
  static_cast<Ip6Interface&>(*made).addresses_.add(std::move(own), *made);
  const std::vector<Destination> known = destinations();
  routes_.set_observer(nullptr);
  routes_.add({.prefix = Ipv6Prefix(kLoopback, 128), .interface = made.get(), .next_hop = {}, .kind = RouteKind::Local,
               .origin = RouteOrigin::Connected});
  if (first_listener_ != nullptr) routes_.set_observer(this);
  interfaces_[0] = OwnedInterface(made.release());
  for (const Destination& d : known) {  // still good, but for the address that has a route now
    if (d.address == kLoopback) continue;
    Destination& kept = destinations_.slot(d.address, d.zone, destination_generation());
    kept = d;
    kept.generation = destination_generation();
  }
}

Ip6Stack::Rare::Rare() = default;
Ip6Stack::Rare::~Rare() = default;

Ip6Stack::~Ip6Stack() {
  for (EthernetInterface* interface : interface_by_nic_) {
    if (interface != nullptr) interface->nic()->set_receiver(nullptr);
  }
}

EthernetInterface& Ip6Stack::add_interface(Nic& nic) {
  auto owned = std::make_unique<EthernetInterface>(*this, next_interface_index_++, nic);
  EthernetInterface& interface = *owned;
  interfaces_.push_back(OwnedInterface(owned.release()));
  while (interface_by_nic_.size() <= nic.index()) interface_by_nic_.push_back(nullptr);
  interface_by_nic_[nic.index()] = &interface;
  nic.set_receiver(this);
  be_in_groups_of_nodes(interface);
  if (config().forwarding) be_in_groups_of_routers(interface, true);
  if (config().node_information) {
    if (!name_hash_known_) name_hash_ = node_information_hash(node_.name());
    name_hash_known_ = true;
    if (name_hash_ != kNoNameHash) interface.join_group(node_information_group(name_hash_));
  }
  if (multicast() != nullptr) on_multicast_forwarding_changed();
  if (nic.up()) on_link_change(nic, true);
  return interface;
}

bool Ip6Stack::hears(const Nic& nic, MacAddress group) const {
  const EthernetInterface* interface = interface_on(nic);
  return interface != nullptr && interface->groups().any_maps_to(group);
}

TunnelInterface& Ip6Stack::add_tunnel(const std::string& name, const Ipv6Address& local, const Ipv6Address& remote) {
  auto owned = std::make_unique<TunnelInterface>(*this, next_interface_index_++, name, local, remote);
  TunnelInterface& tunnel = *owned;
  interfaces_.push_back(OwnedInterface(owned.release()));
  return tunnel;
}

void Ip6Stack::remove_interface(Ip6Interface& interface) {
  notify({Kind::InterfaceRemoved, &interface, {}});
  if (ip4() != nullptr) ip4()->on_interface_removed(interface);
  if (multicast() != nullptr) multicast()->on_interface_removed(interface);
  while (!interface.addresses().empty()) remove_address(interface, interface.addresses().back()->address);
  routes_.remove_if([&](const Route& r) { return r.interface == &interface; });
  invalidate_destinations();
  OwnedInterface* const it = std::ranges::find(interfaces_, &interface, &OwnedInterface::get);
  if (it == interfaces_.end()) return;
  if (Nic* nic = interface.nic(); nic != nullptr) {
    nic->set_receiver(nullptr);
    interface_by_nic_[nic->index()] = nullptr;
  }
  later().retired_interfaces.push_back(*it);
  interfaces_.erase(it);
  if (!later().timer.armed()) later().timer.arm_in(Duration{});
}

MulticastForwarding& Ip6Stack::multicast_forwarding() {
  if (multicast() == nullptr) rare().multicast = std::make_unique<MulticastForwarding>(*this);
  return *multicast();
}

void Ip6Stack::on_multicast_forwarding_changed() {
  const bool hears_all = multicast() != nullptr && multicast()->in_use();
  for (EthernetInterface* interface : interface_by_nic_) {
    if (interface != nullptr) interface->nic()->set_all_groups(hears_all);
  }
}

Ip6Interface* Ip6Stack::find_interface(std::string_view name) const {
  loopback();
  const auto it = std::ranges::find(interfaces_, name, [](const auto& i) { return i->name(); });
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
  if (ip4() != nullptr) ip4()->on_link_change(interface, up);
  notify({up ? Kind::LinkUp : Kind::LinkDown, &interface, {}});
}

const Destination& Ip6Stack::find_route_to(const Ipv6Address& address, Ip6Interface* zone) {
  const std::uint64_t generation = destination_generation();
  Destination& d = destinations_.slot(address, zone, generation);
  if (d.generation == generation && d.address == address && d.zone == zone && now() < d.valid_until) [[likely]] {
    return d;
  }
  d = Destination{.address = address, .zone = zone, .generation = generation, .next_hop = address};
  std::uint32_t route_mtu = 0;
  if (address.is_loopback()) loopback();  // its route comes with it
  if (address.is_link_local() || address.is_multicast()) {
    // RFC 4007 §9: the zone decides; an address of ours is in its own zone only.
    d.interface = zone;
    if (zone != nullptr) {
      const InterfaceAddress* own = zone->find_address(address);
      const bool ours = own != nullptr && own->state != AddressState::Duplicated;
      // RFC 4862 §5.4: what is sent to a tentative address is discarded.
      d.kind = !ours ? RouteKind::Unicast : own->assigned() ? RouteKind::Local : RouteKind::Blackhole;
    }
  } else if (const auto route = routes_.lookup(address, zone);
             // The default route of IPv6 is none of IPv4's: that has ::ffff:0:0/96.
             route && (!address.is_v4_mapped() || route->prefix.length() >= kV4MappedLength)) {
    d.interface = route->interface;
    d.kind = route->kind;
    d.origin = route->origin;
    if (!route->on_link()) d.next_hop = route->next_hop;
    const bool learned = d.origin == RouteOrigin::RouterAdvertisement || d.origin == RouteOrigin::Redirect;
    d.by_source = learned && !route->on_link() && chooses_first_hop_by_source();
    d.multipath = zone == nullptr && routes_.equal_cost(*route, 1).has_value();
    route_mtu = route->mtu;
  }
  if (d.interface == nullptr) return d;
  d.link_mtu = d.mtu = route_mtu != 0 ? std::min(route_mtu, d.interface->mtu()) : d.interface->mtu();
  if (const auto learned = learned_path_mtu(address)) {
    d.mtu = std::min(d.mtu, learned->mtu);
    d.valid_until = learned->expires;
    d.fragment_header = learned->fragment_header;
  }
  if (d.interface->nd() != nullptr && !address.is_multicast() && !address.is_v4_mapped() &&
      (d.kind == RouteKind::Unicast || d.kind == RouteKind::Proxied)) {
    d.neighbor = &d.interface->nd()->neighbor(d.next_hop);
    // Making room for the entry may have evicted another, and with it this generation.
    d.generation = destination_generation();
    const bool plain = config().forwarding && d.kind == RouteKind::Unicast && zone == nullptr && !d.multipath &&
                       address.high() != 0 && !address.is_link_local() && d.interface->up();
    if (plain) {
      d.plain = d.interface->nic();
      some_plain_ = true;
    }
  }
  return d;
}

std::size_t Ip6Stack::place_of(NextHeader protocol) {
  switch (protocol) {
    case NextHeader::Tcp: return 0;
    case NextHeader::Udp: return 1;
    case NextHeader::Icmp6: return 2;
    case NextHeader::Ipv6: return 3;
    case NextHeader::Ipv4: return 4;
    default: return kCommonProtocols;
  }
}

void Ip6Stack::set_upper_layer(NextHeader protocol, PacketHandler* handler) {
  if (const std::size_t place = place_of(protocol); place < kCommonProtocols) {
    if (common_upper_layers_ == nullptr && handler == nullptr) return;
    common_upper_layers().handlers[place] = handler;
    return;
  }
  if (handler == nullptr && rare_ == nullptr) return;
  std::erase_if(rare().other_upper_layers, [&](const auto& entry) { return entry.first == protocol; });
  if (handler != nullptr) rare_->other_upper_layers.emplace_back(protocol, handler);
}

PacketHandler* Ip6Stack::upper_layer(NextHeader protocol) {
  if (common_upper_layers_ == nullptr && place_of(protocol) < kCommonProtocols) [[unlikely]] start_upper_layers();
  return upper_layer_in_use(protocol);
}

PacketHandler* Ip6Stack::upper_layer_in_use(NextHeader protocol) const {
  if (const std::size_t place = place_of(protocol); place < kCommonProtocols) {
    return common_upper_layers_ != nullptr ? common_upper_layers_->handlers[place] : nullptr;
  }
  if (rare_ == nullptr) return nullptr;
  for (const auto& [number, handler] : rare_->other_upper_layers) {
    if (number == protocol) return handler;
  }
  return nullptr;
}

void Ip6Stack::add_router_alert_listener(RouterAlertListener& listener) {
  rare().router_alert_listeners.push_back(&listener);
}

void Ip6Stack::remove_router_alert_listener(RouterAlertListener& listener) {
  if (rare_ != nullptr) std::erase(rare_->router_alert_listeners, &listener);
}

// ---- Parts that are made on first use ---------------------------------------------------------------------------

Ip6Config& Ip6Stack::mutable_config() {
  invalidate_destinations();
  auto& own = rare().own_config;
  if (own == nullptr) {
    own = std::make_unique<Ip6Config>(*config_);
    config_ = own.get();
  }
  return *own;
}

Icmp6Input& Ip6Stack::icmp6() {
  if (icmp6_ == nullptr) icmp6_ = std::make_unique<Icmp6Input>(*this);
  return *icmp6_;
}

PathMtuTable& Ip6Stack::path_mtu() {
  auto& table = rare().path_mtu;
  if (table == nullptr) table = std::make_unique<PathMtuTable>(mutable_config().path_mtu);
  return *table;
}

Ip6Stack::Reassembly::Reassembly(Ip6Stack& stack)
    : reassembler(stack.mutable_config().reassembly, stack.mutable_config().rules),
      timer(Timer::to<&Ip6Stack::expire_reassemblies>(stack.node_, stack)) {}

Ip6Stack::Reassembly& Ip6Stack::reassembly() {
  auto& part = rare().reassembly;
  if (part == nullptr) part = std::make_unique<Reassembly>(*this);
  return *part;
}

Ip6Stack::Later::Later(Ip6Stack& stack) : timer(Timer::to<&Ip6Stack::deliver_later>(stack.node_, stack)) {}

Ip6Stack::Later& Ip6Stack::later() {
  auto& part = rare().later;
  if (part == nullptr) part = std::make_unique<Later>(*this);
  return *part;
}

std::uint32_t Ip6Stack::next_fragment_id() {
  auto& ids = rare().fragment_ids;
  if (ids == nullptr) ids = std::make_unique<RandomStream>(node_.stream("ip6.fragment_id"));
  return ids->next_u32();
}

void Ip6Stack::add_listener(RoutingListener& listener) {
  if (first_listener_ == nullptr) {
    first_listener_ = &listener;
  } else {
    rare().more_listeners.push_back(&listener);
  }
  routes_.set_observer(this);
}

void Ip6Stack::remove_listener(RoutingListener& listener) {
  if (first_listener_ == &listener) {
    first_listener_ = this->listener(1);
    if (first_listener_ != nullptr) rare_->more_listeners.erase(rare_->more_listeners.begin());
  } else if (rare_ != nullptr) {
    const auto it = std::ranges::find(rare_->more_listeners, &listener);
    if (it != rare_->more_listeners.end()) rare_->more_listeners.erase(it);
  }
  if (first_listener_ == nullptr) routes_.set_observer(nullptr);
}

void Ip6Stack::on_route_change(RouteChange change, const Route& route) {
  const Kind kind = change == RouteChange::Added     ? Kind::RouteAdded
                    : change == RouteChange::Changed ? Kind::RouteChanged
                                                     : Kind::RouteRemoved;
  notify({kind, route.interface, route.prefix.address(), &route});
}

void Ip6Stack::notify(const RoutingMessage& message) {
  // A listener may register or leave others while it is told.
  for (std::size_t i = 0; RoutingListener* const told = listener(i); ++i) told->on_routing_message(message);
}

void Ip6Stack::notify_of_advertisement(Ip6Interface& interface, Duration router_lifetime) {
  for (std::size_t i = 0; RoutingListener* const told = listener(i); ++i) {
    told->on_router_advertisement(interface, router_lifetime);
  }
}

void Ip6Stack::set_forwarding(bool on) {
  if (on == config().forwarding) return;
  mutable_config().forwarding = on;
  for (EthernetInterface* interface : interface_by_nic_) {
    if (interface == nullptr) continue;
    if (egress_role(*interface) != EgressRole::Host) be_in_groups_of_routers(*interface, on);
    if (!heeds_router_advertisements(*interface)) interface->nd()->routers().forget_routers();  // RFC 4861 §6.3
    review_subnet_router_anycast(*interface);
  }
  for (const auto& interface : links()) {
    if (!interface->is_tunnel() || !static_cast<TunnelInterface&>(*interface).configured) continue;
    be_in_groups_of_routers(*interface, on);
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

Ip6Stack::Counters Ip6Stack::counters() const {
  Counters counters{.received = counted(Counted::Received), .delivered = counted(Counted::Delivered),
                    .forwarded = counted(Counted::Forwarded), .sent = counted(Counted::Sent)};
  if (icmp6_ == nullptr) return counters;
  counters.icmp6_errors_sent = icmp6_->errors_sent;
  counters.icmp6_errors_limited = icmp6_->errors_limited;
  return counters;
}

void Ip6Stack::carry(Counted what) { ++rare().carried[static_cast<std::size_t>(what)]; }

std::uint64_t Ip6Stack::counted(Counted what) const {
  const auto place = static_cast<std::size_t>(what);
  const std::uint64_t carried = rare_ != nullptr ? rare_->carried[place] : 0;
  return carried << 32 | counts_[place];
}

void Ip6Stack::set_counted(Counted what, std::uint64_t count) {
  const auto place = static_cast<std::size_t>(what);
  counts_[place] = static_cast<std::uint32_t>(count);
  if (const std::uint64_t beyond = count >> 32; beyond != 0 || rare_ != nullptr) {
    rare().carried[place] = static_cast<std::uint32_t>(beyond);
  }
}

void Ip6Stack::set_counters(const Counters& counters) {
  set_counted(Counted::Received, counters.received);
  set_counted(Counted::Delivered, counters.delivered);
  set_counted(Counted::Forwarded, counters.forwarded);
  set_counted(Counted::Sent, counters.sent);
  if (counters.icmp6_errors_sent == 0 && counters.icmp6_errors_limited == 0) return;
  icmp6().errors_sent = counters.icmp6_errors_sent;
  icmp6().errors_limited = counters.icmp6_errors_limited;
}

void Ip6Stack::count_error_sent() { ++icmp6().errors_sent; }

void Ip6Stack::count_limited_error() { ++icmp6().errors_limited; }

Ip6Stack::HeapBytes Ip6Stack::heap_bytes() const {
  HeapBytes bytes{.interfaces = interfaces_.heap_bytes() + interface_by_nic_.heap_bytes(),
                  .routes = routes_.heap_bytes() + destinations_.slots().capacity() * sizeof(Destination)};
  if (interfaces_[0] != nullptr) bytes.interfaces += interfaces_[0]->heap_bytes() + sizeof(LoopbackInterface);
  for (const auto& interface : links()) {
    bytes.interfaces += interface->heap_bytes() + (interface->nic() == nullptr ? sizeof(TunnelInterface) : sizeof(EthernetInterface));
  }
  bytes.rest = (hooks_ != nullptr ? sizeof(Hooks) : 0) + (icmp6_ != nullptr ? sizeof(Icmp6Input) : 0);
  if (common_upper_layers_ != nullptr) bytes.rest += sizeof(CommonUpperLayers);
  if (rare_ == nullptr) return bytes;
  bytes.rest += sizeof(Rare) + (rare_->own_config != nullptr ? sizeof(Ip6Config) : 0) +
                (rare_->later != nullptr ? sizeof(Later) : 0) +
                (rare_->fragment_ids != nullptr ? sizeof(RandomStream) : 0);
  if (rare_->reassembly != nullptr) bytes.rest += sizeof(Reassembly) + rare_->reassembly->reassembler.usage().bytes;
  constexpr std::size_t kNode = 32;  // of a hash table, with what the heap adds
  if (const auto& table = rare_->path_mtu; table != nullptr) {
    bytes.rest += sizeof(PathMtuTable) + table->size() * (kNode + sizeof(Ipv6Address) + sizeof(PathMtuTable::Entry));
  }
  return bytes;
}

void Ip6Stack::clear_destination_cache() {
  destinations_.clear();
  for (EthernetInterface* interface : interface_by_nic_) {
    if (interface != nullptr) interface->nd()->forget_redirects();
  }
  invalidate_destinations();
}

std::vector<Destination> Ip6Stack::destinations() const {
  const std::uint64_t generation = destination_generation();
  std::vector<Destination> good;
  for (const Destination& d : destinations_.slots()) {
    if (d.generation == generation && now() < d.valid_until) good.push_back(d);
  }
  return good;
}

}  // namespace kamesim
