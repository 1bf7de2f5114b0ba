#include "protocols/host/host.h"

namespace kamesim {

Host::Host(Node& node, const Ip6Config& config) : stack_(node, config), sockets_(stack_), tunnel_input_(stack_) {
  if (!config.forwarding) router_solicitations_.emplace(sockets_);
}

Host::~Host() {
  while (!daemons_.empty()) daemons_.pop_back();
}

EthernetInterface& Host::add_interface(Nic& nic) {
  EthernetInterface& interface = stack_.add_interface(nic);
  if (router_solicitations_) router_solicitations_->run_on(interface);
  return interface;
}

RouterAdvertisementDaemon& Host::router_advertisements() {
  if (!router_advertisements_) router_advertisements_.emplace(sockets_);
  return *router_advertisements_;
}

Ping& Host::ping(PingConfig config) {
  config.identifier = next_ping_identifier_++;
  return start<Ping>(sockets_, config);
}

}  // namespace kamesim
