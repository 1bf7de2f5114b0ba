// What a correspondent remembers of bindings it no longer has, against replays (RFC 6275 §5.2.8, §9.5.3): the
// sequence number, the nonces and the addresses, while both nonces can still authorize an update.
#pragma once

#include <cstddef>
#include <optional>
#include <unordered_map>

#include "protocols/mip6/binding_cache.h"
#include "protocols/mip6/messages.h"
#include "protocols/wire/ipv6_address.h"
#include "sim/time.h"

namespace kamesim {

class RetiredBindings {
 public:
  explicit RetiredBindings(std::size_t capacity) : capacity_(capacity) {}

  // False: full of what still must be remembered.
  [[nodiscard]] bool add(Time now, const BindingCacheEntry& entry, Time until);
  std::optional<SeqNum16> last_sequence(Time now, const Ipv6Address& home_address) const;
  void set_sequence(const Ipv6Address& home_address, SeqNum16 sequence);
  // §9.5.3: "the same nonces are not used again with the particular home and care-of address".
  bool bars(Time now, const Ipv6Address& home_address, const Ipv6Address& care_of, const NonceIndices& nonces) const;
  void erase(const Ipv6Address& home_address) { retired_.erase(home_address); }
  void clear() { retired_.clear(); }
  std::size_t size() const { return retired_.size(); }

 private:
  struct Retired {
    Ipv6Address care_of;
    NonceIndices nonces;
    SeqNum16 sequence;
    Time until;
  };
  const Retired* find(Time now, const Ipv6Address& home_address) const;

  std::size_t capacity_;
  std::unordered_map<Ipv6Address, Retired> retired_;
};

}  // namespace kamesim
