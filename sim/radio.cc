#include "sim/radio.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "sim/cell.h"
#include "sim/nic.h"
#include "sim/node.h"
#include "sim/simulation.h"

namespace kamesim {

namespace {

std::string seconds(Duration d) { return std::to_string(d.to_seconds()) + " s"; }

std::string describe(const Nic& nic) { return "station '" + nic.node().name() + ":" + nic.name() + "'"; }

}  // namespace

Cell* RadioEnvironment::strongest(Position at) const {
  Cell* best = nullptr;
  double best_dbm = 0;
  for (Cell* cell : cells_) {
    const double dbm = cell->signal_dbm(at);
    if (dbm < cell->config().sensitivity_dbm || (best != nullptr && dbm <= best_dbm)) continue;
    best = cell;
    best_dbm = dbm;
  }
  return best;
}

void WirelessStationConfig::validate(const std::string& owner) const {
  auto fail = [&](const std::string& what) { throw SimulationError(owner + ": " + what); };
  if (beacon_interval <= Duration()) fail("beacon_interval is " + seconds(beacon_interval) + "; it must be above 0");
  if (!(hysteresis_db >= 0 && std::isfinite(hysteresis_db))) {
    fail("hysteresis_db is " + std::to_string(hysteresis_db) + "; it must be 0 or more");
  }
  if (handoff_delay_min < Duration()) {
    fail("handoff_delay_min is " + seconds(handoff_delay_min) + "; it must not be negative");
  }
  if (handoff_delay_max < handoff_delay_min) {
    fail("handoff_delay_max is " + seconds(handoff_delay_max) + "; it must not be below handoff_delay_min, " +
         seconds(handoff_delay_min));
  }
  if (handoff_delay_scale < Duration()) {
    fail("handoff_delay_scale is " + seconds(handoff_delay_scale) + "; it must not be negative");
  }
  if (!(handoff_delay_sigma >= 0 && std::isfinite(handoff_delay_sigma))) {
    fail("handoff_delay_sigma is " + std::to_string(handoff_delay_sigma) + "; it must be 0 or more");
  }
  if (!scan) return;
  if (scan->channels < 1) fail("scan.channels is 0; there is one at least");
  if (scan->min_channel_time < Duration() || scan->switch_time < Duration()) fail("a time of scan is negative");
  if (scan->max_channel_time < scan->min_channel_time) {
    fail("scan.max_channel_time is " + seconds(scan->max_channel_time) + "; it must not be below min_channel_time, " +
         seconds(scan->min_channel_time));
  }
}

WirelessStation::WirelessStation(Nic& nic, const RadioEnvironment& radio, const WirelessStationConfig& config)
    : nic_(nic),
      node_(nic.node()),
      radio_(radio),
      config_(config),
      random_(node_.stream("radio.handoff")),
      beacon_(Timer::to<&WirelessStation::on_beacon>(node_, *this)),
      handoff_(Timer::to<&WirelessStation::on_handoff_delay_over>(node_, *this)) {
  config.validate(describe(nic));
  if (nic.medium() != nullptr) {
    throw SimulationError(describe(nic) + " is attached to '" + nic.medium()->name() + "' already; detach it first");
  }
  position();  // there must be one
  node_.set_roaming();
  beacon_.arm_in(Duration());
}

Position WirelessStation::position() const {
  if (node_.mobility() == nullptr) {
    throw SimulationError(describe(nic_) + ": the node has no position; give it a mobility (StationaryPosition, say)");
  }
  return node_.mobility()->position_at(node_.now());
}

void WirelessStation::reevaluate() {
  if (!beacon_.armed()) beacon_.arm_in(Duration());
}

void WirelessStation::on_beacon() {
  const Position at = position();
  const bool starting = !std::exchange(started_, true);
  if (cell_ != nullptr && should_leave(at)) disassociate();
  if (cell_ == nullptr && !handing_off()) {
    if (Cell* best = radio_.strongest(at); best != nullptr) {
      if (starting && config_.immediate_start) {
        associate(*best, at);
      } else {
        handoff_.arm_in(handoff_delay(at));
      }
    }
  }
  if (cell_ == nullptr || node_.mobility()->moves_after(node_.now())) beacon_.arm_in(config_.beacon_interval);
}

Duration WirelessStation::handoff_delay(Position at) {
  const Duration searching = config_.scan ? scan_time(at) : Duration();
  switch (config_.handoff_delay_shape) {
    case HandoffDelayShape::kUniform: break;
    case HandoffDelayShape::kExponential:
      return searching + config_.handoff_delay_min + config_.handoff_delay_scale.scaled(random_.exponential(1));
    case HandoffDelayShape::kLogNormal:
      return searching + config_.handoff_delay_min +
             config_.handoff_delay_scale.scaled(std::exp(config_.handoff_delay_sigma * random_.normal()));
  }
  return searching + random_.uniform(config_.handoff_delay_min, config_.handoff_delay_max);
}

Duration WirelessStation::scan_time(Position at) const {
  const ChannelScan& scan = *config_.scan;
  Duration time;
  std::int64_t heard = 0;
  for (unsigned channel = 1; channel <= scan.channels; ++channel) {
    const auto cells = std::ranges::count_if(radio_.cells(), [&](const Cell* cell) {
      return cell->config().channel_number == channel && cell->covers(at);
    });
    heard += cells;
    time += scan.switch_time + (cells > 0 ? scan.max_channel_time : scan.min_channel_time);
  }
  node_.trace(kTraceL2Scan, {{"channels", static_cast<std::int64_t>(scan.channels)},
                             {"cells_heard", heard},
                             {"seconds", time.to_seconds()}});
  return time;
}

bool WirelessStation::should_leave(Position at) const {
  if (!cell_->covers(at)) return true;
  const Cell* best = radio_.strongest(at);
  return best != nullptr && best != cell_ && best->signal_dbm(at) > cell_->signal_dbm(at) + config_.hysteresis_db;
}

void WirelessStation::on_handoff_delay_over() {
  const Position at = position();
  if (Cell* best = radio_.strongest(at); best != nullptr) associate(*best, at);
}

void WirelessStation::disassociate() {
  Cell* left = std::exchange(cell_, nullptr);
  node_.trace(kTraceL2Disassociated, {{"cell", left->name()}});
  left->detach(nic_);
}

void WirelessStation::associate(Cell& cell, Position at) {
  cell_ = &cell;
  node_.trace(kTraceL2Associated, {{"cell", cell.name()}, {"signal_dbm", cell.signal_dbm(at)}});
  const bool before = std::exchange(associated_before_, true);
  cell.attach(nic_, before ? StationEvent::Reassociated : StationEvent::Associated);
}

}  // namespace kamesim
