// The Neighbor Cache (RFC 4861 §5.1): what is known of the nodes on one link. A table: nd_reachability.h holds the
// rules by which entries change.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

#include "protocols/wire/ipv6_address.h"
#include "sim/mac_address.h"
#include "sim/packet.h"
#include "sim/pool.h"
#include "sim/time.h"

namespace kamesim {

// Packets that wait, oldest first: none, for most neighbours at most times.
class WaitingPackets {
 public:
  bool empty() const { return packets_ == nullptr; }
  std::size_t size() const { return all().size(); }
  const Packet& front() const { return packets_->front(); }
  std::span<const Packet> all() const { return empty() ? std::span<const Packet>() : std::span<const Packet>(*packets_); }
  std::vector<Packet> take() {
    return empty() ? std::vector<Packet>() : std::move(*std::exchange(packets_, nullptr));
  }
  void put(std::vector<Packet> packets) {
    packets_ = packets.empty() ? nullptr : std::make_unique<std::vector<Packet>>(std::move(packets));
  }

 private:
  std::unique_ptr<std::vector<Packet>> packets_;
};

struct Neighbor {
  enum class State : std::uint8_t {
    None,        // asked for, but nothing was sent to it or heard of it: no entry in the RFC's sense
    Incomplete,
    Reachable,   // `until` then: nothing happens, but the next packet finds it Stale
    Stale,
    Delay,
    Probe,
  };

  // What each packet needs is beside each other.
  Time until = Time::max();         // the end of Reachable, or when something is due in another state
  MacAddress mac;                   // valid from Reachable on
  State state = State::None;
  bool watched : 1 = false;         // a router in use though a better one, which does not answer, is there
  bool is_router : 1 = false;       // IsRouter
  bool permanent : 1 = false;       // given by hand: nothing that is heard changes it, and it is not evicted
  bool pinned : 1 = false;          // a default router's entry: not evicted
  std::uint8_t solicitations : 2 = 0;  // sent in the present state (Incomplete, Probe): three at most

 private:
  friend class NeighborCache;
  std::uint8_t filed_ : 2 = 0;      // NeighborCache::Class

 public:
  Ipv6Address address;
  WaitingPackets queue;             // for the link-layer address

  bool mac_known() const { return state >= State::Reachable; }
  bool reachable(Time now) const { return state == State::Reachable && now < until; }
  bool has_deadline() const { return state != State::Reachable && until != Time::max(); }
  void clear_deadline() { until = Time::max(); }
  // A packet for it may go, and nothing else is to be done: it was there of late, or that is being asked (RFC 4861 §7.3.3).
  bool ready(Time now) const { return (reachable(now) || state >= State::Delay) && !watched; }
};

// An entry given by hand.
struct StaticNeighbor {
  Ipv6Address address;
  MacAddress mac;
  bool is_router = false;
};

// Bounded: a quarter of the entries is for neighbours whose link-layer address is not known, the rest for the
// others, so that traffic to addresses that do not exist cannot drive out those that do. Among the latter the ones
// that were never confirmed reachable, or not of late, go first. Entries keep their place in memory.
class NeighborCache {
 public:
  // The caller keeps them, as they are the same for all interfaces of a node. `max_unresolved`: of the entries, those
  // without link-layer address; 0: a quarter.
  struct Bounds {
    explicit Bounds(std::size_t max_entries, std::size_t max_unresolved = 0);
    std::size_t unresolved, resolved;
  };

  // Where the bounds became narrower: the entries of this, until there is none, are to be removed.
  Neighbor* victim_of(const Bounds& bounds);
  Neighbor* find(const Ipv6Address& address) const;
  // The address has no entry, and victim_for_new() is null.
  Neighbor& add(const Ipv6Address& address);
  void remove(Neighbor& neighbor);
  std::size_t size() const { return tables_ != nullptr ? tables_->size() : 0; }

  // Files the entry by its present state, pin and deadline; call after each change of them.
  void refile(Neighbor& neighbor);
  // The entry that has to be removed before one is added, or before this one is refiled; null if there is room.
  Neighbor* victim_for_new(const Bounds& bounds);
  Neighbor* victim_for(const Neighbor& neighbor, const Bounds& bounds);

  std::optional<Time> next_deadline() const;
  // An entry whose deadline has come, or null. Its deadline is cleared.
  Neighbor* take_expired(Time now);

  // Every entry, in the order of their classes and of their last changes. The call may not add or remove entries.
  template <typename Call>
  void for_each(Call call) {
    if (tables_ == nullptr) return;
    for (const List& list : tables_->classes) {
      for (Entry* e = list.oldest; e != nullptr; e = list.after(*e)) call(*e);
    }
  }
  template <typename Call>
  void for_each(Call call) const {
    if (tables_ == nullptr) return;
    for (const List& list : tables_->classes) {
      for (const Entry* e = list.oldest; e != nullptr; e = list.after(*e)) call(*e);
    }
  }
  std::size_t heap_bytes() const;  // beyond the object itself

 private:
  enum Class : std::uint8_t { kUnresolved, kUnconfirmed, kConfirmed, kPinned, kClasses };
  static constexpr std::size_t kFew = 8;  // so many are looked through; more have an index

  struct Entry;
  using Deadlines = std::multimap<Time, Entry*>;  // equal times in the order of arming
  struct Entry : Neighbor, Pooled {
    Entry* older = nullptr;  // of the oldest: the newest, as a list is a ring
    Entry* newer = nullptr;
    Deadlines::iterator armed_at{};  // its place among the deadlines; null: it has none
    bool armed() const { return armed_at != Deadlines::iterator(); }
  };
  struct List {  // the least recently changed first
    Entry* oldest = nullptr;
    Entry* after(const Entry& entry) const { return entry.newer == oldest ? nullptr : entry.newer; }
    void append(Entry& entry);
    void take_out(Entry& entry);
  };
  // Made for the first neighbour, and gone with the last.
  struct Tables : Pooled {
    ~Tables();
    void file(Entry& entry, Class in);
    void take_out(Entry& entry);
    std::size_t size() const;
    std::array<List, kClasses> classes;
    std::array<std::uint32_t, kClasses> sizes{};
    std::unique_ptr<std::unordered_map<Ipv6Address, Entry*>> index;
    std::unique_ptr<Deadlines> deadlines;  // null: there are none
  };
  // Blocks of one size, and of that of what tests for duplicate addresses take at first (nd_dad.h): most interfaces have
  // tested their addresses before they have neighbours.
  static_assert(sizeof(Entry) == 64 && sizeof(Tables) == 64);

  static Class class_of(const Neighbor& neighbor);
  static Entry& entry_of(Neighbor& neighbor) { return static_cast<Entry&>(neighbor); }
  static const Entry& entry_of(const Neighbor& neighbor) { return static_cast<const Entry&>(neighbor); }
  std::size_t size_of(Class c) const { return tables_ != nullptr ? tables_->sizes[c] : 0; }
  Neighbor* least_wanted();
  void disarm(Entry& entry);

  std::unique_ptr<Tables> tables_;
};

}  // namespace kamesim
