#include "protocols/tcp/cubic.h"

#include <algorithm>

namespace kamesim {

namespace {

__extension__ typedef __int128 Int128;
__extension__ typedef unsigned __int128 Uint128;

// RFC 9438 §4.6, §4.2 and §5: beta_cubic = 0.7, C = 0.4; §4.3: alpha_cubic = 3 * (1 - beta) / (1 + beta) = 9 / 17.
constexpr std::uint64_t kBetaTenths = 7;
constexpr std::uint64_t kCTenths = 4;
constexpr std::uint64_t kAlphaNumerator = 9, kAlphaDenominator = 17;
constexpr std::uint64_t kMicrosecondsCubed = 1'000'000'000'000'000'000;  // of a second

std::int64_t microseconds(Duration d) { return d.ns() / 1000; }

}  // namespace

std::uint64_t integer_cube_root(unsigned __int128 value) {
  std::uint64_t root = 0;
  for (int bit = 41; bit >= 0; --bit) {  // 2^126 is more than any value here
    const std::uint64_t tried = root | std::uint64_t{1} << bit;
    if (Uint128{tried} * tried * tried <= value) root = tried;
  }
  return root;
}

void Cubic::start_epoch(Time now) {
  epoch_start_ = now;
  w_est_ = cwnd();  // §4.3: cwnd_epoch
  est_fraction_ = cwnd_fraction_ = 0;
  k_ = Duration();
  if (w_max_ <= cwnd()) {
    w_max_ = cwnd();  // §4.8, §4.10: nothing to return to
    return;
  }
  // §4.2, figure 2: K = cbrt((W_max - cwnd_epoch) / C), in seconds and segments.
  const Uint128 cubed = Uint128{w_max_ - cwnd()} * 10 * kMicrosecondsCubed / (kCTenths * mss());
  k_ = Duration::microseconds(static_cast<std::int64_t>(integer_cube_root(cubed)));
}

// §4.2, figure 1: W_cubic(t) = C * (t - K)^3 + W_max.
std::uint64_t Cubic::w_cubic(Duration t) const {
  const Int128 distance = microseconds(t - k_);
  const Int128 growth = distance * distance * distance * static_cast<Int128>(kCTenths * mss()) / 10 /
                        static_cast<Int128>(kMicrosecondsCubed);
  const Int128 window = static_cast<Int128>(w_max_) + growth;
  return window > 0 ? static_cast<std::uint64_t>(std::min<Int128>(window, Int128{1} << 40)) : 0;
}

// §4.3, figure 4: W_est = W_est + alpha_cubic * segments_acked / cwnd.
void Cubic::grow_reno_estimate(std::uint64_t acked) {
  const bool as_before = w_est_ >= cwnd_prior_;  // then alpha_cubic is 1
  const std::uint64_t denominator = cwnd() * kAlphaDenominator;
  est_fraction_ += acked * mss() * (as_before ? kAlphaDenominator : kAlphaNumerator);
  w_est_ += est_fraction_ / denominator;
  est_fraction_ %= denominator;
}

void Cubic::avoid_congestion(const Acked& acked) {
  if (!epoch_start_) start_epoch(acked.now);
  const Duration t = acked.now - *epoch_start_;
  grow_reno_estimate(acked.octets);
  if (w_cubic(t) < w_est_) {  // §4.3: the Reno-friendly region
    if (w_est_ > cwnd()) grow(w_est_ - cwnd());
    return;
  }
  // §4.4, §4.5: by (target - cwnd) / cwnd for each segment acknowledged.
  const std::uint64_t target = std::clamp(w_cubic(t + acked.smoothed_rtt), cwnd(), cwnd() + cwnd() / 2);
  cwnd_fraction_ += (target - cwnd()) * acked.octets;
  const std::uint64_t growth = cwnd_fraction_ / cwnd();
  cwnd_fraction_ %= cwnd();
  grow(growth);
}

std::uint64_t Cubic::reduced(Time, std::uint64_t flight_size) {
  const std::uint64_t window = std::min(cwnd(), flight_size);
  epoch_start_.reset();
  cwnd_prior_ = window;
  // §4.7, fast convergence: a flow that lost before it was back at its last maximum makes room for others.
  w_max_ = window < w_max_ ? window * (10 + kBetaTenths) / 20 : window;
  return window * kBetaTenths / 10;
}

}  // namespace kamesim
