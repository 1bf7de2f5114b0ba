// Generic packet tunnelling (RFC 2473; over IPv4, RFC 4213 and 2003): an interface whose packets leave inside another IP
// header. End points in the v4-mapped form are IPv4's; inner packets may be of either version.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "protocols/ip6/interface.h"
#include "protocols/ip6/stack.h"
#include "protocols/ip6/tunnel_header.h"

namespace kamesim {

class TunnelProbe;

inline constexpr DropInfo kTunnelUnknownPeer{"tunnel.unknown_peer", "RFC 2473 §3.3"};
inline constexpr DropInfo kTunnelNesting{"tunnel.nesting", "RFC 2473 §4.1"};
inline constexpr DropInfo kTunnelLoopback{"tunnel.loopback_encapsulation", "RFC 2473 §4.1.2"};
inline constexpr DropInfo kTunnelLimitExceeded{"tunnel.encapsulation_limit_exceeded", "RFC 2473 §4.1.1"};
inline constexpr DropInfo kTunnelInnerSource{"tunnel.inner_source_not_allowed", "RFC 6275 §10.4.5"};
inline constexpr DropInfo kTunnelCongestion{"tunnel.congestion_not_ecn_capable", "RFC 6040 §4.2"};
inline constexpr DropInfo kTunnelInnerMalformed{"tunnel.inner_malformed", "RFC 2473 §3.3"};
inline constexpr DropInfo kTunnelDown{"tunnel.down", "a tunnel that is switched off"};
inline constexpr DropInfo kTunnelNestedTooDeep{"tunnel.nested_too_deep", "RFC 2473 §4.1"};
inline constexpr DropInfo kTunnelTooLong{"tunnel.too_long", "RFC 791 §3.1"};

inline constexpr std::uint8_t kDefaultEncapsulationLimit = 4;  // RFC 2473 §6.6

// RFC 2473 §6, the state of a tunnel at its entry point.
struct TunnelParameters {
  std::optional<std::uint8_t> hop_limit;  // §6.3; empty: of a router its own, of a host what routers advertise
  // §6.4, the DSCP at its place in a traffic class; empty: that of the inner packet. ECN is `ecn`'s matter.
  std::optional<std::uint8_t> traffic_class;
  std::uint32_t flow_label = 0;  // §6.5
  // §6.6: the Tunnel Encapsulation Limit to send; empty: none, unless an inner packet has one. None over IPv4.
  std::optional<std::uint8_t> encapsulation_limit;
  std::optional<std::uint32_t> mtu;  // of inner packets, if the path carries so much (§6.7)
  TunnelEcn ecn = TunnelEcn::Normal;
  TunnelDscp dscp = TunnelDscp::Pipe;  // RFC 2983, at the exit
  // RFC 4213 §3.8: the other end's address in the tunnel, whose reachability is watched; empty: nobody's.
  std::optional<Ipv6Address> neighbor;
};

// RFC 5555 §4.1: UDP between the outer header, which is IPv4's, and the packet.
struct TunnelPorts {
  std::uint16_t local = 0, remote = 0;
  friend bool operator==(const TunnelPorts&, const TunnelPorts&) = default;
};

class TunnelInterface final : public Ip6Interface {
 public:
  TunnelInterface(Ip6Stack& stack, std::uint32_t index, std::string name, const Ipv6Address& local,
                  const Ipv6Address& remote);
  ~TunnelInterface() override;

  std::string name() const override { return name_; }
  const Ipv6Address& local() const { return local_; }
  const Ipv6Address& remote() const { return remote_; }
  bool over_ip4() const { return remote_.is_v4_mapped(); }
  // Moves an end point, as when a mobile node gets a new care-of address.
  void set_end_points(const Ipv6Address& local, const Ipv6Address& remote);
  const TunnelParameters& parameters() const { return parameters_; }
  void set_parameters(const TunnelParameters& parameters);
  // Empty: plain encapsulation. What comes back in UDP is who set it's to take in.
  const std::optional<TunnelPorts>& udp() const { return udp_; }
  void set_udp(const std::optional<TunnelPorts>& ports);
  void set_up(bool up);
  TunnelProbe* probe() const { return probe_.get(); }  // null if no neighbour is watched
  // False: the neighbour that is watched does not answer, and the routes by the tunnel are withdrawn.
  bool reachable() const;
  std::vector<Route> withdrawn_routes() const;

  // Which inner sources may come out of the tunnel; all if not set (RFC 6275 §10.4.5 wants the home address only).
  std::function<bool(const Ipv6Address&)> allows_inner_source;
  struct Counters {  // of inner packets
    std::uint64_t sent_packets = 0, sent_bytes = 0;
    std::uint64_t received_packets = 0, received_bytes = 0;
    std::uint64_t errors_relayed = 0;            // RFC 2473 §8
    std::uint64_t ecn_logs = 0, ecn_alarms = 0;  // RFC 6040 figure 4: "(!)" and "(!!!)"
  };
  Counters& counters() const { return counters_; }
  unsigned decapsulating = 0;  // packets inside packets that come out of it, while one goes up
  bool configured = false;  // by an administrator: a reboot keeps it

  bool up() const override { return up_; }
  bool is_tunnel() const override { return true; }
  // RFC 2473 §6.7, §7.1: what the path to the exit carries, less the headers added; never below 1280.
  std::uint32_t mtu() const override;
  void send(Packet packet, const Ipv6Address& next_hop) override;

  // The octets of the headers that go before a packet without a limit of its own.
  std::size_t overhead() const;

 private:
  std::uint32_t path_mtu(unsigned depth) const;
  std::uint8_t outer_hop_limit() const;
  void send_over_ip6(Packet packet, std::uint8_t traffic_class, NextHeader inner, std::optional<std::uint8_t> limit);
  void send_over_ip4(Packet packet, std::uint8_t traffic_class, NextHeader inner);

  std::string name_;
  Ipv6Address local_, remote_;
  TunnelParameters parameters_;
  std::optional<TunnelPorts> udp_;
  mutable Counters counters_;
  std::unique_ptr<TunnelProbe> probe_;
  bool up_ = true;
};

}  // namespace kamesim
