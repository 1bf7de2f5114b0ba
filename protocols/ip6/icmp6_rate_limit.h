// The limit on ICMPv6 errors that a node originates (RFC 4443 §2.4 f): a token bucket, in integers, so that it is
// exact. Its level is kept as the time that it took to fill it.
#pragma once

#include <algorithm>
#include <vector>

#include "protocols/wire/ipv6_address.h"
#include "sim/time.h"

namespace kamesim {

class Icmp6RateLimit {
 public:
  // rate: tokens a second, none if it is 0; burst: the bucket's depth, full at first.
  bool take(Time now, double rate, std::int64_t burst) {
    if (rate <= 0) return false;
    const Duration token = Duration::from_seconds(1.0 / rate);
    level_ = started_ ? std::min(token * burst, level_ + (now - filled_at_)) : token * burst;
    started_ = true;
    filled_at_ = now;
    if (level_ < token) return false;
    level_ -= token;
    return true;
  }
  Time last_asked() const { return filled_at_; }

 private:
  Duration level_;
  Time filled_at_;
  bool started_ = false;
};

// A bucket for each destination. The one that was not asked for longest makes room, so a flood from many sources has
// buckets only in as far as the node's own limit (of all destinations together) does not stop it.
class Icmp6RateLimitByDestination {
 public:
  static constexpr std::size_t kMaxDestinations = 128;

  bool take(const Ipv6Address& destination, Time now, double rate, std::int64_t burst) {
    auto it = std::ranges::find(buckets_, destination, &Bucket::destination);
    if (it == buckets_.end()) {
      if (buckets_.size() < kMaxDestinations) {
        it = buckets_.insert(it, {destination, {}});
      } else {
        it = std::ranges::min_element(buckets_, {}, [](const Bucket& b) { return b.limit.last_asked(); });
        *it = {destination, {}};
      }
    }
    return it->limit.take(now, rate, burst);
  }

 private:
  struct Bucket {
    Ipv6Address destination;
    Icmp6RateLimit limit;
  };
  std::vector<Bucket> buckets_;
};

}  // namespace kamesim
