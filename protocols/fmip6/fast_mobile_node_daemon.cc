#include "protocols/fmip6/fast_mobile_node_daemon.h"

#include "protocols/fmip6/access_point_id.h"
#include "protocols/fmip6/trace_kinds.h"
#include "protocols/ip6/neighbor_discovery.h"
#include "protocols/wire/nd.h"
#include "sim/medium.h"

namespace kamesim {
namespace {

// How long what a PrRtAdv told of a router stands for its own advertisement.
constexpr Duration kProxiedRouterLifetime = 30_s;

FastMobileNodeConfig with_interface(FastMobileNodeConfig config, const Ip6Interface& interface) {
  config.interface_id = InterfaceId::eui64(interface.nic()->mac());
  config.mac = interface.nic()->mac();
  return config;
}

std::optional<MacAddress> access_point_of(const Ip6Interface& interface) {
  const Medium* medium = interface.nic()->medium();
  return medium != nullptr ? std::optional(access_point_id(medium->name())) : std::nullopt;
}

// RFC 5568 §6.1.2: the tuples of a PrRtAdv, each begun by a New Access Point LLA.
std::vector<AccessPointInfo> tuples_of(const NdOptions& options) {
  using Lla = LinkLayerAddressOption::Code;
  using Ip = IpAddressPrefixOption::Code;
  std::vector<AccessPointInfo> tuples;
  for (const NdOption option : options) {
    if (const auto lla = LinkLayerAddressOption::parse(option)) {
      if (lla->code == Lla::NewAccessRouter && !tuples.empty()) tuples.back().router_link_layer = lla->address;
      using Kind = AccessPointInfo::Kind;
      if (lla->code == Lla::NewAccessPoint) tuples.push_back({.access_point = lla->address, .kind = Kind::NoPrefix});
      if (lla->code == Lla::SameInterface) tuples.push_back({.access_point = lla->address, .kind = Kind::SameInterface});
      if (lla->code == Lla::NoPrefix) tuples.push_back({.access_point = lla->address, .kind = Kind::NoPrefix});
      if (lla->code == Lla::NoFastHandover) {
        tuples.push_back({.access_point = lla->address, .kind = Kind::NoFastHandover});
      }
    }
    const auto ip = IpAddressPrefixOption::parse(option);
    if (!ip || tuples.empty()) continue;
    AccessPointInfo& tuple = tuples.back();
    if (ip->code == Ip::NarIpAddress) {
      tuple.kind = AccessPointInfo::Kind::Known;
      tuple.router = ip->address;
      tuple.prefix = Ipv6Prefix(ip->address, 64);  // unless a prefix is told
    }
    if (ip->code == Ip::NarPrefix) tuple.prefix = Ipv6Prefix(ip->address, ip->prefix_length);
    if (ip->code == Ip::NewCareOfAddress) tuple.new_care_of = ip->address;
  }
  return tuples;
}

}  // namespace

FastMobileNodeDaemon::FastMobileNodeDaemon(SocketLayer& sockets, MobilityKernel& kernel, Ip6Interface& interface,
                                           MobileNodeDaemon& home, const FastMobileNodeDaemonConfig& config)
    : stack_(sockets.stack()),
      kernel_(kernel),
      interface_(interface),
      home_(home),
      next_(home.regional_mobility()),
      config_(config),
      socket_(sockets, *this),
      link_(*this, sockets),
      random_(stack_.node().stream("fmip6.mobile_node")),
      machine_(with_interface(config.machine, interface),
               [this] { return static_cast<std::uint16_t>(random_.next_u32()); }),
      timer_(Timer::to<&FastMobileNodeDaemon::on_timer>(stack_.node(), *this)),
      beacon_(Timer::to<&FastMobileNodeDaemon::on_beacon>(stack_.node(), *this)) {
  kernel_.understand(kFastBindingAckType);
  home_.set_regional_mobility(this);
  stack_.add_listener(*this);
  if (interface_.up()) apply(machine_.on_link_up(stack_.now(), std::nullopt));
  if (config_.foresee) beacon_.arm_in(config_.beacon_interval);
}

FastMobileNodeDaemon::~FastMobileNodeDaemon() {
  stack_.remove_listener(*this);
  home_.set_regional_mobility(nullptr);
  if (kept_) kernel_.remove_regional_care_of(*kept_);
  stop_testing();
}

// ---- The link -----------------------------------------------------------------------------------------------------

void FastMobileNodeDaemon::anticipate(const MacAddress& access_point) {
  stack_.node().trace(kTraceAnticipated, {{"access_point", access_point.to_string()}});
  apply(machine_.on_anticipated(stack_.now(), access_point));
}

void FastMobileNodeDaemon::on_beacon() {
  if (interface_.up()) {
    if (const auto next = config_.foresee()) apply(machine_.on_anticipated(stack_.now(), *next));
  }
  beacon_.arm_in(config_.beacon_interval);
}

void FastMobileNodeDaemon::on_routing_message(const RoutingMessage& message) {
  if (message.interface != &interface_) return;
  using Kind = RoutingMessage::Kind;
  if (message.kind == Kind::LinkDown) {
    stop_testing();
    apply(machine_.on_link_down(stack_.now()));
  }
  if (message.kind == Kind::LinkUp) apply(machine_.on_link_up(stack_.now(), access_point_of(interface_)));
}

void FastMobileNodeDaemon::arrive(const FastMobileNode::Arrival& a) {
  stack_.node().trace(kTraceFastArrival, {{"nar", a.router.router.to_string()}, {"ncoa", a.new_care_of.to_string()},
                                          {"confirmed", std::int64_t{a.confirmed}}});
  NeighborDiscovery& nd = *interface_.nd();
  nd.record(a.router.router, a.router.router_link_layer);
  nd.routers().set_router(a.router.router, kProxiedRouterLifetime, RouterPreference::High);
  if (interface_.find_address(a.new_care_of) == nullptr) {
    // §4: used at once, and tested beside that.
    stack_.add_address(interface_, {.address = a.new_care_of, .origin = AddressOrigin::Autoconfigured,
                                    .skip_dad = true, .on_link_prefix = false});
  }
  link_.announce(a.new_care_of);
  test(a.new_care_of);
}

// §4: "starts a DAD probe for NCoA"; and once it is confirmed, neighbours are told with the O bit.
void FastMobileNodeDaemon::test(const Ipv6Address& new_care_of) {
  stop_testing();
  tested_ = new_care_of;
  interface_.nd()->start_proxy_dad(new_care_of, [this, new_care_of](bool unique) {
    tested_.reset();
    if (unique) return interface_.nd()->send_unsolicited_advertisement(new_care_of, true);
    stack_.node().trace(kTraceDuplicate, {{"ncoa", new_care_of.to_string()}});
    stack_.remove_address(interface_, new_care_of);
  });
}

void FastMobileNodeDaemon::stop_testing() {
  if (tested_) interface_.nd()->cancel_proxy_dad(*tested_);
  tested_.reset();
}

void FastMobileNodeDaemon::open(const FastMobileNode::Tunnel& t) {
  kept_ = t.previous_care_of;
  if (interface_.find_address(t.previous_care_of) != nullptr) stack_.remove_address(interface_, t.previous_care_of);
  kernel_.set_regional_care_of(t.previous_care_of, t.new_care_of, t.router, MobilityKernel::RegionalUse::CareOfAddress);
}

void FastMobileNodeDaemon::close(const Ipv6Address& previous_care_of) {
  kept_.reset();
  kernel_.remove_regional_care_of(previous_care_of);
  kernel_.forget_tunnels_of(previous_care_of);
}

// ---- ICMPv6 -------------------------------------------------------------------------------------------------------

FastMobileNodeDaemon::Link::Link(FastMobileNodeDaemon& daemon, SocketLayer& sockets)
    : daemon_(daemon), socket_(sockets, NextHeader::Icmp6, *this) {
  socket_.pass_only({static_cast<std::uint8_t>(kFmip6MessageType)});
}

void FastMobileNodeDaemon::Link::on_datagram(const Datagram& d) {
  if (d.interface != &daemon_.interface_) return;
  const auto view = Fmip6MessageView::check(d.payload, {d.source, d.destination, d.hop_limit});
  if (!view) return daemon_.stack_.drop(*view.error(), d.payload);
  if (view->subtype() != Fmip6Subtype::PrRtAdv) return;
  daemon_.apply(daemon_.machine_.on_proxy_advertisement(daemon_.stack_.now(), view->code(), view->identifier(),
                                                        tuples_of(view->options())));
}

void FastMobileNodeDaemon::Link::solicit(const FastMobileNode::Solicitation& solicitation) {
  const InterfaceAddress* source = daemon_.interface_.link_local();
  if (source == nullptr) return;
  std::vector<std::uint8_t> message;
  ByteWriter out(message);
  using Code = LinkLayerAddressOption::Code;
  emit(out, RtSolPr{solicitation.identifier});
  emit(out, LinkLayerAddressOption{Code::Source, daemon_.interface_.nic()->mac()});
  for (const MacAddress& access_point : solicitation.access_points) {
    emit(out, LinkLayerAddressOption{Code::NewAccessPoint, access_point});
  }
  if (solicitation.access_points.empty()) emit(out, LinkLayerAddressOption{Code::Wildcard, MacAddress()});
  socket_.send(message, {.destination = kAllRoutersLinkLocal, .source = source->address,
                         .interface = &daemon_.interface_, .hop_limit = kNdHopLimit, .no_mobility = true});
}

// §6.3: an unsolicited Neighbor Advertisement without the O bit.
void FastMobileNodeDaemon::Link::announce(const Ipv6Address& new_care_of) {
  std::vector<std::uint8_t> message;
  ByteWriter out(message);
  emit(out, NeighborAdvertisement{.target = new_care_of, .router = false, .solicited = false, .override = false});
  emit(out, TargetLinkLayerAddress{daemon_.interface_.nic()->mac()});
  socket_.send(message, {.destination = kAllNodesLinkLocal, .source = new_care_of, .interface = &daemon_.interface_,
                         .hop_limit = kNdHopLimit, .no_mobility = true});
}

// ---- Mobility Headers ---------------------------------------------------------------------------------------------

void FastMobileNodeDaemon::on_datagram(const Datagram& d) {
  const auto mh = MobilityHeaderView::check(d.payload, d.source, d.destination, kFmip6Types);
  if (!mh || mh->type() != kFastBindingAckType) return;
  const FastBindingAck ack = read_fast_binding_ack(*mh);
  stack_.node().trace(kTraceFastAckReceived, {{"par", d.source.to_string()}, {"status", std::int64_t{ack.status}}});
  apply(machine_.on_fast_binding_ack(stack_.now(), d.source, ack, [&](const Ipv6Address& care_of) {
    return authenticator_valid(config_.machine.key, care_of, d.source, d.payload);
  }));
}

void FastMobileNodeDaemon::send(const FastMobileNode::Update& u) {
  stack_.node().trace(kTraceFastUpdateSent, {{"par", u.destination.to_string()},
                                             {"pcoa", u.home_address_option.to_string()},
                                             {"ncoa", u.care_of.to_string()}});
  socket_.send_authenticated(u.message, config_.machine.key, u.care_of, u.destination,
                             {.destination = u.destination, .source = u.source, .no_mobility = true,
                              .home_address_option = u.home_address_option});
}

// ---- Between movement detection and registrations -----------------------------------------------------------------

void FastMobileNodeDaemon::on_router_advertisement(const Ipv6Address& router,
                                                   const RouterAdvertisementView& advertisement) {
  if (next_ != nullptr) next_->on_router_advertisement(router, advertisement);
  const auto naack = advertisement.options().find<NeighborAdvertisementAcknowledgment>();
  if (naack) apply(machine_.on_naack(stack_.now(), *naack));
  for (const NdOption option : advertisement.options()) {
    const auto prefix = PrefixInformation::parse(option);
    if (prefix && prefix->router_address) return apply(machine_.on_router(stack_.now(), prefix->address));
  }
}

void FastMobileNodeDaemon::on_moved(const Ipv6Address& on_link) {
  if (next_ != nullptr) {
    next_->on_moved(on_link);
  } else {
    const InterfaceAddress* address = interface_.find_address(on_link);
    home_.use_care_of({on_link, address != nullptr ? address->valid_until() : Time::max()});
  }
  apply(machine_.on_care_of(stack_.now(), on_link));
}

bool FastMobileNodeDaemon::on_no_address() {
  if (next_ != nullptr) return next_->on_no_address();
  return kept_.has_value() && home_.care_of() == kept_;
}

void FastMobileNodeDaemon::on_returned_home() {
  if (next_ != nullptr) next_->on_returned_home();
}

void FastMobileNodeDaemon::on_timer() { apply(machine_.on_timeout(stack_.now())); }

void FastMobileNodeDaemon::apply(const FastMobileNode::Output& out) {
  if (out.dropped != nullptr) stack_.drop(*out.dropped, {});
  if (out.tunnel_over) close(*out.tunnel_over);
  if (out.arrived) {
    // What comes to the old address in tunnels of home agent and MAP is still ours.
    if (home_.on_link_care_of()) kernel_.keep_tunnels_of(*home_.on_link_care_of());
    arrive(*out.arrived);
  }
  if (out.tunnel) open(*out.tunnel);
  if (out.update) send(*out.update);
  if (out.arrived) {
    home_.hear({.router = out.arrived->router.router, .router_address = out.arrived->router.router,
                .router_lifetime = kProxiedRouterLifetime, .prefixes = {out.arrived->router.prefix},
                .advertisement_interval = {}});
  }
  if (out.solicit) link_.solicit(*out.solicit);
  timer_.arm_at(machine_.next_timeout());
}

}  // namespace kamesim
