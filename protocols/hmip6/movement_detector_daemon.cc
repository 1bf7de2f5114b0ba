#include "protocols/hmip6/movement_detector_daemon.h"

#include "protocols/ip6/neighbor_discovery.h"
#include "protocols/mip6/trace_kinds.h"
#include "protocols/wire/nd.h"

namespace kamesim {

MovementDetectorDaemon::MovementDetectorDaemon(SocketLayer& sockets, Ip6Interface& interface, RegionalMobility& told)
    : stack_(sockets.stack()),
      interface_(interface),
      told_(told),
      socket_(sockets, NextHeader::Icmp6, *this),
      detector_({.home_address = kUnspecified, .home_prefix = Ipv6Prefix(kUnspecified, 128)}),  // no link is home
      timer_(Timer::to<&MovementDetectorDaemon::on_timer>(stack_.node(), *this)) {
  socket_.pass_only({static_cast<std::uint8_t>(Icmp6Type::RouterAdvertisement)});
  interface_.routers_solicited_elsewhere = true;
  stack_.add_listener(*this);
  if (interface_.up()) apply(detector_.on_link_up(stack_.now()));
}

MovementDetectorDaemon::~MovementDetectorDaemon() {
  stack_.remove_listener(*this);
  interface_.routers_solicited_elsewhere = false;
}

void MovementDetectorDaemon::on_datagram(const Datagram& d) {
  if (d.interface != &interface_) return;
  const auto view = RouterAdvertisementView::check(d.payload, {d.source, d.destination, d.hop_limit});
  if (!view) return;  // the kernel has counted it
  told_.on_router_advertisement(d.source, *view);
  HeardAdvertisement heard{.router = d.source, .router_lifetime = view->value().router_lifetime};
  for (const NdOption option : view->options()) {
    if (const auto prefix = PrefixInformation::parse(option)) {
      const bool useful = prefix->on_link || prefix->autonomous;
      if (useful && !prefix->address.is_link_local()) heard.prefixes.push_back(prefix->prefix());
      if (prefix->router_address) heard.router_address = prefix->address;
    }
    if (const auto interval = AdvertisementInterval::parse(option)) heard.advertisement_interval = interval->interval;
  }
  apply(detector_.on_router_advertisement(stack_.now(), heard));
}

void MovementDetectorDaemon::on_routing_message(const RoutingMessage& message) {
  using Kind = RoutingMessage::Kind;
  if (message.interface != &interface_) return;
  const Time now = stack_.now();
  switch (message.kind) {
    case Kind::LinkUp: return apply(detector_.on_link_up(now));
    case Kind::LinkDown: return apply(detector_.on_link_down(now));
    case Kind::DefaultRouterUnreachable: return apply(detector_.on_router_unreachable(now, message.address));
    case Kind::AddressAdded:
    case Kind::AddressReady:
    case Kind::AddressChanged: {
      if (message.address.is_link_local()) return;
      const InterfaceAddress* address = interface_.find_address(message.address);
      const bool usable = address != nullptr && address->usable_as_source() &&
                          address->state != AddressState::Deprecated;
      if (usable) return apply(detector_.on_address_usable(now, message.address));
      if (message.kind == Kind::AddressChanged) apply(detector_.on_address_gone(now, message.address));
      return;
    }
    case Kind::AddressDuplicated:
    case Kind::AddressRemoved: return apply(detector_.on_address_gone(now, message.address));
    default: return;  // of no concern here
  }
}

void MovementDetectorDaemon::on_timer() { apply(detector_.on_timeout(stack_.now())); }

void MovementDetectorDaemon::apply(const MovementDetector::Output& out) {
  if (out.no_address) told_.on_no_address();
  if (out.moved) {
    stack_.node().trace(kTraceMoved, {{"care_of", out.moved->to_string()}});
    told_.on_no_address();
    told_.on_moved(*out.moved);
  }
  if (out.solicit) solicit_routers();
  timer_.arm_at(detector_.next_timeout());
}

void MovementDetectorDaemon::solicit_routers() {
  const InterfaceAddress* source = interface_.link_local();
  std::vector<std::uint8_t> message;
  ByteWriter out(message);
  emit(out, RouterSolicitation{});
  if (source != nullptr) emit(out, SourceLinkLayerAddress{interface_.nic()->mac()});  // RFC 4861 §4.1
  socket_.send(message, {.destination = kAllRoutersLinkLocal,
                         .source = source != nullptr ? source->address : kUnspecified,
                         .unspecified_source = source == nullptr, .interface = &interface_,
                         .hop_limit = kNdHopLimit, .no_mobility = true});
}

}  // namespace kamesim
