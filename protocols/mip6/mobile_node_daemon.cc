#include "protocols/mip6/mobile_node_daemon.h"

#include <algorithm>
#include <string>

#include "protocols/ip6/neighbor_discovery.h"
#include "protocols/mip6/binding_status.h"
#include "protocols/mip6/mobile_node_dual_stack.h"
#include "protocols/mip6/mobile_node_groups.h"
#include "protocols/mip6/trace_kinds.h"
#include "protocols/wire/ipv4_address.h"

namespace kamesim {

namespace {

BindingUpdaterConfig home_registration_of(const MobileNodeConfig& config, RandomStream& random) {
  return {.home_address = config.home_address, .lifetime = config.lifetime,
          .mobile_router = config.mobile_router.has_value(),
          .previous_sequence = SeqNum16(static_cast<std::uint16_t>(random.next_u32())),
          .rules = config.rules};
}

// RFC 6275 §11.5.3: an address under test may be used at once where it is optimistic (RFC 4429 §3.2).
bool serves_as_care_of(const InterfaceAddress& address) {
  return address.usable_as_source() && address.state != AddressState::Deprecated;
}

// How long after a discovery that nobody answered the next one begins.
constexpr Duration kDiscoverAgainAfter = 60_s;

// RFC 6275 §6.1.8: what another home agent may see otherwise.
bool home_agent_refuses(std::uint8_t status) {
  return status == kAdministrativelyProhibited || status == kInsufficientResources ||
         status == kHomeRegistrationNotSupported || status == kNotHomeSubnet ||
         status == kNotHomeAgentForThisMobileNode;
}

}  // namespace

MobileNodeDaemon::MobileNodeDaemon(SocketLayer& sockets, MobilityKernel& kernel, Ip6Interface& interface,
                                   const MobileNodeConfig& config, unsigned number)
    : stack_(sockets.stack()),
      kernel_(kernel),
      interface_(interface),
      config_(config),
      socket_(sockets, *this),
      random_(stack_.node().stream(number == 0 ? "mip6.mobile_node" : "mip6.mobile_node." + std::to_string(number))),
      detector_({.home_address = config.home_address,
                 .home_prefix = config.home_link_prefix(),
                 .on_link_up = config.on_link_up,
                 .cell_switching = config.cell_switching,
                 .missed_advertisements = config.missed_advertisements}),
      choice_(config.home_agent, config.discover_home_agents ? HomeAgentChoice::Discovery::Allowed
                                                             : HomeAgentChoice::Discovery::Forbidden),
      prefixes_([this] { return static_cast<std::uint16_t>(random_.next_u32()); }),
      home_(home_registration_of(config, random_)),
      discovery_(*this, sockets),
      timer_(Timer::to<&MobileNodeDaemon::on_timer>(stack_.node(), *this)) {
  if (config_.authentication) authentication_.emplace(*config_.authentication, config_.clock_offset);
  interface_.routers_solicited_elsewhere = true;
  kernel_.add_listener(*this);
  stack_.add_listener(*this);
  if (config_.mobile_router) start_mobile_router();
  if (config_.dual_stack) dual_stack_ = std::make_unique<DualStack>(*this, sockets, *config_.dual_stack);
  groups_ = std::make_unique<Groups>(*this, sockets);
  tell_addresses();
  if (interface_.up() && dual_stack_) dual_stack_->on_link_up();
  if (interface_.up()) apply(detector_.on_link_up(stack_.now()));
}

MobileNodeDaemon::~MobileNodeDaemon() {
  interface_.routers_solicited_elsewhere = false;
  if (mobile_router_) stop_mobile_router();
  stack_.remove_listener(*this);
  kernel_.remove_listener(*this);
}

void MobileNodeDaemon::protect(ipsec::PfKeyLayer& keys, const SignallingProtectionConfig& config) {
  protection_.emplace(keys, stack_, SignallingProtection::Role::MobileNode, config_.home_address, config);
  if (choice_.current()) protection_->serve(*choice_.current());
}

// RFC 3776 §4.3: from the moment that the Binding Update leaves, the tunnel ends at the new care-of address.
void MobileNodeDaemon::protect_tunnel(const Ipv6Address& home_agent, const Ipv6Address& care_of) {
  if (!protection_) return;
  protection_->serve(home_agent);
  // RFC 5555 §5: in an IPv4 network payload is protected over port 4500, which comes with its key exchange.
  if (care_of.is_v4_mapped()) return protection_->at_home();
  protection_->away(care_of);
}

bool MobileNodeDaemon::may_be_care_of(const Ipv6Address& address) const {
  return !address.is_link_local() && !address.is_v4_mapped() && address != config_.home_address && !is_another_home_address(address);
}

bool MobileNodeDaemon::is_another_home_address(const Ipv6Address& address) const {
  if (address == config_.home_address) return false;
  const InterfaceAddress* at_home = interface_.find_address(address);
  return kernel_.away(address) || (at_home != nullptr && at_home->home_address);
}

// Those that the interface had before this daemon began, and nobody tells it of any more.
void MobileNodeDaemon::tell_addresses() {
  for (const auto& a : interface_.addresses()) {
    if (may_be_care_of(a->address) && serves_as_care_of(*a)) detector_.on_address_usable(stack_.now(), a->address);
  }
}

void MobileNodeDaemon::on_routing_message(const RoutingMessage& message) {
  using Kind = RoutingMessage::Kind;
  if (message.interface != &interface_) return;
  const Time now = stack_.now();
  const bool candidate = may_be_care_of(message.address);
  switch (message.kind) {
    case Kind::LinkUp:
      if (dual_stack_) dual_stack_->on_link_up();
      return apply(detector_.on_link_up(now));
    case Kind::LinkDown:
      advertise_link_local_ = false;
      if (dual_stack_) dual_stack_->on_link_down();
      return apply(detector_.on_link_down(now));
    case Kind::DefaultRouterUnreachable: return apply(detector_.on_router_unreachable(now, message.address));
    case Kind::AddressAdded:
    case Kind::AddressReady:
    case Kind::AddressChanged: {
      if (message.address.is_link_local()) advertise_link_local();
      if (!candidate) return;
      const InterfaceAddress* address = interface_.find_address(message.address);
      if (address != nullptr && serves_as_care_of(*address)) {
        return apply(detector_.on_address_usable(now, message.address));
      }
      if (message.kind == Kind::AddressChanged) apply(detector_.on_address_gone(now, message.address));
      return;
    }
    case Kind::AddressDuplicated:
    case Kind::AddressRemoved:
      if (candidate) apply(detector_.on_address_gone(now, message.address));
      return;
    case Kind::DefaultRouterAdded:
    case Kind::DefaultRouterRemoved: return;  // heard from the advertisements themselves
    case Kind::RouteAdded:
    case Kind::RouteChanged:
    case Kind::RouteRemoved: return;
    case Kind::ForwardingChanged:
    case Kind::SettingsChanged: return;
    case Kind::InterfaceRemoved: return;
  }
}

void MobileNodeDaemon::on_datagram(const Datagram& d) {
  const auto mh = MobilityHeaderView::check(d.payload, d.source, d.destination);
  if (!mh) return;  // the kernel has counted it
  if (is_another_home_address(d.destination)) return;  // its daemon's
  const Time now = stack_.now();
  const bool from_home_agent = d.source == choice_.current();
  const auto peer = correspondents_.find(d.source);
  const bool known = peer != correspondents_.end();
  switch (mh->type()) {
    case MhType::BindingAck: {
      const BindingAck ack = BindingAckView(*mh).value();
      if (d.destination != config_.home_address) return;
      stack_.node().trace(kTraceBindingAckReceived,
                          {{"source", d.source.to_string()}, {"sequence", std::int64_t{ack.sequence.value()}},
                           {"status", std::int64_t{ack.status}}, {"lifetime_s", ack.lifetime.to_seconds()}});
      if (from_home_agent && authentication_) {
        const DropReason reason = authentication_->on_binding_ack(now, config_.home_address, ack.status, *mh);
        if (reason != nullptr) return stack_.drop(*reason, d.payload);
      }
      if (from_home_agent && dual_stack_) return apply(dual_stack_->on_binding_ack(now, *mh));
      if (from_home_agent) return apply(home_.on_binding_ack(now, ack));
      if (known) return apply(peer, peer->second.registration.on_binding_ack(now, {ack, d.payload}));
      return stack_.drop(kBackUnmatched, d.payload);
    }
    case MhType::HomeTest: {
      using Path = ReturnRoutability::Path;
      const Path path = d.interface->is_tunnel() ? Path::FromHomeAgentTunnel : Path::Direct;
      if (!known) return stack_.drop(kTestUnexpected, d.payload);
      return apply(peer, peer->second.routability.on_home_test(now, HomeTestView(*mh).value(), d.destination, path));
    }
    case MhType::CareOfTest:
      if (!known) return stack_.drop(kTestUnexpected, d.payload);
      return apply(peer, peer->second.routability.on_care_of_test(now, CareOfTestView(*mh).value(), d.destination));
    case MhType::BindingRefreshRequest:
      if (from_home_agent) return apply(home_.on_binding_refresh_request(now));
      if (known) return apply(peer, peer->second.registration.on_binding_refresh_request(now));
      return;
    case MhType::BindingError: {
      const BindingError error = BindingErrorView(*mh).value();
      if (is_another_home_address(error.home_address)) return;
      if (from_home_agent) return apply(home_.on_binding_error(now, error));
      if (known) return apply(peer, peer->second.registration.on_binding_error(now, error));
      return;
    }
    default: return;  // the correspondent's part
  }
}

void MobileNodeDaemon::on_route_optimization_hint(const Ipv6Address& home, const Ipv6Address& correspondent) {
  if (home != config_.home_address || !config_.route_optimization || correspondent == choice_.current()) return;
  if (ipv4_care_of_) return;  // RFC 5555 §2.4
  if (correspondent.is_multicast() || correspondent.is_link_local()) return;
  if (config_.rules.site_local_scope && correspondent.is_site_local() && home.scope() > correspondent.scope()) return;
  const auto peer = find_or_add(correspondent);
  if (peer != correspondents_.end()) apply(peer, peer->second.registration.on_tunnelled_packet(stack_.now()));
}

void MobileNodeDaemon::on_mobility_header_unsupported(const Ipv6Address& correspondent) {
  const auto peer = correspondents_.find(correspondent);
  if (peer != correspondents_.end()) {
    apply(peer, peer->second.registration.on_mobility_header_unsupported(stack_.now()));
  }
}

MobileNodeDaemon::Correspondents::iterator MobileNodeDaemon::find_or_add(const Ipv6Address& correspondent) {
  const auto known = correspondents_.find(correspondent);
  if (known != correspondents_.end() || correspondents_.size() >= config_.max_correspondents) return known;
  const auto peer =
      correspondents_
          .try_emplace(correspondent,
                       CorrespondentUpdaterConfig{
                           .home_address = config_.home_address, .correspondent = correspondent,
                           .acknowledge = config_.acknowledge_correspondents,
                           .previous_sequence = SeqNum16(static_cast<std::uint16_t>(random_.next_u32())),
                           .rules = config_.rules},
                       ReturnRoutabilityConfig{config_.home_address, config_.reuse_tokens, config_.rules},
                       [this](MutableBytes out) { random_.fill(out); })
          .first;
  if (home_.binding()) apply(peer, peer->second.registration.on_home_registration(stack_.now(), *home_.binding()));
  return peer;
}

void MobileNodeDaemon::apply(const MovementDetector::Output& out) {
  if (mobile_router_) review_egress_role();
  const bool back_to_ipv6 = dual_stack_ && dual_stack_->on_ipv6();
  const bool by_ipv6 = !ipv4_care_of_;
  if (out.no_address && by_ipv6 && (regional_ == nullptr || !regional_->on_no_address())) lose_care_of();
  if (out.returned_home || (back_to_ipv6 && detector_.surely_at_home())) return_home();
  else if (by_ipv6 && (out.moved || (back_to_ipv6 && detector_.care_of()))) move_on_link(*detector_.care_of());
  if (out.solicit) discovery_.solicit_routers();
  if (out.probe && !discovery_.probe(*out.probe)) {
    return apply(detector_.on_router_unreachable(stack_.now(), *out.probe));
  }
  arm();
}

void MobileNodeDaemon::set_regional_mobility(RegionalMobility* regional) {
  regional_ = regional;
  regional_care_of_.reset();
  if (regional_ != nullptr && detector_.care_of()) move_on_link(*detector_.care_of());
}

void MobileNodeDaemon::move_on_link(const Ipv6Address& on_link) {
  stack_.node().trace(kTraceMoved, {{"home_address", config_.home_address.to_string()},
                                    {"care_of", on_link.to_string()}});
  if (regional_ == nullptr) return move_to({on_link, on_link_valid_until(on_link)});
  // What was registered may have been the address of the link that was left.
  if (!regional_->on_no_address()) lose_care_of();
  regional_->on_moved(on_link);
}

void MobileNodeDaemon::use_care_of(const CareOfAddress& care_of) {
  if (detector_.location() != MovementDetector::Location::Foreign) return;
  if (regional_care_of_ == care_of.address) {
    care_of_valid_until_ = care_of.valid_until;
    return home_.on_care_of_lifetime(care_of.valid_until);
  }
  regional_care_of_ = care_of.address;
  move_to(care_of);
}

void MobileNodeDaemon::lose_care_of() {
  const Time now = stack_.now();
  regional_care_of_.reset();
  kernel_.set_mobile_network_forwarding(false);
  // §11.3.1: the old care-of address means nothing on this link, nor does the home address.
  if (detector_.knows_router() || kernel_.away(config_.home_address)) {
    leave_home(kUnspecified, choice_.current().value_or(kUnspecified));
  }
  home_agent_discovery_.stop();
  discover_again_at_.reset();
  prefixes_.stop();
  apply(home_.on_detach(now));
  for (auto peer = correspondents_.begin(); peer != correspondents_.end(); ++peer) {
    apply(peer, peer->second.registration.on_detach(now));
  }
}

void MobileNodeDaemon::move_to(const CareOfAddress& care_of) {
  const Time now = stack_.now();
  care_of_valid_until_ = care_of.valid_until;
  const auto& home_agent = choice_.current();
  leave_home(home_agent ? care_of.address : kUnspecified, home_agent.value_or(kUnspecified));
  // §11.3.1: nothing is sent from the old care-of address any more.
  for (auto peer = correspondents_.begin(); peer != correspondents_.end(); ++peer) {
    apply(peer, peer->second.registration.on_detach(now));
  }
  prefixes_.stop();
  kernel_.set_mobile_network_forwarding(false);
  if (mobile_router_ && !mobile_router_->active()) return;
  if (leaving_home_agent_) return on_home_agent_left();
  if (!home_agent) return apply(choice_.on_needed());
  protect_tunnel(*home_agent, care_of.address);
  apply(home_.on_attach(now, care_of));
}

void MobileNodeDaemon::leave_home(const Ipv6Address& care_of, const Ipv6Address& home_agent) {
  const Ipv6Address tunnel_end = dual_stack_ ? dual_stack_->home_agent_of(care_of, home_agent) : home_agent;
  kernel_.leave_home(config_.home_address, care_of, tunnel_end, interface_);
  if (dual_stack_) dual_stack_->on_away(care_of);
  groups_->on_left_home();
  if (home_lifetimes_) {
    kernel_.set_home_lifetimes(config_.home_address, home_lifetimes_->preferred_until, home_lifetimes_->valid_until);
  }
}

void MobileNodeDaemon::return_home() {
  const Time now = stack_.now();
  regional_care_of_.reset();
  if (dual_stack_) dual_stack_->on_returning_home();
  if (regional_ != nullptr) regional_->on_returned_home();
  stack_.node().trace(kTraceReturnedHome, {{"home_address", config_.home_address.to_string()}});
  kernel_.set_mobile_network_forwarding(false);
  leaving_home_agent_ = false;
  const auto out = home_.on_return_home(now);
  using Dad = MobilityKernel::Dad;
  const bool was_registered = out.deregistered != BindingUpdater::Deregistered::NothingRegistered;
  const bool on_link = config_.home_link_prefix().contains(config_.home_address);
  kernel_.return_home(config_.home_address, on_link ? config_.home_prefix_length : 128, interface_,
                      was_registered ? Dad::Skip : Dad::Run);
  groups_->on_returned_home();
  if (protection_) protection_->at_home();
  home_agent_discovery_.stop();
  discover_again_at_.reset();
  prefixes_.stop();
  apply(out);
  for (auto peer = correspondents_.begin(); peer != correspondents_.end(); ++peer) {
    apply(peer, peer->second.registration.on_return_home(now));
  }
}

void MobileNodeDaemon::apply(const BindingUpdater::Output& out) {
  if (out.dropped != nullptr) stack_.drop(*out.dropped, {});
  if (mobile_router_ && handled_as_mobile_router(out)) return;
  if (out.unanswered && dual_stack_ && !ipv4_care_of_ && dual_stack_->on_unanswered()) return arm();
  using State = BindingUpdater::State;
  const bool unanswered = out.unanswered && home_.state() == State::Registering;
  const bool refused = out.rejected && home_.state() == State::Idle && home_agent_refuses(*out.rejected);
  if (unanswered || refused) {  // §11.4.1, §11.7.1
    const HomeAgentChoice::Output other = choice_.on_failed();
    apply(other);
    if (other.use) return;
  }
  const Ipv6Address home_agent = choice_.current().value_or(kUnspecified);
  if (out.send) {
    trace_update(out.send->update, home_agent, out.send->source);
  }
  if (out.send && dual_stack_) {
    dual_stack_->send(*out.send, home_agent);
  } else if (out.send) {
    const OutputRequest request{.destination = home_agent, .source = out.send->source, .no_mobility = true,
                                .home_address_option = out.send->home_address_option};
    if (authentication_) {
      const auto what = authentication_->authenticate(stack_.now(), config_.home_address, out.send->source);
      socket_.send(out.send->update, what, request);
    } else {
      socket_.send(out.send->update, request);
    }
  }
  if (out.bound) {
    prefixes_.on_registered(home_agent);
    stack_.node().trace(kTraceRegistered, {{"peer", home_agent.to_string()},
                                           {"care_of", ip_to_string(out.bound->care_of)},
                                           {"lifetime_s", (out.bound->expires - stack_.now()).to_seconds()}});
    // RFC 5555 §5.1: by IPv4 bindings with correspondents are deleted, "tunnelled to the home agent".
    for (auto peer = correspondents_.begin(); peer != correspondents_.end(); ++peer) {
      apply(peer, ipv4_care_of_ ? peer->second.registration.on_return_home(stack_.now())
                                : peer->second.registration.on_home_registration(stack_.now(), *out.bound));
    }
  }
  if (dual_stack_ && out.deregistered && !care_of()) dual_stack_->on_home();
  if (out.deregistered == BindingUpdater::Deregistered::Acknowledged && !detector_.care_of()) {
    stack_.node().trace(kTraceRegistered, {{"peer", home_agent.to_string()},
                                           {"care_of", config_.home_address.to_string()}, {"lifetime_s", 0.0}});
    // §11.5.5: the neighbours on the home link learn our link-layer address again, for the link-local address too.
    if (interface_.nd() != nullptr) {
      interface_.nd()->send_unsolicited_advertisement(config_.home_address, true);
      advertise_link_local_ = true;
      advertise_link_local();
    }
  }
  if (out.prefix_discovery_needed) apply(prefixes_.solicit(stack_.now()));
  groups_->review_binding();
  arm();
}

// ---- Home agents (§11.4.1) ----------------------------------------------------------------------------------------

void MobileNodeDaemon::apply(const HomeAgentChoice::Output& out) {
  const Time now = stack_.now();
  if (out.discover && !home_agent_discovery_.in_progress() && !discover_again_at_) {
    using enum HomeAgentDiscovery::Wanted;
    apply(home_agent_discovery_.start(now, static_cast<std::uint16_t>(random_.next_u32()),
                                      mobile_router_ ? ForMobileRouters : Any));
  }
  if (!out.use || !care_of()) return;
  if (mobile_router_ && !mobile_router_->may_try(*out.use)) return apply(mobile_router_->on_no_home_agent());
  const CareOfAddress primary{*care_of(), care_of_valid_until_};
  leave_home(primary.address, *out.use);
  protect_tunnel(*out.use, primary.address);
  for (auto peer = correspondents_.begin(); peer != correspondents_.end(); ++peer) {
    apply(peer, peer->second.registration.on_detach(now));
  }
  prefixes_.stop();
  home_.forget_home_agent();
  apply(home_.on_attach(now, primary));
}

void MobileNodeDaemon::apply(const HomeAgentDiscovery::Output& out) {
  if (out.dropped != nullptr) stack_.drop(*out.dropped, {});
  if (out.send) discovery_.request_home_agents(*out.send);
  if (out.failed || out.no_mobile_router_support) {
    if (mobile_router_ && mobile_router_->has_failed_somewhere()) return apply(mobile_router_->on_no_home_agent());
    discover_again_at_ = stack_.now() + kDiscoverAgainAfter;
  }
  if (!out.found.empty()) apply(choice_.on_found(out.found));
  arm();
}

// ---- Home prefixes (§11.4.2, §11.4.3) -----------------------------------------------------------------------------

void MobileNodeDaemon::apply(const PrefixSolicitor::Output& out) {
  if (out.dropped != nullptr) stack_.drop(*out.dropped, {});
  if (out.send) discovery_.solicit_prefixes(*out.send);
  arm();
}

// An accepted advertisement tells this of a prefix; what it means is as on the home link (RFC 4862 §5.5.3).
void MobileNodeDaemon::on_advertised_prefix(const PrefixInformation& prefix) {
  if (prefix.preferred_lifetime > prefix.valid_lifetime) return;
  if (prefix.prefix().contains(config_.home_address)) return on_home_prefix(prefix);
  if (home_prefix_listener_ != nullptr) home_prefix_listener_->on_other_home_prefix(*this, prefix);
}

void MobileNodeDaemon::on_home_prefix(const PrefixInformation& prefix) {
  const Time now = stack_.now();
  const auto until = [now](Duration left) { return left == kInfiniteLifetime ? Time::max() : now + left; };
  home_lifetimes_ = {until(prefix.preferred_lifetime), until(prefix.valid_lifetime)};
  kernel_.set_home_lifetimes(config_.home_address, home_lifetimes_->preferred_until, home_lifetimes_->valid_until);
  prefixes_.on_home_prefix(now, until(prefix.valid_lifetime));
  if (prefix.valid_lifetime > Duration()) apply(home_.on_prefixes_confirmed(now));
}

// Once it has passed Duplicate Address Detection on this link.
void MobileNodeDaemon::advertise_link_local() {
  const InterfaceAddress* address = interface_.link_local();
  if (!advertise_link_local_ || address == nullptr) return;
  advertise_link_local_ = false;
  interface_.nd()->send_unsolicited_advertisement(address->address, true);
}

void MobileNodeDaemon::apply(Correspondents::iterator peer, const CorrespondentUpdater::Output& out) {
  const Ipv6Address& correspondent = peer->first;
  if (out.dropped != nullptr) stack_.drop(*out.dropped, {});
  if (out.discard_tokens) peer->second.routability.discard(*out.discard_tokens);
  if (out.stop_return_routability) peer->second.routability.stop();
  if (out.unbound || out.finished) kernel_.remove_binding_update(config_.home_address, correspondent);
  if (out.send) {
    trace_update(out.send->update, correspondent, out.send->source);
    socket_.send_authenticated(out.send->update, out.send->kbm, out.send->authenticated_address, correspondent,
                               {.destination = correspondent, .source = out.send->source, .no_mobility = true,
                                .home_address_option = out.send->home_address_option});
  }
  if (out.bound) {
    kernel_.add_binding_update(config_.home_address, correspondent, out.bound->care_of);
    stack_.node().trace(kTraceRegistered, {{"peer", correspondent.to_string()},
                                           {"care_of", out.bound->care_of.to_string()},
                                           {"lifetime_s", (out.bound->expires - stack_.now()).to_seconds()}});
  }
  if (out.return_routability) {
    stack_.node().trace(kTraceReturnRoutabilityStarted, {{"correspondent", correspondent.to_string()}});
    apply(peer, peer->second.routability.start(stack_.now(), *out.return_routability));
  }
  arm();
}

void MobileNodeDaemon::apply(Correspondents::iterator peer, const ReturnRoutability::Output& out) {
  const Ipv6Address& correspondent = peer->first;
  if (out.dropped != nullptr) stack_.drop(*out.dropped, {});
  if (out.send_home_test_init) {  // by the tunnel while away: the kernel sees to it (§11.6.1)
    socket_.send(*out.send_home_test_init, {.destination = correspondent, .source = config_.home_address});
  }
  if (out.send_care_of_test_init) {
    socket_.send(*out.send_care_of_test_init,
                 {.destination = correspondent, .source = care_of().value_or(config_.home_address),
                  .no_mobility = true});
  }
  if (out.authorized) {
    stack_.node().trace(kTraceReturnRoutabilityDone, {{"correspondent", correspondent.to_string()}});
    apply(peer, peer->second.registration.on_authorized(stack_.now(), *out.authorized));
  }
  if (out.failed) apply(peer, peer->second.registration.on_return_routability_failed(stack_.now()));
  arm();
}

void MobileNodeDaemon::on_timer() {
  const Time now = stack_.now();
  const auto due = [now](const std::optional<Time>& deadline) { return deadline && *deadline <= now; };
  if (due(detector_.next_timeout())) apply(detector_.on_timeout(now));
  if (dual_stack_ && due(dual_stack_->next_timeout())) dual_stack_->on_timer();
  if (due(home_.next_timeout())) apply(home_.on_timeout(now));
  if (due(home_agent_discovery_.next_timeout())) apply(home_agent_discovery_.on_timeout(now));
  if (due(discover_again_at_)) {
    discover_again_at_.reset();
    apply(HomeAgentChoice::Output{.discover = true});
  }
  if (due(prefixes_.next_timeout())) apply(prefixes_.on_timeout(now));
  for (auto peer = correspondents_.begin(); peer != correspondents_.end(); ++peer) {
    if (due(peer->second.routability.next_timeout())) apply(peer, peer->second.routability.on_timeout(now));
    if (due(peer->second.registration.next_timeout())) apply(peer, peer->second.registration.on_timeout(now));
  }
  arm();
}

void MobileNodeDaemon::arm() {
  std::optional<Time> next;
  const auto consider = [&next](const std::optional<Time>& deadline) {
    if (deadline && (!next || *deadline < *next)) next = deadline;
  };
  consider(detector_.next_timeout());
  if (dual_stack_) consider(dual_stack_->next_timeout());
  consider(home_.next_timeout());
  consider(home_agent_discovery_.next_timeout());
  consider(discover_again_at_);
  consider(prefixes_.next_timeout());
  for (const auto& [address, peer] : correspondents_) {
    consider(peer.routability.next_timeout());
    consider(peer.registration.next_timeout());
  }
  timer_.arm_at(next);
}

Time MobileNodeDaemon::on_link_valid_until(const Ipv6Address& care_of) const {
  const InterfaceAddress* address = interface_.find_address(care_of);
  return address != nullptr ? address->valid_until() : Time::max();
}

void MobileNodeDaemon::trace_update(const BindingUpdate& update, const Ipv6Address& destination,
                                    const Ipv6Address& care_of) {
  stack_.node().trace(kTraceBindingUpdateSent,
                      {{"destination", destination.to_string()}, {"sequence", std::int64_t{update.sequence.value()}},
                       {"lifetime_s", update.lifetime.to_seconds()},
                       {"home_registration", std::int64_t{update.home_registration}},
                       {"care_of", ip_to_string(care_of)}});
}

std::optional<Ipv6Address> MobileNodeDaemon::ipv4_home_address() const {
  return dual_stack_ ? dual_stack_->ipv4_home_address() : std::nullopt;
}

std::vector<Ipv6Prefix> MobileNodeDaemon::ipv4_mobile_networks() const {
  return dual_stack_ ? dual_stack_->networks() : std::vector<Ipv6Prefix>();
}

bool MobileNodeDaemon::udp_encapsulation() const { return dual_stack_ && dual_stack_->udp(); }

}  // namespace kamesim
