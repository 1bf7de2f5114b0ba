// How signals fade with distance and place.
#pragma once

#include <vector>

#include "sim/mobility.h"
#include "sim/random.h"

namespace kamesim {

// Loss between isotropic antennas over flat ground (Rappaport, Wireless Communications, 2nd edition, 4.6): free space
// up to the crossover distance, where the ray from the ground begins to cancel the direct one, then the fourth power.
struct TwoRayGround {
  double antenna_height = 10;    // of the access point, metres
  double station_height = 1.5;   // metres
  double frequency_hz = 5.2e9;

  double crossover_distance() const;   // metres: 4 pi times both heights over the wavelength
  double loss_db(double metres) const;
};

// Log-normal shadowing that is like itself nearby: a Gaussian field with the autocorrelation deviation^2 *
// exp(-d / decorrelation_distance) of Gudmundson ("Correlation model for shadow fading in mobile radio systems",
// Electronics Letters 27(23), 1991). It is a function of the place alone: the order of questions does not matter, and
// a node that returns finds what it left. A sum of plane waves whose wave numbers are drawn from the field's spectrum.
class ShadowingField {
 public:
  ShadowingField() = default;  // none
  ShadowingField(double deviation_db, double decorrelation_distance, RandomStream stream);
  double gain_db(Position at) const;

 private:
  struct Wave {
    double x, y, phase;  // radians a metre, radians
  };
  double amplitude_ = 0;
  std::vector<Wave> waves_;
};

}  // namespace kamesim
