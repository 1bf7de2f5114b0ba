#include "protocols/ip6/neighbor_discovery.h"

#include "protocols/ip6/nd_trace.h"
#include "protocols/ip6/stack.h"

namespace kamesim {

constexpr NeighborDiscovery::Variables NeighborDiscovery::kDefaults;

NeighborDiscovery::NeighborDiscovery() { set_base_reachable_time(kReachableTime); }

NeighborDiscovery::~NeighborDiscovery() { set_variables(kDefaults); }

RouterDiscovery& NeighborDiscovery::routers() {
  if (routers_ == nullptr) routers_ = std::make_unique<RouterDiscovery>(interface(), *this);
  return *routers_;
}

NeighborDiscovery::Rare& NeighborDiscovery::rare() {
  if (rare_ == nullptr) rare_ = std::make_unique<Rare>();
  return *rare_;
}

// What others bring about can be forged: so many records at once, and a few a second.
bool NeighborDiscovery::may_trace() {
  return stack().node().trace_enabled() && rare().trace_limit.take(now(), kNdTraceRate, kNdTraceBurst);
}

std::optional<Ipv6Address> NeighborDiscovery::selected_router() const {
  return routers_ != nullptr ? routers_->selected() : std::nullopt;
}

bool NeighborDiscovery::is_default_router(const Ipv6Address& address) const {
  return routers_ != nullptr && routers_->is_default_router(address);
}

std::size_t NeighborDiscovery::heap_bytes() const {
  std::size_t bytes = cache_.heap_bytes() + dad_.heap_bytes();
  if (variables_ != &kDefaults) bytes += sizeof(Variables);
  if (routers_ != nullptr) bytes += sizeof(RouterDiscovery);
  if (rare_ != nullptr) bytes += sizeof(Rare) + rare_->delayed.capacity() * sizeof(Delayed);
  return bytes;
}

RandomStream NeighborDiscovery::random_stream() const { return stack().node().stream("nd." + interface().name()); }

Time NeighborDiscovery::now() const { return stack().now(); }

Actor& NeighborDiscovery::timer_owner() const { return stack().node(); }

void NeighborDiscovery::set_variables(const Variables& variables) {
  if (variables == *variables_) return;
  if (variables_ != &kDefaults) delete variables_;
  variables_ = variables == kDefaults ? &kDefaults : new Variables(variables);
}

void NeighborDiscovery::set_base_reachable_time(Duration base) {
  set_variables({.base_reachable_time = base, .retrans_timer = retrans_timer()});
  draw_reachable_time();
}

void NeighborDiscovery::set_retrans_timer(Duration retrans_timer) {
  set_variables({.base_reachable_time = base_reachable_time(), .retrans_timer = retrans_timer});
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
  ++stack().packet_counters().sent;
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
  if (routers_ != nullptr) {
    routers_->on_timeout(now());
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
  if (routers_ != nullptr) consider(routers_->next_timeout());
  if (rare_ != nullptr) {
    for (const Delayed& delayed : rare_->delayed) consider(delayed.at);
  }
  arm_at(next);
}

}  // namespace kamesim
