// A timer of an actor: one pending event that calls a member function. Re-arms in place, cancels without
// leaving anything behind, and is cancelled when destroyed.
#pragma once

#include <optional>

#include "sim/actor.h"

namespace kamesim {

class Timer : public Event {
 public:
  // Calls target.*Method() when it expires.
  template <auto Method, typename T>
  static Timer to(Actor& owner, T& target) {
    return Timer(owner, &target, [](void* t) { (static_cast<T*>(t)->*Method)(); });
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
  using Call = void (*)(void*);
  Timer(Actor& owner, void* target, Call call) : Event(&Timer::fire), owner_(owner), target_(target), call_(call) {}
  static void fire(Event& e) {
    auto& self = static_cast<Timer&>(e);
    self.call_(self.target_);
  }

  Actor& owner_;
  void* target_;
  Call call_;
  Time expiry_;
};

}  // namespace kamesim
