// The Default Router List (RFC 4861 §6.3.4 to §6.3.6, RFC 4191 §3.2).
#include "protocols/ip6/nd_default_routers.h"

#include <gtest/gtest.h>

#include <set>

namespace kamesim {
namespace {

using Change = DefaultRouterList::Change;
using enum RouterPreference;

const Ipv6Address kA = "fe80::a"_ip6, kB = "fe80::b"_ip6, kC = "fe80::c"_ip6;
const Time kNow = Time::from_seconds(10);

class DefaultRouters : public testing::Test {
 protected:
  Change hear(const Ipv6Address& router, RouterPreference preference = Medium, Duration lifetime = 1800_s) {
    return list.on_advertisement(kNow, router, lifetime, preference);
  }
  Ipv6Address selected() {
    const DefaultRouter* router = list.select([&](const Ipv6Address& a) { return known.contains(a); });
    return router == nullptr ? kUnspecified : router->address;
  }
  DefaultRouterList list{3};
  std::set<Ipv6Address> known;  // with an entry in the Neighbor Cache
};

TEST_F(DefaultRouters, ComeAndGoWithTheirLifetime) {  // §6.3.4
  EXPECT_EQ(hear(kA, Medium, 0_s), Change::None);
  EXPECT_EQ(hear(kA, Medium, 30_s), Change::Added);
  EXPECT_EQ(hear(kA, Medium, 20_s), Change::None);
  EXPECT_EQ(list.next_timeout(), kNow + 20_s);
  EXPECT_FALSE(list.take_gone(kNow + 19_s));
  EXPECT_EQ(list.take_gone(kNow + 20_s), kA);
  EXPECT_TRUE(list.routers().empty());
  hear(kB);
  EXPECT_EQ(hear(kB, Medium, 0_s), Change::Removed);
  EXPECT_EQ(selected(), kUnspecified);
}

TEST_F(DefaultRouters, AReachableOneIsPreferred) {  // §6.3.6 (1)
  hear(kA);
  hear(kB);
  known = {kB};
  EXPECT_EQ(selected(), kB);
}

TEST_F(DefaultRouters, TheOneInUseIsKeptAmongEquals) {
  hear(kA);
  known = {kA, kB};
  EXPECT_EQ(selected(), kA);
  hear(kB);
  EXPECT_EQ(selected(), kA);
}

TEST_F(DefaultRouters, PreferenceDecidesAmongThoseNotKnownToBeUnreachable) {  // RFC 4191 §3.2
  hear(kA, Low);
  hear(kB, Medium);
  hear(kC, High);
  known = {kA};
  EXPECT_EQ(selected(), kC);
  list.on_unreachable(kC);
  EXPECT_EQ(selected(), kB);
  EXPECT_TRUE(list.on_reachable(kC));
  EXPECT_EQ(selected(), kC);
}

TEST_F(DefaultRouters, TakesTurnsWhenNoneIsReachable) {  // §6.3.6 (2)
  hear(kA);
  hear(kB);
  hear(kC);
  EXPECT_EQ(selected(), kA);
  for (const Ipv6Address& failing : {kA, kB}) {
    list.on_unreachable(failing);
    EXPECT_NE(selected(), failing);
  }
  EXPECT_EQ(selected(), kC);
  list.on_unreachable(kC);
  EXPECT_EQ(selected(), kA);
  EXPECT_EQ(selected(), kA);  // until that one fails too
  list.on_unreachable(kA);
  EXPECT_EQ(selected(), kB);
}

TEST_F(DefaultRouters, ARouterHeardOnANewLinkReplacesTheOldOne) {
  hear(kA, High);
  known = {kA};
  EXPECT_EQ(selected(), kA);
  list.suspect_all();  // the link changed
  EXPECT_EQ(selected(), kA);
  known = {kB};
  hear(kB, Low);
  EXPECT_EQ(selected(), kB);
}

TEST_F(DefaultRouters, TheListIsBoundedAndOnlySuspectRoutersMakeRoom) {
  for (const Ipv6Address& a : {kA, kB, kC}) hear(a);
  EXPECT_EQ(hear("fe80::d"_ip6), Change::Refused);
  list.on_unreachable(kB);
  EXPECT_EQ(hear("fe80::d"_ip6), Change::Added);
  EXPECT_EQ(list.take_gone(kNow), kB);
  EXPECT_FALSE(list.take_gone(kNow));
}

}  // namespace
}  // namespace kamesim
