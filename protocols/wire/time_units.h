// Durations as the integers that header fields hold.
#pragma once

#include <algorithm>
#include <cstdint>

#include "sim/time.h"

namespace kamesim {

// Whole units, rounded down, from 0 to max.
constexpr std::uint32_t whole_units(Duration d, Duration unit, std::uint32_t max) {
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(d / unit, 0, max));
}

}  // namespace kamesim
