#include "sim/timing_wheel.h"

#include <algorithm>

namespace kamesim {

namespace {
// Slots are taken together until there are so many events; a slot with more than the other number is split.
constexpr std::size_t kEnough = 16, kMost = 2048;
// A slot above the lowest level is split as well where more than one of so many events of its time is at the lowest
// already: the next ones will soon be.
constexpr std::size_t kMostAreFar = 8;
// So many slots of the lowest level. What comes later may be taken too early: all that is scheduled before it is near then.
constexpr unsigned kSoon = 4;
constexpr std::size_t kAhead = 32;  // places of events change in memory that no cache holds: asked for in time
}  // namespace

inline unsigned TimingWheel::slot_of(Time t) const {
  const std::uint64_t lowest = lowest_slot(t);
  if (lowest - lowest_from_ < kSlots) [[likely]] return static_cast<unsigned>(lowest & (kSlots - 1));
  const auto differs = static_cast<std::uint64_t>(t.ns() ^ cursor_.ns()) >> shift(1);
  const unsigned level = 1 + static_cast<unsigned>(std::bit_width(differs | 1) - 1) / kDigitBits;
  return level * kSlots + (static_cast<unsigned>(t.ns() >> shift(level)) & (kSlots - 1));
}

// Of what differs from the cursor at that level, and not above it.
Time TimingWheel::start_of_digit(unsigned level, unsigned digit) const {
  const unsigned above = shift(level) + kDigitBits;
  const std::int64_t parent = above >= 63 ? 0 : cursor_.ns() >> above << above;
  return Time::from_ns(parent | std::int64_t{digit} << shift(level));
}

Time TimingWheel::cursor_at(unsigned level, Time t) const { return end_of(level, std::max(t, taken_from_)); }

void TimingWheel::set_back(unsigned level, Time cursor) {
  if (slots_.empty()) slots_.resize(kLevels * kSlots);
  taken_level_ = level;
  taken_from_ = std::max(taken_from_, start_of(level, cursor));
  cursor_ = cursor;
  lowest_from_ = lowest_slot(std::max(taken_from_, start_of(1, cursor)));
}

void TimingWheel::open() {
  cursor_ = Time::max();
  taken_from_ = Time();
  taken_level_ = kLevels;
}

void TimingWheel::make_chunks() {
  const auto block = static_cast<std::uint32_t>(blocks_.size());
  blocks_.emplace_back(1u << kBlockBits);
  for (std::uint32_t i = 1u << kBlockBits; i-- > 0;) {
    Chunk& chunk = blocks_.back()[i];
    chunk.place = Event::kInWheel | (block << kBlockBits | i) << kChunkBits;
    free_chunk(chunk);
  }
}

void TimingWheel::add_chunk(unsigned index) {
  if (free_ == nullptr) [[unlikely]] make_chunks();
  Chunk& chunk = *free_;
  free_ = chunk.next;
  Slot& slot = slots_[index];
  chunk.next = slot.first;
  chunk.after_next = slot.first != nullptr ? slot.first->next : nullptr;
  chunk.slot = index;
  slot.first = &chunk;
  slot.next = chunk.place;
  const unsigned level = index / kSlots, word = index % kSlots / 64;
  occupied_[level][word] |= std::uint64_t{1} << index % 64;
  words_[level] |= 1u << word;
  levels_ |= 1u << level;
}

void TimingWheel::insert(Event& event, EventKey key) {
  const unsigned index = slot_of(key.time);
  Slot& slot = slots_[index];
  if (in_chunk(slot.next) == kChunkEvents) add_chunk(index);
  event.place_ = slot.next;
  slot.first->events[in_chunk(slot.next)] = {key, &event};
  ++slot.next;
  ++slot.count;
  ++size_;
  in_lowest_ += index < kSlots;
}

void TimingWheel::mark_empty(unsigned slot) {
  const unsigned level = slot / kSlots, word = slot % kSlots / 64;
  if ((occupied_[level][word] &= ~(std::uint64_t{1} << slot % 64)) != 0) return;
  if ((words_[level] &= ~(1u << word)) == 0) levels_ &= ~(1u << level);
}

void TimingWheel::remove(Event& event) {
  Chunk& hole = chunk_at(event.place_);
  const unsigned index = hole.slot;
  Slot& slot = slots_[index];
  Chunk& newest = *slot.first;
  const PendingEvent& last = newest.events[in_chunk(--slot.next)];
  if (last.event != &event) {
    hole.events[event.place_ - hole.place] = last;
    last.event->place_ = event.place_;
  }
  --size_;
  --slot.count;
  in_lowest_ -= index < kSlots;
  if (in_chunk(slot.next) > 0) return;
  slot.first = newest.next;
  free_chunk(newest);
  if (slot.first != nullptr) {
    slot.next = slot.first->place + kChunkEvents;
  } else {
    slot = {};
    mark_empty(index);
  }
}

inline void TimingWheel::prefetch(const Chunk* chunk) {
  if (chunk == nullptr) return;
  for (std::size_t line = 0; line < sizeof(Chunk); line += Pool::kLine) {
    __builtin_prefetch(reinterpret_cast<const char*>(chunk) + line);
  }
}

// In the order in which they came, if none was cancelled: that is often that of their times.
void TimingWheel::drain(unsigned index, PendingList& out) {
  Slot& slot = slots_[index];
  PendingEvent* end = out.add(slot.count) + slot.count;
  std::uint32_t count = in_chunk(slot.next);
  if (slot.first != nullptr) prefetch(slot.first->next);
  for (Chunk* from = slot.first; from != nullptr; count = kChunkEvents) {
    end -= count;
    Chunk* const next = from->next;
    prefetch(from->after_next);
    std::copy_n(from->events.begin(), count, end);
    free_chunk(*from);
    from = next;
  }
  size_ -= slot.count;
  if (index < kSlots) in_lowest_ -= slot.count;
  slot = {};
  mark_empty(index);
}

// The cursor goes to the start of a slot of level 1, whose events will be at the lowest level: what is exactly at the
// start is taken before anybody else looks.
void TimingWheel::enter(Time start) {
  cursor_ = start;
  lowest_from_ = lowest_slot(start);
}

void TimingWheel::split(unsigned level, unsigned digit) {
  split_.clear();
  const Time start = start_of_digit(level, digit);
  drain(level * kSlots + digit, split_);
  enter(start);
  for (std::size_t i = 0; i < split_.size(); ++i) {
    if (i + kAhead < split_.size()) __builtin_prefetch(split_[i + kAhead].event, 1);
    insert(*split_[i].event, split_[i].key);
  }
}

// The first one from a digit on that holds an event.
unsigned TimingWheel::first_digit(unsigned level, unsigned from) const {
  unsigned word = from / 64;
  if (const std::uint64_t bits = occupied_[level][word] >> from % 64; bits != 0) {
    return from + static_cast<unsigned>(std::countr_zero(bits));
  }
  const std::uint32_t words = words_[level] & ~((2u << word) - 1);
  if (words == 0) return kNoDigit;
  word = static_cast<unsigned>(std::countr_zero(words));
  return 64 * word + static_cast<unsigned>(std::countr_zero(occupied_[level][word]));
}

// Slots of the lowest level from one on that holds an event, up to the end of the present slot of level 1.
void TimingWheel::take_lowest(unsigned digit, PendingList& out) {
  taken_level_ = 0;
  taken_from_ = start_of_digit(0, digit);
  lowest_from_ = lowest_slot(taken_from_);
  for (;;) {
    drain(digit, out);
    cursor_ = end_of(0, start_of_digit(0, digit));
    if (out.size() >= kEnough || digit == kSlots - 1) return;
    digit = first_digit(0, digit + 1);
    if (digit == kNoDigit) return;
  }
}

bool TimingWheel::next_is_soon() const {
  if (in_lowest_ == 0) return false;
  const unsigned digit = next_lowest();
  return digit != kNoDigit && digit <= lowest_digit(cursor_) + kSoon;
}

bool TimingWheel::takes_whole(unsigned level, unsigned digit) const {
  const std::size_t count = slots_[level * kSlots + digit].count;
  return count <= kMost && in_lowest_ * kMostAreFar <= count;
}

void TimingWheel::take_next(PendingList& out) {
  bool taken = false;
  while (levels_ != 0 && out.size() < kEnough) {
    if (!taken) {
      if (const unsigned digit = next_lowest(); digit != kNoDigit) return take_lowest(digit, out);
    }
    // What is left of the lowest level is in the next slot of level 1.
    const Time next = in_lowest_ > 0 ? end_of(1, cursor_) + 1_ns : Time::max();
    const std::uint32_t above = levels_ & ~1u;
    const auto level = above != 0 ? static_cast<unsigned>(std::countr_zero(above)) : 0;
    const unsigned digit = above != 0 ? first_digit(level, 0) : kNoDigit;
    const Time start = above != 0 ? start_of_digit(level, digit) : Time::max();
    if (next < start) {
      enter(next);
      continue;
    }
    if (taken && level != taken_level_) return;
    if (!takes_whole(level, digit)) {
      if (taken) return;
      split(level, digit);
      continue;
    }
    drain(level * kSlots + digit, out);
    while (in_lowest_ > 0) drain(first_digit(0, 0), out);
    cursor_ = end_of(level, start);
    lowest_from_ = lowest_slot(start_of(1, cursor_));
    if (!taken) taken_from_ = start;
    taken_level_ = level;
    taken = true;
  }
}

void TimingWheel::take_all(PendingList& out) {
  for (unsigned slot = 0; slot < slots_.size(); ++slot) {
    if (slots_[slot].count > 0) drain(slot, out);
  }
}

}  // namespace kamesim
