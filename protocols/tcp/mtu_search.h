// Packetization Layer Path MTU Discovery (RFC 4821 §7): the search for the largest segment that the path takes, without
// the help of ICMPv6. A machine: it says what size to try next, and is told what became of it. Sizes are MSSs: octets of
// data and options behind the fixed headers.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "sim/time.h"

namespace kamesim {

// RFC 4821 §7.6.1: the search is over when "the range is small"; what is left out is 1 % of a packet of 1500 octets.
inline constexpr std::uint32_t kMtuSearchPrecision = 16;
// RFC 4821 §7.3, RFC 8201 §4: a larger size is looked for again, at most so often.
inline constexpr Duration kMtuSearchAgain = 600_s;
// RFC 4821 §7.6.3: how many retransmission timeouts the next probe waits for after one was lost.
inline constexpr int kMtuProbePause = 5;

class MtuSearch {
 public:
  bool active() const { return low_ != 0; }
  // search_low: what is sent with at present.
  std::uint32_t size() const { return low_; }

  // The path takes `low`, and cannot take more than `high`.
  void start(std::uint32_t low, std::uint32_t high) {
    low_ = std::min(low, high);
    high_ = limit_ = high;
    next_at_ = Time();
  }
  // Somebody said that the path takes no more than that.
  void limit(std::uint32_t high) {
    limit_ = high;
    high_ = std::min(high_, high);
    low_ = std::min(low_, high);
  }
  // What to try now; empty: nothing.
  std::optional<std::uint32_t> next_probe(Time now) {
    if (!active() || now < next_at_) return std::nullopt;
    if (over()) {
      if (low_ == limit_) return std::nullopt;
      high_ = limit_;
    }
    // §7.6.1: the limit itself first, which most paths take.
    return high_ == limit_ && !limit_failed_ ? limit_ : (low_ + high_ + 1) / 2;
  }
  void on_delivered(std::uint32_t size, Time now) {
    low_ = std::clamp(size, low_, high_);
    if (over()) search_again_later(now);
  }
  // `rto`: the retransmission timeout.
  void on_lost(std::uint32_t size, Time now, Duration rto) {
    limit_failed_ = limit_failed_ || size == limit_;
    high_ = std::max(low_, std::min(high_, size - 1));
    next_at_ = now + rto * kMtuProbePause;
    if (over()) search_again_later(now);
  }

 private:
  bool over() const { return high_ - low_ < kMtuSearchPrecision; }
  void search_again_later(Time now) {
    next_at_ = now + kMtuSearchAgain;
    limit_failed_ = false;
  }

  std::uint32_t low_ = 0, high_ = 0;  // search_low, search_high; low_ 0: there is no search
  std::uint32_t limit_ = 0;           // what high_ begins with
  bool limit_failed_ = false;
  Time next_at_;
};

}  // namespace kamesim
