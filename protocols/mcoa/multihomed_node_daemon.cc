#include "protocols/mcoa/multihomed_node_daemon.h"

#include <algorithm>

#include "protocols/ip6/neighbor_discovery.h"
#include "protocols/mcoa/trace_kinds.h"
#include "protocols/mip6/trace_kinds.h"

namespace kamesim::mcoa {

namespace {

MultipleBindingUpdaterConfig registration_of(const MultihomedNodeConfig& config, RandomStream random,
                                             const std::vector<std::pair<Ip6Interface*, MultihomedNodeDaemon::Link>>& on) {
  MultipleBindingUpdaterConfig made{.home_address = config.home_address, .links = {}, .lifetime = config.lifetime,
                                    .bulk_registration = config.bulk_registration,
                                    .mobile_router = config.mobile_router.has_value(),
                                    .previous_sequence = SeqNum16(static_cast<std::uint16_t>(random.next_u32()))};
  for (const auto& [interface, link] : on) made.links.push_back(link);
  if (config.mobile_router) made.mobile_network_prefixes = MobileRouterRegistration(*config.mobile_router).options();
  return made;
}

}  // namespace

MultihomedNodeDaemon::MultihomedNodeDaemon(SocketLayer& sockets, MobilityKernel& kernel,
                                           const MultihomedNodeConfig& config,
                                           const std::vector<std::pair<Ip6Interface*, Link>>& interfaces)
    : stack_(sockets.stack()),
      kernel_(kernel),
      config_(config),
      socket_(sockets, *this),
      registration_(registration_of(config, stack_.node().stream("mcoa.mobile_node"), interfaces)),
      home_interface_(interfaces.front().first),
      timer_(Timer::to<&MultihomedNodeDaemon::on_timer>(stack_.node(), *this)) {
  const MovementDetectorConfig detection{.home_address = config.home_address,
                                         .home_prefix = config.home_link_prefix()};
  if (config.route_optimization) {
    route_optimizer_.emplace(stack_, kernel_, socket_, config_.home_address, config_.home_agent);
  }
  for (const auto& [interface, link] : interfaces) {
    accesses_.push_back(std::make_unique<AccessInterface>(sockets, *interface, detection, link.bid, *this));
  }
  if (config_.mobile_router) start_mobile_router();
  for (const auto& access : accesses_) access->start();
}

MultihomedNodeDaemon::~MultihomedNodeDaemon() {
  if (mobile_router_) stop_mobile_router();
  drop_paths();
}

void MultihomedNodeDaemon::drop_paths() {
  if (!paths_) return;
  if (const TunnelInterface* trunk = kernel_.home_tunnel(config_.home_address)) kernel_.set_outlet(*trunk, nullptr);
  paths_.reset();
}

AccessInterface* MultihomedNodeDaemon::at_home() const {
  const auto it = std::ranges::find_if(accesses_, [](const auto& access) { return access->at_home(); });
  return it == accesses_.end() ? nullptr : it->get();
}

void MultihomedNodeDaemon::on_access_changed(AccessInterface& access) {
  const Time now = stack_.now();
  const auto care_of = access.care_of();
  stack_.node().trace(kTraceAccess, {{"bid", std::int64_t{access.bid()}}, {"interface", access.interface().name()},
                                     {"care_of", care_of ? care_of->to_string() : std::string()}});
  if (mobile_router_) review_egress_roles();
  AccessInterface* home = at_home();
  if (home == nullptr && registration_.at_home()) apply(registration_.on_leave_home(now));
  if (care_of) {
    apply(registration_.on_attach(now, access.bid(), {*care_of, access.valid_until(*care_of)}));
  } else {
    apply(registration_.on_detach(now, access.bid()));
  }
  // RFC 5648 §5.5.1: only the interface on the home link is used.
  if (home != nullptr && !registration_.at_home()) return_home(*home);
}

void MultihomedNodeDaemon::return_home(AccessInterface& access) {
  stack_.node().trace(kTraceReturnedHome, {{"home_address", config_.home_address.to_string()}});
  home_interface_ = &access.interface();
  const Output out = registration_.on_return_home(stack_.now());
  using Dad = MobilityKernel::Dad;
  const bool was_registered = out.deregistered != BindingUpdater::Deregistered::NothingRegistered;
  drop_paths();
  const bool on_link = config_.home_link_prefix().contains(config_.home_address);
  kernel_.return_home(config_.home_address, on_link ? config_.home_prefix_length : 128, *home_interface_,
                      was_registered ? Dad::Skip : Dad::Run);
  apply(out);
  if (route_optimizer_) route_optimizer_->on_return_home();
}

void MultihomedNodeDaemon::on_datagram(const Datagram& d) {
  const auto mh = MobilityHeaderView::check(d.payload, d.source, d.destination);
  if (!mh) return;
  if (d.source != config_.home_agent) {
    if (route_optimizer_) route_optimizer_->on_message(d, *mh);
    return;
  }
  const Time now = stack_.now();
  switch (mh->type()) {
    case MhType::BindingAck: {
      if (d.destination != config_.home_address) return;
      const MultipleBindingAck ack = read_multiple_binding_ack(*mh);
      stack_.node().trace(kTraceBindingAckReceived,
                          {{"source", d.source.to_string()}, {"sequence", std::int64_t{ack.ack.sequence.value()}},
                           {"status", std::int64_t{ack.ack.status}}, {"lifetime_s", ack.ack.lifetime.to_seconds()}});
      return apply(registration_.on_binding_ack(now, ack));
    }
    case MhType::BindingRefreshRequest: {
      std::vector<std::uint16_t> bids;
      for (const BindingIdentifier& b : read_options(mh->options()).bindings) bids.push_back(b.bid);
      return apply(registration_.on_binding_refresh_request(now, bids));
    }
    case MhType::BindingError: return apply(registration_.on_binding_error(now, BindingErrorView(*mh).value()));
    default: return;
  }
}

void MultihomedNodeDaemon::apply(const Output& out) {
  if (out.dropped != nullptr) stack_.drop(*out.dropped, {});
  // The ways first: the update itself says where it goes.
  review_ways();
  if (mobile_router_) review_mobile_network();
  if (out.send) send(*out.send);
  for (const MultipleBindingUpdater::LinkState& link : registration_.links()) {
    if (std::ranges::find(out.registered, link.bid) == out.registered.end()) continue;
    stack_.node().trace(kTraceRegistered, {{"peer", config_.home_agent.to_string()},
                                           {"care_of", link.binding->care_of.to_string()},
                                           {"lifetime_s", (link.binding->expires - stack_.now()).to_seconds()}});
  }
  review_correspondents();
  // RFC 6275 §11.5.5: the neighbours on the home link learn our link-layer address again.
  if (out.deregistered == BindingUpdater::Deregistered::Acknowledged && registration_.at_home()) {
    stack_.node().trace(kTraceRegistered, {{"peer", config_.home_agent.to_string()},
                                           {"care_of", config_.home_address.to_string()}, {"lifetime_s", 0.0}});
    if (home_interface_->nd() != nullptr) home_interface_->nd()->send_unsolicited_advertisement(config_.home_address, true);
  }
  if (mobile_router_) heed_refusal(out);
  timer_.arm_at(registration_.next_timeout());
}

void MultihomedNodeDaemon::send(const MultipleBindingUpdater::Send& send) {
  const BindingUpdate& update = send.message.update;
  stack_.node().trace(kTraceBindingUpdateSent,
                      {{"destination", config_.home_agent.to_string()},
                       {"sequence", std::int64_t{update.sequence.value()}}, {"lifetime_s", update.lifetime.to_seconds()},
                       {"home_registration", std::int64_t{1}}, {"care_of", send.source.to_string()},
                       {"bids", static_cast<std::int64_t>(send.message.options.bindings.size())}});
  const OutputRequest request{.destination = config_.home_agent, .source = send.source, .no_mobility = true,
                              .home_address_option = send.home_address_option};
  if (send.plain) socket_.send(update, request);
  else socket_.send(send.message, request);
}

// What goes by which tunnel, as of now.
void MultihomedNodeDaemon::review_ways() {
  if (registration_.at_home()) return;
  const auto ways = registration_.ways();
  const bool has_address = std::ranges::any_of(accesses_, [](const auto& a) { return a->care_of().has_value(); });
  if (ways.empty()) {
    drop_paths();
    if (!has_address && !kernel_.away(config_.home_address)) return;
    // RFC 6275 §11.3.1: nothing can be sent from the home address.
    return kernel_.leave_home(config_.home_address, kUnspecified, config_.home_agent, *home_interface_);
  }
  kernel_.leave_home(config_.home_address, ways.front().care_of, config_.home_agent, *home_interface_);
  std::vector<BindingPath> paths;
  for (const auto& way : ways) paths.push_back({.bid = way.bid, .local = way.care_of, .remote = config_.home_agent});
  if (!paths_) {
    TunnelInterface& trunk = *kernel_.home_tunnel(config_.home_address);
    kernel_.set_outlet(trunk, &paths_.emplace(stack_, trunk, BindingPaths::End::MobileNode));
  }
  paths_->set(paths, registration_.flows().wanted());
}

// RFC 6275 §11.7.2: correspondents are told of what the home agent has accepted.
void MultihomedNodeDaemon::review_correspondents() {
  if (!route_optimizer_ || registration_.at_home()) return;
  std::vector<CorrespondentLinks::Registered> links;
  for (const MultipleBindingUpdater::LinkState& link : registration_.links()) {
    if (link.usable()) links.push_back({link.bid, link.priority, *link.binding});
  }
  route_optimizer_->on_links(std::move(links));
}

void MultihomedNodeDaemon::on_timer() {
  for (const auto& access : accesses_) {  // advertisements have renewed them since
    if (const auto care_of = access->care_of()) registration_.on_care_of_lifetime(access->bid(), access->valid_until(*care_of));
  }
  apply(registration_.on_timeout(stack_.now()));
}

}  // namespace kamesim::mcoa
