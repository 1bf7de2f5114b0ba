#include "protocols/pmip6/tunnels.h"

#include <algorithm>

namespace kamesim::pmip6 {

Tunnels::~Tunnels() {
  for (const auto& [ends, shared] : shared_) {
    shared.tunnel->allows_inner_source = nullptr;
    if (shared.made_here) stack_.remove_interface(*shared.tunnel);
  }
}

TunnelInterface* Tunnels::given(const Ends& ends) const {
  for (const auto& interface : stack_.interfaces()) {
    if (!interface->is_tunnel()) continue;
    auto& tunnel = static_cast<TunnelInterface&>(*interface);
    if (tunnel.local() == ends.first && tunnel.remote() == ends.second) return &tunnel;
  }
  return nullptr;
}

TunnelInterface& Tunnels::acquire(const Ipv6Address& local, const Ipv6Address& remote) {
  Shared& shared = shared_[{local, remote}];
  if (shared.users++ > 0) return *shared.tunnel;
  shared.tunnel = given({local, remote});
  if (shared.tunnel == nullptr) {
    shared.made_here = true;
    shared.tunnel = &stack_.add_tunnel(name_ + std::to_string(made_++), local, remote);
  }
  return *shared.tunnel;
}

void Tunnels::release(const TunnelInterface& tunnel) {
  const auto it = shared_.find({tunnel.local(), tunnel.remote()});
  if (it == shared_.end() || --it->second.users > 0) return;
  const Shared shared = it->second;
  shared_.erase(it);
  shared.tunnel->allows_inner_source = nullptr;
  if (shared.made_here) stack_.remove_interface(*shared.tunnel);
}

bool Tunnels::contains(const Ip6Interface& interface) const {
  return std::ranges::any_of(shared_, [&](const auto& each) { return each.second.tunnel == &interface; });
}

}  // namespace kamesim::pmip6
