// Membership of groups through the tunnel, at both ends (RFC 6275 §10.4.3, §11.3.4).
#include <gtest/gtest.h>

#include "protocols/mip6/multicast_listener.h"
#include "protocols/mip6/multicast_membership.h"
#include "tests/unit/mip6/test_values.h"

namespace kamesim {
namespace {

using Records = std::vector<MulticastAddressRecord>;
using enum MldRecordType;

const Ipv6Address kGroup = "ff0e::77"_ip6, kOther = "ff0e::78"_ip6;
const MulticastListenerQuery kQuery{.max_response_delay = 10_s};
const MulticastListenerQuery kQueryV1{.version = MldVersion::One, .max_response_delay = 10_s};

Duration half(Duration most) { return most / 2; }

Records reported(const MulticastListener::Output& out) {
  return out.report.value_or(MulticastListenerReportV2{}).records;
}

TEST(MulticastListener, TellsNothingBeforeItIsAsked) {  // RFC 6275 §11.3.4
  MulticastListener listener(half);
  EXPECT_TRUE(listener.join(at(0_s), kGroup));
  EXPECT_FALSE(listener.next_timeout());
  listener.on_query(at(1_s), kQuery);
  EXPECT_EQ(listener.next_timeout(), at(6_s)) << "a delay below the query's";
  EXPECT_EQ(reported(listener.on_timeout(at(6_s))), (Records{{ModeIsExclude, kGroup}}));
  EXPECT_FALSE(listener.next_timeout());
}

TEST(MulticastListener, AnswersForAllGroupsAtOnce) {  // RFC 3810 §6.3
  MulticastListener listener(half);
  listener.join(at(0_s), kGroup);
  listener.join(at(0_s), kOther);
  listener.on_query(at(1_s), kQuery);
  EXPECT_EQ(reported(listener.on_timeout(at(6_s))), (Records{{ModeIsExclude, kGroup}, {ModeIsExclude, kOther}}));
  listener.on_query(at(7_s), {.max_response_delay = 2_s, .group = kOther});
  EXPECT_EQ(reported(listener.on_timeout(at(8_s))), (Records{{ModeIsExclude, kOther}}));
}

TEST(MulticastListener, TellsOfChangesTwice) {  // RFC 3810 §6.1
  MulticastListener listener(half);
  listener.on_query(at(0_s), kQuery);
  listener.join(at(1_s), kGroup);
  EXPECT_EQ(reported(listener.on_timeout(at(1_s))), (Records{{ChangeToExclude, kGroup}}));
  EXPECT_EQ(listener.next_timeout(), at(1500_ms)) << "within the Unsolicited Report Interval";
  EXPECT_EQ(reported(listener.on_timeout(at(1500_ms))), (Records{{ChangeToExclude, kGroup}}));
  listener.leave(at(3_s), kGroup);
  EXPECT_TRUE(listener.groups().empty());
  EXPECT_EQ(reported(listener.on_timeout(at(3_s))), (Records{{ChangeToInclude, kGroup}}));
  EXPECT_EQ(reported(listener.on_timeout(at(3500_ms))), (Records{{ChangeToInclude, kGroup}}));
  EXPECT_FALSE(listener.next_timeout());
}

TEST(MulticastListener, SpeaksTheVersionOfTheQuerier) {  // RFC 3810 §8.2.1
  MulticastListener listener(half);
  listener.join(at(0_s), kGroup);
  listener.on_query(at(0_s), kQueryV1);
  auto out = listener.on_timeout(at(5_s));
  EXPECT_FALSE(out.report);
  ASSERT_EQ(out.messages.size(), 1u);
  EXPECT_EQ(out.messages[0].type, Icmp6Type::MulticastListenerReport);
  listener.on_query(at(100_s), kQuery);
  EXPECT_FALSE(listener.on_timeout(at(105_s)).report) << "the older version's timer runs";
  listener.on_query(at(261_s), kQuery);
  EXPECT_TRUE(listener.on_timeout(at(266_s)).report);
  listener.on_query(at(270_s), kQueryV1);
  listener.leave(at(271_s), kGroup);
  out = listener.on_timeout(at(271_s));
  ASSERT_EQ(out.messages.size(), 1u);
  EXPECT_EQ(out.messages[0].type, Icmp6Type::MulticastListenerDone);
  EXPECT_FALSE(listener.next_timeout());
}

TEST(MulticastListener, WaitsAnewWhenTheBindingIsLost) {  // RFC 6275 §11.3.4: "as long as the binding does not expire"
  MulticastListener listener(half);
  listener.on_query(at(0_s), kQuery);
  listener.join(at(1_s), kGroup);
  listener.on_binding_lost();
  EXPECT_FALSE(listener.next_timeout());
  EXPECT_EQ(listener.groups(), std::vector{kGroup});
  listener.join(at(2_s), kOther);
  EXPECT_FALSE(listener.next_timeout());
}

TEST(MulticastListener, IsBounded) {
  MulticastListener listener(half);
  const Ipv6Prefix groups = "ff0e::/64"_ip6net;
  for (std::size_t i = 0; i < MulticastListener::kMaxGroups; ++i) {
    EXPECT_TRUE(listener.join(at(0_s), with_interface_id(groups, InterfaceId(i))));
  }
  EXPECT_FALSE(listener.join(at(0_s), with_interface_id(groups, InterfaceId(9999))));
}

TEST(MulticastMembership, AsksAtOnceThenAtIntervals) {  // RFC 6275 §10.4.3, RFC 3810 §9.6, §9.7
  MulticastMembership membership(at(0_s));
  std::vector<Time> asked;
  while (membership.next_timeout() < at(300_s)) {
    const Time now = membership.next_timeout();
    const auto out = membership.on_timeout(now);
    ASSERT_TRUE(out.query);
    EXPECT_EQ(out.query->max_response_delay, 10_s);
    asked.push_back(now);
  }
  EXPECT_EQ(asked, (std::vector{at(0_s), at(31'250_ms), at(156'250_ms), at(281'250_ms)}));
}

TEST(MulticastMembership, LastsAsLongAsItIsTold) {  // RFC 3810 §9.4: 2 * 125 + 10 seconds
  MulticastMembership membership(at(0_s));
  EXPECT_EQ(membership.on_report(at(0_s), {{{ModeIsExclude, kGroup}}}).joined, std::vector{kGroup});
  EXPECT_TRUE(membership.on_report(at(100_s), {{{ModeIsExclude, kGroup}}}).joined.empty()) << "it was in it before";
  EXPECT_TRUE(membership.on_timeout(at(359_s)).left.empty());
  EXPECT_EQ(membership.on_timeout(at(360_s)).left, std::vector{kGroup});
}

TEST(MulticastMembership, EndsWithWhatIsLeft) {  // RFC 3810 §5.2.12, RFC 2710 §4
  MulticastMembership membership(at(0_s));
  membership.on_report(at(0_s), {{{ChangeToExclude, kGroup}, {AllowNewSources, kOther, 1}}});
  EXPECT_EQ(membership.groups().size(), 2u);
  EXPECT_TRUE(membership.on_report(at(1_s), {{{BlockOldSources, kGroup, 1}, {ModeIsInclude, kOther, 1}}}).left.empty());
  EXPECT_EQ(membership.on_report(at(1_s), {{{ChangeToInclude, kGroup}}}).left, std::vector{kGroup});
  EXPECT_EQ(membership.on_message(at(1_s), {Icmp6Type::MulticastListenerDone, kOther}).left, std::vector{kOther});
  EXPECT_TRUE(membership.groups().empty());
}

TEST(MulticastMembership, IsOfGlobalGroupsOnly) {  // RFC 6275 §10.4.2
  MulticastMembership membership(at(0_s));
  for (const Ipv6Address& group : {"ff02::77"_ip6, "ff05::77"_ip6, "ff08::77"_ip6, "2001:db8::1"_ip6}) {
    EXPECT_EQ(membership.on_report(at(0_s), {{{ModeIsExclude, group}}}).dropped, &kMldGroupNotGlobal);
  }
  EXPECT_TRUE(membership.groups().empty());
}

TEST(MulticastMembership, IsBounded) {
  MulticastMembership membership(at(0_s));
  MulticastListenerReportV2 report;
  for (std::size_t i = 0; i <= MulticastMembership::kMaxGroups; ++i) {
    report.records.push_back({ModeIsExclude, with_interface_id("ff0e::/64"_ip6net, InterfaceId(i))});
  }
  const auto out = membership.on_report(at(0_s), report);
  EXPECT_EQ(out.joined.size(), MulticastMembership::kMaxGroups);
  EXPECT_EQ(out.dropped, &kMldTooManyGroups);
}

}  // namespace
}  // namespace kamesim
