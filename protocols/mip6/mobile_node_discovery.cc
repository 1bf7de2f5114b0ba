// ICMPv6 as the mobile node daemon hears and sends it: router advertisements, router solicitations and probes of routers
// (RFC 6275 §11.5.1), home agent discovery (§11.4.1), mobile prefix discovery (§11.4.2, §11.4.3).
#include "protocols/mip6/discovery_messages.h"
#include "protocols/mip6/mobile_node_daemon.h"
#include "protocols/wire/nd.h"

namespace kamesim {

MobileNodeDaemon::Discovery::Discovery(MobileNodeDaemon& daemon, SocketLayer& sockets)
    : daemon_(daemon), socket_(sockets, NextHeader::Icmp6, *this) {
  socket_.pass_only({static_cast<std::uint8_t>(Icmp6Type::RouterAdvertisement),
                     static_cast<std::uint8_t>(Icmp6Type::NeighborAdvertisement),
                     static_cast<std::uint8_t>(Icmp6Type::HomeAgentAddressDiscoveryReply),
                     static_cast<std::uint8_t>(Icmp6Type::MobilePrefixAdvertisement)});
}

void MobileNodeDaemon::Discovery::on_datagram(const Datagram& d) {
  if (d.interface != &daemon_.interface_) return;
  switch (static_cast<Icmp6Type>(d.payload[0])) {
    case Icmp6Type::RouterAdvertisement: return on_router_advertisement(d);
    case Icmp6Type::NeighborAdvertisement: return on_neighbor_advertisement(d);
    case Icmp6Type::HomeAgentAddressDiscoveryReply: return on_address_discovery_reply(d);
    case Icmp6Type::MobilePrefixAdvertisement: return on_prefix_advertisement(d);
    default: return;
  }
}

void MobileNodeDaemon::Discovery::on_neighbor_advertisement(const Datagram& d) {
  const auto advertisement = NeighborAdvertisementView::check(d.payload, {d.source, d.destination, d.hop_limit});
  if (!advertisement) return;  // the kernel has counted it
  const NeighborAdvertisement na = advertisement->value();
  if (na.solicited) daemon_.apply(daemon_.detector_.on_router_reachable(daemon_.stack_.now(), na.target));
}

void MobileNodeDaemon::Discovery::on_router_advertisement(const Datagram& d) {
  const auto view = RouterAdvertisementView::check(d.payload, {d.source, d.destination, d.hop_limit});
  if (!view) return;
  if (daemon_.regional_ != nullptr) daemon_.regional_->on_router_advertisement(d.source, *view);
  HeardAdvertisement heard{.router = d.source, .router_lifetime = view->value().router_lifetime};
  for (const auto& option : view->options()) {
    if (const auto prefix = PrefixInformation::parse(option)) {
      const bool useful = prefix->on_link || prefix->autonomous;
      if (useful && !prefix->address.is_link_local()) heard.prefixes.push_back(prefix->prefix());
      if (prefix->router_address) heard.router_address = prefix->address;
    }
    if (const auto interval = AdvertisementInterval::parse(option)) heard.advertisement_interval = interval->interval;
  }
  daemon_.apply(daemon_.detector_.on_router_advertisement(daemon_.stack_.now(), heard));
}

void MobileNodeDaemon::Discovery::on_address_discovery_reply(const Datagram& d) {
  const auto reply = HomeAgentAddressDiscoveryReplyView::check(d.payload);
  if (!reply) return daemon_.stack_.drop(*reply.error(), d.payload);
  daemon_.apply(daemon_.home_agent_discovery_.on_reply(daemon_.stack_.now(), reply->value()));
}

void MobileNodeDaemon::Discovery::on_prefix_advertisement(const Datagram& d) {
  if (daemon_.is_another_home_address(d.destination)) return;  // its daemon's
  const auto advertisement = MobilePrefixAdvertisementView::check(d.payload);
  if (!advertisement) return daemon_.stack_.drop(*advertisement.error(), d.payload);
  const PrefixSolicitor::Output out = daemon_.prefixes_.on_advertisement(
      daemon_.stack_.now(), {d.source, d.type2_routed, advertisement->identifier()});
  daemon_.apply(out);
  if (!out.accepted) return;
  for (const auto& option : advertisement->options()) {
    if (const auto prefix = PrefixInformation::parse(option)) daemon_.on_advertised_prefix(*prefix);
  }
}

void MobileNodeDaemon::Discovery::solicit_routers() {
  const InterfaceAddress* source = daemon_.interface_.link_local();
  std::vector<std::uint8_t> message;
  ByteWriter out(message);
  emit(out, RouterSolicitation{});
  // RFC 4861 §4.1: not with the unspecified address as the source.
  if (source != nullptr) emit(out, SourceLinkLayerAddress{daemon_.interface_.nic()->mac()});
  send(message, kAllRoutersLinkLocal, source);
}

bool MobileNodeDaemon::Discovery::probe(const Ipv6Address& router) {
  const InterfaceAddress* source = daemon_.interface_.link_local();
  if (source == nullptr) return false;
  std::vector<std::uint8_t> message;
  ByteWriter out(message);
  emit(out, NeighborSolicitation{router});
  // RFC 4429 §3.3: not with an optimistic address as the source.
  if (source->state != AddressState::Optimistic) emit(out, SourceLinkLayerAddress{daemon_.interface_.nic()->mac()});
  send(message, router, source);
  return true;
}

void MobileNodeDaemon::Discovery::request_home_agents(const HomeAgentAddressDiscoveryRequest& request) {
  if (daemon_.ipv4_care_of_) return;  // RFC 5555 §2.1: it "cannot rely on native IPv6 routing"
  const MobileNodeConfig& config = daemon_.config_;
  std::vector<std::uint8_t> message;
  ByteWriter out(message);
  emit(out, request);
  socket_.send(message, {.destination = home_agents_anycast(config.home_link_prefix()),
                         .source = daemon_.care_of().value_or(kUnspecified), .no_mobility = true});
}

void MobileNodeDaemon::Discovery::solicit_prefixes(const MobilePrefixSolicitation& solicitation) {
  if (daemon_.ipv4_care_of_) return;  // RFC 5555 §2.2 leaves prefix discovery over IPv4 to choice ("MAY")
  std::vector<std::uint8_t> message;
  ByteWriter out(message);
  emit(out, solicitation);
  socket_.send(message, {.destination = daemon_.choice_.current().value_or(kUnspecified),
                         .source = daemon_.care_of().value_or(kUnspecified), .no_mobility = true,
                         .home_address_option = daemon_.config_.home_address});
}

void MobileNodeDaemon::Discovery::send(Bytes message, const Ipv6Address& destination,
                                       const InterfaceAddress* source) {
  socket_.send(message, {.destination = destination, .source = source != nullptr ? source->address : kUnspecified,
                         .unspecified_source = source == nullptr, .interface = &daemon_.interface_,
                         .hop_limit = kNdHopLimit, .no_mobility = true});
}

}  // namespace kamesim
