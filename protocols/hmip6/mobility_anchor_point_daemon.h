// A Mobility Anchor Point (RFC 5380 §6.2): a home agent for regional care-of addresses. Its registrations are those of
// RFC 6275 §10.3, with M in the place of H; packets for an RCoA are intercepted by proxy Neighbor Discovery and go to the
// on-link care-of address by a tunnel, which also lets out what comes from the mobile node.
#pragma once

#include <optional>
#include <unordered_map>
#include <vector>

#include "protocols/ip6/routing_message.h"
#include "protocols/mip6/binding_cache.h"
#include "protocols/mip6/home_agent_registration.h"
#include "protocols/mip6/mobility_kernel.h"
#include "protocols/mip6/mobility_socket.h"
#include "sim/timer.h"

namespace kamesim {

inline constexpr DropInfo kBuMapAndHomeRegistration{"hmip6.bu_map_and_home_registration", "RFC 5380 §4"};
inline constexpr DropInfo kBuMapWithoutAcknowledge{"hmip6.bu_map_without_acknowledge", "RFC 5380 §4"};

struct MobilityAnchorPointConfig {
  Duration max_lifetime = kMaxLifetime;      // of bindings
  std::vector<Ipv6Prefix> on_link_prefixes;  // §6.2: of the LCoAs served; empty: all
  std::size_t max_bindings = 1024;
};

class MobilityAnchorPointDaemon final : public DatagramHandler, public RoutingListener {
 public:
  // RCoAs have the prefixes of the global addresses of `link`, which has neighbours.
  MobilityAnchorPointDaemon(SocketLayer& sockets, MobilityKernel& kernel, Ip6Interface& link,
                            const MobilityAnchorPointConfig& config = {});
  ~MobilityAnchorPointDaemon();

  // Home address: the RCoA; care-of address: the LCoA.
  const BindingCache& bindings() const { return cache_; }

  void on_datagram(const Datagram& datagram) override;  // Mobility Headers
  void on_routing_message(const RoutingMessage& message) override;

 private:
  void review_prefixes();
  void start_dad(const Ipv6Address& rcoa);
  void apply(const HomeAgentRegistration::Output& out, Bytes message);
  void on_timer();

  Ip6Stack& stack_;
  MobilityKernel& kernel_;
  Ip6Interface& link_;
  MobilitySocket socket_;
  BindingCache cache_;
  HomeAgentRegistration machine_;
  std::vector<Ipv6Address> tests_;                          // RCoAs under Duplicate Address Detection
  std::unordered_map<Ipv6Address, Ipv6Address> served_as_;  // RCoA -> the address of ours it registered with
  Timer timer_;
};

}  // namespace kamesim
