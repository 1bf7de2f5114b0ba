// A node with everything that runs on it: the IPv6 stack, sockets, tunnels, and the daemons that were started.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "protocols/apps/ping.h"
#include "protocols/ip6/config.h"
#include "protocols/ip6/socket.h"
#include "protocols/ip6/stack.h"
#include "protocols/ip6/tunnel_input.h"
#include "protocols/rtadvd/rtadvd.h"
#include "protocols/rtsold/rtsold.h"
#include "sim/node.h"

namespace kamesim {

class Host {
 public:
  explicit Host(Node& node, const Ip6Config& config = {});
  ~Host();
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  Node& node() const { return stack_.node(); }
  Ip6Stack& stack() { return stack_; }
  const Ip6Stack& stack() const { return stack_; }
  SocketLayer& sockets() { return sockets_; }

  // Runs IPv6 on a NIC of the node. A host solicits routers on it.
  EthernetInterface& add_interface(Nic& nic);

  // What makes a router known to hosts; started when first asked for.
  RouterAdvertisementDaemon& router_advertisements();

  // Starts a daemon or an application: D(arguments...). It runs until the host is destroyed; those started last
  // stop first.
  template <typename D, typename... Arguments>
  D& start(Arguments&&... arguments) {
    auto owned = std::make_shared<D>(std::forward<Arguments>(arguments)...);
    D& daemon = *owned;
    daemons_.push_back(std::move(owned));
    return daemon;
  }

  // Begins to ping; the answers gather in what is returned. The identifier is filled in.
  Ping& ping(PingConfig config);

 private:
  Ip6Stack stack_;
  SocketLayer sockets_;
  TunnelInput tunnel_input_;
  std::optional<RouterSolicitationDaemon> router_solicitations_;  // of hosts
  std::optional<RouterAdvertisementDaemon> router_advertisements_;
  std::vector<std::shared_ptr<void>> daemons_;
  std::uint16_t next_ping_identifier_ = 1;
};

}  // namespace kamesim
