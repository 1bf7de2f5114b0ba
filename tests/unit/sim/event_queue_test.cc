#include "sim/event_queue.h"

#include <deque>
#include <map>

#include <gtest/gtest.h>

#include "sim/random.h"

namespace kamesim {
namespace {

struct Note : Event {
  explicit Note(std::vector<int>& fired, int number)
      : Event([](Event& e) { static_cast<Note&>(e).fired.push_back(static_cast<Note&>(e).number); }),
        fired(fired),
        number(number) {}
  std::vector<int>& fired;
  int number;
};

constexpr EventKey key(std::int64_t ns, std::uint64_t tie = 0) { return {Time::from_ns(ns), tie}; }

TEST(EventQueue, FiresByTimeThenTie) {
  EventQueue queue;
  std::vector<int> fired;
  Note a(fired, 0), b(fired, 1), c(fired, 2), d(fired, 3);
  queue.schedule(a, key(20, 1));
  queue.schedule(b, key(10, 2));
  queue.schedule(c, key(10, 1));
  queue.schedule(d, key(5, 9));
  while (!queue.empty()) queue.fire_next();
  EXPECT_EQ(fired, (std::vector{3, 2, 1, 0}));
}

TEST(EventQueue, RearmsInPlaceBothWays) {
  EventQueue queue;
  std::vector<int> fired;
  Note a(fired, 0), b(fired, 1), c(fired, 2);
  queue.schedule(a, key(10));
  queue.schedule(b, key(20));
  queue.schedule(c, key(30));
  queue.schedule(a, key(40));
  queue.schedule(c, key(5));
  EXPECT_EQ(queue.size(), 3u);
  while (!queue.empty()) queue.fire_next();
  EXPECT_EQ(fired, (std::vector{2, 1, 0}));
}

TEST(EventQueue, AnEventThatIsDestroyedOrCancelledLeavesNothing) {
  EventQueue queue;
  std::vector<int> fired;
  Note kept(fired, 0), cancelled(fired, 1);
  {
    Note destroyed(fired, 2);
    queue.schedule(destroyed, key(1));
    queue.schedule(cancelled, key(2));
    queue.schedule(kept, key(3));
  }
  queue.cancel(cancelled);
  queue.cancel(cancelled);
  EXPECT_FALSE(cancelled.pending());
  EXPECT_EQ(queue.size(), 1u);
  queue.fire_next();
  EXPECT_EQ(fired, std::vector{0});
}

TEST(EventQueue, AnEventMayScheduleItselfAgainWhileItRuns) {
  struct Thrice : Event {
    explicit Thrice(EventQueue& queue)
        : Event([](Event& e) {
            auto& self = static_cast<Thrice&>(e);
            if (++self.times < 3) self.queue.schedule(self, key(self.times));
          }),
          queue(queue) {}
    EventQueue& queue;
    int times = 0;
  };
  EventQueue queue;
  Thrice event(queue);
  queue.schedule(event, key(0));
  while (!queue.empty()) queue.fire_next();
  EXPECT_EQ(event.times, 3);
}

TEST(EventQueue, AnEventMayDestroyItselfWhileItRuns) {
  struct Once : Event {
    explicit Once(int& fired)
        : Event([](Event& e) {
            auto& self = static_cast<Once&>(e);
            ++self.fired;
            delete &self;
          }),
          fired(fired) {}
    int& fired;
  };
  EventQueue queue;
  int fired = 0;
  queue.schedule(*new Once(fired), key(0));
  queue.fire_next();
  EXPECT_EQ(fired, 1);
}

TEST(EventQueue, AQueueThatIsDestroyedFirstForgetsItsEvents) {
  std::vector<int> fired;
  Note event(fired, 0);
  {
    EventQueue queue;
    queue.schedule(event, key(1));
  }
  EXPECT_FALSE(event.pending());
}

TEST(EventQueue, AgreesWithAnOrderedMapOverRandomOperations) {
  EventQueue queue;
  std::vector<int> fired;
  std::deque<Note> events;
  for (int i = 0; i < 300; ++i) events.emplace_back(fired, i);
  std::map<EventKey, int> model;
  std::map<int, EventKey> pending;
  RandomStream random(7, 0, "event queue");
  std::uint64_t tie = 0;
  for (int operation = 0; operation < 200'000; ++operation) {
    const int i = static_cast<int>(random.below(events.size()));
    auto& event = events[static_cast<std::size_t>(i)];
    const std::uint64_t what = random.below(10);
    if (what < 5) {  // schedule, or move
      const EventKey k = key(static_cast<std::int64_t>(random.below(1000)), ++tie);
      if (const auto it = pending.find(i); it != pending.end()) model.erase(it->second);
      pending.insert_or_assign(i, k);
      model.emplace(k, i);
      queue.schedule(event, k);
    } else if (what < 7) {
      if (const auto it = pending.find(i); it != pending.end()) {
        model.erase(it->second);
        pending.erase(it);
      }
      queue.cancel(event);
    } else if (!model.empty()) {
      ASSERT_EQ(queue.next_key(), model.begin()->first);
      queue.fire_next();
      ASSERT_EQ(fired.back(), model.begin()->second);
      pending.erase(model.begin()->second);
      model.erase(model.begin());
    }
    ASSERT_EQ(queue.size(), model.size());
    ASSERT_EQ(event.pending(), pending.contains(i));
  }
}

}  // namespace
}  // namespace kamesim
