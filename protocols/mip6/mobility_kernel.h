// The kernel part of Mobile IPv6 (RFC 6275): what happens to packets because of bindings. It takes no protocol
// decision: daemons put bindings in and take them out, as SHISA's do over its mobility socket, and are told of
// what they should look into.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "protocols/ip6/mobile_router_hooks.h"
#include "protocols/ip6/mobility_hooks.h"
#include "protocols/ip6/socket.h"
#include "protocols/ip6/source_tunnels.h"
#include "protocols/ip6/stack.h"
#include "protocols/ip6/tunnel.h"
#include "protocols/mip6/mobile_network.h"
#include "protocols/mip6/mobility_header.h"
#include "protocols/mip6/specification.h"
#include "protocols/mip6/tunnel_outlet.h"
#include "protocols/wire/ipv6_address.h"
#include "sim/timer.h"

namespace kamesim {

inline constexpr DropInfo kMhNoBinding{"mip6.mh_no_binding", "RFC 3775 §9.3.1"};
inline constexpr DropInfo kNoCareOfAddress{"mip6.no_care_of_address", "RFC 6275 §11.3.1"};

// The mobility messages that go from the kernel to the daemons (KAME's MIPM_BE_HINT, MIPM_RR_HINT and others).
class MobilityListener {
 public:
  // A Home Address option without a binding arrived: a Binding Error is due (RFC 6275 §9.3.3).
  virtual void on_binding_error_hint(const Ipv6Address& home, const Ipv6Address& care_of,
                                     const Ipv6Address& destination) {
    (void)home, (void)care_of, (void)destination;
  }
  // A Mobility Header of unknown type arrived (§9.2): a Binding Error with status 2 is due.
  virtual void on_unknown_message(const Ipv6Address& source, const Ipv6Address& destination,
                                  std::optional<Ipv6Address> care_of) {
    (void)source, (void)destination, (void)care_of;
  }
  // A packet to or from this correspondent went through the home agent: route optimization may be worth it (§11.7.2).
  virtual void on_route_optimization_hint(const Ipv6Address& home, const Ipv6Address& correspondent) {
    (void)home, (void)correspondent;
  }
  // An ICMPv6 Parameter Problem says that this node does not know the Mobility Header (§11.3.5).
  virtual void on_mobility_header_unsupported(const Ipv6Address& correspondent) { (void)correspondent; }
  // An ICMPv6 error says that the care-of address of this binding cannot be reached (§9.3.4).
  virtual void on_care_of_unreachable(const Ipv6Address& home) { (void)home; }

 protected:
  ~MobilityListener() = default;
};

class MobilityKernel final : public MobilityHooks,
                             public MobileRouterHooks,
                             public SourceTunnels,
                             public PacketHandler {
 public:
  explicit MobilityKernel(SocketLayer& sockets);
  ~MobilityKernel();

  Ip6Stack& stack() const { return stack_; }
  void add_listener(MobilityListener& listener) { listeners_.push_back(&listener); }
  void remove_listener(MobilityListener& listener) { std::erase(listeners_, &listener); }
  // RFC 5380 §4: here is a MAP, so the M flag of Binding Updates means something; else it is reserved.
  bool mobility_anchor_point = false;
  MobilityRules rules;

  // ---- Correspondent node: bindings of others (§9.1) ----------------------------------------------------------
  // other_care_of: from where it may send, too (RFC 5648 §6.5).
  void add_binding(const Ipv6Address& home, const Ipv6Address& care_of, std::vector<Ipv6Address> other_care_of = {});
  void remove_binding(const Ipv6Address& home);
  // When a packet last went or came by this binding; nothing if it has not been used.
  std::optional<Time> binding_last_used(const Ipv6Address& home) const;

  // ---- Home agent: home registrations (§10.4) -----------------------------------------------------------------
  // Intercepts packets for the home address on `home_link` and tunnels them to the care-of address; an existing
  // registration moves.
  struct HomeRegistration {
    Ipv6Address home, care_of, home_agent;
    Ip6Interface* home_link;  // null: the home address is not on it, but in a Mobile Network (RFC 3963 §6.2)
    bool link_local = false;  // the link-local address with the same interface identifier too (L bit)
    bool mobile_router = false;          // RFC 3963 §6.2
    std::vector<Ipv6Prefix> networks{};  // its Mobile Network Prefixes: what is for them is tunnelled too (§6.5)
    std::vector<Ipv6Address> other_care_of{};  // RFC 5648 §6.5: from where it may send, too
  };
  void add_home_binding(const HomeRegistration& registration);
  // Another of its care-of addresses comes first.
  void move_home_binding(const Ipv6Address& home, const Ipv6Address& care_of, std::vector<Ipv6Address> other_care_of);
  void remove_home_binding(const Ipv6Address& home);
  // The tunnel to `care_of`; null: there is no registration.
  TunnelInterface* home_binding_tunnel(const Ipv6Address& home);
  // Where the mobile node of that home address is; nothing: it has no home registration here.
  std::optional<Ipv6Address> home_binding_care_of(const Ipv6Address& home) const;

  // ---- Mobile node (§11) --------------------------------------------------------------------------------------
  // Takes the home address off `interface` and puts it on the tunnel to the home agent, or moves that tunnel. While
  // the care-of address is unspecified, nothing can be sent from the home address.
  void leave_home(const Ipv6Address& home, const Ipv6Address& care_of, const Ipv6Address& home_agent,
                  Ip6Interface& interface);
  // Puts the home address (back) on `interface`. §11.5.5: no Duplicate Address Detection while the home agent
  // defends it.
  enum class Dad { Run, Skip };
  void return_home(const Ipv6Address& home, std::uint8_t prefix_length, Ip6Interface& interface, Dad dad);
  // Of a home address that is away, as told by its home agent: it ages as an address of a link does (RFC 4862 §5.5.4).
  void set_home_lifetimes(const Ipv6Address& home, Time preferred_until, Time valid_until);
  bool away(const Ipv6Address& home) const { return homes_.contains(home); }
  // The tunnel to the home agent of a home address that is away; null: it is not.
  TunnelInterface* home_tunnel(const Ipv6Address& home);
  // A correspondent has a binding for this home address: send to it directly from the care-of address. It lasts no
  // longer than the home address is away.
  void add_binding_update(const Ipv6Address& home, const Ipv6Address& correspondent, const Ipv6Address& care_of);
  void remove_binding_update(const Ipv6Address& home, const Ipv6Address& correspondent);

  // ---- Mobile router (RFC 3963) -------------------------------------------------------------------------------
  // Its egress interfaces are taken for ones on visited links until set_egress_role() says otherwise.
  void add_mobile_network(const MobileNetworkDescription& network);
  void remove_mobile_network();
  // §5.6 to §5.8. The daemons are told by ForwardingChanged of that interface.
  void set_egress_role(Ip6Interface& egress, EgressRole role);
  // Whether packets of the Mobile Network may take the tunnel (§5.3).
  void set_mobile_network_forwarding(bool on);
  // RFC 5555: its IPv4 prefixes, as they are forwarded for now.
  void set_ipv4_mobile_networks(std::vector<Ipv6Prefix> prefixes);
  const std::optional<MobileNetwork>& mobile_network() const { return mobile_network_; }

  // ---- Several bindings of one home address (RFC 5648) ---------------------------------------------------------
  // What would go by that tunnel, of a home binding or of a home address that is away, is given to the outlet, which
  // knows of the others. Null: to the tunnel itself. It must outlive the kernel part or be taken off.
  void set_outlet(const TunnelInterface& tunnel, TunnelOutlet* outlet);

  // ---- Access gateways (RFC 5213 §6.10) ------------------------------------------------------------------------
  // Null: the routing table alone decides. The policy must outlive the kernel part or be taken off.
  void set_forwarding_policy(ForwardingPolicy* policy) { forwarding_policy_ = policy; }
  // ---- Mobile node: regional care-of addresses (RFC 5380 §6.1) -------------------------------------------------
  // An address that a Mobility Anchor Point keeps for us while it has `on_link` as our care-of address; an existing one
  // moves. Whatever goes out from it goes to the MAP by a tunnel; while `on_link` is unspecified, nothing does.
  // For applications (§6.5): it is selected as a home address is, which it is where there is no other.
  enum class RegionalUse { CareOfAddress, Applications };
  void set_regional_care_of(const Ipv6Address& regional, const Ipv6Address& on_link, const Ipv6Address& map,
                            RegionalUse use);
  void remove_regional_care_of(const Ipv6Address& regional);
  // What home agent and MAPs still send by tunnels to this on-link address goes on being taken in (RFC 5568 §3.1), although
  // the tunnels move on; until it is forgotten.
  void keep_tunnels_of(const Ipv6Address& on_link);
  void forget_tunnels_of(const Ipv6Address& on_link);

  // ---- IPv4 care-of addresses (RFC 5555 §5.1) -------------------------------------------------------------------
  // What leaves from the source to that destination and is not given to another tunnel takes that one, also what IPsec has
  // made of it: Binding Updates and Acknowledgements, which go in UDP whatever the rest does. What the source, a home
  // address that is away, has to say to others beside the hooks takes its own tunnel. Null: not any more.
  void set_signalling_tunnel(const Ipv6Address& source, const Ipv6Address& destination, TunnelInterface* tunnel);

  // A daemon takes messages of a type beyond those of RFC 6275; of others, senders are told (RFC 6275 §9.2).
  void understand(MhType type) { understood_ |= std::uint32_t{1} << static_cast<unsigned>(type); }

  // ---- The stack's hooks and input ----------------------------------------------------------------------------
  OutputActions on_output(const Ipv6Address& source, const Ipv6Address& destination, NextHeader next_header) override;
  EgressRole egress_role(const Ip6Interface& interface) const override;
  bool proxied_for_router(const Ipv6Address& address) const override;
  OutputActions on_forward(const Ip6Interface& in, const Ip6Interface* out, Bytes packet) override;
  bool accepts_home_address_option(const Ipv6Address& home, const Ipv6Address& care_of,
                                   const Ipv6Address& destination, NextHeader upper) override;
  bool is_home_address(const Ipv6Address& address) override {
    return homes_.contains(address) || regions_.contains(address);
  }
  void on_reverse_tunnelled(const Ipv6Address& source, const Ipv6Address& destination,
                            NextHeader next_header) override;
  void on_care_of_unreachable(const Ipv6Address& home) override;
  ForwardingPolicy* forwarding_policy() override { return forwarding_policy_; }
  MobileRouterHooks* mobile_router() override { return this; }
  SourceTunnel tunnel_of_source(const Ipv6Address& source) override;
  SourceTunnel tunnel_between(const Ipv6Address& source, const Ipv6Address& destination) override;
  void on_packet(InputPacket& packet) override;  // Mobility Headers
  void on_icmp6_error(const Icmp6Error& error, std::size_t offset) override;

 private:
  struct Binding {
    Ipv6Address care_of;
    std::optional<Time> last_used{};
    std::vector<Ipv6Address> other_care_of{};
    bool has_care_of(const Ipv6Address& address) const;
  };
  struct HomeBinding {
    Ipv6Address care_of;
    Ip6Interface* home_link;
    TunnelInterface* tunnel;
    bool link_local;
    bool mobile_router;
    std::vector<Ipv6Prefix> networks;
    std::vector<Ipv6Address> other_care_of;
    bool has_care_of(const Ipv6Address& address) const;
  };
  struct Home {
    Ipv6Address care_of;
    TunnelInterface* tunnel;
    std::unordered_map<Ipv6Address, Ipv6Address> updates{};  // correspondent -> care-of address it knows
  };
  bool bound_to(const Ipv6Address& home, const Ipv6Address& care_of) const;
  bool bound_as_rfc3775_asks(const InputPacket& in);
  void set_networks(HomeBinding& binding, const std::vector<Ipv6Prefix>& networks);
  MobileNetwork::Tunnels mobile_network_tunnels() const;
  void egress_changed(Ip6Interface& egress, bool was_router);
  Ip6Interface* outlet_of(Ip6Interface& tunnel) const;
  void hint(const Ipv6Address& home, const Ipv6Address& correspondent);
  void age_home_addresses();

  SocketLayer& sockets_;
  Ip6Stack& stack_;
  std::vector<MobilityListener*> listeners_;
  std::unordered_map<Ipv6Address, Binding> bindings_;
  std::unordered_map<Ipv6Address, HomeBinding> home_bindings_;
  std::unordered_map<Ipv6Address, Home> homes_;              // our home addresses that are away
  std::unordered_map<Ipv6Address, Home> regions_;            // our regional care-of addresses, by on-link ones
  std::optional<MobileNetwork> mobile_network_;
  std::unordered_map<const Ip6Interface*, TunnelOutlet*> outlets_;  // by their tunnels
  std::map<Ipv6Address, std::vector<TunnelInterface*>> kept_;  // by former on-link address
  struct SignallingTunnel {
    Ipv6Address destination;
    TunnelInterface* tunnel;
  };
  std::map<Ipv6Address, SignallingTunnel> signalling_tunnels_;  // by source
  std::uint32_t understood_ = MobilityHeaderView::kRfc6275Types;
  unsigned tunnels_made_ = 0;
  Timer aging_;  // of home addresses that are away
  ForwardingPolicy* forwarding_policy_ = nullptr;
};

}  // namespace kamesim
