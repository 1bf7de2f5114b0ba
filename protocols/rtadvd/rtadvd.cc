#include "protocols/rtadvd/rtadvd.h"

#include <algorithm>

#include "protocols/ip6/mobile_router_hooks.h"
#include "protocols/ip6/neighbor_discovery.h"
#include "protocols/rtadvd/added_options.h"
#include "protocols/rtadvd/consistency.h"
#include "protocols/rtadvd/message.h"
#include "protocols/wire/ipv6_header.h"
#include "protocols/wire/nd.h"

namespace kamesim {

RouterAdvertisementDaemon::RouterAdvertisementDaemon(SocketLayer& sockets)
    : stack_(sockets.stack()),
      socket_(sockets, NextHeader::Icmp6, *this),
      timer_(Timer::to<&RouterAdvertisementDaemon::on_timer>(stack_.node(), *this)) {
  socket_.pass_only({static_cast<std::uint8_t>(Icmp6Type::RouterSolicitation),
                     static_cast<std::uint8_t>(Icmp6Type::RouterAdvertisement)});
  stack_.add_listener(*this);
}

RouterAdvertisementDaemon::~RouterAdvertisementDaemon() { stack_.remove_listener(*this); }

RouterAdvertisementDaemon::Advertiser* RouterAdvertisementDaemon::find(const Ip6Interface* interface) {
  const auto it = interface != nullptr ? advertisers_.find(interface->index()) : advertisers_.end();
  return it == advertisers_.end() ? nullptr : &it->second;
}

const RouterAdvertisementConfig* RouterAdvertisementDaemon::config(const EthernetInterface& interface) const {
  const auto it = advertisers_.find(interface.index());
  return it == advertisers_.end() ? nullptr : &it->second.config;
}

std::size_t RouterAdvertisementDaemon::heap_bytes() const {
  constexpr std::size_t kNode = 48;  // of a tree, with what the heap adds
  std::size_t bytes = 0;
  for (const auto& [index, advertiser] : advertisers_) {
    bytes += kNode + sizeof(Advertiser);
    const auto& prefixes = advertiser.config.adv_prefix_list;
    if (prefixes) bytes += prefixes->capacity() * sizeof(AdvertisedPrefix);
  }
  return bytes;
}

void RouterAdvertisementDaemon::advertise(EthernetInterface& interface, const RouterAdvertisementConfig& config) {
  config.validate(interface.name(), interface.nic()->mtu());
  const auto [it, is_new] = advertisers_.try_emplace(interface.index(), interface,
                                                     stack_.node().stream("rtadvd." + interface.name()));
  Advertiser& advertiser = it->second;
  advertiser.config = config;
  advertiser.configured_at = stack_.now();
  advertiser.contradictions.clear();
  if (!config.adv_send_advertisements) return cease(interface);
  set_variables(advertiser);
  start_if_ready(advertiser);
  tell_listeners(interface);
}

void RouterAdvertisementDaemon::cease(EthernetInterface& interface) {
  Advertiser* advertiser = find(&interface);
  if (advertiser == nullptr) return;
  advertiser->config.adv_send_advertisements = false;
  advertiser->schedule.cease(stack_.now());
  arm();
  tell_listeners(interface);
}

void RouterAdvertisementDaemon::tell_listeners(const EthernetInterface& interface) {
  for (std::size_t i = 0; i < listeners_.size(); ++i) listeners_[i]->on_advertising_changed(interface);
}

std::vector<PrefixInformation> RouterAdvertisementDaemon::prefixes(const EthernetInterface& interface) const {
  const auto it = advertisers_.find(interface.index());
  if (it == advertisers_.end() || !it->second.config.adv_send_advertisements) return {};
  const std::vector<AdvertisedPrefix> advertised = prefixes_of(it->second);
  const AdvertisementContent content{.config = it->second.config, .prefixes = advertised, .source = {},
                                     .now = stack_.now(), .configured_at = it->second.configured_at};
  std::vector<PrefixInformation> options;
  for (const AdvertisedPrefix& prefix : advertised) options.push_back(prefix_information(content, prefix));
  return options;
}

// RFC 4861 §6.2.2: functioning, enabled, and with an address; §6.1.2 wants a link-local one.
void RouterAdvertisementDaemon::start_if_ready(Advertiser& advertiser) {
  const EthernetInterface& interface = advertiser.interface;
  if (!advertiser.config.adv_send_advertisements || !interface.up() || interface.link_local() == nullptr) return;
  if (egress_role(interface) == EgressRole::Host) return;  // RFC 3963 §5.6
  advertiser.schedule.start(stack_.now(), {.min_rtr_adv_interval = advertiser.config.min_interval(),
                                           .max_rtr_adv_interval = advertiser.config.max_rtr_adv_interval,
                                           .min_delay_between_ras = advertiser.config.min_delay()});
  arm();
}

// §6.2.1: "external router behavior MUST be the same as host behavior with respect to these variables".
void RouterAdvertisementDaemon::set_variables(const Advertiser& advertiser) {
  const RouterAdvertisementConfig& config = advertiser.config;
  EthernetInterface& interface = advertiser.interface;
  NeighborDiscovery& nd = *interface.nd();
  nd.set_base_reachable_time(config.adv_reachable_time != Duration() ? config.adv_reachable_time : kReachableTime);
  nd.set_retrans_timer(config.adv_retrans_timer != Duration() ? config.adv_retrans_timer : kRetransTimer);
  if (config.adv_cur_hop_limit != 0) interface.cur_hop_limit = config.adv_cur_hop_limit;
  interface.set_link_mtu(config.adv_link_mtu);
}

std::vector<AdvertisedPrefix> RouterAdvertisementDaemon::prefixes_of(const Advertiser& advertiser) const {
  std::vector<AdvertisedPrefix> prefixes = configured_prefixes(advertiser);
  std::erase_if(prefixes, [this](const AdvertisedPrefix& p) {
    return std::ranges::any_of(withheld_, [&](const Ipv6Prefix& w) { return w.contains(p.prefix); });
  });
  return prefixes;
}

std::vector<AdvertisedPrefix> RouterAdvertisementDaemon::configured_prefixes(const Advertiser& advertiser) {
  if (advertiser.config.adv_prefix_list) return *advertiser.config.adv_prefix_list;
  std::vector<AdvertisedPrefix> prefixes;
  for (const auto& a : advertiser.interface.addresses()) {
    const bool given = a->origin == AddressOrigin::Manual && !a->address.is_link_local() && a->prefix_length < 128;
    if (!given || std::ranges::find(prefixes, a->prefix(), &AdvertisedPrefix::prefix) != prefixes.end()) continue;
    AdvertisedPrefix prefix{.prefix = a->prefix()};
    // RFC 6275 §7.2: a home agent tells its own address.
    if (advertiser.config.home_agent) prefix.router_address = a->address;
    prefixes.push_back(prefix);
  }
  return prefixes;
}

void RouterAdvertisementDaemon::on_routing_message(const RoutingMessage& message) {
  using Kind = RoutingMessage::Kind;
  if (message.kind == Kind::ForwardingChanged) {
    // §6.2.5: "system management may disable a router's IP forwarding capability", and the interfaces go on
    // advertising, with a Router Lifetime of zero. What is advertised changes, so it is told soon (§6.2.4).
    for (auto& [index, advertiser] : advertisers_) {
      if (message.interface == &advertiser.interface) review_egress(advertiser);
      if (message.interface != nullptr) continue;
      if (advertiser.schedule.state() == AdvertisementSchedule::State::Advertising) start_if_ready(advertiser);
    }
    return;
  }
  Advertiser* advertiser = find(message.interface);
  if (advertiser == nullptr) return;
  const bool running = advertiser->schedule.state() == AdvertisementSchedule::State::Advertising;
  switch (message.kind) {
    case Kind::LinkUp:
    case Kind::AddressReady:
      if (!running) start_if_ready(*advertiser);
      return;
    case Kind::AddressRemoved:
      if (running && message.address == advertiser->spoke_as) change_source(*advertiser);
      return;
    case Kind::LinkDown:
      advertiser->schedule.stop();
      advertiser->spoke_as = {};
      advertiser->former.reset();
      return arm();
    case Kind::InterfaceRemoved:
      advertisers_.erase(message.interface->index());
      return arm();
    default: return;
  }
}

// RFC 3963 §5.6, §5.8: a mobile router may advertise itself on its home link, and falls silent as it leaves.
void RouterAdvertisementDaemon::review_egress(Advertiser& advertiser) {
  if (egress_role(advertiser.interface) != EgressRole::Host) return start_if_ready(advertiser);
  advertiser.schedule.stop();
  advertiser.spoke_as = {};
  advertiser.former.reset();
  arm();
}

void RouterAdvertisementDaemon::set_mobile_router_support(const EthernetInterface& interface, bool supported) {
  if (supported) {
    mobile_router_support_.insert(interface.index());
  } else {
    mobile_router_support_.erase(interface.index());
  }
}

void RouterAdvertisementDaemon::withhold(const std::vector<Ipv6Prefix>& prefixes) {
  withheld_.insert(withheld_.end(), prefixes.begin(), prefixes.end());
  for (auto& [index, advertiser] : advertisers_) {
    if (advertiser.schedule.state() == AdvertisementSchedule::State::Advertising) start_if_ready(advertiser);
    tell_listeners(advertiser.interface);
  }
}

// RFC 4861 §6.2.8: as if one interface ceased to advertise and another began to.
void RouterAdvertisementDaemon::change_source(Advertiser& advertiser) {
  advertiser.former = Advertiser::Former{advertiser.spoke_as, advertiser.schedule};
  advertiser.former->schedule.cease(stack_.now());
  advertiser.spoke_as = {};
  advertiser.schedule.stop();  // until there is another link-local address
  start_if_ready(advertiser);
  arm();
}

void RouterAdvertisementDaemon::on_datagram(const Datagram& datagram) {
  Advertiser* advertiser = find(datagram.interface);
  if (advertiser == nullptr || advertiser->schedule.state() != AdvertisementSchedule::State::Advertising) return;
  if (datagram.payload[0] == static_cast<std::uint8_t>(Icmp6Type::RouterSolicitation)) {
    on_solicitation(*advertiser, datagram);
  } else {
    on_advertisement(*advertiser, datagram);
  }
}

// The kernel has checked the message too, and counted it if it is not valid.
void RouterAdvertisementDaemon::on_solicitation(Advertiser& advertiser, const Datagram& d) {
  if (!RouterSolicitationView::check(d.payload, {d.source, d.destination, d.hop_limit})) return;
  ++counters_.solicitations;
  const bool unicast = advertiser.config.unicast_answers && !d.source.is_unspecified();
  const auto to = unicast ? std::optional(d.source) : std::nullopt;
  if (!advertiser.schedule.on_solicitation(stack_.now(), to)) stack_.drop(kRtadvdTooManyAnswers, d.payload);
  arm();
}

void RouterAdvertisementDaemon::on_advertisement(Advertiser& advertiser, const Datagram& d) {
  const auto view = RouterAdvertisementView::check(d.payload, {d.source, d.destination, d.hop_limit});
  if (!view) return;
  const auto found = inconsistencies(advertiser.config, prefixes_of(advertiser), stack_.now(),
                                     advertiser.configured_at, *view);
  for (const std::string& variable : found) {
    ++counters_.inconsistent;
    const Contradiction contradiction{d.source, variable};
    auto& known = advertiser.contradictions;
    if (known.size() >= kMaxContradictions || std::ranges::find(known, contradiction) != known.end()) continue;
    known.push_back(contradiction);
    stack_.node().trace(kTraceInconsistentRouter, {{"interface", advertiser.interface.name()},
                                                   {"router", d.source.to_string()},
                                                   {"variable", variable}});
  }
}

void RouterAdvertisementDaemon::on_timer() {
  for (auto& [index, advertiser] : advertisers_) {
    if (auto& former = advertiser.former) {
      if (former->schedule.on_timeout(stack_.now()).multicast) {
        send(advertiser, former->source, kAllNodesLinkLocal, true);
        ++counters_.multicast_sent;
      }
      if (former->schedule.state() == AdvertisementSchedule::State::Silent) former.reset();
    }
    const AdvertisementSchedule::Output out = advertiser.schedule.on_timeout(stack_.now());
    const InterfaceAddress* source = advertiser.interface.link_local();
    if (source == nullptr || (out.unicast.empty() && !out.multicast)) continue;
    advertiser.spoke_as = source->address;
    for (const Ipv6Address& to : out.unicast) send(advertiser, source->address, to, false);
    counters_.unicast_sent += out.unicast.size();
    if (!out.multicast) continue;
    send(advertiser, source->address, kAllNodesLinkLocal, out.final);
    ++counters_.multicast_sent;
  }
  arm();
}

void RouterAdvertisementDaemon::send(const Advertiser& advertiser, const Ipv6Address& source,
                                     const Ipv6Address& destination, bool final) {
  EthernetInterface& interface = advertiser.interface;
  stack_.node().trace(kTraceRaSent, {{"interface", interface.name()}, {"destination", destination.to_string()}});
  const auto prefixes = prefixes_of(advertiser);
  // RFC 3963 §5.6: on its home link a mobile router is none.
  const bool is_default_router = stack_.forwarding() && egress_role(interface) == EgressRole::None;
  const auto mac = interface.has_link_layer_addresses() ? std::optional(interface.nic()->mac()) : std::nullopt;
  std::vector<std::vector<std::uint8_t>> added;
  for (const AdvertisingListener* listener : listeners_) {
    const auto* others = dynamic_cast<const AddedOptions*>(listener);
    if (others == nullptr) continue;
    for (auto& option : others->options(interface)) added.push_back(std::move(option));
  }
  const auto messages = router_advertisements({.config = advertiser.config,
                                               .prefixes = prefixes,
                                               .source = mac,
                                               .now = stack_.now(),
                                               .configured_at = advertiser.configured_at,
                                               .forwarding = is_default_router,
                                               .final = final,
                                               .mobile_router_support =
                                                   mobile_router_support_.contains(interface.index()),
                                               .added = std::move(added)},
                                              interface.mtu() - kIpv6HeaderSize);
  for (const auto& message : messages) {
    socket_.send(message, {.destination = destination, .source = source, .interface = &interface,
                           .hop_limit = kNdHopLimit, .no_mobility = true});
  }
}

void RouterAdvertisementDaemon::arm() {
  std::optional<Time> next;
  for (const auto& [index, advertiser] : advertisers_) {
    const auto consider = [&](std::optional<Time> at) {
      if (at && (!next || *at < *next)) next = at;
    };
    consider(advertiser.schedule.next_timeout());
    if (advertiser.former) consider(advertiser.former->schedule.next_timeout());
  }
  timer_.arm_at(next);
}

}  // namespace kamesim
