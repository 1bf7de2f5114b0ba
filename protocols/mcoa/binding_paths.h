// The ways between a mobile node with several bindings and its home agent, at either end: one tunnel a binding, and which
// of them a packet takes (RFC 5648 §3, RFC 6089 §5.1.1, §5.3.6). Mechanism of the kernel part; a daemon says what ways
// there are.
//
// The home address is routed to one tunnel, the trunk, that Mobile IPv6 has made. The preferred binding is that one's; the
// others have tunnels of their own. This stands before all of them: the kernel part gives it what would go by the trunk.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "protocols/ip6/stack.h"
#include "protocols/ip6/tunnel.h"
#include "protocols/mcoa/flow_bindings.h"
#include "protocols/mip6/tunnel_outlet.h"

namespace kamesim::mcoa {

struct BindingPath {
  std::uint16_t bid = 0;
  Ipv6Address local, remote;       // the ends of its tunnel
  Ip6Interface* link = nullptr;    // of a home binding: without a tunnel, to this neighbour on the home link
  Ipv6Address neighbor{};
};

class BindingPaths final : public TunnelOutlet {
 public:
  // Selectors are about packets to the mobile node; at the mobile node the other way round.
  enum class End : std::uint8_t { HomeAgent, MobileNode };

  // The trunk outlives it.
  BindingPaths(Ip6Stack& stack, TunnelInterface& trunk, End end);
  ~BindingPaths() override;

  // All paths, the preferred one first: the trunk's end points are its ends, unless it has none. Flows by priority.
  void set(const std::vector<BindingPath>& paths, const FlowBindings::List& flows);
  // The tunnel of a binding; null: it has none.
  const TunnelInterface* tunnel(std::uint16_t bid) const;
  bool stands_before(const Ip6Interface& tunnel) const override;

  std::string name() const override { return trunk_.name(); }
  bool up() const override { return true; }
  bool point_to_point() const override { return true; }
  // What every path carries.
  std::uint32_t mtu() const override;
  void send(Packet packet, const Ipv6Address& next_hop) override;

 private:
  struct Way {
    std::uint16_t bid = 0;
    TunnelInterface* tunnel = nullptr;  // null: the link
    Ip6Interface* link = nullptr;
    Ipv6Address neighbor{};
  };
  struct Rule {
    TrafficSelector selector;
    std::vector<std::size_t> ways;  // indices
  };
  struct Fragment {  // RFC 8200 §4.5: what the fragments of one packet have in common
    Ipv6Address source, destination;
    std::uint32_t identification = 0;
    friend bool operator==(const Fragment&, const Fragment&) = default;
  };
  static constexpr std::size_t kMaxFragmented = 64;  // packets whose fragments are remembered

  const Rule* rule_for(Bytes packet);
  const Rule* matching(Bytes packet) const;
  void send(Packet packet, const Way& way, const Ipv6Address& next_hop);

  TunnelInterface& trunk_;
  End end_;
  std::vector<Way> ways_;
  std::vector<Rule> rules_;
  std::map<std::uint16_t, TunnelInterface*> made_;
  std::deque<std::pair<Fragment, const Rule*>> fragments_;
  unsigned names_ = 0;
};

}  // namespace kamesim::mcoa
