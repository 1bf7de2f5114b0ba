#include "protocols/dsmip6/care_of_selection.h"

#include <gtest/gtest.h>

#include "protocols/wire/ipv4_address.h"
#include "tests/unit/wire/hex.h"

namespace kamesim::dsmip6 {
namespace {

using Family = CareOfSelection::Family;
using Ipv6 = CareOfSelection::Ipv6;

Ipv6Address v4(std::string_view text) { return *parse_ip_address(text); }
Time at(Duration d) { return Time() + d; }

const Ipv4Access kAccess{v4("198.51.100.20"), 24, v4("198.51.100.1")};
const Ipv4Access kOther{v4("203.0.113.20"), 24, v4("203.0.113.1")};

CareOfSelection selection() {
  return CareOfSelection(CareOfSelectionConfig{.accesses = {kAccess, kOther}});
}

TEST(CareOfSelection, Ipv4IsUsedOnceNoRouterOfIpv6WasHeard) {  // RFC 5555 §4.4.4
  CareOfSelection s = selection();
  EXPECT_TRUE(s.on_link_up(at(10_s)).test_gateways);
  const auto found = s.on_gateway(at(10_s + 5_ms), kAccess.gateway);
  EXPECT_TRUE(found.found && !found.changed);
  EXPECT_EQ(s.next_timeout(), at(11_s));
  EXPECT_FALSE(s.on_timeout(at(10_s + 999_ms)).changed);
  EXPECT_TRUE(s.on_timeout(at(11_s)).changed);
  EXPECT_EQ(s.family(), Family::Ipv4);
  EXPECT_EQ(*s.access(), kAccess);
  EXPECT_EQ(s.next_timeout(), std::nullopt);
}

TEST(CareOfSelection, Ipv6GoesBeforeIpv4) {  // §4.4.1
  CareOfSelection s = selection();
  s.on_link_up(at(0_s));
  s.on_gateway(at(5_ms), kAccess.gateway);
  s.on_ipv6(at(300_ms), Ipv6::Router);
  EXPECT_FALSE(s.on_timeout(at(2_s)).changed);  // an address is waited for
  EXPECT_TRUE(s.on_ipv6(at(2_s), Ipv6::Foreign).changed);
  EXPECT_EQ(s.family(), Family::Ipv6);
}

TEST(CareOfSelection, RouterWithoutAnAddressIsNotWaitedForForever) {
  CareOfSelection s = selection();
  s.on_link_up(at(0_s));
  s.on_gateway(at(5_ms), kAccess.gateway);
  s.on_ipv6(at(300_ms), Ipv6::Router);
  EXPECT_TRUE(s.on_timeout(at(3_s)).changed);
  EXPECT_EQ(s.family(), Family::Ipv4);
}

TEST(CareOfSelection, Ipv6ThatComesLaterIsGoneBackTo) {
  CareOfSelection s = selection();
  s.on_link_up(at(0_s));
  s.on_gateway(at(5_ms), kAccess.gateway);
  s.on_timeout(at(1_s));
  EXPECT_TRUE(s.on_ipv6(at(20_s), Ipv6::Foreign).changed);
  EXPECT_EQ(s.family(), Family::Ipv6);
}

TEST(CareOfSelection, FamilyStaysAfterIpv6HasFailed) {  // §4.4.1: RECOMMENDED
  CareOfSelection s = selection();
  s.on_link_up(at(0_s));
  s.on_gateway(at(5_ms), kAccess.gateway);
  s.on_ipv6(at(500_ms), Ipv6::Foreign);
  EXPECT_TRUE(s.on_ipv6_unanswered(at(11_s)).changed);
  EXPECT_EQ(s.family(), Family::Ipv4);
  s.on_link_up(at(20_s));
  EXPECT_TRUE(s.on_gateway(at(20_s + 5_ms), kOther.gateway).changed);  // at once
  EXPECT_FALSE(s.on_ipv6(at(21_s), Ipv6::Foreign).changed);
  EXPECT_EQ(s.family(), Family::Ipv4);
  s.on_ipv6(at(30_s), Ipv6::Home);
  s.on_link_up(at(40_s));
  s.on_gateway(at(40_s + 5_ms), kAccess.gateway);
  s.on_ipv6(at(40_s + 500_ms), Ipv6::Foreign);
  EXPECT_EQ(s.family(), Family::Ipv6);
}

TEST(CareOfSelection, UnansweredIpv6WithoutIpv4IsGoneOnWith) {
  CareOfSelection s = selection();
  s.on_link_up(at(0_s));
  s.on_ipv6(at(500_ms), Ipv6::Foreign);
  EXPECT_FALSE(s.on_ipv6_unanswered(at(11_s)).changed);
  EXPECT_EQ(s.family(), Family::Ipv6);
}

TEST(CareOfSelection, GatewaysAreAskedForThreeTimes) {  // RFC 4436
  CareOfSelection s = selection();
  EXPECT_TRUE(s.on_link_up(at(0_s)).test_gateways);
  EXPECT_TRUE(s.on_timeout(at(200_ms)).test_gateways);
  EXPECT_TRUE(s.on_timeout(at(400_ms)).test_gateways);
  EXPECT_FALSE(s.on_timeout(at(600_ms)).test_gateways);
  EXPECT_EQ(s.next_timeout(), std::nullopt);
  EXPECT_FALSE(s.on_gateway(at(700_ms), kAccess.gateway).found);  // it is not asked any more
}

TEST(CareOfSelection, LinkWithNeitherFamilyHasNone) {
  CareOfSelection s = selection();
  s.on_link_up(at(0_s));
  s.on_gateway(at(5_ms), kAccess.gateway);
  s.on_timeout(at(1_s));
  s.on_link_up(at(20_s));
  EXPECT_EQ(s.family(), Family::Ipv4);  // until it is known
  for (const Duration d : {20'200_ms, 20'400_ms}) EXPECT_FALSE(s.on_timeout(at(d)).changed);
  EXPECT_TRUE(s.on_timeout(at(20'600_ms)).changed);
  EXPECT_EQ(s.family(), Family::None);
}

TEST(CareOfSelection, LinkThatIsDownChangesNothing) {
  CareOfSelection s = selection();
  s.on_link_up(at(0_s));
  s.on_gateway(at(5_ms), kAccess.gateway);
  s.on_timeout(at(1_s));
  s.on_link_down();
  EXPECT_FALSE(s.on_ipv6(at(20_s), Ipv6::Silent).changed);
  EXPECT_EQ(s.family(), Family::Ipv4);
}

TEST(CareOfSelection, StrangersSayNothing) {
  CareOfSelection s = selection();
  s.on_link_up(at(0_s));
  EXPECT_FALSE(s.on_gateway(at(5_ms), v4("192.0.2.77")).found);
  EXPECT_EQ(s.access(), nullptr);
}

}  // namespace
}  // namespace kamesim::dsmip6
