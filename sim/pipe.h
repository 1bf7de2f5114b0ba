// One direction of a link: a FIFO with a rate, a delay and losses. It holds one pending event however many frames
// are under way, and computes how many of them still wait for the port instead of simulating the queue.
//
// What is noted of a frame stands in the frame's own buffer, which the receiver will need anyway. What each arrival
// needs of the pipe is in its first cache line, what each departure needs besides in the second; the configuration, which
// a link of its own kind has in a line of its own, is for departures that are not plain.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "sim/drop.h"
#include "sim/event_queue.h"
#include "sim/link_config.h"
#include "sim/mailbox.h"
#include "sim/packet.h"
#include "sim/pool.h"
#include "sim/random.h"
#include "sim/ring.h"
#include "sim/under_way.h"

namespace kamesim {

class Actor;
class Nic;
class Node;
struct Shard;

// How long a frame takes at a rate (0: infinite), rounded up to whole nanoseconds.
Duration transmission_time(std::size_t bytes, std::uint64_t rate_bps);

class alignas(Pool::kLine) Pipe : public Event, public Pooled {
 public:
  // What the pipes of one kind of medium have in common.
  struct Kind {
    // Called for each frame that arrives, empty if it was lost, where the pipe has no receiver.
    void (*arrive)(void* target, Packet&& frame);
    // The random stream of losses and jitter; asked for once, when the first number is drawn.
    RandomStream (*random)(const void* target);
    // Called when the last frame under way has arrived and the pipe is pristine: it may go. Null: it stays.
    void (*idle)(void* target) = nullptr;
  };

  // `medium` is what the pipe belongs to: frames arrive in its shard.
  Pipe(const Actor& medium, void* target, const Kind& kind, const LinkConfig& config);
  ~Pipe();
  // Must outlive the pipe, or be followed by another.
  void set_config(const LinkConfig& config);
  // Who takes, as its filter says, the frames that arrive; it prepares for them (Event::Kind). Null: Kind::arrive.
  void set_receiver(Nic* receiver) { receiver_ = receiver; }

  // Takes a frame from `sender`, at the present time; frames that do not fit, or get lost, are counted there.
  void push(Node& sender, Packet&& frame);
  // The link goes down, or the sender leaves it: loses everything under way, or what still waits for the port.
  void lose_all(Node& sender);
  void lose_waiting(Node& sender);
  bool empty() const { return first_ == nullptr; }
  // It is as one that was made just now: nothing is under way, and nothing of the past matters.
  bool pristine(Time now) const {
    return first_ == nullptr && rare_ == nullptr && port_times_.busy_until <= now && port_times_.last_arrival <= now;
  }
  // A pristine one may serve another target.
  void reuse(const Actor& medium, void* target, const Kind& kind, const LinkConfig& config);
  std::size_t heap_bytes() const;  // beyond the object itself

  // Frames arrive in that shard from now on, where its event moves to. What crosses to another shard goes by mailbox:
  // the sender's shard has the departures then, the receiver's the frames. To be called while no shard runs, and with
  // nothing in the mailboxes.
  void set_shards(Shard& sender, Shard& receiver);
  // Frames that came by mailbox: so many, joined.
  void take_in(UnderWay& first, UnderWay& last, std::uint32_t count);

 private:
  struct PortTimes {
    Time busy_until;
    Time last_arrival;
    // How long the last frame took, as the next one will that is as long; not noted of one that is longer than 64 KiB.
    std::uint32_t took_ns = 0;
    std::uint16_t timed_bytes = 0;
    // While fewer than so many frames wait one that takes as long as the last is plain: it fits, is not lost and comes
    // without jitter, and to the same shard. 0: none is.
    std::uint16_t plain_below = 0;
  };
  // What the sender has of a pipe with losses or jitter, and of one to another shard. In cache lines of its own: those of a
  // link's two pipes are made one after the other, and used by two threads at once; and processors fetch lines in pairs, so
  // that the receiver, who needs the first line of a pipe, would take the second away from the sender each time that this
  // has written to it.
  struct alignas(2 * Pool::kLine) Rare {
    Mailbox* box = nullptr;  // null: both ends are in one shard
    Mailbox::Place place;
    PortTimes port_times;   // where there is a box
    Ring<Time> departures;  // of what still waits for the port; likewise
    std::optional<RandomStream> random;  // made when the first number is drawn
  };
  // Whether it may go is asked so many times that it has run empty and stayed, and no more.
  static constexpr std::uint32_t kToStay = 63;

  static void fire(Event& event);
  static void prepare_frame(const Event& event);
  static void prepare_receiver(const Event& event);
  static void prepare_way(const Event& event);
  static void prepare_way_further(const Event& event);
  static constexpr Event::Steps kPrepare{{&Pipe::prepare_frame, &Pipe::prepare_receiver, &Pipe::prepare_way,
                                          &Pipe::prepare_way_further}};
  static constexpr Event::Kind kEvent{&Pipe::fire, &kPrepare};
  RandomStream& random();
  void arrive_next();
  void run_empty();
  void join(UnderWay& first, UnderWay& last, std::uint32_t count);
  static UnderWay& note(Packet&& frame, EventKey arrival, Time departure);
  static Packet take_frame(UnderWay* under_way);
  Rare& rare();
  Rare* crossing() const { return rare_ != nullptr && rare_->box != nullptr ? rare_.get() : nullptr; }
  void set_plain_below();
  void push_with_care(Node& sender, Packet&& frame);
  void put_under_way(Node& sender, Packet&& frame, Time departure, Time arrival);
  Duration transmission_time_of(std::size_t bytes, PortTimes& times) const;
  PortTimes& port_times() {
    Rare* const rare = crossing();
    return rare == nullptr ? port_times_ : rare->port_times;
  }
  bool full(Time now);
  void count_waiting(Time now);
  void lose_from(UnderWay* first, UnderWay* before, Node& sender);

  std::uint32_t waiting_ : 25 = 0;     // of the frames under way, those from port_ on: more than memory holds
  std::uint32_t crosses_ : 1 = false;  // as crossing() says, which is in the sender's cache line then
  std::uint32_t times_empty_ : 6 = 0;  // up to kToStay
  UnderWay* first_ = nullptr;
  UnderWay* last_ = nullptr;
  UnderWay* port_ = nullptr;  // the first that had not left the port when that was last looked at
  Nic* receiver_ = nullptr;
  Shard* shard_;  // where frames arrive

  PortTimes port_times_;  // unless it crosses; but plain_below
  Duration delay_;        // the configuration's
  std::unique_ptr<Rare> rare_;
  const LinkConfig* config_;
  void* target_;
  const Kind* kind_;
};

}  // namespace kamesim
