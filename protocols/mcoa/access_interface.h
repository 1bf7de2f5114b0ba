// One of the interfaces by which a mobile node with several roams: where it is (RFC 6275 §11.5.1, §11.5.2), by Neighbor
// Discovery and what the link reports. A care-of address counts while its link is up and its router has been heard there.
#pragma once

#include <optional>

#include "protocols/ip6/routing_message.h"
#include "protocols/ip6/socket.h"
#include "protocols/ip6/stack.h"
#include "protocols/mip6/movement_detector.h"
#include "sim/timer.h"

namespace kamesim::mcoa {

class AccessInterface;

class AccessListener {
 public:
  // It has another care-of address, or none; or it is at home, or not any more.
  virtual void on_access_changed(AccessInterface& access) = 0;

 protected:
  ~AccessListener() = default;
};

class AccessInterface final : public DatagramHandler, public RoutingListener {
 public:
  AccessInterface(SocketLayer& sockets, Ip6Interface& interface, const MovementDetectorConfig& config,
                  std::uint16_t bid, AccessListener& listener);
  ~AccessInterface();
  AccessInterface(const AccessInterface&) = delete;
  AccessInterface& operator=(const AccessInterface&) = delete;

  // Begins with what is there already. The listener may be told of it.
  void start();

  std::uint16_t bid() const { return bid_; }
  Ip6Interface& interface() const { return interface_; }
  std::optional<Ipv6Address> care_of() const;
  bool at_home() const;
  Time valid_until(const Ipv6Address& care_of) const;

  void on_datagram(const Datagram& datagram) override;  // Router Advertisements
  void on_routing_message(const RoutingMessage& message) override;

 private:
  void on_router_advertisement(const Datagram& datagram);
  void apply(const MovementDetector::Output& out);
  void solicit_routers();
  void on_timer();

  Ip6Stack& stack_;
  Ip6Interface& interface_;
  MovementDetector detector_;
  std::uint16_t bid_;
  AccessListener& listener_;
  RawSocket socket_;
  std::vector<Ipv6Prefix> heard_;  // the prefixes advertised since the link came up
  std::optional<Ipv6Address> told_care_of_;
  bool told_at_home_ = false;
  Timer timer_;
};

}  // namespace kamesim::mcoa
