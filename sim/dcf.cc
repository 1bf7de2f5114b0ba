#include "sim/dcf.h"

#include <algorithm>
#include <cmath>

#include "sim/pipe.h"

namespace kamesim {

namespace {

// The signal-to-noise ratio at which 10 % of 1000-octet frames fail: erfc(sqrt(x)) / 2 = 1 - 0.9^(1/8000).
constexpr double kSnrAtSensitivity = 8.8326;

Duration backoff(unsigned attempt, RandomStream& random) {
  const std::uint64_t window = std::min(((Dcf::kMinWindow + 1) << std::min(attempt, 10u)) - 1, Dcf::kMaxWindow);
  return static_cast<std::int64_t>(random.below(window + 1)) * Dcf::kSlot;
}

Duration airtime(std::size_t octets, std::uint64_t rate_bps) {
  return Dcf::kPreamble + transmission_time(octets + Dcf::kExtraOctets, rate_bps);
}

}  // namespace

Dcf::Sent Dcf::send(std::size_t octets, std::uint64_t rate_bps, double error, RandomStream& random) const {
  Sent sent{Duration(), 0, false};
  while (!sent.delivered && sent.attempts < retry_limit) {
    // What an acknowledgment that does not come is waited for takes as long as one that comes.
    sent.time += kDifs + backoff(sent.attempts, random) + airtime(octets, rate_bps) + kSifs + kAck;
    sent.delivered = !random.chance(error);
    ++sent.attempts;
  }
  return sent;
}

Duration Dcf::send_group_frame(std::size_t octets, std::uint64_t rate_bps, RandomStream& random) {
  return kDifs + backoff(0, random) + airtime(octets, rate_bps);
}

double Dcf::error_probability(double margin_db, std::size_t octets) {
  const double snr = kSnrAtSensitivity * std::pow(10, margin_db / 10);
  const double bit_error = std::erfc(std::sqrt(snr)) / 2;
  return -std::expm1(8.0 * static_cast<double>(octets) * std::log1p(-bit_error));
}

}  // namespace kamesim
