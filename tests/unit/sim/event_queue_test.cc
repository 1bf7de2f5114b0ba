#include "sim/event_queue.h"

#include <map>
#include <memory>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace kamesim {
namespace {

struct Noted : Event {
  Noted(std::vector<int>& log, int number)
      : Event([](Event& e) {
          auto& self = static_cast<Noted&>(e);
          self.log.push_back(self.number);
        }),
        log(log),
        number(number) {}
  std::vector<int>& log;
  int number;
};

EventKey key(std::int64_t ns, std::uint64_t tie = 0) { return {Time::from_ns(ns), tie}; }

TEST(EventQueue, FiresByTimeThenByTie) {
  std::vector<int> fired;
  Noted a(fired, 1), b(fired, 2), c(fired, 3), d(fired, 4);
  EventQueue queue;
  queue.schedule(a, key(20));
  queue.schedule(b, key(10, 7));
  queue.schedule(c, key(10, 3));
  queue.schedule(d, key(5, 9));
  while (!queue.empty()) queue.fire_next();
  EXPECT_EQ(fired, (std::vector{4, 3, 2, 1}));
}

TEST(EventQueue, ReArmingMovesAndCancellingForgets) {
  std::vector<int> fired;
  Noted a(fired, 1), b(fired, 2), c(fired, 3);
  EventQueue queue;
  queue.schedule(a, key(10));
  queue.schedule(b, key(20));
  queue.schedule(c, key(30));
  queue.schedule(a, key(40));
  queue.schedule(c, key(5));
  queue.cancel(b);
  queue.cancel(b);
  EXPECT_FALSE(b.pending());
  EXPECT_EQ(queue.size(), 2u);
  while (!queue.empty()) queue.fire_next();
  EXPECT_EQ(fired, (std::vector{3, 1}));
}

TEST(EventQueue, AnEventMayReScheduleOrDestroyItself) {
  struct Periodic : Event {
    Periodic(EventQueue& queue, int& left)
        : Event([](Event& e) {
            auto& self = static_cast<Periodic&>(e);
            if (--self.left == 0) {
              delete &self;
            } else {
              self.queue.schedule(self, key(self.time += 10));
            }
          }),
          queue(queue),
          left(left) {}
    EventQueue& queue;
    int& left;
    std::int64_t time = 0;
  };
  EventQueue queue;
  int left = 3;
  queue.schedule(*new Periodic(queue, left), key(0));
  int fired = 0;
  for (; !queue.empty(); ++fired) queue.fire_next();
  EXPECT_EQ(fired, 3);
}

TEST(EventQueue, DestroyingEitherSideCancels) {
  std::vector<int> fired;
  Noted survivor(fired, 1);
  {
    EventQueue queue;
    queue.schedule(survivor, key(1));
    auto gone = std::make_unique<Noted>(fired, 2);
    queue.schedule(*gone, key(0));
    gone.reset();
    EXPECT_EQ(queue.size(), 1u);
    EXPECT_EQ(queue.next_key(), key(1));
  }
  EXPECT_FALSE(survivor.pending());
}

// Any mixture of operations gives the order of a sorted map.
TEST(EventQueue, AgreesWithASortedMap) {
  std::mt19937 random(1);
  for (int round = 0; round < 20; ++round) {
    std::vector<int> fired, expected;
    std::vector<std::unique_ptr<Noted>> events;
    for (int i = 0; i < 200; ++i) events.push_back(std::make_unique<Noted>(fired, i));
    EventQueue queue;
    std::multimap<EventKey, int> reference;
    std::map<int, std::multimap<EventKey, int>::iterator> places;
    std::uint64_t tie = 0;
    for (int step = 0; step < 5000; ++step) {
      const int i = static_cast<int>(random() % events.size());
      const auto choice = random() % 10;
      if (choice < 6) {
        const EventKey k = key(random() % 1000, ++tie);
        queue.schedule(*events[i], k);
        if (places.contains(i)) reference.erase(places[i]);
        places[i] = reference.emplace(k, i);
      } else if (choice < 8) {
        queue.cancel(*events[i]);
        if (places.contains(i)) reference.erase(places[i]);
        places.erase(i);
      } else if (!queue.empty()) {
        ASSERT_EQ(queue.next_key(), reference.begin()->first);
        queue.fire_next();
        expected.push_back(reference.begin()->second);
        places.erase(expected.back());
        reference.erase(reference.begin());
      }
      ASSERT_EQ(queue.size(), reference.size());
    }
    while (!queue.empty()) queue.fire_next();
    for (const auto& [k, i] : reference) expected.push_back(i);
    ASSERT_EQ(fired, expected);
  }
}

}  // namespace
}  // namespace kamesim
