// The Binding Cache (RFC 6275 §9.1) of a home agent and correspondent node: one table, at most one entry for a home
// address. Lookups take constant time and allocate nothing.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include "protocols/mip6/messages.h"
#include "protocols/wire/ipv6_address.h"
#include "sim/time.h"

namespace kamesim {

enum class RegistrationType : std::uint8_t { Correspondent, Home };

struct BindingCacheEntry {  // RFC 6275 §9.1
  Ipv6Address home_address;
  Ipv6Address care_of;
  RegistrationType type = RegistrationType::Correspondent;
  SeqNum16 sequence{0};      // of the last valid Binding Update
  Time updated_at;           // when that was accepted
  Time expires;
  Time last_used;            // by a packet, as far as known, or updated_at
  bool valid = true;         // §10.3.2: an invalid entry only remembers the sequence number
  bool link_local = false;   // L, home registrations: the derived link-local address is defended too
  bool on_home_link = true;  // home registrations: false where RFC 3963 §6.2 relaxes that
  bool mobile_router = false;            // R, RFC 3963 §6.1.1
  std::vector<Ipv6Prefix> networks{};    // its Mobile Network Prefixes (RFC 3963 §6.1.1)
  NonceIndices nonces;       // correspondents: what authorized it
  Time deadline;             // when its owner has something to do with it: no later than `expires`
  // §9.3.4, correspondents: ICMP errors in a row, and when the last of them was counted.
  int unreachable_errors = 0;
  Time unreachable_at;
};

class BindingCache {
 public:
  struct Limits {
    std::size_t home_registrations = 1024;
    std::size_t correspondents = 1024;
  };

  BindingCache() = default;
  explicit BindingCache(const Limits& limits) : limits_{limits.correspondents, limits.home_registrations} {}

  // The binding of this home address, or null if there is none or it has expired or is invalid.
  const BindingCacheEntry* lookup(Time now, const Ipv6Address& home_address) const;
  // Whether packets to this care-of address would come back to the home address by the bindings that there are.
  bool leads_back(Time now, const Ipv6Address& home_address, const Ipv6Address& care_of) const;
  void mark_used(Time when, const Ipv6Address& home_address);

  // The entry, valid or not, or null. Pointers last until its next put() or erase().
  const BindingCacheEntry* find(const Ipv6Address& home_address) const;
  std::size_t room(RegistrationType type) const { return limits_[index(type)] - deadlines(type).size(); }
  // Adds or replaces. A new entry needs room().
  void put(const BindingCacheEntry& entry);
  void erase(const Ipv6Address& home_address);

  // The entry of this type whose deadline comes first; that unused for longest (§9.6); null if there is none.
  const BindingCacheEntry* first_due(RegistrationType type) const;
  const BindingCacheEntry* least_recently_used(RegistrationType type) const;  // linear time

  std::vector<Ipv6Address> home_addresses(RegistrationType type) const;  // by deadline
  std::size_t size() const { return entries_.size(); }

 private:
  using Deadlines = std::set<std::pair<Time, Ipv6Address>>;

  static constexpr std::size_t index(RegistrationType type) { return static_cast<std::size_t>(type); }
  const Deadlines& deadlines(RegistrationType type) const { return deadlines_[index(type)]; }
  Deadlines& deadlines(RegistrationType type) { return deadlines_[index(type)]; }

  std::array<std::size_t, 2> limits_{1024, 1024};
  std::unordered_map<Ipv6Address, BindingCacheEntry> entries_;
  std::array<Deadlines, 2> deadlines_;
};

}  // namespace kamesim
