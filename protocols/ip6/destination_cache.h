// The answers of recent route look-ups, by destination (RFC 4861 §5.1, Destination Cache). An entry is good as
// long as nothing it was derived from has changed, which generation counters tell.
#pragma once

#include <cstdint>
#include <functional>

#include "protocols/ip6/route_table.h"
#include "protocols/wire/ipv6_address.h"
#include "sim/pool.h"
#include "sim/time.h"

namespace kamesim {

class Ip6Interface;
class Nic;
struct Neighbor;

// What forwarding reads stands in the first cache line.
struct alignas(64) Destination {
  Ipv6Address address;
  std::uint64_t generation = 0;         // 0: the slot is empty
  Time valid_until = Time::max();       // when a learned path MTU in it expires
  // Where plain forwarding is all that there is to do with a packet from another link (Ip6Stack::forward_plainly): the
  // NIC of `interface`. Otherwise null.
  Nic* plain = nullptr;
  Neighbor* neighbor = nullptr;         // null on links without address resolution
  Ip6Interface* interface = nullptr;    // null: no route
  std::uint32_t link_mtu = 0;
  RouteKind kind = RouteKind::Reject;
  RouteOrigin origin = RouteOrigin::Static;
  bool multipath = false;  // each flow has a next hop of its own (RFC 2991): that here is the first of them
  bool by_source = false;  // the first hop depends on the packet's source (RFC 8028)

  const Ip6Interface* zone = nullptr;   // part of the key
  Ipv6Address next_hop;
  Ipv6Address source;            // of the node's own packets without other wishes (RFC 6724 §5); unspecified: not chosen yet
  std::uint32_t mtu = 0;         // of the path as far as known, never more than the link's
  bool fragment_header = false;  // every packet of ours bears one (RFC 2460 §5)
};

// Direct-mapped, grows up to a bound; a collision evicts.
class DestinationCache {
 public:
  static constexpr std::size_t kFirstSlots = 1;  // an idle host has one destination, or none
  static constexpr std::size_t kMaxSlots = 8192;

  // The slot for the key, found or to be filled: compare `address`, `zone` and `generation`.
  Destination& slot(const Ipv6Address& address, const Ip6Interface* zone, std::uint64_t generation) {
    if (slots_.empty()) slots_.resize(kFirstSlots);
    Destination* d = &slots_[index(address, zone)];
    const bool other = d->generation == generation && (d->address != address || d->zone != zone);
    if (other && slots_.size() < kMaxSlots) [[unlikely]] {
      grow(generation);
      d = &slots_[index(address, zone)];
    }
    return *d;
  }

  // The slot that may hold the address; null: there are none yet.
  const Destination* peek(const Ipv6Address& address, const Ip6Interface* zone = nullptr) const {
    return slots_.empty() ? nullptr : &slots_[index(address, zone)];
  }
  const PoolVector<Destination>& slots() const { return slots_; }
  void clear() { slots_ = {}; }

 private:
  std::size_t index(const Ipv6Address& address, const Ip6Interface* zone) const {
    const std::size_t h = std::hash<Ipv6Address>{}(address) ^ reinterpret_cast<std::uintptr_t>(zone) >> 6;
    return (h ^ h >> 17) & (slots_.size() - 1);
  }
  void grow(std::uint64_t generation) {
    PoolVector<Destination> old(slots_.size() * 4);
    old.swap(slots_);
    for (Destination& d : old) {
      if (d.generation == generation) slots_[index(d.address, d.zone)] = d;
    }
  }
  PoolVector<Destination> slots_;
};

}  // namespace kamesim
