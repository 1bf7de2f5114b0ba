// The states of a neighbour, event by event (RFC 4861 §7.2.5, §7.3.3 and Appendix C).
#include "protocols/ip6/nd_reachability.h"

#include <gtest/gtest.h>

#include "protocols/ip6/nd_drops.h"

namespace kamesim {
namespace {

using State = Neighbor::State;
using Solicit = NudOutput::Solicit;

const MacAddress kMac({2, 0, 0, 0, 0, 1});
const MacAddress kOtherMac({2, 0, 0, 0, 0, 2});
const Time kNow = Time::from_seconds(100);
const NudTiming kTiming{.reachable_time = 30_s, .retrans_timer = 1_s};

Neighbor neighbor(State state) {
  Neighbor n;
  n.state = state;
  if (n.mac_known()) n.mac = kMac;
  if (state == State::Reachable) n.until = kNow + 10_s;
  if (state != State::Reachable && state != State::Stale) n.until = kNow + 1_s;
  return n;
}

TEST(Reachability, FollowsTheAdvertisementTable) {  // Appendix C and §7.2.5
  constexpr State kComplete[] = {State::Reachable, State::Stale, State::Delay, State::Probe};
  struct Row {
    std::vector<State> in;
    bool solicited, override;
    std::optional<MacAddress> mac;
    std::optional<State> to;  // empty: unchanged
    MacAddress mac_then;
  };
  const std::vector<State> complete(std::begin(kComplete), std::end(kComplete));
  const std::vector<State> not_reachable{State::Stale, State::Delay, State::Probe};
  const Row rows[] = {
      {{State::Incomplete}, false, false, kMac, State::Stale, kMac},
      {{State::Incomplete}, false, true, kMac, State::Stale, kMac},
      {{State::Incomplete}, true, false, kMac, State::Reachable, kMac},
      {{State::Incomplete}, true, true, kMac, State::Reachable, kMac},
      {{State::Incomplete}, true, true, std::nullopt, std::nullopt, MacAddress()},
      {complete, true, false, kMac, State::Reachable, kMac},
      {complete, true, false, std::nullopt, State::Reachable, kMac},  // §7.2.5 II
      {complete, true, true, std::nullopt, State::Reachable, kMac},
      {complete, false, false, std::nullopt, std::nullopt, kMac},
      {{State::Reachable}, true, false, kOtherMac, State::Stale, kMac},   // §7.2.5 I.a
      {{State::Reachable}, false, false, kOtherMac, State::Stale, kMac},  // §7.2.5 I.a
      {not_reachable, true, false, kOtherMac, std::nullopt, kMac},        // I.b
      {not_reachable, false, false, kOtherMac, std::nullopt, kMac},
      {complete, true, true, kMac, State::Reachable, kMac},
      {complete, true, true, kOtherMac, State::Reachable, kOtherMac},
      {complete, false, false, kMac, std::nullopt, kMac},
      {complete, false, true, kMac, std::nullopt, kMac},
      {complete, false, true, kOtherMac, State::Stale, kOtherMac},
  };
  for (const Row& row : rows) {
    for (const State state : row.in) {
      Neighbor n = neighbor(state);
      const auto out = nud_on_advertisement(
          n, kNow, kTiming, {.solicited = row.solicited, .override = row.override, .mac = row.mac});
      const auto where = testing::Message() << "state " << int(state) << " S=" << row.solicited << " O="
                                            << row.override << " mac " << (row.mac ? row.mac->to_string() : "none");
      EXPECT_EQ(n.state, row.to.value_or(state)) << where;
      EXPECT_EQ(n.mac, row.mac_then) << where;
      EXPECT_EQ(out.send_queued, state == State::Incomplete && row.mac) << where;
      const bool unchanged = !row.to || *row.to == state;
      if (!unchanged) {
        EXPECT_FALSE(n.has_deadline()) << where;
      }
    }
  }
}

// §7.3.3: packets go to a neighbour that is being asked as to one that has answered. Only there ready() may be true: a
// packet that goes by it is not told to the machine.
TEST(Reachability, APacketChangesNothingWhereItMayGoAtOnce) {
  struct { State state; bool in_time, late; } cases[] = {
      {State::None, false, false},     {State::Incomplete, false, false}, {State::Reachable, true, false},
      {State::Stale, false, false},    {State::Delay, true, true},        {State::Probe, true, true},
  };
  for (const auto& [state, in_time, late] : cases) {
    for (const Time now : {kNow, kNow + 20_s}) {
      Neighbor n = neighbor(state);
      const auto where = testing::Message() << "state " << int(state) << " at " << now.ns();
      const bool ready = n.ready(now);
      EXPECT_EQ(ready, now == kNow ? in_time : late) << where;
      nud_on_packet_sent(n, now);
      if (ready) {
        EXPECT_EQ(n.state, state) << where;
        EXPECT_EQ(n.until, neighbor(state).until) << where;
      }
      n.watched = true;  // RFC 4191 §3.5: a better router is to be asked for
      EXPECT_FALSE(n.ready(now)) << where;
    }
  }
}

TEST(Reachability, RecordsWhetherTheNeighbourIsARouter) {  // §7.2.5
  struct { State state; bool override; MacAddress mac; bool updated; } cases[] = {
      {State::Incomplete, false, kMac, true},     {State::Reachable, false, kMac, true},
      {State::Stale, true, kOtherMac, true},      {State::Reachable, false, kOtherMac, false},
      {State::Stale, false, kOtherMac, false},
  };
  for (const auto& c : cases) {
    Neighbor n = neighbor(c.state);
    n.is_router = true;
    const auto out = nud_on_advertisement(n, kNow, kTiming, {.router = false, .override = c.override, .mac = c.mac});
    EXPECT_EQ(n.is_router, !c.updated) << int(c.state);
    EXPECT_EQ(out.ceased_to_route, c.updated) << int(c.state);
  }
}

TEST(Reachability, AnAdvertisementForNobodyTeachesNothing) {  // §7.2.5
  Neighbor n = neighbor(State::None);
  n.clear_deadline();
  const auto out = nud_on_advertisement(n, kNow, kTiming, {.solicited = true, .override = true, .mac = kMac});
  EXPECT_EQ(n.state, State::None);
  EXPECT_EQ(out.dropped, &kNdNoEntry);
}

TEST(Reachability, ResolvesWithThreeMulticastSolicitationsAtMost) {  // §7.2.2
  Neighbor n = neighbor(State::None);
  EXPECT_EQ(nud_on_packet_queued(n, kNow, kTiming).solicit, Solicit::Multicast);
  EXPECT_EQ(nud_on_packet_queued(n, kNow, kTiming).solicit, Solicit::No);  // another packet asks no question
  EXPECT_EQ(n.until, kNow + 1_s);
  EXPECT_EQ(nud_on_timeout(n, kNow + 1_s, kTiming).solicit, Solicit::Multicast);
  EXPECT_EQ(nud_on_timeout(n, kNow + 2_s, kTiming).solicit, Solicit::Multicast);
  EXPECT_TRUE(nud_on_timeout(n, kNow + 3_s, kTiming).gave_up);
}

TEST(Reachability, ReachableEndsByItselfWhenAPacketIsSent) {  // §7.3.3, Note
  Neighbor n = neighbor(State::Reachable);
  nud_on_packet_sent(n, kNow);
  EXPECT_EQ(n.state, State::Reachable);
  nud_on_packet_sent(n, kNow + 10_s);
  EXPECT_EQ(n.state, State::Delay);
  EXPECT_EQ(n.until, kNow + 15_s);  // DELAY_FIRST_PROBE_TIME
}

TEST(Reachability, ProbesByUnicastThreeTimes) {  // §7.3.3
  Neighbor n = neighbor(State::Delay);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(nud_on_timeout(n, kNow + 1_s * i, kTiming).solicit, Solicit::Unicast);
    EXPECT_EQ(n.state, State::Probe);
  }
  EXPECT_TRUE(nud_on_timeout(n, kNow + 3_s, kTiming).gave_up);
}

TEST(Reachability, ASolicitationTellsALinkLayerAddress) {  // Appendix C, second table
  struct { State state; MacAddress mac; State to; bool send_queued; } cases[] = {
      {State::None, kMac, State::Stale, true},          {State::Incomplete, kMac, State::Stale, true},
      {State::Reachable, kMac, State::Reachable, false}, {State::Reachable, kOtherMac, State::Stale, false},
      {State::Delay, kMac, State::Delay, false},         {State::Probe, kOtherMac, State::Stale, false},
  };
  for (const auto& c : cases) {
    Neighbor n = neighbor(c.state);
    EXPECT_EQ(nud_on_link_layer_address(n, c.mac).send_queued, c.send_queued) << int(c.state);
    EXPECT_EQ(n.state, c.to) << int(c.state);
    EXPECT_EQ(n.mac, c.mac) << int(c.state);
  }
}

TEST(Reachability, AnUpperLayerConfirmationDoesNotResolve) {  // §7.3.3
  Neighbor incomplete = neighbor(State::Incomplete);
  EXPECT_FALSE(nud_on_confirmation(incomplete, kNow, kTiming).confirmed);
  EXPECT_EQ(incomplete.state, State::Incomplete);
  Neighbor probe = neighbor(State::Probe);
  EXPECT_TRUE(nud_on_confirmation(probe, kNow, kTiming).confirmed);
  EXPECT_EQ(probe.state, State::Reachable);
  EXPECT_EQ(probe.until, kNow + 30_s);
}

}  // namespace
}  // namespace kamesim
