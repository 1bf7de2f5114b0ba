#include "sim/pipe.h"

#include <algorithm>
#include <new>
#include <utility>

#include "sim/medium.h"
#include "sim/nic.h"
#include "sim/node.h"
#include "sim/shard.h"
#include "sim/simulation.h"

namespace kamesim {

namespace {

std::string seconds(Duration d) { return std::to_string(d.to_seconds()) + " s"; }

}  // namespace

Duration transmission_time(std::size_t bytes, std::uint64_t rate_bps) {
  if (rate_bps == 0) return {};
  const std::uint64_t bit_ns = static_cast<std::uint64_t>(bytes) * 8 * 1'000'000'000;  // below 2^64 up to 2 GiB
  return Duration::nanoseconds(static_cast<std::int64_t>((bit_ns + rate_bps - 1) / rate_bps));
}

void LinkConfig::validate(const std::string& owner) const {
  auto fail = [&](const std::string& what) { throw SimulationError(owner + ": " + what); };
  if (delay < Duration()) fail("delay is " + seconds(delay) + "; it must not be negative");
  if (jitter < Duration()) fail("jitter is " + seconds(jitter) + "; it must not be negative");
  if (!(loss >= 0 && loss <= 1)) fail("loss is " + std::to_string(loss) + "; it is a probability, from 0 to 1");
  if (mtu < kMinimumMtu) fail("mtu is " + std::to_string(mtu) + "; IPv6 needs at least 1280 bytes (RFC 8200, section 5)");
  if (mtu > kMaximumMtu) {
    fail("mtu is " + std::to_string(mtu) + "; the largest is " + std::to_string(kMaximumMtu) + " bytes");
  }
  if (queue_limit == 0) fail("queue limit is 0; it must be at least 1 frame");
}

bool LinkConfig::valid() const {
  return delay >= Duration() && jitter >= Duration() && loss >= 0 && loss <= 1 && mtu >= kMinimumMtu &&
         mtu <= kMaximumMtu && queue_limit > 0;
}

Pipe::Pipe(const Actor& medium, void* target, const Kind& kind, const LinkConfig& config)
    : Event(kEvent), shard_(&medium.shard()), delay_(config.delay), config_(&config), target_(target), kind_(&kind) {
  static_assert(sizeof(Pipe) == 2 * Pool::kLine);
  set_plain_below();
}

Pipe::~Pipe() {
  while (first_ != nullptr) take_frame(std::exchange(first_, first_->next));
}

void Pipe::reuse(const Actor& medium, void* target, const Kind& kind, const LinkConfig& config) {
  waiting_ = times_empty_ = 0;
  port_ = nullptr;
  receiver_ = nullptr;
  shard_ = &medium.shard();
  port_times_ = {};
  set_config(config);
  target_ = target;
  kind_ = &kind;
}

void Pipe::set_config(const LinkConfig& config) {
  config_ = &config;
  delay_ = config.delay;
  PortTimes& times = port_times();
  times.timed_bytes = times.took_ns = 0;
  set_plain_below();
}

void Pipe::set_plain_below() {
  const bool plain = config_->loss == 0 && config_->jitter == Duration() && crossing() == nullptr;
  port_times_.plain_below = static_cast<std::uint16_t>(plain ? std::min<std::uint32_t>(config_->queue_limit, UINT16_MAX) : 0);
}

// The division of each frame was a quarter of the time that push() takes.
inline Duration Pipe::transmission_time_of(std::size_t bytes, PortTimes& times) const {
  if (bytes == times.timed_bytes) [[likely]] return Duration::nanoseconds(times.took_ns);
  const Duration took = transmission_time(bytes, config_->rate_bps);
  if (took.ns() > UINT32_MAX || bytes > UINT16_MAX) [[unlikely]] return took;
  times.timed_bytes = static_cast<std::uint16_t>(bytes);
  times.took_ns = static_cast<std::uint32_t>(took.ns());
  return took;
}

Pipe::Rare& Pipe::rare() {
  if (rare_ == nullptr) rare_ = std::make_unique<Rare>();
  return *rare_;
}

RandomStream& Pipe::random() {
  std::optional<RandomStream>& random = rare().random;
  if (!random) random = kind_->random(target_);
  return *random;
}

void Pipe::count_waiting(Time now) {
  for (; port_ != nullptr && port_->departure <= now; port_ = port_->next) --waiting_;
}

// Who waits is counted only where it may be too many: it takes a look at each frame under way.
inline bool Pipe::full(Time now) {
  if (Rare* const rare = crossing(); rare != nullptr) [[unlikely]] {
    Ring<Time>& departures = rare->departures;
    while (!departures.empty() && departures.front() <= now) departures.drop_front();
    return departures.size() >= config_->queue_limit;
  }
  if (waiting_ < config_->queue_limit) [[likely]] return false;
  count_waiting(now);
  return waiting_ >= config_->queue_limit;
}

inline UnderWay& Pipe::note(Packet&& frame, EventKey arrival, Time departure) {
  void* room = frame.room();
  if (room == nullptr) [[unlikely]] room = Pool::allocate(sizeof(UnderWay));
  return *new (room) UnderWay{nullptr, std::move(frame), arrival, departure};
}

inline void Pipe::join(UnderWay& first, UnderWay& last, std::uint32_t count) {
  if (port_ == nullptr) port_ = &first;
  waiting_ += count;
  if (first_ == nullptr) {
    first_ = &first;
    shard_->events.schedule(*this, first.arrival);
  } else {
    last_->next = &first;
  }
  last_ = &last;
}

void Pipe::take_in(UnderWay& first, UnderWay& last, std::uint32_t count) { join(first, last, count); }

inline Packet Pipe::take_frame(UnderWay* under_way) {
  Packet frame = std::move(under_way->frame);
  if (!frame.owns_room(under_way)) [[unlikely]] Pool::release(under_way, sizeof(UnderWay));
  if (frame.size() == 0) [[unlikely]] frame = Packet();  // lost, and crossed
  return frame;
}

inline void Pipe::put_under_way(Node& sender, Packet&& frame, Time departure, Time arrival) {
  UnderWay& noted = note(std::move(frame), sender.next_key(arrival), departure);
  join(noted, noted, 1);
}

void Pipe::push(Node& sender, Packet&& frame) {
  PortTimes& times = port_times_;
  if (frame.size() != times.timed_bytes || waiting_ >= times.plain_below) [[unlikely]] {
    return push_with_care(sender, std::move(frame));
  }
  const Time departure = std::max(sender.now(), times.busy_until) + Duration::nanoseconds(times.took_ns);
  times.busy_until = departure;
  times.last_arrival = std::max(departure + delay_, times.last_arrival);
  put_under_way(sender, std::move(frame), departure, times.last_arrival);
}

void Pipe::push_with_care(Node& sender, Packet&& frame) {
  const Time now = sender.now();
  const LinkConfig& config = *config_;
  if (frame.size() > config.mtu + Nic::kEthernetHeaderSize) [[unlikely]] {
    return sender.count_drop(&kLinkFrameTooLong, frame.bytes());
  }
  if (full(now)) [[unlikely]] return sender.count_drop(&kLinkQueueFull, frame.bytes());
  PortTimes& times = port_times();
  const Time departure = std::max(now, times.busy_until) + transmission_time_of(frame.size(), times);
  times.busy_until = departure;
  // A lost frame takes its place in the queue and its time on the port like any other: it goes on, empty.
  if (config.loss > 0 && random().chance(config.loss)) {
    sender.count_drop(&kLinkLoss, frame.bytes());
    frame = Packet();
  }
  Time arrival = departure + config.delay;
  if (config.jitter > Duration()) arrival += random().uniform(Duration(), config.jitter);
  arrival = times.last_arrival = std::max(arrival, times.last_arrival);
  Rare* const rare = crossing();
  if (rare == nullptr) return put_under_way(sender, std::move(frame), departure, arrival);
  rare->departures.push_back(departure);
  // What is noted of a lost frame crosses in a buffer too: those come back, blocks of a thread's pool do not.
  if (!frame) [[unlikely]] frame = sender.packets().allocate(0, 0);
  if (!frame.sole()) frame = frame.clone();
  // What is sent from outside the nodes, while no shard runs, is under way at once: the link may go down at once.
  if (!PacketPool::used_on_this_thread()) return put_under_way(sender, std::move(frame), departure, arrival);
  rare->box->post(*this, note(std::move(frame), sender.next_key(arrival), departure), rare->place);
}

void Pipe::set_shards(Shard& sender, Shard& receiver) {
  if (pending() && shard_ != &receiver) {
    cancel();
    receiver.events.schedule(*this, first_->arrival);
  }
  shard_ = &receiver;
  port_ = first_;  // counted anew
  waiting_ = 0;
  for (const UnderWay* f = first_; f != nullptr; f = f->next) ++waiting_;
  port_times_ = port_times();
  std::optional<RandomStream> random = rare_ != nullptr ? rare_->random : std::nullopt;
  rare_.reset();
  if (random) rare().random = random;
  crosses_ = &sender != &receiver;
  if (crosses_) {
    Rare& rare = this->rare();
    rare.box = &sender.outboxes[receiver.index];
    rare.port_times = port_times_;
    port_times_.timed_bytes = 0;  // so that no departure looks at what is the receiver's: how many wait
    for (const UnderWay* f = first_; f != nullptr; f = f->next) {
      if (f->departure > sender.now) rare.departures.push_back(f->departure);
    }
  }
  set_plain_below();
}

void Pipe::fire(Event& event) { static_cast<Pipe&>(event).arrive_next(); }

// A pipe whose event is pending has a first frame.
void Pipe::prepare_frame(const Event& event) {
  const auto& self = static_cast<const Pipe&>(event);
  __builtin_prefetch(self.first_, 1);
  if (self.receiver_ != nullptr) self.receiver_->prepare_self();
}

void Pipe::prepare_receiver(const Event& event) {
  const auto& self = static_cast<const Pipe&>(event);
  __builtin_prefetch(self.first_->next);  // null is no harm
  if (self.first_->frame) self.first_->frame.prefetch();
  if (self.receiver_ != nullptr) self.receiver_->prepare();
}

void Pipe::prepare_way(const Event& event) {
  const auto& self = static_cast<const Pipe&>(event);
  if (self.receiver_ != nullptr && self.first_->frame) self.receiver_->prepare(self.first_->frame);
}

void Pipe::prepare_way_further(const Event& event) {
  const auto& self = static_cast<const Pipe&>(event);
  if (self.receiver_ != nullptr && self.first_->frame) self.receiver_->prepare_further(self.first_->frame);
}

// The pipe may be another's when this returns.
inline void Pipe::run_empty() {
  if (first_ != nullptr || times_empty_ == kToStay || crosses_) return;
  ++times_empty_;
  if (kind_->idle != nullptr && pristine(shard_->now)) kind_->idle(target_);
}

void Pipe::arrive_next() {
  UnderWay* const arrived = first_;
  first_ = arrived->next;
  if (port_ == arrived) {
    port_ = first_;
    --waiting_;
  }
  Packet frame = take_frame(arrived);
  if (first_ != nullptr) {
    shard_->events.schedule(*this, first_->arrival);
    // They may be another core's: there is time. What comes soon is not prepared.
    __builtin_prefetch(first_->next);
    if (crosses_ && first_->frame) first_->frame.prefetch();
  }
  Nic* const receiver = receiver_;
  if (receiver == nullptr) [[unlikely]] {
    const Kind& kind = *kind_;
    void* const target = target_;
    run_empty();
    return kind.arrive(target, std::move(frame));
  }
  run_empty();
  if (frame && receiver->accepts(frame.data())) receiver->deliver(std::move(frame));
}

std::size_t Pipe::heap_bytes() const {
  std::size_t bytes = rare_ != nullptr ? sizeof *rare_ + rare_->departures.heap_bytes() : 0;
  for (const UnderWay* f = first_; f != nullptr; f = f->next) bytes += f->frame.owns_room(f) ? 0 : sizeof(UnderWay);
  return bytes;
}

void Pipe::lose_all(Node& sender) {
  lose_from(first_, nullptr, sender);
}

void Pipe::lose_waiting(Node& sender) {
  count_waiting(sender.now());
  UnderWay* before = nullptr;
  for (UnderWay* f = first_; f != port_; f = f->next) before = f;
  lose_from(port_, before, sender);
}

// `before` is the one that stands before `first`, and stays; null: none does.
void Pipe::lose_from(UnderWay* first, UnderWay* before, Node& sender) {
  if (before == nullptr) {
    first_ = nullptr;
  } else {
    before->next = nullptr;
  }
  last_ = before;
  port_ = nullptr;
  waiting_ = 0;
  if (first_ == nullptr) cancel();
  while (first != nullptr) {
    const Packet frame = take_frame(std::exchange(first, first->next));
    if (frame) sender.count_drop(&kLinkDown, frame.bytes());
  }
  PortTimes& times = port_times();
  times.busy_until = sender.now();
  times.last_arrival = before != nullptr ? before->arrival.time : times.busy_until;
  if (Rare* const rare = crossing(); rare != nullptr) rare->departures = {};
}

}  // namespace kamesim
