#include "protocols/tcp/congestion_control.h"

#include <algorithm>
#include <stdexcept>
#include <string>

#include "protocols/tcp/cubic.h"
#include "protocols/tcp/reno.h"

namespace kamesim {

void CongestionControl::on_ack(const Acked& acked) {
  if (!in_slow_start()) return avoid_congestion(acked);
  // RFC 5681 §3.1 (2), RFC 3465 §2.2, §2.3: up to two segments for an acknowledgment that covers two, but one while
  // recovering from a timeout.
  const std::uint64_t limit = std::uint64_t{mss_} * (after_timeout_ ? 1 : 2);
  cwnd_ = std::min(cwnd_ + std::min(acked.octets, limit), std::max(ssthresh_, cwnd_ + 1));
  if (!in_slow_start()) after_timeout_ = false;
}

void CongestionControl::set_threshold(Time now, std::uint64_t flight_size) {
  ssthresh_ = std::max(reduced(now, flight_size), 2 * std::uint64_t{mss_});  // RFC 5681 §3.1 (4)
}

void CongestionControl::on_congestion(Time now, std::uint64_t flight_size) {
  after_timeout_ = false;
  set_threshold(now, flight_size);
}

void CongestionControl::on_timeout(Time now, std::uint64_t flight_size, bool again) {
  if (!again) set_threshold(now, flight_size);  // RFC 5681 §3.1: held constant for the same segment
  cwnd_ = mss_;                                 // the loss window
  after_timeout_ = true;
}

void CongestionControl::on_idle(std::uint64_t restart_window) {
  cwnd_ = std::min(cwnd_, restart_window);
  on_restart();
}

namespace {
template <typename C>
std::unique_ptr<CongestionControl> make() {
  return std::make_unique<C>();
}
struct Entry {
  std::string_view name;
  std::unique_ptr<CongestionControl> (*make)();
};
constexpr Entry kControls[] = {{Cubic::kName, &make<Cubic>}, {NewReno::kName, &make<NewReno>}, {Reno::kName, &make<Reno>}};
}  // namespace

std::unique_ptr<CongestionControl> make_congestion_control(std::string_view name) {
  for (const Entry& entry : kControls) {
    if (entry.name == name) return entry.make();
  }
  std::string known;
  for (const Entry& entry : kControls) known += (known.empty() ? "" : ", ") + std::string(entry.name);
  throw std::invalid_argument("there is no congestion control '" + std::string(name) + "'; there are " + known);
}

bool is_congestion_control(std::string_view name) {
  return std::ranges::any_of(kControls, [&](const Entry& entry) { return entry.name == name; });
}

const std::vector<std::string_view>& congestion_controls() {
  static const std::vector<std::string_view> names = [] {
    std::vector<std::string_view> all;
    for (const Entry& entry : kControls) all.push_back(entry.name);
    return all;
  }();
  return names;
}

}  // namespace kamesim
