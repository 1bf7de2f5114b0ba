#include "protocols/pmip6/gateway_daemon.h"

#include <algorithm>

#include "protocols/ip6/destination_cache.h"
#include "protocols/ip6/neighbor_discovery.h"
#include "protocols/pmip6/trace_kinds.h"
#include "protocols/wire/icmp6.h"
#include "protocols/wire/ipv6_header.h"
#include "protocols/wire/nd.h"

namespace kamesim::pmip6 {

namespace {

Ipv6Address link_local_of(const MacAddress& station) {
  return with_interface_id(kLinkLocalPrefix, InterfaceId::eui64(station));
}

bool is_icmp6(const Ipv6HeaderView& header, Icmp6Type type) {
  const Bytes message = header.payload();
  return header.next_header() == NextHeader::Icmp6 && !message.empty() &&
         message[0] == static_cast<std::uint8_t>(type);
}

}  // namespace

GatewayDaemon::GatewayDaemon(SocketLayer& sockets, MobilityKernel& kernel,
                             const std::vector<EthernetInterface*>& access_links, const GatewayDaemonConfig& config)
    : stack_(sockets.stack()),
      kernel_(kernel),
      config_(config),
      socket_(sockets, NextHeader::Mobility, *this),
      machine_(config.gateway, stack_.node().stream("pmip6.gateway")),
      tunnels_(stack_, "mag"),
      random_(stack_.node().stream("pmip6.advertisements")),
      timer_(Timer::to<&GatewayDaemon::on_timer>(stack_.node(), *this)) {
  kernel_.set_forwarding_policy(this);
  for (EthernetInterface* interface : access_links) {
    take_over(*interface);
    links_.push_back(std::make_unique<AccessLink>(*interface, *this));
  }
}

GatewayDaemon::~GatewayDaemon() {
  while (!served_.empty()) cease_to_serve(served_.begin()->first, false);
  kernel_.set_forwarding_policy(nullptr);
}

// §6.9.3: the same addresses on all access links of the domain. No other node on the link may have them.
void GatewayDaemon::take_over(EthernetInterface& interface) const {
  if (!config_.fixed_link_layer.is_zero()) interface.set_mac(config_.fixed_link_layer);
  const Ipv6Address& fixed = config_.gateway.fixed_link_local;
  if (fixed.is_unspecified()) return;
  std::vector<Ipv6Address> others;
  for (const auto& a : interface.addresses()) {
    if (a->address.is_link_local() && !a->anycast) others.push_back(a->address);
  }
  for (const Ipv6Address& address : others) stack_.remove_address(interface, address);
  stack_.add_address(interface, {.address = fixed, .origin = AddressOrigin::LinkLocal, .skip_dad = true,
                                 .on_link_prefix = false});
}

bool GatewayDaemon::is_access_link(const Ip6Interface& interface) const {
  return std::ranges::any_of(links_, [&](const auto& link) { return &link->interface() == &interface; });
}

// ---- News of the access link (§6.9.1.1, §6.9.1.4, §6.13) ----------------------------------------------------------

void GatewayDaemon::on_station_event(AccessLink& link, MacAddress station, StationEvent event) {
  const auto profile = config_.gateway.mobile_nodes.find(station);
  if (profile == config_.gateway.mobile_nodes.end()) return;
  const bool left = event == StationEvent::Left;
  if (left && where_[station] != &link) return;
  stack_.node().trace(left ? kTraceDetached : kTraceAttached,
                      {{"station", station.to_string()}, {"mobile_node", profile->second.mobile_node.identifier}});
  if (left) return apply(machine_.on_detached(stack_.now(), station), {});
  where_[station] = &link;
  const Attachment how = event == StationEvent::Reassociated ? Attachment::Moved : Attachment::New;
  apply(machine_.on_attached(stack_.now(), station, how), {});
}

void GatewayDaemon::on_access_link_down(AccessLink& link) {
  for (const auto& [station, where] : where_) {
    if (where == &link) apply(machine_.on_detached(stack_.now(), station), {});
  }
}

// A station's link carries packets of its prefixes, and of no other's (§5.2, §6.10.5).
bool GatewayDaemon::admits(AccessLink& link, MacAddress station, Bytes packet) {
  const auto header = Ipv6HeaderView::check(packet);
  if (!header) return true;  // the stack says what is wrong with it
  const Ipv6Address source = header->source(), destination = header->destination();
  if (is_icmp6(*header, Icmp6Type::RouterSolicitation)) {
    const Bytes message = header->payload();
    const bool sound = Icmp6View::check(message)->checksum_ok(source, destination) &&
                       RouterSolicitationView::check(message, {source, destination, header->hop_limit()});
    if (sound) on_solicitation(link, station);
  }
  if (header->next_header() == NextHeader::Icmp6) on_own_link_local_used(station, source, header->payload());
  if (destination.is_multicast() || destination.is_link_local()) return true;
  if (source.is_unspecified() || source.is_link_local()) return true;
  const Served* owner = serving(source);
  const bool served = served_.contains(station);
  if (owner == nullptr ? !served : owner->station == station) return true;
  stack_.drop(kForeignSource, packet);
  return false;
}

// §6.9.1.2, item 15: the address that the anchor generated is the mobile node's own.
void GatewayDaemon::on_own_link_local_used(MacAddress station, const Ipv6Address& source, Bytes icmp6) {
  const auto it = served_.find(station);
  if (it == served_.end() || !config_.gateway.fixed_link_local.is_unspecified()) return;
  const Ipv6Address& own = it->second.binding.link_local_address;
  const bool tests_it = icmp6.size() >= 24 && icmp6[0] == static_cast<std::uint8_t>(Icmp6Type::NeighborSolicitation) &&
                        source.is_unspecified() && Ipv6Address::from_bytes(icmp6.data() + 8) == own;
  if (source != own && !tests_it) return;
  stack_.remove_address(it->second.link->interface(), own);
  apply(machine_.on_link_local_in_use(stack_.now(), station), {});
}

// ---- Signalling ---------------------------------------------------------------------------------------------------

void GatewayDaemon::on_datagram(const Datagram& d) {
  const auto mh = MobilityHeaderView::check(d.payload, d.source, d.destination);
  if (!mh || mh->type() != MhType::BindingAck || !BindingAckView(*mh).proxy_registration()) return;
  const auto ack = read_proxy_binding_ack(*mh);
  if (!ack) return stack_.drop(*ack.error(), d.payload);
  stack_.node().trace(kTraceAckReceived,
                      {{"mobile_node", ack->options.mobile_node.value_or(MobileNodeIdentifier{}).identifier},
                       {"sequence", std::int64_t{ack->sequence.value()}},
                       {"status", std::int64_t{ack->status}},
                       {"lifetime_s", ack->lifetime.to_seconds()}});
  apply(machine_.on_proxy_binding_ack(stack_.now(), d.source, *ack), d.payload);
}

// §6.9.1.5: a global address of the egress interface.
Ipv6Address GatewayDaemon::care_of(const Ipv6Address& anchor) const {
  if (!config_.proxy_care_of.is_unspecified()) return config_.proxy_care_of;
  const Ip6Interface* out = stack_.route_to(anchor, nullptr).interface;
  const InterfaceAddress* address = stack_.select_source(anchor, out);
  return address == nullptr ? Ipv6Address() : address->address;
}

void GatewayDaemon::send(const MobileAccessGateway::UpdateToSend& out) {
  stack_.node().trace(kTraceUpdateSent, {{"mobile_node", out.update.options.mobile_node->identifier},
                                         {"sequence", std::int64_t{out.update.sequence.value()}},
                                         {"lifetime_s", out.update.lifetime.to_seconds()},
                                         {"handoff_indicator", std::int64_t{*out.update.options.handoff_indicator}}});
  socket_.send(to_bytes(out.update), {.destination = out.anchor, .source = care_of(out.anchor), .no_mobility = true});
}

void GatewayDaemon::apply(const Output& out, Bytes message) {
  if (out.dropped != nullptr) stack_.drop(*out.dropped, message);
  for (const MobileAccessGateway::UpdateToSend& update : out.updates) send(update);
  for (const MobileAccessGateway::Change& change : out.changes) {
    const Binding& binding = change.binding;
    switch (change.kind) {
      case MobileAccessGateway::Change::Kind::Bound: serve(binding); break;
      case MobileAccessGateway::Change::Kind::Denied:
        stack_.node().trace(kTraceDenied, {{"mobile_node", binding.profile.mobile_node.identifier}});
        cease_to_serve(binding.station, true);
        break;
      case MobileAccessGateway::Change::Kind::Gone: cease_to_serve(binding.station, false); break;
    }
  }
  arm();
}

// ---- Forwarding (§6.9.1.2 items 12 to 15, §6.10) ------------------------------------------------------------------

void GatewayDaemon::serve(const Binding& binding) {
  const auto where = where_.find(binding.station);
  if (where == where_.end()) return;
  const Ipv6Address& anchor = binding.profile.anchor;
  TunnelInterface& tunnel = tunnels_.acquire(care_of(anchor), anchor);
  if (const auto before = served_.find(binding.station); before != served_.end()) unroute(before->second);
  Served& served = served_[binding.station];
  served = {.station = binding.station, .binding = binding, .link = where->second, .tunnel = &tunnel,
            .next_hop = link_local_of(binding.station), .advertise_at = stack_.now()};
  EthernetInterface& interface = served.link->interface();
  interface.nd()->add_static_neighbor({.address = served.next_hop, .mac = binding.station});
  if (interface.find_address(binding.link_local_address) == nullptr) {
    stack_.add_address(interface, {.address = binding.link_local_address, .origin = AddressOrigin::LinkLocal,
                                   .skip_dad = true, .on_link_prefix = false});
  }
  for (const Ipv6Prefix& prefix : binding.prefixes) {
    hosted_.insert_or_assign(prefix, binding.station);
    stack_.routes().add({.prefix = prefix, .interface = &interface, .next_hop = served.next_hop,
                         .origin = RouteOrigin::Mobility});
    // §5.2: "the Subnet-Router anycast address [...] that is used by the mobile access gateway".
    stack_.add_address(interface, {.address = prefix.address(), .origin = AddressOrigin::Home, .anycast = true,
                                   .skip_dad = true, .on_link_prefix = false});
    stack_.node().trace(kTraceRegistered, {{"mobile_node", binding.profile.mobile_node.identifier},
                                           {"prefix", prefix.to_string()}});
  }
  advertise(served, false);
}

void GatewayDaemon::unroute(Served& served) {
  EthernetInterface& interface = served.link->interface();
  for (const Ipv6Prefix& prefix : served.binding.prefixes) {
    hosted_.erase(prefix);
    stack_.routes().remove(prefix, &interface, served.next_hop);
    stack_.remove_address(interface, prefix.address());
  }
  const Ipv6Address& own = served.binding.link_local_address;
  if (own != config_.gateway.fixed_link_local) stack_.remove_address(interface, own);
  interface.nd()->remove_neighbor(served.next_hop);
  tunnels_.release(*served.tunnel);
}

void GatewayDaemon::cease_to_serve(MacAddress station, bool withdraw) {
  const auto it = served_.find(station);
  if (it == served_.end()) return;
  if (withdraw) advertise(it->second, true);
  unroute(it->second);
  served_.erase(it);
}

const GatewayDaemon::Served* GatewayDaemon::serving(const Ipv6Address& address) const {
  auto it = hosted_.upper_bound(Ipv6Prefix(address, 128));
  if (it == hosted_.begin()) return nullptr;
  --it;
  return it->first.contains(address) ? &served_.at(it->second) : nullptr;
}

bool GatewayDaemon::routes_locally(const Served& served) const {
  return served.binding.profile.local_routing.value_or(config_.gateway.local_routing);
}

ForwardingPolicy::Verdict GatewayDaemon::judge(const Ip6Interface& in, const Destination& to, Bytes packet) {
  const auto header = Ipv6HeaderView::of_checked(packet);
  const Served* to_served = serving(header.destination());
  if (tunnels_.contains(in)) {
    if (to_served == nullptr) return {.discard = &kNotHosted};
    return {};
  }
  const Served* from = nullptr;
  if (is_access_link(in)) {
    const Ipv6Address source = header.source();
    if (source.is_link_local()) return {.discard = &kLinkLocalSource};
    from = serving(source);
    const Destination& back = stack_.route_to(source, nullptr);
    // §6.14: others are there as on any link, if it has a prefix for them.
    const bool visitor = back.interface == &in && back.origin == RouteOrigin::Connected;
    if (from == nullptr && !visitor) return {.discard = &kNoBinding};
  }
  const bool connected =
      to_served != nullptr || (to.interface != nullptr && !to.interface->is_tunnel() && to.next_hop == to.address);
  if (from != nullptr) {
    if (connected && routes_locally(*from)) return {};
    return {.interface = from->tunnel};
  }
  if (to_served == nullptr || routes_locally(*to_served)) return {};
  const Destination& anchor = stack_.route_to(to_served->binding.profile.anchor, nullptr);
  if (anchor.interface == nullptr) return {.discard = &kNoBinding};
  return {.interface = anchor.interface, .next_hop = anchor.next_hop};
}

}  // namespace kamesim::pmip6
