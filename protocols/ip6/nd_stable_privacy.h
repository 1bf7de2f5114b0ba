// The stable opaque interface identifiers of one interface (RFC 7217), and the next ones after duplicates (§6).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "protocols/ip6/nd_interface_id.h"
#include "protocols/wire/ipv6_address.h"
#include "sim/random.h"
#include "sim/time.h"

namespace kamesim {

class StablePrivacy {
 public:
  // An address to be formed anew, with the lifetimes of the one that was a duplicate.
  struct Retry {
    Ipv6Prefix prefix;
    Time preferred_until, valid_until;
    Time at;
  };

  StablePrivacy(const SecretKey& secret_key, std::string net_iface, RandomStream random)
      : secret_key_(secret_key), net_iface_(std::move(net_iface)), random_(random) {}

  // The identifier for the prefix, by its present DAD_Counter. A reserved one counts as a duplicate (§5, step 2).
  InterfaceId identifier(const Ipv6Prefix& prefix);
  // §6: after a random delay of up to IDGEN_DELAY, IDGEN_RETRIES times. False: no other is tried, and none of another
  // kind either.
  bool on_duplicate(Time now, Retry what);
  std::optional<Retry> take_due(Time now);
  std::optional<Time> next_timeout() const;
  void on_new_link();  // what was a duplicate there may be free here

 private:
  struct Counter {
    Ipv6Prefix prefix;
    std::uint8_t dad_counter = 0;
  };
  Counter& counter(const Ipv6Prefix& prefix);

  SecretKey secret_key_;
  std::string net_iface_;
  RandomStream random_;
  std::vector<Counter> counters_;  // of prefixes with duplicates
  std::vector<Retry> retries_;
};

}  // namespace kamesim
