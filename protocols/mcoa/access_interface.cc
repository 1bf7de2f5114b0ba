#include "protocols/mcoa/access_interface.h"

#include <algorithm>

#include "protocols/wire/icmp6.h"
#include "protocols/wire/nd.h"

namespace kamesim::mcoa {

namespace {

// RFC 6275 §11.5.3: an address under test may be used at once where it is optimistic (RFC 4429 §3.2).
bool serves_as_care_of(const InterfaceAddress& address) {
  return !address.address.is_link_local() && address.usable_as_source() && address.state != AddressState::Deprecated;
}

}  // namespace

AccessInterface::AccessInterface(SocketLayer& sockets, Ip6Interface& interface, const MovementDetectorConfig& config,
                                 std::uint16_t bid, AccessListener& listener)
    : stack_(sockets.stack()),
      interface_(interface),
      detector_(config),
      bid_(bid),
      listener_(listener),
      socket_(sockets, NextHeader::Icmp6, *this),
      timer_(Timer::to<&AccessInterface::on_timer>(stack_.node(), *this)) {
  socket_.pass_only({static_cast<std::uint8_t>(Icmp6Type::RouterAdvertisement)});
  interface_.routers_solicited_elsewhere = true;
  stack_.add_listener(*this);
}

AccessInterface::~AccessInterface() {
  interface_.routers_solicited_elsewhere = false;
  stack_.remove_listener(*this);
}

void AccessInterface::start() {
  for (const auto& a : interface_.addresses()) {
    if (serves_as_care_of(*a)) detector_.on_address_usable(stack_.now(), a->address);
  }
  if (interface_.up()) apply(detector_.on_link_up(stack_.now()));
}

std::optional<Ipv6Address> AccessInterface::care_of() const {
  const auto& address = detector_.care_of();
  const auto holds = [&](const Ipv6Prefix& p) { return p.contains(*address); };
  if (!interface_.up() || !address || std::ranges::none_of(heard_, holds)) return std::nullopt;
  return address;
}

bool AccessInterface::at_home() const { return interface_.up() && detector_.surely_at_home(); }

Time AccessInterface::valid_until(const Ipv6Address& care_of) const {
  const InterfaceAddress* address = interface_.find_address(care_of);
  return address != nullptr ? address->valid_until() : Time::max();
}

void AccessInterface::on_routing_message(const RoutingMessage& message) {
  using Kind = RoutingMessage::Kind;
  if (message.interface != &interface_) return;
  const Time now = stack_.now();
  switch (message.kind) {
    case Kind::LinkUp:
      heard_.clear();
      return apply(detector_.on_link_up(now));
    case Kind::LinkDown:
      heard_.clear();
      return apply(detector_.on_link_down(now));
    case Kind::DefaultRouterUnreachable:
      heard_.clear();
      return apply(detector_.on_router_unreachable(now, message.address));
    case Kind::AddressAdded:
    case Kind::AddressReady:
    case Kind::AddressChanged: {
      if (message.address.is_link_local()) return;
      const InterfaceAddress* address = interface_.find_address(message.address);
      if (address != nullptr && serves_as_care_of(*address)) return apply(detector_.on_address_usable(now, message.address));
      if (message.kind == Kind::AddressChanged) apply(detector_.on_address_gone(now, message.address));
      return;
    }
    case Kind::AddressDuplicated:
    case Kind::AddressRemoved: return apply(detector_.on_address_gone(now, message.address));
    default: return;
  }
}

void AccessInterface::on_datagram(const Datagram& d) {
  if (d.interface == &interface_) on_router_advertisement(d);
}

void AccessInterface::on_router_advertisement(const Datagram& d) {
  const auto view = RouterAdvertisementView::check(d.payload, {d.source, d.destination, d.hop_limit});
  if (!view) return;  // the kernel has counted it
  HeardAdvertisement heard{.router = d.source, .router_address = {}, .router_lifetime = view->value().router_lifetime,
                           .prefixes = {}, .advertisement_interval = {}};
  for (const auto& option : view->options()) {
    if (const auto prefix = PrefixInformation::parse(option)) {
      const bool useful = prefix->on_link || prefix->autonomous;
      if (useful && !prefix->address.is_link_local()) heard.prefixes.push_back(prefix->prefix());
      if (prefix->router_address) heard.router_address = prefix->address;
    }
    if (const auto interval = AdvertisementInterval::parse(option)) heard.advertisement_interval = interval->interval;
  }
  if (heard.router_lifetime > Duration()) {
    for (const Ipv6Prefix& prefix : heard.prefixes) {
      const bool known = std::ranges::find(heard_, prefix) != heard_.end();
      if (!known && heard_.size() < MovementDetector::kMaxRouters * MovementDetector::kMaxPrefixes) heard_.push_back(prefix);
    }
  }
  apply(detector_.on_router_advertisement(stack_.now(), heard));
}

void AccessInterface::apply(const MovementDetector::Output& out) {
  if (out.solicit) solicit_routers();
  timer_.arm_at(detector_.next_timeout());
  if (care_of() == told_care_of_ && at_home() == told_at_home_) return;
  told_care_of_ = care_of();
  told_at_home_ = at_home();
  listener_.on_access_changed(*this);
}

void AccessInterface::solicit_routers() {
  const InterfaceAddress* source = interface_.link_local();
  std::vector<std::uint8_t> message;
  ByteWriter out(message);
  emit(out, RouterSolicitation{});
  // RFC 4861 §4.1: not with the unspecified address as the source.
  if (source != nullptr) emit(out, SourceLinkLayerAddress{interface_.nic()->mac()});
  socket_.send(message, {.destination = kAllRoutersLinkLocal, .source = source != nullptr ? source->address : kUnspecified,
                         .unspecified_source = source == nullptr, .interface = &interface_, .hop_limit = kNdHopLimit,
                         .no_mobility = true});
}

void AccessInterface::on_timer() { apply(detector_.on_timeout(stack_.now())); }

}  // namespace kamesim::mcoa
