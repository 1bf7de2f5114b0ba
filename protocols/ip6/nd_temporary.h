// Temporary addresses (RFC 8981): when one is made, until when it lives, and when its successor is due. A machine: it
// knows addresses by name only, and forms none.
#pragma once

#include <optional>
#include <vector>

#include "protocols/wire/ipv6_address.h"
#include "sim/random.h"
#include "sim/time.h"

namespace kamesim {

inline constexpr unsigned kTempIdgenRetries = 3;  // TEMP_IDGEN_RETRIES, RFC 8981 §3.8

struct TemporaryAddressTiming {
  Duration temp_valid_lifetime;      // TEMP_VALID_LIFETIME
  Duration temp_preferred_lifetime;  // TEMP_PREFERRED_LIFETIME
  Duration regen_advance;            // REGEN_ADVANCE

  // §3.8: 2 + (TEMP_IDGEN_RETRIES * DupAddrDetectTransmits * RetransTimer / 1000) seconds.
  static Duration regen_advance_of(unsigned dup_addr_detect_transmits, Duration retrans_timer) {
    return 2_s + static_cast<int>(kTempIdgenRetries * dup_addr_detect_transmits) * retrans_timer;
  }
};

class TemporaryAddresses {
 public:
  struct Lifetimes {
    Time preferred_until, valid_until;
  };
  // To be formed and tested now.
  struct New {
    Ipv6Address address;
    Lifetimes lifetimes;
  };

  static constexpr std::size_t kMaxPrefixes = 64;  // that it remembers; forged ones must not fill the memory

  explicit TemporaryAddresses(RandomStream random) : random_(random) {}

  // §3.4: the prefix was advertised, with lifetimes that end then. An address to make, if the prefix has none.
  std::optional<New> on_prefix(Time now, const TemporaryAddressTiming& timing, const Ipv6Prefix& prefix,
                               const Lifetimes& advertised);
  // §3.4 steps 1 and 2: what the lifetimes of an address become; `wanted` is what RFC 4862 would make of them.
  Lifetimes bounded(const Ipv6Address& address, const TemporaryAddressTiming& timing, const Lifetimes& wanted) const;

  // §3.4 step 7: the address was found to be a duplicate. Another one, unless it was the last attempt: then the
  // prefix gets none as long as the host is attached to the link.
  struct Retry {
    std::optional<New> next;
    bool gave_up = false;
  };
  Retry on_duplicate(Time now, const TemporaryAddressTiming& timing, const Ipv6Address& address);
  // The test of the address is over: it may be used.
  void on_unique(const Ipv6Address& address);
  // §3.5: the successor of the address, which will be deprecated at `preferred_until`, is due.
  std::optional<New> on_timeout(Time now, const TemporaryAddressTiming& timing);
  // Its preferred lifetime ends at another time now.
  void set_preferred_until(const Ipv6Address& address, Time preferred_until);
  std::optional<Time> next_timeout(const TemporaryAddressTiming& timing) const;

  void on_removed(const Ipv6Address& address);
  // §3.6: another link. All is forgotten.
  void clear();
  // The prefix is not of this link any more.
  void forget(const Ipv6Prefix& prefix);

 private:
  struct Prefix {
    Ipv6Prefix prefix;
    Lifetimes advertised;
    unsigned failures = 0;  // duplicates, one after the other
    bool given_up = false;
  };
  struct Address {
    Ipv6Address address;
    Ipv6Prefix prefix;
    Time created;                 // CREATION_TIME
    Duration desync_factor;       // DESYNC_FACTOR
    Time preferred_until;
    bool has_successor = false;
    bool starved = false;         // it has none because the prefix did not live long enough
  };
  std::optional<New> generate(Time now, const TemporaryAddressTiming& timing, const Prefix& prefix);
  Prefix* find(const Ipv6Prefix& prefix);
  const Address* find(const Ipv6Address& address) const;

  RandomStream random_;
  std::vector<Prefix> prefixes_;
  std::vector<Address> addresses_;
};

}  // namespace kamesim
