// The home agent daemon (KAME's had): RFC 6275 §10.3 on a socket, with proxy Neighbor Discovery by the kernel; discovery
// of home agents (§10.5) and mobile prefix advertisements (§10.6).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include "protocols/dsmip6/dual_stack_config.h"
#include "protocols/ip6/routing_message.h"
#include "protocols/mcoa/binding_paths.h"
#include "protocols/mcoa/multiple_registration.h"
#include "protocols/mip6/authentication_protocol.h"
#include "protocols/mip6/binding_cache.h"
#include "protocols/mip6/home_agent_registration.h"
#include "protocols/mip6/home_agents_list.h"
#include "protocols/mip6/home_prefixes.h"
#include "protocols/mip6/mobility_kernel.h"
#include "protocols/mip6/mobility_socket.h"
#include "protocols/mip6/prefix_advertiser.h"
#include "protocols/mip6/signalling_protection.h"
#include "sim/timer.h"

namespace kamesim {

inline constexpr DropInfo kHaadRequestNotRoutable{"mip6.haad_request_not_routable", "RFC 6275 §10.5.1"};
inline constexpr DropInfo kHaadNotHomeAgentsAddress{"mip6.haad_not_home_agents_address", "RFC 6275 §10.5.1"};
inline constexpr DropInfo kBuToAnycastAddress{"mip6.bu_to_anycast_address", "RFC 6275 §11.4.1"};
inline constexpr DropInfo kMpsNoHomeAddressOption{"mip6.mps_no_home_address_option", "RFC 6275 §6.7"};

struct HomeAgentConfig {
  HomeAgentRegistrationConfig registration;
  PrefixAdvertiserConfig prefix_advertisements;
  std::uint16_t preference = 0;  // §10.5.1, among the home agents of the link; higher is more preferable
  // RFC 3963 §3: static routes to the Mobile Networks "via the Mobile Router's Home Address", for when it is at home.
  bool routes_to_mobile_networks = true;
  // RFC 4285: registrations of these home addresses are authenticated by options; with `authentication_required` no
  // others are accepted.
  std::vector<std::pair<Ipv6Address, MobilitySecurityAssociation>> authentication;
  bool authentication_required = false;
  mcoa::MultipleRegistrationConfig multiple_care_of{};  // RFC 5648, RFC 6089
  std::optional<dsmip6::DualStackHomeAgentConfig> dual_stack{};  // RFC 5555; the node has an IPv4 part then
  bool multicast = false;  // RFC 6275 §10.4.3: it asks mobile nodes for their groups, and tunnels what is for those
};

class HomeAgentDaemon final : public DatagramHandler, public RoutingListener {
 public:
  // Serves the prefixes of `home_link`, which has neighbours: those of the interface's global addresses, or of a source.
  HomeAgentDaemon(SocketLayer& sockets, MobilityKernel& kernel, BindingCache& cache, Ip6Interface& home_link,
                  const HomeAgentConfig& config = {});
  ~HomeAgentDaemon();

  // What is said to the mobile node of that home address goes by ESP from now on, and what comes from it has to
  // (RFC 3776). Its registrations are with the first address of ours in its prefix.
  void protect(ipsec::PfKeyLayer& keys, const Ipv6Address& home_address, const SignallingProtectionConfig& config);

  // What it tells goes before the interface's addresses, unless it is nothing. Null: no source (any more).
  void set_prefix_source(const HomePrefixSource* source);
  // What the source of prefixes tells is another than it was.
  void on_home_prefixes_changed();
  bool supports_mobile_routers() const { return config_.registration.mobile_networks.has_value(); }  // RFC 3963
  // The other home agents of the link (§10.1).
  const std::map<Ipv6Address, HomeAgentsList::Entry>& home_agents() { return discovery_.home_agents(); }

  // RFC 5648, RFC 6089.
  const mcoa::MultipleRegistration& registrations() const { return multiple_; }

  // RFC 5555: what is bound of IPv4, by home address.
  struct Ipv4Binding {
    Ipv6Address home_address;
    Ipv6Prefix prefix;  // v4-mapped
    bool udp, nat;
  };
  std::vector<Ipv4Binding> ipv4_bindings() const;

  // RFC 6275 §10.4.3: what mobile nodes have told of their groups.
  struct GroupMember {
    Ipv6Address home_address, group;
    Time until;
  };
  std::vector<GroupMember> group_members() const;

  void on_datagram(const Datagram& datagram) override;  // Mobility Headers
  void on_routing_message(const RoutingMessage& message) override;

 private:
  using Output = HomeAgentRegistration::Output;
  using Defended = HomeAgentRegistration::Defended;
  // The ICMPv6 messages of Mobile IPv6, and the advertisements of other home agents (home_agent_discovery_server.cc).
  class Discovery final : public DatagramHandler {
   public:
    Discovery(HomeAgentDaemon& daemon, SocketLayer& sockets);
    void on_datagram(const Datagram& datagram) override;
    void advertise_prefixes(const PrefixAdvertiser::Advertisement& advertisement);
    const std::map<Ipv6Address, HomeAgentsList::Entry>& home_agents() { return list_.entries(daemon_.stack_.now()); }

   private:
    void on_router_advertisement(const Datagram& datagram);
    void on_address_discovery_request(const Datagram& datagram);
    void on_prefix_solicitation(const Datagram& datagram);
    HomeAgentDaemon& daemon_;
    RawSocket socket_;
    RandomStream random_;
    HomeAgentsList list_;
  };
  class DualStack;  // home_agent_dual_stack.h
  class Groups;     // home_agent_groups.h
  // Duplicate Address Detection for a home address and, with the L bit, its link-local address.
  struct Test {
    Defended addresses;
    int outstanding;
    bool unique = true;
  };
  std::vector<PrefixInformation> home_prefixes() const;
  void review_prefixes();
  void serve_anycast();
  void add_routes_home();
  Duration preferred_lifetime(const Ipv6Address& home_address) const;
  void register_binding(const ReceivedBindingUpdate& received, const mcoa::MultipleBindingUpdate& message,
                        const MobilityHeaderView& mh);
  void protect_tunnel(const Ipv6Address& home_address, const Ipv6Address& care_of);
  // RFC 4285 §5. What fails has been answered.
  bool authentic(const ReceivedBindingUpdate& received, const MobilityHeaderView& update);
  void send(const BindingAckToSend& ack);
  void start_dad(const Defended& addresses);
  void settle(const Ipv6Address& home, HomeAgentRegistration::DadResult result);
  void finish_dad(const Ipv6Address& home_address, bool unique);
  void send(const mcoa::MultipleRegistration::Ack& ack);
  void apply(const mcoa::MultipleRegistration::Output& out, Bytes message);
  void apply(const Output& out, Bytes message);
  // RFC 5648 (home_agent_bindings.cc).
  std::vector<Ipv6Address> other_care_of(const Ipv6Address& home_address) const;
  void review_paths(const Ipv6Address& home_address);
  void drop_paths(const Ipv6Address& home_address);
  void review_home_binding(const Ipv6Address& home_address);
  void apply(const PrefixAdvertiser::Output& out, Bytes message);
  void on_timer();
  void arm();

  Ip6Stack& stack_;
  MobilityKernel& kernel_;
  Ip6Interface& home_link_;
  HomeAgentConfig config_;
  const HomePrefixSource* prefix_source_ = nullptr;
  MobilitySocket socket_;
  HomeAgentRegistration machine_;
  mcoa::MultipleRegistration multiple_;
  PrefixAdvertiser advertiser_;
  HomeAuthentication authentication_;
  Discovery discovery_;
  std::vector<PrefixInformation> prefixes_;  // as last told
  std::vector<Ipv6Address> anycast_;         // the anycast addresses that it has taken
  std::unordered_map<Ipv6Address, Test> tests_;
  std::map<Ipv6Address, SignallingProtection> protections_;  // by home address
  std::map<Ipv6Address, mcoa::BindingPaths> paths_;         // by home address, of those with several bindings
  std::set<Ipv6Address> at_home_;                            // those with a home binding (RFC 5648 §5.6)
  std::unique_ptr<DualStack> dual_stack_;                    // null: it has no part in RFC 5555
  std::unique_ptr<Groups> groups_;                           // null: it has none of multicast
  std::unordered_map<Ipv6Address, Ipv6Address> served_as_;  // home address -> the address of ours it registered with
  Timer timer_;
};

}  // namespace kamesim
