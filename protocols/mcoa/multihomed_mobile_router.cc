// The mobile router in the daemon of a node with several roaming interfaces (RFC 3963 §5, RFC 5648 §7): all of them are
// egress interfaces, and the Mobile Network is registered with each binding.
#include "protocols/mcoa/multihomed_node_daemon.h"
#include "protocols/mip6/trace_kinds.h"

namespace kamesim::mcoa {

void MultihomedNodeDaemon::start_mobile_router() {
  mobile_router_.emplace(*config_.mobile_router);
  MobileNetworkDescription network{.home_address = config_.home_address, .egress = {},
                                   .prefixes = config_.mobile_router->prefixes};
  for (const auto& access : accesses_) network.egress.push_back(&access->interface());
  kernel_.add_mobile_network(network);
}

void MultihomedNodeDaemon::stop_mobile_router() {
  route_by_home_link(false);
  kernel_.remove_mobile_network();
}

// §5.6 to §5.8: a router by the interface that is on the home link, a host by the others.
void MultihomedNodeDaemon::review_egress_roles() {
  for (const auto& access : accesses_) {
    kernel_.set_egress_role(access->interface(), access->at_home() ? EgressRole::Router : EgressRole::Host);
  }
  route_by_home_link(at_home() != nullptr);
}

// RFC 5648 §5.5.1: while one interface is at home, the others are not used, though there are default routers as well.
void MultihomedNodeDaemon::route_by_home_link(bool at_home_link) {
  const Ipv6Prefix any;
  for (const auto& access : accesses_) {
    const Route route{.prefix = any, .interface = &access->interface(), .next_hop = config_.home_agent,
                      .origin = RouteOrigin::Mobility};
    if (at_home_link && access->at_home()) stack_.routes().add(route);
    else stack_.routes().remove(any, route.interface, route.next_hop);
  }
}

// RFC 3963 §5.3: as long as there is a binding that was acknowledged with the R bit, and a way to use it.
void MultihomedNodeDaemon::review_mobile_network() {
  const bool forwarded = !registration_.ways().empty();
  if (kernel_.mobile_network()->forwarding() == forwarded) return;
  kernel_.set_mobile_network_forwarding(forwarded);
  if (!forwarded) return;
  apply(mobile_router_->on_accepted(config_.home_agent, true));
  stack_.node().trace(kTraceMobileNetworkForwarded,
                      {{"home_agent", config_.home_agent.to_string()},
                       {"prefixes", static_cast<std::int64_t>(config_.mobile_router->prefixes.size())}});
}

// §5.3, §5.4. There is no other home agent to ask.
void MultihomedNodeDaemon::heed_refusal(const Output& out) {
  const bool refused = out.rejected && MobileRouterRegistration::concerns(*out.rejected);
  if (!refused && !out.no_mobile_router_support) return;
  stack_.node().trace(kTraceMobileRouterRefused, {{"home_agent", config_.home_agent.to_string()},
                                                  {"status", std::int64_t{refused ? *out.rejected : 0}}});
  apply(refused ? mobile_router_->on_refused(config_.home_agent, *out.rejected)
                : mobile_router_->on_accepted(config_.home_agent, false));
}

void MultihomedNodeDaemon::apply(const MobileRouterRegistration::Output& out) {
  using enum MobileRouterRegistration::Next;
  if (out.stop_advertising && mobile_router_listener_ != nullptr) {
    mobile_router_listener_->on_prefixes_refused(config_.mobile_router->prefixes);
  }
  if (out.gave_up_after) stack_.node().trace(kTraceMobileRouterGaveUp, {{"status", std::int64_t{*out.gave_up_after}}});
  if (out.next == AnotherHomeAgent || out.next == WithdrawFirst) return apply(mobile_router_->on_no_home_agent());
  if (out.next == StartOver) apply(registration_.start_over(stack_.now(), mobile_router_->options()));
}

}  // namespace kamesim::mcoa
