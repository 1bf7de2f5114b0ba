#include "sim/near_events.h"

#include <array>
#include <deque>
#include <map>
#include <vector>

#include <gtest/gtest.h>

#include "sim/event_queue.h"
#include "sim/random.h"

namespace kamesim {
namespace {

struct Still : Event {
  Still() : Event(kKind) {}
  static void fire(Event&) {}
  static constexpr Kind kKind{&fire};
};

constexpr EventKey key(std::int64_t ns, std::uint64_t tie = 0) { return {Time::from_ns(ns), tie}; }

TEST(NearEvents, WithoutAnyHaveNoFirstKey) {
  NearEvents near;
  EXPECT_TRUE(near.empty());
  EXPECT_EQ(near.first_key(), kNoEventKey);
  Still event;
  near.push(event, key(1));
  EXPECT_EQ(near.first_key(), key(1));
  EXPECT_EQ(&near.take_first(), &event);
  EXPECT_TRUE(near.empty());
  EXPECT_EQ(near.first_key(), kNoEventKey);
}

TEST(NearEvents, OfTheSameTimeGoByTie) {
  NearEvents near;
  std::deque<Still> events(3);
  near.push(events[0], key(5, 2));
  near.push(events[1], key(5, 1));
  near.push(events[2], key(4, 9));
  for (const int i : {2, 1, 0}) {
    near.first_key();
    EXPECT_EQ(&near.take_first(), &events[static_cast<std::size_t>(i)]);
  }
}

// What is taken leaves a place that is not looked at before something is pushed, or asked for the first. Whatever comes
// between, the one that was taken stays away.
TEST(NearEvents, WhatWasTakenStaysAwayWhileItsPlaceIsFree) {
  for (const int what : {0, 1, 2, 3, 4}) {
    NearEvents near;
    std::deque<Still> events(4);
    for (std::size_t i = 0; i < 3; ++i) near.push(events[i], key(10 * static_cast<std::int64_t>(i + 1)));
    Event& taken = near.take_first();
    ASSERT_EQ(&taken, &events[0]);
    PendingList all;
    if (what == 0) near.move(events[2], key(15));
    if (what == 1) near.remove(events[2]);
    if (what == 2) near.push(events[3], key(25));
    if (what == 3) near.push(taken, key(35));
    if (what == 4) near.list(all);
    EXPECT_EQ(all.size(), what == 4 ? 2u : 0u);
    std::vector<std::int64_t> times;
    while (!near.empty()) {
      times.push_back(near.first_key().time.ns());
      near.take_first();
    }
    const std::vector<std::int64_t> expected[] = {{15, 20}, {20}, {20, 25, 30}, {20, 30, 35}, {20, 30}};
    EXPECT_EQ(times, expected[what]) << what;
  }
}

// In waves, so that the tree grows and shrinks, with events that are moved and removed at any time.
TEST(NearEvents, AgreeWithAnOrderedMapInWaves) {
  NearEvents near;
  RandomStream random(3, 0, "near events");
  std::deque<Still> events(700);
  std::map<EventKey, std::size_t> model;
  std::map<std::size_t, EventKey> pending;
  std::uint64_t tie = 0;
  std::int64_t now = 0;
  for (int operation = 0; operation < 200'000; ++operation) {
    const std::size_t wave = static_cast<std::size_t>(operation / 10'000) % 4;
    const std::size_t wanted = std::array<std::size_t, 4>{3, 700, 40, 0}[wave];
    const auto i = static_cast<std::size_t>(random.below(events.size()));
    const auto it = pending.find(i);
    const EventKey k = key(now + static_cast<std::int64_t>(random.below(1000)), ++tie);
    if (it != pending.end() && random.chance(0.3)) {
      model.erase(it->second);
      if (random.chance(0.5)) {
        near.remove(events[i]);
        pending.erase(it);
      } else {
        near.move(events[i], k);
        it->second = k;
        model.emplace(k, i);
        ASSERT_EQ(near.time_of(events[i]), k.time);
      }
    } else if (it == pending.end() && model.size() < wanted) {
      near.push(events[i], k);
      pending.emplace(i, k);
      model.emplace(k, i);
    } else if (!model.empty()) {
      if (random.chance(0.5)) {
        ASSERT_EQ(near.first_key(), model.begin()->first);
      }
      now = model.begin()->first.time.ns();
      ASSERT_EQ(&near.take_first(), &events[model.begin()->second]);
      pending.erase(model.begin()->second);
      model.erase(model.begin());
    }
    ASSERT_EQ(near.size(), model.size());
  }
  PendingList all;
  near.list(all);
  ASSERT_EQ(all.size(), model.size());
  for (const PendingEvent& e : all) EXPECT_EQ(&events[model.at(e.key)], e.event);
  near.clear();
  EXPECT_EQ(near.first_key(), kNoEventKey);
}

}  // namespace
}  // namespace kamesim
