// The daemon of a mobile access gateway: RFC 5213 §6 on sockets and access links.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "protocols/ip6/forwarding_policy.h"
#include "protocols/ip6/socket.h"
#include "protocols/mip6/mobility_kernel.h"
#include "protocols/pmip6/access_link.h"
#include "protocols/pmip6/mobile_access_gateway.h"
#include "protocols/pmip6/tunnels.h"
#include "sim/random.h"
#include "sim/timer.h"

namespace kamesim::pmip6 {

inline constexpr DropInfo kForeignSource{"pmip6.foreign_source", "RFC 5213 §6.10.5, §5.2"};
inline constexpr DropInfo kLinkLocalSource{"pmip6.link_local_source", "RFC 5213 §6.10.5"};
inline constexpr DropInfo kNoBinding{"pmip6.no_binding", "RFC 5213 §6.10.5"};
inline constexpr DropInfo kNotHosted{"pmip6.not_hosted", "RFC 5213 §6.10.5"};

struct GatewayDaemonConfig {
  GatewayConfig gateway;
  // §9.3, FixedMAGLinkLayerAddressOnAllAccessLinks; zero: the interfaces keep theirs.
  MacAddress fixed_link_layer = kFixedLinkLayerAddress;
  Ipv6Address proxy_care_of;              // unspecified: what RFC 6724 chooses towards the anchor
  Duration prefix_lifetime = 86'400_s;    // §6.7, in Router Advertisements
  Duration max_ra_interval = 600_s;       // RFC 4861 §6.2.1, between those to one mobile node
};

class GatewayDaemon final : public DatagramHandler, public AccessLinkUser, public ForwardingPolicy {
 public:
  GatewayDaemon(SocketLayer& sockets, MobilityKernel& kernel, const std::vector<EthernetInterface*>& access_links,
                const GatewayDaemonConfig& config);
  ~GatewayDaemon();

  std::vector<Binding> bindings() const { return machine_.bindings(); }

  void on_datagram(const Datagram& datagram) override;
  void on_station_event(AccessLink& link, MacAddress station, StationEvent event) override;
  bool admits(AccessLink& link, MacAddress station, Bytes packet) override;
  void on_access_link_down(AccessLink& link) override;
  Verdict judge(const Ip6Interface& in, const Destination& to, Bytes packet) override;

 private:
  using Output = MobileAccessGateway::Output;
  struct Served {  // a mobile node that is forwarded for
    MacAddress station;
    Binding binding;
    AccessLink* link;
    TunnelInterface* tunnel;
    Ipv6Address next_hop;  // stands for the station in the neighbour cache: nothing is to be resolved
    Time advertise_at;
  };
  void take_over(EthernetInterface& interface) const;
  void apply(const Output& out, Bytes message);
  void send(const MobileAccessGateway::UpdateToSend& update);
  Ipv6Address care_of(const Ipv6Address& anchor) const;
  void serve(const Binding& binding);
  void unroute(Served& served);
  void cease_to_serve(MacAddress station, bool withdraw);
  const Served* serving(const Ipv6Address& address) const;
  bool is_access_link(const Ip6Interface& interface) const;
  bool routes_locally(const Served& served) const;
  void on_own_link_local_used(MacAddress station, const Ipv6Address& source, Bytes icmp6);
  // gateway_advertisements.cc
  void on_solicitation(AccessLink& link, MacAddress station);
  void advertise(Served& served, bool final);
  void advertise_due();
  void on_timer();
  void arm();

  Ip6Stack& stack_;
  MobilityKernel& kernel_;
  GatewayDaemonConfig config_;
  RawSocket socket_;
  MobileAccessGateway machine_;
  Tunnels tunnels_;
  RandomStream random_;
  std::vector<std::unique_ptr<AccessLink>> links_;
  std::map<MacAddress, AccessLink*> where_;  // the stations with a profile that are, or were last, there
  std::map<MacAddress, Served> served_;
  std::map<Ipv6Prefix, MacAddress> hosted_;
  Timer timer_;
};

}  // namespace kamesim::pmip6
