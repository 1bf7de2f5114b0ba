#include "protocols/host/host.h"

namespace kamesim {

Host::System::System(Node& node, const Ip6Config& config)
    : stack(node, config), sockets(stack), tcp(stack), tunnel_input(stack) {
  if (!config.forwarding) {
    router_solicitations.emplace(sockets,
                                 RouterSolicitorConfig{.resilient = config.nd.resilient_router_solicitation});
  }
}

Host::System::~System() {
  while (!daemons.empty()) daemons.pop_back();
}

Host::Host(Node& node, const Ip6Config& config) : node_(node) { system_.emplace(node, config); }

Host::~Host() {
  if (lasting_ == nullptr) return;
  for (const auto& ping : lasting_->pings) ping->end();
}

Host::Lasting& Host::lasting() {
  if (lasting_ == nullptr) lasting_ = std::make_unique<Lasting>();
  return *lasting_;
}

EthernetInterface& Host::add_interface(Nic& nic) {
  EthernetInterface& interface = stack().add_interface(nic);
  if (system_->router_solicitations) system_->router_solicitations->run_on(interface);
  return interface;
}

RouterAdvertisementDaemon& Host::router_advertisements() {
  if (!system_->router_advertisements) system_->router_advertisements.emplace(sockets());
  return *system_->router_advertisements;
}

void Host::set_forwarding(bool on) {
  if (on == stack().forwarding()) return;
  stack().mutable_config().accept_router_advertisements = !on;
  // One that is there already hears of the change, and solicits.
  if (!on && !system_->router_solicitations) {
    const bool resilient = stack().config().nd.resilient_router_solicitation;
    system_->router_solicitations.emplace(sockets(), RouterSolicitorConfig{.resilient = resilient});
    for (const auto& interface : stack().interfaces()) {
      if (interface->nic() == nullptr) continue;
      system_->router_solicitations->run_on(static_cast<EthernetInterface&>(*interface));
    }
  }
  stack().set_forwarding(on);
}

Ping& Host::ping(PingConfig config) {
  config.identifier = lasting().next_ping_identifier++;
  return *lasting().pings.emplace_back(std::make_unique<Ping>(sockets(), config));
}

}  // namespace kamesim
