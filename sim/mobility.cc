#include "sim/mobility.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "sim/simulation.h"

namespace kamesim {

double distance(Position a, Position b) { return std::hypot(b.x - a.x, b.y - a.y); }

double length(std::span<const Position> path) {
  double sum = 0;
  for (std::size_t i = 1; i < path.size(); ++i) sum += distance(path[i - 1], path[i]);
  return sum;
}

WaypointMobility::WaypointMobility(std::vector<Waypoint> waypoints) : waypoints_(std::move(waypoints)) {
  if (waypoints_.empty()) throw SimulationError("waypoints are empty; a path needs at least one");
  for (std::size_t i = 1; i < waypoints_.size(); ++i) {
    const Time before = waypoints_[i - 1].time, time = waypoints_[i].time;
    if (time > before) continue;
    throw SimulationError("waypoint " + std::to_string(i) + " is at " + std::to_string(time.to_seconds()) +
                          " s; it must be later than the one before it, at " + std::to_string(before.to_seconds()) +
                          " s");
  }
}

WaypointMobility WaypointMobility::along(std::span<const Position> path, double speed, Time start) {
  if (path.empty()) throw SimulationError("the path is empty; it needs at least one point");
  if (!(speed > 0 && std::isfinite(speed))) {
    throw SimulationError("speed is " + std::to_string(speed) + " m/s; it must be above 0");
  }
  std::vector<Waypoint> waypoints{{start, path.front()}};
  double walked = 0;
  for (std::size_t i = 1; i < path.size(); ++i) {
    walked += distance(path[i - 1], path[i]);
    const Time time = start + Duration::from_seconds(walked / speed);
    // Points less than a nanosecond apart are one.
    if (time == waypoints.back().time) {
      waypoints.back().position = path[i];
    } else {
      waypoints.push_back({time, path[i]});
    }
  }
  return WaypointMobility(std::move(waypoints));
}

Position WaypointMobility::position_at(Time t) const {
  const auto next = std::ranges::upper_bound(waypoints_, t, {}, &Waypoint::time);
  if (next == waypoints_.begin()) return waypoints_.front().position;
  const Waypoint& from = *(next - 1);
  if (next == waypoints_.end()) return from.position;
  const double part = (t - from.time).to_seconds() / (next->time - from.time).to_seconds();
  return {std::lerp(from.position.x, next->position.x, part), std::lerp(from.position.y, next->position.y, part)};
}

}  // namespace kamesim
