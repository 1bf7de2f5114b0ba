#include "sim/near_events.h"

#include <algorithm>

namespace kamesim {

// What is there moves to the first leaves.
void NearEvents::rebuild(std::uint32_t leaves) {
  std::uint32_t used = 0;
  for (std::uint32_t leaf = 0; leaf < leaves_; ++leaf) {
    if (keys_[leaf] == kNoEventKey) continue;
    keys_[used] = keys_[leaf];
    events_[used] = events_[leaf];
    events_[used]->place_ = Event::kInNear | used;
    ++used;
  }
  leaves_ = std::max(leaves, kLeastLeaves);
  keys_.resize(leaves_);
  std::fill(keys_.begin() + used, keys_.end(), kNoEventKey);
  events_.resize(leaves_);
  free_.clear();
  for (std::uint32_t leaf = leaves_; leaf-- > used;) free_.push_back(leaf);
  earliest_.resize(std::size_t{2} * leaves_);
  for (std::uint32_t leaf = 0; leaf < leaves_; ++leaf) earliest_[leaves_ + leaf] = leaf;
  for (std::uint32_t node = leaves_; --node >= kRoot;) {
    const std::uint32_t a = earliest_[2 * node], b = earliest_[2 * node + 1];
    earliest_[node] = keys_[b] < keys_[a] ? b : a;
  }
}

void NearEvents::list(PendingList& out) {
  if (vacant_ != kNone) close_vacancy();
  for (std::uint32_t leaf = 0; leaf < leaves_; ++leaf) {
    if (keys_[leaf] != kNoEventKey) out.push_back({keys_[leaf], events_[leaf]});
  }
}

void NearEvents::clear() {
  leaves_ = size_ = 0;
  vacant_ = kNone;
  rebuild(kLeastLeaves);
}

}  // namespace kamesim
