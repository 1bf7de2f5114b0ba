// The mobile router in the mobile node daemon (RFC 3963 §5): its egress interface, its Mobile Network, and home agents
// that do not serve it.
#include "protocols/mip6/mobile_node_daemon.h"
#include "protocols/mip6/trace_kinds.h"

namespace kamesim {

void MobileNodeDaemon::start_mobile_router() {
  mobile_router_.emplace(*config_.mobile_router);
  home_.set_mobile_network_prefixes(mobile_router_->options());
  kernel_.add_mobile_network({.home_address = config_.home_address, .egress = {&interface_},
                              .prefixes = config_.mobile_router->prefixes});
}

void MobileNodeDaemon::stop_mobile_router() { kernel_.remove_mobile_network(); }

// §5.6 to §5.8: a router on its home link, a host on any other.
void MobileNodeDaemon::review_egress_role() {
  kernel_.set_egress_role(interface_, detector_.surely_at_home() ? EgressRole::Router : EgressRole::Host);
}

// Whether there is nothing left to do with it.
bool MobileNodeDaemon::handled_as_mobile_router(const BindingUpdater::Output& out) {
  const Ipv6Address home_agent = choice_.current().value_or(kUnspecified);
  if (out.expired) kernel_.set_mobile_network_forwarding(false);
  if (out.bound) {
    apply(mobile_router_->on_accepted(home_agent, true));
    kernel_.set_mobile_network_forwarding(true);
    stack_.node().trace(kTraceMobileNetworkForwarded,
                        {{"home_agent", home_agent.to_string()},
                         {"prefixes", static_cast<std::int64_t>(config_.mobile_router->prefixes.size())}});
  }
  if (leaving_home_agent_ && (out.deregistered || out.unanswered)) {
    on_home_agent_left();
    return true;
  }
  const bool refused = out.rejected && MobileRouterRegistration::concerns(*out.rejected) && detector_.care_of();
  if (!refused && !out.no_mobile_router_support) return false;
  kernel_.set_mobile_network_forwarding(false);
  stack_.node().trace(kTraceMobileRouterRefused,
                      {{"home_agent", home_agent.to_string()}, {"status", std::int64_t{out.rejected.value_or(0)}}});
  apply(refused ? mobile_router_->on_refused(home_agent, *out.rejected)
                : mobile_router_->on_accepted(home_agent, false));
  return true;
}

void MobileNodeDaemon::on_home_agent_left() {
  leaving_home_agent_ = false;
  home_.forget_home_agent();
  try_another_home_agent(choice_.on_unsuitable());  // §5.3: "performs Dynamic Home Agent Address Discovery again"
}

void MobileNodeDaemon::apply(const MobileRouterRegistration::Output& out) {
  using enum MobileRouterRegistration::Next;
  if (out.stop_advertising && mobile_router_listener_ != nullptr) {
    mobile_router_listener_->on_prefixes_refused(config_.mobile_router->prefixes);
  }
  if (out.gave_up_after) {
    stack_.node().trace(kTraceMobileRouterGaveUp, {{"status", std::int64_t{*out.gave_up_after}}});
    home_.forget_home_agent();
    return arm();
  }
  switch (out.next) {
    case Nothing: return;
    case AnotherHomeAgent: return try_another_home_agent(choice_.on_failed());
    case WithdrawFirst:
      leaving_home_agent_ = true;
      return apply(home_.on_withdraw(stack_.now()));
    case StartOver:
      home_.set_mobile_network_prefixes(mobile_router_->options());
      return apply(choice_.start_over());
  }
}

void MobileNodeDaemon::try_another_home_agent(const HomeAgentChoice::Output& out) {
  if (!out.use && !out.discover) return apply(mobile_router_->on_no_home_agent());
  apply(out);
}

}  // namespace kamesim
