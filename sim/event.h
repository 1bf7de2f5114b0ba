// An event, and its place in the total order.
#pragma once

#include <cstdint>

#include "sim/time.h"

namespace kamesim {

// The place of an event in the total order. The tie-break packs the originating actor (24 bits) and its
// sequence number (40 bits).
struct EventKey {
  Time time;
  std::uint64_t tie = 0;
  // As one integer: what is less is seldom foreseeable, so better told without a branch. Times are not negative.
  constexpr unsigned __int128 number() const {
    return static_cast<unsigned __int128>(static_cast<std::uint64_t>(time.ns())) << 64 | tie;
  }
  friend constexpr bool operator==(const EventKey&, const EventKey&) = default;
  friend constexpr bool operator<(const EventKey& a, const EventKey& b) { return a.number() < b.number(); }
};

// Behind every key that an event can have.
inline constexpr EventKey kNoEventKey{Time::max(), UINT64_MAX};

// Intrusive: what waits is a part of the timer or link that made it.
class Event {
 public:
  // Events are prepared before they fire, in so many steps, one for each event that fires before.
  static constexpr unsigned kSteps = 4;
  // They may change nothing that matters, as the event may yet be cancelled: they ask for what fire() will read to be
  // brought near, each for what the next one needs. The event is pending.
  struct Steps {
    void (*step[kSteps])(const Event&);
  };
  struct Kind {
    void (*fire)(Event&);
    const Steps* prepare = nullptr;
  };

  explicit Event(const Kind& kind) : kind_(&kind) {}
  ~Event();
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  // It must not be pending any more.
  void fire() { kind_->fire(*this); }
  bool pending() const { return queue_ != nullptr; }
  Time due() const;  // there must be a pending one
  void cancel();

 private:
  friend class NearEvents;
  friend class EventQueue;
  friend class TimingWheel;
  // Where it waits: the upper bits tell in which part of the queue, the lower ones the place there.
  enum Place : std::uint32_t { kInNear = 0, kInFront = 1u << 30, kInWheel = 1u << 31, kIndex = kInFront - 1 };

  const Kind* kind_;
  class EventQueue* queue_ = nullptr;
  std::uint32_t place_ = 0;
};

struct PendingEvent {
  EventKey key = kNoEventKey;
  Event* event = nullptr;
};

}  // namespace kamesim
