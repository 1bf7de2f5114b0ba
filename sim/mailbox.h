// Frames that cross from one shard to another, handed over in batches while both run. One thread posts and sends, one
// takes; neither waits for the other.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "sim/packet.h"
#include "sim/time.h"
#include "sim/under_way.h"

namespace kamesim {

class Pipe;

// Frames that one pipe carries, one behind the other. Their sender joins them, which has just written them: the receiver
// touches none before it arrives.
struct Crossing {
  Pipe* pipe;
  UnderWay* first;  // their handles are the only ones to their buffers
  UnderWay* last;
  std::uint32_t count;
};

class Mailbox {
 public:
  struct Batch {
    std::vector<Crossing> crossings;
    std::uint32_t frames = 0;  // in all of them
    BufferList returned;       // for the receiver's pool: buffers move with frames, and have to come back
  };
  // Where the pipe's frames of the present batch are; the pipe's to keep.
  struct Place {
    std::uint64_t batch = 0;  // the first one is 1
    std::size_t index = 0;
  };

  // The sender's.
  void post(Pipe& pipe, UnderWay& frame, Place& place) {
    ++open_->frames;
    if (place.batch != open_number_) {
      place = {open_number_, open_->crossings.size()};
      open_->crossings.push_back({&pipe, &frame, &frame, 1});
      return;
    }
    Crossing& crossing = open_->crossings[place.index];
    crossing.last = crossing.last->next = &frame;
    ++crossing.count;
  }
  std::uint32_t posted() const { return open_->frames; }
  // Whether a batch may be sent: the receiver has still to take as many as there is room for, if not.
  bool room() {
    const std::uint32_t sent = sent_.load(std::memory_order_relaxed);
    if (sent - taken_before_ < kBatches - 1) return true;
    taken_before_ = taken_.load(std::memory_order_acquire);
    return sent - taken_before_ < kBatches - 1;
  }
  // Hands over what was posted, with buffers that go back; there must be room(). `clock`: what is posted later is sent
  // then, or later.
  void send(Time clock, const BufferList& returned = {}) {
    if (open_->frames > 0 || returned.count > 0) {
      open_->returned = returned;
      const std::uint32_t sent = sent_.load(std::memory_order_relaxed) + 1;
      open_ = &batches_[sent % kBatches];
      clear_open();
      sent_.store(sent, std::memory_order_release);
    }
    clock_.store(clock.ns(), std::memory_order_release);
  }

  // The receiver's: the sender's clock, and then take(batch) for each batch that was sent before, and maybe some that came
  // after, in their order.
  Time clock() const { return Time::from_ns(clock_.load(std::memory_order_acquire)); }
  template <typename F>
  void take(F&& take) {
    const std::uint32_t sent = sent_.load(std::memory_order_acquire);
    std::uint32_t taken = taken_.load(std::memory_order_relaxed);
    if (taken == sent) return;
    for (; taken != sent; ++taken) take(batches_[taken % kBatches]);
    taken_.store(taken, std::memory_order_release);
  }
  // While neither runs: for what was not sent as well.
  template <typename F>
  void take_all(F&& call) {
    take(call);
    call(*open_);
    clear_open();
  }

 private:
  static constexpr std::uint32_t kBatches = 32;  // one of which is being filled
  // A batch is the sender's to change: the receiver reads only.
  struct alignas(64) Slot : Batch {};
  void clear_open() {
    ++open_number_;
    open_->crossings.clear();
    open_->frames = 0;
    open_->returned = {};
  }

  // What the sender has, what it tells, what the receiver tells, and batches, each apart: no cache line is written by
  // both, nor one that is fetched with it.
  alignas(128) Slot* open_ = &batches_[0];
  std::uint64_t open_number_ = 1;
  std::uint32_t taken_before_ = 0;
  alignas(128) std::atomic<std::int64_t> clock_ = 0;
  std::atomic<std::uint32_t> sent_ = 0;
  alignas(128) std::atomic<std::uint32_t> taken_ = 0;
  alignas(128) std::array<Slot, kBatches> batches_;
};

}  // namespace kamesim
