#include "protocols/mip6/nonces.h"

#include <algorithm>

namespace kamesim {

const NonceGeneration& NonceList::current(Time now) {
  if (count_ == 0 || now - ring_[newest_].first_used >= kUse) return generate(now);
  return ring_[newest_];
}

const NonceGeneration* NonceList::find(Time now, std::uint16_t index) const {
  for (std::size_t i = 0; i < count_; ++i) {
    const NonceGeneration& g = ring_[(newest_ + kCapacity - i) % kCapacity];
    if (now >= g.expires()) return nullptr;  // the rest is older still
    if (g.index == index) return &g;
  }
  return nullptr;
}

void NonceList::supersede(Time now, std::uint16_t index) {
  if (count_ == 0 || ring_[newest_].index != index) return;
  // Within a lifetime at most kRegular nonces come by the clock: keep room for them.
  const std::size_t valid = static_cast<std::size_t>(std::count_if(
      ring_.begin(), ring_.begin() + static_cast<std::ptrdiff_t>(count_),
      [now](const NonceGeneration& g) { return now < g.expires(); }));
  if (valid + kRegular < kCapacity) generate(now);
}

void NonceList::invalidate_all() { count_ = 0; }

const NonceGeneration& NonceList::generate(Time now) {
  newest_ = count_ == 0 ? 0 : (newest_ + 1) % kCapacity;
  count_ = std::min(count_ + 1, kCapacity);
  NonceGeneration& g = ring_[newest_];
  // A random start: after a restart, tokens of the time before are told apart by their index (status 136 to 138).
  if (!last_index_) {
    std::array<std::uint8_t, 2> start;
    random_(start);
    last_index_ = load_be16(start.data());
  }
  last_index_ = g.index = static_cast<std::uint16_t>(*last_index_ + 1);
  random_(g.nonce);
  random_(g.kcn);
  g.first_used = now;
  return g;
}

}  // namespace kamesim
