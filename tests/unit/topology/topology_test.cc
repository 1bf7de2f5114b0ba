#include "sim/topology/topology.h"

#include <limits>
#include <numbers>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>

#include <gtest/gtest.h>

namespace kamesim {
namespace {

using namespace literals;

TEST(Topology, NumbersVerticesAndEdgesInTheOrderTheyWereAdded) {
  Topology topology;
  const VertexId fujisawa = topology.add_vertex({"fujisawa", GeoPosition{139.47, 35.34194}});
  const VertexId nara = topology.add_vertex({"nara", {}});
  EXPECT_EQ(topology.add_edge(nara, fujisawa, {.delay = 5_ms, .rate_bps = 100, .loss = 0.25}), 0u);
  EXPECT_EQ(topology.add_edge(fujisawa, nara, {.delay = 7_ms}), 1u);  // parallel

  EXPECT_EQ(topology.vertex_count(), 2u);
  EXPECT_EQ(topology.edge_count(), 2u);
  EXPECT_EQ(topology.vertex(nara).name, "nara");
  EXPECT_EQ(std::get<GeoPosition>(topology.vertex(fujisawa).place).latitude, 35.34194);
  EXPECT_EQ(topology.ends(0), std::pair(nara, fujisawa));
  EXPECT_EQ(topology.edge(0).delay, 5_ms);
  EXPECT_EQ(topology.edge(0).rate_bps, 100u);
  EXPECT_EQ(topology.edge(0).loss, 0.25);
  EXPECT_EQ(topology.edge(1).delay, 7_ms);
  EXPECT_EQ(topology.degree(nara), 2u);
}

void expect_refused(VertexId a, VertexId b, const Topology::Edge& edge, const std::string& why) {
  Topology topology;
  topology.add_vertex({"a", {}});
  topology.add_vertex({"b", {}});
  try {
    topology.add_edge(a, b, edge);
    FAIL() << "not refused: " << why;
  } catch (const std::invalid_argument& error) {
    EXPECT_EQ(error.what(), why);
  }
  EXPECT_EQ(topology.edge_count(), 0u);
}

TEST(Topology, RefusesEdgesThatCannotBe) {
  expect_refused(0, 2, {}, "edge 0 - 2: there is no vertex 2");
  expect_refused(1, 1, {}, "edge 1 - 1: it must join two different vertices");
  expect_refused(0, 1, {.delay = -1_ns}, "edge 0 - 1: delay is -1 ns; it must be 0 or more, and finite");
  expect_refused(0, 1, {.rate_bps = 0}, "edge 0 - 1: rate_bps is 0; it must be positive");
  expect_refused(0, 1, {.loss = 1.5}, "edge 0 - 1: loss is 1.500000; it must be a probability, from 0 to 1");
  expect_refused(0, 1, {.loss = std::numeric_limits<double>::quiet_NaN()},
                 "edge 0 - 1: loss is nan; it must be a probability, from 0 to 1");
}

TEST(Topology, RefusesNumbersNotInUse) {
  Topology topology;
  EXPECT_THROW(topology.vertex(0), std::out_of_range);
  EXPECT_THROW(topology.degree(0), std::out_of_range);
  EXPECT_THROW(topology.edge(0), std::out_of_range);
  EXPECT_THROW(topology.ends(0), std::out_of_range);
}

TEST(Geography, GreatCircleDistance) {
  constexpr double kQuarterKm = std::numbers::pi / 2 * kEarthRadiusKm;
  struct { GeoPosition a, b; double km, tolerance; } cases[] = {
      {{0, 90}, {77, 0}, kQuarterKm, 1e-6},  // pole to equator
      {{179.5, 0}, {-179.5, 0}, kQuarterKm / 90, 1e-6},  // one degree, over the date line
      {{10, 20}, {-170, -20}, 2 * kQuarterKm, 1e-3},  // antipodes
      {{139.47, 35.34194}, {139.47, 35.34194}, 0, 0},  // nowhere
      {{-118.24368, 34.05223}, {-122.41942, 37.77493}, 559.1, 0.1},  // Los Angeles to San Francisco
  };
  for (const auto& c : cases) {
    EXPECT_NEAR(great_circle_km(c.a, c.b), c.km, c.tolerance);
    EXPECT_EQ(great_circle_km(c.a, c.b), great_circle_km(c.b, c.a));
  }
}

TEST(Geography, DelayIs5MicrosecondsPerKilometre) {
  EXPECT_EQ(delay_from_distance(0), 0_ns);
  EXPECT_EQ(delay_from_distance(1), 5_us);
  EXPECT_EQ(delay_from_distance(0.00011), 1_ns);  // 0.55 ns: to the nearest
}

}  // namespace
}  // namespace kamesim
