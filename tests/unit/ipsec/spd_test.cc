#include "protocols/ipsec/spd.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "protocols/ipsec/flow_cache.h"
#include "sim/random.h"

namespace kamesim::ipsec {
namespace {

const Ipv6Address kHere = "2001:db8:1::1"_ip6, kThere = "2001:db8:2::2"_ip6;
const Flow kTcp{.source = kHere, .destination = kThere, .next_layer = 6, .source_port = 1024, .destination_port = 80};

SecurityPolicy policy(Action action, Selector selector = {}, std::int32_t priority = 0) {
  SecurityPolicy p{.priority = priority, .action = action, .selector = selector};
  if (action == Action::Protect) p.requests = {Request{}};
  return p;
}

Selector tcp_to(std::uint16_t port) {
  return {.next_layer = NextLayer::of(NextHeader::Tcp), .destination_port = ValueRange::of(port)};
}

TEST(Spd, AnswersWithTheFirstThatMatches) {   // RFC 4301 §4.4.1: "an ordered database"
  Spd spd;
  SecurityPolicy* web = *spd.add(policy(Action::Bypass, tcp_to(80)), Time());
  SecurityPolicy* rest = *spd.add(policy(Action::Discard), Time());
  EXPECT_EQ(spd.first_match(Direction::Out, kTcp), web);
  spd.remove(*web);
  EXPECT_EQ(spd.first_match(Direction::Out, kTcp), rest);
  // Added again it stands behind the one for everything, which now hides it.
  ASSERT_TRUE(spd.add(policy(Action::Bypass, tcp_to(80)), Time()));
  EXPECT_EQ(spd.first_match(Direction::Out, kTcp), rest);
}

TEST(Spd, AsksHigherPrioritiesFirst) {
  Spd spd;
  ASSERT_TRUE(spd.add(policy(Action::Discard), Time()));
  SecurityPolicy* urgent = *spd.add(policy(Action::Bypass, tcp_to(80), 5), Time());
  EXPECT_EQ(spd.first_match(Direction::Out, kTcp), urgent);
  EXPECT_EQ(spd.in_order().front(), urgent);
}

TEST(Spd, KeepsDirectionsApart) {   // RFC 4301 §4.4.1: SPD-I and SPD-O
  Spd spd;
  ASSERT_TRUE(spd.add(policy(Action::Discard), Time()));
  EXPECT_EQ(spd.first_match(Direction::In, kTcp), nullptr);
}

TEST(Spd, AppliesInboundPoliciesToForwardedPacketsUntilThereAreOthers) {   // KAME's ip6_forward
  Spd spd;
  SecurityPolicy in = policy(Action::Discard), forward = policy(Action::Bypass, tcp_to(22));
  in.direction = Direction::In, forward.direction = Direction::Forward;
  SecurityPolicy* for_in = *spd.add(in, Time());
  EXPECT_EQ(spd.first_match(Direction::Forward, kTcp), for_in);
  ASSERT_TRUE(spd.add(forward, Time()));
  EXPECT_EQ(spd.first_match(Direction::Forward, kTcp), nullptr);
}

TEST(Spd, RefusesTheSameSelectorTwiceButUpdatesIt) {   // SADB_X_SPDADD, SADB_X_SPDUPDATE
  Spd spd;
  ASSERT_TRUE(spd.add(policy(Action::Discard), Time()));
  EXPECT_EQ(spd.add(policy(Action::Bypass), Time()).error(), std::errc::file_exists);
  ASSERT_TRUE(spd.update(policy(Action::Bypass), Time()));
  EXPECT_EQ(spd.size(), 1u);
  EXPECT_EQ(spd.first_match(Direction::Out, kTcp)->action, Action::Bypass);
}

TEST(Spd, RefusesWhatCannotBeDone) {
  Spd spd;
  SecurityPolicy mixed = policy(Action::Bypass, {.source = AddressRange::any_v4()});
  SecurityPolicy backwards = policy(Action::Bypass, {.source = {kThere, kHere}});
  SecurityPolicy nothing_asked = policy(Action::Protect), too_much = policy(Action::Protect),
                 no_ends = policy(Action::Protect);
  nothing_asked.requests.clear();
  too_much.requests.resize(kMaxRequests + 1);
  no_ends.requests[0].mode = Mode::Tunnel;
  for (const SecurityPolicy& wrong :
       {mixed, backwards, nothing_asked, too_much, no_ends, policy(Action::Entrust)}) {
    EXPECT_EQ(spd.add(wrong, Time()).error(), std::errc::invalid_argument);
  }
  EXPECT_TRUE(spd.empty());
}

TEST(Spd, GivesUniqueRequestsAReqidOfTheirOwn) {   // KAME: above IPSEC_MANUAL_REQID_MAX
  Spd spd;
  SecurityPolicy p = policy(Action::Protect);
  p.requests = {Request{.level = Level::Unique}, Request{.level = Level::Unique}, Request{.reqid = 7}};
  const SecurityPolicy& added = **spd.add(p, Time());
  EXPECT_EQ(added.requests[0].reqid, kMaxManualReqid + 1);
  EXPECT_EQ(added.requests[1].reqid, kMaxManualReqid + 2);
  EXPECT_EQ(added.requests[2].reqid, 7u);
}

TEST(Spd, TakesOutWhatHasLivedItsTime) {   // SADB_X_SPDEXPIRE
  Spd spd;
  SecurityPolicy p = policy(Action::Discard);
  p.lifetime = 10_s;
  ASSERT_TRUE(spd.add(p, Time() + 1_s));
  EXPECT_EQ(spd.next_timeout(), Time() + 11_s);
  EXPECT_TRUE(spd.on_timeout(Time() + 10999_ms).empty());
  EXPECT_EQ(spd.on_timeout(Time() + 11_s).size(), 1u);
  EXPECT_EQ(spd.first_match(Direction::Out, kTcp), nullptr);
  EXPECT_EQ(spd.next_timeout(), std::nullopt);
}

// The index answers as a walk over the ordered list does, for prefixes of all lengths, ranges and priorities.
TEST(Spd, FindsWhatAWalkOverAllWouldFind) {
  RandomStream random(1, 2, "spd");
  const auto address = [&] {   // few values, so that much overlaps
    return Ipv6Address::from_halves(0x2001'0db8'0000'0000 | random.below(4), random.below(4));
  };
  const auto range = [&]() -> AddressRange {
    if (random.below(4) != 0) {
      static constexpr unsigned kLengths[] = {0, 62, 63, 64, 126, 127, 128};
      return AddressRange::of(Ipv6Prefix(address(), kLengths[random.below(7)]));
    }
    const Ipv6Address a = address(), b = address();
    return {std::min(a, b), std::max(a, b)};
  };
  Spd spd;
  for (int i = 0; i < 300; ++i) {
    (void)spd.add(policy(Action::Bypass,
                         {.source = range(), .destination = range(),
                          .destination_port = random.below(2) != 0 ? ValueRange::any() : ValueRange::of(80)},
                         static_cast<std::int32_t>(random.below(10))), Time());
    if (i % 3 == 0) spd.remove(*spd.in_order()[random.below(spd.size())]);
  }
  int found = 0;
  for (int i = 0; i < 2000; ++i) {
    Flow flow = kTcp;
    flow.source = address(), flow.destination = address(), flow.destination_port = 79 + random.below(2);
    const std::vector<SecurityPolicy*> all = spd.in_order();
    const auto walked = std::ranges::find_if(all, [&](SecurityPolicy* p) { return p->selector.matches(flow); });
    ASSERT_EQ(spd.first_match(Direction::Out, flow), walked == all.end() ? nullptr : *walked);
    found += walked != all.end();
  }
  EXPECT_GT(found, 1500);
}

TEST(FlowCache, AsksTheSpdOnceAFlow) {
  Spd spd;
  SecurityPolicy* all = *spd.add(policy(Action::Discard), Time());
  FlowCache cache;
  for (int i = 0; i < 5; ++i) EXPECT_EQ(cache.find(spd, Direction::Out, kTcp).policy, all);
  EXPECT_EQ(cache.find(spd, Direction::In, kTcp).policy, nullptr);
  EXPECT_EQ(all->counters.lookups, 1u);
}

TEST(FlowCache, ForgetsWhenAPolicyChanges) {
  Spd spd;
  SecurityPolicy* all = *spd.add(policy(Action::Discard), Time());
  FlowCache cache;
  EXPECT_EQ(cache.find(spd, Direction::Out, kTcp).policy, all);
  SecurityPolicy* urgent = *spd.add(policy(Action::Bypass, tcp_to(80), 1), Time());
  EXPECT_EQ(cache.find(spd, Direction::Out, kTcp).policy, urgent);
  spd.remove(*urgent);
  EXPECT_EQ(cache.find(spd, Direction::Out, kTcp).policy, all);
}

TEST(FlowCache, GrowsWithTheFlowsAndNeverAnswersForAnother) {
  Spd spd;
  ASSERT_TRUE(spd.add(policy(Action::Bypass, tcp_to(7)), Time()));
  SecurityPolicy* all = *spd.add(policy(Action::Discard), Time());
  FlowCache cache;
  for (int round = 0; round < 40; ++round) {
    for (std::uint16_t port = 0; port < 2000; ++port) {
      Flow flow = kTcp;
      flow.destination_port = port;
      ASSERT_EQ(cache.find(spd, Direction::Out, flow).policy == all, port != 7);
    }
  }
  EXPECT_LT(all->counters.lookups, 12u * 2000);   // of 80000
}

TEST(FlowCache, KeepsTheAssociationUntilTheSadChanges) {
  Spd spd;
  Sad sad;
  ASSERT_TRUE(spd.add(policy(Action::Protect), Time()));
  FlowCache cache;
  KnownFlow& known = cache.find(spd, Direction::Out, kTcp);
  EXPECT_EQ(FlowCache::association(known, sad, 0, kHere, kThere), nullptr);
  SaParameters parameters;
  parameters.address = {0x100, Protocol::Esp, kHere, kThere};
  SecurityAssociation* sa = *sad.add(parameters, Time());
  EXPECT_EQ(FlowCache::association(known, sad, 0, kHere, kThere), sa);
  EXPECT_EQ(FlowCache::association(known, sad, 0, kHere, kThere), sa);
  sad.remove(*sa);
  EXPECT_EQ(FlowCache::association(known, sad, 0, kHere, kThere), nullptr);
}

}  // namespace
}  // namespace kamesim::ipsec
