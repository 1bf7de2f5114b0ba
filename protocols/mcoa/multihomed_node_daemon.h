// The daemon of a mobile node with several roaming interfaces (RFC 5648 §5, RFC 6089 §5.2): a binding for each of them,
// one tunnel a binding, and what flows go by which. Make before break: while one interface is without a link, the others
// carry everything. A mobile router with several (RFC 3963, RFC 5648 §7) has its network served by all of them.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "protocols/mcoa/access_interface.h"
#include "protocols/mcoa/binding_paths.h"
#include "protocols/mcoa/multiple_binding_updater.h"
#include "protocols/mip6/mobile_node_daemon.h"
#include "protocols/mip6/mobile_router_registration.h"
#include "protocols/mcoa/route_optimizer.h"
#include "protocols/mip6/mobility_kernel.h"
#include "protocols/mip6/mobility_socket.h"
#include "sim/timer.h"

namespace kamesim::mcoa {

struct MultihomedNodeConfig {
  Ipv6Address home_address;
  std::uint8_t home_prefix_length = 64;
  Ipv6Address home_agent;
  Duration lifetime = 420_s;      // of registrations, to ask for; a multiple of 4 s
  bool bulk_registration = true;  // several bindings in one message
  std::optional<MobileRouterConfig> mobile_router{};  // RFC 3963; without it, a mobile host
  std::optional<Ipv6Prefix> home_link{};  // if the home address is not in it, but in the Mobile Network

  Ipv6Prefix home_link_prefix() const { return home_link.value_or(Ipv6Prefix(home_address, home_prefix_length)); }
  bool route_optimization = false;  // §5.2: bindings with correspondents, too
};

class MultihomedNodeDaemon final : public DatagramHandler, public AccessListener {
 public:
  // BIDs and priorities differ from interface to interface.
  using Link = MultipleBindingUpdaterConfig::Link;
  MultihomedNodeDaemon(SocketLayer& sockets, MobilityKernel& kernel, const MultihomedNodeConfig& config,
                       const std::vector<std::pair<Ip6Interface*, Link>>& interfaces);
  ~MultihomedNodeDaemon();

  const MultipleBindingUpdater& registration() const { return registration_; }
  const std::optional<RouteOptimizer>& route_optimizer() const { return route_optimizer_; }
  const std::vector<std::unique_ptr<AccessInterface>>& accesses() const { return accesses_; }
  // Null: not a mobile router.
  const MobileRouterRegistration* mobile_router() const { return mobile_router_ ? &*mobile_router_ : nullptr; }
  void set_mobile_router_listener(MobileRouterListener* listener) { mobile_router_listener_ = listener; }
  void bind_flow(const FlowBinding& flow) { apply(registration_.bind_flow(stack_.now(), flow)); }
  void unbind_flow(std::uint16_t fid) { apply(registration_.unbind_flow(stack_.now(), fid)); }

  void on_datagram(const Datagram& datagram) override;  // Mobility Headers
  void on_access_changed(AccessInterface& access) override;

 private:
  using Output = MultipleBindingUpdater::Output;
  AccessInterface* at_home() const;
  void return_home(AccessInterface& access);
  void apply(const Output& out);
  void send(const MultipleBindingUpdater::Send& send);
  void review_ways();
  void review_correspondents();
  void drop_paths();
  void on_timer();
  // RFC 3963 (multihomed_mobile_router.cc).
  void start_mobile_router();
  void stop_mobile_router();
  void review_egress_roles();
  void review_mobile_network();
  void route_by_home_link(bool at_home);
  void heed_refusal(const Output& out);
  void apply(const MobileRouterRegistration::Output& out);

  Ip6Stack& stack_;
  MobilityKernel& kernel_;
  MultihomedNodeConfig config_;
  MobilitySocket socket_;
  MultipleBindingUpdater registration_;
  std::vector<std::unique_ptr<AccessInterface>> accesses_;
  Ip6Interface* home_interface_;          // the last that had the home address
  std::optional<BindingPaths> paths_;     // while away
  std::optional<MobileRouterRegistration> mobile_router_;
  MobileRouterListener* mobile_router_listener_ = nullptr;
  std::optional<RouteOptimizer> route_optimizer_;
  Timer timer_;
};

}  // namespace kamesim::mcoa
