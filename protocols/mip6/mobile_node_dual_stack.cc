#include "protocols/mip6/mobile_node_dual_stack.h"

#include <algorithm>

#include "protocols/dsmip6/status.h"
#include "protocols/dsmip6/trace_kinds.h"
#include "protocols/mip6/trace_kinds.h"
#include "protocols/wire/ipv4_address.h"

namespace kamesim {

namespace {

constexpr std::uint8_t kWholeAddress = 128;
constexpr std::int64_t kNotAcknowledged = 255;
constexpr Ipv6Prefix kAnyIpv4{kV4MappedAny, kV4MappedLength};

bool of_ipv4(const Route& r, const Ip6Interface& interface) {
  return r.origin == RouteOrigin::Mobility && r.interface == &interface && r.prefix.address().is_v4_mapped();
}

}  // namespace

MobileNodeDaemon::DualStack::DualStack(MobileNodeDaemon& daemon, SocketLayer& sockets,
                                       const dsmip6::DualStackNodeConfig& config)
    : daemon_(daemon),
      config_(config),
      selection_(config.care_of),
      udp_(sockets, *this, "dsmip", kUnspecified),
      granted_(config.mobile_networks.size()),
      force_udp_(config.force_udp) {
  review_networks();
  ip4().set_neighbor_listener(link(), [this](const Ipv6Address& neighbor) { on_neighbor(neighbor); });
}

MobileNodeDaemon::DualStack::~DualStack() {
  ip4().set_neighbor_listener(link(), {});
  daemon_.kernel_.set_signalling_tunnel(daemon_.config_.home_address, {}, nullptr);
  leave_network();
  leave_home_link();
}

// ---- The choice of a care-of address (§4.4.1, §4.4.4) -------------------------------------------------------------

void MobileNodeDaemon::DualStack::on_link_up() {
  leave_network();
  apply(selection_.on_link_up(daemon_.stack_.now()));
}

// What is of the link is not to be announced on the next one.
void MobileNodeDaemon::DualStack::on_link_down() {
  selection_.on_link_down();
  leave_network();
  leave_home_link();
}

bool MobileNodeDaemon::DualStack::on_ipv6() {
  const MovementDetector& detector = daemon_.detector_;
  using enum Selection::Ipv6;
  const bool foreign = detector.location() == MovementDetector::Location::Foreign;
  const auto state = !detector.hears_router() ? Silent : detector.surely_at_home() ? Home : foreign ? Foreign : Router;
  const bool back_to_ipv6 = apply(selection_.on_ipv6(daemon_.stack_.now(), state));
  // Back on the home link without having been anywhere else.
  const bool never_left = !daemon_.kernel_.away(daemon_.config_.home_address);
  if (state == Home && never_left && daemon_.home_.state() == BindingUpdater::State::Idle) on_home();
  return back_to_ipv6;
}

bool MobileNodeDaemon::DualStack::on_unanswered() {
  apply(selection_.on_ipv6_unanswered(daemon_.stack_.now()));
  return daemon_.ipv4_care_of_.has_value();
}

void MobileNodeDaemon::DualStack::on_timer() { apply(selection_.on_timeout(daemon_.stack_.now())); }

void MobileNodeDaemon::DualStack::on_neighbor(const Ipv6Address& neighbor) {
  if (!apply(selection_.on_gateway(daemon_.stack_.now(), neighbor))) daemon_.arm();
}

// True: to IPv6, from IPv4 or from nothing.
bool MobileNodeDaemon::DualStack::apply(const Selection::Output& out) {
  if (out.test_gateways) test_gateways();
  if (out.found) use_network(*selection_.access());
  if (!out.changed) return false;
  switch (selection_.family()) {
    case Selection::Family::Ipv4: use_ipv4(selection_.access()->address); return false;
    case Selection::Family::Ipv6: leave_ipv4(); return true;
    case Selection::Family::None:
      leave_ipv4();
      daemon_.lose_care_of();
      return false;
  }
  return false;
}

void MobileNodeDaemon::DualStack::test_gateways() {
  for (const dsmip6::Ipv4Access& access : selection_.config().accesses) ip4().ask_for(link(), access.gateway);
}

// What a host of that network is configured with. Nothing but the home agent is reached there directly: all that the
// home address sends goes by the tunnel, to neighbours too.
void MobileNodeDaemon::DualStack::use_network(const dsmip6::Ipv4Access& access) {
  if (network_ == access) return;
  leave_network();
  network_ = access;
  ip4().add_address(link(), {.address = access.address,
                             .prefix_length = static_cast<std::uint8_t>(kV4MappedLength + access.prefix_length),
                             .skip_dad = true, .on_link_prefix = false});
  RouteTable& routes = daemon_.stack_.routes();
  routes.add({.prefix = Ipv6Prefix(access.gateway, kWholeAddress), .interface = &link(), .next_hop = {},
              .origin = RouteOrigin::Mobility});
  const Ipv6Prefix subnet(access.address, kV4MappedLength + access.prefix_length);
  const bool neighbor = subnet.contains(config_.home_agent_ipv4);
  if (access.gateway != config_.home_agent_ipv4) {
    routes.add({.prefix = Ipv6Prefix(config_.home_agent_ipv4, kWholeAddress), .interface = &link(),
                .next_hop = neighbor ? Ipv6Address() : access.gateway, .origin = RouteOrigin::Mobility});
  }
  daemon_.stack_.node().trace(dsmip6::kTraceIpv4Network, {{"gateway", ip_to_string(access.gateway)},
                                                          {"care_of", ip_to_string(access.address)}});
}

void MobileNodeDaemon::DualStack::leave_network() {
  if (!network_) return;
  ip4().remove_address(link(), network_->address);
  daemon_.stack_.routes().remove_if([this](const Route& r) { return of_ipv4(r, link()); });
  network_.reset();
}

void MobileNodeDaemon::DualStack::use_ipv4(const Ipv6Address& care_of) {
  daemon_.ipv4_care_of_ = care_of;
  daemon_.regional_care_of_.reset();
  udp_tunnel_ = false;  // until the home agent says otherwise
  TunnelInterface& tunnel = udp_.signalling_to(care_of, home_agent());
  daemon_.kernel_.set_signalling_tunnel(daemon_.config_.home_address, daemon_.choice_.current().value_or(kUnspecified),
                                        &tunnel);
  daemon_.stack_.node().trace(kTraceMoved, {{"home_address", daemon_.config_.home_address.to_string()},
                                            {"care_of", ip_to_string(care_of)}});
  daemon_.move_to({care_of, Time::max()});
}

void MobileNodeDaemon::DualStack::leave_ipv4() {
  if (!daemon_.ipv4_care_of_) return;
  daemon_.ipv4_care_of_.reset();
  udp_tunnel_ = false;
  daemon_.kernel_.set_signalling_tunnel(daemon_.config_.home_address, {}, nullptr);
}

// ---- Registration (§4.4.2) ----------------------------------------------------------------------------------------

void MobileNodeDaemon::DualStack::send(const HomeUpdateToSend& out, const Ipv6Address& home_agent) {
  dsmip6::DualStackBindingUpdate message{.update = out.update, .options = {}};
  const bool registers = out.update.lifetime > Duration();
  // §2.3.1: "SHOULD NOT include the option in future binding updates" where it is not supported.
  asked_.clear();
  if (registers && !unsupported_) asked_ = wanted();
  message.options.home_addresses = asked_;
  OutputRequest request{.destination = home_agent, .source = out.source, .no_mobility = true,
                        .home_address_option = out.home_address_option};
  if (daemon_.ipv4_care_of_) {
    message.force_udp = force_udp_;
    message.options.care_of = ipv4_of(*daemon_.ipv4_care_of_);
    message.update.alternate_care_of_address.reset();
    request.source = daemon_.config_.home_address;
    request.home_address_option.reset();
  }
  if (daemon_.authentication_) {
    const auto what = daemon_.authentication_->authenticate(daemon_.stack_.now(), daemon_.config_.home_address, out.source);
    daemon_.socket_.send(message, what, request);
  } else {
    daemon_.socket_.send(message, request);
  }
}

// The address, and the prefixes of a mobile router.
std::vector<dsmip6::Ipv4HomeAddress> MobileNodeDaemon::DualStack::wanted() const {
  std::vector<dsmip6::Ipv4HomeAddress> options;
  if (const auto& address = config_.ipv4_home_address) {
    const bool requested = *address == kV4MappedAny;
    options.push_back({.address = ipv4_of(requested && bound_ ? *bound_ : *address)});
  }
  for (std::size_t i = 0; i < granted_.size(); ++i) {
    const Ipv6Prefix prefix = granted_[i].value_or(config_.mobile_networks[i].prefix);
    // §3.1.1: P "is only relevant for new requests", later "this field must contain the length of the prefix allocated".
    options.push_back({.address = ipv4_of(prefix.address()),
                       .prefix_length = static_cast<std::uint8_t>(prefix.length() - kV4MappedLength),
                       .prefix_requested = !granted_[i]});
  }
  return options;
}

BindingUpdater::Output MobileNodeDaemon::DualStack::on_binding_ack(Time now, const MobilityHeaderView& mh) {
  const dsmip6::DualStackBindingAck message = dsmip6::read_dual_stack_binding_ack(mh);
  BindingAck ack = message.ack;
  prefer_keepalives(ack, message.options);
  const BindingUpdater::Output out = daemon_.home_.on_binding_ack(now, ack);
  if (out.dropped != nullptr) return out;
  // "MAY resend the binding update without setting the F flag", which the registration does at once.
  if (out.rejected == dsmip6::kCannotForceUdpEncapsulation && daemon_.ipv4_care_of_) force_udp_ = false;
  if (out.bound) on_registered(message.options);
  return out;
}

// §4.3: the binding is refreshed as often as the NAT's has to be.
void MobileNodeDaemon::DualStack::prefer_keepalives(BindingAck& ack, const dsmip6::Options& options) const {
  const auto& nat = options.nat_detection;
  if (!nat || !daemon_.ipv4_care_of_ || nat->refresh_time_s == dsmip6::kNoKeepalivesNeeded) return;
  const Duration told = nat->refresh_time_s == dsmip6::kNoRefreshTime ? dsmip6::kNatKeepaliveTimeout
                                                                      : 1_s * nat->refresh_time_s;
  ack.refresh_interval = std::min(told, ack.refresh_interval.value_or(told));
}

void MobileNodeDaemon::DualStack::on_registered(const dsmip6::Options& options) {
  const auto& nat = options.nat_detection;
  // §3.2.2: of all ones "no NAT was detected"; then F alone says whether it is UDP.
  udp_tunnel_ = daemon_.ipv4_care_of_ && nat &&
                (nat->udp_required || nat->refresh_time_s != dsmip6::kNoKeepalivesNeeded);
  TunnelInterface* tunnel = daemon_.kernel_.home_tunnel(daemon_.config_.home_address);
  if (tunnel != nullptr) tunnel->set_udp(udp_tunnel_ ? std::optional(udp_.ports_to(home_agent())) : std::nullopt);
  if (!daemon_.ipv4_care_of_) selection_.on_ipv6_registered();
  if (asked_.empty()) return;
  unsupported_ = options.acknowledgements.empty();
  const std::size_t addresses = asked_.size() - granted_.size();  // none or one, the first
  for (std::size_t i = 0; i < granted_.size(); ++i) heed_network(i, answer_to(addresses + i, options));
  if (addresses > 0) heed_address(answer_to(0, options));
  on_away(daemon_.care_of().value_or(kUnspecified));
}

// A home agent that answers every option does so in their order; else the prefix length tells.
const dsmip6::Ipv4AddressAcknowledgement* MobileNodeDaemon::DualStack::answer_to(std::size_t asked,
                                                                                const dsmip6::Options& options) const {
  const auto& answers = options.acknowledgements;
  if (answers.size() == asked_.size()) return &answers[asked];
  const dsmip6::Ipv4HomeAddress& option = asked_[asked];
  const bool network = option.prefix_length < dsmip6::kIpv4AddressBits;
  const auto fits = [&](const dsmip6::Ipv4AddressAcknowledgement& a) {
    const bool of_network = a.accepted() && a.prefix_length < dsmip6::kIpv4AddressBits;
    return of_network == network && (!network || option.address == kIpv4Any || option.address == a.address);
  };
  const auto it = std::ranges::find_if(answers, fits);
  return it == answers.end() ? nullptr : &*it;
}

void MobileNodeDaemon::DualStack::heed_address(const dsmip6::Ipv4AddressAcknowledgement* answer) {
  daemon_.stack_.node().trace(dsmip6::kTraceIpv4Acknowledged,
                              {{"home_address", daemon_.config_.home_address.to_string()},
                               {"ipv4_home_address", answer != nullptr ? ipv4_to_string(answer->address) : std::string()},
                               {"status", answer != nullptr ? std::int64_t{answer->status} : kNotAcknowledged}});
  const bool good = answer != nullptr && answer->accepted() && ipv4_identifies_a_host(answer->address);
  if (good) bind(v4_mapped(answer->address));
  else unbind();
}

void MobileNodeDaemon::DualStack::heed_network(std::size_t number, const dsmip6::Ipv4AddressAcknowledgement* answer) {
  const bool good = answer != nullptr && answer->accepted() && answer->prefix_length > 0 &&
                    answer->prefix_length <= dsmip6::kIpv4AddressBits && ipv4_identifies_a_host(answer->address);
  granted_[number].reset();
  // §3.2.1: its length "overrides what the mobile node requested".
  if (good) granted_[number] = Ipv6Prefix(v4_mapped(answer->address), kV4MappedLength + answer->prefix_length);
  daemon_.stack_.node().trace(dsmip6::kTraceIpv4MobileNetwork,
                              {{"home_address", daemon_.config_.home_address.to_string()},
                               {"prefix", good ? ip_to_string(*granted_[number]) : std::string()},
                               {"status", answer != nullptr ? std::int64_t{answer->status} : kNotAcknowledged}});
}

std::vector<Ipv6Prefix> MobileNodeDaemon::DualStack::networks() const {
  std::vector<Ipv6Prefix> prefixes;
  for (const auto& granted : granted_) {
    if (granted) prefixes.push_back(*granted);
  }
  return prefixes;
}

// At home those that are the mobile router's anyway (RFC 3963 §5.8); away those that the home agent forwards for.
void MobileNodeDaemon::DualStack::review_networks() {
  if (granted_.empty()) return;
  if (daemon_.kernel_.away(daemon_.config_.home_address)) return daemon_.kernel_.set_ipv4_mobile_networks(networks());
  std::vector<Ipv6Prefix> own;
  for (const dsmip6::Ipv4MobileNetwork& network : config_.mobile_networks) {
    if (!network.requested) own.push_back(network.prefix);
  }
  daemon_.kernel_.set_ipv4_mobile_networks(std::move(own));
}

// ---- The IPv4 home address ----------------------------------------------------------------------------------------

void MobileNodeDaemon::DualStack::bind(const Ipv6Address& address) {
  if (bound_ && *bound_ != address) unbind();
  bound_ = address;
}

void MobileNodeDaemon::DualStack::unbind() {
  if (!bound_) return;
  if (TunnelInterface* tunnel = daemon_.kernel_.home_tunnel(daemon_.config_.home_address)) {
    ip4().remove_address(*tunnel, *bound_);
  }
  bound_.reset();
}

void MobileNodeDaemon::DualStack::on_away(const Ipv6Address& care_of) {
  leave_home_link();
  TunnelInterface* tunnel = daemon_.kernel_.home_tunnel(daemon_.config_.home_address);
  if (tunnel == nullptr) return;
  if (!udp_tunnel_) tunnel->set_udp(std::nullopt);
  // Where there is no IPv6, the tunnel is the way of all of it.
  constexpr std::uint32_t kWorseThanARouter = 1;
  const Route ipv6{.prefix = {}, .interface = tunnel, .next_hop = {}, .origin = RouteOrigin::Mobility,
                   .metric = kWorseThanARouter};
  if (care_of.is_v4_mapped()) daemon_.stack_.routes().add(ipv6);
  else daemon_.stack_.routes().remove(ipv6.prefix, tunnel, {});
  review_networks();
  if (bound_) {
    ip4().add_address(*tunnel, {.address = *bound_, .prefix_length = kWholeAddress, .origin = AddressOrigin::Home,
                                .home_address = true, .skip_dad = true, .on_link_prefix = false});
  }
  route_home((bound_ || !networks().empty()) && !care_of.is_unspecified());
}

// §4.4.3: what the IPv4 home address sends goes to the home agent.
void MobileNodeDaemon::DualStack::route_home(bool possible) {
  TunnelInterface* tunnel = daemon_.kernel_.home_tunnel(daemon_.config_.home_address);
  if (tunnel == nullptr) return;
  RouteTable& routes = daemon_.stack_.routes();
  if (possible) {
    routes.add({.prefix = kAnyIpv4, .interface = tunnel, .next_hop = {}, .origin = RouteOrigin::Mobility});
  } else {
    routes.remove_if([tunnel](const Route& r) { return of_ipv4(r, *tunnel); });
  }
}

void MobileNodeDaemon::DualStack::on_returning_home() {
  leave_ipv4();
  leave_network();
  bound_.reset();
  granted_.assign(granted_.size(), std::nullopt);
}

// §4.4.4: at home IPv4 is as of any host. An address that was handed out with the binding is gone with it.
void MobileNodeDaemon::DualStack::on_home() {
  review_networks();
  const auto& given = config_.ipv4_home_address;
  if (at_home_ || !given || *given == kV4MappedAny) return;
  at_home_ = given;
  ip4().add_address(link(), {.address = *given,
                             .prefix_length = static_cast<std::uint8_t>(kV4MappedLength + config_.ipv4_home_prefix_length),
                             .home_address = true, .skip_dad = true});
  if (config_.ipv4_home_gateway) {
    daemon_.stack_.routes().add({.prefix = kAnyIpv4, .interface = &link(), .next_hop = *config_.ipv4_home_gateway,
                                 .origin = RouteOrigin::Mobility});
  }
}

void MobileNodeDaemon::DualStack::leave_home_link() {
  if (!at_home_) return;
  ip4().remove_address(link(), *at_home_);
  daemon_.stack_.routes().remove_if([this](const Route& r) { return of_ipv4(r, link()) && r.prefix == kAnyIpv4; });
  at_home_.reset();
}

// ---- Tunnels ------------------------------------------------------------------------------------------------------

Ipv6Address MobileNodeDaemon::DualStack::home_agent_of(const Ipv6Address& care_of, const Ipv6Address& home_agent) const {
  return care_of.is_v4_mapped() ? config_.home_agent_ipv4 : home_agent;
}

TunnelInterface* MobileNodeDaemon::DualStack::tunnel_of(const Peer& peer) {
  if (peer != home_agent() || !daemon_.ipv4_care_of_) return nullptr;
  return daemon_.kernel_.home_tunnel(daemon_.config_.home_address);
}

}  // namespace kamesim
