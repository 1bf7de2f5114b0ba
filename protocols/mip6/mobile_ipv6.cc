#include "protocols/mip6/mobile_ipv6.h"

#include <algorithm>
#include <utility>

#include "protocols/ip6/neighbor_discovery.h"

namespace kamesim {

MobileIpv6::MobileIpv6(SocketLayer& sockets, const CorrespondentRegistrationConfig& config)
    : sockets_(sockets),
      kernel_(sockets),
      correspondent_(sockets, kernel_, cache_, config),
      start_formed_(Timer::to<&MobileIpv6::start_formed>(sockets.stack().node(), *this)) {}

void MobileIpv6::follow(const MobilityRules& rules) {
  kernel_.rules = rules;
  correspondent_.follow(rules);
}

HomeAgentDaemon& MobileIpv6::start_home_agent(Ip6Interface& home_link, const HomeAgentConfig& config) {
  correspondent_.set_home_registrations(CorrespondentDaemon::HomeRegistrations::LeaveToHomeAgent);
  return home_agent_.emplace(sockets_, kernel_, cache_, home_link, config);
}

MobileNodeDaemon& MobileIpv6::start_mobile_node(Ip6Interface& interface, const MobileNodeConfig& config) {
  const auto number = static_cast<unsigned>(mobile_nodes_.size());
  MobileNodeDaemon& started = mobile_nodes_.emplace_back(sockets_, kernel_, interface, config, number);
  started.set_home_prefix_listener(this);
  return started;
}

void MobileIpv6::on_other_home_prefix(const MobileNodeDaemon& teller, const PrefixInformation& prefix) {
  for (MobileNodeDaemon& m : mobile_nodes_) {
    if (prefix.prefix().contains(m.home_address())) return m.on_home_prefix(prefix);
  }
  NeighborDiscovery* nd = teller.interface().nd();
  // RFC 4862 §5.5.3: what a host on the home link would form an address of.
  const bool usable = prefix.autonomous && prefix.prefix_length == 64 && !prefix.prefix().address().is_link_local() &&
                      prefix.valid_lifetime > Duration();
  // The prefixes of a mobile router are given, and its home link's others are not its own.
  if (!usable || nd == nullptr || teller.config().mobile_router || formed_count_ == kMaxFormedHomeAddresses) return;
  MobileNodeConfig config = teller.config();
  config.home_address = with_interface_id(prefix.prefix(), nd->stable_identifier(prefix.prefix()));
  config.home_prefix_length = prefix.prefix_length;
  config.home_agent = teller.home_agent();
  config.home_link.reset();
  if (is_formed_already(config.home_address)) return;
  ++formed_count_;
  formed_.push_back({teller.interface(), config, prefix});
  start_formed_.arm_at(sockets_.stack().now());
}

bool MobileIpv6::is_formed_already(const Ipv6Address& home_address) const {
  return std::ranges::any_of(formed_, [&](const Formed& f) { return f.config.home_address == home_address; });
}

void MobileIpv6::start_formed() {
  for (const Formed& f : std::exchange(formed_, {})) {
    start_mobile_node(f.interface, f.config).on_home_prefix(f.prefix);
  }
}

}  // namespace kamesim
