#include "sim/random.h"

#include <cmath>
#include <cstring>
#include <numbers>

namespace kamesim {

std::array<std::uint32_t, 4> philox4x32_10(std::array<std::uint32_t, 4> c, std::array<std::uint32_t, 2> k) {
  constexpr std::uint64_t kM0 = 0xD2511F53, kM1 = 0xCD9E8D57;
  constexpr std::uint32_t kW0 = 0x9E3779B9, kW1 = 0xBB67AE85;
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t p0 = kM0 * c[0], p1 = kM1 * c[2];
    c = {static_cast<std::uint32_t>(p1 >> 32) ^ c[1] ^ k[0], static_cast<std::uint32_t>(p1),
         static_cast<std::uint32_t>(p0 >> 32) ^ c[3] ^ k[1], static_cast<std::uint32_t>(p0)};
    k[0] += kW0;
    k[1] += kW1;
  }
  return c;
}

RandomStream::RandomStream(std::uint64_t seed, std::uint64_t owner, std::string_view purpose)
    : key_{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)},
      owner_{static_cast<std::uint32_t>(owner), static_cast<std::uint32_t>(owner >> 32)},
      purpose_(static_cast<std::uint32_t>(stable_hash(purpose))) {}

// The key takes the seed, the counter the owner, the purpose and the number of the block (of four words), so that
// distinct (seed, owner, hash of purpose) never share a block. A block is computed when it is drawn from and not kept:
// streams are many, and most of them idle.
std::array<std::uint32_t, 4> RandomStream::block() const {
  return philox4x32_10({drawn_ / 4, owner_[0], owner_[1], purpose_}, key_);
}

std::uint32_t RandomStream::next_u32() {
  const std::uint32_t word = block()[drawn_ % 4];
  ++drawn_;
  return word;
}

std::uint64_t RandomStream::next_u64() {
  if (drawn_ % 4 == 3) {
    const std::uint64_t high = next_u32();
    return high << 32 | next_u32();
  }
  const auto words = block();
  const std::uint64_t high = words[drawn_ % 4], low = words[drawn_ % 4 + 1];
  drawn_ += 2;
  return high << 32 | low;
}

double RandomStream::uniform() { return static_cast<double>(next_u64() >> 11) * 0x1p-53; }

double RandomStream::uniform(double low, double high) { return low + (high - low) * uniform(); }

Duration RandomStream::uniform(Duration low, Duration high) {
  if (high <= low) return low;
  return low + Duration::nanoseconds(static_cast<std::int64_t>(below(static_cast<std::uint64_t>((high - low).ns()) + 1)));
}

std::uint64_t RandomStream::below(std::uint64_t bound) {
  const std::uint64_t excess = (0 - bound) % bound;  // 2^64 mod bound: the draws to reject
  std::uint64_t draw = next_u64();
  while (draw < excess) draw = next_u64();
  return draw % bound;
}

bool RandomStream::chance(double probability) { return uniform() < probability; }

double RandomStream::exponential(double mean) { return -mean * std::log1p(-uniform()); }

double RandomStream::normal() {
  const double radius = std::sqrt(-2.0 * std::log1p(-uniform()));
  return radius * std::cos(2.0 * std::numbers::pi * uniform());
}

void RandomStream::fill(MutableBytes out) {
  for (std::size_t i = 0; i < out.size(); i += 4) {
    const std::uint32_t word = next_u32();
    std::memcpy(out.data() + i, &word, std::min<std::size_t>(4, out.size() - i));
  }
}

}  // namespace kamesim
