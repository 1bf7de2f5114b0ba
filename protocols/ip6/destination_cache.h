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
  const Ip6Interface* zone = nullptr;   // part of the key
  std::uint64_t generation = 0;         // 0: the slot is empty
  Time valid_until = Time::max();       // when a learned path MTU in it expires
  // Where plain forwarding is all that there is to do with a packet from another link (Ip6Stack::forward_plainly): the
  // NIC of `interface`. Otherwise null.
  Nic* plain = nullptr;
  Neighbor* neighbor = nullptr;         // null on links without address resolution
  std::uint32_t link_mtu = 0;
  RouteKind kind = RouteKind::Reject;
  RouteOrigin origin = RouteOrigin::Static;
  bool multipath = false;  // each flow has a next hop of its own (RFC 2991): that here is the first of them
  bool by_source = false;  // the first hop depends on the packet's source (RFC 8028)

  Ip6Interface* interface = nullptr;    // null: no route
  Ipv6Address next_hop;
  Ipv6Address source;            // of the node's own packets without other wishes (RFC 6724 §5); unspecified: not chosen yet
  std::uint32_t mtu = 0;         // of the path as far as known, never more than the link's
  bool fragment_header = false;  // every packet of ours bears one (RFC 2460 §5)
};

// A destination stands in the slot of its hash or in one of the next few. When others have taken all of these the table
// doubles, up to a bound; then it evicts. So does a small table that is half full, so that most stand in the slot of their
// hash. A table is a few times as large as what is in it, no more.
class DestinationCache {
 public:
  static constexpr std::size_t kFirstSlots = 1;  // an idle host has one destination, or none
  static constexpr std::size_t kMaxSlots = 8192;
  static constexpr std::size_t kProbes = 8;
  static constexpr std::size_t kLeastSparse = 4, kMostSparse = 512;  // of so many slots half are free

  // The slot for the key, found or to be filled: compare `address`, `zone` and `generation`.
  Destination& slot(const Ipv6Address& address, const Ip6Interface* zone, std::uint64_t generation) {
    if (slots_.empty()) slots_.resize(kFirstSlots);
    for (;; grow(generation)) {
      Destination& home = slots_[index(address, zone)];
      Destination* const d = place(address, zone, generation);
      if (d == &home) return home;
      if (d != nullptr && ((d->address == address && d->zone == zone) || !crowded(generation))) return *d;
      if (slots_.size() >= kMaxSlots) return home;
    }
  }

  // The number of the slot that is likely to hold the address; touches none. There must be some.
  std::size_t likely_place(const Ipv6Address& address) const { return index(address, nullptr); }
  // Only it is looked at; null: it does not hold the address, or there is no such slot.
  const Destination* at(std::size_t place, const Ipv6Address& address) const {
    if (place >= slots_.size()) return nullptr;
    const Destination& d = slots_[place];
    return d.address == address && d.zone == nullptr ? &d : nullptr;
  }
  // The slot that may hold the address; null: there are none yet.
  const Destination* peek(const Ipv6Address& address, const Ip6Interface* zone = nullptr) const {
    if (slots_.empty()) return nullptr;
    const Destination& home = slots_[index(address, zone)];
    if (home.address == address && home.zone == zone) [[likely]] return &home;
    return peek_further(address, zone);
  }
  const PoolVector<Destination>& slots() const { return slots_; }
  void clear() { slots_ = {}; }

 private:
  std::size_t probes() const { return slots_.size() < kProbes ? slots_.size() : kProbes; }
  std::size_t index(const Ipv6Address& address, const Ip6Interface* zone) const {
    const std::size_t h = std::hash<Ipv6Address>{}(address) ^ reinterpret_cast<std::uintptr_t>(zone) >> 6;
    return (h ^ h >> 17) & (slots_.size() - 1);
  }
  [[gnu::noinline]] const Destination* peek_further(const Ipv6Address& address, const Ip6Interface* zone) const {
    const std::size_t home = index(address, zone);
    for (std::size_t i = 1; i < probes(); ++i) {
      const Destination& d = slots_[(home + i) & (slots_.size() - 1)];
      if (d.address == address && d.zone == zone) return &d;
    }
    return &slots_[home];
  }
  bool crowded(std::uint64_t generation) const {
    if (slots_.size() < kLeastSparse || slots_.size() > kMostSparse) return false;
    std::size_t full = 0;
    for (const Destination& d : slots_) full += d.generation == generation;
    return 2 * full >= slots_.size();
  }
  // Where the key is, or else the first slot that is free for it; null: there is none.
  Destination* place(const Ipv6Address& address, const Ip6Interface* zone, std::uint64_t generation) {
    const std::size_t home = index(address, zone);
    Destination* free = nullptr;
    for (std::size_t i = 0; i < probes(); ++i) {
      Destination& d = slots_[(home + i) & (slots_.size() - 1)];
      if (d.address == address && d.zone == zone) return &d;
      if (free == nullptr && d.generation != generation) free = &d;
    }
    return free;
  }
  void grow(std::uint64_t generation) {
    PoolVector<Destination> old(slots_.size() * 2);
    old.swap(slots_);
    for (const Destination& d : old) {
      if (d.generation != generation) continue;
      if (Destination* const to = place(d.address, d.zone, generation)) *to = d;
    }
  }
  PoolVector<Destination> slots_;
};

}  // namespace kamesim
