#include "sim/mobility.h"

#include <gtest/gtest.h>

#include "tests/unit/sim/frames.h"

namespace kamesim {
namespace {

using testing::at;
using testing::error_of;

TEST(Position, DistanceAndLengthAreMetres) {
  const Position path[] = {{0, 0}, {3, 4}, {3, 10}};
  EXPECT_DOUBLE_EQ(distance(path[0], path[1]), 5);
  EXPECT_DOUBLE_EQ(length(path), 11);
  EXPECT_DOUBLE_EQ(length({}), 0);
}

TEST(StationaryPosition, Stays) {
  const StationaryPosition mobility({1, 2});
  EXPECT_EQ(mobility.position_at(at(100_s)), (Position{1, 2}));
  EXPECT_FALSE(mobility.moves_after(Time()));
}

TEST(WaypointMobility, MovesInStraightLinesAndStaysAtTheEnds) {
  const WaypointMobility mobility({{at(10_s), {0, 0}}, {at(20_s), {100, 0}}, {at(30_s), {100, 50}}});
  struct {
    Duration time;
    Position position;
    bool moves_after;
  } cases[] = {{0_s, {0, 0}, true},    {10_s, {0, 0}, true},     {15_s, {50, 0}, true},   {20_s, {100, 0}, true},
               {22_s, {100, 10}, true}, {30_s, {100, 50}, false}, {99_s, {100, 50}, false}};
  for (const auto& c : cases) {
    EXPECT_EQ(mobility.position_at(at(c.time)), c.position) << c.time.to_seconds();
    EXPECT_EQ(mobility.moves_after(at(c.time)), c.moves_after) << c.time.to_seconds();
  }
}

TEST(WaypointMobility, WalksAPathAtASpeed) {
  const Position path[] = {{0, 0}, {30, 40}, {30, 40}, {30, 140}};
  const auto mobility = WaypointMobility::along(path, 10, at(2_s));
  EXPECT_EQ(mobility.position_at(at(2_s)), path[0]);
  EXPECT_EQ(mobility.position_at(at(7_s)), path[1]);
  EXPECT_EQ(mobility.position_at(at(12_s)), (Position{30, 90}));
  EXPECT_EQ(mobility.ends_at(), at(17_s));
}

TEST(WaypointMobility, SaysWhatIsWrong) {
  const Position here[] = {{0, 0}};
  EXPECT_EQ(error_of([] { WaypointMobility mobility({}); }), "waypoints are empty; a path needs at least one");
  EXPECT_EQ(error_of([] { WaypointMobility mobility({{at(2_s), {}}, {at(2_s), {}}}); }),
            "waypoint 1 is at 2.000000 s; it must be later than the one before it, at 2.000000 s");
  EXPECT_EQ(error_of([] { WaypointMobility::along({}, 1, Time()); }), "the path is empty; it needs at least one point");
  EXPECT_EQ(error_of([&] { WaypointMobility::along(here, 0, Time()); }), "speed is 0.000000 m/s; it must be above 0");
  EXPECT_EQ(error_of([&] { WaypointMobility::along(here, -1, Time()); }), "speed is -1.000000 m/s; it must be above 0");
}

}  // namespace
}  // namespace kamesim
