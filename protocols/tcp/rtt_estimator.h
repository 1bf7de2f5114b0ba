// The retransmission timeout from round-trip times (RFC 6298).
#pragma once

#include <algorithm>

#include "sim/time.h"

namespace kamesim {

struct RttEstimatorConfig {
  Duration initial_rto = 1_s;   // RFC 6298 §2.1
  Duration min_rto = 1_s;       // §2.4 (SHOULD); Linux has 200 ms
  Duration max_rto = 60_s;      // §2.5: at least 60 seconds
  Duration clock_granularity = 1_ms;  // G; of RFC 7323's timestamps
};

class RttEstimator {
 public:
  explicit RttEstimator(const RttEstimatorConfig& config = {}) : config_(config), rto_(config.initial_rto) {}

  // Of a segment that was sent once (§3, Karn's algorithm).
  void add(Duration rtt) {
    min_rtt_ = measured_ ? std::min(min_rtt_, rtt) : rtt;
    if (!measured_) {  // §2.2
      srtt_ = rtt;
      rttvar_ = rtt / 2;
    } else {  // §2.3, in this order
      const Duration error = srtt_ > rtt ? srtt_ - rtt : rtt - srtt_;
      rttvar_ = (3 * rttvar_ + error) / 4;
      srtt_ = (7 * srtt_ + rtt) / 8;
    }
    measured_ = true;
    set(srtt_ + std::max(config_.clock_granularity, 4 * rttvar_));
  }
  void back_off() { set(2 * rto_); }  // §5.5
  // §5.5's back-off ends with a new measurement, or, where Karn's algorithm allows none, with an acknowledgment.
  void forgive() {
    if (measured_) set(srtt_ + std::max(config_.clock_granularity, 4 * rttvar_));
  }
  // §5.7: data is sent, and the SYN had timed out.
  void distrust_after_syn() { set(std::max(rto_, Duration(3_s))); }

  bool measured() const { return measured_; }
  Duration srtt() const { return srtt_; }
  Duration rttvar() const { return rttvar_; }
  Duration min_rtt() const { return min_rtt_; }
  Duration rto() const { return rto_; }

 private:
  void set(Duration rto) { rto_ = std::clamp(rto, config_.min_rto, std::max(config_.min_rto, config_.max_rto)); }

  RttEstimatorConfig config_;
  bool measured_ = false;
  Duration srtt_, rttvar_, min_rtt_;
  Duration rto_;
};

}  // namespace kamesim
