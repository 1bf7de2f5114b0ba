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

 protected:
  void avoid_congestion(const Acked& acked) override;
  std::uint64_t reduced(Time now, std::uint64_t flight_size) override;
  void on_restart() override { epoch_start_.reset(); }

 private:
  void start_epoch(Time now);
  std::uint64_t w_cubic(Duration t) const;  // octets
  void grow_reno_estimate(std::uint64_t acked);

  std::uint64_t w_max_ = 0;        // octets
  std::uint64_t cwnd_prior_ = 0;   // octets: before the last reduction
  std::optional<Time> epoch_start_;
  Duration k_;
  std::uint64_t w_est_ = 0;        // octets
  std::uint64_t est_fraction_ = 0, cwnd_fraction_ = 0;  // numerators of what did not make a whole octet
};

// The largest integer whose cube is not above `value`.
std::uint64_t integer_cube_root(unsigned __int128 value);

}  // namespace kamesim
