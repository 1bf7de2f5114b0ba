#include "protocols/ipsec/flow_cache.h"

#include <utility>

namespace kamesim::ipsec {

void FlowCache::grow() {
  const std::vector<KnownFlow> old = std::exchange(entries_, std::vector<KnownFlow>(2 * entries_.size()));
  mask_ = entries_.size() - 1;
  for (const KnownFlow& known : old) {
    if (known.spd_generation != 0) entries_[place(known.direction, known.flow)] = known;
  }
  displaced_ = 0;
}

// What find() did not find.
KnownFlow& FlowCache::look_up(Spd& spd, Direction direction, const Flow& flow) {
  if (entries_.empty()) {
    entries_.resize(kFirstSize);
    mask_ = kFirstSize - 1;
  }
  KnownFlow* known = &entries_[place(direction, flow)];
  const bool good = known->spd_generation == spd.generation();
  if (good && ++displaced_ > entries_.size() / 2 && entries_.size() < kLargestSize) {
    grow();
    known = &entries_[place(direction, flow)];
  }
  SecurityPolicy* policy = spd.first_match(direction, flow);
  *known = {.flow = flow,
            .direction = direction,
            .spd_generation = spd.generation(),
            .policy = policy,
            .leaving = direction == Direction::Forward ? spd.first_match(Direction::Out, flow) : policy};
  return *known;
}

}  // namespace kamesim::ipsec
