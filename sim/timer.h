// A timer of an actor: one pending event that calls a member function. Re-arms in place, cancels without
// leaving anything behind, and is cancelled when destroyed.
#pragma once

#include <optional>

#include "sim/actor.h"
#include "sim/pool.h"

namespace kamesim {

class Timer : public Event, public Pooled {
 public:
  // Calls target.*Method() when it expires.
  template <auto Method, typename T>
  static Timer to(Actor& owner, T& target) {
    return Timer(owner, &target, kCalls<Method, T>);
  }

  bool armed() const { return pending(); }
  Time expiry() const { return expiry_; }
  void arm_at(Time at) {
    expiry_ = at;
    owner_.events().schedule(*this, owner_.next_key(at));
  }
  void arm_in(Duration delay) { arm_at(owner_.now() + delay); }
  // Arms at the deadline, or cancels when there is none. Deadlines that have passed fire at once.
  void arm_at(std::optional<Time> deadline) {
    if (!deadline) return cancel();
    const Time at = *deadline < owner_.now() ? owner_.now() : *deadline;
    if (!armed() || expiry_ != at) arm_at(at);
  }

 private:
  Timer(Actor& owner, void* target, const Kind& kind) : Event(kind), owner_(owner), target_(target) {}
  template <auto Method, typename T>
  static void call(Event& e) {
    (static_cast<T*>(static_cast<Timer&>(e).target_)->*Method)();
  }
  template <auto Method, typename T>
  static constexpr Kind kCalls{&Timer::call<Method, T>};

  Actor& owner_;
  void* target_;
  Time expiry_;
};

// The same as a base of what it is for, which is smaller, as there are several on each node: Target has on_timer() and
// timer_owner(), and when it is due only the queue knows.
template <typename Target>
class TimerOf : public Event {
 public:
  // Arms at the deadline, or cancels when there is none. Deadlines that have passed fire at once.
  void arm_at(std::optional<Time> deadline) {
    if (!deadline) return cancel();
    Actor& owner = static_cast<Target*>(this)->timer_owner();
    const Time at = *deadline < owner.now() ? owner.now() : *deadline;
    if (pending() && due() == at) return;
    owner.events().schedule(*this, owner.next_key(at));
  }

 protected:
  TimerOf() : Event(kKind) {}
  ~TimerOf() = default;

  std::uint32_t spare_ = 0;  // Target's, for whatever it likes: without it there is a gap of that size here

 private:
  static void expire(Event& e) { static_cast<Target&>(static_cast<TimerOf&>(e)).on_timer(); }
  static constexpr Kind kKind{&TimerOf::expire};
};

}  // namespace kamesim
