// Movement detection for a mobile node without a home agent (SHISA's mdd): RFC 6275 §11.5.1 on a socket and the routing
// socket, for whom it tells of on-link care-of addresses.
#pragma once

#include <optional>

#include "protocols/ip6/routing_message.h"
#include "protocols/ip6/socket.h"
#include "protocols/mip6/movement_detector.h"
#include "protocols/mip6/regional_mobility.h"
#include "sim/timer.h"

namespace kamesim {

class MovementDetectorDaemon final : public DatagramHandler, public RoutingListener {
 public:
  // `interface` is the one that roams.
  MovementDetectorDaemon(SocketLayer& sockets, Ip6Interface& interface, RegionalMobility& told);
  ~MovementDetectorDaemon();

  const std::optional<Ipv6Address>& on_link_care_of() const { return detector_.care_of(); }

  void on_datagram(const Datagram& datagram) override;  // router advertisements
  void on_routing_message(const RoutingMessage& message) override;

 private:
  void apply(const MovementDetector::Output& out);
  void solicit_routers();

  Ip6Stack& stack_;
  Ip6Interface& interface_;
  RegionalMobility& told_;
  RawSocket socket_;
  MovementDetector detector_;
  Timer timer_;
  void on_timer();
};

}  // namespace kamesim
