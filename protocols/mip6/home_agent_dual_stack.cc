#include "protocols/mip6/home_agent_dual_stack.h"

#include <algorithm>

#include "protocols/dsmip6/status.h"
#include "protocols/dsmip6/trace_kinds.h"
#include "protocols/ip6/ip4_part.h"
#include "protocols/wire/ipv4_address.h"

namespace kamesim {

using dsmip6::DualStackBindingUpdate;
using dsmip6::Ipv4AddressAcknowledgement;

namespace {

constexpr unsigned kWholeAddress = 128;

// §3.2.1, of a Binding Update that deletes the binding: its addresses are not bound any more, as was wanted.
std::vector<Ipv4AddressAcknowledgement> acknowledge_deletion(const std::vector<dsmip6::Ipv4HomeAddress>& options) {
  std::vector<Ipv4AddressAcknowledgement> answers;
  for (const dsmip6::Ipv4HomeAddress& o : options) {
    answers.push_back({dsmip6::kIpv4AddressAccepted, o.prefix_length, o.address});
  }
  return answers;
}

}  // namespace

HomeAgentDaemon::DualStack::DualStack(HomeAgentDaemon& daemon, SocketLayer& sockets,
                                      const dsmip6::DualStackHomeAgentConfig& config)
    : daemon_(daemon),
      config_(config),
      addresses_(config.home_addresses),
      udp_(sockets, *this, "dsmip", config.ipv4_address) {
  add_routes_home();
}

// RFC 3963 §3, of IPv4: while a mobile router is at home, its networks are reached by its home address.
void HomeAgentDaemon::DualStack::add_routes_home() {
  constexpr std::uint32_t kWorseThanTheTunnel = 1;
  if (!daemon_.config_.routes_to_mobile_networks) return;
  for (const auto& [home, networks] : config_.home_addresses.networks) {
    const auto address = config_.home_addresses.addresses.find(home);
    if (address == config_.home_addresses.addresses.end()) continue;
    for (const Ipv6Prefix& network : networks) {
      daemon_.stack_.routes().add({.prefix = network, .interface = &daemon_.home_link_, .next_hop = address->second,
                                   .origin = RouteOrigin::Mobility, .metric = kWorseThanTheTunnel});
    }
  }
}

HomeAgentDaemon::DualStack::~DualStack() {
  Ip4Part* ip4 = daemon_.stack_.ip4();
  for (const auto& [home, bound] : bound_) {
    for (const Ipv6Address& address : bound.proxied) {
      ip4->remove_proxy(static_cast<EthernetInterface&>(daemon_.home_link_), address);
    }
  }
}

bool HomeAgentDaemon::DualStack::on_binding_update(const MobilityHeaderView& mh, const Datagram& d,
                                                   ReceivedBindingUpdate& received) {
  const DualStackBindingUpdate message = dsmip6::read_dual_stack_binding_update(mh);
  const auto discard = [&](const DropInfo& reason) {
    daemon_.stack_.drop(reason, d.payload);
    return false;
  };
  if (message.options.malformed) return discard(kDualStackOptionBadLength);
  const auto& peer = udp_.arriving();
  const bool plain_tunnel = d.interface->is_tunnel() && static_cast<TunnelInterface&>(*d.interface).over_ip4();
  if (!peer && plain_tunnel) return discard(kBindingUpdateNotInUdp);
  Request request{.home = received.home_address(), .options = message.options.home_addresses, .peer = peer,
                  .forced_udp = message.force_udp, .deletion = received.requests_deletion()};
  if (peer) {
    received.over_ipv4 = true;
    received.home_address_option = request.home;
    received.source = peer->address;
    received.update.alternate_care_of_address.reset();
    // §4.2: "If the two addresses match, no NAT device was in the path."
    request.nat = message.options.care_of && v4_mapped(*message.options.care_of) != peer->address;
  }
  received.refusal = refusal(request, message);
  if (const auto longest = addresses_.longest_lifetime(request.home, request.options)) {
    received.update.lifetime = std::min(received.update.lifetime, *longest);
  }
  if (request.deletion) waiting_.erase(request.home);
  current_ = std::move(request);
  return true;
}

std::optional<std::uint8_t> HomeAgentDaemon::DualStack::refusal(const Request& request,
                                                                const DualStackBindingUpdate& message) const {
  if (request.peer) {
    // §2.3.2.1: the care-of address "MUST" be in the packet.
    const auto& care_of = message.options.care_of;
    if (!care_of || !ipv4_identifies_a_host(*care_of)) return kReasonUnspecified;
    // A packet to it would come back here.
    const bool own = daemon_.stack_.ip4()->find_address(request.peer->address, nullptr) != nullptr;
    if (own || addresses_.is_bound(request.peer->address)) return kInvalidCareOfAddress;
  }
  // §4.5: UDP encapsulation over IPv6 is not done here, as a "last-resort mechanism" (§1.3).
  const bool can_force = request.peer && config_.accept_forced_udp;
  if (message.force_udp && !can_force) return dsmip6::kCannotForceUdpEncapsulation;
  return std::nullopt;
}

void HomeAgentDaemon::DualStack::on_binding_update_done(bool waits) {
  if (waits && current_ && !current_->answered) waiting_.insert_or_assign(current_->home, *current_);
  current_.reset();
}

HomeAgentDaemon::DualStack::Request* HomeAgentDaemon::DualStack::request_of(const Ipv6Address& home) {
  if (current_ && current_->home == home) return &*current_;
  const auto it = waiting_.find(home);
  return it == waiting_.end() ? nullptr : &it->second;
}

// ---- Bindings (§4.5) ----------------------------------------------------------------------------------------------

void HomeAgentDaemon::DualStack::complete(MobilityKernel::HomeRegistration& registration) {
  const Ipv6Address& home = registration.home;
  Request* request = request_of(home);
  Bound& bound = bound_[home];
  if (request != nullptr) {
    auto answer = addresses_.bind(home, request->options);
    request->acknowledgements = std::move(answer.acknowledgements);
    forget_peer(home, bound);
    bound.peer = request->peer;
    bound.nat = request->nat;
    bound.udp = request->peer && uses_udp(*request);
    if (bound.peer) by_peer_.insert_or_assign(*bound.peer, home);
  }
  if (bound.peer) registration.home_agent = config_.ipv4_address;
  const auto& prefixes = addresses_.bound_of(home);
  registration.networks.insert(registration.networks.end(), prefixes.begin(), prefixes.end());
}

void HomeAgentDaemon::DualStack::on_tunnel(const Ipv6Address& home) {
  TunnelInterface* tunnel = daemon_.kernel_.home_binding_tunnel(home);
  Bound& bound = bound_[home];
  tunnel->set_udp(bound.udp ? std::optional(udp_.ports_to(*bound.peer)) : std::nullopt);
  defend(home, bound);
  std::string bound_text;
  for (const Ipv6Prefix& p : addresses_.bound_of(home)) bound_text += (bound_text.empty() ? "" : " ") + ip_to_string(p);
  daemon_.stack_.node().trace(dsmip6::kTraceIpv4Bound,
                              {{"home_address", home.to_string()}, {"ipv4", bound_text},
                               {"udp", std::int64_t{bound.udp}}, {"nat", std::int64_t{bound.nat}}});
}

// "A home agent must also act as a proxy for address resolution in IPv4 for the registered IPv4 home addresses": for those
// that are on the home link.
void HomeAgentDaemon::DualStack::defend(const Ipv6Address& home, Bound& bound) {
  Ip4Part* ip4 = daemon_.stack_.ip4();
  auto& link = static_cast<EthernetInterface&>(daemon_.home_link_);
  std::vector<Ipv6Address> wanted;
  for (const Ipv6Prefix& p : addresses_.bound_of(home)) {
    const auto on_link = [&p](const auto& a) { return a->prefix().contains(p.address()); };
    if (p.length() == kWholeAddress && std::ranges::any_of(ip4->addresses(link), on_link)) wanted.push_back(p.address());
  }
  for (const Ipv6Address& old : bound.proxied) {
    if (std::ranges::find(wanted, old) == wanted.end()) ip4->remove_proxy(link, old);
  }
  for (const Ipv6Address& address : wanted) ip4->add_proxy(link, address);
  bound.proxied = std::move(wanted);
}

void HomeAgentDaemon::DualStack::on_unregistered(const Ipv6Address& home) {
  addresses_.unbind(home);
  const auto it = bound_.find(home);
  if (it == bound_.end()) return;
  forget_peer(home, it->second);
  defend(home, it->second);
  bound_.erase(it);
}

void HomeAgentDaemon::DualStack::forget_peer(const Ipv6Address& home, const Bound& bound) {
  if (!bound.peer) return;
  const auto it = by_peer_.find(*bound.peer);
  if (it != by_peer_.end() && it->second == home) by_peer_.erase(it);
}

TunnelInterface* HomeAgentDaemon::DualStack::tunnel_of(const Peer& peer) {
  const auto it = by_peer_.find(peer);
  return it == by_peer_.end() ? nullptr : daemon_.kernel_.home_binding_tunnel(it->second);
}

std::vector<HomeAgentDaemon::Ipv4Binding> HomeAgentDaemon::DualStack::bindings() const {
  std::vector<Ipv4Binding> rows;
  for (const auto& [home, bound] : bound_) {
    for (const Ipv6Prefix& prefix : addresses_.bound_of(home)) rows.push_back({home, prefix, bound.udp, bound.nat});
  }
  return rows;
}

// ---- Acknowledgements ---------------------------------------------------------------------------------------------

// §4.2: "MUST be present in the binding acknowledgement message if the binding update was encapsulated in UDP".
dsmip6::NatDetection HomeAgentDaemon::DualStack::nat_detection(const Request& request) const {
  const bool required = config_.force_udp || request.forced_udp;
  if (!request.nat) return {required, dsmip6::kNoKeepalivesNeeded};
  return {required, static_cast<std::uint32_t>(config_.nat_refresh_time / 1_s)};
}

bool HomeAgentDaemon::DualStack::send(const BindingAckToSend& ack) {
  const Ipv6Address home = ack.routing_header.value_or(ack.destination);
  Request* asked = request_of(home);
  if (asked != nullptr) asked->answered = true;
  if (asked == nullptr || (!asked->peer && asked->options.empty())) return false;
  dsmip6::DualStackBindingAck message{ack.ack, {}};
  if (ack.ack.accepted()) {
    message.options.acknowledgements = asked->deletion ? acknowledge_deletion(asked->options) : asked->acknowledgements;
  }
  if (!asked->peer) {
    transmit(message, home, request_for(ack));
    return true;
  }
  message.options.nat_detection = nat_detection(*asked);
  // §4.5: in UDP to where the update came from, with the IPv6 home address as the destination inside.
  TunnelInterface& tunnel = udp_.signalling_to(config_.ipv4_address, *asked->peer);
  daemon_.kernel_.set_signalling_tunnel(ack.source, home, &tunnel);
  transmit(message, home, {.destination = home, .source = ack.source, .no_mobility = true});
  daemon_.kernel_.set_signalling_tunnel(ack.source, home, nullptr);
  return true;
}

void HomeAgentDaemon::DualStack::transmit(const dsmip6::DualStackBindingAck& message, const Ipv6Address& home,
                                          const OutputRequest& request) {
  if (daemon_.authentication_.knows(home)) {
    daemon_.socket_.send(message, daemon_.authentication_.answer(home), request);
  } else {
    daemon_.socket_.send(message, request);
  }
}

}  // namespace kamesim
