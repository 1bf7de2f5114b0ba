// The daemon of an HMIPv6-aware mobile node (RFC 5380 §6.1). It stands between movement detection and the mobile node
// daemon, if there is one; without a home agent (§6.5) applications have the RCoA as the source of what they send.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "protocols/hmip6/hierarchical_mobile_node.h"
#include "protocols/hmip6/movement_detector_daemon.h"
#include "protocols/mip6/mobile_node_daemon.h"
#include "protocols/mip6/mobility_kernel.h"
#include "protocols/mip6/mobility_socket.h"
#include "protocols/mip6/regional_mobility.h"
#include "sim/timer.h"

namespace kamesim {

class HierarchicalMobileNodeDaemon final : public DatagramHandler, public RegionalMobility {
 public:
  // `home`: the node's registrations with a home agent, on the same interface; null: it has none, and movement is
  // detected here.
  HierarchicalMobileNodeDaemon(SocketLayer& sockets, MobilityKernel& kernel, Ip6Interface& interface,
                               MobileNodeDaemon* home, HierarchicalMobileNodeConfig config);
  ~HierarchicalMobileNodeDaemon();

  std::optional<Region> region() const { return machine_.active(); }
  std::optional<Ipv6Address> on_link_care_of() const { return machine_.lcoa(); }
  std::vector<StoredMap> maps() const { return machine_.maps(stack_.now()); }

  void on_datagram(const Datagram& datagram) override;  // Mobility Headers
  void on_router_advertisement(const Ipv6Address& router, const RouterAdvertisementView& advertisement) override;
  void on_moved(const Ipv6Address& on_link) override;
  bool on_no_address() override;
  void on_returned_home() override;

 private:
  void apply(const HierarchicalMobileNode::Output& out);
  void set(const Region& region);
  void on_timer();

  Ip6Stack& stack_;
  MobilityKernel& kernel_;
  Ip6Interface& interface_;
  MobileNodeDaemon* home_;
  MobilitySocket socket_;
  RandomStream random_;
  HierarchicalMobileNode machine_;
  std::vector<Ipv6Address> rcoas_;  // that the kernel has
  Timer timer_;
  std::optional<MovementDetectorDaemon> movement_;  // without a home agent
};

}  // namespace kamesim
