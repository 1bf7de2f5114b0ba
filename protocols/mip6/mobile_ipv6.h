// Mobile IPv6 on a node: the kernel part and the daemons of its roles. Every node with Mobile IPv6 is a
// correspondent (RFC 6275 §8.2); a home agent and a mobile node are more.
#pragma once

#include <optional>

#include "protocols/mip6/binding_cache.h"
#include "protocols/mip6/correspondent_daemon.h"
#include "protocols/mip6/home_agent_daemon.h"
#include "protocols/mip6/mobile_node_daemon.h"
#include "protocols/mip6/mobility_kernel.h"

namespace kamesim {

class MobileIpv6 {
 public:
  explicit MobileIpv6(SocketLayer& sockets, const CorrespondentRegistrationConfig& config = {})
      : sockets_(sockets), kernel_(sockets), correspondent_(sockets, kernel_, cache_, config) {}

  HomeAgentDaemon& start_home_agent(Ip6Interface& home_link, const HomeAgentConfig& config = {}) {
    correspondent_.set_home_registrations(CorrespondentDaemon::HomeRegistrations::LeaveToHomeAgent);
    return home_agent_.emplace(sockets_, kernel_, cache_, home_link, config);
  }
  // `interface` is the one that roams. It does its own router solicitation.
  MobileNodeDaemon& start_mobile_node(Ip6Interface& interface, const MobileNodeConfig& config) {
    return mobile_node_.emplace(sockets_, kernel_, interface, config);
  }

  MobilityKernel& kernel() { return kernel_; }
  const BindingCache& binding_cache() const { return cache_; }
  std::optional<HomeAgentDaemon>& home_agent() { return home_agent_; }
  std::optional<MobileNodeDaemon>& mobile_node() { return mobile_node_; }

 private:
  SocketLayer& sockets_;
  MobilityKernel kernel_;
  BindingCache cache_;
  CorrespondentDaemon correspondent_;
  std::optional<HomeAgentDaemon> home_agent_;
  std::optional<MobileNodeDaemon> mobile_node_;
};

}  // namespace kamesim
