// Limits on how often messages are sent.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>

#include "protocols/mip6/constants.h"
#include "sim/time.h"

namespace kamesim {

// RFC 6275 §11.8: messages of one type to one node, at most MAX_UPDATE_RATE times within a second.
class UpdateRateLimit {
 public:
  // The earliest instant from `now` on at which a message may be sent.
  Time allowed_at(Time now) const {
    return sent_ < kMaxUpdateRate ? now : std::max(now, sent_at_[oldest()] + 1_s);
  }
  void record(Time now) {
    sent_at_[oldest()] = now;
    ++sent_;
  }

 private:
  std::size_t oldest() const { return static_cast<std::size_t>(sent_ % kMaxUpdateRate); }

  std::array<Time, kMaxUpdateRate> sent_at_{};
  std::int64_t sent_ = 0;
};

// RFC 4443 §2.4 f, which RFC 6275 §9.3.3 asks for with Binding Errors: a token bucket.
class TokenBucket {
 public:
  TokenBucket(Duration interval, int depth) : interval_(interval), depth_(depth), tokens_(depth) {}

  // Whether a message may go now; counts it if so.
  bool take(Time now) {
    const std::int64_t gained = (now - filled_at_) / interval_;
    tokens_ = std::min<std::int64_t>(depth_, tokens_ + gained);
    filled_at_ += interval_ * gained;
    if (tokens_ == 0) return false;
    --tokens_;
    return true;
  }

 private:
  Duration interval_;
  std::int64_t depth_;
  std::int64_t tokens_;
  Time filled_at_;
};

}  // namespace kamesim
