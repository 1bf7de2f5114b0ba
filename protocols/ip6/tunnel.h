// Generic packet tunnelling in IPv6 (RFC 2473): an interface whose packets leave inside another IPv6 header.
#pragma once

#include <functional>
#include <optional>

#include "protocols/ip6/interface.h"
#include "protocols/ip6/stack.h"

namespace kamesim {

inline constexpr DropInfo kTunnelUnknownPeer{"tunnel.unknown_peer", "RFC 2473 §3.3"};
inline constexpr DropInfo kTunnelNesting{"tunnel.nesting", "RFC 2473 §4.1"};
inline constexpr DropInfo kTunnelLimitExceeded{"tunnel.encapsulation_limit_exceeded", "RFC 2473 §4.1.1"};
inline constexpr DropInfo kTunnelInnerSource{"tunnel.inner_source_not_allowed", "RFC 6275 §10.4.5"};
inline constexpr DropInfo kTunnelCongestion{"tunnel.congestion_not_ecn_capable", "RFC 6040 §4.2"};
inline constexpr DropInfo kTunnelInnerNotIpv6{"tunnel.inner_malformed", "RFC 2473 §3.3"};

// RFC 2473 §6.3: the value for a hop limit as a tunnel's own, that of the node.
class TunnelInterface final : public Ip6Interface {
 public:
  TunnelInterface(Ip6Stack& stack, std::uint32_t index, std::string name, const Ipv6Address& local,
                  const Ipv6Address& remote);

  const Ipv6Address& local() const { return local_; }
  const Ipv6Address& remote() const { return remote_; }
  // Moves an end point, as when a mobile node gets a new care-of address.
  void set_end_points(const Ipv6Address& local, const Ipv6Address& remote);

  // RFC 2473 §6.6: the Tunnel Encapsulation Limit to send; none (the default) unless an inner packet has one.
  std::optional<std::uint8_t> encapsulation_limit;
  // Which inner sources may come out of the tunnel; all if not set (RFC 6275 §10.4.5 wants the home address only).
  std::function<bool(const Ipv6Address&)> allows_inner_source;

  bool up() const override { return true; }
  bool is_tunnel() const override { return true; }
  // RFC 2473 §7.1: what the path to the exit carries, less the headers added; never below 1280.
  std::uint32_t mtu() const override;
  void send(Packet packet, const Ipv6Address& next_hop) override;

 private:
  Ipv6Address local_, remote_;
};

}  // namespace kamesim
