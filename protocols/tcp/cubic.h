// CUBIC (RFC 9438): the window is a cubic function of the time since the last congestion event. All in integers, so that
// every build computes the same window.
#pragma once

#include <optional>

#include "protocols/tcp/congestion_control.h"

namespace kamesim {

class Cubic final : public CongestionControl {
 public:
  static constexpr std::string_view kName = "cubic";
  std::string_view name() const override { return kName; }
  void remember() override { remembered_ = state_; }

 protected:
  void avoid_congestion(const Acked& acked) override;
  std::uint64_t reduced(Time now, std::uint64_t flight_size) override;
  void on_restart() override { state_.epoch_start.reset(); }
  void recall() override { state_ = remembered_; }

 private:
  void start_epoch(Time now);
  std::uint64_t w_cubic(Duration t) const;  // octets
  void grow_reno_estimate(std::uint64_t acked);

  struct State {
    std::uint64_t w_max = 0;       // octets
    std::uint64_t cwnd_prior = 0;  // octets: before the last reduction
    std::optional<Time> epoch_start;
    Duration k;
    std::uint64_t w_est = 0;       // octets
    std::uint64_t est_fraction = 0, cwnd_fraction = 0;  // numerators of what did not make a whole octet
  };
  State state_, remembered_;  // RFC 9438 §4.9.1
};

// The largest integer whose cube is not above `value`.
std::uint64_t integer_cube_root(unsigned __int128 value);

}  // namespace kamesim
