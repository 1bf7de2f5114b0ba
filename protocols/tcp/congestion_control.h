// Congestion control as the sender sees it: a window, and how it answers to acknowledgments and losses. To add one,
// derive a class and name it in make_congestion_control.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "sim/time.h"

namespace kamesim {

class CongestionControl {
 public:
  virtual ~CongestionControl() = default;
  virtual std::string_view name() const = 0;

  std::uint64_t cwnd() const { return cwnd_; }          // octets
  std::uint64_t ssthresh() const { return ssthresh_; }
  bool in_slow_start() const { return cwnd_ < ssthresh_; }

  // Data may be sent from now on.
  void start(std::uint32_t mss, std::uint64_t initial_window) {
    mss_ = mss;
    cwnd_ = initial_window;
  }
  void set_mss(std::uint32_t mss) { mss_ = mss; }

  struct Acked {
    Time now;
    std::uint64_t octets;       // newly acknowledged
    Duration smoothed_rtt;
    std::uint64_t window_used;  // octets that were in flight before
  };
  // New data was acknowledged, outside of recovery, while the window was what limited the sender.
  void on_ack(const Acked& acked);
  // A loss was detected, or congestion signalled (RFC 3168): once a window. Sets the threshold; the window follows
  // when the sender has recovered.
  void on_congestion(Time now, std::uint64_t flight_size);
  // RFC 5681 §3.1: the retransmission timer ran out; `again`: for a segment that it had run out for before.
  void on_timeout(Time now, std::uint64_t flight_size, bool again);
  // RFC 5681 §4.1: nothing was sent for a retransmission timeout.
  void on_idle(std::uint64_t restart_window);
  // Before on_timeout(), and when the timeout turns out to have been spurious (RFC 5682): the window and the threshold of
  // then return, and what else was remembered.
  virtual void remember() {}
  void restore(std::uint64_t cwnd, std::uint64_t ssthresh) {
    cwnd_ = cwnd;
    ssthresh_ = ssthresh;
    after_timeout_ = false;
    recall();
  }
  // The window of this moment during recovery, and the end of it.
  void set_cwnd(std::uint64_t cwnd) { cwnd_ = cwnd; }

  // RFC 5681 §3.2 (6) leaves recovery at the first new acknowledgment; RFC 6582 stays on partial ones.
  virtual bool recovers_by_partial_acks() const { return true; }
  // Octets a second over which segments are spread; 0: they go as the window opens.
  virtual std::uint64_t pacing_rate(Duration smoothed_rtt) const {
    (void)smoothed_rtt;
    return 0;
  }

 protected:
  // Beyond slow start.
  virtual void avoid_congestion(const Acked& acked) = 0;
  // The window to go on with after a loss at `window` octets: the new threshold.
  virtual std::uint64_t reduced(Time now, std::uint64_t window) = 0;
  virtual void on_restart() {}
  virtual void recall() {}

  std::uint32_t mss() const { return mss_; }
  void grow(std::uint64_t octets) { cwnd_ += octets; }

 private:
  void set_threshold(Time now, std::uint64_t flight_size);

  std::uint32_t mss_ = 0;
  std::uint64_t cwnd_ = 0;
  std::uint64_t ssthresh_ = UINT64_MAX;  // RFC 5681 §3.1: arbitrarily high
  bool after_timeout_ = false;           // RFC 3465 §2.3: carefully until the threshold is reached
};

// "reno" (RFC 5681), "newreno" (with RFC 6582), "cubic" (RFC 9438). Throws std::invalid_argument, which lists them, for
// another name.
std::unique_ptr<CongestionControl> make_congestion_control(std::string_view name);
const std::vector<std::string_view>& congestion_controls();
bool is_congestion_control(std::string_view name);

}  // namespace kamesim
