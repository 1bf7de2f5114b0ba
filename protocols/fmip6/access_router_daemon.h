// The daemon of an access router with fast handovers (RFC 5568), for one of its links: previous and new access router,
// and proxy of the neighbourhood.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "protocols/fmip6/handover_buffer.h"
#include "protocols/fmip6/nd_messages.h"
#include "protocols/fmip6/new_access_router.h"
#include "protocols/fmip6/previous_access_router.h"
#include "protocols/ip6/socket.h"
#include "protocols/mip6/mobility_kernel.h"
#include "protocols/mip6/mobility_socket.h"
#include "sim/timer.h"

namespace kamesim {

struct AccessRouterConfig {
  std::vector<NeighborhoodTuple> neighbors;
  std::vector<MacAddress> access_points;      // of this link
  BindingManagementKey key{};
  std::size_t buffer = 100;                   // packets kept for a mobile node (§10: bounded); 0: none
  bool test_addresses = false;                // §5.5
  Duration proxy_lifetime = kProxyNdLifetime;
};

class AccessRouterDaemon final : public DatagramHandler {
 public:
  // `address`: of ours on the link, global.
  AccessRouterDaemon(SocketLayer& sockets, MobilityKernel& kernel, Ip6Interface& link, const Ipv6Address& address,
                     const AccessRouterConfig& config);
  ~AccessRouterDaemon();

  std::vector<PreviousAccessRouter::Entry> handovers() const { return previous_.entries(); }
  std::size_t proxied() const { return new_.proxied(); }
  // Tells a mobile node on the link to hand over to that access point (§3.3). False: it is none of the neighbourhood.
  bool hand_over(const Ipv6Address& mobile_node, const MacAddress& access_point);

  void on_datagram(const Datagram& datagram) override;  // Mobility Headers

 private:
  // RtSolPr, PrRtAdv, and the advertisements of those who arrive.
  class Link final : public DatagramHandler {
   public:
    Link(AccessRouterDaemon& daemon, SocketLayer& sockets);
    void on_datagram(const Datagram& datagram) override;
    void advertise(const Ipv6Address& destination, const PrRtAdv& head, Bytes tuples);

   private:
    void answer(const Datagram& datagram);
    AccessRouterDaemon& daemon_;
    RawSocket socket_;
  };
  void on_fast_binding_update(const Datagram& datagram, const MobilityHeaderView& mh);
  void apply(const PreviousAccessRouter::Output& out, Bytes message);
  void apply(const NewAccessRouter::Output& out, Bytes message);
  void forget(const Ipv6Address& new_care_of);
  void on_timer();
  void arm();

  Ip6Stack& stack_;
  MobilityKernel& kernel_;
  Ip6Interface& link_;
  Ipv6Address address_;
  AccessRouterConfig config_;
  RandomStream random_;
  MobilitySocket socket_;
  Link neighborhood_;
  PreviousAccessRouter previous_;
  NewAccessRouter new_;
  std::map<Ipv6Address, std::unique_ptr<HandoverBuffer>> buffers_;
  std::vector<std::unique_ptr<HandoverBuffer>> retired_;  // whose call is still running
  std::vector<Ipv6Address> tests_;
  Timer timer_;
};

}  // namespace kamesim
