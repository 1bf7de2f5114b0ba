// When packets that a new access router has buffered are sent on (RFC 5568 §5.4): five one after another, all others
// at the rate at which packets entered the buffer.
#pragma once

#include <cstddef>
#include <optional>

#include "protocols/fmip6/constants.h"
#include "sim/time.h"

namespace kamesim {

class ReleaseSchedule {
 public:
  void on_arrival(Time now) {
    if (!first_arrival_) first_arrival_ = now;
    last_arrival_ = now;
    ++arrivals_;
  }
  void start(Time now) {
    burst_left_ = kMostBackToBack;
    next_ = now;
  }
  bool started() const { return next_.has_value(); }
  // Whether one more may be sent now; if so, it is.
  bool take(Time now) {
    if (!next_ || now < *next_) return false;
    if (burst_left_ > 0) --burst_left_;
    next_ = burst_left_ > 0 ? now : now + interval();
    return true;
  }
  std::optional<Time> next() const { return next_; }
  // Between two packets, as they came. Deviation: twice the rate, so that the buffer, which packets still enter while it
  // is emptied, ends some time.
  Duration interval() const {
    if (arrivals_ < 2) return {};
    return (*last_arrival_ - *first_arrival_) / static_cast<std::int64_t>(2 * (arrivals_ - 1));
  }

 private:
  std::optional<Time> first_arrival_, last_arrival_;
  std::size_t arrivals_ = 0;
  std::size_t burst_left_ = 0;
  std::optional<Time> next_;
};

}  // namespace kamesim
