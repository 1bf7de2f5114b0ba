// The home agent daemon's part in Dual Stack Mobile IPv6 (RFC 5555 §4.5): what it makes of the options of Binding Updates,
// of IPv4 care-of addresses and UDP, and what it answers. The registration itself is the same as any (RFC 6275 §10.3).
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "protocols/dsmip6/dual_stack_config.h"
#include "protocols/dsmip6/ipv4_home_addresses.h"
#include "protocols/dsmip6/messages.h"
#include "protocols/dsmip6/udp_encapsulation.h"
#include "protocols/mip6/home_agent_daemon.h"

namespace kamesim {

inline constexpr DropInfo kDualStackOptionBadLength{"dsmip6.option_bad_length", "RFC 5555 §3.1, §3.2"};
inline constexpr DropInfo kBindingUpdateNotInUdp{"dsmip6.binding_update_not_in_udp", "RFC 5555 §4.2"};

class HomeAgentDaemon::DualStack final : public dsmip6::UdpEncapsulation::User {
 public:
  DualStack(HomeAgentDaemon& daemon, SocketLayer& sockets, const dsmip6::DualStackHomeAgentConfig& config);
  ~DualStack();

  // Comes before the registration; what it says of the update is in `received` then. False: it is discarded.
  bool on_binding_update(const MobilityHeaderView& mh, const Datagram& datagram, ReceivedBindingUpdate& received);
  // Comes after: whether the update waits for Duplicate Address Detection.
  void on_binding_update_done(bool waits);
  // A registration is about to be given to the kernel part, and has been.
  void complete(MobilityKernel::HomeRegistration& registration);
  void on_tunnel(const Ipv6Address& home);
  void on_unregistered(const Ipv6Address& home);
  // False: the acknowledgement has nothing of RFC 5555.
  bool send(const BindingAckToSend& ack);
  // The Binding Update that waited has been answered.
  void on_answered(const Ipv6Address& home) { waiting_.erase(home); }

  std::vector<Ipv4Binding> bindings() const;
  TunnelInterface* tunnel_of(const dsmip6::UdpEncapsulation::Peer& peer) override;
  bool hears_strangers() const override { return true; }

 private:
  using Peer = dsmip6::UdpEncapsulation::Peer;
  struct Request {
    Ipv6Address home;
    std::vector<dsmip6::Ipv4HomeAddress> options;
    std::optional<Peer> peer;  // it came from there, in UDP
    bool nat = false;
    bool forced_udp = false;
    bool deletion = false;
    bool answered = false;
    std::vector<dsmip6::Ipv4AddressAcknowledgement> acknowledgements{};
  };
  struct Bound {  // how the mobile node is reached
    std::optional<Peer> peer;
    bool nat = false, udp = false;
    std::vector<Ipv6Address> proxied;
  };

  std::optional<std::uint8_t> refusal(const Request& request, const dsmip6::DualStackBindingUpdate& message) const;
  Request* request_of(const Ipv6Address& home);
  bool uses_udp(const Request& request) const { return request.nat || request.forced_udp || config_.force_udp; }
  dsmip6::NatDetection nat_detection(const Request& request) const;
  void add_routes_home();
  void forget_peer(const Ipv6Address& home, const Bound& bound);
  void defend(const Ipv6Address& home, Bound& bound);
  void transmit(const dsmip6::DualStackBindingAck& message, const Ipv6Address& home, const OutputRequest& request);

  HomeAgentDaemon& daemon_;
  dsmip6::DualStackHomeAgentConfig config_;
  dsmip6::Ipv4HomeAddresses addresses_;
  dsmip6::UdpEncapsulation udp_;
  std::optional<Request> current_;                // while a Binding Update is dealt with
  std::map<Ipv6Address, Request> waiting_;        // for Duplicate Address Detection
  std::map<Ipv6Address, Bound> bound_;            // by IPv6 home address
  std::map<Peer, Ipv6Address> by_peer_;
};

}  // namespace kamesim
