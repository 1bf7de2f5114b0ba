// The mobile node daemon (KAME's mnd with its movement detector): RFC 6275 §11 on sockets, the routing socket and
// the mobility messages of the kernel. It carries what the machines say from one to the other. It has one home address;
// a node with several of them runs as many daemons, each with its own home link and home agent.
#pragma once

#include <map>
#include <memory>
#include <optional>

#include "protocols/dsmip6/dual_stack_config.h"
#include "protocols/ip6/routing_message.h"
#include "protocols/mip6/authentication_protocol.h"
#include "protocols/mip6/binding_updater.h"
#include "protocols/mip6/correspondent_updater.h"
#include "protocols/mip6/home_agent_choice.h"
#include "protocols/mip6/home_agent_discovery.h"
#include "protocols/mip6/mobile_router_registration.h"
#include "protocols/mip6/mobility_kernel.h"
#include "protocols/mip6/mobility_socket.h"
#include "protocols/mip6/movement_detector.h"
#include "protocols/mip6/prefix_solicitor.h"
#include "protocols/mip6/regional_mobility.h"
#include "protocols/mip6/return_routability.h"
#include "protocols/mip6/signalling_protection.h"
#include "protocols/wire/nd_options.h"
#include "sim/timer.h"

namespace kamesim {

struct MobileNodeConfig {
  Ipv6Address home_address;
  std::uint8_t home_prefix_length = 64;
  std::optional<Ipv6Address> home_agent;   // empty: found by discovery (§11.4.1)
  bool discover_home_agents = false;       // when the one that is given does not serve
  Duration lifetime = 420_s;               // of home registrations, to ask for; a multiple of 4 s
  bool route_optimization = true;          // §11.7.2; without it, everything goes through the home agent
  bool acknowledge_correspondents = true;  // A bit in Binding Updates to correspondents
  bool reuse_tokens = true;                // §5.2.7
  MovementDetectorConfig::OnLinkUp on_link_up = MovementDetectorConfig::OnLinkUp::Solicit;
  MovementDetectorConfig::CellSwitching cell_switching = MovementDetectorConfig::CellSwitching::Lazy;
  int missed_advertisements = 2;
  std::size_t max_correspondents = 64;
  std::optional<MobilitySecurityAssociation> authentication{};  // RFC 4285, of home registrations
  Duration clock_offset{};                                      // of its time of day, for timestamps
  std::optional<MobileRouterConfig> mobile_router{};            // RFC 3963; without it, a mobile host
  // Of the home link, if the home address is not in it: RFC 3963 §3, "the prefix delegated to the Mobile Router".
  std::optional<Ipv6Prefix> home_link{};
  // RFC 5555; the home agent is given then, and the node has an IPv4 part.
  std::optional<dsmip6::DualStackNodeConfig> dual_stack{};
  MobilityRules rules{};

  Ipv6Prefix home_link_prefix() const { return home_link.value_or(Ipv6Prefix(home_address, home_prefix_length)); }
};

// RFC 6275 §11.1: a node that Binding Updates for this home address go to.
struct BindingUpdateListEntry {
  Ipv6Address destination, home_address;
  bool home_registration = false;
  const char* state = "";                               // BindingUpdater::State or CorrespondentUpdater::State
  std::optional<Ipv6Address> care_of;                   // that a binding is there for
  std::optional<Time> expires;                          // the binding
  std::optional<BindingUpdateTransmission::Sent> sent;  // the last update of the present registration
};

class MobileNodeDaemon;

class HomePrefixListener {
 public:
  // RFC 6275 §11.4.3: the home agent of `teller` advertises a prefix that its home address does not have.
  virtual void on_other_home_prefix(const MobileNodeDaemon& teller, const PrefixInformation& prefix) = 0;

 protected:
  ~HomePrefixListener() = default;
};

class MobileRouterListener {
 public:
  // RFC 3963 §5.4.2: no home agent forwards for these prefixes, and nobody is to be told of them any more.
  virtual void on_prefixes_refused(const std::vector<Ipv6Prefix>& prefixes) = 0;

 protected:
  ~MobileRouterListener() = default;
};

class MobileNodeDaemon final : public DatagramHandler, public MobilityListener, public RoutingListener {
 public:
  // `interface` is the one that roams. Of the daemons of one node, each has another home address, and
  // another number.
  MobileNodeDaemon(SocketLayer& sockets, MobilityKernel& kernel, Ip6Interface& interface,
                   const MobileNodeConfig& config, unsigned number = 0);
  ~MobileNodeDaemon();

  // What is said to the home agent goes by ESP from now on (RFC 3776); to be called before anything is sent.
  void protect(ipsec::PfKeyLayer& keys, const SignallingProtectionConfig& config);

  const MobileNodeConfig& config() const { return config_; }
  const Ipv6Address& home_address() const { return config_.home_address; }
  Ip6Interface& interface() const { return interface_; }
  MovementDetector::Location location() const {
    return ipv4_care_of_ ? MovementDetector::Location::Foreign : detector_.location();
  }
  // The primary care-of address, as it is or is to be registered; one of IPv4 in v4-mapped form (RFC 5555).
  const std::optional<Ipv6Address>& care_of() const {
    if (ipv4_care_of_) return ipv4_care_of_;
    return regional_ != nullptr && detector_.location() == MovementDetector::Location::Foreign ? regional_care_of_
                                                                                               : detector_.care_of();
  }
  const std::optional<Ipv6Address>& on_link_care_of() const {
    return ipv4_care_of_ ? ipv4_care_of_ : detector_.care_of();
  }
  // RFC 5555: in v4-mapped form; empty: none is bound, nor is it at home. Whether packets of the tunnel are in UDP.
  std::optional<Ipv6Address> ipv4_home_address() const;
  bool udp_encapsulation() const;
  // Of a mobile router: the IPv4 prefixes that its home agent forwards for.
  std::vector<Ipv6Prefix> ipv4_mobile_networks() const;
  // Whether the home agent has acknowledged a binding that still lives.
  bool registered() const { return home_.binding().has_value(); }
  // The home agent it registers with, if it knows one, and those that discovery found.
  const std::optional<Ipv6Address>& home_agent() const { return choice_.current(); }
  const std::vector<Ipv6Address>& home_agents() const { return choice_.known(); }

  // §11.1: the home agent first, then correspondents by address.
  std::vector<BindingUpdateListEntry> binding_update_list() const;

  // Null: not a mobile router.
  const MobileRouterRegistration* mobile_router() const { return mobile_router_ ? &*mobile_router_ : nullptr; }
  // §11.3.4: groups that it is in by its home address, wherever it is. False: too many, or it is in it, or is not.
  bool join_group(const Ipv6Address& group);
  bool leave_group(const Ipv6Address& group);
  std::vector<Ipv6Address> joined_groups() const;
  void set_home_prefix_listener(HomePrefixListener* listener) { home_prefix_listener_ = listener; }
  // What an accepted advertisement, to this home address or another of the node, tells of the prefix of this one.
  void on_home_prefix(const PrefixInformation& prefix);
  void set_mobile_router_listener(MobileRouterListener* listener) { mobile_router_listener_ = listener; }
  // From now on it says which care-of address is registered; null: movement detection's.
  void set_regional_mobility(RegionalMobility* regional);
  RegionalMobility* regional_mobility() const { return regional_; }
  // A router that somebody else tells of is here (RFC 5568 §4), as if it had advertised itself.
  void hear(const HeardAdvertisement& advertisement) {
    apply(detector_.on_router_advertisement(stack_.now(), advertisement));
  }
  // Registers it, or takes note of another lifetime of the one that is registered.
  void use_care_of(const CareOfAddress& care_of);

  void on_datagram(const Datagram& datagram) override;  // Mobility Headers
  void on_routing_message(const RoutingMessage& message) override;
  void on_route_optimization_hint(const Ipv6Address& home, const Ipv6Address& correspondent) override;
  void on_mobility_header_unsupported(const Ipv6Address& correspondent) override;

 private:
  // Neighbor Discovery, home agent discovery and mobile prefix discovery as this daemon hears and asks them.
  class Discovery final : public DatagramHandler {
   public:
    Discovery(MobileNodeDaemon& daemon, SocketLayer& sockets);
    void on_datagram(const Datagram& datagram) override;
    void solicit_routers();
    bool probe(const Ipv6Address& router);  // false: there is no address yet to do so from
    void request_home_agents(const HomeAgentAddressDiscoveryRequest& request);
    void solicit_prefixes(const MobilePrefixSolicitation& solicitation);

   private:
    void on_router_advertisement(const Datagram& datagram);
    void on_neighbor_advertisement(const Datagram& datagram);
    void on_address_discovery_reply(const Datagram& datagram);
    void on_prefix_advertisement(const Datagram& datagram);
    void send(Bytes message, const Ipv6Address& destination, const InterfaceAddress* source);
    MobileNodeDaemon& daemon_;
    RawSocket socket_;
  };
  class DualStack;  // mobile_node_dual_stack.h
  class Groups;     // mobile_node_groups.h
  struct Correspondent {
    Correspondent(const CorrespondentUpdaterConfig& updater, const ReturnRoutabilityConfig& rr, RandomBytes random)
        : registration(updater), routability(rr, std::move(random)) {}
    CorrespondentUpdater registration;
    ReturnRoutability routability;
  };
  using Correspondents = std::map<Ipv6Address, Correspondent>;

  void apply(const MovementDetector::Output& out);
  void apply(const BindingUpdater::Output& out);
  void apply(const HomeAgentChoice::Output& out);
  void apply(const HomeAgentDiscovery::Output& out);
  void apply(const PrefixSolicitor::Output& out);
  // RFC 3963 (mobile_router_part.cc).
  void start_mobile_router();
  void stop_mobile_router();
  void review_egress_role();
  bool handled_as_mobile_router(const BindingUpdater::Output& out);
  void on_home_agent_left();
  void apply(const MobileRouterRegistration::Output& out);
  void try_another_home_agent(const HomeAgentChoice::Output& out);
  void on_advertised_prefix(const PrefixInformation& prefix);
  void leave_home(const Ipv6Address& care_of, const Ipv6Address& home_agent);
  void apply(Correspondents::iterator peer, const CorrespondentUpdater::Output& out);
  void apply(Correspondents::iterator peer, const ReturnRoutability::Output& out);
  void move_on_link(const Ipv6Address& on_link);
  void move_to(const CareOfAddress& care_of);
  void protect_tunnel(const Ipv6Address& home_agent, const Ipv6Address& care_of);
  void return_home();
  void lose_care_of();
  void advertise_link_local();
  void tell_addresses();
  bool may_be_care_of(const Ipv6Address& address) const;
  bool is_another_home_address(const Ipv6Address& address) const;
  void on_timer();
  void arm();
  Correspondents::iterator find_or_add(const Ipv6Address& correspondent);
  Time on_link_valid_until(const Ipv6Address& care_of) const;
  void trace_update(const BindingUpdate& update, const Ipv6Address& destination, const Ipv6Address& care_of);

  Ip6Stack& stack_;
  MobilityKernel& kernel_;
  Ip6Interface& interface_;
  MobileNodeConfig config_;
  MobilitySocket socket_;
  RandomStream random_;
  MovementDetector detector_;
  HomeAgentChoice choice_;
  HomeAgentDiscovery home_agent_discovery_;
  PrefixSolicitor prefixes_;
  BindingUpdater home_;
  std::optional<MobileNodeAuthentication> authentication_;
  Correspondents correspondents_;
  Discovery discovery_;
  std::optional<SignallingProtection> protection_;
  std::optional<Time> discover_again_at_;
  std::optional<MobileRouterRegistration> mobile_router_;
  MobileRouterListener* mobile_router_listener_ = nullptr;
  HomePrefixListener* home_prefix_listener_ = nullptr;
  struct Lifetimes {
    Time preferred_until, valid_until;
  };
  std::optional<Lifetimes> home_lifetimes_;  // of the home prefix, if the home agent has told them
  bool leaving_home_agent_ = false;  // RFC 3963 §5.3: de-registering with one that does not support mobile routers
  RegionalMobility* regional_ = nullptr;
  std::optional<Ipv6Address> regional_care_of_;  // what it gave
  Time care_of_valid_until_ = Time::max();
  std::unique_ptr<DualStack> dual_stack_;    // null: it has no part in RFC 5555
  std::unique_ptr<Groups> groups_;
  std::optional<Ipv6Address> ipv4_care_of_;  // while that is the care-of address
  bool advertise_link_local_ = false;  // §11.5.5: due on the home link
  Timer timer_;
};

}  // namespace kamesim
