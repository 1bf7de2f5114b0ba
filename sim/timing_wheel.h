// A hierarchical timing wheel: events by slots of time, not sorted within a slot.
//
// A time is read as digits of ten bits above the lowest fourteen bits. An event waits at the level of the highest digit in
// which its time differs from the cursor's, in the slot of its own digit there; but what is less than a turn of the lowest
// level away waits at that level, whatever its higher digits. So what one event causes a millisecond later is moved once.
// All that waits at one level above the lowest is so within one slot of the next higher level, and everything at a lower
// one of these is earlier than everything at a higher one. What of the lowest level lies behind the present slot of level
// 1 (at digits that the cursor has passed) is in the next one.
// Slots are lists of chunks: appending writes to one place, and cancelling fills the hole with the newest of the slot.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "sim/event.h"
#include "sim/pending_list.h"
#include "sim/pool.h"

namespace kamesim {

class TimingWheel {
 public:
  static constexpr unsigned kLowestBits = 14, kDigitBits = 10;
  static constexpr unsigned kLevels = (63 - kLowestBits + kDigitBits - 1) / kDigitBits;

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  // Every event here is later than this.
  Time cursor() const { return cursor_; }
  void insert(Event& event, EventKey key);
  void remove(Event& event);
  Time time_of(const Event& event) const {
    const Chunk& chunk = chunk_at(event.place_);
    return chunk.events[event.place_ - chunk.place].key.time;
  }

  // Takes out what comes first, in no order, and moves the cursor behind it: a slot, and those that follow if that holds
  // little; a slot that holds much is split first. There must be an event.
  void take_next(PendingList& out);
  // Whether what comes next does so at most a few slots behind the cursor.
  bool next_is_soon() const;
  // All of it; the cursor stays.
  void take_all(PendingList& out);

  // All that was taken last is from here to the cursor.
  Time taken_from() const { return taken_from_; }
  // The cursor may go back, as far as the start of what was taken last; what is later than that must be inserted again.
  // The end of the slot of a level up to taken_level() that holds `t`, or the start of what was taken last:
  unsigned taken_level() const { return taken_level_; }
  Time cursor_at(unsigned level, Time t) const;
  void set_back(unsigned level, Time cursor);
  // With nothing in the wheel: the cursor goes behind everything.
  void open();

 private:
  static constexpr unsigned kSlots = 1u << kDigitBits;
  static constexpr std::uint32_t kChunkEvents = 20, kChunkBits = 5, kBlockBits = 6;
  struct alignas(64) Chunk {
    std::array<PendingEvent, kChunkEvents> events;
    Chunk* next;          // chunks behind the first one are full
    Chunk* after_next;    // to be asked for while `next` is taken out
    std::uint32_t place;  // of its first event
    std::uint32_t slot;
  };
  static_assert(sizeof(Chunk) << kBlockBits <= Pool::kLargest);
  // Whoever comes goes to `next` without a look at the chunk, which no cache may hold.
  struct Slot {
    Chunk* first = nullptr;
    std::uint32_t next = kChunkEvents;  // the place behind the last event; kChunkEvents in the chunk: there is none
    std::uint32_t count = 0;
  };
  static constexpr std::uint32_t in_chunk(std::uint32_t place) { return place & ((1u << kChunkBits) - 1); }

  static constexpr unsigned shift(unsigned level) { return kLowestBits + kDigitBits * level; }
  static Time end_of(unsigned level, Time t) {
    return Time::from_ns(t.ns() | ((std::int64_t{1} << shift(level)) - 1));
  }
  static Time start_of(unsigned level, Time t) {
    return Time::from_ns(t.ns() & ~((std::int64_t{1} << shift(level)) - 1));
  }
  static unsigned lowest_digit(Time t) { return static_cast<unsigned>(lowest_slot(t) & (kSlots - 1)); }
  static std::uint64_t lowest_slot(Time t) { return static_cast<std::uint64_t>(t.ns()) >> kLowestBits; }
  Time start_of_digit(unsigned level, unsigned digit) const;
  unsigned slot_of(Time t) const;
  Chunk& chunk_at(std::uint32_t place) { return const_cast<Chunk&>(std::as_const(*this).chunk_at(place)); }
  const Chunk& chunk_at(std::uint32_t place) const {
    const std::uint32_t number = (place & ~Event::kInWheel) >> kChunkBits;
    return blocks_[number >> kBlockBits][number & ((1u << kBlockBits) - 1)];
  }
  void add_chunk(unsigned slot);
  void make_chunks();
  void free_chunk(Chunk& chunk) {
    chunk.next = free_;
    free_ = &chunk;
  }
  void mark_empty(unsigned slot);
  unsigned first_digit(unsigned level, unsigned from) const;
  void enter(Time start);
  [[gnu::always_inline]] static void prefetch(const Chunk* chunk);  // in line, or nothing is left of it (prefetch.h)
  void drain(unsigned slot, PendingList& out);
  void take_lowest(unsigned digit, PendingList& out);
  unsigned next_lowest() const { return first_digit(0, lowest_digit(cursor_)); }
  bool takes_whole(unsigned level, unsigned digit) const;
  void split(unsigned level, unsigned digit);

  static constexpr unsigned kNoDigit = kSlots;
  static constexpr unsigned kWords = kSlots / 64;

  Time cursor_ = Time::max();
  std::uint64_t lowest_from_ = 0;  // what is less than a turn behind this slot waits at the lowest level; not behind the cursor
  std::uint32_t in_lowest_ = 0;    // so many
  std::uint32_t levels_ = 0;       // a bit a level that holds an event
  Time taken_from_;
  unsigned taken_level_ = kLevels;
  std::size_t size_ = 0;
  std::array<std::uint32_t, kLevels> words_{};  // a bit a word of the next that is not zero
  std::array<std::array<std::uint64_t, kWords>, kLevels> occupied_{};  // a bit a slot
  std::vector<Slot> slots_;  // none before the cursor has gone back for the first time
  std::vector<PoolVector<Chunk>> blocks_;
  Chunk* free_ = nullptr;
  PendingList split_;
};

}  // namespace kamesim
