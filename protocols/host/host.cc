#include "protocols/host/host.h"

#include "protocols/inverse_nd/inverse_nd.h"
#include "protocols/ip4/stack.h"
#include "protocols/ip6/tunnel.h"
#include "protocols/ip6/tunnel_input.h"
#include "protocols/ipsec/kernel.h"
#include "protocols/ipsec/pfkey_socket.h"
#include "protocols/rafixd/rafixd.h"
#include "protocols/rrenumd/rrenumd.h"

namespace kamesim {

Host::System::Upper::Upper(Ip6Stack& stack) : sockets(stack), tcp(stack) { TunnelInput::serve(stack); }

Host::System::System(Node& node, const Ip6Config& config) : Ip6Stack(node, config) {
  if (!config.forwarding) {
    const RouterSolicitorConfig solicitor{.resilient = config.nd.resilient_router_solicitation};
    router_solicitations = std::make_unique<RouterSolicitationDaemon>(*this, solicitor);
  }
  if (!config.nd.inverse_nd) return;
  rare = std::make_unique<RareParts>();
  rare->inverse_discovery = std::make_unique<InverseDiscovery>(upper().sockets);
}

// The sockets go before the rest of what is rare, and after what uses them.
Host::System::~System() {
  if (rare != nullptr) {
    while (!rare->daemons.empty()) rare->daemons.pop_back();
    rare->guard.reset();
    rare->renumbering.reset();
    rare->inverse_discovery.reset();
    rare->router_advertisements.reset();
  }
  router_solicitations.reset();
  end_upper_layers();
}

Host::Host(Node& node, const Ip6Config& config) : system_(node, config) {}

Host::~Host() {
  if (lasting_ == nullptr) return;
  for (const auto& ping : lasting_->pings) ping->end();
}

Host::Lasting& Host::lasting() {
  if (lasting_ == nullptr) lasting_ = std::make_unique<Lasting>();
  return *lasting_;
}

Host::RareParts& Host::rare() {
  if (system_.rare == nullptr) system_.rare = std::make_unique<RareParts>();
  return *system_.rare;
}

EthernetInterface& Host::add_interface(Nic& nic) {
  EthernetInterface& interface = stack().add_interface(nic);
  if (system_.router_solicitations) system_.router_solicitations->run_on(interface);
  return interface;
}

Ip4Stack& Host::ip4() {
  if (!rare().ip4) rare().ip4 = std::make_unique<Ip4Stack>(stack());
  return *rare().ip4;
}

ipsec::IpsecKernel& Host::ipsec() {
  if (!rare().ipsec) rare().ipsec = std::make_unique<ipsec::IpsecKernel>(stack());
  return *rare().ipsec;
}

ipsec::PfKeyLayer& Host::pfkey() {
  if (!rare().pfkey) rare().pfkey = std::make_unique<ipsec::PfKeyLayer>(ipsec());
  return *rare().pfkey;
}

// RFC 4213 §3.7: the identifier of a tunnel over IPv4 is its IPv4 address. Of others it is made of a card's MAC address
// and the tunnel's index, so that those of one node differ.
TunnelInterface& Host::add_tunnel(const std::string& name, const Ipv6Address& local, const Ipv6Address& remote,
                                  const TunnelParameters& parameters) {
  if (local.is_v4_mapped()) ip4();
  TunnelInterface& tunnel = stack().add_tunnel(name, local, remote);
  tunnel.configured = true;
  tunnel.set_parameters(parameters);
  be_in_groups_of_nodes(tunnel);
  if (stack().forwarding()) be_in_groups_of_routers(tunnel, true);
  std::uint64_t identifier = ipv4_of(local);
  if (!local.is_v4_mapped()) {
    const auto nics = node().nics();
    identifier = nics.empty() ? tunnel.index() : InterfaceId::eui64(nics.front()->mac()).value() ^ tunnel.index() << 24;
  }
  stack().add_address(tunnel, {.address = with_interface_id(kLinkLocalPrefix, InterfaceId(identifier)),
                               .origin = AddressOrigin::LinkLocal, .skip_dad = true, .on_link_prefix = false});
  return tunnel;
}

RouterAdvertisementDaemon& Host::router_advertisements() {
  auto& daemon = rare().router_advertisements;
  if (daemon == nullptr) daemon = std::make_unique<RouterAdvertisementDaemon>(sockets());
  return *daemon;
}

void Host::set_forwarding(bool on) {
  if (on == stack().forwarding()) return;
  stack().mutable_config().accept_router_advertisements = !on;
  // One that is there already hears of the change, and solicits.
  if (!on && !system_.router_solicitations) {
    const bool resilient = stack().config().nd.resilient_router_solicitation;
    system_.router_solicitations =
        std::make_unique<RouterSolicitationDaemon>(stack(), RouterSolicitorConfig{.resilient = resilient});
    for (const auto& interface : stack().interfaces()) {
      if (interface->nic() == nullptr) continue;
      system_.router_solicitations->run_on(static_cast<EthernetInterface&>(*interface));
    }
  }
  stack().set_forwarding(on);
}

void Host::on_settings_changed() {
  const bool inverse = stack().config().nd.inverse_nd;
  if (inverse && inverse_discovery() == nullptr) {
    rare().inverse_discovery = std::make_unique<InverseDiscovery>(sockets());
  } else if (!inverse && inverse_discovery() != nullptr) {
    rare().inverse_discovery.reset();
  }
  stack().on_settings_changed();
}

void Host::set_router_renumbering(bool on) {
  if (on == router_renumbering()) return;
  if (!on) return rare().renumbering.reset();
  if (!lasting().renumbering) lasting().renumbering = std::make_shared<RouterRenumbering>();
  rare().renumbering =
      std::make_unique<RouterRenumberingDaemon>(sockets(), router_advertisements(), *lasting().renumbering);
}

RogueRouterGuardSettings& Host::rogue_router_guard() {
  if (!lasting().rogue_guard) lasting().rogue_guard = std::make_shared<RogueRouterGuardSettings>();
  start_guard();
  return *lasting().rogue_guard;
}

void Host::start_guard() {
  if (lasting_ == nullptr || !lasting_->rogue_guard || rare().guard) return;
  rare().guard = std::make_unique<RogueRouterGuard>(sockets(), lasting_->rogue_guard);
}

Ping& Host::ping(PingConfig config) {
  config.identifier = lasting().next_ping_identifier++;
  return *lasting().pings.emplace_back(std::make_unique<Ping>(sockets(), config));
}

Host::MemoryUse Host::memory_use() const {
  const Ip6Stack::HeapBytes heap = stack().heap_bytes();
  MemoryUse use{.stack = sizeof(Host) + heap.rest, .interfaces = heap.interfaces, .routes = heap.routes,
                .daemons = 0};
  use.stack += system_.upper_bytes();
  if (const auto& rare = system_.rare; rare != nullptr) {
    use.daemons += sizeof(RareParts) + rare->daemons.capacity() * sizeof(rare->daemons[0]);
    if (rare->router_advertisements != nullptr) {
      use.daemons += sizeof(RouterAdvertisementDaemon) + rare->router_advertisements->heap_bytes();
    }
  }
  if (system_.router_solicitations != nullptr) {
    use.daemons += sizeof(RouterSolicitationDaemon) + system_.router_solicitations->heap_bytes();
  }
  if (lasting_ != nullptr) use.stack += sizeof(Lasting);
  return use;
}

}  // namespace kamesim
