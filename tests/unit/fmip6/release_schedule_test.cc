#include "protocols/fmip6/release_schedule.h"

#include <gtest/gtest.h>

#include "tests/unit/mip6/test_values.h"

namespace kamesim {
namespace {

ReleaseSchedule filled(int packets, Duration apart) {
  ReleaseSchedule schedule;
  for (int i = 0; i < packets; ++i) schedule.on_arrival(at(apart * i));
  return schedule;
}

TEST(ReleaseSchedule, HoldsUntilItIsStarted) {
  ReleaseSchedule schedule = filled(3, 10_ms);
  EXPECT_FALSE(schedule.take(at(1_s)));
  EXPECT_FALSE(schedule.next());
}

TEST(ReleaseSchedule, SendsFiveOneAfterAnotherAndTheRestByTheMeasuredRate) {  // RFC 5568 §5.4
  ReleaseSchedule schedule = filled(11, 20_ms);
  schedule.start(at(1_s));
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(schedule.take(at(1_s))) << i;
  EXPECT_FALSE(schedule.take(at(1_s)));
  EXPECT_EQ(schedule.next(), at(1010_ms));  // twice as fast as they came
  EXPECT_TRUE(schedule.take(at(1010_ms)));
  EXPECT_EQ(schedule.next(), at(1020_ms));
}

TEST(ReleaseSchedule, GoesOnMeasuringWhileItIsEmptied) {
  ReleaseSchedule schedule = filled(3, 10_ms);
  EXPECT_EQ(schedule.interval(), 5_ms);
  schedule.on_arrival(at(120_ms));
  EXPECT_EQ(schedule.interval(), 20_ms);
}

TEST(ReleaseSchedule, HasNoRateOfOnePacket) { EXPECT_EQ(filled(1, 1_s).interval(), 0_s); }

}  // namespace
}  // namespace kamesim
