// The ICMPv6 messages of Mobile IPv6 at a home agent: dynamic home agent address discovery (RFC 6275 §10.5) and mobile
// prefix advertisements (§10.6).
#include "protocols/mip6/binding_update_reception.h"
#include "protocols/mip6/discovery_messages.h"
#include "protocols/mip6/home_agent_daemon.h"
#include "protocols/wire/nd.h"

namespace kamesim {

HomeAgentDaemon::Discovery::Discovery(HomeAgentDaemon& daemon, SocketLayer& sockets)
    : daemon_(daemon),
      socket_(sockets, NextHeader::Icmp6, *this),
      random_(daemon.stack_.node().stream("mip6.home_agent_discovery")) {
  socket_.pass_only({static_cast<std::uint8_t>(Icmp6Type::RouterAdvertisement),
                     static_cast<std::uint8_t>(Icmp6Type::HomeAgentAddressDiscoveryRequest),
                     static_cast<std::uint8_t>(Icmp6Type::MobilePrefixSolicitation)});
}

void HomeAgentDaemon::Discovery::on_datagram(const Datagram& d) {
  switch (static_cast<Icmp6Type>(d.payload[0])) {
    case Icmp6Type::RouterAdvertisement: return on_router_advertisement(d);
    case Icmp6Type::HomeAgentAddressDiscoveryRequest: return on_address_discovery_request(d);
    case Icmp6Type::MobilePrefixSolicitation: return on_prefix_solicitation(d);
    default: return;
  }
}

void HomeAgentDaemon::Discovery::on_router_advertisement(const Datagram& d) {
  if (d.interface != &daemon_.home_link_) return;
  const auto view = RouterAdvertisementView::check(d.payload, {d.source, d.destination, d.hop_limit});
  if (!view) return;  // the kernel has counted it
  const RouterAdvertisement ra = view->value();
  HomeAgentAdvertisement heard{.router = d.source, .home_agent = ra.home_agent,
                               .router_lifetime = ra.router_lifetime, .information = {}, .addresses = {}};
  for (const auto& option : view->options()) {
    if (const auto information = HomeAgentInformation::parse(option)) heard.information = information;
    const auto prefix = PrefixInformation::parse(option);
    if (prefix && prefix->router_address) heard.addresses.push_back({prefix->address, prefix->valid_lifetime});
  }
  list_.on_router_advertisement(daemon_.stack_.now(), heard);
}

void HomeAgentDaemon::Discovery::on_address_discovery_request(const Datagram& d) {
  Ip6Stack& stack = daemon_.stack_;
  const auto request = HomeAgentAddressDiscoveryRequestView::check(d.payload);
  if (!request) return stack.drop(*request.error(), d.payload);
  if (!is_unicast_routable(d.source)) return stack.drop(kHaadRequestNotRoutable, d.payload);
  // §10.5.1: to the anycast address of a subnet that is served here; the reply's source is a unicast one of ours there.
  const bool asked = std::ranges::find(daemon_.anycast_, d.destination) != daemon_.anycast_.end();
  HomeAgentsList::Own own{daemon_.config_.preference, {}, daemon_.supports_mobile_routers()};
  const InterfaceAddress* source = nullptr;
  for (const auto& a : daemon_.home_link_.addresses()) {
    if (a->anycast || a->address.is_link_local() || !a->assigned()) continue;
    own.addresses.push_back(a->address);
    if (source == nullptr || home_agents_anycast(a->prefix()) == d.destination) source = a;
  }
  if (!asked || source == nullptr) return stack.drop(kHaadNotHomeAgentsAddress, d.payload);
  // RFC 3963 §7.2: those that support mobile routers, where such are wanted and there are any.
  HomeAgentAddressDiscoveryReply reply{request->identifier(), {}};
  using enum HomeAgentsList::Wanted;
  if (request->mobile_router_support()) {
    reply.home_agent_addresses = list_.addresses_for_reply(stack.now(), own, random_, ForMobileRouters);
    reply.mobile_router_support = !reply.home_agent_addresses.empty();
  }
  if (!reply.mobile_router_support) {
    reply.home_agent_addresses = list_.addresses_for_reply(stack.now(), own, random_, All);
  }
  std::vector<std::uint8_t> message;
  ByteWriter out(message);
  emit(out, reply);
  socket_.send(message, {.destination = d.source, .source = source->address, .no_mobility = true});
}

void HomeAgentDaemon::Discovery::on_prefix_solicitation(const Datagram& d) {
  const auto solicitation = MobilePrefixSolicitationView::check(d.payload);
  if (!solicitation) return daemon_.stack_.drop(*solicitation.error(), d.payload);
  if (!d.care_of) return daemon_.stack_.drop(kMpsNoHomeAddressOption, d.payload);
  daemon_.apply(daemon_.advertiser_.on_solicitation(daemon_.stack_.now(), d.source, solicitation->identifier(),
                                                    *d.care_of),
                d.payload);
}

void HomeAgentDaemon::Discovery::advertise_prefixes(const PrefixAdvertiser::Advertisement& advertisement) {
  const Ipv6Address& home = advertisement.home_address;
  const auto served_as = daemon_.served_as_.find(home);
  const auto care_of = daemon_.kernel_.home_binding_care_of(home);
  // RFC 5555 §2.2: by IPv4 mobile nodes MAY do prefix discovery; ours do not.
  if (served_as == daemon_.served_as_.end() || !care_of || care_of->is_v4_mapped()) return;
  std::vector<std::uint8_t> message;
  ByteWriter out(message);
  // §6.8: M and O are clear, as there is no DHCPv6 of the home agent's.
  emit(out, MobilePrefixAdvertisement{.identifier = advertisement.identifier.value_or(0)});
  for (const PrefixInformation& prefix : daemon_.home_prefixes()) emit(out, prefix);
  socket_.send(message, {.destination = home, .source = served_as->second, .no_mobility = true,
                         .type2_route = advertisement.destination.value_or(*care_of)});
}

}  // namespace kamesim
