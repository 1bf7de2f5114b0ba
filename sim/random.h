// Counter-based random streams: Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3",
// SC 2011). A stream is keyed by the simulation's seed, the name of the node (or medium) and a purpose, so a
// draw made elsewhere, or a node added, changes nothing here.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "sim/bytes.h"
#include "sim/time.h"

namespace kamesim {

std::array<std::uint32_t, 4> philox4x32_10(std::array<std::uint32_t, 4> counter, std::array<std::uint32_t, 2> key);

// A stable 64-bit hash of a name (FNV-1a, then mixed): the same in every build and run.
// Of two texts, one behind the other.
constexpr std::uint64_t stable_hash(std::string_view text, std::string_view behind = {}) {
  std::uint64_t h = 0xcbf29ce484222325ull;
  for (char c : text) h = (h ^ static_cast<std::uint8_t>(c)) * 0x100000001b3ull;
  for (char c : behind) h = (h ^ static_cast<std::uint8_t>(c)) * 0x100000001b3ull;
  h ^= h >> 32;
  h *= 0xd6e8feb86659fd93ull;
  h ^= h >> 32;
  return h;
}

class RandomStream {
 public:
  // owner: the stable hash of the owner's name; purpose: what the draws are for, e.g. "nd.dad".
  RandomStream(std::uint64_t seed, std::uint64_t owner, std::string_view purpose);

  std::uint32_t next_u32();
  std::uint64_t next_u64();
  double uniform();                       // [0, 1)
  double uniform(double low, double high);
  Duration uniform(Duration low, Duration high);   // [low, high], whole nanoseconds
  std::uint64_t below(std::uint64_t bound);        // [0, bound), unbiased; bound > 0
  bool chance(double probability);
  double exponential(double mean);
  double normal();                        // mean 0, deviation 1
  void fill(MutableBytes out);            // keys, cookies, nonces

  // How many 32-bit words have been drawn, and from where on to draw.
  std::uint32_t drawn() const { return drawn_; }
  void skip_to(std::uint32_t drawn) { drawn_ = drawn; }

 private:
  std::array<std::uint32_t, 4> block() const;

  std::array<std::uint32_t, 2> key_;
  std::array<std::uint32_t, 2> owner_;
  std::uint32_t purpose_;
  std::uint32_t drawn_ = 0;  // words; a block has four
};

}  // namespace kamesim
