// Where a node is. Positions are metres on a plane.
#pragma once

#include "sim/time.h"

namespace kamesim {

struct Position {
  double x = 0, y = 0;  // metres
};

double distance(Position a, Position b);  // metres

class Mobility {
 public:
  virtual ~Mobility() = default;
  virtual Position position_at(Time t) const = 0;
};

}  // namespace kamesim
