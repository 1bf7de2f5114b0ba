// Places on Earth, and how long light in fibre takes between them.
#pragma once

#include <algorithm>
#include <cmath>
#include <numbers>

#include "sim/time.h"

namespace kamesim {

struct GeoPosition {
  double longitude = 0;  // degrees, -180 to 180, east is positive
  double latitude = 0;   // degrees, -90 to 90, north is positive
  friend bool operator==(const GeoPosition&, const GeoPosition&) = default;
};

inline constexpr double kEarthRadiusKm = 6371.0088;  // mean radius (IUGG)
inline constexpr double kFibreDelayNsPerKm = 5000;   // 5 us/km

// The haversine formula, on a sphere.
inline double great_circle_km(GeoPosition a, GeoPosition b) {
  constexpr double kRadians = std::numbers::pi / 180;
  const double sin_half_latitude = std::sin((b.latitude - a.latitude) * kRadians / 2);
  const double sin_half_longitude = std::sin((b.longitude - a.longitude) * kRadians / 2);
  const double h = sin_half_latitude * sin_half_latitude + std::cos(a.latitude * kRadians) *
                                                               std::cos(b.latitude * kRadians) *
                                                               sin_half_longitude * sin_half_longitude;
  return 2 * kEarthRadiusKm * std::asin(std::sqrt(std::min(1.0, h)));
}

inline Duration delay_from_distance(double km) { return Duration::from_seconds(km * kFibreDelayNsPerKm * 1e-9); }

}  // namespace kamesim
