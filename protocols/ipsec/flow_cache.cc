#include "protocols/ipsec/flow_cache.h"

#include <utility>

namespace kamesim::ipsec {

std::size_t FlowCache::place(Direction direction, const Flow& flow) const {
  return (std::hash<Flow>{}(flow) + static_cast<std::size_t>(direction) * 0x9e37u) & (entries_.size() - 1);
}

void FlowCache::grow() {
  const std::vector<KnownFlow> old = std::exchange(entries_, std::vector<KnownFlow>(2 * entries_.size()));
  for (const KnownFlow& known : old) {
    if (known.spd_generation != 0) entries_[place(known.direction, known.flow)] = known;
  }
  displaced_ = 0;
}

KnownFlow& FlowCache::find(Spd& spd, Direction direction, const Flow& flow) {
  if (entries_.empty()) entries_.resize(kFirstSize);
  KnownFlow* known = &entries_[place(direction, flow)];
  const bool good = known->spd_generation == spd.generation();
  if (good && known->direction == direction && known->flow == flow) return *known;
  if (good && ++displaced_ > entries_.size() / 2 && entries_.size() < kLargestSize) {
    grow();
    known = &entries_[place(direction, flow)];
  }
  *known = {.flow = flow,
            .direction = direction,
            .spd_generation = spd.generation(),
            .policy = spd.first_match(direction, flow)};
  return *known;
}

SecurityAssociation* FlowCache::association(KnownFlow& known, const Sad& sad, std::size_t i, const Ipv6Address& source,
                                            const Ipv6Address& destination) {
  if (known.sad_generation != sad.generation()) {
    known.associations.fill(nullptr);
    known.sad_generation = sad.generation();
  }
  if (known.associations[i] == nullptr) {
    known.associations[i] = sad.outbound(known.policy->requests[i], source, destination);
  }
  return known.associations[i];
}

}  // namespace kamesim::ipsec
