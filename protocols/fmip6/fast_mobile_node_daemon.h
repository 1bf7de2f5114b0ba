// The daemon of a mobile node with fast handovers (RFC 5568). It stands before the mobile node daemon, and before the one
// for Mobility Anchor Points if there is one (RFC 5380): they move to the new care-of address as soon as it may be used.
#pragma once

#include <functional>
#include <optional>

#include "protocols/fmip6/fast_mobile_node.h"
#include "protocols/ip6/routing_message.h"
#include "protocols/ip6/socket.h"
#include "protocols/mip6/mobile_node_daemon.h"
#include "protocols/mip6/mobility_kernel.h"
#include "protocols/mip6/mobility_socket.h"
#include "protocols/mip6/regional_mobility.h"
#include "sim/timer.h"

namespace kamesim {

struct FastMobileNodeDaemonConfig {
  FastMobileNodeConfig machine;
  // What the link layer foresees: the access point that comes next, if any. Asked at each beacon interval.
  std::function<std::optional<MacAddress>()> foresee;
  Duration beacon_interval = 100_ms;
};

class FastMobileNodeDaemon final : public DatagramHandler, public RoutingListener, public RegionalMobility {
 public:
  FastMobileNodeDaemon(SocketLayer& sockets, MobilityKernel& kernel, Ip6Interface& interface, MobileNodeDaemon& home,
                       const FastMobileNodeDaemonConfig& config);
  ~FastMobileNodeDaemon();

  // A link-layer trigger: that access point comes next.
  void anticipate(const MacAddress& access_point);
  const FastMobileNode& machine() const { return machine_; }

  void on_datagram(const Datagram& datagram) override;  // Mobility Headers
  void on_routing_message(const RoutingMessage& message) override;
  void on_router_advertisement(const Ipv6Address& router, const RouterAdvertisementView& advertisement) override;
  void on_moved(const Ipv6Address& on_link) override;
  bool on_no_address() override;
  void on_returned_home() override;

 private:
  class Link final : public DatagramHandler {
   public:
    Link(FastMobileNodeDaemon& daemon, SocketLayer& sockets);
    void on_datagram(const Datagram& datagram) override;
    void solicit(const FastMobileNode::Solicitation& solicitation);
    void announce(const Ipv6Address& new_care_of);

   private:
    FastMobileNodeDaemon& daemon_;
    RawSocket socket_;
  };
  void apply(const FastMobileNode::Output& out);
  void arrive(const FastMobileNode::Arrival& arrival);
  void test(const Ipv6Address& new_care_of);
  void stop_testing();
  void open(const FastMobileNode::Tunnel& tunnel);
  void close(const Ipv6Address& previous_care_of);
  void send(const FastMobileNode::Update& update);
  void on_timer();
  void on_beacon();

  Ip6Stack& stack_;
  MobilityKernel& kernel_;
  Ip6Interface& interface_;
  MobileNodeDaemon& home_;
  RegionalMobility* next_;  // null: the mobile node daemon itself
  FastMobileNodeDaemonConfig config_;
  MobilitySocket socket_;
  Link link_;
  RandomStream random_;
  FastMobileNode machine_;
  std::optional<Ipv6Address> kept_;    // a PCoA that stays ours by the tunnel
  std::optional<Ipv6Address> tested_;  // an NCoA under Duplicate Address Detection
  Timer timer_, beacon_;
};

}  // namespace kamesim
