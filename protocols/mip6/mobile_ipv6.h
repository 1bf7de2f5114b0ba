// Mobile IPv6 on a node: the kernel part and the daemons of its roles. Every node with Mobile IPv6 is a
// correspondent (RFC 6275 §8.2); a home agent and a mobile node are more.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <vector>

#include "protocols/mip6/binding_cache.h"
#include "protocols/mip6/correspondent_daemon.h"
#include "protocols/mip6/home_agent_daemon.h"
#include "protocols/mip6/mobile_node_daemon.h"
#include "protocols/mip6/mobility_kernel.h"
#include "sim/timer.h"

namespace kamesim {

class MobileIpv6 final : public HomePrefixListener {
 public:
  // How many home addresses a mobile node forms by itself, at most, beside those it was given.
  static constexpr std::size_t kMaxFormedHomeAddresses = 8;

  explicit MobileIpv6(SocketLayer& sockets, const CorrespondentRegistrationConfig& config = {});

  // The correspondent and the kernel part; the other roles are told in their configurations.
  void follow(const MobilityRules& rules);
  // RFC 5648 §6.1, of the correspondent.
  void set_multiple_care_of(mcoa::MultipleCorrespondentConfig::Policy policy) {
    correspondent_.set_multiple_care_of(policy);
  }
  const CorrespondentDaemon& correspondent() const { return correspondent_; }
  HomeAgentDaemon& start_home_agent(Ip6Interface& home_link, const HomeAgentConfig& config = {});
  // `interface` is the one that roams. It does its own router solicitation. Once for each home address.
  MobileNodeDaemon& start_mobile_node(Ip6Interface& interface, const MobileNodeConfig& config);

  MobilityKernel& kernel() { return kernel_; }
  const BindingCache& binding_cache() const { return cache_; }
  std::optional<HomeAgentDaemon>& home_agent() { return home_agent_; }
  // Of the first home address; null: not a mobile node.
  const MobileNodeDaemon* mobile_node() const { return mobile_nodes_.empty() ? nullptr : &mobile_nodes_.front(); }
  const std::deque<MobileNodeDaemon>& mobile_nodes() const { return mobile_nodes_; }

  // A prefix of another home address of the node, or a new one: then a home address in it is formed, and registered
  // with the same home agent (RFC 6275 §11.4.3).
  void on_other_home_prefix(const MobileNodeDaemon& teller, const PrefixInformation& prefix) override;

 private:
  struct Formed {
    Ip6Interface& interface;
    MobileNodeConfig config;
    PrefixInformation prefix;
  };
  bool is_formed_already(const Ipv6Address& home_address) const;
  void start_formed();

  SocketLayer& sockets_;
  MobilityKernel kernel_;
  BindingCache cache_;
  CorrespondentDaemon correspondent_;
  std::optional<HomeAgentDaemon> home_agent_;
  std::deque<MobileNodeDaemon> mobile_nodes_;
  std::vector<Formed> formed_;  // home addresses whose daemons are to be started
  std::size_t formed_count_ = 0;
  Timer start_formed_;  // not from within the delivery of a packet to the sockets of the others
};

}  // namespace kamesim
