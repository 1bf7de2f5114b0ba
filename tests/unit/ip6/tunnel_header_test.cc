// What both ends of a tunnel make of the fields that headers of IPv4 and IPv6 have in common.
#include "protocols/ip6/tunnel_header.h"

#include <gtest/gtest.h>

namespace kamesim {
namespace {

constexpr std::uint8_t kExpedited = 0xb8, kLow = 0x28;  // differentiated services code points, at their place
constexpr EcnField kAll[] = {EcnField::NotEct, EcnField::Ect0, EcnField::Ect1, EcnField::Ce};
constexpr std::uint8_t bits(EcnField ecn) { return static_cast<std::uint8_t>(ecn); }

TEST(TunnelHeader, EntryCopiesTheMarkInNormalMode) {  // RFC 6040 figure 3
  for (const EcnField mark : kAll) {
    const auto inner = static_cast<std::uint8_t>(kExpedited | bits(mark));
    EXPECT_EQ(traffic_class_into_tunnel(inner, 0, TunnelEcn::Normal), bits(mark));
    EXPECT_EQ(traffic_class_into_tunnel(inner, kLow, TunnelEcn::Normal), kLow | bits(mark));
    EXPECT_EQ(traffic_class_into_tunnel(inner, std::nullopt, TunnelEcn::Normal), inner);
  }
}

TEST(TunnelHeader, EntrySaysNotEctInCompatibilityMode) {  // RFC 6040 figure 3
  for (const EcnField mark : kAll) {
    const auto inner = static_cast<std::uint8_t>(kExpedited | bits(mark));
    EXPECT_EQ(traffic_class_into_tunnel(inner, kLow, TunnelEcn::Compatibility), kLow);
    EXPECT_EQ(traffic_class_into_tunnel(inner, std::nullopt, TunnelEcn::Compatibility), kExpedited);
  }
}

TEST(TunnelHeader, ConfiguredClassDoesNotMark) {  // RFC 6040 §4.1: the ECN field is the packet's, not the administrator's
  EXPECT_EQ(traffic_class_into_tunnel(0, 0xff, TunnelEcn::Normal), 0xfc);
}

struct Row {
  EcnField inner, outer;
  std::optional<EcnField> leaves;
  EcnAlarm alarm;
};

// RFC 6040 figure 4, row by row and in its own order.
constexpr Row kFigure4[] = {
    {EcnField::NotEct, EcnField::NotEct, EcnField::NotEct, EcnAlarm::None},
    {EcnField::NotEct, EcnField::Ect0, EcnField::NotEct, EcnAlarm::Alarm},
    {EcnField::NotEct, EcnField::Ect1, EcnField::NotEct, EcnAlarm::Alarm},
    {EcnField::NotEct, EcnField::Ce, std::nullopt, EcnAlarm::Alarm},
    {EcnField::Ect0, EcnField::NotEct, EcnField::Ect0, EcnAlarm::None},
    {EcnField::Ect0, EcnField::Ect0, EcnField::Ect0, EcnAlarm::None},
    {EcnField::Ect0, EcnField::Ect1, EcnField::Ect1, EcnAlarm::None},
    {EcnField::Ect0, EcnField::Ce, EcnField::Ce, EcnAlarm::None},
    {EcnField::Ect1, EcnField::NotEct, EcnField::Ect1, EcnAlarm::None},
    {EcnField::Ect1, EcnField::Ect0, EcnField::Ect1, EcnAlarm::Log},
    {EcnField::Ect1, EcnField::Ect1, EcnField::Ect1, EcnAlarm::None},
    {EcnField::Ect1, EcnField::Ce, EcnField::Ce, EcnAlarm::None},
    {EcnField::Ce, EcnField::NotEct, EcnField::Ce, EcnAlarm::None},
    {EcnField::Ce, EcnField::Ect0, EcnField::Ce, EcnAlarm::None},
    {EcnField::Ce, EcnField::Ect1, EcnField::Ce, EcnAlarm::Alarm},
    {EcnField::Ce, EcnField::Ce, EcnField::Ce, EcnAlarm::None},
};

TEST(TunnelHeader, ExitCombinesMarksAsFigure4Says) {
  for (const Row& row : kFigure4) {
    const EcnOutcome outcome = ecn_out_of_tunnel(kExpedited | bits(row.inner), kLow | bits(row.outer));
    EXPECT_EQ(outcome.leaves, row.leaves) << int(bits(row.inner)) << " in " << int(bits(row.outer));
    EXPECT_EQ(outcome.alarm, row.alarm) << int(bits(row.inner)) << " in " << int(bits(row.outer));
  }
}

TEST(TunnelHeader, DscpGoesOnByTheModel) {  // RFC 2983 §3
  EXPECT_EQ(traffic_class_out_of_tunnel(kExpedited | 2, kLow | 3, EcnField::Ce, TunnelDscp::Pipe), kExpedited | 3);
  EXPECT_EQ(traffic_class_out_of_tunnel(kExpedited | 2, kLow | 3, EcnField::Ce, TunnelDscp::Uniform), kLow | 3);
}

}  // namespace
}  // namespace kamesim
