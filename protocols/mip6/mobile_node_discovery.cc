// Neighbor Discovery as the mobile node daemon hears and asks it (RFC 6275 §11.5.1): router advertisements, router
// solicitations, and probes of routers.
#include "protocols/mip6/mobile_node_daemon.h"
#include "protocols/wire/nd.h"

namespace kamesim {

MobileNodeDaemon::Discovery::Discovery(MobileNodeDaemon& daemon, SocketLayer& sockets)
    : daemon_(daemon), socket_(sockets, NextHeader::Icmp6, *this) {
  socket_.pass_only({static_cast<std::uint8_t>(Icmp6Type::RouterAdvertisement),
                     static_cast<std::uint8_t>(Icmp6Type::NeighborAdvertisement)});
}

void MobileNodeDaemon::Discovery::on_datagram(const Datagram& d) {
  if (d.interface != &daemon_.interface_) return;
  const Time now = daemon_.stack_.now();
  const NdContext context{d.source, d.destination, d.hop_limit};
  if (d.payload[0] == static_cast<std::uint8_t>(Icmp6Type::NeighborAdvertisement)) {
    const auto advertisement = NeighborAdvertisementView::check(d.payload, context);
    if (!advertisement) return;  // the kernel has counted it
    const NeighborAdvertisement na = advertisement->value();
    if (na.solicited) daemon_.apply(daemon_.detector_.on_router_reachable(now, na.target));
    return;
  }
  const auto view = RouterAdvertisementView::check(d.payload, context);
  if (!view) return;
  HeardAdvertisement heard{.router = d.source, .router_lifetime = view->value().router_lifetime};
  for (const auto& option : view->options()) {
    if (const auto prefix = PrefixInformation::parse(option)) {
      const bool useful = prefix->on_link || prefix->autonomous;
      if (useful && !prefix->address.is_link_local()) heard.prefixes.push_back(prefix->prefix());
      if (prefix->router_address) heard.router_address = prefix->address;
    }
    if (const auto interval = AdvertisementInterval::parse(option)) heard.advertisement_interval = interval->interval;
  }
  daemon_.apply(daemon_.detector_.on_router_advertisement(now, heard));
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

void MobileNodeDaemon::Discovery::probe(const Ipv6Address& router) {
  const InterfaceAddress* source = daemon_.interface_.link_local();
  if (source == nullptr) return;
  std::vector<std::uint8_t> message;
  ByteWriter out(message);
  emit(out, NeighborSolicitation{router});
  emit(out, SourceLinkLayerAddress{daemon_.interface_.nic()->mac()});
  send(message, router, source);
}

void MobileNodeDaemon::Discovery::send(Bytes message, const Ipv6Address& destination,
                                       const InterfaceAddress* source) {
  socket_.send(message, {.destination = destination, .source = source != nullptr ? source->address : kUnspecified,
                         .unspecified_source = source == nullptr, .interface = &daemon_.interface_,
                         .hop_limit = kNdHopLimit, .no_mobility = true});
}

}  // namespace kamesim
