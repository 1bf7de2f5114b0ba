// The mobile node daemon's part in Dual Stack Mobile IPv6 (RFC 5555 §4.4): IPv4 networks, the IPv4 care-of address, UDP, and
// the IPv4 home address. When to register, and what becomes of an update without an answer, is the same as ever.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "protocols/dsmip6/care_of_selection.h"
#include "protocols/dsmip6/dual_stack_config.h"
#include "protocols/dsmip6/messages.h"
#include "protocols/dsmip6/udp_encapsulation.h"
#include "protocols/ip6/ip4_part.h"
#include "protocols/mip6/mobile_node_daemon.h"

namespace kamesim {

class MobileNodeDaemon::DualStack final : public dsmip6::UdpEncapsulation::User {
 public:
  // The interface is an Ethernet, and the node has an IPv4 part.
  DualStack(MobileNodeDaemon& daemon, SocketLayer& sockets, const dsmip6::DualStackNodeConfig& config);
  ~DualStack();

  void on_link_up();
  void on_link_down();
  // Movement detection has news of IPv6. True: IPv6 is gone back to, though it has nothing new to tell.
  bool on_ipv6();
  // §4.4.1: IPv6 has been tried three times. True: IPv4 is used from now on.
  bool on_unanswered();
  void on_timer();
  std::optional<Time> next_timeout() const { return selection_.next_timeout(); }

  // §4.4.2.
  void send(const HomeUpdateToSend& update, const Ipv6Address& home_agent);
  BindingUpdater::Output on_binding_ack(Time now, const MobilityHeaderView& mh);

  // Where the tunnel of that care-of address ends at the home agent.
  Ipv6Address home_agent_of(const Ipv6Address& care_of, const Ipv6Address& home_agent) const;
  // The home address has been put on the tunnel, or that has been moved; nothing can be sent while it is unspecified.
  void on_away(const Ipv6Address& care_of);
  void on_returning_home();
  // The home agent does not defend the addresses any more.
  void on_home();
  const std::optional<Ipv6Address>& ipv4_home_address() const { return at_home_ ? at_home_ : bound_; }
  bool udp() const { return udp_tunnel_; }
  // Of a mobile router: the IPv4 prefixes that are acknowledged.
  std::vector<Ipv6Prefix> networks() const;

  TunnelInterface* tunnel_of(const dsmip6::UdpEncapsulation::Peer& peer) override;
  bool hears_strangers() const override { return false; }

 private:
  using Peer = dsmip6::UdpEncapsulation::Peer;
  using Selection = dsmip6::CareOfSelection;

  bool apply(const Selection::Output& out);
  void test_gateways();
  void on_neighbor(const Ipv6Address& neighbor);
  void use_network(const dsmip6::Ipv4Access& access);
  void leave_network();
  void use_ipv4(const Ipv6Address& care_of);
  void leave_ipv4();
  void prefer_keepalives(BindingAck& ack, const dsmip6::Options& options) const;
  std::vector<dsmip6::Ipv4HomeAddress> wanted() const;
  void on_registered(const dsmip6::Options& options);
  const dsmip6::Ipv4AddressAcknowledgement* answer_to(std::size_t asked, const dsmip6::Options& options) const;
  void heed_address(const dsmip6::Ipv4AddressAcknowledgement* answer);
  void heed_network(std::size_t number, const dsmip6::Ipv4AddressAcknowledgement* answer);
  void review_networks();
  void bind(const Ipv6Address& address);
  void unbind();
  void route_home(bool possible);
  void leave_home_link();
  Ip4Part& ip4() const { return *daemon_.stack_.ip4(); }
  EthernetInterface& link() const { return static_cast<EthernetInterface&>(daemon_.interface_); }
  Peer home_agent() const { return {config_.home_agent_ipv4, dsmip6::kDsmip6Port}; }

  MobileNodeDaemon& daemon_;
  dsmip6::DualStackNodeConfig config_;
  Selection selection_;
  dsmip6::UdpEncapsulation udp_;
  std::optional<dsmip6::Ipv4Access> network_;  // whose address and routes the interface has
  std::optional<Ipv6Address> bound_;           // the IPv4 home address, as acknowledged
  std::optional<Ipv6Address> at_home_;         // the same on the home link
  std::vector<std::optional<Ipv6Prefix>> granted_;  // of each IPv4 mobile network: the prefix, as acknowledged
  std::vector<dsmip6::Ipv4HomeAddress> asked_;      // the IPv4 Home Address options of the last update
  bool unsupported_ = false;                   // §2.3.1: the home agent did not acknowledge it
  bool udp_tunnel_ = false;                    // everything goes in UDP
  bool force_udp_;
};

}  // namespace kamesim
