// Frames that cross between two shards while both run.
#include "sim/mailbox.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <memory>
#include <thread>
#include <vector>

namespace kamesim {
namespace {

// Notes of frames that can be told apart by their times of arrival.
std::vector<std::unique_ptr<UnderWay>> notes(int count) {
  std::vector<std::unique_ptr<UnderWay>> made;
  for (int i = 0; i < count; ++i) made.emplace_back(new UnderWay{nullptr, Packet(), {Time::from_ns(i), 0}, Time()});
  return made;
}

std::vector<std::int64_t> taken_from(Mailbox& box) {
  std::vector<std::int64_t> arrivals;
  box.take([&](const Mailbox::Batch& batch) {
    std::size_t count = 0;
    for (const Crossing& c : batch.crossings) {
      const UnderWay* frame = c.first;
      for (std::uint32_t i = 0; i < c.count; ++i, frame = frame->next) arrivals.push_back(frame->arrival.time.ns());
      EXPECT_EQ(frame, nullptr);
      EXPECT_EQ(c.last->arrival.time.ns(), arrivals.back());
      count += c.count;
    }
    EXPECT_EQ(batch.frames, count);
  });
  return arrivals;
}

// Mailboxes do not look at pipes.
struct StandIn {
  std::byte byte;
  Mailbox::Place place;
  void post(Mailbox& box, UnderWay& frame) { box.post(reinterpret_cast<Pipe&>(byte), frame, place); }
};

TEST(Mailbox, HandsOverWhatWasSentInItsOrder) {
  const auto frames = notes(4);
  Mailbox box;
  StandIn pipe;
  pipe.post(box, *frames[0]);
  pipe.post(box, *frames[1]);
  EXPECT_EQ(box.posted(), 2u);
  EXPECT_EQ(taken_from(box), (std::vector<std::int64_t>{}));  // not sent yet
  box.send(Time::from_ns(10));
  pipe.post(box, *frames[2]);
  box.send(Time::from_ns(20));
  pipe.post(box, *frames[3]);
  EXPECT_EQ(box.clock(), Time::from_ns(20));
  EXPECT_EQ(taken_from(box), (std::vector<std::int64_t>{0, 1, 2}));
  EXPECT_EQ(taken_from(box), (std::vector<std::int64_t>{}));
  EXPECT_EQ(box.posted(), 1u);
}

TEST(Mailbox, JoinsTheFramesOfEachPipe) {
  const auto frames = notes(5);
  Mailbox box;
  StandIn pipe, other;
  pipe.post(box, *frames[0]);
  other.post(box, *frames[1]);
  pipe.post(box, *frames[2]);
  other.post(box, *frames[3]);
  box.send(Time());
  pipe.post(box, *frames[4]);  // no more to what was sent
  box.send(Time());
  EXPECT_EQ(taken_from(box), (std::vector<std::int64_t>{0, 2, 1, 3, 4}));
}

TEST(Mailbox, TellsTheTimeWithoutFramesForEver) {
  Mailbox box;
  StandIn pipe;
  for (int i = 0; i < 1000; ++i) {
    ASSERT_TRUE(box.room());
    box.send(Time::from_ns(i));
    ASSERT_EQ(box.clock(), Time::from_ns(i));
  }
}

TEST(Mailbox, HasRoomForSomeBatchesAndAgainOnceTheyAreTaken) {
  const auto frames = notes(1000);
  Mailbox box;
  StandIn pipe;
  std::size_t sent = 0;
  for (; box.room() && sent < frames.size(); ++sent) {
    pipe.post(box, *frames[sent]);
    box.send(Time::from_ns(1));
  }
  EXPECT_GE(sent, 8u);
  EXPECT_LT(sent, frames.size());
  pipe.post(box, *frames[sent]);  // waits
  EXPECT_EQ(taken_from(box).size(), sent);
  ASSERT_TRUE(box.room());
  box.send(Time::from_ns(2));
  EXPECT_EQ(taken_from(box), std::vector<std::int64_t>{static_cast<std::int64_t>(sent)});
}

TEST(Mailbox, GivesUpEverythingAtTheEnd) {
  const auto frames = notes(2);
  Mailbox box;
  StandIn pipe;
  pipe.post(box, *frames[0]);
  box.send(Time());
  pipe.post(box, *frames[1]);
  std::size_t count = 0;
  const auto counted = [&](const Mailbox::Batch& batch) { count += batch.frames; };
  box.take_all(counted);
  EXPECT_EQ(count, 2u);
  box.take_all(counted);
  EXPECT_EQ(count, 2u);
}

// What is sent before a time is told has come when that time is read.
TEST(Mailbox, IsForTwoThreadsAtOnce) {
  constexpr int kFrames = 20'000;
  const auto frames = notes(kFrames);
  Mailbox box;
  StandIn pipe;
  std::jthread sender([&] {
    for (int i = 0; i < kFrames; ++i) {
      pipe.post(box, *frames[static_cast<std::size_t>(i)]);
      if (i % 3 == 0) continue;
      while (!box.room()) std::this_thread::yield();
      box.send(Time::from_ns(i + 1));
    }
    while (!box.room()) std::this_thread::yield();
    box.send(Time::from_ns(kFrames));
  });
  std::int64_t next = 0;
  while (next < kFrames) {
    const Time clock = box.clock();
    for (const std::int64_t arrival : taken_from(box)) ASSERT_EQ(arrival, next++);
    ASSERT_GE(Time::from_ns(next), clock);
    if (next < kFrames) std::this_thread::yield();
  }
}

}  // namespace
}  // namespace kamesim
