#include "sim/path_loss.h"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "sim/cell.h"
#include "sim/simulation.h"

namespace kamesim {
namespace {

// ns-2's WaveLAN example: 914 MHz, antennas at 1.5 m: the crossover is at 86.14 m.
TEST(TwoRayGround, CrossesOverWhereTheGroundTakesPart) {
  const TwoRayGround wavelan{.antenna_height = 1.5, .station_height = 1.5, .frequency_hz = 914e6};
  EXPECT_NEAR(wavelan.crossover_distance(), 86.2, 0.1);
  EXPECT_NEAR(wavelan.loss_db(10), 20 * std::log10(4 * M_PI * 10 / 0.328), 0.01);             // Friis
  EXPECT_NEAR(wavelan.loss_db(250), 40 * std::log10(250.0) - 20 * std::log10(2.25), 1e-9);    // 88.88 dB
  EXPECT_NEAR(wavelan.loss_db(1000) - wavelan.loss_db(500), 40 * std::log10(2.0), 1e-9);
  // No step where the two meet.
  const double crossover = wavelan.crossover_distance();
  EXPECT_NEAR(wavelan.loss_db(crossover - 1e-6), wavelan.loss_db(crossover), 1e-3);
}

RandomStream stream(std::uint64_t seed) { return RandomStream(seed, stable_hash("cell"), "shadowing"); }

TEST(ShadowingField, IsNormalWithItsDeviation) {
  double sum = 0, squares = 0, beyond = 0;
  constexpr int kFields = 4000;
  for (int seed = 1; seed <= kFields; ++seed) {
    const double gain = ShadowingField(8, 20, stream(seed)).gain_db({123, -45});
    sum += gain;
    squares += gain * gain;
    beyond += std::abs(gain) > 2 * 8;
  }
  EXPECT_NEAR(sum / kFields, 0, 4 * 8 / std::sqrt(kFields));
  EXPECT_NEAR(std::sqrt(squares / kFields), 8, 0.4);
  EXPECT_NEAR(beyond / kFields, 0.0455, 0.014);
}

TEST(ShadowingField, IsCorrelatedByExpOfTheDistance) {   // Gudmundson 1991
  for (const double metres : {5.0, 20.0, 40.0}) {
    double products = 0;
    constexpr int kFields = 6000;
    for (int seed = 1; seed <= kFields; ++seed) {
      const ShadowingField field(1, 20, stream(seed));
      products += field.gain_db({10, 10}) * field.gain_db({10 + 0.6 * metres, 10 + 0.8 * metres});
    }
    EXPECT_NEAR(products / kFields, std::exp(-metres / 20), 0.05) << metres;
  }
}

TEST(ShadowingField, IsAFunctionOfThePlaceAndTheSeed) {
  const ShadowingField field(6, 20, stream(1)), again(6, 20, stream(1)), other(6, 20, stream(2));
  const double there = field.gain_db({50, 60});
  field.gain_db({-100, 3});
  EXPECT_EQ(field.gain_db({50, 60}), there);
  EXPECT_EQ(again.gain_db({50, 60}), there);
  EXPECT_NE(other.gain_db({50, 60}), there);
  EXPECT_EQ(ShadowingField().gain_db({50, 60}), 0);
}

TEST(Cell, AddsShadowingToThePathLoss) {
  Simulation simulation(1);
  Lan& lan = simulation.add_medium<Lan>("lan", LinkConfig{});
  Cell& plain = simulation.add_medium<Cell>("a", lan, CellConfig{});
  Cell& shadowed = simulation.add_medium<Cell>("b", lan, CellConfig{.shadowing_deviation_db = 6});
  Cell& ground = simulation.add_medium<Cell>("c", lan, CellConfig{.two_ray = TwoRayGround{}});
  EXPECT_DOUBLE_EQ(plain.signal_dbm({100, 0}), 20 - 40 - 60);
  EXPECT_NE(shadowed.signal_dbm({100, 0}), plain.signal_dbm({100, 0}));
  EXPECT_NEAR(shadowed.signal_dbm({100, 0}), plain.signal_dbm({100, 0}), 6 * 5);
  EXPECT_DOUBLE_EQ(ground.signal_dbm({100, 0}), 20 - TwoRayGround{}.loss_db(100));
}

}  // namespace
}  // namespace kamesim
