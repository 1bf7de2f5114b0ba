// The limit on ICMPv6 errors that a node originates (RFC 4443 §2.4 f): a token bucket, in integers, so that it is
// exact. Its level is kept as the time that it took to fill it.
#pragma once

#include <algorithm>

#include "sim/time.h"

namespace kamesim {

class Icmp6RateLimit {
 public:
  // rate: tokens a second; burst: the bucket's depth, full at first.
  bool take(Time now, double rate, std::int64_t burst) {
    const Duration token = Duration::from_seconds(1.0 / rate);
    level_ = started_ ? std::min(token * burst, level_ + (now - filled_at_)) : token * burst;
    started_ = true;
    filled_at_ = now;
    if (level_ < token) return false;
    level_ -= token;
    return true;
  }

 private:
  Duration level_;
  Time filled_at_;
  bool started_ = false;
};

}  // namespace kamesim
