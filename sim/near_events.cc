#include "sim/near_events.h"

namespace kamesim {

// Back to the list only when half of them are gone, so that a number about kFew does not go back and forth.
void NearEvents::push_to_heap(Event& event, EventKey key) {
  if (in_heap_ && heap_.size() <= kFew / 2) {
    leave_heap();
    return push(event, key);
  }
  while (listed_ > 0) {
    const EventKey first = first_key();
    heap_.push(take_first(), first);
  }
  in_heap_ = true;
  heap_.push(event, key);
}

void NearEvents::leave_heap() {
  in_heap_ = false;
  while (!heap_.empty()) {
    const EventKey first = heap_.first_key();
    push(heap_.take_first(), first);
  }
  heap_.clear();
}

void NearEvents::list(PendingList& out) {
  if (in_heap_) return heap_.list(out);
  for (std::uint32_t i = places_[kEnd].next; i != kEnd; i = places_[i].next) {
    out.push_back({places_[i].key, places_[i].event});
  }
}

void NearEvents::clear() {
  heap_.clear();
  in_heap_ = false;
  listed_ = 0;
  last_ = free_ = kEnd;
  places_[kEnd] = {.key = kNoEventKey};
  for (std::uint32_t i = kFew; i > kEnd; --i) {
    places_[i].next = free_;
    free_ = i;
  }
}

}  // namespace kamesim
