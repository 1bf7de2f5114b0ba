// A node with everything that runs on it: the IPv6 stack, sockets, tunnels, and the daemons that were started.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "protocols/apps/ping.h"
#include "protocols/host/power.h"
#include "protocols/ip6/config.h"
#include "protocols/ip6/socket.h"
#include "protocols/ip6/stack.h"
#include "protocols/rtadvd/rtadvd.h"
#include "protocols/rtsold/rtsold.h"
#include "protocols/tcp/layer.h"
#include "sim/node.h"
#include "sim/pool.h"

namespace kamesim {

namespace ipsec {
class IpsecKernel;
class PfKeyLayer;
}  // namespace ipsec

class InverseDiscovery;
class Ip4Stack;
class RogueRouterGuard;
class RouterRenumbering;
class RouterRenumberingDaemon;
class TunnelInterface;
struct TunnelParameters;
struct NodeConfiguration;
struct RogueRouterGuardSettings;

class Host : public Pooled {
 public:
  explicit Host(Node& node, const Ip6Config& config = {});
  ~Host();
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  Node& node() const { return system_.node(); }
  // It keeps its place over a reboot; what is in it does not.
  Ip6Stack& stack() { return system_; }
  const Ip6Stack& stack() const { return system_; }
  // Made when somebody asks for one of them, or a packet of their protocols has come.
  SocketLayer& sockets() { return system_.upper().sockets; }
  TcpLayer& tcp() { return system_.upper().tcp; }
  // The IPv4 part of the node; started when first asked for, which the first IPv4 address has to do.
  Ip4Stack& ip4();
  // IPsec (RFC 4301); started when first asked for. A reboot keeps what was given by hand. Null: it never was.
  ipsec::IpsecKernel& ipsec();
  ipsec::IpsecKernel* ipsec_in_use() { return system_.rare != nullptr ? system_.rare->ipsec.get() : nullptr; }
  // Where daemons open PF_KEY sockets (RFC 2367); starts IPsec.
  ipsec::PfKeyLayer& pfkey();

  // Runs IPv6 on a NIC of the node. A host solicits routers on it.
  EthernetInterface& add_interface(Nic& nic);

  // A tunnel by hand (tunnel.h), with a link-local address; a reboot keeps it.
  TunnelInterface& add_tunnel(const std::string& name, const Ipv6Address& local, const Ipv6Address& remote,
                              const TunnelParameters& parameters);

  // What makes a router known to hosts; started when first asked for.
  RouterAdvertisementDaemon& router_advertisements();

  // Makes a router of a host, or a host of a router, as it runs (RFC 4861 §6.2.2, §6.2.5, §6.3.7). A router accepts
  // no advertisements; one that becomes a host solicits routers, and what it advertises has Router Lifetime zero.
  void set_forwarding(bool on);

  // The stack's configuration was changed: what runs because of it starts and stops, and all are told.
  void on_settings_changed();
  // Inverse Neighbor Discovery (RFC 3122); null unless NdConfig::inverse_nd asks for it.
  InverseDiscovery* inverse_discovery() {
    return system_.rare != nullptr ? system_.rare->inverse_discovery.get() : nullptr;
  }
  // Router Renumbering (RFC 2894), as long as the node is a router. A reboot keeps it, and the sequence number.
  void set_router_renumbering(bool on);
  bool router_renumbering() const { return system_.rare != nullptr && system_.rare->renumbering != nullptr; }
  // The guard against rogue routers; started when first asked for, and kept by a reboot.
  RogueRouterGuardSettings& rogue_router_guard();

  // Starts a daemon or an application: D(arguments...). It runs until the host is destroyed or reboots; those started
  // last stop first.
  template <typename D, typename... Arguments>
  D& start(Arguments&&... arguments) {
    auto owned = std::make_shared<D>(std::forward<Arguments>(arguments)...);
    D& daemon = *owned;
    rare().daemons.push_back(std::move(owned));
    return daemon;
  }
  // What a reboot is to start again, after interfaces, addresses and routes are as configured.
  void at_boot(std::function<void(Host&)> start) { lasting().boot.push_back(std::move(start)); }

  // Begins to ping; the answers gather in what is returned, which stays valid. The identifier is filled in. A reboot
  // ends it.
  Ping& ping(PingConfig config);

  // ---- Power (power.cc) -----------------------------------------------------------------------------------------
  // A power cycle that takes no time: all state is lost, all configuration kept (see NodeConfiguration); interfaces
  // keep their NICs, with names and addresses. What the node draws at random differs from boot to boot. The
  // simulation's own records (drops, counters, traces) go on. Not to be called by what runs on the node.
  void reboot();
  unsigned boots() const { return lasting_ != nullptr ? lasting_->boots : 1; }
  void add_power_listener(PowerListener& listener) { lasting().power_listeners.push_back(&listener); }
  void remove_power_listener(PowerListener& listener) { std::erase(lasting().power_listeners, &listener); }

  // From when on the node is up and quiet, if nothing else happens: Duplicate Address Detection is over on all links
  // that are up, and no router is looked for any more. Empty while that is not known.
  std::optional<Time> quiet_from() const;

  // What of the node's memory is whose, in bytes; what the heap adds is not in it.
  struct MemoryUse {
    std::size_t stack = 0, interfaces = 0, routes = 0, daemons = 0;
  };
  MemoryUse memory_use() const;

 private:
  // What few nodes run.
  struct RareParts : Pooled {
    std::unique_ptr<Ip4Stack> ip4;
    std::unique_ptr<ipsec::IpsecKernel> ipsec;
    std::unique_ptr<ipsec::PfKeyLayer> pfkey;
    std::unique_ptr<InverseDiscovery> inverse_discovery;
    std::unique_ptr<RouterAdvertisementDaemon> router_advertisements;
    std::unique_ptr<RouterRenumberingDaemon> renumbering;
    std::unique_ptr<RogueRouterGuard> guard;
    std::vector<std::shared_ptr<void>> daemons;
  };
  struct System final : Ip6Stack {
    System(Node& node, const Ip6Config& config);
    ~System();
    struct Upper final : UpperLayers {
      explicit Upper(Ip6Stack& stack);
      SocketLayer sockets;
      TcpLayer tcp;
    };
    Upper& upper() {
      std::unique_ptr<UpperLayers>& layers = upper_layers();
      if (layers == nullptr) layers = std::make_unique<Upper>(*this);
      return static_cast<Upper&>(*layers);
    }
    std::size_t upper_bytes() const { return upper_layers_in_use() != nullptr ? sizeof(Upper) : 0; }
    void start_upper_layers() override { upper(); }
    std::unique_ptr<RareParts> rare;  // null: none of it was needed yet
    std::unique_ptr<RouterSolicitationDaemon> router_solicitations;  // of hosts
  };
  // What a reboot does not touch. Made on first use: most nodes have none of it.
  struct Lasting {
    std::vector<std::unique_ptr<Ping>> pings;
    std::vector<std::function<void(Host&)>> boot;
    std::vector<PowerListener*> power_listeners;
    unsigned boots = 1;
    std::uint16_t next_ping_identifier = 1;
    std::shared_ptr<RouterRenumbering> renumbering;         // null: it never ran
    std::shared_ptr<RogueRouterGuardSettings> rogue_guard;  // null: it never ran
  };
  Lasting& lasting();
  RareParts& rare();
  void restore(const NodeConfiguration& configuration);
  void restore_group_routes(const NodeConfiguration& configuration);
  void start_guard();

  std::unique_ptr<Lasting> lasting_;
  System system_;
};

}  // namespace kamesim
