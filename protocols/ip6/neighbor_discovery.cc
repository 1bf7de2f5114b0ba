#include "protocols/ip6/neighbor_discovery.h"

#include "protocols/ip6/nd_trace.h"
#include "protocols/ip6/stack.h"

namespace kamesim {

NeighborDiscovery::NeighborDiscovery() { set_base_reachable_time(kReachableTime); }

NeighborDiscovery::~NeighborDiscovery() = default;

NeighborDiscovery::Parts& NeighborDiscovery::parts() {
  if (parts_ == nullptr) parts_ = std::make_unique<Parts>();
  return *parts_;
}

RouterDiscovery& NeighborDiscovery::routers() {
  std::unique_ptr<RouterDiscovery>& routers = parts().routers;
  if (routers == nullptr) routers = std::make_unique<RouterDiscovery>(interface(), *this);
  return *routers;
}

NeighborDiscovery::Rare& NeighborDiscovery::rare() {
  std::unique_ptr<Rare>& rare = parts().rare;
  if (rare == nullptr) rare = std::make_unique<Rare>();
  return *rare;
}

// What others bring about can be forged: so many records at once, and a few a second.
bool NeighborDiscovery::may_trace() {
  return stack().node().trace_enabled() && rare().trace_limit.take(now(), kNdTraceRate, kNdTraceBurst);
}

std::optional<Ipv6Address> NeighborDiscovery::selected_router() const {
  return known_routers() != nullptr ? known_routers()->selected() : std::nullopt;
}

bool NeighborDiscovery::is_default_router(const Ipv6Address& address) const {
  return known_routers() != nullptr && known_routers()->is_default_router(address);
}

std::size_t NeighborDiscovery::heap_bytes() const {
  std::size_t bytes = cache_.heap_bytes() + dad_.heap_bytes();
  if (parts_ != nullptr) bytes += sizeof(Parts);
  if (known_routers() != nullptr) bytes += sizeof(RouterDiscovery);
  if (has_rare()) bytes += sizeof(Rare) + parts_->rare->delayed.capacity() * sizeof(Delayed);
  return bytes;
}

RandomStream NeighborDiscovery::random_stream() const { return stack().node().stream("nd." + interface().name()); }

Time NeighborDiscovery::now() const { return stack().now(); }

Actor& NeighborDiscovery::timer_owner() const { return stack().node(); }

void NeighborDiscovery::set_base_reachable_time(Duration base) {
  if (base != base_reachable_time()) parts().base_reachable_time = base;
  draw_reachable_time();
}

void NeighborDiscovery::set_retrans_timer(Duration retrans_timer) {
  if (retrans_timer != this->retrans_timer()) parts().retrans_timer = retrans_timer;
}

void NeighborDiscovery::draw_reachable_time() {
  reachable_time_ = base_reachable_time().scaled(
      draw([](RandomStream& random) { return random.uniform(kMinRandomFactor, kMaxRandomFactor); }));
  redraw_at_ = now() + kReachableTimeRedraw;
}

NudTiming NeighborDiscovery::timing() {
  if (now() >= redraw_at_) draw_reachable_time();
  return {.reachable_time = reachable_time_, .retrans_timer = retrans_timer()};
}

NeighborCache::Bounds NeighborDiscovery::bounds() const {
  const Ip6Config& config = stack().config();
  return NeighborCache::Bounds(config.max_neighbors, config.nd.max_incomplete_neighbors);
}

void NeighborDiscovery::transmit(Packet packet, const Ipv6Address& destination) {
  stack().count(Ip6Stack::Counted::Sent);
  if (destination.is_multicast()) {
    interface().transmit(std::move(packet), multicast_mac(destination));
  } else {
    send(std::move(packet), neighbor(destination));
  }
}

void NeighborDiscovery::on_timer() {
  while (Neighbor* n = cache_.take_expired(now())) apply(*n, nud_on_timeout(*n, now(), timing()));
  on_dad_timeout();
  send_delayed();
  if (known_routers() != nullptr) {
    known_routers()->on_timeout(now());
  } else {
    while (expire_address(now())) {
    }
  }
  arm();
}

void NeighborDiscovery::arm() {
  std::optional<Time> next = cache_.next_deadline();
  auto consider = [&](const std::optional<Time>& at) {
    if (at && (!next || *at < *next)) next = at;
  };
  consider(dad_.next_timeout());
  consider(next_address_timeout());
  if (known_routers() != nullptr) consider(known_routers()->next_timeout());
  if (has_rare()) {
    for (const Delayed& delayed : parts_->rare->delayed) consider(delayed.at);
  }
  arm_at(next);
}

}  // namespace kamesim
