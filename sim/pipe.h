// One direction of a link: a FIFO with a rate, a delay and losses. It holds one pending event however many frames
// are under way, and computes how many of them still wait for the port instead of simulating the queue.
#pragma once

#include <cstdint>
#include <memory>

#include "sim/drop.h"
#include "sim/event_queue.h"
#include "sim/link_config.h"
#include "sim/packet.h"
#include "sim/pool.h"
#include "sim/random.h"
#include "sim/ring.h"

namespace kamesim {

class Actor;
class Nic;
class Node;
struct Shard;

// How long a frame takes at a rate (0: infinite), rounded up to whole nanoseconds.
Duration transmission_time(std::size_t bytes, std::uint64_t rate_bps);

class Pipe : public Event, public Pooled {
 public:
  // What the pipes of one kind of medium have in common.
  struct Kind {
    // Called for each frame that arrives, empty if it was lost. With the last one the pipe may go.
    void (*arrive)(void* target, Pipe& pipe, Packet&& frame);
    // The random stream of losses and jitter; asked for once, when the first number is drawn.
    RandomStream (*random)(const void* target);
  };

  // `medium` is what the pipe belongs to: frames arrive in its shard.
  Pipe(const Actor& medium, void* target, const Kind& kind);
  // Where frames go that are not for taps: it prepares for them (Event::Kind). Null: nobody does.
  void set_receiver(const Nic* receiver) { receiver_ = receiver; }

  // Takes a frame from `sender`, at the present time; frames that do not fit, or get lost, are counted there.
  void push(Node& sender, const LinkConfig& config, Packet&& frame);
  // The link goes down, or the sender leaves it: loses everything under way, or what still waits for the port.
  void lose_all(Node& sender);
  void lose_waiting(Node& sender);
  bool empty() const { return in_flight_.empty(); }
  // It is as one that was made just now: nothing is under way, and nothing of the past matters.
  bool pristine(Time now) const {
    return in_flight_.empty() && !crosses_ && random_ == nullptr && busy_until_ <= now && last_arrival_ <= now;
  }
  // A pristine one may serve another target, with the ring that it has grown.
  void reuse(const Actor& medium, void* target, const Kind& kind);
  std::size_t heap_bytes() const;  // beyond the object itself

  // Frames arrive in that shard from now on, where its event moves to. What crosses to another shard goes by mailbox:
  // the sender's shard has the departures then, the receiver's the frames. To be called while no shard runs, and with
  // nothing in the mailboxes.
  void set_shards(Shard& sender, Shard& receiver);
  // A frame that came by mailbox.
  void take_in(Packet frame, EventKey arrival, Time departure);

 private:
  struct InFlight {
    Packet frame;    // empty: lost
    EventKey arrival;
    Time departure;  // when its last bit has left the port
  };
  static void fire(Event& event);
  static void prepare(const Event& event, unsigned step);
  static constexpr Event::Kind kEvent{&Pipe::fire, &Pipe::prepare};
  RandomStream& random();
  void arrive_next();
  void start(Packet&& frame, EventKey arrival, Time departure);
  std::size_t waiting(Time now);
  std::size_t waiting_to_cross(Time now);
  void lose_behind_departed(Node& sender);

  Shard* shard_;  // where frames arrive
  void* target_;
  const Kind* kind_;
  const Nic* receiver_ = nullptr;
  bool crosses_ = false;
  Ring<InFlight> in_flight_;
  std::size_t departed_ = 0;  // of those, how many have left the port
  Time busy_until_;
  Time last_arrival_;
  std::unique_ptr<RandomStream> random_;  // made when the first number is drawn
  std::unique_ptr<Ring<Time>> departures_;  // of what crosses and still waits for the port
};

}  // namespace kamesim
