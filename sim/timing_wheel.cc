#include "sim/timing_wheel.h"

#include <algorithm>

namespace kamesim {

namespace {
// Slots are taken together until there are so many events; a slot with more than the other number is split.
constexpr std::size_t kEnough = 16, kMost = 512;
constexpr std::size_t kAhead = 16;  // places of events change in memory that no cache holds: asked for in time
}  // namespace

unsigned TimingWheel::level_of(Time t) const {
  const auto differs = static_cast<std::uint64_t>(t.ns() ^ cursor_.ns()) >> kLowestBits;
  return static_cast<unsigned>(std::bit_width(differs | 1) - 1) / kDigitBits;
}

Time TimingWheel::start_of(unsigned level, unsigned digit) const {
  const unsigned above = shift(level) + kDigitBits;
  const std::int64_t parent = above >= 63 ? 0 : cursor_.ns() >> above << above;
  return Time::from_ns(parent | std::int64_t{digit} << shift(level));
}

Time TimingWheel::cursor_at(unsigned level, Time t) const { return end_of(level, std::max(t, taken_from_)); }

void TimingWheel::set_back(unsigned level, Time cursor) {
  taken_level_ = level;
  taken_from_ = std::max(taken_from_, Time::from_ns(cursor.ns() >> shift(level) << shift(level)));
  cursor_ = cursor;
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
  chunk.slot = index;
  slot.first = &chunk;
  slot.next = chunk.place;
  occupied_[index / kSlots][index % kSlots / 64] |= std::uint64_t{1} << index % 64;
  levels_ |= 1u << index / kSlots;
}

void TimingWheel::insert(Event& event, const EventKey& key) {
  const unsigned level = level_of(key.time);
  const unsigned index = level * kSlots + (static_cast<unsigned>(key.time.ns() >> shift(level)) & (kSlots - 1));
  Slot& slot = slots_[index];
  if (in_chunk(slot.next) == kChunkEvents) add_chunk(index);
  event.place_ = slot.next;
  slot.first->events[in_chunk(slot.next)] = {key, &event};
  ++slot.next;
  ++slot.count;
  ++size_;
}

void TimingWheel::mark_empty(unsigned slot) {
  const unsigned level = slot / kSlots;
  auto& words = occupied_[level];
  words[slot % kSlots / 64] &= ~(std::uint64_t{1} << slot % 64);
  if (std::ranges::all_of(words, [](std::uint64_t word) { return word == 0; })) levels_ &= ~(1u << level);
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

// In the order in which they came, if none was cancelled: that is often that of their times.
void TimingWheel::drain(unsigned index, PendingList& out) {
  Slot& slot = slots_[index];
  PendingEvent* end = out.add(slot.count) + slot.count;
  std::uint32_t count = in_chunk(slot.next);
  for (Chunk* from = slot.first; from != nullptr; count = kChunkEvents) {
    end -= count;
    std::copy_n(from->events.begin(), count, end);
    Chunk* const next = from->next;
    free_chunk(*from);
    from = next;
  }
  size_ -= slot.count;
  slot = {};
  mark_empty(index);
}

void TimingWheel::split(unsigned level, unsigned digit, PendingList& at_start) {
  split_.clear();
  const Time start = start_of(level, digit);
  drain(level * kSlots + digit, split_);
  cursor_ = start;
  for (std::size_t i = 0; i < split_.size(); ++i) {
    const PendingEvent& e = split_[i];
    if (i + kAhead < split_.size()) __builtin_prefetch(split_[i + kAhead].event, 1);
    if (e.key.time == start) {
      at_start.push_back(e);
    } else {
      insert(*e.event, e.key);
    }
  }
}

// The level holds an event.
unsigned TimingWheel::first_digit(unsigned level) const {
  unsigned word = 0;
  while (occupied_[level][word] == 0) ++word;
  return 64 * word + static_cast<unsigned>(std::countr_zero(occupied_[level][word]));
}

void TimingWheel::take_next(PendingList& out) {
  bool taken = false;
  taken_level_ = 0;
  while (levels_ != 0 && out.size() < kEnough) {
    const auto level = static_cast<unsigned>(std::countr_zero(levels_));
    const unsigned digit = first_digit(level);
    if (taken && level != taken_level_) return;
    if (slots_[level * kSlots + digit].count > kMost && level > 0) {
      if (taken) return;
      split(level, digit, out);
      continue;
    }
    const Time start = start_of(level, digit);
    drain(level * kSlots + digit, out);
    cursor_ = end_of(level, start);
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
