// How a mobile access gateway emulates the home network (RFC 5213 §6.7, §6.9.2, §6.9.3): Router Advertisements to each
// mobile node alone, with its own prefixes. They go to all nodes in a frame to one (RFC 6085).
#include <algorithm>

#include "protocols/ip6/nd_packet.h"
#include "protocols/pmip6/gateway_daemon.h"
#include "protocols/wire/nd_options.h"

namespace kamesim::pmip6 {

namespace {

constexpr Duration kMaxRaDelayTime = 500_ms;  // RFC 4861 §10, MAX_RA_DELAY_TIME

struct PrefixOptions {
  const std::vector<Ipv6Prefix>& prefixes;
  Duration lifetime;
};

void emit(ByteWriter& out, const PrefixOptions& options) {
  for (const Ipv6Prefix& prefix : options.prefixes) {
    kamesim::emit(out, PrefixInformation{.address = prefix.address(),
                                         .prefix_length = static_cast<std::uint8_t>(prefix.length()),
                                         .on_link = true,
                                         .autonomous = true,
                                         .valid_lifetime = options.lifetime,
                                         .preferred_lifetime = options.lifetime});
  }
}

}  // namespace

void GatewayDaemon::on_solicitation(AccessLink& link, MacAddress station) {
  if (const auto it = served_.find(station); it != served_.end()) {
    // RFC 4861 §6.2.6: delayed at random.
    const Time at = stack_.now() + random_.uniform(Duration(), kMaxRaDelayTime);
    it->second.advertise_at = std::min(it->second.advertise_at, at);
    return arm();
  }
  // A station that the link layer said nothing of (§6.9.2).
  if (!config_.gateway.mobile_nodes.contains(station)) return;
  where_[station] = &link;
  apply(machine_.on_attached(stack_.now(), station, Attachment::Unknown), {});
}

// `final`: the home network is not there any more.
void GatewayDaemon::advertise(Served& served, bool final) {
  const Duration max = config_.max_ra_interval;
  served.advertise_at = stack_.now() + random_.uniform(max.scaled(0.33), max);  // RFC 4861 §6.2.1
  EthernetInterface& interface = served.link->interface();
  const Ipv6Address& source = served.binding.link_local_address;
  if (!interface.up() || interface.find_address(source) == nullptr) return;
  const RouterAdvertisement ra{.cur_hop_limit = stack_.config().hop_limit,
                               .router_lifetime = final ? Duration() : max * 3};
  Packet packet = nd_packet(stack_.node().packets(), {source, kAllNodesLinkLocal}, ra,
                            SourceLinkLayerAddress{interface.nic()->mac()},
                            Mtu{std::min(served.tunnel->mtu(), interface.mtu())},
                            PrefixOptions{served.binding.prefixes, final ? Duration() : config_.prefix_lifetime});
  interface.transmit(std::move(packet), served.station);
}

void GatewayDaemon::advertise_due() {
  for (auto& [station, served] : served_) {
    if (served.advertise_at <= stack_.now()) advertise(served, false);
  }
}

void GatewayDaemon::on_timer() {
  apply(machine_.on_timeout(stack_.now()), {});
  advertise_due();
  arm();
}

void GatewayDaemon::arm() {
  std::optional<Time> next = machine_.next_timeout();
  for (const auto& [station, served] : served_) {
    next = next ? std::min(*next, served.advertise_at) : served.advertise_at;
  }
  timer_.arm_at(next);
}

}  // namespace kamesim::pmip6
