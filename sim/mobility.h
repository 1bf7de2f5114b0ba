// Where a node is. Positions are metres on a plane.
#pragma once

#include <span>
#include <vector>

#include "sim/time.h"

namespace kamesim {

struct Position {
  double x = 0, y = 0;  // metres
  friend constexpr bool operator==(Position, Position) = default;
};

double distance(Position a, Position b);  // metres

// The length of the path over the points, in metres.
double length(std::span<const Position> path);

class Mobility {
 public:
  virtual ~Mobility() = default;
  virtual Position position_at(Time t) const = 0;
  // From when on it stays where it is; Time::max() if that is not known.
  virtual Time ends_at() const = 0;
  // Whether it may be elsewhere at some time after `t`.
  bool moves_after(Time t) const { return t < ends_at(); }
};

class StationaryPosition final : public Mobility {
 public:
  explicit StationaryPosition(Position position) : position_(position) {}
  Position position_at(Time) const override { return position_; }
  Time ends_at() const override { return Time(); }

 private:
  Position position_;
};

struct Waypoint {
  Time time;
  Position position;
};

// Moves in straight lines at constant speed between waypoints; before the first and after the last it stays there.
class WaypointMobility final : public Mobility {
 public:
  // Throws SimulationError if there are no waypoints, or their times do not increase.
  explicit WaypointMobility(std::vector<Waypoint> waypoints);
  // Walks the path at `speed` (metres a second) from `start` on. Throws SimulationError if there are no points, or
  // the speed is not above 0.
  static WaypointMobility along(std::span<const Position> path, double speed, Time start);

  Position position_at(Time t) const override;
  Time ends_at() const override { return waypoints_.back().time; }
  const std::vector<Waypoint>& waypoints() const { return waypoints_; }

 private:
  std::vector<Waypoint> waypoints_;
};

}  // namespace kamesim
