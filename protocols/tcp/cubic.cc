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
  state_.epoch_start = now;
  state_.w_est = cwnd();  // §4.3: cwnd_epoch
  state_.est_fraction = state_.cwnd_fraction = 0;
  state_.k = Duration();
  if (state_.w_max <= cwnd()) {
    state_.w_max = cwnd();  // §4.8, §4.10: nothing to return to
    return;
  }
  // §4.2, figure 2: K = cbrt((W_max - cwnd_epoch) / C), in seconds and segments.
  const Uint128 cubed = Uint128{state_.w_max - cwnd()} * 10 * kMicrosecondsCubed / (kCTenths * mss());
  state_.k = Duration::microseconds(static_cast<std::int64_t>(integer_cube_root(cubed)));
}

// §4.2, figure 1: W_cubic(t) = C * (t - K)^3 + W_max.
std::uint64_t Cubic::w_cubic(Duration t) const {
  const Int128 distance = microseconds(t - state_.k);
  const Int128 growth = distance * distance * distance * static_cast<Int128>(kCTenths * mss()) / 10 /
                        static_cast<Int128>(kMicrosecondsCubed);
  const Int128 window = static_cast<Int128>(state_.w_max) + growth;
  return window > 0 ? static_cast<std::uint64_t>(std::min<Int128>(window, Int128{1} << 40)) : 0;
}

// §4.3, figure 4: W_est = W_est + alpha_cubic * segments_acked / cwnd.
void Cubic::grow_reno_estimate(std::uint64_t acked) {
  const bool as_before = state_.w_est >= state_.cwnd_prior;  // then alpha_cubic is 1
  const std::uint64_t denominator = cwnd() * kAlphaDenominator;
  state_.est_fraction += acked * mss() * (as_before ? kAlphaDenominator : kAlphaNumerator);
  state_.w_est += state_.est_fraction / denominator;
  state_.est_fraction %= denominator;
}

void Cubic::avoid_congestion(const Acked& acked) {
  if (!state_.epoch_start) start_epoch(acked.now);
  const Duration t = acked.now - *state_.epoch_start;
  grow_reno_estimate(acked.octets);
  if (w_cubic(t) < state_.w_est) {  // §4.3: the Reno-friendly region
    if (state_.w_est > cwnd()) grow(state_.w_est - cwnd());
    return;
  }
  // §4.4, §4.5: by (target - cwnd) / cwnd for each segment acknowledged.
  const std::uint64_t target = std::clamp(w_cubic(t + acked.smoothed_rtt), cwnd(), cwnd() + cwnd() / 2);
  state_.cwnd_fraction += (target - cwnd()) * acked.octets;
  const std::uint64_t growth = state_.cwnd_fraction / cwnd();
  state_.cwnd_fraction %= cwnd();
  grow(growth);
}

std::uint64_t Cubic::reduced(Time, std::uint64_t flight_size) {
  const std::uint64_t window = std::min(cwnd(), flight_size);
  state_.epoch_start.reset();
  state_.cwnd_prior = window;
  // §4.7, fast convergence: a flow that lost before it was back at its last maximum makes room for others.
  state_.w_max = window < state_.w_max ? window * (10 + kBetaTenths) / 20 : window;
  return window * kBetaTenths / 10;
}

}  // namespace kamesim
