#include "sim/pipe.h"

#include <algorithm>

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

Pipe::Pipe(const Actor& medium, void* target, const Kind& kind)
    : Event(kEvent), shard_(&medium.shard()), target_(target), kind_(&kind) {}

void Pipe::reuse(const Actor& medium, void* target, const Kind& kind) {
  shard_ = &medium.shard();
  target_ = target;
  kind_ = &kind;
  receiver_ = nullptr;
  departed_ = 0;
  busy_until_ = last_arrival_ = Time();
}

RandomStream& Pipe::random() {
  if (random_ == nullptr) random_ = std::make_unique<RandomStream>(kind_->random(target_));
  return *random_;
}

inline std::size_t Pipe::waiting(Time now) {
  while (departed_ < in_flight_.size() && in_flight_[departed_].departure <= now) ++departed_;
  return in_flight_.size() - departed_;
}

inline void Pipe::start(Packet&& frame, EventKey arrival, Time departure) {
  InFlight& last = in_flight_.add();
  last.frame = std::move(frame);
  last.arrival = arrival;
  last.departure = departure;
  if (in_flight_.size() == 1) shard_->events.schedule(*this, arrival);
}

void Pipe::push(Node& sender, const LinkConfig& config, Packet&& frame) {
  const Time now = sender.now();
  if (frame.size() > config.mtu + Nic::kEthernetHeaderSize) [[unlikely]] {
    return sender.count_drop(&kLinkFrameTooLong, frame.bytes());
  }
  // Who waits is counted only where it may be too many: it takes a look at each frame under way.
  const bool may_be_full = crosses_ || in_flight_.size() >= config.queue_limit;
  if (may_be_full && (crosses_ ? waiting_to_cross(now) : waiting(now)) >= config.queue_limit) [[unlikely]] {
    return sender.count_drop(&kLinkQueueFull, frame.bytes());
  }
  const Time departure = std::max(now, busy_until_) + transmission_time(frame.size(), config.rate_bps);
  busy_until_ = departure;
  // A lost frame takes its place in the queue and its time on the port like any other: it goes on, empty.
  if (config.loss > 0 && random().chance(config.loss)) {
    sender.count_drop(&kLinkLoss, frame.bytes());
    frame = Packet();
  }
  Time arrival = departure + config.delay;
  if (config.jitter > Duration()) arrival += random().uniform(Duration(), config.jitter);
  arrival = std::max(arrival, last_arrival_);
  last_arrival_ = arrival;
  const EventKey key = sender.next_key(arrival);
  if (crosses_) [[unlikely]] {
    departures_->push_back(departure);
    if (frame && !frame.sole()) frame = frame.clone();
    return sender.shard().outbox(*shard_).post({this, std::move(frame), key, departure});
  }
  start(std::move(frame), key, departure);
}

void Pipe::take_in(Packet frame, EventKey arrival, Time departure) {
  start(std::move(frame), arrival, departure);
}

std::size_t Pipe::waiting_to_cross(Time now) {
  while (!departures_->empty() && departures_->front() <= now) departures_->pop_front();
  return departures_->size();
}

void Pipe::set_shards(Shard& sender, Shard& receiver) {
  if (pending() && shard_ != &receiver) {
    cancel();
    receiver.events.schedule(*this, in_flight_.front().arrival);
  }
  shard_ = &receiver;
  crosses_ = &sender != &receiver;
  departed_ = 0;  // counted anew
  departures_.reset();
  if (!crosses_) return;
  departures_ = std::make_unique<Ring<Time>>();
  for (std::size_t i = 0; i < in_flight_.size(); ++i) departures_->push_back(in_flight_[i].departure);
}

void Pipe::fire(Event& event) { static_cast<Pipe&>(event).arrive_next(); }

void Pipe::prepare(const Event& event, unsigned step) {
  const auto& self = static_cast<const Pipe&>(event);
  if (self.in_flight_.empty() || self.receiver_ == nullptr) return;
  const Packet& frame = self.in_flight_[0].frame;
  switch (step) {
    case 0:
      __builtin_prefetch(&frame);
      __builtin_prefetch(self.receiver_, 1);
      break;
    case 1:
      if (frame) frame.prefetch();
      self.receiver_->prepare();
      break;
    default:
      if (frame) self.receiver_->prepare(frame);
  }
}

void Pipe::arrive_next() {
  Packet frame = std::move(in_flight_.front().frame);
  in_flight_.drop_front();
  if (departed_ > 0) --departed_;
  if (!in_flight_.empty()) shard_->events.schedule(*this, in_flight_.front().arrival);
  kind_->arrive(target_, *this, std::move(frame));
}

std::size_t Pipe::heap_bytes() const {
  return in_flight_.heap_bytes() + (random_ != nullptr ? sizeof *random_ : 0) +
         (departures_ != nullptr ? sizeof *departures_ + departures_->heap_bytes() : 0);
}

void Pipe::lose_all(Node& sender) {
  departed_ = 0;
  lose_behind_departed(sender);
}

void Pipe::lose_waiting(Node& sender) {
  waiting(sender.now());
  lose_behind_departed(sender);
}

void Pipe::lose_behind_departed(Node& sender) {
  for (std::size_t i = departed_; i < in_flight_.size(); ++i) {
    if (const Packet frame = std::move(in_flight_[i].frame)) sender.count_drop(&kLinkDown, frame.bytes());
  }
  while (in_flight_.size() > departed_) in_flight_.pop_back();
  busy_until_ = sender.now();
  last_arrival_ = in_flight_.empty() ? busy_until_ : in_flight_[departed_ - 1].arrival.time;
  if (in_flight_.empty()) cancel();
  if (!crosses_) return;
  departures_ = std::make_unique<Ring<Time>>();
  departed_ = 0;
}

}  // namespace kamesim
