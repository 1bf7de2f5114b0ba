// The home agent daemon with several bindings of one home address (RFC 5648 §6): tunnels, and mobile nodes that are at home
// and away at once (§5.6).
#include "protocols/ip6/neighbor_discovery.h"
#include "protocols/mip6/home_agent_daemon.h"
#include "protocols/mip6/trace_kinds.h"

namespace kamesim {

std::vector<Ipv6Address> HomeAgentDaemon::other_care_of(const Ipv6Address& home) const {
  std::vector<Ipv6Address> others;
  const auto& bindings = multiple_.bindings().of(home);
  for (std::size_t i = 1; i < bindings.size(); ++i) {
    if (!bindings[i].home_binding) others.push_back(bindings[i].care_of);
  }
  return others;
}

void HomeAgentDaemon::review_paths(const Ipv6Address& home) {
  TunnelInterface* trunk = kernel_.home_binding_tunnel(home);
  const auto& bindings = multiple_.bindings().of(home);
  if (trunk == nullptr || bindings.empty()) {
    drop_paths(home);
    return review_home_binding(home);
  }
  kernel_.move_home_binding(home, bindings.front().care_of, other_care_of(home));
  if (const auto it = protections_.find(home); it != protections_.end()) it->second.away(bindings.front().care_of);
  std::vector<mcoa::BindingPath> paths;
  for (const mcoa::CareOfBinding& b : bindings) {
    mcoa::BindingPath path{.bid = b.bid, .local = served_as_[home], .remote = b.care_of};
    if (b.home_binding) path.link = &home_link_, path.neighbor = home;
    paths.push_back(path);
    stack_.node().trace(kTraceBindingIdentified, {{"home_address", home.to_string()}, {"bid", std::int64_t{b.bid}},
                                                  {"care_of", b.care_of.to_string()},
                                                  {"priority", std::int64_t{b.priority}}});
  }
  const auto [it, added] = paths_.try_emplace(home, stack_, *trunk, mcoa::BindingPaths::End::HomeAgent);
  it->second.set(paths, multiple_.flows().of(home));
  if (added) kernel_.set_outlet(*trunk, &it->second);
  review_home_binding(home);
}

// While the tunnel that they stand before is there.
void HomeAgentDaemon::drop_paths(const Ipv6Address& home) {
  if (const TunnelInterface* trunk = kernel_.home_binding_tunnel(home)) kernel_.set_outlet(*trunk, nullptr);
  paths_.erase(home);
}

// §5.6.2, §6.3: who answers for the home address on the home link, and how it is reached there.
void HomeAgentDaemon::review_home_binding(const Ipv6Address& home) {
  using HomeAndForeign = mcoa::MultipleRegistrationConfig::HomeAndForeign;
  NeighborDiscovery& nd = *home_link_.nd();
  const auto& bindings = multiple_.bindings().of(home);
  const bool at_home = std::ranges::any_of(bindings, &mcoa::CareOfBinding::home_binding);
  const bool defends = multiple_.config().home_and_foreign == HomeAndForeign::WithoutNdp;
  if (at_home) {
    const MacAddress* mac = multiple_.link_layer_address(home);
    if (mac != nullptr && defends) nd.add_static_neighbor({home, *mac});
    if (mac != nullptr && !defends) nd.record(home, *mac);
    if (at_home_.insert(home).second && !defends) nd.remove_proxy(home);
    return;
  }
  if (at_home_.erase(home) == 0) return;
  nd.remove_neighbor(home);
  if (defends || kernel_.home_binding_tunnel(home) == nullptr) return;
  nd.add_proxy(home);
  nd.send_unsolicited_advertisement(home, true);
}

}  // namespace kamesim
