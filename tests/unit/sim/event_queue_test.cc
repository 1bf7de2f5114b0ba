#include "sim/event_queue.h"

#include <deque>
#include <map>
#include <utility>

#include <gtest/gtest.h>

#include "sim/random.h"

namespace kamesim {
namespace {

struct Note : Event {
  explicit Note(std::vector<int>& fired, int number)
      : Event(kKind),
        fired(fired),
        number(number) {}
  static void fire(Event& e) { static_cast<Note&>(e).fired.push_back(static_cast<Note&>(e).number); }
  static constexpr Kind kKind{&fire};
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

struct Thrice : Event {
  explicit Thrice(EventQueue& queue) : Event(kKind), queue(queue) {}
  static void fire(Event& e) {
    auto& self = static_cast<Thrice&>(e);
    if (++self.times < 3) self.queue.schedule(self, key(self.times));
  }
  static constexpr Kind kKind{&fire};
  EventQueue& queue;
  int times = 0;
};

TEST(EventQueue, AnEventMayScheduleItselfAgainWhileItRuns) {
  EventQueue queue;
  Thrice event(queue);
  queue.schedule(event, key(0));
  while (!queue.empty()) queue.fire_next();
  EXPECT_EQ(event.times, 3);
}

struct Once : Event {
  explicit Once(int& fired) : Event(kKind), fired(fired) {}
  static void fire(Event& e) {
    auto& self = static_cast<Once&>(e);
    ++self.fired;
    delete &self;
  }
  static constexpr Kind kKind{&fire};
  int& fired;
};

TEST(EventQueue, AnEventMayDestroyItselfWhileItRuns) {
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

// Random operations, as an ordered map would do them. `draw` makes the times, after that of the last event fired.
template <typename Draw>
void compare_with_an_ordered_map(std::size_t most, int operations, Draw draw) {
  EventQueue queue;
  std::vector<int> fired;
  std::deque<Note> events;
  for (std::size_t i = 0; i < most; ++i) events.emplace_back(fired, static_cast<int>(i));
  std::map<EventKey, int> model;
  std::map<int, EventKey> pending;
  RandomStream random(7, 0, "event queue");
  std::uint64_t tie = 0;
  std::int64_t now = 0;
  for (int operation = 0; operation < operations; ++operation) {
    const int i = static_cast<int>(random.below(events.size()));
    auto& event = events[static_cast<std::size_t>(i)];
    const std::uint64_t what = random.below(10);
    if (what < 5) {  // schedule, or move
      const EventKey k = key(draw(random, now), ++tie);
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
      now = queue.next_key().time.ns();
      queue.fire_next();
      ASSERT_EQ(fired.back(), model.begin()->second);
      pending.erase(model.begin()->second);
      model.erase(model.begin());
    }
    if (operation % 1000 == 999) {  // as before and after a parallel run
      for (const auto& [k, e] : queue.take_all()) queue.schedule(*e, k);
    }
    ASSERT_EQ(queue.size(), model.size());
    ASSERT_EQ(event.pending(), pending.contains(i));
  }
}

TEST(EventQueue, AgreesWithAnOrderedMapWhereTimesAreDense) {
  compare_with_an_ordered_map(300, 200'000, [](RandomStream& random, std::int64_t) {
    return static_cast<std::int64_t>(random.below(1000));
  });
}

// So few that all are near, and about as many as there may be before the wheel is used.
TEST(EventQueue, AgreesWithAnOrderedMapWhereEventsAreFew) {
  for (const std::size_t most : {3, 30, 60, 800, 1200}) {
    compare_with_an_ordered_map(most, 50'000, [](RandomStream& random, std::int64_t now) {
      return now + static_cast<std::int64_t>(random.below(100));
    });
  }
}

TEST(EventQueue, AgreesWithAnOrderedMapOverAllTimeScales) {
  compare_with_an_ordered_map(3000, 300'000, [](RandomStream& random, std::int64_t now) {
    const std::uint64_t scale = random.below(45);
    return now + static_cast<std::int64_t>(random.below(std::uint64_t{1} << scale));
  });
}

TEST(EventQueue, AgreesWithAnOrderedMapAtTheBordersOfSlots) {
  compare_with_an_ordered_map(3000, 300'000, [](RandomStream& random, std::int64_t now) {
    const std::int64_t slot = std::int64_t{1} << (random.below(2) == 0 ? 14 + 10 * random.below(4) : 10 + 6 * random.below(6));
    return (now / slot + static_cast<std::int64_t>(random.below(70))) * slot + static_cast<std::int64_t>(random.below(2));
  });
}

// Mostly what is about a turn of the wheel's lowest level away (17 ms), as frames on links are, on both sides of that;
// and timers that are farther away.
TEST(EventQueue, AgreesWithAnOrderedMapWhereOneCausesTheNext) {
  for (const std::int64_t delay : {1'000'000, 16'000'000, 18'000'000}) {
    for (const std::uint64_t jitter : {1'000u, 1'000'000u}) {
      compare_with_an_ordered_map(2000, 100'000, [&](RandomStream& random, std::int64_t now) {
        const std::int64_t far = random.below(20) == 0 ? static_cast<std::int64_t>(random.below(20'000'000'000)) : 0;
        return now + delay + far + static_cast<std::int64_t>(random.below(jitter));
      });
    }
  }
}

TEST(EventQueue, AgreesWithAnOrderedMapWhereManyComeAtOnce) {
  compare_with_an_ordered_map(3000, 300'000, [](RandomStream& random, std::int64_t now) {
    constexpr std::int64_t kSecond = 1'000'000'000;
    return random.below(3) == 0 ? Time::max().ns() - static_cast<std::int64_t>(random.below(2))
                                : (now / kSecond + static_cast<std::int64_t>(random.below(3))) * kSecond + 5;
  });
}

TEST(PendingList, GivesBackWhatItNeededOnce) {
  PendingList list;
  list.add(100'000);
  for (int i = 0; i < 100; ++i) list.clear(), list.add(10);
  EXPECT_GE(list.capacity(), 100'000u);  // it may be needed again soon
  for (int i = 0; i < 1000; ++i) list.clear(), list.add(10);
  EXPECT_LT(list.capacity(), 100u);
  list.add(100'000);
  for (int i = 0; i < 3000; ++i) list.clear(), list.add(i % 500 == 0 ? 50'000 : 10);
  EXPECT_GE(list.capacity(), 100'000u);
}

TEST(EventQueue, KnowsWhenAnEventIsDueWhereverItWaits) {
  EventQueue queue;
  RandomStream random(1, 0, "test");
  std::vector<int> fired;
  std::deque<Note> events;
  std::vector<Time> times;
  const auto schedule = [&](std::size_t i, std::int64_t from) {  // near, and as far as some seconds
    times[i] = Time::from_ns(from + static_cast<std::int64_t>(random.below(std::uint64_t{1} << random.below(33))));
    queue.schedule(events[i], {times[i], i});
  };
  for (std::size_t i = 0; i < 3000; ++i) {
    events.emplace_back(fired, static_cast<int>(i));
    times.emplace_back();
    schedule(i, 0);
  }
  for (std::size_t step = 0; step < 3000; ++step) {
    const EventKey next = queue.next_key();
    for (const std::size_t i : {step, static_cast<std::size_t>(next.tie)}) {
      if (events[i].pending()) {
        ASSERT_EQ(events[i].due(), times[i]) << step;
      }
    }
    queue.fire_next();
    if (random.chance(0.5)) schedule(static_cast<std::size_t>(next.tie), next.time.ns());
  }
  for (std::size_t i = 0; i < events.size(); ++i) {
    if (events[i].pending()) {
      EXPECT_EQ(events[i].due(), times[i]) << i;
    }
  }
}

TEST(EventQueue, TakesEventsForTimesThatItHasLookedBeyond) {
  EventQueue queue;
  std::vector<int> fired;
  std::deque<Note> events;
  for (int i = 0; i < 1000; ++i) queue.schedule(events.emplace_back(fired, i), key(1'000'000'000 * (i + 1ll)));
  EXPECT_EQ(queue.next_key(), key(1'000'000'000));
  for (int i = 1000; i < 2000; ++i) queue.schedule(events.emplace_back(fired, i), key(i));
  for (int i = 1000; i < 2000; ++i) {
    queue.fire_next();
    ASSERT_EQ(fired.back(), i);
  }
  queue.fire_next();
  EXPECT_EQ(fired.back(), 0);
}

// Comes again and again; counts how often it was prepared by all steps.
struct Periodic : Event {
  static constexpr std::int64_t kPeriod = 1'000'000;
  Periodic(EventQueue*& queue, int& prepared, EventKey first)
      : Event(kKind),
        queue(queue),
        prepared(prepared),
        next(first) {}
  static void fire(Event& e) {
    auto& self = static_cast<Periodic&>(e);
    self.prepared += std::exchange(self.steps, 0) == (1u << kSteps) - 1;
    self.next.time += Duration::nanoseconds(kPeriod);
    self.queue->schedule(self, self.next);
  }
  template <unsigned kStep>
  static void note(const Event& e) {
    static_cast<const Periodic&>(e).steps |= 1u << kStep;
  }
  static constexpr Steps kPrepare{{&note<0>, &note<1>, &note<2>, &note<3>}};
  static constexpr Kind kKind{&fire, &kPrepare};
  EventQueue*& queue;
  int& prepared;
  EventKey next;
  mutable unsigned steps = 0;  // a bit each
};

// As a shard of a parallel run has it, where little but distant timers stands when a window ends, and one that is filled
// from another: events that are not near in number are to come from the wheel, which lets them be prepared.
TEST(EventQueue, PreparesEventsWhereTheWheelWentFarBeyondThem) {
  EventQueue first, second;
  EventQueue* queue = &first;
  std::vector<int> fired;
  std::deque<Note> distant;
  constexpr std::int64_t kDistant = 100'000'000'000;
  for (int i = 0; i < 1000; ++i) first.schedule(distant.emplace_back(fired, i), key(kDistant + i * Periodic::kPeriod));
  EXPECT_EQ(first.next_key(), key(kDistant));
  int prepared = 0;
  std::deque<Periodic> events;
  for (int i = 0; i < 1000; ++i) {
    const EventKey at = key(i * 1000, static_cast<std::uint64_t>(i));
    first.schedule(events.emplace_back(queue, prepared, at), at);
  }
  for (int i = 0; i < 20'000; ++i) first.fire_next();
  EXPECT_GT(prepared, 19'900);  // but where the wheel begins a turn

  queue = &second;
  for (const auto& [at, event] : first.take_all()) second.schedule(*event, at);
  prepared = 0;
  for (int i = 0; i < 20'000; ++i) second.fire_next();
  EXPECT_GT(prepared, 19'900);  // but where the wheel begins a turn
  EXPECT_TRUE(fired.empty());
}

}  // namespace
}  // namespace kamesim
