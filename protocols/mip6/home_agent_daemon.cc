#include "protocols/mip6/home_agent_daemon.h"

#include <algorithm>
#include <utility>

#include "protocols/ip6/neighbor_discovery.h"
#include "protocols/mip6/binding_status.h"
#include "protocols/mip6/discovery_messages.h"
#include "protocols/mip6/home_agent_dual_stack.h"
#include "protocols/mip6/home_agent_groups.h"
#include "protocols/mip6/trace_kinds.h"
#include "protocols/wire/ipv4_address.h"

namespace kamesim {

HomeAgentDaemon::HomeAgentDaemon(SocketLayer& sockets, MobilityKernel& kernel, BindingCache& cache,
                                 Ip6Interface& home_link, const HomeAgentConfig& config)
    : stack_(sockets.stack()),
      kernel_(kernel),
      home_link_(home_link),
      config_(config),
      socket_(sockets, *this),
      machine_(config.registration, cache),
      multiple_(config.multiple_care_of, machine_, cache),
      advertiser_(config.prefix_advertisements, stack_.node().stream("mip6.prefix_advertiser")),
      discovery_(*this, sockets),
      timer_(Timer::to<&HomeAgentDaemon::on_timer>(stack_.node(), *this)) {
  if (config_.dual_stack) dual_stack_ = std::make_unique<DualStack>(*this, sockets, *config_.dual_stack);
  if (config_.multicast) groups_ = std::make_unique<Groups>(*this, sockets);
  for (const auto& [home_address, association] : config_.authentication) authentication_.add(home_address, association);
  stack_.add_listener(*this);
  on_home_prefixes_changed();
  add_routes_home();
}

HomeAgentDaemon::~HomeAgentDaemon() {
  for (const auto& [home, paths] : paths_) {
    if (const TunnelInterface* trunk = kernel_.home_binding_tunnel(home)) kernel_.set_outlet(*trunk, nullptr);
  }
  stack_.remove_listener(*this);
  stack_.routes().remove_if([this](const Route& r) {
    return r.origin == RouteOrigin::Mobility && r.interface == &home_link_;
  });
  for (const Ipv6Address& address : anycast_) stack_.remove_address(home_link_, address);
  for (const auto& [home, test] : tests_) {
    home_link_.nd()->cancel_proxy_dad(home);
    if (test.addresses.link_local) home_link_.nd()->cancel_proxy_dad(*test.addresses.link_local);
  }
}

void HomeAgentDaemon::protect(ipsec::PfKeyLayer& keys, const Ipv6Address& home_address,
                              const SignallingProtectionConfig& config) {
  const auto serves = [&home_address](const auto& a) {
    return !a->anycast && !a->address.is_link_local() && a->prefix().contains(home_address);
  };
  const auto& addresses = home_link_.addresses();
  const auto own = std::ranges::find_if(addresses, serves);
  if (own == addresses.end()) return stack_.drop(kProtectionRefused, {});
  const auto [it, added] = protections_.try_emplace(home_address, keys, stack_, SignallingProtection::Role::HomeAgent,
                                                    home_address, config);
  if (added) it->second.serve((*own)->address);
}

void HomeAgentDaemon::on_routing_message(const RoutingMessage& message) {
  using Kind = RoutingMessage::Kind;
  const bool address = message.kind == Kind::AddressAdded || message.kind == Kind::AddressRemoved ||
                       message.kind == Kind::AddressChanged;
  if (!address || message.interface != &home_link_) return;
  if (std::ranges::find(anycast_, message.address) == anycast_.end()) on_home_prefixes_changed();
}

void HomeAgentDaemon::protect_tunnel(const Ipv6Address& home_address, const Ipv6Address& care_of) {
  const auto it = protections_.find(home_address);
  if (it == protections_.end()) return;
  // RFC 5555 §5: in an IPv4 network payload is protected over port 4500, which comes with its key exchange.
  if (care_of.is_v4_mapped()) return it->second.at_home();
  it->second.away(care_of);
}

// ---- Home prefixes (§10.6.1) --------------------------------------------------------------------------------------

void HomeAgentDaemon::set_prefix_source(const HomePrefixSource* source) {
  prefix_source_ = source;
  if (source != nullptr) on_home_prefixes_changed();
}

std::vector<PrefixInformation> HomeAgentDaemon::home_prefixes() const {
  std::vector<PrefixInformation> prefixes;
  if (prefix_source_ != nullptr) prefixes = prefix_source_->home_prefixes();
  if (!prefixes.empty()) return prefixes;
  const Time now = stack_.now();
  const auto left = [now](Time until) { return until == Time::max() ? kInfiniteLifetime : until - now; };
  for (const auto& a : home_link_.addresses()) {
    const bool given = a->origin == AddressOrigin::Manual && !a->anycast && !a->address.is_link_local();
    if (!given || a->prefix_length == 128) continue;
    prefixes.push_back({.address = a->prefix().address(), .prefix_length = a->prefix_length, .on_link = true,
                        .autonomous = true, .valid_lifetime = left(a->valid_until()),
                        .preferred_lifetime = left(a->preferred_until())});
  }
  return prefixes;
}

// Lifetimes that do not count down are those of any moment: the list is made anew when it is to be used.
void HomeAgentDaemon::review_prefixes() {
  const Time now = stack_.now();
  const auto until = [now](Duration left) { return left == kInfiniteLifetime ? Time::max() : now + left; };
  std::vector<HomePrefix> list;
  for (const PrefixInformation& p : home_prefixes()) {
    if (p.on_link) list.push_back({p.prefix(), until(p.valid_lifetime), until(p.preferred_lifetime)});
  }
  machine_.on_prefix_list(now, std::move(list));
  multiple_.on_prefix_list();
}

void HomeAgentDaemon::on_home_prefixes_changed() {
  const std::vector<PrefixInformation> before = std::exchange(prefixes_, home_prefixes());
  review_prefixes();
  serve_anycast();
  // §10.6.2: flags or lifetimes changed, or a prefix is new.
  for (const PrefixInformation& p : prefixes_) {
    const auto of_it = [&p](const PrefixInformation& old) { return old.prefix() == p.prefix(); };
    if (std::ranges::none_of(before, of_it)) advertiser_.on_prefix_added(stack_.now(), p.preferred_lifetime);
    const auto same = [&p](const PrefixInformation& old) {
      return old.prefix() == p.prefix() && old.on_link == p.on_link && old.autonomous == p.autonomous &&
             old.valid_lifetime == p.valid_lifetime && old.preferred_lifetime == p.preferred_lifetime;
    };
    if (std::ranges::none_of(before, same)) advertiser_.on_prefix_changed(stack_.now(), p.prefix(), p.preferred_lifetime);
  }
  arm();
}

void HomeAgentDaemon::serve_anycast() {
  std::vector<Ipv6Address> wanted;
  for (const PrefixInformation& p : prefixes_) {
    const Ipv6Address address = home_agents_anycast(p.prefix());
    if (std::ranges::find(wanted, address) == wanted.end()) wanted.push_back(address);
  }
  const std::vector<Ipv6Address> had = std::exchange(anycast_, wanted);
  for (const Ipv6Address& address : had) {
    if (std::ranges::find(wanted, address) == wanted.end()) stack_.remove_address(home_link_, address);
  }
  for (const Ipv6Address& address : wanted) {
    if (std::ranges::find(had, address) != had.end()) continue;
    stack_.add_address(home_link_, {.address = address, .origin = AddressOrigin::Home, .anycast = true,
                                    .skip_dad = true, .on_link_prefix = false});
  }
}

Duration HomeAgentDaemon::preferred_lifetime(const Ipv6Address& home_address) const {
  for (const PrefixInformation& p : prefixes_) {
    if (p.prefix().contains(home_address)) return p.preferred_lifetime;
  }
  return kInfiniteLifetime;
}

// ---- Mobile Networks (RFC 3963 §3) --------------------------------------------------------------------------------

// While the mobile router is away, the route by its tunnel is better.
void HomeAgentDaemon::add_routes_home() {
  constexpr std::uint32_t kWorseThanTheTunnel = 1;
  if (!config_.routes_to_mobile_networks || !supports_mobile_routers()) return;
  for (const auto& [home, networks] : config_.registration.mobile_networks->entries()) {
    const auto holds_home = [&home = home](const PrefixInformation& p) { return p.prefix().contains(home); };
    if (std::ranges::none_of(prefixes_, holds_home)) continue;
    for (const Ipv6Prefix& network : networks) {
      stack_.routes().add({.prefix = network, .interface = &home_link_, .next_hop = home,
                           .origin = RouteOrigin::Mobility, .metric = kWorseThanTheTunnel});
    }
  }
}

// ---- Registrations (§10.3) ----------------------------------------------------------------------------------------

void HomeAgentDaemon::on_datagram(const Datagram& d) {
  const auto mh = MobilityHeaderView::check(d.payload, d.source, d.destination);
  if (!mh || mh->type() != MhType::BindingUpdate) return;
  if (BindingUpdateView(*mh).proxy_registration()) return;  // RFC 5213: for a local mobility anchor
  const mcoa::MultipleBindingUpdate message = mcoa::read_multiple_binding_update(*mh);
  const BindingUpdate& update = message.update;
  if (!update.home_registration && !update.mobile_router) return;  // for the correspondent daemon
  if (update.map_registration && kernel_.mobility_anchor_point) return;
  if (std::ranges::find(anycast_, d.destination) != anycast_.end()) return stack_.drop(kBuToAnycastAddress, d.payload);
  ReceivedBindingUpdate received = received_binding_update(d, update);
  if (dual_stack_ && !dual_stack_->on_binding_update(*mh, d, received)) return;
  register_binding(received, message, *mh);
  if (dual_stack_) dual_stack_->on_binding_update_done(tests_.contains(received.home_address()));
}

void HomeAgentDaemon::register_binding(const ReceivedBindingUpdate& received, const mcoa::MultipleBindingUpdate& message,
                                       const MobilityHeaderView& mh) {
  if (!authentic(received, mh)) return;
  // The tunnel would lead to this node itself.
  const bool to_itself = received.update.lifetime > Duration() && is_unicast_routable(received.care_of()) &&
                         stack_.find_own_address(received.care_of(), nullptr) != nullptr;
  const bool has_status = config_.registration.rules.invalid_care_of_status;
  if (to_itself) return send(reject(received, has_status ? kInvalidCareOfAddress : kReasonUnspecified));
  review_prefixes();
  const auto out = multiple_.on_binding_update(stack_.now(), received, message);
  // Of refused ones nothing is kept.
  if (out.home.registered || out.home.start_dad || tests_.contains(received.home_address())) {
    served_as_.insert_or_assign(received.home_address(), received.destination);
  }
  apply(out, mh.bytes());
}

std::vector<HomeAgentDaemon::Ipv4Binding> HomeAgentDaemon::ipv4_bindings() const {
  return dual_stack_ ? dual_stack_->bindings() : std::vector<Ipv4Binding>();
}

bool HomeAgentDaemon::authentic(const ReceivedBindingUpdate& received, const MobilityHeaderView& update) {
  const Ipv6Address home = received.home_address();
  if (!authentication_.knows(home)) {
    if (config_.authentication_required) stack_.drop(kAuthenticationNoAssociation, update.bytes());
    return !config_.authentication_required;
  }
  const auto verdict = authentication_.on_binding_update(stack_.now(), home, received.care_of(), update);
  if (verdict.dropped != nullptr) stack_.drop(*verdict.dropped, update.bytes());
  if (verdict.refused) send(reject(received, *verdict.refused));
  return verdict.dropped == nullptr && !verdict.refused;
}

void HomeAgentDaemon::send(const BindingAckToSend& ack) {
  if (dual_stack_ && dual_stack_->send(ack)) return;
  const Ipv6Address home = ack.routing_header.value_or(ack.destination);
  if (authentication_.knows(home)) {
    socket_.send(ack, authentication_.answer(home));
  } else {
    socket_.send(ack);
  }
}

void HomeAgentDaemon::send(const mcoa::MultipleRegistration::Ack& ack) {
  if (ack.options == mcoa::Options{}) return send(ack.answer);
  const mcoa::MultipleBindingAck message{ack.answer.ack, ack.options};
  const Ipv6Address home = ack.answer.routing_header.value_or(ack.answer.destination);
  OutputRequest request = request_for(ack.answer);
  // RFC 5648 §5.6.3: to a mobile node on the home link.
  if (ack.answer.destination == home && at_home_.contains(home)) {
    request.interface = &home_link_;
    request.no_mobility = true;
  }
  if (authentication_.knows(home)) {
    socket_.send(message, authentication_.answer(home), request);
  } else {
    socket_.send(message, request);
  }
}

void HomeAgentDaemon::start_dad(const Defended& addresses) {
  const Ipv6Address home = addresses.home_address;
  // An address of its own is in use, and not found so by a test on the link.
  const auto own = [this](const Ipv6Address& a) { return home_link_.find_address(a) != nullptr; };
  if (own(home) || (addresses.link_local && own(*addresses.link_local))) {
    return settle(home, HomeAgentRegistration::DadResult::Duplicate);
  }
  stack_.node().trace(kTraceProxyDad, {{"home_address", home.to_string()}});
  tests_.insert_or_assign(home, Test{addresses, addresses.link_local ? 2 : 1});
  auto done = [this, home](bool unique) { finish_dad(home, unique); };
  home_link_.nd()->start_proxy_dad(home, done);
  if (addresses.link_local) home_link_.nd()->start_proxy_dad(*addresses.link_local, done);
}

void HomeAgentDaemon::finish_dad(const Ipv6Address& home, bool unique) {
  const auto it = tests_.find(home);
  if (it == tests_.end()) return;
  it->second.unique = it->second.unique && unique;
  if (--it->second.outstanding > 0) return;
  const bool result = it->second.unique;
  tests_.erase(it);
  using DadResult = HomeAgentRegistration::DadResult;
  settle(home, result ? DadResult::Unique : DadResult::Duplicate);
}

void HomeAgentDaemon::settle(const Ipv6Address& home, HomeAgentRegistration::DadResult result) {
  apply(multiple_.on_dad_result(stack_.now(), home, result), {});
  if (!kernel_.home_binding_care_of(home)) served_as_.erase(home);
  if (dual_stack_) dual_stack_->on_answered(home);
}

void HomeAgentDaemon::on_timer() {
  while (multiple_.next_timeout() && *multiple_.next_timeout() <= stack_.now()) {
    apply(multiple_.on_timeout(stack_.now()), {});
  }
  while (advertiser_.next_timeout() && *advertiser_.next_timeout() <= stack_.now()) {
    apply(advertiser_.on_timeout(stack_.now()), {});
  }
  arm();
}

void HomeAgentDaemon::arm() {
  const auto a = multiple_.next_timeout(), b = advertiser_.next_timeout();
  timer_.arm_at(a && b ? std::min(a, b) : a ? a : b);
}

void HomeAgentDaemon::apply(const mcoa::MultipleRegistration::Output& out, Bytes message) {
  apply(out.home, message);
  if (out.changed) review_paths(*out.changed);
  if (out.ack) send(*out.ack);
  arm();
}

void HomeAgentDaemon::apply(const Output& out, Bytes message) {
  Node& node = stack_.node();
  if (out.dropped != nullptr) node.count_drop(out.dropped, message);
  if (out.stop_proxy) {
    drop_paths(out.stop_proxy->home_address);
    if (groups_) groups_->on_unregistered(out.stop_proxy->home_address);
    kernel_.remove_home_binding(out.stop_proxy->home_address);
    advertiser_.on_unregistered(out.stop_proxy->home_address);
    served_as_.erase(out.stop_proxy->home_address);
    if (dual_stack_) dual_stack_->on_unregistered(out.stop_proxy->home_address);
    if (const auto it = protections_.find(out.stop_proxy->home_address); it != protections_.end()) it->second.at_home();
    node.trace(kTraceUnbound, {{"home_address", out.stop_proxy->home_address.to_string()}});
  }
  if (out.registered) {
    const BindingCacheEntry& entry = *out.registered;
    MobilityKernel::HomeRegistration registration{.home = entry.home_address, .care_of = entry.care_of,
                                                  .home_agent = served_as_[entry.home_address],
                                                  .home_link = entry.on_home_link ? &home_link_ : nullptr,
                                                  .link_local = entry.link_local, .mobile_router = entry.mobile_router,
                                                  .networks = entry.networks,
                                                  .other_care_of = other_care_of(entry.home_address)};
    if (dual_stack_) dual_stack_->complete(registration);
    kernel_.add_home_binding(registration);
    if (dual_stack_) dual_stack_->on_tunnel(entry.home_address);
    if (groups_) groups_->on_registered(entry.home_address);
    protect_tunnel(entry.home_address, entry.care_of);
    advertiser_.on_registered(stack_.now(), entry.home_address, preferred_lifetime(entry.home_address));
    node.trace(kTraceBound, {{"home_address", entry.home_address.to_string()},
                             {"care_of", ip_to_string(entry.care_of)},
                             {"home_registration", std::int64_t{1}}});
  }
  if (out.start_dad) start_dad(*out.start_dad);
  arm();
}

void HomeAgentDaemon::apply(const PrefixAdvertiser::Output& out, Bytes message) {
  if (out.dropped != nullptr) stack_.drop(*out.dropped, message);
  if (out.send) discovery_.advertise_prefixes(*out.send);
  arm();
}

}  // namespace kamesim
