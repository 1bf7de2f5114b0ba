#include "sim/path_loss.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace kamesim {

namespace {

constexpr double kSpeedOfLight = 299'792'458;  // metres a second
constexpr int kWaves = 64;                     // enough for the sum to be normal to within its tails

}  // namespace

double TwoRayGround::crossover_distance() const {
  return 4 * std::numbers::pi * antenna_height * station_height * frequency_hz / kSpeedOfLight;
}

double TwoRayGround::loss_db(double metres) const {
  const double d = std::max(1.0, metres);
  if (d < crossover_distance()) return 20 * std::log10(4 * std::numbers::pi * d * frequency_hz / kSpeedOfLight);
  return 40 * std::log10(d) - 20 * std::log10(antenna_height * station_height);
}

ShadowingField::ShadowingField(double deviation_db, double decorrelation_distance, RandomStream stream)
    : amplitude_(deviation_db * std::sqrt(2.0 / kWaves)) {
  for (int i = 0; i < kWaves; ++i) {
    // exp(-d/D) on the plane has the spectrum k D^2 / (1 + k^2 D^2)^1.5 over the wave number k; this inverts its
    // integral, 1 - 1 / sqrt(1 + k^2 D^2).
    const double rest = 1 - stream.uniform();
    const double k = std::sqrt(1 / (rest * rest) - 1) / decorrelation_distance;
    const double direction = stream.uniform(0, 2 * std::numbers::pi);
    waves_.push_back({k * std::cos(direction), k * std::sin(direction), stream.uniform(0, 2 * std::numbers::pi)});
  }
}

double ShadowingField::gain_db(Position at) const {
  double sum = 0;
  for (const Wave& wave : waves_) sum += std::cos(wave.x * at.x + wave.y * at.y + wave.phase);
  return amplitude_ * sum;
}

}  // namespace kamesim
